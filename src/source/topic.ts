// In-process topics as a source: all partitions in the one order in which they were written, so what a job sees does not depend on batches
// or on when it reads. A position is the number of records read of each partition.
import { assert, DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { TopicFrame, TopicLog, TopicOptions } from '../base/topic.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { binary, bitmapBytes, int32, int64, timestampMs } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { FeedContext, FeedReader, FeedSourceType } from './source.ts'

/** Which topic, and where to stop: 'end' is what was there when the job first opened it; by default reading goes on for ever. */
export interface TopicFeedOptions extends TopicOptions {
  readonly until?: 'end'
}

/** What a batch of records looks like. */
export const topicFields: Fields = [
  { name: 'key', type: binary, nullable: true },
  { name: 'value', type: binary, nullable: false },
  { name: 'partition', type: int32, nullable: false },
  { name: 'offset', type: int64, nullable: false },
  { name: 'timestamp', type: timestampMs, nullable: false },
  { name: '$split', type: int32, nullable: false },
]

/** How long an idle reader waits for records before it says so. */
const idleMs = 50
const valueBytesMax = 64 * 2 ** 20

/** Reads a topic in the order of its appends. */
export const topicFeed: FeedSourceType<TopicFeedOptions> = {
  kind: 'topic',
  resolve: options => ({ fields: topicFields, bounded: options.until === 'end' }),
  async open(context, options, position) {
    assert(context.topics, 'a topic is read where there are no topics')
    const log = await context.topics.open({
      name: options.name,
      ...(options.dir !== undefined && { dir: options.dir }),
      ...(options.partitions !== undefined && { partitions: options.partitions }),
    })
    const { offsets, until } = parsePosition(position, log, context.where)
    return new TopicReader(context, log, offsets, options.until === 'end' ? (until ?? log.recordCount) : Number.POSITIVE_INFINITY)
  },
  describe: options => `topic ${options.name}${options.dir ? ` in ${options.dir}` : ''}${options.until === 'end' ? ', to its end' : ''}`,
}

function parsePosition(position: Json | undefined, log: TopicLog, where: string): { offsets: number[]; until?: number } {
  if (position === undefined) return { offsets: new Array<number>(log.partitionCount).fill(0) }
  const { offsets, until } = position as { offsets: number[]; until?: number }
  const end = log.offsets()
  const fits =
    Array.isArray(offsets) && offsets.length === end.length && offsets.every((offset, p) => Number.isSafeInteger(offset) && offset >= 0 && offset <= end[p]!)
  if (!fits) {
    throw new DataError(
      'TOPIC_POSITION',
      `${where}: the checkpoint's position ${JSON.stringify(offsets)} is beyond topic "${log.name}", which ends at ${JSON.stringify(end)}; the topic was replaced or cut; start without the checkpoint`,
    )
  }
  return { offsets: [...offsets], ...(until !== undefined && { until }) }
}

class TopicReader implements FeedReader {
  readonly #context: FeedContext
  readonly #log: TopicLog
  /** The next record of each partition, and of the topic. */
  readonly #offsets: number[]
  readonly #until: number
  #sequence: number
  #frame: TopicFrame | undefined
  /** Where the next record's key and value begin in the frame. */
  #keyAt = 0
  #valueAt = 0

  constructor(context: FeedContext, log: TopicLog, offsets: number[], until: number) {
    this.#context = context
    this.#log = log
    this.#offsets = offsets
    this.#until = until
    this.#sequence = offsets.reduce((sum, offset) => sum + offset, 0)
  }

  async next(): Promise<Batch | 'idle' | undefined> {
    const wanted = this.#context.batchRows()
    const parts: Part[] = []
    let rows = 0
    let bytes = 0
    while (rows < wanted && bytes < valueBytesMax && this.#sequence < this.#until) {
      const part = await this.#take(wanted - rows)
      if (!part) break
      parts.push(part)
      rows += part.end - part.start
      bytes += part.valueEnd - part.valueStart
    }
    if (rows > 0) return this.#build(parts, rows)
    if (this.#sequence >= this.#until) return undefined
    const waiting = new AbortController()
    const stop = () => waiting.abort()
    this.#context.signal.addEventListener('abort', stop)
    await Promise.race([this.#log.grown(this.#sequence, waiting.signal), this.#context.clock.sleep(idleMs, waiting.signal)])
    this.#context.signal.removeEventListener('abort', stop)
    stop()
    return 'idle'
  }

  position(): Json {
    return { offsets: [...this.#offsets], ...(Number.isFinite(this.#until) && { until: this.#until }) }
  }
  splitCount(): number {
    return this.#log.partitionCount
  }
  remaining(): number {
    return Math.min(this.#until, this.#log.recordCount) - this.#sequence
  }
  async close(): Promise<void> {}

  // Up to `rowsMax` records of the frame that holds the next one.
  async #take(rowsMax: number): Promise<Part | undefined> {
    if (!this.#frame || this.#sequence >= this.#frame.sequence + this.#frame.count) {
      const frame = await this.#log.read(this.#sequence)
      if (!frame) return undefined
      this.#frame = frame
      this.#keyAt = 0
      this.#valueAt = 0
      for (let row = 0; row < this.#sequence - frame.sequence; row++) this.#skip(frame, row)
    }
    const frame = this.#frame
    const start = this.#sequence - frame.sequence
    const end = Math.min(frame.count, start + rowsMax, this.#until - frame.sequence)
    const keyStart = this.#keyAt
    const valueStart = this.#valueAt
    for (let row = start; row < end; row++) this.#skip(frame, row)
    this.#sequence = frame.sequence + end
    return { frame, start, end, keyStart, keyEnd: this.#keyAt, valueStart, valueEnd: this.#valueAt }
  }

  #skip(frame: TopicFrame, row: number): void {
    this.#keyAt += Math.max(0, frame.keyLengths[row]!)
    this.#valueAt += frame.valueLengths[row]!
  }

  #build(parts: readonly Part[], rows: number): Batch {
    const { device } = this.#context
    const arena = device.arena()
    const keys = bytesColumn(device, arena, rows, parts, 'key')
    const values = bytesColumn(device, arena, rows, parts, 'value')
    const [partition, offset, timestamp] = [allocateColumn(arena, int32, rows), allocateColumn(arena, int64, rows), allocateColumn(arena, timestampMs, rows)]
    const partitions = device.memory.int32s(partition.values, rows)
    const offsets = device.memory.int32s(offset.values, 2 * rows)
    const times = device.memory.int32s(timestamp.values, 2 * rows)
    let row = 0
    for (const { frame, start, end } of parts) {
      for (let i = start; i < end; i++, row++) {
        const from = frame.partitions[i]!
        const next = this.#offsets[from]!++
        const time = frame.timestampsMs[i]!
        partitions[row] = from
        offsets[2 * row] = next
        offsets[2 * row + 1] = Math.floor(next / 4294967296)
        times[2 * row] = time
        times[2 * row + 1] = Math.floor(time / 4294967296)
      }
    }
    return { fields: topicFields, rowCount: rows, columns: [keys, values, partition, offset, timestamp, partition], arena: arena.address }
  }
}

/** Records [start, end) of a frame, and where their keys and values lie. */
interface Part {
  readonly frame: TopicFrame
  readonly start: number
  readonly end: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

// Keys or values as views of bytes that are copied into the arena in one piece a part.
function bytesColumn(device: Device, arena: Arena, rows: number, parts: readonly Part[], what: 'key' | 'value'): Column {
  const isKey = what === 'key'
  const spans = parts.map(p => (isKey ? p.frame.keyBytes.subarray(p.keyStart, p.keyEnd) : p.frame.valueBytes.subarray(p.valueStart, p.valueEnd)))
  const hasNull = isKey && parts.some(p => p.frame.keyLengths.subarray(p.start, p.end).includes(-1))
  const addresses = spans.map(span => (span.length > 0 ? arena.allocate(span.length) : 0))
  const column = allocateColumn(arena, binary, rows, hasNull)
  spans.forEach((span, i) => {
    if (span.length > 0) device.memory.write(addresses[i]!, span)
  })
  const views = device.memory.int32s(column.values, 4 * rows).fill(0)
  const validity = hasNull ? device.memory.bytes(column.validity, bitmapBytes(rows)) : undefined
  let row = 0
  parts.forEach(({ frame, start, end }, p) => {
    const span = spans[p]!
    const lengths = isKey ? frame.keyLengths : frame.valueLengths
    let at = 0
    for (let i = start; i < end; i++, row++) {
      const length = lengths[i]!
      if (length < 0) continue
      if (validity) validity[row >>> 3]! |= 1 << (row & 7)
      const view = 4 * row
      views[view] = length
      if (length > 12) {
        views[view + 1] = span[at]! | (span[at + 1]! << 8) | (span[at + 2]! << 16) | (span[at + 3]! << 24)
        views[view + 3] = addresses[p]! + at
      } else {
        for (let b = 0; b < length; b++) views[view + 1 + (b >> 2)]! |= span[at + b]! << (8 * (b & 3))
      }
      at += length
    }
  })
  return column
}
