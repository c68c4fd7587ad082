// Batches that already lie in the engine's memory: what `cache()` reads again and again. Nothing is copied; splits are runs of rows
// large enough that handing one out costs little beside reading it.
import type { Json } from '../base/json.ts'
import { type Batch, type Column, sliceColumn } from '../batch/batch.ts'
import { rowCount64 } from '../batch/data-type.ts'
import { packBatch, unpackColumns } from '../batch/pack-batch.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import type { Field } from '../batch/schema.ts'
import { madeIn } from '../compute/coded.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { ScanContext, ScanSourceType } from './source.ts'

// A split is about a sixteenth of the rows, within these bounds: few enough that messages cost little, enough that threads end together.
const splitRowsMin = 65_536
const splitRowsMax = 1 << 20
const splitCount = 16
// So that threads that take splits from a count are told of all of them, but for very many.
const splitsTogether = 64

/** Rows that a split holds, a multiple of 64. */
export function keptSplitRows(rowCount: number): number {
  return Math.min(splitRowsMax, Math.max(splitRowsMin, Math.ceil(rowCount / splitCount / 64) * 64))
}

/**
 * Batches that lie in the engine's memory, packed as between threads: of each its rows, and the address and count of the numbers that it is packed in. `count`:
 * rows hold the int64 as a number. The memory is kept by whoever made the options, which stay small: they travel to every thread of every job.
 */
export interface KeptOptions {
  readonly fields: readonly { readonly name: string; readonly type: string; readonly count?: true }[]
  readonly batches: readonly (readonly [rows: number, address: number, numbers: number])[]
}

/** The options that read `batches` again; their packed numbers are written to `arena`. */
export function keptOptions(device: Device, arena: Arena, fields: readonly Field[], batches: readonly Batch[]): KeptOptions {
  const packed = batches.map(batch => {
    const numbers = packBatch(batch)
    const address = arena.allocate(8 * numbers.length)
    device.memory.float64s(address, numbers.length).set(numbers)
    return [batch.rowCount, address, numbers.length] as const
  })
  return { fields: keptFields(fields), batches: packed }
}

/** The options of a frame that is yet to be kept, for looking at a plan. */
export function unkeptOptions(fields: readonly Field[]): KeptOptions {
  return { fields: keptFields(fields), batches: [] }
}

function keptFields(fields: readonly Field[]): KeptOptions['fields'] {
  return fields.map(f => ({ name: f.name, type: typeName(f.type, f.nullable), ...(f.type.kind === 'int64' && f.type.asNumber && { count: true as const }) }))
}

/** The scan behind `cache()`. */
export const keptScan: ScanSourceType<KeptOptions & Json> = {
  kind: 'kept',
  resolve: options => ({ options, fields: fieldsOf(options) }),
  splitsTogether,
  splits(options) {
    const splitRows = keptSplitRows(rowCountOf(options))
    const splits: { batch: number; start: number; batchEnd: number; end: number }[] = []
    // A split runs on over the ends of batches until it has its rows, or half of them.
    let open: { batch: number; start: number; batchEnd: number; end: number; rows: number } | undefined
    options.batches.forEach((batch, index) => {
      for (let start = 0; start < batch[0]; ) {
        open ??= { batch: index, start, batchEnd: index, end: start, rows: 0 }
        const take = Math.min(batch[0] - start, splitRows - open.rows)
        // A later split must begin at a multiple of 64 rows of its batch.
        const taken = start + take < batch[0] ? Math.max(64, take - (take % 64)) : take
        start += taken
        open = { ...open, batchEnd: index, end: start, rows: open.rows + taken }
        if (open.rows + 64 > splitRows || (start === batch[0] && 2 * open.rows >= splitRows)) {
          const { rows: _, ...split } = open
          splits.push(split)
          open = undefined
        }
      }
    })
    if (open) {
      const { rows: _, ...split } = open
      splits.push(split)
    }
    return splits
  },
  rowCount: rowCountOf,
  *read(context, options, split, columns) {
    const { batch: first, batchEnd: last, start, end } = split as { batch: number; batchEnd: number; start: number; end: number }
    for (let index = first; index <= last; index++) {
      const rows = options.batches[index]![0]
      yield* readBatch(context, options, index, index === first ? start : 0, index === last ? end : rows, columns)
    }
  },
  describe: options => `read ${rowCountOf(options)} rows kept in memory`,
}

function* readBatch(context: ScanContext, options: KeptOptions, index: number, start: number, end: number, columns: readonly string[] | undefined): Generator<void> {
  const fields = fieldsOf(options)
  const [, address, numbers] = options.batches[index]!
  const wanted = [...fields.keys()].filter(i => !columns || columns.includes(fields[i]!.name))
  const needed = wanted.map(i => fields[i]!)
  // Slices begin at multiples of 64 rows where bitmaps must stay aligned.
  const step = Math.max(64, context.batchRows - (context.batchRows % 64))
  // Values yet to be made are those of the slice alone, made where someone asks for them.
  const own = unpackColumns(context.device.memory.float64s(address, numbers), fields, wanted, column => ({ ...column, values: 0 }))
  for (let at = start; at < end; at += step) {
    const arena = context.arena()
    const stop = Math.min(end, at + step)
    const sliced = own.map(column => made(context.device, arena, sliceColumn(column, at, stop)))
    context.emit({ fields: needed, rowCount: stop - at, columns: sliced, arena: arena.address })
    yield
  }
}

// A column, and those within it, with the values that narrow ones or codes stand for.
function made(device: Device, arena: Arena, column: Column): Column {
  if (column.narrow || column.codes?.alone) return madeIn(device, arena)(column)
  return column.children ? { ...column, children: column.children.map(child => made(device, arena, child)) } : column
}

function rowCountOf(options: KeptOptions): number {
  return options.batches.reduce((sum, b) => sum + b[0], 0)
}

// What was read of options: they stay the same through a job, and are asked for every batch.
const parsed = new WeakMap<KeptOptions, readonly Field[]>()

function fieldsOf(options: KeptOptions): readonly Field[] {
  let fields = parsed.get(options)
  if (!fields) parsed.set(options, (fields = options.fields.map(f => ({ name: f.name, ...parseType(f.type, 'cache'), ...(f.count && { type: rowCount64 }) }))))
  return fields
}
