// POST requests to one address, made again while it is busy or breaks off: later each time, or when the answer says (Retry-After). Every attempt has the same body and
// key, so that a receiver that knows the key takes it once.
import { type Clock, within } from '../base/clock.ts'
import { asError, CancelledError, ConnectorError } from '../base/errors.ts'
import { redact } from '../base/secret.ts'
import { addressName } from './http-headers.ts'

/** How to reach the address. */
export interface HttpSenderOptions {
  readonly url: URL
  readonly headers: Headers
  /** Attempts after the first of a request that may yet succeed. */
  readonly retries: number
  /** The longest wait for one answer. */
  readonly timeoutMs: number
}

/** What a sender needs besides. */
export interface HttpSenderEnvironment {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly where: string
  count(metric: string, by: number): void
}

const retried = new Set([408, 425, 429, 500, 502, 503, 504, 507, 509])
const backoffMsFirst = 250
const backoffMsMax = 30_000
const answerCharactersMax = 200

/** Sends bodies, one after the other. */
export class HttpSender {
  readonly #options: HttpSenderOptions
  readonly #environment: HttpSenderEnvironment

  constructor(options: HttpSenderOptions, environment: HttpSenderEnvironment) {
    this.#options = options
    this.#environment = environment
  }

  /** Resolves with a 2xx answer. Throws ConnectorError HTTP_UNREACHABLE (retryable), HTTP_BUSY (retryable), HTTP_REDIRECT, HTTP_REFUSED; CancelledError. */
  async send(body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>): Promise<void> {
    const { clock, signal, count, where } = this.#environment
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw new CancelledError(where)
      const answer = await this.#attempt(body, headers)
      if (answer === undefined) return
      if (signal.aborted) throw new CancelledError(where)
      if (!answer.error.retryable || attempt > this.#options.retries) throw answer.error
      count('httpRetries', 1)
      await clock.sleep(answer.afterMs ?? Math.min(backoffMsMax, backoffMsFirst * 2 ** (attempt - 1)), signal)
    }
  }

  // Undefined where the rows were taken.
  async #attempt(body: Uint8Array<ArrayBuffer>, more: Readonly<Record<string, string>>): Promise<{ error: ConnectorError; afterMs?: number } | undefined> {
    const { url, headers, timeoutMs } = this.#options
    const { clock, signal, where } = this.#environment
    const name = `${where}: POST ${addressName(url)}`
    const abort = new AbortController()
    const stop = () => abort.abort()
    signal.addEventListener('abort', stop)
    try {
      const all = new Headers(headers)
      for (const [header, value] of Object.entries(more)) all.set(header, value)
      const response = await within(clock, timeoutMs, fetch(url, { method: 'POST', headers: all, body, redirect: 'manual', signal: abort.signal }))
      if (!response) return { error: new ConnectorError('HTTP_UNREACHABLE', `${name}: no answer within ${timeoutMs} ms; look at the receiver, or raise timeout`, { retryable: true }) }
      const { status } = response
      const said = (await within(clock, timeoutMs, beginning(response)).catch(() => '')) ?? ''
      if (status >= 200 && status < 300) return undefined
      if (status >= 300 && status < 400) return { error: new ConnectorError('HTTP_REDIRECT', `${name}: HTTP status ${status} leads elsewhere; give the address that it leads to`) }
      const what = `${name}: HTTP status ${status}${said === '' ? '' : `: ${redact(said)}`}`
      if (!retried.has(status)) return { error: new ConnectorError('HTTP_REFUSED', `${what}; the receiver won't take these rows; correct what it names`) }
      return { error: new ConnectorError('HTTP_BUSY', `${what}; the receiver is busy or broken; look at it, or raise retries`, { retryable: true }), ...retryAfter(response, clock.now()) }
    } catch (thrown) {
      const cause = asError(thrown).cause
      const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : asError(thrown).message
      return { error: new ConnectorError('HTTP_UNREACHABLE', `${name}: it can't be reached (${why}); check the address and the network`, { cause: thrown, retryable: true }) }
    } finally {
      signal.removeEventListener('abort', stop)
      abort.abort()
    }
  }
}

// The beginning of an answer's text; the rest is not read.
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  while (text.length < answerCharactersMax) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  void reader.cancel().catch(() => {})
  return text.length > answerCharactersMax ? `${text.slice(0, answerCharactersMax)}…` : text.trimEnd()
}

// Seconds, or a date; a minute at most is trusted.
function retryAfter(response: Response, nowMs: number): { afterMs?: number } {
  const said = response.headers.get('retry-after')
  if (said === null) return {}
  const ms = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - nowMs
  return Number.isFinite(ms) ? { afterMs: Math.min(60_000, Math.max(0, ms)) } : {}
}
