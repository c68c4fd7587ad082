// The end of describe(): one row of aggregates over all columns becomes a row per column.
import type { Json } from '../base/json.ts'
import { float64, rowCount64, utf8 } from '../batch/data-type.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { rowReader } from '../batch/read-values.ts'
import type { Field } from '../batch/schema.ts'
import type { OperatorType } from './operator.ts'

/** What is told of a column beside its counts: float64, then text. */
export const numberStatistics = ['mean', 'stddev'] as const
/** As `numberStatistics`: values of the column's own type, as text. */
export const textStatistics = ['min', 'q25', 'median', 'q75', 'max'] as const

/** Parameters: the columns, in order. The input has the columns `rows`, and `<i>.count` and `<i>.<statistic>` of the i-th, where there is such a one. */
export type DescribeRowsParams = { readonly columns: readonly { readonly name: string; readonly type: string }[] } & Json

const fields: readonly Field[] = [
  { name: 'column', type: utf8, nullable: false },
  { name: 'type', type: utf8, nullable: false },
  { name: 'count', type: rowCount64, nullable: false },
  { name: 'nulls', type: rowCount64, nullable: false },
  ...numberStatistics.map(name => ({ name, type: float64, nullable: true })),
  ...textStatistics.map(name => ({ name, type: utf8, nullable: true })),
]

/** A row per column: column, type, count, nulls, mean, stddev, min, q25, median, q75, max. */
export const describeRowsOperator: OperatorType<DescribeRowsParams> = {
  kind: 'describeRows',
  inputCount: 1,
  placement: () => 'single',
  fields: () => fields,
  describe: ({ columns }) => `a row each for ${columns.map(column => column.name).join(', ')}`,
  create: (context, { columns }) => ({
    push(batch, out) {
      const { device, arena, where } = context
      const row = rowReader(device.memory, batch)(0)
      const rows = columns.map(({ name, type }, i) => {
        const count = row[`${i}.count`] as number
        const told = [...numberStatistics, ...textStatistics].map(statistic => [statistic, row[`${i}.${statistic}`] ?? null])
        return { column: name, type, count, nulls: (row['rows'] as number) - count, ...Object.fromEntries(told) }
      })
      out.emit(buildBatch(device, arena, fields, rows, where))
    },
  }),
}
