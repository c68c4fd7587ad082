// Records that a server sends as they happen: server-sent events, and messages of WebSocket. No more is asked for than the job takes. Events with ids are gone on with behind the last one
// that was given; of all others those are missed that come while nobody is connected.
import { within } from '../base/clock.ts'
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseBytes, parseDuration } from '../base/units.ts'
import type { Batch } from '../batch/batch.ts'
import { EventSourceClient } from '../connect/event-source.ts'
import { addressName, addressOf, type HttpHeaders, sentHeaders } from '../connect/http-headers.ts'
import { recordFields, RecordQueue } from './record-queue.ts'
import type { FeedContext, FeedReader, FeedSourceType } from './source.ts'

/** Options that both share. */
export interface NetworkEventsOptions {
  readonly url: string
  readonly headers?: HttpHeaders
  /** Of one event or message, '1MiB' unless said. */
  readonly eventBytes?: number | string
  /** Failures in a row that are borne, 10 unless said: after 0.25 s, 0.5 s, … or when the server has said so. */
  readonly retries?: number
  /** How long an answer is waited for; '30s' unless said. */
  readonly timeout?: Duration
}

/** Which events. */
export interface ServerEventsOptions extends NetworkEventsOptions {
  /** Only those of this type; all unless said. */
  readonly event?: string
}

/** Which messages. */
export interface WebSocketFeedOptions extends NetworkEventsOptions {
  /** Said whenever a connection is there, such as what to subscribe to. */
  readonly greetings?: readonly string[]
  /** After so long a silence the server is pinged, after twice that the connection is taken for lost; '30s' unless said. */
  readonly silence?: Duration
}

/** What a client has given: records, each with where a restart goes on behind it; undefined at the end. */
type NextRecords = () => Promise<readonly { readonly bytes: Uint8Array; readonly mark?: string }[] | undefined>

const idleMs = 50

/** The feed behind `read.sse`. */
export const serverEventsFeed: FeedSourceType<ServerEventsOptions> = {
  kind: 'serverEvents',
  resolve(options, where) {
    settled(options, ['http:', 'https:'], where)
    return { fields: recordFields, bounded: false }
  },
  async open(context, options, position) {
    const { url, headers, eventBytesMax, retries, timeoutMs } = settled(options, ['http:', 'https:'], context.where)
    const lastId = typeof position === 'string' ? position : ''
    const client = new EventSourceClient({ url, headers: sentHeaders(headers, `${context.where}, headers`), eventBytesMax, retries, timeoutMs }, lastId, context)
    const encoder = new TextEncoder()
    const next: NextRecords = async () => {
      const events = await client.next()
      return events?.filter(({ type }) => options.event === undefined || type === options.event).map(({ data, id }) => ({ bytes: encoder.encode(data), mark: id }))
    }
    return eventsReader(context, next, () => client.close(), lastId)
  },
  describe: ({ url, event }) => `events of ${addressName(new URL(url))}${event === undefined ? '' : `, of type ${event}`}`,
}

/** The feed behind `read.webSocket`. */
export const webSocketFeed: FeedSourceType<WebSocketFeedOptions> = {
  kind: 'webSocket',
  resolve(options, where) {
    settled(options, ['ws:', 'wss:'], where)
    const { greetings = [], silence = '30s' } = options
    if (!Array.isArray(greetings) || greetings.some(greeting => typeof greeting !== 'string')) throw new PlanError('HTTP_OPTIONS', `${where}: greetings are texts; give greetings: [JSON.stringify({ … })]`)
    if (!(parseDuration(silence, `${where}, silence`) > 0)) throw new PlanError('HTTP_OPTIONS', `${where}: silence is ${silence}; give more than 0`)
    return { fields: recordFields, bounded: false }
  },
  async open(context, options) {
    const { url, headers, eventBytesMax, retries, timeoutMs } = settled(options, ['ws:', 'wss:'], context.where)
    const silenceMs = parseDuration(options.silence ?? '30s', context.where)
    const { WebSocketClient } = await import('../connect/web-socket.ts')
    const client = new WebSocketClient({ url, headers: sentHeaders(headers, `${context.where}, headers`), greetings: options.greetings ?? [], messageBytesMax: eventBytesMax, retries, timeoutMs, silenceMs }, context)
    return eventsReader(context, async () => (await client.next()).map(bytes => ({ bytes })), () => client.close(), '')
  },
  describe: ({ url }) => `messages of ${addressName(new URL(url))}`,
}

function settled({ url, headers = {}, eventBytes = '1MiB', retries = 10, timeout = '30s' }: NetworkEventsOptions, protocols: readonly string[], where: string) {
  const eventBytesMax = parseBytes(eventBytes, `${where}, eventBytes`)
  const timeoutMs = parseDuration(timeout, `${where}, timeout`)
  const refused = (what: string) => new PlanError('HTTP_OPTIONS', `${where}: ${what}`)
  if (eventBytesMax < 1) throw refused(`eventBytes is ${eventBytes}; give 1 or more`)
  if (!(timeoutMs > 0)) throw refused(`timeout is ${timeout}; give more than 0`)
  if (!Number.isInteger(retries) || retries < 0) throw refused(`retries is ${String(retries)}; give a whole number, 0 or more`)
  return { url: addressOf(url, protocols, where), headers, eventBytesMax, retries, timeoutMs }
}

// One call of the client is under way at a time, and goes on while the job is told that there is nothing.
function eventsReader(context: FeedContext, next: NextRecords, close: () => void, start: string): FeedReader {
  const { clock, device } = context
  const queue = new RecordQueue(Number.POSITIVE_INFINITY)
  let pending: ReturnType<NextRecords> | undefined
  let position = start
  let hasEnded = false
  return {
    async next(): Promise<Batch | 'idle' | undefined> {
      if (queue.count === 0 && !hasEnded) {
        pending ??= next()
        const got = await within(clock, idleMs, pending.then(records => ({ records })))
        if (!got) return 'idle'
        pending = undefined
        hasEnded = got.records === undefined
        for (const { bytes, mark } of got.records ?? []) queue.put(bytes, clock.now(), mark)
      }
      const taken = queue.take(device, context.batchRows())
      if (!taken) return hasEnded ? undefined : 'idle'
      position = taken.mark ?? position
      return taken.batch
    },
    position: (): Json => position,
    async close() {
      pending?.catch(() => {})
      close()
    },
  }
}
