// Reads the partitions of a Kafka topic, loaded with the first job that reads one. One fetch is under way while the last one is handed out; what is
// fetched becomes columns without an object per record. Reaching Kafka again is the client's (connect/kafka-client.ts).
import { within } from '../base/clock.ts'
import { ConnectorError, DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { clusterOptions } from '../connect/kafka-access.ts'
import { connectKafka, type KafkaClient } from '../connect/kafka-client.ts'
import { decodeRecordBatches } from '../format/kafka/decode-record-batches.ts'
import type { FetchedPartition } from '../format/kafka/messages.ts'
import type { Records } from '../format/kafka/record-batch.ts'
import type { KafkaSourceOptions } from './kafka.ts'
import { buildKafkaBatch, type Segment } from './kafka-columns.ts'
import type { FeedContext, FeedReader } from './source.ts'

/** Opens all partitions of a topic, at a checkpoint's position where there is one. */
export async function openKafkaReader(context: FeedContext, options: KafkaSourceOptions, fields: Fields, position: Json | undefined): Promise<FeedReader> {
  const client = await connectKafka(clusterOptions(options, context.where), context.where, context.signal, context.clock)
  try {
    return new KafkaReader(context, options, fields, client, await openPartitions(client, context.where, options, position))
  } catch (error) {
    await client.close()
    throw error
  }
}

/** A partition under way; offsets. */
interface OpenPartition {
  readonly partition: number
  /** Behind everything handed out. */
  next: number
  /** Behind everything fetched. */
  fetched: number
  /** Behind the last record that may be read; it grows where reading goes on for ever. */
  end: number
}

interface Position {
  readonly topic: string
  readonly partitions: { readonly [partition: string]: number }
  /** Where reading stops, for `until: 'end'`. */
  readonly ends?: { readonly [partition: string]: number }
}

async function openPartitions(client: KafkaClient, where: string, options: KafkaSourceOptions, position: Json | undefined): Promise<OpenPartition[]> {
  const { topic } = options
  const partitions = await client.partitionsOf(topic)
  const stored = position === undefined ? undefined : checkedPosition(position, topic, where)
  const fresh = partitions.filter(p => stored?.partitions[p] === undefined)
  const fromLatest = options.start === 'latest' && !stored
  const [earliest, latest] = await Promise.all([client.earliestOffsets(topic, partitions), client.latestOffsets(topic, partitions)])
  const last = stored ? await client.latestOffsets(topic, partitions, 'read_uncommitted') : latest
  return partitions.map(partition => {
    const start = fresh.includes(partition) ? (fromLatest ? latest : earliest).get(partition)! : stored!.partitions[partition]!
    const end = options.until !== 'end' ? latest.get(partition)! : stored?.ends ? (stored.ends[partition] ?? start) : latest.get(partition)!
    const isRead = options.until === 'end' && start >= end
    if (!isRead && (start < earliest.get(partition)! || start > last.get(partition)!)) {
      const found = `the checkpoint's position is ${start}, the topic has ${earliest.get(partition)} to ${last.get(partition)}`
      throw new ConnectorError('KAFKA_OFFSET_GONE', `${where}: topic "${topic}", partition ${partition}: records behind the checkpoint are gone; ${found}; lengthen the topic's retention, and start without the checkpoint`)
    }
    return { partition, next: start, fetched: start, end }
  })
}

function checkedPosition(position: Json, topic: string, where: string): Position {
  const { topic: name, partitions, ends } = position as unknown as Position
  const isOffsets = (value: unknown) => typeof value === 'object' && value !== null && Object.values(value).every(offset => Number.isSafeInteger(offset) && offset >= 0)
  if (name !== topic || !isOffsets(partitions) || (ends !== undefined && !isOffsets(ends))) {
    throw new DataError('KAFKA_POSITION', `${where}: the checkpoint's position is not one of topic "${topic}"; found ${JSON.stringify(position)}; start without the checkpoint, or read the topic it was made with`)
  }
  return { topic, partitions, ...(ends && { ends }) }
}

/** Decoded records of a partition, waiting to be handed out. */
interface Chunk {
  readonly of: OpenPartition
  readonly records: Records
  readonly nextOffset: number
  row: number
  readonly rowCount: number
}

const fetchBytesMax = 8 * 2 ** 20
const partitionBytesMin = 256 * 2 ** 10
const partitionBytesMax = 4 * 2 ** 20
const decompressedBytesMax = 64 * 2 ** 20
const fetchWaitMs = 100
const idleMs = 100

class KafkaReader implements FeedReader {
  readonly #context: FeedContext
  readonly #options: KafkaSourceOptions
  readonly #client: KafkaClient
  readonly #partitions: readonly OpenPartition[]
  readonly #fields: Fields
  #chunks: Chunk[] = []
  #pending: Promise<FetchedPartition[]> | undefined
  #turn = 0

  constructor(context: FeedContext, options: KafkaSourceOptions, fields: Fields, client: KafkaClient, partitions: readonly OpenPartition[]) {
    this.#context = context
    this.#options = options
    this.#client = client
    this.#partitions = partitions
    this.#fields = fields
  }

  async next(): Promise<Batch | 'idle' | undefined> {
    for (;;) {
      this.#prefetch()
      if (this.#chunks.length > 0) return this.#take(this.#context.batchRows())
      if (!this.#pending) return undefined
      const fetched = await this.#arrived(this.#pending)
      if (!fetched || !this.#absorb(fetched)) return 'idle'
    }
  }

  position(): Json {
    const offsets = (of: (p: OpenPartition) => number) => Object.fromEntries(this.#partitions.map(p => [p.partition, of(p)]))
    return { topic: this.#options.topic, partitions: offsets(p => p.next), ...(this.#isBounded && { ends: offsets(p => p.end) }) }
  }

  // For others to look at: a group that can't be written to costs a count, not the job.
  async committed(position: Json): Promise<void> {
    const { group, topic } = this.#options
    if (group === undefined) return
    const offsets = Object.entries((position as unknown as Position).partitions).map(([partition, offset]) => ({ partition: Number(partition), offset }))
    await this.#client.commitOffsets(group, topic, offsets).catch(() => this.#context.count('groupCommitsFailed', 1))
  }

  splitCount(): number {
    return this.#partitions.length
  }

  remaining(): number {
    return this.#partitions.reduce((sum, p) => sum + Math.max(0, p.end - p.next), 0)
  }

  async close(): Promise<void> {
    this.#chunks = []
    await this.#client.close()
    await this.#pending?.catch(() => {})
  }

  get #isBounded(): boolean {
    return this.#options.until === 'end'
  }

  /** The fetch's answer; undefined where there is none in a while, so that a stop is noticed. */
  async #arrived(pending: Promise<FetchedPartition[]>): Promise<FetchedPartition[] | undefined> {
    try {
      const fetched = await within(this.#context.clock, idleMs, pending)
      if (fetched) this.#pending = undefined
      return fetched
    } catch (error) {
      this.#pending = undefined
      throw error
    }
  }

  // The order of partitions is the order in which the broker fills its answer: each begins once.
  #prefetch(): void {
    if (this.#pending) return
    const wanted = this.#partitions.filter(p => !this.#isBounded || p.fetched < p.end)
    if (wanted.length === 0) return
    const first = this.#turn++ % wanted.length
    const from = [...wanted.slice(first), ...wanted.slice(0, first)].map(({ partition, fetched }) => ({ partition, offset: fetched }))
    const partitionMaxBytes = Math.min(partitionBytesMax, Math.max(partitionBytesMin, Math.floor(fetchBytesMax / from.length)))
    this.#pending = this.#client.fetch(this.#options.topic, from, { maxBytes: fetchBytesMax, partitionMaxBytes, maxWaitMs: fetchWaitMs })
    this.#pending.catch(() => {})
  }

  /** Decodes an answer; false where it brought nothing further. */
  #absorb(fetched: readonly FetchedPartition[]): boolean {
    let hasMoved = false
    for (const { partition, records: bytes, aborted, lastStableOffset } of fetched) {
      const of = this.#partitions.find(p => p.partition === partition)!
      if (!this.#isBounded) of.end = Math.max(of.end, lastStableOffset)
      const where = `${this.#context.where}: topic "${this.#options.topic}", partition ${partition}`
      const records = decodeRecordBatches(bytes, { where, fromOffset: of.fetched, aborted, decompressedBytesMax })
      const rowCount = this.#isBounded ? countBefore(records, of.end) : records.recordCount
      const nextOffset = this.#isBounded ? Math.min(of.end, records.nextOffset) : records.nextOffset
      if (nextOffset > of.fetched) hasMoved = true
      of.fetched = nextOffset
      if (rowCount > 0) this.#chunks.push({ of, records, nextOffset, row: 0, rowCount })
      else of.next = nextOffset
    }
    return hasMoved
  }

  #take(rowsMax: number): Batch {
    const segments: Segment[] = []
    let left = rowsMax
    while (left > 0 && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!
      const { of, records, row, rowCount } = chunk
      const to = Math.min(rowCount, row + left)
      segments.push({ partition: of.partition, records, from: row, to })
      left -= to - row
      chunk.row = to
      of.next = to === rowCount ? chunk.nextOffset : records.offset[to]!
      if (to === rowCount) this.#chunks.shift()
    }
    return buildKafkaBatch(this.#context.device, this.#fields, segments)
  }
}

function countBefore(records: Records, end: number): number {
  let count = records.recordCount
  while (count > 0 && records.offset[count - 1]! >= end) count--
  return count
}
