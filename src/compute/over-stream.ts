// Window functions over rows that come in order, piece by piece, without partitions: what is needed of earlier rows is carried along, some rows that frames reach
// back to and a value a function, so that memory doesn't grow with the rows.
import type { Batch, Column } from '../batch/batch.ts'
import { float64, rowCount64, sameType } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { cast } from './cast.ts'
import { selectRows } from './compact.ts'
import { concatColumns } from './concat.ts'
import { gatherColumn, gatherOwned, rowNumbers } from './gather.ts'
import { nullColumn } from './null-column.ts'
import { computeWindows, type WindowFunction, type Windows } from './over.ts'
import { changedRows, concatRanges } from './sorted-rows.ts'
import { floatsOf } from './widen.ts'

// Frames that reach farther are not worth carrying.
const reachMax = 65_536
const counted: readonly string[] = ['rowNumber', 'rank', 'denseRank', 'count']
const carried: readonly string[] = ['sum', 'mean', 'min', 'max', 'first', 'last']

/** True where all functions can be computed that way. Rows that are equal in the order are held together. */
export function canStream({ by, order, functions }: Windows): boolean {
  return by.length === 0 && order.length > 0 && functions.every(f => reachOf(f) !== undefined || isRunning(f))
}

// How many rows before and behind a row are enough; undefined where all before it are needed.
function reachOf({ fn, frame, options }: WindowFunction): { readonly before: number; readonly behind: number } | undefined {
  if (fn === 'lag' || fn === 'lead') {
    const { offset } = options as { offset: number }
    const back = fn === 'lag' ? offset : -offset
    return Math.abs(back) <= reachMax ? { before: Math.max(0, back), behind: Math.max(0, -back) } : undefined
  }
  if (counted.slice(0, 3).includes(fn) || !frame || !('rows' in frame)) return undefined
  const [from, to] = frame.rows
  if (from === null || to === null || Math.max(Math.abs(from), Math.abs(to)) > reachMax) return undefined
  return { before: Math.max(0, -from), behind: Math.max(0, to) }
}

function isRunning({ fn, frame }: WindowFunction): boolean {
  if (counted.slice(0, 3).includes(fn)) return true
  const bounds = frame && ('rows' in frame ? frame.rows : frame.range)
  return (counted.includes(fn) || carried.includes(fn)) && (!bounds || (bounds[0] === null && bounds[1] === 0))
}

/** A running function on its way: where its carried value lies among the columns, and what has been counted. */
interface Running {
  readonly result: number
  readonly function: WindowFunction
  readonly field: Field | undefined
  count: bigint
}

/** Rows that are done, and a column a function. */
export interface Streamed {
  readonly rows: Batch
  readonly columns: readonly Column[]
}

/** Takes sorted rows and gives them back with results. Holds the rows that later ones reach back to until `close`. */
export class WindowStream {
  readonly #device: Device
  readonly #fields: Fields
  readonly #windows: Windows
  readonly #finite: readonly number[]
  readonly #running: readonly Running[]
  readonly #before: number
  readonly #behind: number
  readonly #orderFields: Fields
  /** Rows before the first one that isn't done, then those that aren't. */
  #held: { readonly arena: Arena; readonly rows: Batch; readonly done: number } | undefined
  /** The last row that is done: its order, then a value a running function. */
  #carry: { readonly arena: Arena; readonly row: Batch } | undefined
  #rows = 0n
  constructor(device: Device, fields: Fields, windows: Windows) {
    this.#device = device
    this.#fields = fields
    this.#windows = windows
    const reaches = windows.functions.map(reachOf)
    this.#finite = reaches.flatMap((reach, i) => (reach ? [i] : []))
    this.#running = windows.functions.flatMap((f, result): Running[] => (reaches[result] ? [] : [{ result, function: f, field: carriedField(f, fields), count: 0n }]))
    this.#before = Math.max(0, ...reaches.map(reach => reach?.before ?? 0))
    this.#behind = Math.max(0, ...reaches.map(reach => reach?.behind ?? 0))
    this.#orderFields = windows.order.map(({ index }, i) => ({ ...fields[index]!, name: `${i}` }))
  }

  /** The rows that `batch`, which follows those before, completes; all that are left where `isLast`. In `arena`. Throws as `computeWindows`. */
  next(arena: Arena, batch: Batch, isLast: boolean): Streamed {
    const device = this.#device
    const held = this.#held
    const all = concatRanges(device, arena, this.#fields, [...(held ? [held.rows] : []), batch].map(rows => ({ batch: rows, start: 0, end: rows.rowCount })))
    const start = held?.done ?? 0
    const end = isLast ? all.rowCount : Math.max(start, this.#lastPeers(arena, all, all.rowCount - this.#behind))
    const results: Column[] = []
    if (end > start) {
      const taken = (column: Column) => gatherColumn(device, arena, column, rowNumbers(device, arena, end - start, start), end - start)
      const finite = computeWindows(device, arena, all, { ...this.#windows, functions: this.#finite.map(i => this.#windows.functions[i]!) })
      this.#finite.forEach((i, at) => (results[i] = taken(finite[at]!)))
      this.#run(arena, all, start, end, results)
    }
    this.#hold(all, start, end)
    const rows = gatherOwned(device, arena, all, rowNumbers(device, arena, end - start, start), end - start)
    // Results may point at bytes of rows that were held.
    if (held) arena.hold(held.arena.address)
    return { rows, columns: results }
  }

  close(): void {
    this.#held?.arena.release()
    this.#carry?.arena.release()
    this.#held = undefined
    this.#carry = undefined
  }

  // Where the last rows of equal order begin, at `most`: more of them may come.
  #lastPeers(arena: Arena, rows: Batch, most: number): number {
    if (rows.rowCount === 0) return 0
    const starts = selectRows(this.#device, arena, changedRows(this.#device, arena, rows, this.#windows.order), rows.rowCount)
    return this.#device.memory.uint32s(starts.indices, starts.rows).findLast(start => start <= most) ?? 0
  }

  #hold(all: Batch, start: number, end: number): void {
    const device = this.#device
    const first = Math.max(0, end - this.#before)
    const arena = device.arena()
    const count = all.rowCount - first
    const rows = gatherOwned(device, arena, all, rowNumbers(device, arena, count, first), count)
    this.#held = { arena, rows, done: end - first }
    this.#rows += BigInt(end - start)
  }

  // Running functions over the rows that aren't done, behind one row that stands for all before.
  #run(arena: Arena, all: Batch, start: number, end: number, results: Column[]): void {
    if (this.#running.length === 0) return
    const device = this.#device
    const count = all.rowCount - start
    const rest = (column: Column) => gatherColumn(device, arena, column, rowNumbers(device, arena, count, start), count)
    const before = this.#carry ? 1 : 0
    const columns: Column[] = this.#windows.order.map(({ index }) => rest(all.columns[index]!))
    const fields: Field[] = [...this.#orderFields]
    const functions = this.#running.map(({ function: f, field }): WindowFunction => {
      const plain = { ...f, ...(f.fn === 'mean' && { fn: 'sum', type: field!.type }) }
      if (!field) return plain
      const input = rest(all.columns[f.input!]!)
      columns.push(f.fn === 'count' || sameType(field.type, input.type) ? input : f.fn === 'mean' && input.type.kind !== 'decimal' ? cast(device, arena, input, field.type, false, { where: f.where, active: 0 }) : { type: field.type, length: count, values: input.values, validity: input.validity })
      fields.push({ ...field, name: `${fields.length}` })
      return { ...plain, input: fields.length - 1 }
    })
    const counts = this.#running.flatMap(({ function: f }, i) => (f.fn === 'mean' ? [{ ...functions[i]!, fn: 'count', type: rowCount64 }] : []))
    const joined = this.#carry ? columns.map((column, i) => concatColumns(device, arena, column.type, [this.#carry!.row.columns[i]!, column])) : columns
    const batch: Batch = { fields, rowCount: count + before, columns: joined, arena: arena.address }
    const found = computeWindows(device, arena, batch, { by: [], order: this.#windows.order.map((order, index) => ({ ...order, index })), functions: [...functions, ...counts] })
    const done = end - start
    const taken = found.map(column => gatherColumn(device, arena, column, rowNumbers(device, arena, done, before), done))
    const values: Column[] = []
    let mean = functions.length
    this.#running.forEach((running, i) => {
      const { function: f, field, result } = running
      const column = taken[i]!
      if (counted.includes(f.fn)) results[result] = this.#counted(running, column, before)
      else if (f.fn === 'mean') results[result] = this.#mean(arena, column, this.#counted(running, taken[mean++]!, before))
      else results[result] = column
      if (field) values.push(f.fn === 'count' ? nullColumn(arena, field.type, 1) : lastOf(device, arena, column))
    })
    if (this.#carry) arena.hold(this.#carry.arena.address)
    this.#carryOn([...this.#orderFields, ...fields.slice(this.#orderFields.length)], [...this.#orderFields.map((_, i) => gatherColumn(device, arena, columns[i]!, rowNumbers(device, arena, 1, done - 1), 1)), ...values])
  }

  #carryOn(fields: Fields, columns: readonly Column[]): void {
    const device = this.#device
    const own = device.arena()
    const row = gatherOwned(device, own, { fields, rowCount: 1, columns, arena: 0 }, rowNumbers(device, own, 1), 1)
    this.#carry = { arena: own, row }
  }

  // Numbers that begin anew with each piece, behind a row that stands for those before: ranks count it, and so does a count of rows.
  #counted(running: Running, column: Column, before: number): Column {
    const { fn, input } = running.function
    const isPlace = fn === 'rowNumber' || fn === 'rank'
    const countsCarry = before > 0 && (isPlace || fn === 'denseRank' || (fn === 'count' && input === undefined))
    const by = (isPlace ? this.#rows : running.count) - (countsCarry ? 1n : 0n)
    const numbers = this.#device.memory.int64s(column.values, column.length)
    if (fn === 'mean' && before > 0) numbers.forEach((n, i) => (numbers[i] = n + running.count - (this.#hadValue(running) ? 1n : 0n)))
    else if (by !== 0n) numbers.forEach((n, i) => (numbers[i] = n + by))
    running.count = numbers.at(-1)!
    return column
  }

  // The carried sum is one more value where there is one.
  #hadValue(running: Running): boolean {
    const carriedFields = this.#running.filter(r => r.field)
    const column = this.#carry!.row.columns[this.#orderFields.length + carriedFields.indexOf(running)]!
    return column.validity === 0 || (this.#device.memory.bytes(column.validity, 1)[0]! & 1) === 1
  }

  #mean(arena: Arena, sums: Column, counts: Column): Column {
    const { kernels } = this.#device
    const [divisors, out] = [arena.allocate(8 * counts.length), arena.allocate(8 * counts.length)]
    kernels.floatI64(counts.values, counts.length, divisors)
    kernels.divF64(floatsOf(this.#device, arena, sums), divisors, 0, counts.length, out)
    return { type: float64, length: counts.length, values: out, validity: sums.validity }
  }
}

// Sums of decimals have more digits than they; means of whole numbers are sums of decimals, divided.
function carriedField({ fn, input, type }: WindowFunction, fields: Fields): Field | undefined {
  if (input === undefined || counted.slice(0, 3).includes(fn)) return undefined
  const own = fields[input]!
  if (fn === 'sum') return { ...own, type, nullable: true }
  if (fn === 'mean' && own.type.kind !== 'float64') return { ...own, type: { kind: 'decimal', precision: 38, scale: own.type.kind === 'decimal' ? own.type.scale : 0 }, nullable: true }
  return { ...own, nullable: true }
}

function lastOf(device: Device, arena: Arena, column: Column): Column {
  return gatherColumn(device, arena, column, rowNumbers(device, arena, 1, column.length - 1), 1)
}
