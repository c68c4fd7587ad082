// An (async) iterable as a source. An item is a row, an array of rows, or columns: arrays of equal length by name. What has come is handed on when a
// batch is full, or when nothing more comes for a moment.
import { within } from '../base/clock.ts'
import { DataError } from '../base/errors.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { FeedContext, FeedReader } from './source.ts'
import { userError } from './user-source.ts'
import { columnsBatch, rowsBatch } from './values-batch.ts'

const waitMs = 50
type Columns = Readonly<Record<string, ArrayLike<unknown>>>
type RowObject = Record<string, unknown>

/** Reads `iterable` from row `start` on: a replay skips what an earlier run has taken, so the iterable must begin anew each time. Throws DataError VALUE_TYPE, COLUMN_LENGTH. */
export async function iterableReader(context: FeedContext, fields: Fields, iterable: AsyncIterable<unknown> | Iterable<unknown>, start: number): Promise<FeedReader> {
  const iterator = (Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()) as AsyncIterator<unknown>
  const waiting = new Waiting(context, fields)
  let pending: Promise<IteratorResult<unknown>> | undefined
  let ended = false
  const take = async (): Promise<boolean> => {
    pending ??= (async () => iterator.next())()
    const result = await within(context.clock, waitMs, pending).catch(thrown => {
      throw userError(thrown, context.where, 'iterable', false) // a generator that threw would give nothing the next time
    })
    if (result === undefined) return false
    pending = undefined
    if (result.done) ended = true
    else waiting.add(result.value)
    return true
  }
  return {
    async next() {
      while (!ended && waiting.rows < context.batchRows()) if (!(await take())) break
      if (waiting.taken < start) waiting.skip(start - waiting.taken)
      if (waiting.rows === 0) return ended ? undefined : 'idle'
      return waiting.batch(context.batchRows())
    },
    position: () => Math.max(waiting.taken, start),
    async close() {
      await iterator.return?.()
    },
  }
}

/** Items in the order in which they came, rows and columns in turns. */
class Waiting {
  readonly #context: FeedContext
  readonly #fields: Fields
  readonly #items: ({ rows: RowObject[]; length: number } | { columns: Columns; length: number })[] = []
  /** Rows of the first item that have been taken. */
  #at = 0
  /** Rows that wait. */
  rows = 0
  /** Rows that were taken or skipped. */
  taken = 0
  constructor(context: FeedContext, fields: Fields) {
    this.#context = context
    this.#fields = fields
  }

  add(value: unknown): void {
    const length = columnsLength(value, this.#fields, this.#context.where)
    if (length === undefined) return this.#addRows(Array.isArray(value) ? value : [value])
    if (length > 0) this.#items.push({ columns: value as Columns, length })
    this.rows += length
  }

  #addRows(values: readonly unknown[]): void {
    const rows = values.map(row => checked(row, this.#context.where))
    const last = this.#items.at(-1)
    this.rows += rows.length
    if (last && 'rows' in last && last.length + rows.length <= this.#context.batchRows()) {
      for (const row of rows) last.rows.push(row)
      last.length += rows.length
    } else if (rows.length > 0) this.#items.push({ rows, length: rows.length })
  }

  skip(count: number): void {
    for (let left = Math.min(count, this.rows); left > 0; ) left -= this.#pass(left)
  }

  /** At most `limit` rows, of one item. */
  batch(limit: number): Batch {
    const first = this.#items[0]!
    const [start, end] = [this.#at, Math.min(first.length, this.#at + limit)]
    const batch = 'rows' in first ? rowsBatch(this.#context, this.#fields, first.rows.slice(start, end)) : columnsBatch(this.#context, this.#fields, first.columns, start, end)
    this.#pass(end - start)
    return batch
  }

  #pass(count: number): number {
    const first = this.#items[0]!
    const passed = Math.min(count, first.length - this.#at)
    this.#at += passed
    this.rows -= passed
    this.taken += passed
    if (this.#at === first.length) {
      this.#items.shift()
      this.#at = 0
    }
    return passed
  }
}

// Columns are told from a row by their values: an array for each field, though not every field is a list. Undefined for anything else.
function columnsLength(value: unknown, fields: Fields, where: string): number | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value as Columns)
  const isArray = (v: unknown) => Array.isArray(v) || (ArrayBuffer.isView(v) && !(v instanceof DataView))
  const holdsArrays = (kind: string) => kind === 'list' || kind === 'fixedList' || kind === 'binary' || kind === 'fixedBinary' || kind === 'map'
  if (entries.length === 0 || !entries.every(([, v]) => isArray(v)) || fields.every(f => holdsArrays(f.type.kind))) return undefined
  const length = entries[0]![1].length
  for (const [name, column] of entries) {
    if (column.length !== length) throw new DataError('COLUMN_LENGTH', `${where}: column "${name}" has ${column.length} values, "${entries[0]![0]}" has ${length}; give columns of equal length`)
  }
  const missing = fields.find(f => !f.nullable && !(f.name in value))
  if (missing) throw new DataError('NULL_VALUE', `${where}: the iterable gave columns ${entries.map(([name]) => name).join(', ')} without "${missing.name}", whose type allows no nulls`)
  return length
}

function checked(row: unknown, where: string): RowObject {
  if (typeof row === 'object' && row !== null) return row as RowObject
  throw new DataError('VALUE_TYPE', `${where}: the iterable gave ${String(row)}; give rows (objects by column name), arrays of rows, or columns (arrays by name)`)
}
