// Which rows a partial match has given to which variables: chains of entries, each behind the one before it, shared by partial matches that began alike. What definitions ask
// for again and again lies in each entry: the first and last of each variable, and aggregates so far.
import type { MatchReference } from './match-references.ts'

/** Reads a row's value: a number where it is exact, a bigint where it isn't, null. */
export type ExactReader = (row: number) => number | bigint | null

const aggregates = ['sum', 'mean', 'min', 'max', 'count']

/** Chains of entries. An entry is a number; −1 is the empty chain. */
export class MatchPaths {
  count = 0
  readonly #width: number
  readonly #running: readonly MatchReference[]
  readonly #slots: ReadonlyMap<MatchReference, number>
  #room = 16
  #rows = new Int32Array(16)
  #parents = new Int32Array(16)
  #firsts: Int32Array
  #lasts: Int32Array
  #values: Float64Array
  #readers: readonly ExactReader[] = []

  /** `running`: the references whose aggregates definitions ask for. */
  constructor(variableCount: number, running: readonly MatchReference[]) {
    this.#width = variableCount
    this.#running = running.filter(r => aggregates.includes(r.fn))
    this.#slots = new Map(this.#running.map((r, i) => [r, 2 * i]))
    this.#firsts = new Int32Array(this.#room * variableCount)
    this.#lasts = new Int32Array(this.#room * variableCount)
    this.#values = new Float64Array(this.#room * 2 * this.#running.length)
  }

  /** Sets the readers of the stored columns; to be called when these have changed. */
  use(readers: readonly ExactReader[]): void {
    this.#readers = readers
  }

  /** Adds a row of a variable behind `parent`. */
  add(parent: number, row: number, variable: number): number {
    if (this.count === this.#room) this.#grow()
    const entry = this.count++
    const width = this.#width
    this.#rows[entry] = row
    this.#parents[entry] = parent
    const [to, from] = [entry * width, parent * width]
    for (let v = 0; v < width; v++) {
      this.#firsts[to + v] = parent < 0 ? -1 : this.#firsts[from + v]!
      this.#lasts[to + v] = parent < 0 ? -1 : this.#lasts[from + v]!
    }
    this.#lasts[to + variable] = entry
    if (this.#firsts[to + variable]! < 0) this.#firsts[to + variable] = entry
    for (let i = 0; i < this.#running.length; i++) this.#run(i, entry, parent, row, variable)
    return entry
  }

  #run(i: number, entry: number, parent: number, row: number, variable: number): void {
    const { fn, variable: of, column } = this.#running[i]!
    const values = this.#values
    const size = 2 * this.#running.length
    const at = entry * size + 2 * i
    values[at] = parent < 0 ? 0 : values[parent * size + 2 * i]!
    values[at + 1] = parent < 0 ? 0 : values[parent * size + 2 * i + 1]!
    if (of >= 0 && of !== variable) return
    const value = column < 0 ? 0 : this.#readers[column]!(row)
    if (value === null) return
    const before = values[at]!
    const isFirst = values[at + 1]!++ === 0
    // What is beyond exact numbers is infinite here, and computed by the kernels.
    const number = typeof value === 'bigint' ? Number.POSITIVE_INFINITY : value
    if (fn === 'sum' || fn === 'mean') values[at] = before + number
    else if (fn !== 'count') values[at] = number === Number.POSITIVE_INFINITY || before === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : isFirst || isBetter(fn, number, before) ? number : before
  }

  /** The aggregate so far; undefined where a number doesn't hold it exactly. */
  value(reference: MatchReference, entry: number): number | null | undefined {
    const at = entry * 2 * this.#running.length + this.#slots.get(reference)!
    const [value, count] = [this.#values[at]!, this.#values[at + 1]!]
    if (reference.fn === 'count') return count
    if (count === 0) return null
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined
    return reference.fn === 'mean' ? value / count : value
  }

  /** The entry of a `last` or `first` reference; −1 where there is none. */
  entryOf({ fn, variable, offset }: MatchReference, entry: number): number {
    const width = this.#width
    if (fn === 'first' && offset === 0 && variable >= 0) return this.#firsts[entry * width + variable]!
    let skip = offset
    if (fn === 'first') skip = this.#countOf(variable, entry) - 1 - offset
    if (skip < 0) return -1
    let at = variable < 0 ? entry : this.#lasts[entry * width + variable]!
    for (; skip > 0 && at >= 0; skip--) {
      const parent = this.#parents[at]!
      at = parent < 0 || variable < 0 ? parent : this.#lasts[parent * width + variable]!
    }
    return at
  }

  /** The row of an entry, −1 of none. */
  row(entry: number): number {
    return entry < 0 ? -1 : this.#rows[entry]!
  }

  /** The rows of a variable, or of all (−1), the last first. */
  *rowsOf(variable: number, entry: number): Generator<number> {
    for (let at = variable < 0 || entry < 0 ? entry : this.#lasts[entry * this.#width + variable]!; at >= 0; ) {
      yield this.#rows[at]!
      const parent = this.#parents[at]!
      at = parent < 0 || variable < 0 ? parent : this.#lasts[parent * this.#width + variable]!
    }
  }

  /** Gives rows their new numbers. */
  renumber(numbers: Int32Array): void {
    for (let i = 0; i < this.count; i++) this.#rows[i] = numbers[this.#rows[i]!]!
  }

  #countOf(variable: number, entry: number): number {
    let count = 0
    for (const _ of this.rowsOf(variable, entry)) count++
    return count
  }

  #grow(): void {
    this.#room *= 2
    const larger = <A extends Int32Array | Float64Array>(old: A, made: A): A => {
      made.set(old)
      return made
    }
    this.#rows = larger(this.#rows, new Int32Array(this.#room))
    this.#parents = larger(this.#parents, new Int32Array(this.#room))
    this.#firsts = larger(this.#firsts, new Int32Array(this.#room * this.#width))
    this.#lasts = larger(this.#lasts, new Int32Array(this.#room * this.#width))
    this.#values = larger(this.#values, new Float64Array(this.#room * 2 * this.#running.length))
  }
}

/** True where `value` takes the place of `best` as the least (`min`) or greatest; NaN is above all numbers. */
export function isBetter(fn: string, value: number | bigint, best: number | bigint): boolean {
  if (fn === 'min') return value < best || (Number.isNaN(best) && !Number.isNaN(value))
  return value > best || (Number.isNaN(value) && !Number.isNaN(best))
}
