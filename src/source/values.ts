// Rows that the program holds: arrays of objects, typed arrays by column, or an async iterable of either. Read on the engine's thread.
import { PlanError } from '../base/errors.ts'
import type { Fields } from '../batch/schema.ts'
import { iterableReader } from './iterable.ts'
import type { FeedSourceType } from './source.ts'
import { type ColumnSource, columnsBatch, rowsBatch } from './values-batch.ts'

/** Rows (objects by column name) or columns (arrays by name), and their fields. An iterable without an end makes the source unbounded. */
export interface ValuesOptions {
  readonly fields: Fields
  readonly rows?: readonly Record<string, unknown>[]
  readonly columns?: Readonly<Record<string, ArrayLike<unknown> | ColumnSource>>
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
