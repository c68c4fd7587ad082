// Rows that others send over HTTP. With a topic each request's rows are durable in it before they are answered with 200, and the job reads the topic; without one they wait in memory, and the
// answer is 202: what a checkpoint doesn't cover is lost with the process.
import { assert, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { reveal, type SecretLike } from '../base/secret.ts'
import type { TopicLog, TopicOptions } from '../base/topic.ts'
import { parseBytes } from '../base/units.ts'
import type { Batch } from '../batch/batch.ts'
import { isLoopback } from '../connect/http-headers.ts'
import type { HttpListener, HttpTaken } from '../connect/http-listener.ts'
import { linesOf, recordFields, RecordQueue } from './record-queue.ts'
import type { FeedContext, FeedReader, FeedSourceType } from './source.ts'
import { topicFeed, topicFields } from './topic.ts'

/** Where is listened, and where rows are kept. */
export interface HttpFeedOptions {
  readonly port: number
  readonly host?: string
  readonly path?: string
  readonly token?: SecretLike
  readonly bodyBytes?: number | string
  readonly queueBytes?: number | string
  readonly topic?: TopicOptions
  /** Told of the address that is listened on. */
  readonly listening?: (url: string) => void
}

const hostDefault = '127.0.0.1'
const idleMs = 50

/** The feed behind `read.http`. */
export const httpFeed: FeedSourceType<HttpFeedOptions> = {
  kind: 'http',
  resolve(options, where) {
    const refused = (what: string) => new PlanError('HTTP_OPTIONS', `${where}: ${what}`)
    const { port, host = hostDefault, path = '/', token, topic } = options
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw refused(`port is ${JSON.stringify(port)}; give a number up to 65535, or 0 for any free one`)
    if (!/^\/[^?#\s]*$/.test(path)) throw refused(`path is ${JSON.stringify(path)}; begin it with /, and leave queries out`)
    if (!isLoopback(host) && token === undefined) throw refused(`others on the network could send rows to ${host} without a token; give token: secret('NAME'), or leave host out to listen for this machine alone`)
    if (topic && topic.dir === undefined) throw refused(`topic "${topic.name}" is in memory, and rows in it are not durable; give topic('${topic.name}', { dir }), or leave the topic out`)
    sizesOf(options, where)
    return { fields: topic ? topicFields : recordFields, bounded: false }
  },
  async open(context, options, position) {
    return options.topic ? openDurable(context, options, options.topic, position) : openQueued(context, options)
  },
  describe: ({ port, host = hostDefault, path = '/', topic }) => `http on ${host}:${port}${path}${topic ? `, kept in topic ${topic.name}` : ''}`,
}

function sizesOf({ bodyBytes = '1MiB', queueBytes = '64MiB' }: HttpFeedOptions, where: string): { bodyBytesMax: number; queueBytesMax: number } {
  const bodyBytesMax = parseBytes(bodyBytes, `${where}, bodyBytes`)
  const queueBytesMax = parseBytes(queueBytes, `${where}, queueBytes`)
  if (bodyBytesMax < 1 || queueBytesMax < 1) throw new PlanError('HTTP_OPTIONS', `${where}: bodyBytes and queueBytes are ${bodyBytes} and ${queueBytes}; give 1 or more`)
  return { bodyBytesMax, queueBytesMax }
}

async function listen(context: FeedContext, options: HttpFeedOptions, take: (body: Buffer) => Promise<HttpTaken>): Promise<HttpListener> {
  const { where } = context
  const { port, host = hostDefault, path = '/', token, listening } = options
  const { listenForRows } = await import('../connect/http-listener.ts')
  const listener = await listenForRows({ host, port, path, ...(token !== undefined && { token: reveal(token, where) }), bodyBytesMax: sizesOf(options, where).bodyBytesMax, where }, take)
  listening?.(listener.url)
  return listener
}

async function openQueued(context: FeedContext, options: HttpFeedOptions): Promise<FeedReader> {
  const { clock, device, where, signal } = context
  const queue = new RecordQueue(sizesOf(options, where).queueBytesMax)
  const listener = await listen(context, options, async body => {
    if (queue.isFull(body.length)) return { status: 503 }
    const lines = linesOf(body)
    for (const line of lines) queue.put(line, clock.now())
    return { status: 202, records: lines.length }
  })
  return {
    async next(): Promise<Batch | 'idle'> {
      const taken = queue.take(device, context.batchRows())
      if (taken) return taken.batch
      await queue.grown(clock, idleMs, signal)
      return 'idle'
    },
    position: () => null,
    remaining: () => queue.count,
    close: () => listener.close(),
  }
}

async function openDurable(context: FeedContext, options: HttpFeedOptions, topic: TopicOptions, position: Json | undefined): Promise<FeedReader> {
  assert(context.topics, 'rows are kept in a topic where there are no topics')
  const log = await context.topics.open(topic)
  const reader = await topicFeed.open(context, topic, position)
  let turn = 0
  const listener = await listen(context, options, async body => {
    const lines = linesOf(body)
    try {
      await append(log, lines, turn++ % log.partitionCount, context.clock.now())
    } catch {
      // The topic tells the next who reads or writes it; who sent the rows learns that they aren't kept.
      return { status: 500 }
    }
    return { status: 200, records: lines.length }
  })
  return {
    next: () => reader.next(),
    position: () => reader.position(),
    splitCount: () => reader.splitCount!(),
    remaining: () => reader.remaining!(),
    async close() {
      await listener.close()
      await reader.close()
    },
  }
}

// A request's rows stay together, in one partition.
async function append(log: TopicLog, lines: readonly Uint8Array[], partition: number, nowMs: number): Promise<void> {
  await log.append({
    count: lines.length,
    partitions: new Int32Array(lines.length).fill(partition),
    timestampsMs: new Float64Array(lines.length).fill(Math.floor(nowMs)),
    keyLengths: new Int32Array(lines.length).fill(-1),
    keyBytes: new Uint8Array(0),
    valueLengths: Int32Array.from(lines, line => line.length),
    valueBytes: new Uint8Array(Buffer.concat(lines)),
  })
  await log.flush()
}
