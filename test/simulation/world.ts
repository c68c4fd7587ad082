// Virtual time and seeded chance: what is to happen waits in one queue, and time goes on only when nothing else is left to do now. The same seed
// gives the same run, event by event.
import type { Clock } from '../../src/base/clock.ts'
import { type Random, random } from '../../src/base/random.ts'

interface Event {
  readonly at: number
  readonly order: number
  readonly act: () => void
}

/** Turns of the machine that are waited where nothing is due: modules may still be loading. */
const patienceTurns = 400

/** A small world. */
export class World {
  readonly chance: Random
  readonly trace: string[] = []
  readonly #traced: boolean
  now = 0
  events = 0
  #order = 0
  /** A heap, the next event first. */
  readonly #heap: Event[] = []

  constructor(seed: number, traced = false) {
    this.chance = random(seed)
    this.#traced = traced
  }

  /** Notes something for whoever reads the trace. */
  note(what: () => string): void {
    if (this.#traced) this.trace.push(`${this.now.toFixed(2).padStart(9)} ms  ${what()}`)
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.chance.int(n) === 0
  }

  /** Lets `act` happen `ms` from now; what it gives takes that back. */
  after(ms: number, act: () => void): () => void {
    let isWanted = true
    this.#push({ at: this.now + ms, order: this.#order++, act: () => isWanted && act() })
    return () => {
      isWanted = false
    }
  }

  /** Lets time pass until `done`. Throws where nothing more would happen, or `limitMs` are over. */
  async run(done: () => boolean, limitMs: number): Promise<void> {
    const end = this.now + limitMs
    for (;;) {
      await turn()
      if (done()) return
      for (let turns = 0; this.#heap.length === 0 && turns < patienceTurns; turns++) await turn(turns > 100)
      if (done()) return
      const next = this.#pop()
      if (!next) throw new Error(`stalled at ${this.now.toFixed(1)} ms: nothing more is going to happen`)
      if (next.at > end) throw new Error(`stalled: not done after ${limitMs} ms`)
      this.now = Math.max(this.now, next.at)
      this.events++
      next.act()
    }
  }

  /** The clock of this world. Its `elapsed` leaps now and then where `leapMs` is given, as if a thread had been held up. */
  clock(leapMs = 0): Clock {
    let leapt = 0
    return {
      now: () => 1_700_000_000_000 + Math.floor(this.now),
      elapsed: () => {
        if (leapMs > 0 && this.oneIn(12)) leapt += leapMs
        return this.now + leapt
      },
      sleep: (ms, signal) =>
        new Promise(resolve => {
          if (signal?.aborted) return resolve()
          const cancel = this.after(ms, resolve as () => void)
          signal?.addEventListener('abort', () => {
            cancel()
            resolve()
          })
        }),
      every: (ms, act) => {
        let stop = () => {}
        const again = () => {
          stop = this.after(ms, () => {
            again()
            act()
          })
        }
        again()
        return () => stop()
      },
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let i = heap.push(event) - 1
    while (i > 0) {
      const above = (i - 1) >> 1
      if (before(heap[above]!, event)) break
      heap[i] = heap[above]!
      i = above
    }
    heap[i] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!last || heap.length === 0) return first
    let i = 0
    for (;;) {
      let below = 2 * i + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++
      if (before(last, heap[below]!)) break
      heap[i] = heap[below]!
      i = below
    }
    heap[i] = last
    return first
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

// All that is ready now runs before the world goes on.
function turn(slow = false): Promise<void> {
  return new Promise(resolve => (slow ? setTimeout(resolve, 1) : setImmediate(resolve)))
}
