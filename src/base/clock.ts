// Time as a thing that is handed in, so that tests and the virtual clock decide what time it is.

/** Where the engine gets time from. `now` is epoch milliseconds; `elapsed` is monotonic milliseconds. */
export interface Clock {
  now(): number
  elapsed(): number
  /** Resolves after `ms`, or at once (without an error) when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `act` every `ms` until what it gives is called; clocks that leave it out get the machine's timers. */
  every?(ms: number, act: () => void): () => void
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}

/** Calls `act` every `ms` by the clock, until what it gives is called. */
export function every(clock: Clock, ms: number, act: () => void): () => void {
  if (clock.every) return clock.every(ms, act)
  const timer = setInterval(act, ms)
  return () => clearInterval(timer)
}

/** Resolves once `ms` are over, whoever waits or not. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    const stop = every(clock, ms, () => {
      stop()
      resolve()
    })
  })
}

/** The first of `promise` and `ms` of waiting: undefined when the wait was over first. Leaves no timer behind. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController()
  try {
    return await Promise.race([promise, clock.sleep(ms, stop.signal).then(() => undefined)])
  } finally {
    stop.abort()
  }
}
