// The ends of the main job: putting the records there, and reading back what it wrote.
import { existsSync, readdirSync } from 'node:fs'
import { read, topic } from 'millrace'
import type { ExpectedRow } from './oracle.ts'
import { nameOf, type Places } from './pipeline.ts'

const scoredSchema = {
  auction: 'int64',
  window_end: 'timestamp[ms]',
  bids: 'int64',
  top: 'int64',
  mean_euro: 'float64',
  category: 'int64',
  reserve: 'int64',
  met: 'bool',
  probability: 'float64',
  model_version: 'int64',
} as const

/** What the job has written. */
export interface Written {
  readonly table: readonly ExpectedRow[]
  readonly topicRows: readonly ExpectedRow[]
  readonly deadLetters: number
  readonly late: number
}

/** Reads all outputs back. */
export async function readBack(places: Places): Promise<Written> {
  const { dir, kafka, elastic } = places
  const topics = `${dir}/topics`
  const files = elastic ? await searchAll(elastic, nameOf(places, 'auctions')) : await rows(read.parquet(`${dir}/scored/`).select(...columns))
  const scored = await rows(
    kafka
      ? read.kafka({ brokers: [kafka], topic: nameOf(places, 'auctions-scored'), value: { format: 'json', schema: scoredSchema }, until: 'end' })
      : read.topic(topic('auctions-scored', { dir: topics }), { format: 'json', schema: scoredSchema, until: 'end' }))
  const deadLetters = kafka ? await countRecords(kafka, nameOf(places, 'auction-house-dead')) : await countLines(`${dir}/dead-letters/`)
  return { table: files, topicRows: scored, deadLetters, late: await countLines(`${dir}/late/`) }
}

const columns = Object.keys(scoredSchema) as (keyof typeof scoredSchema)[]

async function rows(frame: { collect(): Promise<Iterable<unknown>> }): Promise<ExpectedRow[]> {
  return [...(await frame.collect())].map(row => ({ ...(row as ExpectedRow), bids: Number((row as ExpectedRow).bids) }))
}

async function countLines(directory: string): Promise<number> {
  if (!existsSync(directory) || !readdirSync(directory).some(file => file.endsWith('.ndjson'))) return 0
  return (await read.ndjson(directory).collect()).numRows
}

// All of them are broken JSON, so they are counted as such.
async function countRecords(broker: string, name: string): Promise<number> {
  const table = await read.kafka({ brokers: [broker], topic: name, value: { format: 'json', schema: { event_type: 'int32?' } }, onError: 'skip', until: 'end' }).collect()
  return table.numRows + (table.stats.counts.badRecords ?? 0)
}

/** Sends records to a Kafka topic of so many partitions, which is created on first use. */
export async function fillKafka(broker: string, records: readonly { value: string | Uint8Array; partition: number }[], partitions: number, places: Places): Promise<void> {
  const { Admin, Producer } = await import('@platformatic/kafka')
  if (!filled.has(broker)) {
    const admin = new Admin({ clientId: 'pipeline', bootstrapBrokers: [broker] })
    for (const [name, count] of [['auction-house', partitions], ['auctions-scored', 2], ['auction-house-dead', 1]] as const) await admin.createTopics({ topics: [nameOf(places, name)], partitions: count, replicas: 1 }).catch(() => {})
    await admin.close()
    filled.add(broker)
  }
  const producer = new Producer({ clientId: 'pipeline', bootstrapBrokers: [broker], idempotent: true, strict: true })
  await producer.send({ messages: records.map(({ value, partition }) => ({ topic: nameOf(places, 'auction-house'), partition, value: Buffer.from(value as Uint8Array) })), acks: -1 })
  await producer.close()
}
const filled = new Set<string>()

async function searchAll(node: string, index: string): Promise<ExpectedRow[]> {
  await fetch(`${node}/${index}/_refresh`, { method: 'POST' })
  const found: ExpectedRow[] = []
  let after: unknown[] | undefined
  for (;;) {
    const body = { size: 5000, sort: [{ model_version: 'asc' }], ...(after && { search_after: after }) }
    const response = await fetch(`${node}/${index}/_search`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    const { hits } = (await response.json()) as { hits: { hits: { _source: Record<string, unknown>; sort: unknown[] }[] } }
    if (hits.hits.length === 0) return found
    for (const hit of hits.hits) found.push(fromJson(hit._source))
    after = hits.hits.at(-1)!.sort
  }
}

/** A row as JSON holds it, in the form that the oracle has. */
export function fromJson(row: Record<string, unknown>): ExpectedRow {
  const whole = (name: string) => BigInt(row[name] as number)
  return {
    ...(row as unknown as ExpectedRow),
    auction: whole('auction'),
    top: whole('top'),
    category: whole('category'),
    reserve: whole('reserve'),
    model_version: whole('model_version'),
    window_end: Date.parse(String(row.window_end)),
  }
}
