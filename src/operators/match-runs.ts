// Matching: each partition has one first row at a time, and from it all ways to go on, the preferred first. A match is certain once no preferred way is left; then the
// next first row is tried by what `skip` says. A run that waits for rows stays where it had got to, or is done again where it had come to few.
import { DataError } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import type { Device } from '../device/device.ts'
import type { MatchContexts } from './match-contexts.ts'
import { accept } from './match-pattern.ts'
import { MatchPaths } from './match-paths.ts'
import type { MatchProgram } from './match-program.ts'
import type { MatchRows } from './match-rows.ts'
import { exactReader, type Scalar, type ScalarSource, scalarOf } from './match-scalars.ts'

/** Runs that have taken more rows are kept; others are done again. */
const keptRowsMin = 8
/** Ways that one run may have. */
const waysMax = 100_000

interface Run {
  readonly paths: MatchPaths
  states: number[]
  entries: number[]
  /** The last entry of the match that counts if all that is preferred fails; −1 while there is none. */
  accepted: number
  next: number
  taken: number
}

interface Test {
  readonly scalar: Scalar | undefined
  readonly slow: number
}

/** What is called with a match that is certain: its path, and the time that made it so. */
export type OnMatch = (paths: MatchPaths, entry: number, partition: number, certain: number) => void

/** The runs of all partitions over `rows`. */
export class MatchRuns {
  readonly #device: Device
  readonly #program: MatchProgram
  readonly #rows: MatchRows
  readonly #within: number
  readonly #where: string
  readonly #onMatch: OnMatch
  readonly #contexts: MatchContexts
  readonly #isPlain: boolean
  readonly #bits: readonly number[]
  #kept = new Map<number, Run>()
  #spare: Run
  #paths!: MatchPaths
  #columns: readonly Column[] = []
  #readers: ((row: number) => number | bigint | null)[] = []
  readonly #tests: readonly (readonly Test[])[]
  readonly #seen: Int32Array
  #stamp = 0

  constructor(device: Device, program: MatchProgram, rows: MatchRows, contexts: MatchContexts, within: number | undefined, where: string, onMatch: OnMatch) {
    this.#device = device
    this.#program = program
    this.#rows = rows
    this.#contexts = contexts
    this.#within = within ?? Number.POSITIVE_INFINITY
    this.#where = where
    this.#onMatch = onMatch
    let bit = 0
    this.#bits = program.conditions.map(c => (c.byRow ? 1 << bit++ : 0))
    this.#isPlain = program.conditions.every(c => c.byMatch.length === 0)
    this.#seen = new Int32Array(program.pattern.takes.length).fill(-1)
    const source = this.#source()
    this.#tests = program.conditions.map(c => c.byMatch.map(bound => ({ scalar: scalarOf(bound, source), slow: contexts.condition(bound) })))
    this.#spare = this.#newRun()
    this.#paths = this.#spare.paths
  }

  /** Reads rows anew: to be called when rows have been added or memory has grown. */
  refresh(): void {
    this.#columns = this.#rows.store.batch().columns
    this.#readers = this.#columns.map(column => exactReader(this.#device.memory, column))
    this.#spare.paths.use(this.#readers)
    for (const run of this.#kept.values()) run.paths.use(this.#readers)
  }

  /** A reader of a stored column's values. */
  reader(column: number): (row: number) => number | bigint | null {
    return this.#readers[column]!
  }

  /** Goes on in a partition as far as its rows go. */
  process(partition: number): void {
    const rows = this.#rows
    for (let start = rows.start[partition]!; start >= 0; start = rows.start[partition]!) {
      const run = this.#kept.get(partition) ?? this.#begin(start)
      this.#paths = run.paths
      let certain = this.#go(run, start)
      if (run.states.length > 0) {
        if (run !== this.#spare || run.taken <= keptRowsMin) return
        this.#kept.set(partition, run)
        this.#spare = this.#newRun()
        this.#spare.paths.use(this.#readers)
        return
      }
      if (certain < 0) certain = start
      this.#settle(run, partition, start, rows.times[certain]!)
    }
  }

  /** Takes it that no rows come that could go on the match that begins with `start`, if a match may still begin there. */
  expire(start: number, certain: number): void {
    const rows = this.#rows
    const partition = rows.partition[start]!
    if (rows.start[partition] !== start) return
    const run = this.#kept.get(partition) ?? this.#begin(start)
    this.#paths = run.paths
    this.#go(run, start)
    this.#settle(run, partition, start, certain)
    this.process(partition)
  }

  /** Gives rows and partitions their new numbers. */
  renumber(numbers: { readonly rows: Int32Array; readonly partitions: Int32Array }): void {
    const kept = new Map<number, Run>()
    for (const [partition, run] of this.#kept) {
      run.paths.renumber(numbers.rows)
      run.next = run.next >= 0 ? numbers.rows[run.next]! : -2 - numbers.rows[-2 - run.next]!
      kept.set(numbers.partitions[partition]!, run)
    }
    this.#kept = kept
  }

  #begin(start: number): Run {
    const run = this.#spare
    run.paths.count = 0
    run.states = this.#program.pattern.first.slice()
    run.entries = run.states.map(() => -1)
    run.accepted = -1
    run.next = start
    run.taken = 0
    return run
  }

  // Gives the run rows until nothing is left to decide or no row is there. Returns the row that decided, −1 where none did.
  #go(run: Run, start: number): number {
    const rows = this.#rows
    const end = rows.times[start]! + this.#within
    // A kept run had come to the last row, behind which there may be further ones now.
    let row = run.next >= 0 ? run.next : rows.next[-2 - run.next]!
    while (run.states.length > 0 && row >= 0) {
      if (rows.times[row]! >= end) run.states = run.entries = []
      else {
        this.#take(run, row)
        run.taken++
      }
      if (run.states.length === 0) return row
      const next = rows.next[row]!
      run.next = next >= 0 ? next : -2 - row
      row = next
    }
    return -1
  }

  #take(run: Run, row: number): void {
    const { takes, next } = this.#program.pattern
    const { states, entries, paths } = run
    const stamp = ++this.#stamp
    run.states = []
    run.entries = []
    for (let i = 0; i < states.length; i++) {
      const entry = this.#entry(paths, entries[i]!, row, takes[states[i]!]!)
      if (entry < 0) continue
      for (const following of next[states[i]!]!) {
        if (following === accept) {
          run.accepted = entry
          return
        }
        if (this.#isPlain) {
          // Where conditions don't look at the match, the preferred way to a state has the same future as any other.
          if (this.#seen[following] === stamp) continue
          this.#seen[following] = stamp
        }
        run.states.push(following)
        run.entries.push(entry)
      }
    }
    if (run.states.length > waysMax)
      throw new DataError('MATCH_WAYS', `${this.#where}: a match has more than ${waysMax} ways to go on, since its definitions look at the match so far and its variables overlap; make them exclude each other, or repeat less`)
  }

  #entry(paths: MatchPaths, parent: number, row: number, variable: number): number {
    const bit = this.#bits[variable]!
    if (bit !== 0 && (this.#rows.masks[row]! & bit) === 0) return -1
    const entry = paths.add(parent, row, variable)
    for (const { scalar, slow } of this.#tests[variable]!) {
      const known = scalar?.(row, entry)
      if (known === true) continue
      if (known !== undefined || !this.#compute(slow, paths, entry)) {
        paths.count = entry
        return -1
      }
    }
    return entry
  }

  #compute(slow: number, paths: MatchPaths, entry: number): boolean {
    const holds = this.#contexts.holds(slow, paths, entry, column => this.#readers[column]!)
    this.refresh()
    return holds
  }

  #settle(run: Run, partition: number, start: number, certain: number): void {
    if (run !== this.#spare) this.#kept.delete(partition)
    const rows = this.#rows
    if (run.accepted < 0) {
      rows.start[partition] = rows.next[start]!
      return
    }
    this.#onMatch(run.paths, run.accepted, partition, certain)
    rows.start[partition] = this.#nextStart(run, start)
  }

  #nextStart({ paths, accepted }: Run, start: number): number {
    const { next } = this.#rows
    const { to, variable } = this.#program.skip
    if (to === 'past-last-row') return next[paths.row(accepted)]!
    if (to === 'to-next-row') return next[start]!
    const taken = [...paths.rowsOf(variable, accepted)]
    const name = this.#program.pattern.variables[variable]
    const row = to === 'first' ? taken.at(-1) : taken[0]
    if (row === undefined) throw new DataError('MATCH_SKIP', `${this.#where}: a match has no row of "${name}" to skip to; skip to a variable that every match has, 'past-last-row' or 'to-next-row'`)
    if (row === start) throw new DataError('MATCH_SKIP', `${this.#where}: the ${to} row of "${name}" is the first row of the match, where matching would go on for ever; skip to a later variable, or 'to-next-row'`)
    return row
  }

  #newRun(): Run {
    const { pattern, references } = this.#program
    return { paths: new MatchPaths(pattern.variables.length, references), states: [], entries: [], accepted: -1, next: -1, taken: 0 }
  }

  #source(): ScalarSource {
    const { references, stored } = this.#program
    const plain = (value: number | bigint | null) => (typeof value === 'bigint' ? undefined : value)
    return {
      storedCount: stored.length,
      column: index => row => plain(this.#readers[index]!(row)),
      reference: index => {
        const reference = references[index]!
        const read = (row: number) => (row < 0 ? null : plain(this.#readers[reference.column]!(row)))
        if (reference.fn === 'previous') return row => read(this.#rows.rowBefore(row, reference.offset))
        if (reference.fn === 'last' || reference.fn === 'first') return (_, entry) => read(this.#paths.row(this.#paths.entryOf(reference, entry)))
        return (_, entry) => this.#paths.value(reference, entry)
      },
    }
  }
}
