// From chunks of bytes to CSV rows in columns. A row that a chunk cuts off is carried into the next one. No IO: the source writes its chunk where
// `reserve` says, so that a file is read straight into the arena of the batch that points into it.
import { DataError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import type { CsvDecoder, CsvDialect, DecodedCsv } from '../../compute/csv.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

/** How to read rows. `begin`: the input's byte that the first row begins with, see `rowsBegin`. */
export interface CsvReaderOptions {
  readonly where: string
  readonly begin: number
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
  #position = 0
  #left: number

  constructor(device: Device, decoder: CsvDecoder, options: CsvReaderOptions) {
    this.#device = device
    this.#decoder = decoder
    this.#where = options.where
    this.#rowBytesMax = options.rowBytesMax ?? 64 << 20
    this.#left = options.begin
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
    const skipped = Math.min(all, this.#left)
    this.#left -= skipped
    const decoded = this.#decoder.decode(this.#device, arena, address + skipped, all - skipped, isLast, rowMax)
    const taken = skipped + decoded.taken
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
}

/** What stands before a CSV's rows: lines that are none of it, then the header. */
export interface CsvStart {
  readonly header: boolean
  readonly skipLines?: number
}

/**
 * Where in `bytes`, an input's beginning, its header lies and its rows begin, behind a byte order mark, `skipLines` lines and comments; `rows` is undefined
 * where the bytes end before it. Without a header both are where the first row begins.
 */
export function rowsBegin(bytes: Uint8Array, dialect: CsvDialect, { header, skipLines = 0 }: CsvStart): { readonly header: number; readonly rows: number | undefined } {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const comment = dialect.comment?.charCodeAt(0)
  for (let lines = 0; lines < skipLines || (comment !== undefined && bytes[at] === comment); lines++) {
    const feed = bytes.indexOf(10, at)
    if (feed < 0) return { header: bytes.length, rows: undefined }
    at = feed + 1
  }
  if (!header) return { header: at, rows: at }
  const end = headerEnd(bytes, at, dialect)
  return { header: at, rows: end < 0 ? undefined : end }
}

// The byte behind the row that begins at byte `start` and its line end; −1 where the bytes end before it does.
function headerEnd(bytes: Uint8Array, start: number, { quote, delimiter, escape = quote }: CsvDialect): number {
  const [quoteCode, escapeCode] = [quote.charCodeAt(0), escape === quote ? -1 : escape.charCodeAt(0)]
  let isQuoted = false
  let at = start
  for (let isFirst = true; at < bytes.length && (isQuoted || bytes[at] !== 10); at++) {
    if (isQuoted && bytes[at] === escapeCode) {
      at++
      continue
    }
    if (bytes[at] === quoteCode && (isQuoted || isFirst)) isQuoted = !isQuoted
    isFirst = bytes[at] === delimiter.charCodeAt(0) || bytes[at] === quoteCode
  }
  return at >= bytes.length ? -1 : at + 1
}
