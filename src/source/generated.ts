// Made-up rows as a scan: the workers make columns by kernels, a batch at a time. Row i is a function of the seed, the column's name and i, so that
// neither splits nor batches nor the columns that are read change a value.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { formatCount } from '../base/units.ts'
import { retainArena } from '../device/arena.ts'
import type { ColumnSpec } from './column-makers.ts'
import { checkColumn, describeColumn, prepareColumn } from './made-columns.ts'
import type { ScanSourceType } from './source.ts'

/** What the scan makes, as plain data. */
export interface GeneratedOptions {
  readonly rows: number
  readonly seed: number
  readonly columns: readonly ColumnSpec[]
  readonly [key: string]: Json | undefined
}

const splitRowsMin = 2 ** 16
const splitRowsMax = 2 ** 22
const splitsMax = 2 ** 16

/** The scan behind `generate.range` and `generate.columns`. */
export const generatedScan: ScanSourceType<GeneratedOptions> = {
  kind: 'generated',
  resolve(options, where) {
    const { rows, seed, columns } = options
    if (!Number.isSafeInteger(rows) || rows < 0) throw new PlanError('GENERATE', `${where}: rows is ${rows}; give a whole number of rows, 0 or more`)
    if (!Number.isSafeInteger(seed)) throw new PlanError('GENERATE', `${where}: seed is ${seed}; give a whole number`)
    return { options, fields: columns.map(column => checkColumn(column, rows, where)) }
  },
  splits({ rows }) {
    const each = splitRows(rows)
    return Array.from({ length: Math.ceil(rows / each) }, (_, i) => ({ start: i * each, end: Math.min((i + 1) * each, rows) }))
  },
  rowCount: options => options.rows,
  *read(context, options, split, columns) {
    const { device, batchRows } = context
    const shared = device.arena()
    try {
      const wanted = options.columns.filter(column => !columns || columns.includes(column.name))
      const fields = wanted.map(column => checkColumn(column, options.rows, context.where))
      const makers = wanted.map((column, i) => prepareColumn({ device, arena: shared, seed: options.seed, splitRows: Math.min(splitRows(options.rows), splitRowsMax), batchRows }, column, fields[i]!))
      const end = split.end as number
      for (let first = split.start as number; first < end; first += batchRows) {
        const arena = context.arena()
        const rows = Math.min(batchRows, end - first)
        const made = makers.map(make => make({ device, arena, first, rows }))
        retainArena(device, shared.address)
        arena.hold(shared.address)
        context.emit({ fields, rowCount: rows, columns: made, arena: arena.address })
        yield
      }
    } finally {
      shared.release()
    }
  },
  describe: ({ rows, seed, columns }) => `${formatCount(rows)} rows, seed ${seed}: ${columns.map(describeColumn).join(', ')}`,
}

// Enough splits for threads to share the work evenly, few enough that what a split prepares costs little.
function splitRows(rows: number): number {
  const wished = Math.min(Math.max(Math.ceil(rows / 32 / splitRowsMin) * splitRowsMin, splitRowsMin), splitRowsMax)
  return Math.max(wished, Math.ceil(rows / splitsMax))
}
