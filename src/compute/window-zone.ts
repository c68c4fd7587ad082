// Windows by the clock of a time zone: its days have 23 to 25 hours where it is changed. Times and watermarks become what the clock shows, windows are found there, and their
// bounds become times again. Where a clock is put back it shows an hour twice: both are of the same windows, which are complete when the second is over.
import type { Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { setTimeAt, timeAt } from './window.ts'
import { zoneChanges } from './zones.ts'

const ways = { shown: 0, passed: 1, first: 2, last: 3 } as const

/** Times in ms and the clock of a zone. */
export class WindowZone {
  readonly #device: Device
  readonly #places: BigInt64Array
  readonly #offsets: BigInt64Array
  readonly #endMs: number
  /** Throws RangeError for a zone that is none. */
  constructor(device: Device, zone: string) {
    const { places, offsets, endMs } = zoneChanges(zone)
    this.#device = device
    this.#places = BigInt64Array.from(places, place => BigInt(place))
    this.#offsets = BigInt64Array.from(offsets, offset => BigInt(offset))
    this.#endMs = endMs
  }

  /** What the clock shows at each of `times`. All of these take and give addresses of an int64 a row. Cost: about 10 ns a row. */
  shown(arena: Arena, times: number, rows: number): number {
    return this.#run(arena, 'shown', times, rows, 0)
  }
  /** For each watermark, less the lateness: the clock will show nothing up to this any more. Rises with the watermark. */
  passed(arena: Arena, watermarks: number, rows: number, latenessMs: number): number {
    return this.#run(arena, 'passed', watermarks, rows, latenessMs)
  }
  /** When windows that begin with what the clock shows begin. */
  starts(arena: Arena, shown: Column): Column {
    return { ...shown, values: this.#run(arena, 'first', shown.values, shown.length, 0) }
  }
  /** When windows that end with what the clock shows are over: it shows nothing before that any more. */
  ends(arena: Arena, shown: Column): Column {
    return { ...shown, values: this.#run(arena, 'last', shown.values, shown.length, 0) }
  }

  /** The same of single times; infinite ones stay. */
  shownAt(time: number): number {
    return this.#one('shown', time, 0)
  }
  passedAt(watermark: number, latenessMs = 0): number {
    return this.#one('passed', watermark, latenessMs)
  }
  startOf(shown: number): number {
    return this.#one('first', shown, 0)
  }
  endOf(shown: number): number {
    return this.#one('last', shown, 0)
  }

  #one(way: keyof typeof ways, time: number, latenessMs: number): number {
    if (!Number.isFinite(time)) return time
    const arena = this.#device.arena()
    try {
      const at = arena.allocate(8)
      setTimeAt(this.#device, at, time)
      return timeAt(this.#device, this.#run(arena, way, at, 1, latenessMs))
    } finally {
      arena.release()
    }
  }

  #run(arena: Arena, way: keyof typeof ways, times: number, rows: number, latenessMs: number): number {
    const count = this.#places.length
    const places = arena.allocate(16 * count + 8 * rows)
    const [offsets, out] = [places + 8 * count, places + 16 * count]
    this.#device.memory.int64s(places, count).set(this.#places)
    this.#device.memory.int64s(offsets, count).set(this.#offsets)
    this.#device.kernels.zoneTimes(times, rows, ways[way], latenessMs, places, offsets, count, this.#endMs, out)
    return out
  }
}
