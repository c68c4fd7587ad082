// The right side of a join over bounded input: takes all its rows and makes the table that probing instances share. It runs alone; what it emits is one
// row that says where the table lies, and whose arena keeps it. Rows that don't fit into memory are divided by their keys into files, for join-spill.ts.
import { DataError } from '../base/errors.ts'
import { keyGroupCount } from '../base/hash.ts'
import type { SharedSpillFile } from '../base/spill.ts'
import { formatBytes } from '../base/units.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { int32, int64 } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields } from '../batch/schema.ts'
import { rowNumbers } from '../compute/gather.ts'
import type { KeyForm } from '../compute/join-keys.ts'
import { ChunkStore } from '../compute/join-store.ts'
import type { OrderForm } from '../compute/join-order.ts'
import type { RangeForm } from '../compute/join-ranges.ts'
import { buildOrdered } from '../compute/join-sorted.ts'
import type { TableData } from '../compute/join-table.ts'
import type { Device } from '../device/device.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { carriedFields, rangeColumns } from './join-fields.ts'
import { PartFile } from './join-parts.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'

/** Parameters of `joinBuild`: the key columns and how they meet the other side's; whether met rows are to be known; whether it must fit into memory, because the other side may never end; the column by which the nearest is found; the values that have bounds. */
export type JoinBuildParams = { readonly keys: readonly string[]; readonly forms: readonly KeyForm[]; readonly marks: boolean; readonly lookup?: boolean; readonly time?: { readonly column: string; readonly form: OrderForm }; readonly range?: RangeForm<string> }

/** The right side on disk, as plain data: its file, the blocks of each part, the number of rows in all, a byte a row where it is to be known which were met, and a counter in memory. */
export interface SpilledSide {
  readonly file: SharedSpillFile
  readonly parts: readonly (readonly number[])[]
  readonly rowCount: number
  readonly marks: number
  readonly counter: number
  readonly forms: readonly KeyForm[]
  readonly keys: readonly number[]
  /** The most bytes that the rows of a part should take in memory at once. */
  readonly bytesMax: number
  readonly time?: { readonly at: number; readonly form: OrderForm }
  readonly range?: RangeForm
}

/** What a table's edge tells. */
export type JoinTable = { readonly table: TableData } | { readonly spilled: SpilledSide }

/** The hidden column that holds a table's address; the others of the edge have no values, they tell the fields. */
export const tableField = '$table'
/** The hidden column of spilled right rows: the row's number. */
export const rowField: Field = { name: '$row', type: int32, nullable: false }

// What a row takes in a table, beside its columns.
const tableBytesPerRow = 32

/** Stores the side that is looked up. */
export const joinBuildOperator: OperatorType<JoinBuildParams> = {
  kind: 'joinBuild',
  inputCount: 1,
  placement: () => 'single',
  fields: ([input], params) => [{ name: tableField, type: int64, nullable: false }, ...carried(input!, params)],
  needs: (_, { keys, time, range }, __, readers) => (readers === 'all' ? 'all' : new Set([...readers, ...keys, ...(time ? [time.column] : []), ...rangeColumns(range).stored])),
  describe: ({ keys }) => `all rows${keys.length > 0 ? `, by ${keys.join(', ')}` : ''}`,
  create: (context, params, [input]) => new JoinBuild(context, params, input!),
}

function carried(input: Fields, { keys, time, range }: JoinBuildParams): Fields {
  return carriedFields(input, [...keys, ...(time ? [time.column] : []), ...rangeColumns(range).stored])
}

class JoinBuild implements Operator {
  readonly #context: OperatorContext
  readonly #params: JoinBuildParams
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #keys: readonly number[]
  readonly #sorted: Pick<SpilledSide, 'time' | 'range'>
  #store: ChunkStore
  #parts: PartFile | undefined
  #rowCount = 0
  constructor(context: OperatorContext, params: JoinBuildParams, input: Fields) {
    this.#fields = carried(input, params)
    this.#context = context
    this.#params = params
    this.#columns = this.#fields.map(field => input.indexOf(field))
    this.#keys = params.keys.map(key => columnIndex(this.#fields, key, context.where))
    const at = (name: string) => columnIndex(this.#fields, name, context.where)
    const { time, range } = params
    this.#sorted = { ...(time && { time: { at: at(time.column), form: time.form } }), ...(range && { range: storedRange(range, at) }) }
    this.#store = new ChunkStore(context.device, this.#fields)
  }

  push(batch: Batch): void {
    this.#add({ ...batch, fields: this.#fields, columns: this.#columns.map(i => batch.columns[i]!) })
  }

  finish(out: Output): void {
    // Rows kept may lie in the arena of this very message, where they came out at the end of the step before: the table, which holds them, must not be held by it.
    emitApart(this.#context, () => this.#emit(out))
  }

  #emit(out: Output): void {
    const { device, arena, stateBytesMax } = this.#context
    const { forms, marks } = this.#params
    let table: JoinTable
    if (this.#parts) {
      const own = device.arena()
      arena.hold(own.address)
      const spilled: SpilledSide = {
        parts: this.#parts.seal().map(part => part.blocks),
        file: this.#parts.file.share(),
        rowCount: this.#rowCount,
        marks: marks ? own.allocateZeroed(this.#rowCount) : 0,
        counter: own.allocateZeroed(4),
        forms,
        keys: this.#keys,
        bytesMax: stateBytesMax,
        ...this.#sorted,
      }
      table = { spilled }
    } else {
      const made = buildOrdered(device, this.#store, this.#keys, forms, { marks, ...this.#sorted })
      arena.hold(made.arena)
      table = { table: made }
    }
    const empty = this.#fields.map(({ type }): Column => ({ type, length: 1, values: 0, validity: 0 }))
    const values = arena.allocate(8)
    device.memory.int64s(values, 1)[0] = BigInt(writeTable(device, arena, table))
    out.emit({ fields: [{ name: tableField, type: int64, nullable: false }, ...this.#fields], rowCount: 1, columns: [{ type: int64, length: 1, values, validity: 0 }, ...empty], arena: arena.address })
  }

  snapshot(): StateRun[] {
    const { device } = this.#context
    const run = (bytes: Uint8Array): StateRun => ({ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes })
    if (this.#parts) return [...this.#parts.runs()].map(run)
    return this.#store.chunks().map(chunk => run(encodeRun(device, chunk)))
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const rows = decodeRun(device, arena, run.bytes)
        // Rows of a run that was spilled have numbers, which they get anew.
        this.#add({ ...rows, fields: this.#fields, columns: rows.columns.slice(0, this.#fields.length) })
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#store.close()
    this.#parts?.close()
  }

  #add(rows: Batch): void {
    if (this.#parts) return this.#spill(rows)
    this.#store.add(rows)
    const { device, stateBytesMax } = this.#context
    if (this.#store.bytes + tableBytesPerRow * this.#store.rowCount <= stateBytesMax) return
    if (this.#params.lookup)
      throw new DataError('LOOKUP_SIZE', `${this.#context.where}: the table that is looked up takes more than ${formatBytes(stateBytesMax)} of memory, and beside rows that may never end all of it must fit; give the job more memory, or select fewer columns and rows`)
    this.#parts = new PartFile(this.#context, [...this.#fields, rowField], this.#keys, this.#params.forms, 0, stateBytesMax / 2)
    for (const chunk of this.#store.chunks()) this.#spill(chunk)
    this.#store.close()
    this.#store = new ChunkStore(device, this.#fields)
  }

  #spill(rows: Batch): void {
    const { device } = this.#context
    const arena = device.arena()
    try {
      const numbers: Column = { type: int32, length: rows.rowCount, values: rowNumbers(device, arena, rows.rowCount, this.#rowCount | 0), validity: 0 }
      this.#parts!.add({ ...rows, fields: [...this.#fields, rowField], columns: [...rows.columns, numbers] })
      this.#rowCount += rows.rowCount
    } finally {
      arena.release()
    }
  }
}

// The bounds themselves are columns of the other side, which alone reads them.
function storedRange({ first, second }: RangeForm<string>, at: (name: string) => number): RangeForm {
  const placed = ({ stored, form, lower, upper }: RangeForm<string>['first']) => ({ stored: at(stored), form, ...(lower && { lower: { own: -1, strict: lower.strict } }), ...(upper && { upper: { own: -1, strict: upper.strict } }) })
  return { first: placed(first), ...(second && { second: placed(second) }) }
}

// [bytes u32][JSON], in the arena of the message that hands the table over.
function writeTable(device: Device, arena: OperatorContext['arena'], table: JoinTable): number {
  const bytes = new TextEncoder().encode(JSON.stringify(table))
  const address = arena.allocate(4 + bytes.length)
  device.memory.uint32s(address, 1)[0] = bytes.length
  device.memory.write(address + 4, bytes)
  return address
}

/** The table that a batch of `joinBuild` tells of. It lives as long as the batch's arena. */
export function readTable(device: Device, batch: Batch): JoinTable {
  const address = Number(device.memory.int64s(batch.columns[0]!.values, 1)[0]!)
  return JSON.parse(device.memory.text(address + 4, device.memory.uint32s(address, 1)[0]!)) as JoinTable
}
