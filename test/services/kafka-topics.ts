// Topics of the test broker: made, filled and read back without the source and the sink that are tested.
import { Admin } from '@platformatic/kafka'
import { expect } from 'vitest'
import type { KafkaClient } from '../../src/connect/kafka-client.ts'
import { openProducer } from '../../src/connect/kafka-producer.ts'
import { decodeRecordBatches, headersOf } from '../../src/format/kafka/decode-record-batches.ts'
import { batchOf, type TestRecord } from '../support/kafka-batches.ts'
import type { KafkaServer } from './kafka-server.ts'

const text = new TextDecoder()
let topics = 0

/** Makes a topic of a name of its own. */
export async function newTopic(kafka: KafkaServer, partitions = 1, name = 'topic'): Promise<string> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.plain] })
  const topic = `${name}-${++topics}`
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  await admin.close()
  return topic
}

/** Writes records to the partitions, the i-th list to partition i, in batches of `batchRecords`. */
export async function fill(client: KafkaClient, topic: string, partitions: readonly (readonly TestRecord[])[], batchRecords = 1000): Promise<void> {
  const producer = await openProducer(client)
  for (let start = 0; partitions.some(records => records.length > start); start += batchRecords) {
    const batches = partitions.map((records, partition) => ({ topic, partition, records: records.slice(start, start + batchRecords) })).filter(b => b.records.length > 0)
    await producer.send(batches.map(({ topic: to, partition, records }) => ({ topic: to, partition, batch: batchOf(records) })))
  }
}

/** A record read back. */
export interface ReadRecord {
  readonly partition: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: [name: string, value: string | null][]
}

/** What readers at `isolation` find, once the markers of promised commits are written. */
export async function recordsOf(client: KafkaClient, topic: string, isolation: 'read_committed' | 'read_uncommitted' = 'read_committed'): Promise<ReadRecord[]> {
  const found: ReadRecord[] = []
  for (const [partition, latest] of await client.latestOffsets(topic, await client.partitionsOf(topic), isolation)) {
    for (let offset = 0; offset < latest; ) {
      const [fetched] = await client.fetch(topic, [{ partition, offset }], { isolation })
      const records = decodeRecordBatches(fetched!.records, { where: 'test', fromOffset: offset, aborted: isolation === 'read_committed' ? fetched!.aborted : [] })
      const piece = (offsets: Uint32Array, lengths: Int32Array, row: number) => (lengths[row]! < 0 ? null : text.decode(records.bytes.subarray(offsets[row]!, offsets[row]! + lengths[row]!)))
      for (let row = 0; row < records.recordCount; row++) {
        const headers = headersOf(records, row).map(([name, value]) => [name, value && text.decode(value)] as [string, string | null])
        found.push({ partition, key: piece(records.keyOffset, records.keyBytes, row), value: piece(records.valueOffset, records.valueBytes, row), headers })
      }
      offset = records.nextOffset
    }
  }
  return found
}

/** Waits until no transaction is open on the topic: a commit is settled when the brokers have written its markers, a moment after they promised it. */
export async function settle(client: KafkaClient, topic: string): Promise<void> {
  const partitions = await client.partitionsOf(topic)
  await expect.poll(async () => {
    const stable = await client.latestOffsets(topic, partitions, 'read_committed')
    const last = await client.latestOffsets(topic, partitions, 'read_uncommitted')
    return partitions.every(partition => stable.get(partition) === last.get(partition))
  }, { timeout: 30_000 }).toBe(true)
}
