// Window functions over all rows of a batch: rows are put into the order of their partitions, functions are computed by position in it, and results go
// back to the rows.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, int32, rowCount64 } from '../batch/data-type.ts'
import { DataError } from '../base/errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type AggregateOptions, createAccumulator } from './accumulator.ts'
import { compare } from './compare.ts'
import { concatColumns } from './concat.ts'
import { gatherColumn } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { nullColumn } from './null-column.ts'
import { quantilesOf, type Ranges, sumDecimals } from './over-aggregates.ts'
import { constantColumn, type ConstantValue } from './operand.ts'
import { keyTable, sortIndices } from './sort.ts'
import { type OrderColumn, sortKeys } from './sorted-rows.ts'

/** A bound of a frame: rows or a distance of keys, negative before; null: all there is. */
export type Bound = number | null
/** Which rows of its partition a row's aggregate is over. */
export type WindowFrame = { readonly rows: readonly [Bound, Bound] } | { readonly range: readonly [Bound, Bound] }

/** A window function: columns by place. `fallback`: what lag and lead give where there is no row. */
export interface WindowFunction {
  readonly fn: string
  readonly type: DataType
  readonly input?: number
  readonly args?: readonly number[]
  readonly options?: AggregateOptions
  readonly fallback?: ConstantValue
  /** Absent: up to the row and its peers where there is an order, else the whole partition. */
  readonly frame?: WindowFrame
  readonly where: string
}

/** Functions over one division of the rows. */
export interface Windows {
  readonly by: readonly number[]
  readonly order: readonly OrderColumn[]
  readonly functions: readonly WindowFunction[]
}

const rankKinds: Readonly<Record<string, number>> = { rowNumber: 0, rank: 1, denseRank: 2, ntile: 3, percentRank: 4, cumeDist: 5 }
/** The functions that are there only over windows. */
export const windowOnly: readonly string[] = [...Object.keys(rankKinds), 'lag', 'lead', 'nthValue']
/** The aggregates that are computed over any frame; all others only over whole partitions. */
export const framedAggregates: readonly string[] = ['count', 'sum', 'mean', 'min', 'max', 'first', 'last', 'median', 'quantile']

/** True where a row's frame is its whole partition. */
export function isWhole(frame: WindowFrame | undefined, hasOrder: boolean): boolean {
  if (frame === undefined) return !hasOrder
  const [from, to] = 'rows' in frame ? frame.rows : frame.range
  return (from === null && to === null) || ('range' in frame && !hasOrder)
}

/** The results, a column per function in the order of the batch's rows. Views point at the batch's bytes. Throws DataError SUM_OVERFLOW. */
export function computeWindows(device: Device, arena: Arena, batch: Batch, windows: Windows): Column[] {
  return new WindowRun(device, arena, batch, windows).columns()
}

class WindowRun {
  readonly #device: Device
  readonly #arena: Arena
  readonly #batch: Batch
  readonly #windows: Windows
  readonly #rows: number
  #gids = 0
  #groups = 1
  #order = 0
  #inverse = 0
  #parts!: Ranges
  #peers!: Ranges
  readonly #frames = new Map<string, Ranges>()
  constructor(device: Device, arena: Arena, batch: Batch, windows: Windows) {
    this.#device = device
    this.#arena = arena
    this.#batch = batch
    this.#windows = windows
    this.#rows = batch.rowCount
  }

  columns(): Column[] {
    const { by, order, functions } = this.#windows
    const table = new GroupTable(this.#device, by.map(i => this.#batch.fields[i]!))
    try {
      this.#gids = table.find(this.#arena, by.map(i => this.#batch.columns[i]!), this.#rows)
      this.#groups = table.groupCount
    } finally {
      table.close()
    }
    const whole = (f: WindowFunction) => !windowOnly.includes(f.fn) && isWhole(f.frame, order.length > 0) && !(order.length > 0 && (f.fn === 'first' || f.fn === 'last'))
    if (!functions.every(whole)) this.#sort()
    return functions.map(f => (whole(f) ? this.#wholeAggregate(f) : this.#byPosition(f)))
  }

  // Any aggregate over whole partitions: by group, without an order.
  #wholeAggregate({ fn, input, args = [], options, where }: WindowFunction): Column {
    const columns = input === undefined ? [] : [input, ...args].map(i => this.#batch.columns[i]!)
    const [inputType, ...argTypes] = columns.map(column => column.type)
    const accumulator = createAccumulator(this.#device, { fn, where, ...(inputType && { inputType }), ...(argTypes.length > 0 && { argTypes }), ...(options && { options }) })
    try {
      accumulator.update(this.#gids, columns, this.#rows, this.#groups, { first: 0n, rows: 0 })
      const [result] = accumulator.resultColumns(this.#arena, this.#groups)
      return gatherColumn(this.#device, this.#arena, result!, this.#gids, this.#rows)
    } finally {
      accumulator.close()
    }
  }

  #sort(): void {
    const { kernels } = this.#device
    const { order } = this.#windows
    const keys = sortKeys(this.#batch, order)
    const partition = { column: { type: int32, length: this.#rows, values: this.#gids, validity: 0 } }
    const all = this.#groups > 1 ? [partition, ...keys] : keys
    this.#order = sortIndices(this.#device, this.#arena, all, this.#rows)
    this.#inverse = this.#words()
    kernels.invertRows(this.#order, this.#rows, this.#inverse)
    // Gathered first: comparing neighbours where they lie would wait for memory at every step.
    const sorted = all.map(key => ({ ...key, column: gatherColumn(this.#device, this.#arena, key.column, this.#order, this.#rows) }))
    const ranges = (by: typeof all): Ranges => {
      const bits = this.#arena.allocateZeroed(bitmapBytes(this.#rows))
      kernels.markChanges(keyTable(this.#device, this.#arena, by), by.length, 0, this.#rows, bits)
      const made = { starts: this.#words(), ends: this.#words() }
      kernels.rangesOf(bits, this.#rows, made.starts, made.ends)
      return made
    }
    this.#parts = ranges(this.#groups > 1 ? sorted.slice(0, 1) : [])
    this.#peers = keys.length > 0 ? ranges(sorted) : this.#parts
  }

  #byPosition(f: WindowFunction): Column {
    if (f.fn in rankKinds) return this.#back(this.#ranks(f))
    switch (f.fn) {
      case 'lag':
      case 'lead': {
        const { offset } = f.options as { offset: number }
        const out = this.#words()
        this.#device.kernels.shiftRows(this.#order, this.#parts.starts, this.#parts.ends, this.#rows, f.fn === 'lag' ? offset : -offset, this.#rows, out)
        return this.#picked(f, out)
      }
      case 'nthValue': {
        const { starts, ends } = this.#frame(f)
        const out = this.#words()
        this.#device.kernels.nthRows(this.#order, starts, ends, this.#rows, (f.options as { n: number }).n - 1, this.#rows, out)
        return this.#picked(f, out)
      }
      case 'first':
      case 'last': {
        const { starts, ends } = this.#frame(f)
        const out = this.#words()
        this.#device.kernels.validRows(this.#order, this.#sorted(f).validity, starts, ends, this.#rows, f.fn === 'last' ? 1 : 0, this.#rows, this.#words(), out)
        return this.#picked(f, out)
      }
      case 'min':
      case 'max':
        return this.#extremes(f)
      case 'median':
      case 'quantile':
        return this.#back(quantilesOf(this.#device, this.#arena, this.#sorted(f), this.#parts, this.#frame(f), f.fn === 'median' ? 0.5 : ((f.options as { q: number }).q)))
      default:
        return this.#back(this.#sums(f))
    }
  }

  #ranks({ fn, type, options }: WindowFunction): Column {
    const out = allocateColumn(this.#arena, type, this.#rows)
    const tiles = (options as { n?: number } | undefined)?.n ?? 1
    const [parts, peers] = [this.#parts, this.#peers]
    this.#device.kernels.rankRows(rankKinds[fn]!, parts.starts, parts.ends, peers.starts, peers.ends, this.#rows, tiles, out.values)
    return out
  }

  #extremes(f: WindowFunction): Column {
    const { starts, ends } = this.#frame(f)
    const out = this.#words()
    const column = this.#sorted(f)
    const table = keyTable(this.#device, this.#arena, [{ column }])
    this.#device.kernels.extremeRows(table, this.#order, column.validity, starts, ends, this.#rows, f.fn === 'max' ? 1 : 0, this.#rows, this.#words(), out)
    return this.#picked(f, out)
  }

  // count, sum and mean, by position.
  #sums(f: WindowFunction): Column {
    const { kernels } = this.#device
    const { starts, ends } = this.#frame(f)
    const counts = allocateColumn(this.#arena, rowCount64, this.#rows)
    const input = f.input === undefined ? undefined : this.#sorted(f)
    kernels.countFrames(input?.validity ?? 0, starts, ends, this.#rows, this.#arena.allocate(4 * this.#rows + 4), counts.values)
    if (f.fn === 'count') return { ...counts, type: f.type }
    const { type, values, validity: bits } = input!
    const isMean = f.fn === 'mean'
    const some = () => compare(this.#device, this.#arena, 'gt', counts, { type: rowCount64, value: 0n }).values
    if (type.kind === 'decimal') return { ...sumDecimals(this.#device, this.#arena, input!, { starts, ends }, f.type, isMean ? counts.values : 0, f.where), validity: some() }
    const out = allocateColumn(this.#arena, isMean ? float64 : f.type, this.#rows)
    const scratch = this.#arena.allocate(16 * (this.#rows + 1))
    if (type.kind === 'float64') kernels.sumFramesF64(values, bits, starts, ends, this.#rows, scratch, isMean ? counts.values : 0, out.values)
    else if (kernels.sumFramesI64(values, bits, starts, ends, this.#rows, scratch, isMean ? 1 : 0, counts.values, out.values) > 0)
      throw new DataError('SUM_OVERFLOW', `${f.where}: a sum is beyond int64; cast the column to float64 before summing`)
    return { ...out, validity: some() }
  }

  // The input by position.
  #sorted({ input }: WindowFunction): Column {
    return gatherColumn(this.#device, this.#arena, this.#batch.columns[input!]!, this.#order, this.#rows)
  }

  // Rows chosen by position (`rows` stands for none), as values in the order of the batch.
  #picked({ input, fallback, type }: WindowFunction, chosen: number): Column {
    const column = this.#batch.columns[input!]!
    const rows = this.#words()
    this.#device.kernels.gatherWord4(chosen, this.#inverse, this.#rows, rows)
    const none = fallback === undefined ? nullColumn(this.#arena, column.type, 1) : constantColumn(this.#device, this.#arena, { type: column.type, value: fallback })
    return { ...gatherColumn(this.#device, this.#arena, concatColumns(this.#device, this.#arena, column.type, [column, none]), rows, this.#rows), type }
  }

  #back(column: Column): Column {
    return gatherColumn(this.#device, this.#arena, column, this.#inverse, this.#rows)
  }

  #frame({ frame }: WindowFunction): Ranges {
    const { order } = this.#windows
    if (isWhole(frame, order.length > 0)) return this.#parts
    if (frame === undefined) return { starts: this.#parts.starts, ends: this.#peers.ends }
    const key = JSON.stringify(frame)
    const known = this.#frames.get(key)
    if (known) return known
    const made = { starts: this.#words(), ends: this.#words() }
    if ('rows' in frame) {
      const [from, to] = frame.rows
      this.#device.kernels.framesByRows(this.#parts.starts, this.#parts.ends, this.#rows, from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY, made.starts, made.ends)
    } else this.#rangeFrame(frame.range, made)
    this.#frames.set(key, made)
    return made
  }

  // Keys of a descending order are turned around, so that they rise.
  #rangeFrame([from, to]: readonly [Bound, Bound], out: Ranges): void {
    const { kernels, memory } = this.#device
    const [parts, peers] = [this.#parts, this.#peers]
    const onlyPeers = (bound: Bound) => bound === null || bound === 0
    if (onlyPeers(from) && onlyPeers(to)) {
      memory.uint32s(out.starts, this.#rows).set(memory.uint32s(from === null ? parts.starts : peers.starts, this.#rows))
      memory.uint32s(out.ends, this.#rows).set(memory.uint32s(to === null ? parts.ends : peers.ends, this.#rows))
      return
    }
    const { index, descending } = this.#windows.order[0]!
    const keys = gatherColumn(this.#device, this.#arena, this.#batch.columns[index]!, this.#order, this.#rows)
    const open = (from === null ? 1 : 0) + (to === null ? 2 : 0)
    const common = [keys.values, keys.validity, parts.starts, parts.ends, peers.starts, peers.ends, this.#rows] as const
    if (keys.type.kind === 'float64') {
      if (descending) kernels.turnF64(keys.values, this.#rows)
      kernels.framesByF64(...common, from ?? 0, to ?? 0, open, out.starts, out.ends)
    } else {
      if (descending) kernels.turnI64(keys.values, this.#rows)
      kernels.framesByI64(...common, BigInt(Math.round(from ?? 0)), BigInt(Math.round(to ?? 0)), open, out.starts, out.ends)
    }
  }

  #words(): number {
    return this.#arena.allocate(4 * this.#rows)
  }
}

/** The type of a function that is there only over windows; undefined for those that give their input's. */
export function windowOnlyType(fn: string): DataType | undefined {
  return fn === 'percentRank' || fn === 'cumeDist' ? float64 : fn in rankKinds ? rowCount64 : undefined
}
