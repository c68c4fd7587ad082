// Calls of a function that answers later, for rows: at most so many at a time, each with a time limit and further attempts. Who starts a call
// hears nothing of it but by `next()`, and takes what has come.
import type { Clock } from '../base/clock.ts'
import { asError, ConnectorError } from '../base/errors.ts'

/** What a call is told beside its row. */
export interface AsyncCall {
  /** Aborted when the attempt's time is over, and when the job ends early. */
  readonly signal: AbortSignal
  /** 1 for the first. */
  readonly attempt: number
}

/** How calls are made. */
export interface CallLimits {
  readonly capacity: number
  /** Of one attempt; without it a call may take for ever. */
  readonly timeoutMs?: number
  /** Attempts after the first one. */
  readonly retries: number
  /** The wait before the second attempt; each further one doubles it. */
  readonly backoffMs: number
}

const backoffMsMax = 30_000

/** The calls under way. An error of a call ends all others, and is thrown by `check`. */
export class AsyncCalls {
  readonly #call: (row: unknown, call: AsyncCall) => unknown
  readonly #limits: CallLimits
  readonly #clock: Clock
  readonly #where: string
  readonly #stops = new Set<AbortController>()
  #waiting: (() => void)[] = []
  #count = 0
  #failure: Error | undefined
  #closed = false

  constructor(call: (row: unknown, call: AsyncCall) => unknown, limits: CallLimits, clock: Clock, where: string) {
    this.#call = call
    this.#limits = limits
    this.#clock = clock
    this.#where = where
  }

  /** Calls under way, those that wait for a further attempt included. */
  get count(): number {
    return this.#count
  }

  /** True while a further call may be started. */
  get hasRoom(): boolean {
    return this.#count < this.#limits.capacity && !this.#failure && !this.#closed
  }

  /** Starts a call for the row of this number; `done` gets its result. */
  start(row: unknown, number: number, done: (result: unknown) => void): void {
    this.#count++
    this.#attempts(row, number).then(
      result => this.#ended(() => done(result)),
      error => this.#ended(() => this.#failed(asError(error))),
    )
  }

  /** Throws what a call has failed with. */
  check(): void {
    if (this.#failure) throw this.#failure
  }

  /** Resolves when a call has ended. */
  next(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Aborts all calls; their results are dropped. */
  close(): void {
    this.#closed = true
    this.#abort()
    this.#wake()
  }

  #ended(tell: () => void): void {
    this.#count--
    if (this.#closed) return
    tell()
    this.#wake()
  }

  #failed(error: Error): void {
    this.#failure ??= error
    this.#abort()
  }

  #abort(): void {
    for (const stop of this.#stops) stop.abort()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #attempts(row: unknown, number: number): Promise<unknown> {
    const { retries, backoffMs } = this.#limits
    for (let attempt = 1; ; attempt++) {
      const stop = new AbortController()
      this.#stops.add(stop)
      try {
        return await this.#attempt(row, attempt, stop)
      } catch (cause) {
        const isLast = attempt > retries || (cause as { retryable?: unknown } | null)?.retryable === false
        if (isLast || this.#closed || this.#failure) throw this.#refused(cause, number, attempt)
        await this.#clock.sleep(Math.min(backoffMsMax, backoffMs * 2 ** (attempt - 1)), stop.signal)
        if (this.#closed || this.#failure) throw this.#refused(cause, number, attempt)
      } finally {
        this.#stops.delete(stop)
      }
    }
  }

  async #attempt(row: unknown, attempt: number, stop: AbortController): Promise<unknown> {
    const { timeoutMs } = this.#limits
    const call = new AbortController()
    const ended = new AbortController()
    const abort = () => call.abort(stop.signal.reason)
    stop.signal.addEventListener('abort', abort, { once: true })
    try {
      const answer = Promise.resolve(this.#call(row, { signal: call.signal, attempt }))
      if (timeoutMs === undefined) return await answer
      // After its time the answer is nobody's, whatever it is.
      answer.catch(() => {})
      const late = this.#clock.sleep(timeoutMs, ended.signal).then(() => tooLate)
      const first = await Promise.race([answer, late])
      if (first !== tooLate) return first
      call.abort(new TooLate())
      throw new TooLate()
    } finally {
      ended.abort()
      stop.signal.removeEventListener('abort', abort)
    }
  }

  #refused(cause: unknown, number: number, attempt: number): ConnectorError {
    const { retries, timeoutMs } = this.#limits
    const place = `${this.#where}: row ${number}, attempt ${attempt} of ${retries + 1}`
    if (cause instanceof TooLate)
      return new ConnectorError('ASYNC_TIMEOUT', `${place}: no answer within ${timeoutMs} ms; raise timeout, lower capacity, or give more retries`, { retryable: true })
    const { message, retryable } = asError(cause) as Error & { retryable?: unknown }
    const todo = attempt > retries ? 'give more retries, or catch it inside' : 'its error says that trying again is of no use: catch it inside'
    return new ConnectorError('ASYNC_CALL', `${place}: the function failed: ${message}; ${todo}`, { cause, retryable: retryable !== false })
  }
}

const tooLate = Symbol('too late')

class TooLate extends ConnectorError {
  constructor() {
    super('ASYNC_TIMEOUT', "the call's time is over", { retryable: true })
  }
}
