// Bounds how many asynchronous tasks run at once, for writers that must not open a thousand files.

/** Runs a task when one of the places is free; tasks start in the order they were handed in. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>

/** A limiter with `placesMax` ≥ 1 places. A failing task frees its place and rejects only its own promise. */
export function limiter(placesMax: number): Limiter {
  let running = 0
  const waiting: (() => void)[] = []
  return async task => {
    if (running >= placesMax) await new Promise<void>(resolve => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
