// How a join's rows come out: left rows beside stored right ones, either side alone, conditions over pairs. What the probe over a table in memory and the
// join of parts on disk share.
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, sameType } from '../batch/data-type.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { cast } from '../compute/cast.ts'
import { compactBatch, share } from '../compute/compact.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import type { OrderForm } from '../compute/join-order.ts'
import { type JoinKind, type Matches, matchMask, matchRows, type PairCondition } from '../compute/join-match.ts'
import { storedBuckets, takeStored } from '../compute/join-store.ts'
import type { TableData } from '../compute/join-table.ts'
import { nullColumn } from '../compute/null-column.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import { evaluateMask } from '../expr/evaluate.ts'
import type { Bound } from '../expr/function.ts'
import { boundCondition, type JoinedColumn, joinedColumns, type JoinParams, orderForm, pairFields, positionsOf } from './join-fields.ts'
import { emitApart, type OperatorContext, type Output } from './operator.ts'

const pairsMax = 32_768

/** Makes the rows of one join in the context's arena. */
export class JoinOutput {
  readonly params: JoinParams
  /** The visible fields of both sides, and the keys among the left ones. */
  readonly left: Fields
  readonly right: Fields
  readonly keys: readonly number[]
  readonly #context: OperatorContext
  readonly #columns: readonly JoinedColumn[]
  readonly #fields: Fields
  readonly #at: readonly number[]
  readonly #condition: Bound | undefined
  readonly #conditionReads: ReadonlySet<number>
  readonly #nearest: { readonly at: number; readonly form: OrderForm } | undefined
  constructor(context: OperatorContext, params: JoinParams, left: Fields, right: Fields) {
    this.#context = context
    this.params = params
    this.left = visible(left)
    this.right = visible(right)
    this.keys = params.left.map(key => columnIndex(this.left, key, context.where))
    this.#columns = joinedColumns(left, right, params, context.where)
    this.#fields = this.#columns.map(column => column.field)
    this.#at = this.left.map(field => left.indexOf(field))
    this.#condition = params.where && boundCondition(left, right, params.where, context.where)
    this.#conditionReads = this.#condition ? positionsOf(this.#condition) : new Set()
    const { asOf } = params
    this.#nearest = asOf && { at: columnIndex(this.left, asOf.left, context.where), form: asOf.form ?? orderForm(left, right, asOf, context.where) }
  }

  /** A batch of the left input without its hidden columns. */
  visibleRows(batch: Batch): Batch {
    return { ...batch, fields: this.left, columns: this.#at.map(i => batch.columns[i]!) }
  }

  /** Emits what `rows` of the left side give beside a table, as a join of kind `how`. `hits`: the address of a byte a row, 1 for those that meet something. */
  join(rows: Batch, table: TableData, how: JoinKind, out: Output, hits = 0): void {
    const { device } = this.#context
    const near = this.#nearest && { nearest: { value: rows.columns[this.#nearest.at]!, form: this.#nearest.form } }
    const probe = { keys: this.keys.map(i => rows.columns[i]!), rows: rows.rowCount, hits, ...near }
    const scratch = device.arena()
    try {
      const condition = this.#condition && this.#pairCondition(scratch, rows, table, this.#condition)
      if (how === 'semi' || how === 'anti') return this.emitLeft(rows, matchMask(device, scratch, table, probe, how === 'semi', condition, pairsMax), out)
      let parts = 0
      for (const matches of matchRows(device, scratch, table, probe, how, condition, pairsMax)) {
        const emit = () => this.#emitMatches(rows, table, matches, how === 'left' || how === 'full', out)
        if (parts++ === 0) emit()
        else emitApart(this.#context, emit)
      }
    } finally {
      scratch.release()
    }
  }

  /** Marks the rows of the left side that meet something, and emits nothing. */
  mark(rows: Batch, table: TableData, hits: number): void {
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const condition = this.#condition && this.#pairCondition(scratch, rows, table, this.#condition)
      const probe = { keys: this.keys.map(i => rows.columns[i]!), rows: rows.rowCount, hits }
      for (const _ of matchRows(device, scratch, table, probe, 'inner', condition, pairsMax));
    } finally {
      scratch.release()
    }
  }

  /** Emits the left rows whose bit is 1 at `mask`, alone: as they are, or beside nulls. */
  emitLeft(rows: Batch, mask: number, out: Output): void {
    const { device, arena } = this.#context
    const kept = compactBatch(device, arena, rows, mask)
    const columns = this.#columns.map(({ field, left }): Column => (left === undefined ? nullColumn(arena, field.type, kept.rowCount) : this.#fitted(kept.columns[left]!, field.type)))
    out.emit({ fields: this.#fields, rowCount: kept.rowCount, columns, arena: arena.address })
  }

  /** Emits stored rows alone, beside nulls. */
  emitStored(table: TableData, ids: number, count: number, out: Output): void {
    const { device, arena } = this.#context
    this.#emitRight(i => takeStored(device, arena, table.rows, table.rows.columns[i]!, this.right[i]!.type, ids, count, false), count, out)
    this.#holdStore(table)
  }

  /** Emits the right rows whose bit is 1 at `mask`, alone. `rows` has the visible right columns first. */
  emitRight(rows: Batch, mask: number, out: Output): void {
    const { device, arena } = this.#context
    const kept = compactBatch(device, arena, rows, mask)
    this.#emitRight(i => kept.columns[i]!, kept.rowCount, out)
  }

  #emitRight(columnOf: (right: number) => Column, count: number, out: Output): void {
    const { arena } = this.#context
    const columns = this.#columns.map(({ field, right }): Column => (right === undefined ? nullColumn(arena, field.type, count) : this.#fitted(columnOf(right), field.type)))
    out.emit({ fields: this.#fields, rowCount: count, columns, arena: arena.address })
  }

  #emitMatches(rows: Batch, table: TableData, { left, right, count }: Matches, isOuter: boolean, out: Output): void {
    const { device, arena } = this.#context
    if (left === 0) share(device, arena, rows)
    else holdViews(device, arena, rows)
    const scratch = device.arena()
    const buckets = storedBuckets(device, scratch, table.rows, right, count)
    const columns = this.#columns.map(({ field, left: own, right: stored }): Column => {
      if (own === undefined) return takeStored(device, arena, table.rows, table.rows.columns[stored!]!, field.type, right, count, isOuter, buckets)
      const column = rows.columns[own]!
      return this.#fitted(left === 0 ? column : gatherColumn(device, arena, column, left, count), field.type)
    })
    scratch.release()
    this.#holdStore(table)
    out.emit({ fields: this.#fields, rowCount: count, columns, arena: arena.address })
  }

  // Columns that the condition doesn't read are not taken.
  #pairCondition(scratch: Arena, rows: Batch, table: TableData, condition: Bound): PairCondition {
    const { device, where } = this.#context
    const fields = pairFields(this.left, this.right)
    const mask = scratch.allocate(bitmapBytes(pairsMax))
    return (left, right, count) => {
      const arena = device.arena()
      try {
        const columns = fields.map(({ type }, i): Column => {
          if (!this.#conditionReads.has(i)) return { type, length: count, values: 0, validity: 0 }
          const stored = i - this.left.length
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
