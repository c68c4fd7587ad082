// Rows looked up by a function that answers later: the keys of rows that wait at the same time go into one call, and answers are kept for as long as is said.
import { DataError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { AsyncOptions } from './function-methods.ts'
import { wholeNumber } from './steps.ts'

/** How a function is asked, beside what `mapAsync` says: `capacity` is the rows that wait at a time, 4,096 unless said. */
export interface LookupOptions extends AsyncOptions {
  /** Keys of one call at most; 256 unless said. */
  readonly batch?: number
  /** Answers that are kept: so many, the least recently used go first; for so long, else as long as the frame is there. That there is none is an answer, too. */
  readonly cache?: { readonly rows: number; readonly ttl?: Duration }
}

/** What a key has: a row, several, or none. */
export type LookupAnswer<R> = R | readonly R[] | null | undefined
/** Asks for keys, each once; answers are as many, in their order. */
type Ask = (keys: readonly unknown[]) => unknown

interface Kept {
  readonly rows: readonly object[]
  readonly until: number
}
interface Waiting {
  readonly key: unknown
  readonly answered: Promise<readonly object[]>
  readonly settle: (rows: readonly object[]) => void
  readonly refuse: (error: unknown) => void
}

const optionNames = ['left', 'schema', 'how', 'batch', 'cache', 'capacity', 'ordered', 'timeout', 'retries', 'backoff']

/** Keys on their way to a function. An error is every waiting row's, and nothing of it is kept. Times are milliseconds of `now`. */
export class KeyLoader {
  readonly #ask: Ask
  readonly #batch: number
  readonly #cache: { readonly rows: number; readonly ttlMs: number } | undefined
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()
  readonly #waiting = new Map<string, Waiting>()
  #next: [string, Waiting][] = []
  constructor(ask: Ask, { batch, cache }: { readonly batch: number; readonly cache?: { readonly rows: number; readonly ttlMs: number } }, now: () => number = Date.now) {
    this.#ask = ask
    this.#batch = batch
    this.#cache = cache
    this.#now = now
  }

  /** The rows of a key; of keys that are under way already the same answer. Once `signal` is aborted, the answer under way is waited for by no further row. */
  load(key: unknown, signal?: AbortSignal): Promise<readonly object[]> | readonly object[] {
    const text = textOf(key)
    const kept = this.#kept.get(text)
    if (kept && kept.until > this.#now()) {
      this.#kept.delete(text)
      this.#kept.set(text, kept)
      return kept.rows
    }
    const known = this.#waiting.get(text)
    if (known) return this.#until(signal, text, known)
    let settle!: Waiting['settle']
    let refuse!: Waiting['refuse']
    const answered = new Promise<readonly object[]>((resolve, reject) => {
      settle = resolve
      refuse = reject
    })
    const waiting = { key, answered, settle, refuse }
    this.#waiting.set(text, waiting)
    if (this.#next.length === 0) queueMicrotask(() => this.#send())
    this.#next.push([text, waiting])
    if (this.#next.length === this.#batch) this.#send()
    return this.#until(signal, text, waiting)
  }

  #until(signal: AbortSignal | undefined, text: string, waiting: Waiting): Promise<readonly object[]> {
    signal?.addEventListener('abort', () => this.#forget(text, waiting), { once: true })
    return waiting.answered
  }

  // Another call may be under way for the key by now.
  #forget(text: string, waiting: Waiting): void {
    if (this.#waiting.get(text) === waiting) this.#waiting.delete(text)
  }

  #send(): void {
    const asked = this.#next
    this.#next = []
    if (asked.length === 0) return
    new Promise(resolve => resolve(this.#ask(asked.map(([, { key }]) => key)))).then(
      answers => {
        try {
          const all = checked(answers, asked.length)
          asked.forEach(([text, waiting], i) => {
            this.#forget(text, waiting)
            this.#keep(text, all[i]!)
            waiting.settle(all[i]!)
          })
        } catch (error) {
          this.#fail(asked, error)
        }
      },
      error => this.#fail(asked, error),
    )
  }

  #fail(asked: readonly [string, Waiting][], error: unknown): void {
    for (const [text, waiting] of asked) {
      this.#forget(text, waiting)
      waiting.refuse(error)
    }
  }

  #keep(text: string, rows: readonly object[]): void {
    if (!this.#cache) return
    this.#kept.delete(text)
    this.#kept.set(text, { rows, until: this.#now() + this.#cache.ttlMs })
    while (this.#kept.size > this.#cache.rows) this.#kept.delete(this.#kept.keys().next().value!)
  }
}

/** Checked options of a lookup by a function. Throws PlanError LOOKUP, JOIN_HOW, JOIN_KEYS, DURATION. */
export function lookupOptions(options: LookupOptions & { readonly left?: unknown; readonly schema?: unknown; readonly how?: string }): {
  readonly keys: readonly string[]
  readonly how: string
  readonly loader: { readonly batch: number; readonly cache?: { readonly rows: number; readonly ttlMs: number } }
  readonly calls: AsyncOptions
} {
  const { left, schema, how = 'inner', batch = 256, cache, capacity = 4_096, ordered, timeout, retries, backoff } = options
  for (const name of Object.keys(options)) if (!optionNames.includes(name)) throw new PlanError('OPTION', `lookup: no option "${name}"${didYouMean(name, optionNames)}; there are ${optionNames.join(', ')}`)
  if (how !== 'inner' && how !== 'left') throw new PlanError('JOIN_HOW', `lookup: how "${how}" is unknown; by a function rows are looked up 'inner' or 'left'`)
  const keys = typeof left === 'string' ? [left] : Array.isArray(left) ? left : []
  if (keys.length === 0 || !keys.every(key => typeof key === 'string')) throw new PlanError('JOIN_KEYS', "lookup: no keys are given; give left: 'currency', or several names")
  if (typeof schema !== 'object' || schema === null || Object.keys(schema).length === 0) throw new PlanError('LOOKUP', 'lookup: give the columns of the answers, as in schema: { rate: \'float64\' }')
  const ttlMs = cache?.ttl === undefined ? Number.POSITIVE_INFINITY : parseDuration(cache.ttl, 'lookup: cache.ttl')
  const kept = cache && { rows: wholeNumber(cache.rows, 'lookup: cache.rows', 'LOOKUP', 1), ttlMs }
  const calls = { capacity, ...(ordered !== undefined && { ordered }), ...(timeout !== undefined && { timeout }), ...(retries !== undefined && { retries }), ...(backoff !== undefined && { backoff }) }
  return { keys, how, loader: { batch: wholeNumber(batch, 'lookup: batch', 'LOOKUP', 1), ...(kept && { cache: kept }) }, calls }
}

function checked(answers: unknown, count: number): readonly (readonly object[])[] {
  if (!Array.isArray(answers) || answers.length !== count)
    throw new DataError('USER_RESULT', `lookup: the function gave ${Array.isArray(answers) ? `${answers.length} answers` : String(answers)} for ${count} keys; give one for each, in their order: a row, a list of rows, or null`)
  return answers.map(answer => (answer === null || answer === undefined ? [] : Array.isArray(answer) ? answer : [answer]))
}

// Values of different types differ; those of several keys, too.
function textOf(key: unknown): string {
  if (Array.isArray(key)) return key.map(part => `${textOf(part).length}:${textOf(part)}`).join('')
  return key instanceof Uint8Array ? `bytes ${key.join()}` : `${typeof key} ${typeof key === 'object' ? JSON.stringify(key) : String(key)}`
}
