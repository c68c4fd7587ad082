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
  eventTimers: Set<number> | undefined
  clockTimers: Set<number> | undefined
  isGone: boolean
}

/** A window without rows. */
export function emptyWindow(key: number, start: number, end: number): KeyedWindow {
  return { key, start, end, parts: [], values: [], isSealed: false, results: 0, given: -1, state: {}, eventTimers: undefined, clockTimers: undefined, isGone: false }
}

// Where windows that end at `end` or later begin in a list by ends.
function placeOf(windows: readonly KeyedWindow[], end: number): number {
  let [low, high] = [0, windows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (windows[middle]!.end < end) low = middle + 1
    else high = middle
  }
  return low
}

/** The windows of all keys, those of a key in order of their ends. */
export class KeyedWindows {
  #byKey = new Map<number, KeyedWindow[]>()

  of(key: number): readonly KeyedWindow[] {
    return this.#byKey.get(key) ?? []
  }
  find(key: number, start: number, end: number): KeyedWindow | undefined {
    const own = this.#byKey.get(key)
    if (!own) return undefined
    for (let at = placeOf(own, end); own[at]?.end === end; at++) if (own[at]!.start === start) return own[at]
    return undefined
  }
  add(window: KeyedWindow): KeyedWindow {
    const own = this.#byKey.get(window.key)
    if (!own) this.#byKey.set(window.key, [window])
    else if (own.at(-1)!.end < window.end) own.push(window)
    else own.splice(placeOf(own, window.end), 0, window)
    return window
  }
  remove(window: KeyedWindow): void {
    window.isGone = true
    const own = this.#byKey.get(window.key)!
    if (own.length === 1) this.#byKey.delete(window.key)
    else own.splice(own.indexOf(window, placeOf(own, window.end)), 1)
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
  readonly #kind: 'eventTimers' | 'clockTimers'
  readonly #heap: { readonly time: number; readonly window: KeyedWindow }[] = []
  constructor(kind: 'eventTimers' | 'clockTimers') {
    this.#kind = kind
  }

  /** No timer is earlier than this. */
  get next(): number {
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY
  }

  /** Sets a timer, once for each time. */
  set(window: KeyedWindow, time: number): void {
    const own = (window[this.#kind] ??= new Set())
    if (own.has(time)) return
    own.add(time)
    this.restore(window, time)
  }
  remove(window: KeyedWindow, time: number): void {
    window[this.#kind]?.delete(time)
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
      if (!due.window.isGone && due.window[this.#kind]!.delete(due.time)) return due
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
