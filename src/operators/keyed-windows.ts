// Windows of keys one by one, with what triggers remember of each: for windows that give results when rows or timers say so. A few hundred bytes of JavaScript a window; what is
// counted or kept of their rows lies elsewhere (window-contents.ts).
import type { Json } from '../base/json.ts'

/** A window of a key: [start, end); an endless one has neither. */
export interface KeyedWindow {
  /** The number of its key. */
  key: number
  readonly start: number
  readonly end: number
  /** Where its contents lie, in order of rows: see window-contents.ts. */
  parts: number[]
  /** What its rows are told apart by, one a part, where an evictor needs it. */
  values: number[]
  /** True where the next row begins another part. */
  isSealed: boolean
  /** Results that it has given, and where the last of them is kept; −1 where none is (given-results.ts). */
  results: number
  given: number
  /** What its trigger remembers, as plain data. */
  state: { [name: string]: Json }
  /** Times at which its trigger is to be called: of event time, and of the clock. */
  readonly eventTimers: Set<number>
  readonly clockTimers: Set<number>
  isGone: boolean
}

/** A window without rows. */
export function emptyWindow(key: number, start: number, end: number): KeyedWindow {
  return { key, start, end, parts: [], values: [], isSealed: false, results: 0, given: -1, state: {}, eventTimers: new Set(), clockTimers: new Set(), isGone: false }
}

/** The windows of all keys. */
export class KeyedWindows {
  #byKey = new Map<number, KeyedWindow[]>()

  of(key: number): readonly KeyedWindow[] {
    return this.#byKey.get(key) ?? []
  }
  find(key: number, start: number, end: number): KeyedWindow | undefined {
    return this.#byKey.get(key)?.find(window => window.start === start && window.end === end)
  }
  add(window: KeyedWindow): KeyedWindow {
    const own = this.#byKey.get(window.key)
    if (own) own.push(window)
    else this.#byKey.set(window.key, [window])
    return window
  }
  remove(window: KeyedWindow): void {
    window.isGone = true
    const left = this.of(window.key).filter(other => other !== window)
    if (left.length > 0) this.#byKey.set(window.key, left)
    else this.#byKey.delete(window.key)
  }
  all(): KeyedWindow[] {
    return [...this.#byKey.values()].flat()
  }
  /** Keys that have windows. */
  keys(): number[] {
    return [...this.#byKey.keys()]
  }
  /** Numbers the keys anew: in the order that is given. */
  renumber(keys: readonly number[]): void {
    const before = this.#byKey
    this.#byKey = new Map(keys.map((key, number) => [number, before.get(key)!]))
    for (const [key, windows] of this.#byKey) for (const window of windows) window.key = key
  }
}

/** Timers of windows by time: a heap. What a window no longer has in its set is passed over. */
export class WindowTimers {
  readonly #timersOf: (window: KeyedWindow) => Set<number>
  readonly #heap: { readonly time: number; readonly window: KeyedWindow }[] = []
  constructor(timersOf: (window: KeyedWindow) => Set<number>) {
    this.#timersOf = timersOf
  }

  /** No timer is earlier than this. */
  get next(): number {
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY
  }

  /** Sets a timer, once for each time. */
  set(window: KeyedWindow, time: number): void {
    const own = this.#timersOf(window)
    if (own.has(time)) return
    own.add(time)
    this.restore(window, time)
  }
  remove(window: KeyedWindow, time: number): void {
    this.#timersOf(window).delete(time)
  }
  /** As `set`, for a timer that the window has already. */
  restore(window: KeyedWindow, time: number): void {
    const heap = this.#heap
    let at = heap.length
    heap.push({ time, window })
    for (let parent = (at - 1) >> 1; at > 0 && heap[parent]!.time > time; at = parent, parent = (at - 1) >> 1) [heap[at], heap[parent]] = [heap[parent]!, heap[at]!]
  }

  /** Takes the earliest timer that is due at `now`; undefined where none is. */
  take(now: number): { readonly time: number; readonly window: KeyedWindow } | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.time <= now) {
      const due = this.#heap[0]!
      this.#dropFirst()
      if (!due.window.isGone && this.#timersOf(due.window).delete(due.time)) return due
    }
    return undefined
  }

  #dropFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && heap[child]!.time < heap[least]!.time) least = child
      if (least === at) return
      ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
      at = least
    }
  }
}
