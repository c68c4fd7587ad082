// In-process topics as programs hold them: plain data for plans, and a way to append without a job.
import { PlanError } from '../base/errors.ts'
import type { TopicOptions } from '../base/topic.ts'
import { createTopics } from '../storage/topics.ts'

/** A record to append. A string is written as UTF-8; `partition` 0 and the present time unless said. */
export interface TopicRecord {
  readonly value: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly partition?: number
  /** Epoch milliseconds, or a Date. */
  readonly timestamp?: number | Date
}

/** A topic by name and place. */
export interface Topic extends TopicOptions {
  /** Adds records, all or none; durable when the promise resolves. Throws PlanError TOPIC_PARTITION, ConnectorError TOPIC_IO. */
  append(records: readonly TopicRecord[]): Promise<void>
}

const encoder = new TextEncoder()

/** Names a topic of this process or, with `dir`, of a directory, which outlives it. `partitions` is fixed when the topic is first opened. */
export function topic(name: string, options: { readonly dir?: string; readonly partitions?: number } = {}): Topic {
  const plain = { name, ...options }
  const append = async (records: readonly TopicRecord[]) => {
    const topics = createTopics()
    try {
      const log = await topics.open(plain)
      await log.append(columnsOf(records, name))
      await log.flush()
    } finally {
      await topics.close()
    }
  }
  return Object.defineProperty(plain, 'append', { value: append, enumerable: false }) as unknown as Topic
}

function columnsOf(records: readonly TopicRecord[], name: string) {
  const bytesOf = (value: unknown, what: string, i: number): Uint8Array => {
    if (value instanceof Uint8Array) return value
    if (typeof value === 'string') return encoder.encode(value)
    throw new PlanError('TOPIC_RECORD', `topic "${name}", record ${i}: the ${what} is ${typeof value}; give a string or bytes`)
  }
  const values = records.map((r, i) => bytesOf(r.value, 'value', i))
  const keys = records.map((r, i) => (r.key === undefined ? undefined : bytesOf(r.key, 'key', i)))
  return {
    count: records.length,
    partitions: Int32Array.from(records, r => r.partition ?? 0),
    timestampsMs: Float64Array.from(records, r => Number(r.timestamp ?? Date.now())),
    keyLengths: Int32Array.from(keys, k => k?.length ?? -1),
    keyBytes: Buffer.concat(keys.filter(k => k !== undefined)),
    valueLengths: Int32Array.from(values, v => v.length),
    valueBytes: Buffer.concat(values),
  }
}
