// From chunks of bytes to CSV rows in columns. A row that a chunk cuts off is carried into the next one. No IO: the source writes its chunk where
// `reserve` says, so that a file is read straight into the arena of the batch that points into it.
import { DataError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import type { CsvDecoder, CsvDialect, DecodedCsv } from '../../compute/csv.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

/** How to read rows. `position`: the input's byte that the first chunk begins with. `hasHeader`: the first row of the input is passed over. */
export interface CsvReaderOptions {
  readonly where: string
  readonly position?: number
  readonly hasHeader: boolean
  /** A longer row is refused; 64 MiB by default. */
  readonly rowBytesMax?: number
}

/** A chunk's rows. The chunk lies at `address` and begins at byte `position` of the input; `start` and `end` of errors count from there. */
export interface CsvChunk extends DecodedCsv {
  readonly address: number
  readonly position: number
}

/** Carries the state between chunks. */
export class CsvReader {
  readonly #device: Device
  readonly #decoder: CsvDecoder
  readonly #where: string
  readonly #rowBytesMax: number
  #carry = new Uint8Array(0)
  #address = 0
  #position: number
  #atHeader: boolean
  #isStart: boolean

  constructor(device: Device, decoder: CsvDecoder, options: CsvReaderOptions) {
    this.#device = device
    this.#decoder = decoder
    this.#where = options.where
    this.#position = options.position ?? 0
    this.#rowBytesMax = options.rowBytesMax ?? 64 << 20
    this.#isStart = this.#position === 0
    this.#atHeader = options.hasHeader && this.#isStart
  }

  /** Bytes that wait for the end of their row. */
  get carried(): number {
    return this.#carry.length
  }

  /** The input's byte that the next row begins with. */
  get position(): number {
    return this.#position
  }

  /** Where in `arena` the next chunk, of at most `bytes` bytes, is to be written: behind the carry. */
  reserve(arena: Arena, bytes: number): number {
    this.#address = arena.allocate(this.#carry.length + bytes + 1)
    this.#device.memory.write(this.#address, this.#carry)
    return this.#address + this.#carry.length
  }

  /** The rows that end within the carry and the `bytes` bytes written since `reserve`, at most `rowMax`; with `isLast` also the one without an end. Throws DataError ROW_TOO_LONG. */
  take(arena: Arena, bytes: number, isLast: boolean, rowMax: number): CsvChunk {
    const { memory } = this.#device
    const address = this.#address
    const all = this.#carry.length + bytes
    const skipped = this.#skip(memory.bytes(address, all), isLast)
    const decoded =
      skipped < 0
        ? this.#decoder.decode(this.#device, arena, arena.allocate(1), 0, false, 0)
        : this.#decoder.decode(this.#device, arena, address + skipped, all - skipped, isLast, rowMax)
    const taken = skipped < 0 ? 0 : skipped + decoded.taken
    const position = this.#position
    this.#carry = memory.bytes(address + taken, all - taken).slice()
    this.#position += taken
    if (taken === 0 && this.#carry.length > this.#rowBytesMax) {
      const limit = formatBytes(this.#rowBytesMax)
      throw new DataError(
        'ROW_TOO_LONG',
        `${this.#where}, byte ${this.#position}: a row has more than ${limit} and no end so far; is a quote left open? raise rowBytesMax if the row is meant`,
      )
    }
    const errors = decoded.errors.map(error => ({ ...error, start: error.start + skipped, end: error.end + skipped }))
    return { ...decoded, errors, taken, address, position }
  }

  // Bytes of the byte order mark and the header; -1 while they aren't all there.
  #skip(bytes: Uint8Array, isLast: boolean): number {
    let at = 0
    if (this.#isStart) {
      if (bytes.length < 3 && !isLast) return -1
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3
    }
    if (this.#atHeader) {
      const end = headerEnd(bytes, at, this.#decoder.dialect)
      if (end < 0 && !isLast) return -1
      at = end < 0 ? bytes.length : end
    }
    this.#isStart = false
    this.#atHeader = false
    return at
  }
}

/** The byte behind the row that begins at byte `start` and its line end; −1 where the bytes end before it does. */
export function headerEnd(bytes: Uint8Array, start: number, { quote, delimiter }: CsvDialect): number {
  let isQuoted = false
  let at = start
  for (let isFirst = true; at < bytes.length && (isQuoted || bytes[at] !== 10); at++) {
    if (bytes[at] === quote.charCodeAt(0) && (isQuoted || isFirst)) isQuoted = !isQuoted
    isFirst = bytes[at] === delimiter.charCodeAt(0) || bytes[at] === quote.charCodeAt(0)
  }
  return at === bytes.length ? -1 : at + 1
}
