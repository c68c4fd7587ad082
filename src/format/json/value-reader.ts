// From chunks of bytes to whole values: the items of one JSON array, or values with white space between them, over as many lines as they like. Bytes of a
// value that a chunk cuts off are carried into the next one. No IO: the source writes its chunk where `reserve` says.
import { DataError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import { splitValues } from '../../compute/json.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { Lines } from './line-reader.ts'

/** How to read values. */
export interface ValueReaderOptions {
  readonly where: string
  /** A longer value is refused; 64 MiB by default. */
  readonly valueBytesMax?: number
}

/** Carries the state between chunks, from the start of an input. A byte order mark is passed over. */
export class ValueReader {
  readonly #device: Device
  readonly #where: string
  readonly #valueBytesMax: number
  #carry = new Uint8Array(0)
  #address = 0
  #position = 0
  #phase = 0

  constructor(device: Device, options: ValueReaderOptions) {
    this.#device = device
    this.#where = options.where
    this.#valueBytesMax = options.valueBytesMax ?? 64 << 20
  }

  /** Bytes that wait for the end of their value. */
  get carried(): number {
    return this.#carry.length
  }

  /** The input's byte that is looked at next. */
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
   * The values that end within the carry and the `bytes` bytes written since `reserve`, at most `max`. What they hold is the decoder's to check; throws DataError
   * JSON_ARRAY where there are no values to be told apart, also where an array has no end, and LINE_TOO_LONG.
   */
  take(arena: Arena, bytes: number, isLast: boolean, max: number): Lines {
    const { memory } = this.#device
    const [address, position] = [this.#address, this.#position]
    const all = this.#carry.length + bytes
    const start = position === 0 && all >= 3 ? memory.bytes(address, 3) : undefined
    const skipped = start?.[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0
    // A byte order mark may not all be there yet.
    const known = position === 0 && all < 3 && !isLast ? 0 : all - skipped
    const found = splitValues(this.#device, arena, address + skipped, known, isLast, max, this.#phase)
    if (found.wrong !== undefined)
      throw new DataError('JSON_ARRAY', `${this.#where}, byte ${position + skipped + found.taken}: ${found.wrong}; the file is cut, or no JSON; mend it`)
    const taken = found.taken === 0 ? 0 : skipped + found.taken
    this.#phase = found.phase
    this.#carry = memory.bytes(address + taken, all - taken).slice()
    this.#position += taken
    if (found.count === 0 && this.#carry.length > this.#valueBytesMax)
      throw new DataError('LINE_TOO_LONG', `${this.#where}, byte ${this.#position}: a value has more than ${formatBytes(this.#valueBytesMax)} and no end so far; is a quote left open?`)
    return { pairs: found.pairs, count: found.count, address, position }
  }
}
