// How the rows of a join of streams come out: rows that have just come beside stored ones of the other side, conditions over such pairs, and rows of either
// side alone. What all joins share that store both of their sides.
import { PlanError } from '../base/errors.ts'
import { type DataType, int64, sameType } from '../batch/data-type.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { Change, changeField } from '../batch/change.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { andBits } from '../compute/bitmap.ts'
import { cast } from '../compute/cast.ts'
import { gatherColumn, gatherOwned, holdViews } from '../compute/gather.ts'
import { keepPairs, type Pairs } from '../compute/join-index.ts'
import { nullColumn } from '../compute/null-column.ts'
import { moveTimes } from '../compute/timed-rows.ts'
import type { Arena } from '../device/arena.ts'
import { bindExpression } from '../expr/bind.ts'
import { evaluate, evaluateMask } from '../expr/evaluate.ts'
import { callExpression, columnExpression } from '../expr/expression.ts'
import type { Bound } from '../expr/function.ts'
import { boundCondition, carriedFields, type JoinedColumn, joinedColumns, type JoinParams, pairFields, positionsOf } from './join-fields.ts'
import type { OperatorContext, Output } from './operator.ts'
import { watermarkColumn, watermarkField } from './watermark.ts'

/** Pairs of a probe at most at once. */
export const pairsMax = 32_768

/** One side: what its rows carry (the visible columns, then hidden ones that are asked for), where that is in the input, and the keys among it. */
export interface PairSide {
  readonly fields: Fields
  readonly columns: readonly number[]
  readonly keys: readonly number[]
}

const laterOf = callExpression('greatest', [columnExpression('a'), columnExpression('b')])
const bothTimes: Fields = ['a', 'b'].map(name => ({ name, type: int64, nullable: false }))

/** True where all inputs tell of each row what the watermark was before it. */
export function haveWatermarks(...inputs: readonly Fields[]): boolean {
  return inputs.every(fields => fields.some(field => field.name === watermarkColumn))
}

/** What keys are compared as: their common type; int32 and int64 meet as int64. Rows go to the instances of their keys, so both must hash alike. Throws PlanError JOIN_TYPE. */
export function streamKeyTypes(left: Fields, right: Fields, params: Pick<JoinParams, 'left' | 'right' | 'texts'>, where: string): DataType[] {
  return params.left.map((name, i) => {
    const [a, b] = [fieldOf(left, name, where), fieldOf(right, params.right[i]!, where)]
    if (sameType(a.type, b.type)) return a.type
    const whole = (field: Field) => field.type.kind === 'int32' || field.type.kind === 'int64'
    if (whole(a) && whole(b)) return int64
    const [textA, textB] = [params.texts?.left[i] ?? a.name, params.texts?.right[i] ?? b.name]
    throw new PlanError('JOIN_TYPE', `${where}: left key "${textA}" is ${typeName(a.type)}, right key "${textB}" is ${typeName(b.type)}, and on streams both must be of one type; cast one of them to the other's`)
  })
}

/** What is said of a join's rows: `watermark`, where both sides have it, held back by so much; or `change`, which of them are taken back. */
export type PairMarks = { readonly watermark: { readonly delayMs: number } } | 'change'

/** Makes the rows of one join in the context's arena. `hidden`: further hidden columns that the rows of either side carry. */
export class PairOutput {
  readonly sides: readonly [PairSide, PairSide]
  readonly fields: Fields
  readonly #context: OperatorContext
  readonly #columns: readonly JoinedColumn[]
  readonly #pairs: Fields
  readonly #condition: Bound | undefined
  readonly #reads: ReadonlySet<number>
  /** Where the rows of either side have their watermark, −1 where not both do. */
  readonly #watermarks: readonly [number, number]
  readonly #later: Bound
  readonly #delayMs: number
  readonly #changes: boolean
  constructor(context: OperatorContext, params: JoinParams, [left, right]: readonly [Fields, Fields], hidden: readonly [readonly string[], readonly string[]], marks: PairMarks) {
    const { where } = context
    this.#context = context
    this.#delayMs = marks === 'change' ? 0 : marks.watermark.delayMs
    this.#changes = marks === 'change'
    const hasWatermarks = !this.#changes && haveWatermarks(left, right)
    const side = (input: Fields, keys: readonly string[], more: readonly string[]): PairSide => {
      const fields = carriedFields(input, [...keys, ...more, ...(hasWatermarks ? [watermarkColumn] : [])])
      return { fields, columns: fields.map(field => input.indexOf(field)), keys: keys.map(name => columnIndex(fields, name, where)) }
    }
    this.sides = [side(left, params.left, hidden[0]), side(right, params.right, hidden[1])]
    this.#columns = joinedColumns(left, right, params, where)
    this.fields = [...this.#columns.map(column => column.field), ...(hasWatermarks ? [watermarkField] : []), ...(this.#changes ? [changeField] : [])]
    this.#pairs = pairFields(this.sides[0].fields, this.sides[1].fields)
    this.#condition = params.where && boundCondition(this.#pairs, params.where, where)
    this.#reads = this.#condition ? positionsOf(this.#condition) : new Set()
    const at = ({ fields }: PairSide) => (hasWatermarks ? columnIndex(fields, watermarkColumn, where) : -1)
    this.#watermarks = [at(this.sides[0]), at(this.sides[1])]
    this.#later = bindExpression(laterOf, bothTimes, where)
  }

  /** What the rows of a batch of this port carry. */
  carried(batch: Batch, port: number): Batch {
    const { fields, columns } = this.sides[port]!
    return { ...batch, fields, columns: columns.map(i => batch.columns[i]!) }
  }

  /** Keeps the pairs for which the condition is true, in place, in order; returns how many. `rows` have come by `port`, `stored` are of the other side. */
  keep(rows: Batch, stored: Batch, { left, right, count }: Pairs, port: number): number {
    const condition = this.#condition
    if (!condition) return count
    const { device, where } = this.#context
    const arena = device.arena()
    try {
      const leftCount = this.sides[0].fields.length
      const columns = this.#pairs.map(({ type }, i): Column => {
        if (!this.#reads.has(i)) return { type, length: count, values: 0, validity: 0 }
        const [side, at] = i < leftCount ? [0, i] : [1, i - leftCount]
        return side === port ? gatherColumn(device, arena, rows.columns[at]!, left, count) : gatherColumn(device, arena, stored.columns[at]!, right, count)
      })
      const mask = evaluateMask(device, arena, condition, { fields: this.#pairs, rowCount: count, columns, arena: arena.address }, where)
      return keepPairs(device, { left, right, count }, mask)
    } finally {
      arena.release()
    }
  }

  /** Emits pairs; their watermark is the later one, as it was when the pair came to be. */
  emitPairs(rows: Batch, stored: Batch, { left, right, count }: Pairs, port: number, out: Output, change: number = Change.insert): void {
    if (count === 0) return
    const { device, arena } = this.#context
    holdViews(device, arena, rows)
    const take = (side: number, at: number) => (side === port ? gatherColumn(device, arena, rows.columns[at]!, left, count) : ownedColumn(this.#context, arena, stored.columns[at]!, right, count))
    const columns = this.#columns.map(({ field, left: l, right: r }) => this.#fitted(l === undefined ? take(1, r!) : take(0, l), field.type))
    const [ofLeft, ofRight] = this.#watermarks
    if (ofLeft >= 0) columns.push(this.#delayed(this.later(take(0, ofLeft), take(1, ofRight)), count))
    if (this.#changes) columns.push(this.#changeColumn(change, count))
    out.emit({ fields: this.fields, rowCount: count, columns, arena: arena.address })
  }

  /** Emits rows of the side `port` alone, beside nulls. `rows` and `bits` live in the context's arena, `watermarks` are what each is judged by behind the join. */
  emitAlone(rows: Batch, watermarks: Column | undefined, port: number, out: Output, change: number = Change.insert): void {
    const { rowCount } = rows
    if (rowCount === 0) return
    const { arena } = this.#context
    const columns = this.#columns.map(({ field, left, right }) => {
      const at = port === 0 ? left : right
      return at === undefined ? nullColumn(arena, field.type, rowCount) : this.#fitted(rows.columns[at]!, field.type)
    })
    if (this.#watermarks[0] >= 0) columns.push(this.#delayed(watermarks ?? this.watermarkOf(rows, port)!, rowCount))
    if (this.#changes) columns.push(this.#changeColumn(change, rowCount))
    out.emit({ fields: this.fields, rowCount, columns, arena: arena.address })
  }

  /**
   * Emits rows of the left side, each beside one stored row of the right one, or beside nulls: `ids` are the numbers of the stored rows, `bits` says who has one (0: all), `found` how many.
   * `rows` and `bits` live in the context's arena, `watermarks` are what each is judged by behind the join.
   */
  emitBeside(rows: Batch, stored: Batch, { ids, count, bits, found }: { readonly ids: number; readonly count: number; readonly bits: number; readonly found: number }, watermarks: Column, out: Output): void {
    if (found === 0) return this.emitAlone(rows, watermarks, 0, out)
    const { device, arena } = this.#context
    const columns = this.#columns.map(({ field, left, right }) => {
      if (left !== undefined) return this.#fitted(rows.columns[left]!, field.type)
      const column = ownedColumn(this.#context, arena, stored.columns[right!]!, ids, count)
      return this.#fitted({ ...column, validity: andBits(device, arena, column.validity, bits, count) }, field.type)
    })
    if (this.#watermarks[0] >= 0) columns.push(this.#delayed(watermarks, count))
    out.emit({ fields: this.fields, rowCount: count, columns, arena: arena.address })
  }

  /** The watermark before each of the rows of a side; undefined where not both sides have it. */
  watermarkOf(rows: Batch, port: number): Column | undefined {
    return rows.columns[this.#watermarks[port]!]
  }

  /** The later of two times, row by row. */
  later(a: Column, b: Column): Column {
    const { device, arena, where } = this.#context
    return evaluate(device, arena, this.#later, { fields: bothTimes, rowCount: a.length, columns: [a, b], arena: arena.address }, where)
  }

  #changeColumn(change: number, rows: number): Column {
    const { device, arena } = this.#context
    const values = arena.allocate(rows)
    device.memory.bytes(values, rows).fill(change)
    return { type: changeField.type, length: rows, values, validity: 0 }
  }

  #delayed(times: Column, rows: number): Column {
    const { device, arena } = this.#context
    return { type: int64, length: rows, values: moveTimes(device, arena, times.values, rows, -this.#delayMs), validity: 0 }
  }

  // Keys of both sides in one column have the wider type, which holds both exactly.
  #fitted(column: Column, type: DataType): Column {
    const { device, arena, where } = this.#context
    return sameType(column.type, type) ? column : cast(device, arena, column, type, false, { where, active: 0 })
  }
}

/** Rows of a stored column, with the bytes behind their views. */
export function ownedColumn({ device }: OperatorContext, arena: Arena, column: Column, ids: number, count: number): Column {
  return gatherOwned(device, arena, { fields: [], rowCount: column.length, columns: [column], arena: 0 }, ids, count).columns[0]!
}
