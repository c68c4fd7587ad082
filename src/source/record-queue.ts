// Records that come from outside, one after the other, on their way to the job: so many bytes at most, which says when to take no more.
import type { Clock } from '../base/clock.ts'
import { allocateColumn, type Batch } from '../batch/batch.ts'
import { binary, timestampMs } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import { viewsOf } from '../format/dead-letters.ts'

/** Records as they come: their bytes, and when they came. */
export const recordFields: Fields = [
  { name: 'value', type: binary, nullable: false },
  { name: 'timestamp', type: timestampMs, nullable: false },
]

/** What is beside a record in memory. */
const recordBytes = 64

interface QueuedRecord {
  readonly bytes: Uint8Array
  readonly timeMs: number
  readonly mark: string | undefined
}

/** A queue of records. */
export class RecordQueue {
  readonly #bytesMax: number
  #records: QueuedRecord[] = []
  #next = 0
  #bytes = 0
  #wake: () => void = () => {}

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get count(): number {
    return this.#records.length - this.#next
  }

  /** True where so many bytes more would be too many; an empty queue takes anything. */
  isFull(bytes = 0): boolean {
    return this.count > 0 && this.#bytes + bytes > this.#bytesMax
  }

  /** `mark`: where a restart goes on behind the record. */
  put(bytes: Uint8Array, timeMs: number, mark?: string): void {
    this.#records.push({ bytes, timeMs, mark })
    this.#bytes += bytes.length + recordBytes
    this.#wake()
  }

  /** Resolves when there are records, `ms` are over, or the signal aborts. */
  async grown(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (this.count > 0 || signal.aborted) return
    const stop = new AbortController()
    const abort = () => stop.abort()
    this.#wake = abort
    signal.addEventListener('abort', abort)
    await clock.sleep(ms, stop.signal)
    signal.removeEventListener('abort', abort)
  }

  /** The next records, at most so many, and the last one's mark; undefined where there are none. The reference to the batch's arena goes to the caller. */
  take(device: Device, rowsMax: number): { readonly batch: Batch; readonly mark: string | undefined } | undefined {
    const records = this.#records.slice(this.#next, this.#next + Math.max(1, rowsMax))
    if (records.length === 0) return undefined
    this.#next += records.length
    if (this.#next === this.#records.length || this.#next > 4_096) {
      this.#records = this.#records.slice(this.#next)
      this.#next = 0
    }
    for (const { bytes } of records) this.#bytes -= bytes.length + recordBytes
    const arena = device.arena()
    const places = records.map(({ bytes }) => {
      const address = arena.allocate(bytes.length)
      device.memory.write(address, bytes)
      return [address, bytes.length] as const
    })
    const times = allocateColumn(arena, timestampMs, records.length)
    const halves = device.memory.int32s(times.values, 2 * records.length)
    records.forEach(({ timeMs }, i) => {
      halves[2 * i] = timeMs
      halves[2 * i + 1] = Math.floor(timeMs / 4_294_967_296)
    })
    const batch = { fields: recordFields, rowCount: records.length, columns: [viewsOf(device, arena, places), times], arena: arena.address }
    return { batch, mark: records.at(-1)!.mark }
  }
}

/** The lines of a text that aren't blank, without their ends. */
export function linesOf(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf(10, start)
    const end = feed < 0 ? text.length : feed
    const line = text.subarray(start, text[end - 1] === 13 && end > start ? end - 1 : end)
    if (line.some(byte => byte > 32)) lines.push(line)
    start = end + 1
  }
  return lines
}
