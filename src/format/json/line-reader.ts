// From chunks of bytes to whole lines: the records of NDJSON. Bytes behind a chunk's last line end are carried into the next chunk. No IO: the
// source writes its chunk where `reserve` says, so that a file is read straight into the arena of the batch that points into it.
import { DataError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import { splitLines } from '../../compute/json.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

/** Whole lines as `JsonRecords`; the line at address `a` began at byte `a - address + position` of the input. */
export interface Lines {
  readonly pairs: number
  readonly count: number
  readonly address: number
  readonly position: number
}

/** How to read lines. `position`: the input's byte that the first chunk begins with; a byte order mark is passed over at 0 only. */
export interface LineReaderOptions {
  readonly where: string
  readonly position?: number
  /** A longer line is refused; 64 MiB by default. */
  readonly lineBytesMax?: number
}

/** Carries the state between chunks. LF and CRLF end a line, blank lines are left out, the last line needs no end. */
export class LineReader {
  readonly #device: Device
  readonly #where: string
  readonly #lineBytesMax: number
  #carry = new Uint8Array(0)
  #address = 0
  /** The input's byte that the carry begins with. */
  #position: number

  constructor(device: Device, options: LineReaderOptions) {
    this.#device = device
    this.#where = options.where
    this.#position = options.position ?? 0
    this.#lineBytesMax = options.lineBytesMax ?? 64 << 20
  }

  /** Bytes that wait for the end of their line. */
  get carried(): number {
    return this.#carry.length
  }

  /** The input's byte that the next line begins with. */
  get position(): number {
    return this.#position
  }

  /** Where in `arena` the next chunk, of at most `bytes` bytes, is to be written: behind the carry. */
  reserve(arena: Arena, bytes: number): number {
    this.#address = arena.allocate(this.#carry.length + bytes)
    this.#device.memory.write(this.#address, this.#carry)
    return this.#address + this.#carry.length
  }

  /**
   * The lines that end within the carry and the `bytes` bytes written since `reserve`, at most `max`; with `isLast` also the one without an end.
   * What is left is carried. Throws DataError LINE_TOO_LONG.
   */
  take(arena: Arena, bytes: number, isLast: boolean, max: number): Lines {
    const { memory } = this.#device
    const all = this.#carry.length + bytes
    let skipped = 0
    if (this.#position === 0 && all >= 3) {
      const start = memory.bytes(this.#address, 3)
      if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) skipped = 3
    }
    const address = this.#address
    const position = this.#position
    const lines = splitLines(this.#device, arena, address + skipped, all - skipped, isLast, max)
    const taken = lines.taken === 0 && !isLast ? 0 : skipped + lines.taken
    this.#carry = memory.bytes(address + taken, all - taken).slice()
    this.#position += taken
    if (lines.count === 0 && this.#carry.length > this.#lineBytesMax) {
      const limit = formatBytes(this.#lineBytesMax)
      throw new DataError(
        'LINE_TOO_LONG',
        `${this.#where}, byte ${this.#position}: a line has more than ${limit} and no end so far; is this text with a record a line? raise lineBytesMax if it is`,
      )
    }
    return { pairs: lines.pairs, count: lines.count, address, position }
  }
}
