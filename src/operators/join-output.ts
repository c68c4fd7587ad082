// How a join's rows come out: left rows beside stored right ones, either side alone, conditions over pairs. What the probe over a table in memory and the
// join of parts on disk share.
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, sameType } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields } from '../batch/schema.ts'
import { andBits, countBits } from '../compute/bitmap.ts'
import { cast } from '../compute/cast.ts'
import { compactBatch, share } from '../compute/compact.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import type { OrderForm } from '../compute/join-order.ts'
import type { RangeEnd, RangeForm } from '../compute/join-ranges.ts'
import { type Matches, markLinked, markStored, matchMask, matchRows, type PairCondition, type Probe, type ProbeKind } from '../compute/join-match.ts'
import { flatRowNumbers, storedBuckets, takeStored } from '../compute/join-store.ts'
import type { TableData } from '../compute/join-table.ts'
import { nullColumn } from '../compute/null-column.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import { bindCondition } from '../expr/bind.ts'
import { evaluateMask } from '../expr/evaluate.ts'
import type { Bound } from '../expr/function.ts'
import { boundCondition, carriedFields, joinedColumns, type JoinParams, orderField, orderForm, pairFields, positionsOf, probeKind, rangeColumns, sidesOf } from './join-fields.ts'
import { emitApart, type OperatorContext, type Output } from './operator.ts'
import { watermarkColumn } from './watermark.ts'

const pairsMax = 32_768
// Below this share of rows that pass, looking up the others costs more than copying those.
const maskedShareMin = 0.25
// Of rows beside which there is no stored row: they come last.
const orderMax = 0x7fff_ffff

interface SidedColumn {
  readonly field: Field
  /** Positions among the visible columns of the streaming and the stored side. */
  readonly own?: number
  readonly stored?: number
}

/** Makes the rows of one join in the context's arena. */
export class JoinOutput {
  readonly kind: ProbeKind
  /** Rows of the stored side are emitted at the end. */
  readonly emitsStored: boolean
  /** The visible fields of the streaming and the stored side, and the keys among the streaming ones. */
  readonly own: Fields
  readonly stored: Fields
  readonly keys: readonly number[]
  readonly #context: OperatorContext
  readonly #columns: readonly SidedColumn[]
  readonly #ordered: boolean
  readonly #fields: Fields
  readonly #at: readonly number[]
  /** What conditions are bound over: the columns of the streaming side, then those of the stored one. */
  readonly #pairs: Fields
  readonly #condition: Bound | undefined
  /** Bounds, for tables that are sorted by what has them, and what else must hold there. */
  readonly #range: RangeForm | undefined
  readonly #rest: Bound | undefined
  readonly #filter: Bound | undefined
  readonly #nearest: { readonly at: number; readonly form: OrderForm } | undefined
  constructor(context: OperatorContext, params: JoinParams, streaming: Fields, stored: Fields) {
    const { where } = context
    const { turned, asOf } = params
    this.#context = context
    this.kind = probeKind(params)
    this.emitsStored = ['right', 'full', 'storedSemi', 'storedAnti'].includes(this.kind)
    const [ownKeys, storedKeys] = turned ? [params.right, params.left] : [params.left, params.right]
    const bounds = rangeColumns(params.range)
    this.own = carriedFields(streaming, [...ownKeys, ...bounds.own, ...(params.lookup ? [watermarkColumn] : [])])
    this.stored = carriedFields(stored, [...storedKeys, ...bounds.stored])
    this.keys = ownKeys.map(key => columnIndex(this.own, key, where))
    const [left, right] = sidesOf(params, [streaming, stored])
    const joined = joinedColumns(left, right, params, where).map(({ field, left: l, right: r }): SidedColumn => {
      const [own, other] = turned ? [r, l] : [l, r]
      return { field, ...(own !== undefined && { own }), ...(other !== undefined && { stored: other }) }
    })
    const marked = params.lookup ? this.own.findIndex(field => field.name === watermarkColumn) : -1
    this.#columns = marked < 0 ? joined : [...joined, { field: this.own[marked]!, own: marked }]
    this.#ordered = turned?.ordered ?? false
    this.#fields = [...this.#columns.map(column => column.field), ...(this.#ordered ? [orderField] : [])]
    this.#at = this.own.map(field => streaming.indexOf(field))
    this.#pairs = turned ? pairFields(this.stored, this.own).map((_, i, all) => all[(i + this.stored.length) % all.length]!) : pairFields(this.own, this.stored)
    this.#condition = params.where && boundCondition(this.#pairs, params.where, where)
    this.#range = params.range && this.#placed(params.range, where)
    this.#filter = params.filter && bindCondition(params.filter, this.own, where)
    this.#rest = params.rest && boundCondition(this.#pairs, params.rest, where)
    this.#nearest = asOf && { at: columnIndex(this.own, asOf.left, where), form: asOf.form ?? orderForm(left, right, asOf, where) }
  }

  #placed({ first, second }: RangeForm<string>, where: string): RangeForm {
    const end = (given: RangeEnd<string>) => ({ own: columnIndex(this.own, given.own, where), strict: given.strict })
    const placed = ({ stored, form, lower, upper }: RangeForm<string>['first']) => ({ stored: columnIndex(this.stored, stored, where), form, ...(lower && { lower: end(lower) }), ...(upper && { upper: end(upper) }) })
    return { first: placed(first), ...(second && { second: placed(second) }) }
  }

  /** A batch of the streaming input without its hidden columns. */
  visibleRows(batch: Batch): Batch {
    return { ...batch, fields: this.own, columns: this.#at.map(i => batch.columns[i]!) }
  }

  /** The rows that pass the filter: alone, or all of them and the address of a bit each, where `masks` and more than a part pass. */
  filtered(rows: Batch, masks: boolean): { rows: Batch; mask: number } {
    if (!this.#filter) return { rows, mask: 0 }
    const { device, arena, where } = this.#context
    const mask = evaluateMask(device, arena, this.#filter, rows, where)
    const count = countBits(device, mask, rows.rowCount)
    if (count === rows.rowCount) return { rows, mask: 0 }
    return masks && count >= maskedShareMin * rows.rowCount ? { rows, mask } : { rows: compactBatch(device, arena, rows, mask), mask: 0 }
  }

  /** Emits what `rows` of the streaming side give beside a table, as a join of kind `kind`. `hits`: the address of a byte a row, 1 for those that meet something; `mask`: of a bit, 0 for those that mustn't. */
  join(rows: Batch, table: TableData, kind: ProbeKind, out: Output, hits = 0, mask = 0): void {
    const { device } = this.#context
    const scratch = device.arena()
    const probe = this.#probe(rows, hits, scratch, mask)
    try {
      const condition = this.#conditionOn(scratch, rows, table)
      if (kind === 'storedSemi' || kind === 'storedAnti') return markStored(device, scratch, table, probe, condition, pairsMax)
      if (kind === 'semi' || kind === 'anti') return this.emitOwn(rows, matchMask(device, scratch, table, probe, kind === 'semi', condition, pairsMax), out)
      let parts = 0
      for (const matches of matchRows(device, scratch, table, probe, kind, condition, pairsMax)) {
        const emit = () => this.#emitMatches(rows, table, matches, kind === 'left' || kind === 'full', out)
        if (parts++ === 0) emit()
        else emitApart(this.#context, emit)
      }
    } finally {
      scratch.release()
    }
  }

  /** Marks the rows of the streaming side that meet something, and emits nothing. */
  mark(rows: Batch, table: TableData, hits: number): void {
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const condition = this.#conditionOn(scratch, rows, table)
      for (const _ of matchRows(device, scratch, table, this.#probe(rows, hits, scratch), 'inner', condition, pairsMax));
    } finally {
      scratch.release()
    }
  }

  /** Once all rows have been joined: what it marked in the table stands for all rows of its keys. */
  completeMarks(table: TableData): void {
    const isExact = this.#condition !== undefined || (this.#range !== undefined && table.sorted !== undefined)
    if ((this.kind === 'storedSemi' || this.kind === 'storedAnti') && !isExact) markLinked(this.#context.device, table)
  }

  #probe(rows: Batch, hits: number, scratch: Arena, mask = 0): Probe {
    const near = this.#nearest
    const { device } = this.#context
    // A row that doesn't pass is as good as one without a key.
    const keyed = (column: Column): Column => (mask === 0 ? column : { ...column, validity: andBits(device, scratch, column.validity, mask, rows.rowCount) })
    return {
      keys: this.keys.map((i, k) => (k === 0 ? keyed(rows.columns[i]!) : rows.columns[i]!)),
      rows: rows.rowCount,
      hits,
      ...(near && { nearest: { value: rows.columns[near.at]!, form: near.form } }),
      ...(this.#range && { range: { columns: rows.columns, form: this.#range } }),
    }
  }

  /** Emits the streaming rows whose bit is 1 at `mask`, alone: as they are, or beside nulls. */
  emitOwn(rows: Batch, mask: number, out: Output): void {
    const { device, arena } = this.#context
    const kept = compactBatch(device, arena, rows, mask)
    const columns = this.#columns.map(({ field, own }): Column => (own === undefined ? nullColumn(arena, field.type, kept.rowCount) : this.#fitted(kept.columns[own]!, field.type)))
    out.emit({ fields: this.#fields, rowCount: kept.rowCount, columns: this.#withOrder(columns, () => this.#lastOrder(kept.rowCount)), arena: arena.address })
  }

  /** Emits stored rows alone, beside nulls. */
  emitStored(table: TableData, ids: number, count: number, out: Output): void {
    const { device, arena } = this.#context
    this.#emitAlone(i => takeStored(device, arena, table.rows, table.rows.columns[i]!, this.stored[i]!.type, ids, count, false), () => this.#orderOf(table, ids, count, false), count, out)
    this.#holdStore(table)
  }

  /** Emits the stored rows whose bit is 1 at `mask`, alone. `rows` has the visible stored columns first, and then the number of the row. */
  emitSpilled(rows: Batch, mask: number, out: Output): void {
    const { device, arena } = this.#context
    const kept = compactBatch(device, arena, rows, mask)
    this.#emitAlone(i => kept.columns[i]!, () => kept.columns.at(-1)!, kept.rowCount, out)
  }

  #emitAlone(columnOf: (stored: number) => Column, orderOf: () => Column, count: number, out: Output): void {
    const { arena } = this.#context
    const columns = this.#columns.map(({ field, stored }): Column => (stored === undefined ? nullColumn(arena, field.type, count) : this.#fitted(columnOf(stored), field.type)))
    out.emit({ fields: this.#fields, rowCount: count, columns: this.#withOrder(columns, orderOf), arena: arena.address })
  }

  #emitMatches(rows: Batch, table: TableData, { left, right, count }: Matches, isOuter: boolean, out: Output): void {
    const { device, arena } = this.#context
    if (left === 0) share(device, arena, rows)
    else holdViews(device, arena, rows)
    const scratch = device.arena()
    const buckets = storedBuckets(device, scratch, table.rows, right, count)
    const columns = this.#columns.map(({ field, own, stored }): Column => {
      if (own === undefined) return takeStored(device, arena, table.rows, table.rows.columns[stored!]!, field.type, right, count, isOuter, buckets)
      const column = rows.columns[own]!
      return this.#fitted(left === 0 ? column : gatherColumn(device, arena, column, left, count), field.type)
    })
    scratch.release()
    this.#holdStore(table)
    out.emit({ fields: this.#fields, rowCount: count, columns: this.#withOrder(columns, () => this.#orderOf(table, right, count, isOuter)), arena: arena.address })
  }

  #withOrder(columns: readonly Column[], orderOf: () => Column): readonly Column[] {
    return this.#ordered ? [...columns, orderOf()] : columns
  }

  // The place of stored rows among all of them: rows that come from disk have it with them.
  #orderOf({ rows }: TableData, ids: number, count: number, isOuter: boolean): Column {
    const { device, arena } = this.#context
    const numbers = rows.columns[this.stored.length]
    if (numbers) return takeStored(device, arena, rows, numbers, orderField.type, ids, count, isOuter)
    return { type: orderField.type, length: count, values: flatRowNumbers(device, arena, rows, ids, count), validity: 0 }
  }

  #lastOrder(count: number): Column {
    const { device, arena } = this.#context
    const values = arena.allocate(4 * count)
    device.memory.int32s(values, count).fill(orderMax)
    return { type: orderField.type, length: count, values, validity: 0 }
  }

  // Columns that the condition doesn't read are not taken.
  #conditionOn(scratch: Arena, rows: Batch, table: TableData): PairCondition | undefined {
    const { device, where } = this.#context
    const condition = this.#range && table.sorted ? this.#rest : this.#condition
    if (!condition) return undefined
    const reads = positionsOf(condition)
    const fields = this.#pairs
    const mask = scratch.allocate(bitmapBytes(pairsMax))
    return (left, right, count) => {
      const arena = device.arena()
      try {
        const columns = fields.map(({ type }, i): Column => {
          if (!reads.has(i)) return { type, length: count, values: 0, validity: 0 }
          const stored = i - this.own.length
          return stored < 0 ? gatherColumn(device, arena, rows.columns[i]!, left, count) : takeStored(device, arena, table.rows, table.rows.columns[stored]!, type, right, count, false)
        })
        const found = evaluateMask(device, arena, condition, { fields, rowCount: count, columns, arena: arena.address }, where)
        device.memory.bytes(mask, bitmapBytes(count)).set(device.memory.bytes(found, bitmapBytes(count)))
        return mask
      } finally {
        arena.release()
      }
    }
  }

  // Keys of both sides in one column have the wider type, which holds both exactly.
  #fitted(column: Column, type: Column['type']): Column {
    const { device, arena, where } = this.#context
    return sameType(column.type, type) ? column : cast(device, arena, column, type, false, { where, active: 0 })
  }

  #holdStore({ rows }: TableData): void {
    const { device, arena } = this.#context
    retainArena(device, rows.arena)
    arena.hold(rows.arena)
  }
}
