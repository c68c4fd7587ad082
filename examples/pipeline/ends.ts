// The ends of the main job: putting the records there, and reading back what it wrote, with Millrace's own readers or, for real servers, with other clients.
import { existsSync, readdirSync } from 'node:fs'
import { read, topic } from 'millrace'
import type { ExpectedRow } from './oracle.ts'
import type { Places } from './pipeline.ts'

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
export async function readBack({ dir, kafka, elastic }: Places): Promise<Written> {
  const topics = `${dir}/topics`
  const files = elastic ? await searchAll(elastic, 'auctions') : await rows(read.parquet(`${dir}/scored/`).select(...columns))
  const scored = kafka ? await consumeAll(kafka, 'auctions-scored') : await rows(read.topic(topic('auctions-scored', { dir: topics }), { format: 'json', schema: scoredSchema, until: 'end' }))
  const deadLetters = kafka ? (await consumeAll(kafka, 'auction-house-dead', false)).length : await countLines(`${dir}/dead-letters/`)
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

/** Sends records to a Kafka topic of so many partitions, which is created on first use. */
export async function fillKafka(broker: string, records: readonly { value: string | Uint8Array; partition: number }[], partitions: number): Promise<void> {
  const { Admin, Producer } = await import('@platformatic/kafka')
  if (!filled.has(broker)) {
    const admin = new Admin({ clientId: 'pipeline', bootstrapBrokers: [broker] })
    for (const [name, count] of [['auction-house', partitions], ['auctions-scored', 2], ['auction-house-dead', 1]] as const) await admin.createTopics({ topics: [name], partitions: count, replicas: 1 }).catch(() => {})
    await admin.close()
    filled.add(broker)
  }
  const producer = new Producer({ clientId: 'pipeline', bootstrapBrokers: [broker], idempotent: true, strict: true })
  await producer.send({ messages: records.map(({ value, partition }) => ({ topic: 'auction-house', partition, value: Buffer.from(value as Uint8Array) })), acks: -1 })
  await producer.close()
}
const filled = new Set<string>()

// Read back with the client library's own consumer, at read_committed, so that the proof doesn't rest on our reader.
async function consumeAll(broker: string, name: string, parse = true): Promise<ExpectedRow[]> {
  const { Consumer } = await import('@platformatic/kafka')
  const consumer = new Consumer({ clientId: 'proof', groupId: `proof-${Date.now()}-${name}`, bootstrapBrokers: [broker], isolationLevel: 1 } as never)
  const stream = await consumer.consume({ topics: [name], mode: 'earliest' as never, autocommit: false, maxWaitTime: 500 })
  const found: ExpectedRow[] = []
  let idle: ReturnType<typeof setTimeout> | undefined
  const quiet = () => {
    clearTimeout(idle)
    idle = setTimeout(() => void stream.close(), 3_000)
  }
  quiet()
  for await (const message of stream) {
    quiet()
    found.push(parse ? fromJson(JSON.parse(String(message.value)) as Record<string, unknown>) : ({} as ExpectedRow))
  }
  await consumer.close(true)
  return found
}

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

function fromJson(row: Record<string, unknown>): ExpectedRow {
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
