// A client of server-sent events: it comes back where the connection is lost, and names the last event that it was given.
import { within } from '../base/clock.ts'
import { asError, ConnectorError, MillraceError } from '../base/errors.ts'
import { EventStreamParser, type ServerEvent } from './event-stream.ts'
import { addressName } from './http-headers.ts'
import { Reconnect, type ReconnectEnvironment } from './reconnect.ts'

/** How to reach the server. */
export interface EventSourceOptions {
  readonly url: URL
  readonly headers: Headers
  readonly eventBytesMax: number
  readonly retries: number
  /** The longest wait for an answer. */
  readonly timeoutMs: number
}

const retried = new Set([408, 425, 429, 500, 502, 503, 504])

/** Events of one address. Nothing is read ahead of what is asked for. */
export class EventSourceClient {
  readonly #options: EventSourceOptions
  readonly #environment: ReconnectEnvironment
  readonly #reconnect: Reconnect
  readonly #name: string
  #lastId: string
  #retryMs: number | undefined
  #open: { readonly reader: ReadableStreamDefaultReader<Uint8Array>; readonly parser: EventStreamParser; readonly abort: AbortController } | undefined

  constructor(options: EventSourceOptions, lastId: string, environment: ReconnectEnvironment) {
    this.#options = options
    this.#environment = environment
    this.#reconnect = new Reconnect(environment, options.retries)
    this.#name = `${environment.where}: ${addressName(options.url)}`
    this.#lastId = lastId
  }

  /** The next events, perhaps none; undefined where the server says that there are no more (204). Throws ConnectorError SSE_UNREACHABLE (retryable), SSE_REFUSED, SSE_PROTOCOL; DataError; CancelledError. */
  async next(): Promise<readonly ServerEvent[] | undefined> {
    try {
      if (!this.#open && !(await this.#connect())) return undefined
      const { reader, parser } = this.#open!
      const { done, value } = await reader.read()
      if (done) throw this.#lost('the connection has ended')
      const events = parser.write(value)
      this.#retryMs = parser.retryMs ?? this.#retryMs
      if (events.length > 0) {
        this.#reconnect.held()
        this.#lastId = events.at(-1)!.id
      }
      return events
    } catch (thrown) {
      this.close()
      if (thrown instanceof MillraceError && !(thrown instanceof ConnectorError)) throw thrown
      const failure = thrown instanceof ConnectorError ? thrown : this.#lost(reasonOf(thrown))
      await this.#reconnect.failed(failure, this.#retryMs)
      return []
    }
  }

  close(): void {
    this.#open?.abort.abort()
    this.#open = undefined
  }

  // False where there are no more events.
  async #connect(): Promise<boolean> {
    const { url, headers, timeoutMs, eventBytesMax } = this.#options
    const { clock, signal, where } = this.#environment
    const abort = new AbortController()
    signal.addEventListener('abort', () => abort.abort(), { once: true, signal: abort.signal })
    const sent = new Headers(headers)
    sent.set('accept', 'text/event-stream')
    sent.set('cache-control', 'no-store')
    if (this.#lastId !== '') sent.set('last-event-id', Buffer.from(this.#lastId, 'utf8').toString('latin1'))
    const response = await within(clock, timeoutMs, fetch(url, { headers: sent, redirect: 'manual', signal: abort.signal }))
    if (response?.status === 200 && response.body && /^text\/event-stream\s*(;|$)/i.test(response.headers.get('content-type') ?? '')) {
      this.#open = { reader: response.body.getReader(), parser: new EventStreamParser(this.#lastId, eventBytesMax, this.#name), abort }
      return true
    }
    abort.abort()
    if (!response) throw this.#lost(`no answer within ${timeoutMs} ms`)
    const { status } = response
    if (status === 204) return false
    if (status === 200) throw new ConnectorError('SSE_PROTOCOL', `${this.#name}: it answers with ${response.headers.get('content-type') ?? 'no content-type'}, and events are text/event-stream; check the address`)
    if (retried.has(status)) throw this.#lost(`HTTP status ${status}`)
    throw new ConnectorError('SSE_REFUSED', `${where}: ${addressName(url)}: HTTP status ${status}; ${status < 400 ? 'give the address that it leads to' : 'check the address and the headers'}`)
  }

  #lost(why: string): ConnectorError {
    return new ConnectorError('SSE_UNREACHABLE', `${this.#name}: ${why}; check the address and the network, or raise retries`, { retryable: true })
  }
}

function reasonOf(thrown: unknown): string {
  const { cause, message } = asError(thrown)
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}
