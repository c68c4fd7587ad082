// Batches that already lie in the engine's memory: what `cache()` reads again and again. Nothing is copied; splits are runs of rows
// large enough that handing one out costs little beside reading it.
import type { Json } from '../base/json.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { parseType, typeName } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { ScanSourceType } from './source.ts'

/** Rows that a split holds. */
export const keptSplitRows = 262_144

/** Batches as plain data: rows, then values and validity addresses by column. The memory is kept by whoever made the options. */
export interface KeptOptions {
  readonly fields: readonly { readonly name: string; readonly type: string }[]
  readonly batches: readonly (readonly number[])[]
}

/** The options that read `batches` again. */
export function keptOptions(fields: readonly Field[], batches: readonly Batch[]): KeptOptions {
  return {
    fields: fields.map(f => ({ name: f.name, type: typeName(f.type, f.nullable) })),
    batches: batches.map(b => [b.rowCount, ...b.columns.flatMap(c => [c.values, c.validity])]),
  }
}

/** The scan behind `cache()`. */
export const keptScan: ScanSourceType<KeptOptions & Json> = {
  kind: 'kept',
  resolve: options => ({ options, fields: fieldsOf(options) }),
  splits(options) {
    const splits: { batch: number; start: number; end: number }[] = []
    options.batches.forEach((batch, index) => {
      for (let start = 0; start < batch[0]!; start += keptSplitRows) splits.push({ batch: index, start, end: Math.min(batch[0]!, start + keptSplitRows) })
    })
    return splits
  },
  rowCount: options => options.batches.reduce((sum, b) => sum + b[0]!, 0),
  read(context, options, split, columns) {
    const packed = options.batches[split.batch as number]!
    const all = fieldsOf(options)
    const needed = columns ? all.filter(f => columns.includes(f.name)) : all
    const batch: Batch = {
      fields: needed,
      rowCount: packed[0]!,
      columns: needed.map(field => {
        const at = 1 + 2 * all.indexOf(field)
        return { type: field.type, length: packed[0]!, values: packed[at]!, validity: packed[at + 1]! }
      }),
      arena: 0,
    }
    // Slices begin at multiples of 64 rows where bitmaps must stay aligned.
    const step = Math.max(64, context.batchRows - (context.batchRows % 64))
    const end = split.end as number
    for (let start = split.start as number; start < end; start += step) context.emit(sliceBatch(batch, start, Math.min(end, start + step)))
  },
  describe: options => `read ${keptScan.rowCount!(options)} rows kept in memory`,
}

function fieldsOf(options: KeptOptions): Field[] {
  return options.fields.map(f => ({ name: f.name, ...parseType(f.type, 'cache') }))
}
