// A result in the program's own memory: columns copied out of the engine once. Rows are made when asked for.
import { textTable } from '../base/text-table.ts'
import { columnIndex, type Field, schemaText, visible } from '../batch/schema.ts'
import { isNumeric } from '../batch/data-type.ts'
import type { Value } from '../batch/read-values.ts'
import { inPage } from '../device/machine.ts'
import { jsonValue } from '../batch/value-text.ts'
import type { StepTotals } from '../schedule/messages.ts'
import type { JobMetrics } from '../schedule/metrics.ts'
import { toArrowTable } from './arrow.ts'
import { cellText } from './cell-text.ts'
import type { OwnedChunk } from './owned-columns.ts'

/** What a run cost, beside its result. */
export interface TableStats extends JobMetrics {
  /** By step, sources included: rows in and out, bytes of the columns it gave, its own milliseconds, bytes spilled, all summed over threads; and its device. */
  readonly steps: Readonly<Record<string, StepTotals & { device: 'wasm' | 'webgpu' }>>
}

/** How int64 values come out: exact bigints, or numbers (a DataError where one isn't exact). */
export type Int64Form = 'bigint' | 'number'

const timeKinds: ReadonlySet<string> = new Set(['date', 'time', 'timestamp', 'duration'])

/** Rows in columns, owned by the program: no engine is needed to read them. */
export class Table {
  readonly stats: TableStats
  readonly #fields: readonly Field[]
  readonly #chunks: readonly OwnedChunk[]
  readonly numRows: number

  constructor(fields: readonly Field[], chunks: readonly OwnedChunk[], stats: TableStats) {
    this.#fields = visible(fields)
    this.#chunks = chunks
    this.stats = stats
    this.numRows = chunks.reduce((sum, c) => sum + c.rowCount, 0)
  }

  /** Column names to type names. */
  get schema(): Record<string, string> {
    return schemaText(this.#fields)
  }
  get columnNames(): string[] {
    return this.#fields.map(f => f.name)
  }

  /** A column by name. Throws PlanError NO_COLUMN. */
  column(name: string): { readonly length: number; get(row: number): Value; toArray(): Value[]; toFloat64Array(): Float64Array } {
    const index = columnIndex(this.#fields, name, 'table')
    const values = () => this.#chunks.flatMap(chunk => Array.from({ length: chunk.rowCount }, (_, row) => chunk.columns[index]!.get(row)))
    return {
      length: this.numRows,
      get: row => {
        let at = row
        for (const chunk of this.#chunks) {
          if (at < chunk.rowCount) return chunk.columns[index]!.get(at)
          at -= chunk.rowCount
        }
        return null
      },
      toArray: values,
      toFloat64Array: () => Float64Array.from(values(), v => (v === null ? Number.NaN : Number(v))),
    }
  }

  *[Symbol.iterator](): Generator<Record<string, Value>> {
    for (const chunk of this.#chunks) {
      for (let row = 0; row < chunk.rowCount; row++) {
        const result: Record<string, Value> = {}
        this.#fields.forEach((field, i) => (result[field.name] = chunk.columns[i]!.get(row)))
        yield result
      }
    }
  }

  /** All rows as plain objects. */
  toArray(): Record<string, Value>[] {
    return [...this]
  }

  /** Rows as JSON can hold them: int64 as numbers where exact, else as text; times as ISO text, decimals as text; binary as base64; NaN and infinities as null. */
  toJSON(): Record<string, unknown>[] {
    return this.toArray().map(row => Object.fromEntries(this.#fields.map(f => [f.name, jsonValue(row[f.name]!, f.type)])))
  }

  /** An apache-arrow Table over the same memory. */
  toArrow(): import('apache-arrow').Table {
    return toArrowTable(this.#fields, this.#chunks)
  }

  /** The rows as text that fits `width` cells: the first `rows` of them, with names and types on top. Timestamps stand as the clock of their zone shows them. */
  toString(options: { rows?: number; width?: number; color?: boolean } = {}): string {
    const shown = options.rows ?? 20
    const rows: (string | null)[][] = []
    const show = this.#fields.map(f => cellText(f.type))
    for (const row of this) {
      if (rows.length === shown) break
      rows.push(this.#fields.map((f, i) => (row[f.name] === null ? null : show[i]!(row[f.name]!))))
    }
    const header = this.#fields.map(f => ({ name: f.name, type: schemaText([f])[f.name]!, numeric: isNumeric(f.type) || timeKinds.has(f.type.kind) }))
    return textTable(header, rows, { width: options.width, color: options.color, moreRows: this.numRows - rows.length })
  }

  /** Prints the table, fitted to the terminal. */
  print(options: { rows?: number } = {}): void {
    const terminal = inPage ? {} : { width: process.stdout.columns, color: process.stdout.isTTY }
    console.log(this.toString({ ...options, ...terminal }))
  }
}
