// References as columns: for the measures of many matches at once, and for conditions of one row that only the kernels can compute.
import type { Batch, Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { isFloat } from '../batch/data-type.ts'
import { valueReader } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { evaluate } from '../expr/evaluate.ts'
import type { Bound } from '../expr/function.ts'
import { type ExactReader, isBetter, type MatchPaths } from './match-paths.ts'
import type { MatchProgram } from './match-program.ts'
import type { MatchReference } from './match-references.ts'
import { gatherSome, type MatchRows } from './match-rows.ts'

/** Matches as they are found: the last row of each, and what each reference gives: a row, or a value. */
export interface Contexts {
  readonly rows: number[]
  readonly references: (number | bigint | null)[][]
}

/** True for references whose value lies in a row. */
const isRow = ({ fn }: MatchReference) => fn !== 'sum' && fn !== 'mean' && fn !== 'count'

/** Makes contexts and columns of them. */
export class MatchContexts {
  readonly #device: Device
  readonly #program: MatchProgram
  readonly #rows: MatchRows
  readonly #where: string
  readonly #conditions: Bound[] = []
  constructor(device: Device, program: MatchProgram, rows: MatchRows, where: string) {
    this.#device = device
    this.#program = program
    this.#rows = rows
    this.#where = where
  }

  /** No contexts yet. */
  empty(): Contexts {
    return { rows: [], references: this.#program.references.map(() => []) }
  }

  /** Adds the context of a path that ends with `entry`. */
  add(to: Contexts, paths: MatchPaths, entry: number, reader: (column: number) => ExactReader): void {
    const row = paths.row(entry)
    to.rows.push(row)
    this.#program.references.forEach((reference, i) => to.references[i]!.push(this.#valueOf(reference, paths, entry, row, reader)))
  }

  #valueOf(reference: MatchReference, paths: MatchPaths, entry: number, row: number, reader: (column: number) => ExactReader): number | bigint | null {
    const { fn, variable, column, offset } = reference
    if (fn === 'previous') return this.#rows.rowBefore(row, offset)
    if (fn === 'last' || fn === 'first') return paths.row(paths.entryOf(reference, entry))
    const rows = [...paths.rowsOf(variable, entry)].reverse()
    if (column < 0) return rows.length
    const read = reader(column)
    const taken = rows.filter(r => read(r) !== null)
    if (fn === 'count') return taken.length
    if (fn === 'min' || fn === 'max') return taken.length === 0 ? -1 : taken.reduce((best, r) => (isBetter(fn, read(r)!, read(best)!) ? r : best))
    if (taken.length === 0) return null
    const sum = sumOf(taken.map(r => read(r)!), isFloat(this.#program.stored[column]!.type))
    return fn === 'sum' ? sum : Number(sum) / taken.length
  }

  /** The stored columns at the last rows, and the references behind them. */
  batch(arena: Arena, { rows, references }: Contexts): Batch {
    const stored = this.#rows.store.batch()
    const at = Int32Array.from(rows)
    const columns = stored.columns.map(column => gatherSome(this.#device, arena, column, at))
    this.#program.references.forEach((reference, i) => {
      const { field, column } = reference
      columns.push(isRow(reference) ? gatherSome(this.#device, arena, stored.columns[column]!, Int32Array.from(references[i] as number[])) : buildColumn(this.#device, arena, field, references[i]!, `${this.#where}, ${reference.fn}()`))
    })
    return { fields: [...stored.fields, ...this.#program.references.map(r => r.field)], rowCount: rows.length, columns, arena: arena.address }
  }

  /** The columns of the measures. */
  measures(arena: Arena, batch: Batch): Column[] {
    return this.#program.measures.map(bound => evaluate(this.#device, arena, bound, batch, this.#where))
  }

  /** A number for a condition that `holds` computes. */
  condition(bound: Bound): number {
    return this.#conditions.push(bound) - 1
  }

  /** Computes a condition at the end of a path. Cost: some microseconds. */
  holds(condition: number, paths: MatchPaths, entry: number, reader: (column: number) => ExactReader): boolean {
    const arena = this.#device.arena()
    try {
      const one = this.empty()
      this.add(one, paths, entry, reader)
      const column = evaluate(this.#device, arena, this.#conditions[condition]!, this.batch(arena, one), this.#where)
      return valueReader(this.#device.memory, column)(0) === true
    } finally {
      arena.release()
    }
  }
}

function sumOf(values: readonly (number | bigint)[], isFloat: boolean): number | bigint {
  const sum = values.reduce<number>((total, value) => total + Number(value), 0)
  if (isFloat || (Number.isSafeInteger(sum) && values.every(value => typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER / values.length))) return sum
  return values.reduce<bigint>((total, value) => total + BigInt(value), 0n)
}
