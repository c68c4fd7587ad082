// Window functions over rows that come in the order of event time, partition by partition: of earlier rows there is what frames reach back to, and what running functions
// had come to, beside the last row of each partition. What over-stream.ts does without partitions; but sums of floats carry what they lost to rounding, since where the rows
// are cut mustn't show.
import type { Batch, Column } from '../batch/batch.ts'
import { type DataType, float64, int64, rowCount64, sameType } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { cast } from './cast.ts'
import { compare } from './compare.ts'
import { concatColumns } from './concat.ts'
import { gatherColumn, gatherOwned, rowNumbers } from './gather.ts'
import { computeWindows, type WindowFunction, type Windows } from './over.ts'
import { addCarried, PartitionTails } from './partition-tails.ts'
import { floatsOf } from './widen.ts'

// Frames that reach farther are not worth carrying.
const reachMax = 65_536
const places: readonly string[] = ['rowNumber', 'rank', 'denseRank']
const running: readonly string[] = ['sum', 'mean', 'min', 'max', 'first', 'last']

/** How far back a function reaches: so many rows, or so far by the order; 'all': to the beginning, but a value carries it. */
export type Reach = { readonly rows: number; readonly range?: number } | 'all'

/** Undefined where rows to come have a part in a result, or all earlier ones are needed themselves. */
export function reachBack({ fn, frame, options }: Pick<WindowFunction, 'fn' | 'frame' | 'options'>): Reach | undefined {
  if (fn === 'lag' || fn === 'lead') {
    const { offset } = options as { offset: number }
    const back = fn === 'lag' ? offset : -offset
    return back >= 0 && back <= reachMax ? { rows: back } : undefined
  }
  if (places.includes(fn)) return 'all'
  const bounds = frame && ('rows' in frame ? frame.rows : frame.range)
  if (!bounds || (bounds[0] === null && bounds[1] === 0)) return running.includes(fn) || fn === 'count' ? 'all' : undefined
  const [from, to] = bounds
  if (from === null || to === null || to > 0) return undefined
  return 'range' in frame! ? { rows: 0, range: -Math.min(from, 0) } : -from <= reachMax ? { rows: Math.max(0, -from) } : undefined
}

/** What a running function leaves for later rows: columns beside the last row of a partition. */
interface Running {
  readonly result: number
  readonly function: WindowFunction
  /** The first of its columns among those that are kept, and their types. */
  readonly carried: number
  readonly types: readonly DataType[]
  /** What its values are summed or compared as. */
  readonly type: DataType
}

/** Takes rows in the order of the first order column, a time, and gives a column a function. Owns its memory until `close`. */
export class TimedWindows {
  readonly #device: Device
  readonly #windows: Windows
  /** The columns of the input that are kept, and where the keys, the order and the inputs are among them. */
  readonly #kept: readonly number[]
  readonly #at: Windows
  readonly #fields: Fields
  readonly #finite: readonly number[]
  readonly #running: readonly Running[]
  readonly #tails: PartitionTails
  constructor(device: Device, input: Fields, windows: Windows) {
    const { by, order, functions } = windows
    this.#device = device
    this.#windows = windows
    const reaches = functions.map(reachBack)
    this.#finite = reaches.flatMap((reach, i) => (reach === 'all' ? [] : [i]))
    const inputs = this.#finite.flatMap(i => [functions[i]!.input, ...(functions[i]!.args ?? [])]).filter(at => at !== undefined)
    this.#kept = [...new Set([...by, ...order.map(({ index }) => index), ...inputs])]
    const at = (index: number) => this.#kept.indexOf(index)
    const remapped = (f: WindowFunction): WindowFunction => ({ ...f, ...(f.input !== undefined && { input: at(f.input) }), ...(f.args && { args: f.args.map(at) }) })
    this.#at = { by: by.map(at), order: order.map(key => ({ ...key, index: at(key.index) })), functions: this.#finite.map(i => remapped(functions[i]!)) }
    let carried = this.#kept.length
    this.#running = functions.flatMap((f, result): Running[] => {
      if (reaches[result] !== 'all') return []
      const type = valueType(f, input)
      const types = carriedTypes(f, type)
      carried += types.length
      return [{ result, function: f, carried: carried - types.length, types, type }]
    })
    const own = this.#kept.map((i, k): Field => ({ ...input[i]!, name: `${k}` }))
    this.#fields = [...own, ...this.#running.flatMap(({ carried: first, types }) => types.map((type, i): Field => ({ name: `${first + i}`, type, nullable: true })))]
    const finite = reaches.filter(reach => reach !== 'all' && reach !== undefined) as Exclude<Reach, 'all'>[]
    const ranges = finite.flatMap(({ range }) => (range === undefined ? [] : [range]))
    const rows = Math.max(this.#running.length > 0 ? 1 : 0, ...finite.map(reach => reach.rows))
    this.#tails = new PartitionTails(device, { fields: this.#fields, by: this.#at.by, time: this.#at.order[0]!.index, rows, ...(ranges.length > 0 && { range: BigInt(Math.ceil(Math.max(...ranges))) }) })
  }

  get bytes(): number {
    return this.#tails.bytes
  }

  /** The results of rows that follow those before in their order. In `arena`. Throws as `computeWindows`. */
  next(arena: Arena, { columns, rowCount }: Pick<Batch, 'columns' | 'rowCount'>): Column[] {
    const own = this.#kept.map(i => columns[i]!)
    const gids = this.#tails.groups(arena, this.#at.by.map(i => own[i]!), rowCount)
    const results: Column[] = []
    this.#frames(arena, own, rowCount, gids).forEach((column, i) => (results[this.#finite[i]!] = column))
    const carried = this.#run(arena, columns, rowCount, gids, results)
    this.#tails.append({ columns: [...own, ...carried], rowCount }, gids)
    return results
  }

  /** Lets go of what no row later than `time` can reach; see `PartitionTails.compact`. */
  compact(time: bigint, always = false): void {
    this.#tails.compact(time, always)
  }
  /** What is kept, and takes it again. */
  state(): Batch {
    return this.#tails.rows()
  }
  restore(arena: Arena, rows: Batch): void {
    this.#tails.restore(arena, rows)
  }
  close(): void {
    this.#tails.close()
  }

  // Functions over frames: of the rows behind what they reach back to.
  #frames(arena: Arena, own: readonly Column[], rows: number, gids: number): Column[] {
    if (this.#finite.length === 0) return []
    const device = this.#device
    const first = device.memory.int64s(own[this.#at.order[0]!.index]!.values, 1)[0]!
    const tail = this.#tails.tails(arena, gids, rows, first)
    const earlier = this.#earlier(arena, tail, own.map((_, i) => i))
    const all = own.map((column, i) => (earlier ? concatColumns(device, arena, column.type, [earlier[i]!, column]) : column))
    const found = computeWindows(device, arena, { fields: this.#fields.slice(0, own.length), rowCount: tail.rows + rows, columns: all, arena: arena.address }, this.#at)
    return tail.rows === 0 ? found : found.map(column => gatherColumn(device, arena, column, rowNumbers(device, arena, rows, tail.rows), rows))
  }

  // Returns what is to be carried on from each row.
  #run(arena: Arena, columns: readonly Column[], rows: number, gids: number, results: Column[]): Column[] {
    if (this.#running.length === 0) return []
    const device = this.#device
    const heads = this.#tails.heads(arena, gids, rows)
    const lasts = this.#tails.lasts(arena, gids, rows)
    const stored = this.#tails.rows().columns
    const count = (f: Partial<WindowFunction>): Column => {
      const [column] = this.#computed(arena, columns, rows, [{ ...f, type: rowCount64 } as WindowFunction])
      return column!
    }
    const counted = (column: Column, carried: number) => {
      if (this.#tails.rowCount > 0) addCarried(device, column, heads, stored[carried]!)
      return column
    }
    return this.#running.flatMap(({ result, function: f, carried, types, type }): Column[] => {
      if (places.includes(f.fn) || f.fn === 'count') {
        // Ranks go on behind all rows before; equal rows are never apart.
        const own = count(f)
        results[result] = counted(own, carried)
        return [f.fn === 'rank' ? counted(count({ ...f, fn: 'rowNumber' }), carried) : own]
      }
      const values = valuesAs(device, arena, columns[f.input!]!, type)
      const counts = f.fn === 'mean' || types.length > 1 ? counted(count({ ...f, fn: 'count' }), carried + types.length - 1) : undefined
      if ((f.fn === 'sum' || f.fn === 'mean') && type.kind === 'float64') {
        const { sums, lost, shown } = this.#sums(arena, values, rows, gids, heads, [stored[carried]!, stored[carried + 1]!])
        const validity = compare(device, arena, 'gt', counts!, { type: rowCount64, value: 0n }).values
        const whole = 'rows' in (f.frame ?? {}) ? shown : this.#ofPeers(arena, columns, rows, shown)
        results[result] = f.fn === 'sum' ? { ...whole, validity } : divided(device, arena, whole, counts!, validity)
        return [sums, lost, counts!]
      }
      const found = this.#behind(arena, columns, rows, lasts, f.fn === 'mean' ? { ...f, fn: 'sum', type } : f, carried, values)
      results[result] = f.fn === 'mean' ? divided(device, arena, found, counts!, found.validity) : found
      return counts ? [found, counts] : [found]
    })
  }

  // Functions over these rows alone.
  #computed(arena: Arena, columns: readonly Column[], rows: number, functions: readonly WindowFunction[]): Column[] {
    const fields = columns.map(({ type }, i): Field => ({ name: `${i}`, type, nullable: true }))
    return computeWindows(this.#device, arena, { fields, rowCount: rows, columns, arena: arena.address }, { ...this.#windows, functions })
  }

  // A function over a row for all before of each partition, with what was carried as its value, and these rows.
  #behind(arena: Arena, columns: readonly Column[], rows: number, lasts: SomeGroups, f: WindowFunction, carried: number, values: Column): Column {
    const device = this.#device
    const { by, order } = this.#windows
    const keys = [...by, ...order.map(({ index }) => index)]
    const own = [...keys.map(i => columns[i]!), values]
    const earlier = this.#earlier(arena, lasts, [...keys.map(i => this.#kept.indexOf(i)), carried])
    const all = own.map((column, i) => (earlier ? concatColumns(device, arena, column.type, [earlier[i]!, column]) : column))
    const fields = all.map(({ type }, i): Field => ({ name: `${i}`, type, nullable: true }))
    const windows: Windows = { by: by.map((_, i) => i), order: order.map((key, i) => ({ ...key, index: by.length + i })), functions: [{ ...f, input: keys.length }] }
    const [found] = computeWindows(device, arena, { fields, rowCount: lasts.rows + rows, columns: all, arena: arena.address }, windows)
    return gatherColumn(device, arena, found!, rowNumbers(device, arena, rows, lasts.rows), rows)
  }

  // Some columns of stored rows, with the bytes of their texts; undefined where there are none.
  #earlier(arena: Arena, { indices, rows }: SomeGroups, columns: readonly number[]): readonly Column[] | undefined {
    const stored = this.#tails.rows()
    return rows === 0 ? undefined : gatherOwned(this.#device, arena, { ...stored, columns: columns.map(i => stored.columns[i]!) }, indices, rows).columns
  }

  #sums(arena: Arena, values: Column, rows: number, gids: number, heads: number, carried: readonly [Column, Column]): { sums: Column; lost: Column; shown: Column } {
    const made = () => ({ type: float64, length: rows, values: arena.allocate(8 * rows), validity: 0 })
    const [sums, lost, shown] = [made(), made(), made()]
    const chain = this.#tails.chain(arena, gids, rows)
    this.#device.kernels.runSums(values.values, values.validity, chain, heads, carried[0].values, carried[1].values, rows, sums.values, lost.values, shown.values)
    return { sums, lost, shown }
  }

  // Rows that are equal in the order all have what the last of them has.
  #ofPeers(arena: Arena, columns: readonly Column[], rows: number, values: Column): Column {
    const f: WindowFunction = { fn: 'last', type: values.type, input: columns.length, frame: { range: [0, 0] }, where: 'over' }
    return this.#computed(arena, [...columns, values], rows, [f])[0]!
  }
}

// What a function's values are summed or compared as: means of whole numbers are sums of decimals, divided.
function valueType({ fn, input, type }: WindowFunction, fields: Fields): DataType {
  if (input === undefined || places.includes(fn) || fn === 'count') return int64
  const own = fields[input]!.type
  if (fn === 'sum') return type
  if (fn === 'mean' && own.kind !== 'float64') return { kind: 'decimal', precision: 38, scale: own.kind === 'decimal' ? own.scale : 0 }
  return own
}

function carriedTypes({ fn }: WindowFunction, type: DataType): DataType[] {
  if (places.includes(fn) || fn === 'count') return [rowCount64]
  if ((fn === 'sum' || fn === 'mean') && type.kind === 'float64') return [float64, float64, rowCount64]
  return fn === 'mean' ? [type, rowCount64] : [type]
}

function valuesAs(device: Device, arena: Arena, column: Column, type: DataType): Column {
  if (sameType(column.type, type)) return column
  // A decimal of more digits lies as it did.
  if (column.type.kind === type.kind) return { type, length: column.length, values: column.values, validity: column.validity }
  return cast(device, arena, column, type, false, { where: 'over', active: 0 })
}

function divided(device: Device, arena: Arena, sums: Column, counts: Column, validity: number): Column {
  const { kernels } = device
  const [divisors, values] = [arena.allocate(8 * counts.length), arena.allocate(8 * counts.length)]
  kernels.floatI64(counts.values, counts.length, divisors)
  kernels.divF64(floatsOf(device, arena, sums), divisors, 0, counts.length, values)
  return { type: float64, length: counts.length, values, validity }
}
