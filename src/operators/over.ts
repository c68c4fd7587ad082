// Window functions: every row stays and gets columns that are computed over its partition. It keeps all rows until the end, alone or those of its partitions; beyond the
// memory for state they are sorted on disk by partition and order, computed partition by partition, and sorted back; without partitions, piece by piece.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, type Column, sliceBatch } from '../batch/batch.ts'
import { type DataType, rowCount64 } from '../batch/data-type.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { aggregateType, isNullable } from '../compute/accumulator.ts'
import { gatherOwned, rowNumbers } from '../compute/gather.ts'
import type { ConstantValue } from '../compute/operand.ts'
import { computeWindows, framedAggregates, isWhole, type WindowFrame, type WindowFunction, windowOnly, windowOnlyType, type Windows } from '../compute/over.ts'
import { canStream, type Streamed, WindowStream } from '../compute/over-stream.ts'
import { numberColumn } from '../compute/row-numbers.ts'
import { RowStore } from '../compute/row-store.ts'
import { isOrdered } from '../compute/sort.ts'
import { batchBytes, changedRows, concatRanges, type OrderColumn } from '../compute/sorted-rows.ts'
import { selectRows } from '../compute/compact.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import { RunSorter } from '../state/run-sorter.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkOrder, describeOrder, orderColumns, type OrderParam } from './order-params.ts'

/** A function: `input` and `args` are columns. */
export type OverFunction = {
  readonly name: string
  readonly fn: string
  readonly input?: string
  readonly args?: readonly string[]
  readonly options?: WindowFunction['options']
  /** An int64 as { int64: digits }, since plans are plain data. */
  readonly fallback?: string | number | boolean | { readonly int64: string }
  readonly frame?: WindowFrame
}

/** Parameters of `over`: partitions, their order, functions, and hidden columns that end here. `shared`: each partition has its instance. */
export type OverParams = { readonly shared?: true; readonly by: readonly string[]; readonly keys: readonly OrderParam[]; readonly functions: readonly OverFunction[]; readonly drop?: readonly string[] }

const emitRows = 65_536
/** What computing needs besides the rows: sort records, ranges, sorted keys. */
const workBytesPerRow = 128
const ascending = (index: number): OrderColumn => ({ index, descending: false, nullsFirst: false })
const numberField: Field = { name: '$over', type: rowCount64, nullable: false }

/** Adds the results behind the columns, or in the place of those of their name. Rows in source order. */
export const overOperator: OperatorType<OverParams> = {
  kind: 'over',
  inputCount: 1,
  placement: ({ shared }) => (shared ? 'keyed' : 'single'),
  keys: ({ by }) => by,
  fields: ([input], params, where) => outputOf(input!, params, where).map(place => place.field),
  describe: ({ by, keys, functions }) =>
    `${functions.map(({ name, fn, input, args = [] }) => `${name} = ${fn}(${[input, ...args].filter(n => n !== undefined).join(', ')})`).join(', ')} over ${[by.length > 0 ? `each ${by.join(', ')}` : 'all rows', keys.length > 0 ? `by ${describeOrder(keys)}` : ''].filter(text => text !== '').join(' ')}`,
  create: (context, params, [input]) => new Over(context, params, input!),
}

/** A column that comes out. */
export interface Place {
  readonly field: Field
  /** The column of the input, or the function. */
  readonly input: number
  readonly result: number
}

/** The columns that come out, in order. Throws PlanError as functions and orders do. */
export function outputOf(input: Fields, { by, keys, functions, drop = [] }: OverParams, where: string): Place[] {
  for (const name of by) fieldOf(input, name, where)
  if (keys.length > 0) checkOrder(input, keys, where)
  const results = functions.map((f, result): Place => ({ field: resultField(input, f, keys.length > 0, where), input: -1, result }))
  const kept = input.flatMap((field, i): Place[] => (drop.includes(field.name) ? [] : [results.find(r => r.field.name === field.name) ?? { field, input: i, result: -1 }]))
  return [...kept, ...results.filter(r => !kept.includes(r))]
}

function resultField(input: Fields, { name, fn, input: column, args = [], options, fallback, frame }: OverFunction, hasOrder: boolean, where: string): Field {
  const at = `${where}, "${name}"`
  const own = windowOnlyType(fn)
  if (own) return { name, type: own, nullable: false }
  if (windowOnly.includes(fn)) {
    const field = fieldOf(input, column!, at)
    return { name, type: field.type, nullable: fn === 'nthValue' || field.nullable || fallback === undefined }
  }
  const fields = column === undefined ? [] : [column, ...args].map(n => fieldOf(input, n, at))
  const [inputType, ...argTypes] = fields.map(field => field.type)
  const type = aggregateType({ fn, where: at, ...(inputType && { inputType }), ...(argTypes.length > 0 && { argTypes }), ...(options && { options }) })
  if (!isWhole(frame, hasOrder)) {
    if (!framedAggregates.includes(fn))
      throw new PlanError('OVER_FUNCTION', `${at}: ${fn}() is computed over whole partitions only; leave orderBy and frame out, or use ${framedAggregates.join(', ')}`)
    if ((fn === 'sum' || fn === 'mean') && !isRunning(fn, inputType!))
      throw new PlanError('OVER_FUNCTION', `${at}: "${column}" is ${typeName(inputType!)}; a running ${fn}() takes integers, floats and decimals${fn === 'sum' ? ' and durations' : ''}; cast it to one of them`)
  }
  const mayBeEmpty = frame !== undefined && !isWhole(frame, hasOrder)
  return { name, type, nullable: isNullable(fn, mayBeEmpty || fields.some(field => field.nullable)) }
}

// Whole numbers and floats have become int64 and float64 before (plan/lower-over.ts).
function isRunning(fn: string, { kind }: DataType): boolean {
  return kind === 'float64' || kind === 'int64' || kind === 'decimal' || (fn === 'sum' && kind === 'duration')
}

/** The windows as kernels compute them, of columns by their places. */
export function windowsOf(input: Fields, params: OverParams, places: readonly Place[], where: string): Windows {
  const at = (name: string) => columnIndex(input, name, where)
  const functions = params.functions.map(({ name, input: column, args, fallback, ...f }, i): WindowFunction => {
    const { type } = places.find(place => place.result === i)!.field
    const value: ConstantValue | undefined = typeof fallback === 'object' ? BigInt(fallback.int64) : fallback
    return { ...f, type, ...(value !== undefined && { fallback: value }), where: `${where}, "${name}"`, ...(column !== undefined && { input: at(column) }), ...(args && { args: args.map(at) }) }
  })
  return { by: params.by.map(at), order: orderColumns(input, params.keys, where), functions }
}

class Over implements Operator {
  readonly #context: OperatorContext
  readonly #input: Fields
  readonly #places: readonly Place[]
  readonly #windows: Windows
  readonly #order: readonly OrderColumn[]
  readonly #store: RowStore
  readonly #canSpill: boolean
  #rows = 0
  #byPartition: RunSorter | undefined
  #byNumber: RunSorter | undefined
  #ready: Batch | undefined
  #next = 0
  constructor(context: OperatorContext, params: OverParams, input: Fields) {
    this.#context = context
    this.#input = input
    this.#places = outputOf(input, params, context.where)
    this.#windows = windowsOf(input, params, this.#places, context.where)
    const { by, order } = this.#windows
    this.#order = [...by.map(ascending), ...order]
    this.#canSpill = by.length > 0 ? by.every(i => isOrdered(input[i]!.type)) : canStream(this.#windows)
    this.#store = new RowStore(context.device, input)
  }

  push(batch: Batch): void {
    this.#rows += batch.rowCount
    if (this.#byPartition) return this.#sortIn(batch, this.#rows - batch.rowCount)
    this.#store.append(batch)
    if (this.#canSpill && this.#store.bytes + workBytesPerRow * this.#store.rowCount > this.#context.stateBytesMax) this.#goToDisk()
  }

  finish(): void {
    if (this.#byPartition) return this.#windows.by.length > 0 ? this.#computePartitions(this.#byPartition) : this.#computeStream(this.#byPartition)
    this.#ready = this.#store.batch()
  }

  drain(out: Output): boolean {
    if (this.#byNumber) {
      const piece = this.#byNumber.next(this.#context.arena)
      for (const batch of piece ?? []) out.emit({ ...batch, fields: this.#fields(), columns: batch.columns.slice(0, this.#places.length) })
      return piece !== undefined
    }
    return this.#emitStored(out)
  }

  snapshot(): StateRun[] {
    const run = (table: string, bytes: Uint8Array): StateRun => ({ table, keyGroups: { start: 0, end: keyGroupCount }, bytes })
    if (this.#byPartition) return this.#byPartition.states().map(bytes => run('sorted', bytes))
    return this.#store.rowCount === 0 ? [] : [run('rows', encodeRun(this.#context.device, this.#store.batch()))]
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const { table, bytes } of runs) {
      const arena = device.arena()
      try {
        const batch = decodeRun(device, arena, bytes)
        this.#rows += batch.rowCount
        if (table === 'rows') this.#store.append(batch)
        else (this.#byPartition ??= this.#sorter([...this.#input, numberField], this.#order)).add(batch, false)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#store.close()
    this.#byPartition?.close()
    this.#byNumber?.close()
    this.#results?.arena.release()
    this.#results = undefined
  }

  #fields(): Fields {
    return this.#places.map(place => place.field)
  }

  #results: { readonly arena: Arena; readonly columns: readonly Column[] } | undefined

  // The rows as they were kept, a piece at a time, each with its part of the results.
  #emitStored(out: Output): boolean {
    const { device, arena } = this.#context
    const rows = this.#ready!
    if (rows.rowCount === 0) return false
    this.#results ??= this.#compute(rows)
    const end = Math.min(rows.rowCount, this.#next + emitRows)
    const { columns } = this.#results
    const whole: Batch = { fields: this.#fields(), rowCount: rows.rowCount, columns: this.#places.map(({ input, result }) => (input < 0 ? columns[result]! : rows.columns[input]!)), arena: 0 }
    const piece = sliceBatch(whole, this.#next, end)
    out.emit(gatherOwned(device, arena, piece, rowNumbers(device, arena, piece.rowCount), piece.rowCount))
    this.#next = end
    return end < rows.rowCount
  }

  #compute(rows: Batch): { arena: Arena; columns: Column[] } {
    const { device } = this.#context
    const arena = device.arena()
    try {
      return { arena, columns: computeWindows(device, arena, rows, this.#windows) }
    } catch (error) {
      arena.release()
      throw error
    }
  }

  #goToDisk(): void {
    const { device } = this.#context
    this.#byPartition = this.#sorter([...this.#input, numberField], this.#order)
    const arena = device.arena()
    try {
      const rows = this.#store.batch()
      for (let start = 0; start < rows.rowCount; start += emitRows) this.#sortIn(sliceBatch(rows, start, Math.min(rows.rowCount, start + emitRows)), start)
    } finally {
      arena.release()
    }
    this.#store.clear()
  }

  #sortIn(batch: Batch, first: number): void {
    const { device } = this.#context
    const arena = device.arena()
    try {
      const columns = [...batch.columns, numberColumn(device, arena, batch.rowCount, first)]
      this.#byPartition!.add({ fields: [...this.#input, numberField], rowCount: batch.rowCount, columns, arena: arena.address }, false)
    } finally {
      arena.release()
    }
  }

  #sorter(fields: Fields, order: readonly OrderColumn[]): RunSorter {
    const { device, spill, stateBytesMax } = this.#context
    return new RunSorter({ device, spill, fields, order, bytesMax: stateBytesMax / 3 })
  }

  // Partitions that are complete are computed; the last one of a piece waits for the next piece.
  #computePartitions(sorter: RunSorter): void {
    const { device, stateBytesMax } = this.#context
    const byNumber = this.#sorter([...this.#fields(), numberField], [ascending(this.#places.length)])
    this.#byNumber = byNumber
    let waiting: { arena: Arena; rows: Batch } | undefined
    for (let more = true; more; ) {
      const arena = device.arena()
      const piece = sorter.next(arena)
      more = piece !== undefined
      const parts = [...(waiting ? [waiting.rows] : []), ...(piece ?? [])]
      const all = concatRanges(device, arena, [...this.#input, numberField], parts.map(batch => ({ batch, start: 0, end: batch.rowCount })))
      const complete = more ? this.#lastStart(all) : all.rowCount
      const enough = !more || batchBytes(device, all) > stateBytesMax / 3 || complete > emitRows
      const cut = enough ? complete : 0
      const own = device.arena()
      const rest = gatherOwned(device, own, all, rowNumbers(device, own, all.rowCount - cut, cut), all.rowCount - cut)
      if (cut > 0) this.#addResults(byNumber, arena, gatherOwned(device, arena, all, rowNumbers(device, arena, cut), cut))
      waiting?.arena.release()
      waiting = { arena: own, rows: rest }
      arena.release()
    }
    waiting?.arena.release()
    sorter.close()
  }

  // One partition of all rows: results come as its rows do.
  #computeStream(sorter: RunSorter): void {
    const { device } = this.#context
    const byNumber = this.#sorter([...this.#fields(), numberField], [ascending(this.#places.length)])
    this.#byNumber = byNumber
    const fields = [...this.#input, numberField]
    const stream = new WindowStream(device, fields, this.#windows)
    try {
      for (let more = true; more; ) {
        const arena = device.arena()
        try {
          const piece = sorter.next(arena)
          more = piece !== undefined
          const rows = concatRanges(device, arena, fields, (piece ?? []).map(batch => ({ batch, start: 0, end: batch.rowCount })))
          this.#addRows(byNumber, arena, stream.next(arena, rows, !more))
        } finally {
          arena.release()
        }
      }
    } finally {
      stream.close()
      sorter.close()
    }
  }

  // Where the last partition begins.
  #lastStart(rows: Batch): number {
    if (rows.rowCount === 0) return 0
    const { device } = this.#context
    const arena = device.arena()
    try {
      const starts = selectRows(device, arena, changedRows(device, arena, rows, this.#windows.by.map(ascending)), rows.rowCount)
      return device.memory.uint32s(starts.indices, starts.rows)[starts.rows - 1]!
    } finally {
      arena.release()
    }
  }

  #addResults(byNumber: RunSorter, arena: Arena, rows: Batch): void {
    const { columns, arena: own } = this.#compute(rows)
    // Texts that stand in for missing rows have their bytes there.
    arena.hold(own.address)
    this.#addRows(byNumber, arena, { rows, columns })
  }

  #addRows(byNumber: RunSorter, arena: Arena, { rows, columns }: Streamed): void {
    if (rows.rowCount === 0) return
    const fields = [...this.#fields(), numberField]
    byNumber.add({ fields, rowCount: rows.rowCount, columns: [...this.#places.map(({ input, result }) => (input < 0 ? columns[result]! : rows.columns[input]!)), rows.columns.at(-1)!], arena: arena.address }, false)
  }
}
