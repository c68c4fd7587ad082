// Coming back to a server that was lost: attempts in a row, later each time, until one holds.
import type { Clock } from '../base/clock.ts'
import { CancelledError, type ConnectorError } from '../base/errors.ts'

/** What attempts need to know. */
export interface ReconnectEnvironment {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly where: string
  count(metric: string, by: number): void
}

const backoffMsFirst = 250
const backoffMsMax = 30_000

/** Attempts at a connection. */
export class Reconnect {
  readonly #environment: ReconnectEnvironment
  readonly #retries: number
  #failures = 0

  /** `retries`: failures in a row that are borne. */
  constructor(environment: ReconnectEnvironment, retries: number) {
    this.#environment = environment
    this.#retries = retries
  }

  /** The connection holds: something came of it. */
  held(): void {
    this.#failures = 0
  }

  /** Waits for the next attempt, after `afterMs` where the server has said so. Throws `failure` where it won't pass or there were too many; CancelledError. */
  async failed(failure: ConnectorError, afterMs?: number): Promise<void> {
    const { clock, signal, where, count } = this.#environment
    if (signal.aborted) throw new CancelledError(where)
    if (!failure.retryable || ++this.#failures > this.#retries) throw failure
    count('reconnects', 1)
    await clock.sleep(Math.min(backoffMsMax, afterMs ?? backoffMsFirst * 2 ** (this.#failures - 1)), signal)
    if (signal.aborted) throw new CancelledError(where)
  }
}
