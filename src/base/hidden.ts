// What plain data refers to without showing it, such as keys: a plan holds a number in its place, which is all that prints and all that JSON has. Threads are handed
// the value itself beside the plan, for as long as they have a task that needs it.

/** The place of a hidden value in plain data; all that a plan has of it in another thread. */
export type HiddenReference = { readonly hidden: string }

let count = 0

/** A value that is not to be seen: it prints, and goes into JSON, as its number. `share` makes what other threads get of it, which must survive structuredClone. */
export class Hidden<T = unknown, S = T> implements HiddenReference {
  readonly hidden: string
  readonly #value: T
  readonly #share: (value: T) => S

  constructor(value: T, share: (value: T) => S) {
    this.hidden = String(++count)
    this.#value = value
    this.#share = share
  }

  /** The value. */
  get value(): T {
    return this.#value
  }
  /** What other threads get of it. */
  get shared(): S {
    return this.#share(this.#value)
  }
  toString(): string {
    return `[hidden ${this.hidden}]`
  }
  toJSON(): HiddenReference {
    return { hidden: this.hidden }
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/** Hidden values by number. */
export type HiddenValues = ReadonlyMap<string, unknown>

const adopted = new Map<string, { value: unknown; users: number }>()

/** What `options` hides in its properties, for another thread; empty where it hides nothing. */
export function hiddenIn(options: unknown): HiddenValues {
  const properties: unknown[] = typeof options === 'object' && options !== null ? Object.values(options) : []
  return new Map(properties.flatMap(property => (property instanceof Hidden ? [[property.hidden, property.shared] as const] : [])))
}

/** Takes values of another thread, so that references to them lead to them here; the result lets go of them. */
export function adoptHidden(values: HiddenValues): () => void {
  for (const [number, value] of values) adopted.set(number, { value, users: (adopted.get(number)?.users ?? 0) + 1 })
  return () => {
    for (const number of values.keys()) {
      const held = adopted.get(number)
      if (held && --held.users === 0) adopted.delete(number)
    }
  }
}

/** The value behind a reference: itself in the thread that hid it, what it shares in others. Undefined where this thread has none. */
export function hiddenValue(reference: HiddenReference): unknown {
  return reference instanceof Hidden ? reference.value : adopted.get(reference.hidden)?.value
}
