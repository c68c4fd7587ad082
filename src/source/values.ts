// Rows that the program holds: arrays of objects, typed arrays by column, or an async iterable of either. Read on the engine's thread.
import { within } from '../base/clock.ts'
import { DataError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { buildBatch, buildColumn } from '../batch/build-columns.ts'
import type { Fields } from '../batch/schema.ts'
import type { FeedContext, FeedReader, FeedSourceType } from './source.ts'
import { userError } from './user-source.ts'

/** Rows (objects by column name) or columns (arrays by name), and their fields. An iterable without an end makes the source unbounded. */
export interface ValuesOptions {
  readonly fields: Fields
  readonly rows?: readonly Record<string, unknown>[]
  readonly columns?: Readonly<Record<string, ArrayLike<unknown>>>
  readonly iterable?: AsyncIterable<unknown> | Iterable<unknown>
  readonly bounded: boolean
}

/** The feed behind `from(rows | columns | iterable)`. */
export const valuesFeed: FeedSourceType<ValuesOptions> = {
  kind: 'values',
  resolve: options => ({ fields: options.fields, bounded: options.bounded }),
  async open(context, options, position) {
    const start = typeof position === 'number' ? position : 0
    if (options.iterable) return iterableReader(context, options.fields, options.iterable, start)
    const { rows, columns } = options
    const length = rows?.length ?? Object.values(columns ?? {})[0]?.length ?? 0
    for (const [name, values] of Object.entries(columns ?? {})) {
      if (values.length !== length) throw new PlanError('COLUMN_LENGTH', `from: column "${name}" has ${values.length} values, the first has ${length}; give columns of equal length`)
    }
    let next = start
    return {
      async next() {
        if (next >= length) return undefined
        const end = Math.min(length, next + context.batchRows())
        const batch = rows ? rowsBatch(context, options.fields, rows.slice(next, end)) : columnsBatch(context, options.fields, columns!, next, end)
        next = end
        return batch
      },
      position: () => next,
      remaining: () => length - next,
      close: async () => {},
    }
  },
  describe: options => `${options.iterable ? 'an iterable' : options.rows ? `${options.rows.length} rows` : 'columns'} in memory`,
}

function rowsBatch(context: FeedContext, fields: Fields, rows: readonly Record<string, unknown>[]): Batch {
  const arena = context.device.arena()
  try {
    return buildBatch(context.device, arena, fields, rows, context.where)
  } catch (error) {
    arena.release()
    throw error
  }
}

function columnsBatch(context: FeedContext, fields: Fields, columns: Readonly<Record<string, ArrayLike<unknown>>>, start: number, end: number): Batch {
  const { device } = context
  const arena = device.arena()
  try {
    const built = fields.map(field => buildColumn(device, arena, field, slice(columns[field.name] ?? [], start, end), context.where))
    return { fields, rowCount: end - start, columns: built, arena: arena.address }
  } catch (error) {
    arena.release()
    throw error
  }
}

function slice(values: ArrayLike<unknown>, start: number, end: number): ArrayLike<unknown> {
  return Array.isArray(values) ? values.slice(start, end) : ArrayBuffer.isView(values) ? (values as unknown as Float64Array).subarray(start, end) : Array.from(values).slice(start, end)
}

const waitMs = 50

// Items may be rows or arrays of rows. A replay skips what an earlier run has taken, so the iterable must begin anew each time.
async function iterableReader(context: FeedContext, fields: Fields, iterable: AsyncIterable<unknown> | Iterable<unknown>, start: number): Promise<FeedReader> {
  const iterator = (Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()) as AsyncIterator<unknown>
  let taken = 0
  let pending: Promise<IteratorResult<unknown>> | undefined
  const waiting: Record<string, unknown>[] = []
  let ended = false
  const take = async (): Promise<boolean> => {
    pending ??= (async () => iterator.next())()
    const result = await within(context.clock, waitMs, pending).catch(thrown => {
      throw userError(thrown, context.where, 'iterable', false) // a generator that threw would give nothing the next time
    })
    if (result === undefined) return false
    pending = undefined
    if (result.done) ended = true
    else for (const row of Array.isArray(result.value) ? result.value : [result.value]) waiting.push(checked(row, context.where))
    return true
  }
  return {
    async next() {
      while (!ended && waiting.length < context.batchRows()) if (!(await take())) break
      if (waiting.length === 0) return ended ? undefined : 'idle'
      const rows = waiting.splice(0, context.batchRows())
      taken += rows.length
      const fresh = taken <= start ? [] : rows.slice(Math.max(0, start - (taken - rows.length)))
      return fresh.length === 0 ? 'idle' : rowsBatch(context, fields, fresh)
    },
    position: () => Math.max(taken, start) as Json,
    async close() {
      await iterator.return?.()
    },
  }
}

function checked(row: unknown, where: string): Record<string, unknown> {
  if (typeof row === 'object' && row !== null) return row as Record<string, unknown>
  throw new DataError('VALUE_TYPE', `${where}: the iterable gave ${String(row)}; give rows (objects by column name) or arrays of rows`)
}
