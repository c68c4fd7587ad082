// The left side of a join over bounded input: streams past the table of the right side, in as many instances as there are threads. Rows come out in left
// order, the matches of a row in right order; what a right or full join adds comes at the end.
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, type Column, releaseBatch, retainBatch } from '../batch/batch.ts'
import { bitmapBytes, int64, sameType } from '../batch/data-type.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { compactBatch, share } from '../compute/compact.ts'
import { cast } from '../compute/cast.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import { type Matches, matchMask, matchRows, type PairCondition, unmatchedIds } from '../compute/join-match.ts'
import { chunkRowsMax, takeStored } from '../compute/join-store.ts'
import type { TableData } from '../compute/join-table.ts'
import { nullColumn } from '../compute/null-column.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import { evaluateMask } from '../expr/evaluate.ts'
import type { Bound } from '../expr/function.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { readTable } from './join-build.ts'
import { boundCondition, describeJoin, type JoinedColumn, joinedColumns, joinedFields, type JoinParams, neededOfJoin, pairFields, positionsOf } from './join-fields.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'

const pairsMax = 32_768

/** Left rows beside the rows of the right side's table. A null key meets nothing; NaN equals NaN, −0 equals 0. */
export const joinProbeOperator: OperatorType<JoinParams> = {
  kind: 'joinProbe',
  inputCount: 2,
  tablePort: 1,
  placement: () => 'any',
  fields: ([left, right], params, where) => joinedFields(left!, right!, params, where),
  needs: (inputs, params, port, readers) => neededOfJoin(inputs, params, port, readers, 'join'),
  describe: params => `${describeJoin(params)}, right side stored`,
  create: (context, params, [left, right]) => new JoinProbe(context, params, left!, right!),
}

class JoinProbe implements Operator {
  readonly #context: OperatorContext
  readonly #params: JoinParams
  readonly #columns: readonly JoinedColumn[]
  readonly #output: Fields
  readonly #left: Fields
  readonly #right: Fields
  /** Where the visible left columns are in the input; the keys among the visible ones. */
  readonly #at: readonly number[]
  readonly #keys: readonly number[]
  readonly #condition: Bound | undefined
  readonly #conditionReads: ReadonlySet<number>
  #table: TableData | undefined
  #tableBatch: Batch | undefined
  #restored: number[] = []
  constructor(context: OperatorContext, params: JoinParams, left: Fields, right: Fields) {
    this.#context = context
    this.#params = params
    this.#columns = joinedColumns(left, right, params, context.where)
    this.#output = this.#columns.map(column => column.field)
    this.#left = visible(left)
    this.#right = visible(right)
    this.#at = this.#left.map(field => left.indexOf(field))
    this.#keys = params.left.map(key => columnIndex(this.#left, key, context.where))
    this.#condition = params.where && boundCondition(left, right, params.where, context.where)
    this.#conditionReads = this.#condition ? positionsOf(this.#condition) : new Set()
  }

  push(batch: Batch, out: Output, port: number): void {
    if (port === 1) return this.#takeTable(batch)
    const { device, where } = this.#context
    const table = this.#table!
    const rows: Batch = { ...batch, fields: this.#left, columns: this.#at.map(i => batch.columns[i]!) }
    const probe = { keys: this.#keys.map(i => rows.columns[i]!), rows: batch.rowCount }
    const { how } = this.#params
    const scratch = device.arena()
    try {
      const condition = this.#condition && this.#pairCondition(scratch, rows, table, this.#condition, where)
      if (how === 'semi' || how === 'anti') {
        const mask = matchMask(device, scratch, table, probe, how === 'semi', condition, pairsMax)
        const kept = compactBatch(device, this.#context.arena, rows, mask)
        return out.emit({ ...kept, fields: this.#output })
      }
      let parts = 0
      for (const matches of matchRows(device, scratch, table, probe, how, condition, pairsMax)) {
        const emit = () => this.#emitMatches(rows, table, matches, out)
        if (parts++ === 0) emit()
        else emitApart(this.#context, emit)
      }
    } finally {
      scratch.release()
    }
  }

  finish(out: Output, port: number): void {
    const { how } = this.#params
    if (port === 1 || (how !== 'right' && how !== 'full')) return
    const { device, instance, parallelism } = this.#context
    const table = this.#table!
    for (let chunk = instance; chunk < table.rows.chunkRows.length; chunk += parallelism) {
      const scratch = device.arena()
      try {
        const { ids, count } = unmatchedIds(device, scratch, table, chunk)
        if (count > 0) emitApart(this.#context, () => this.#emitUnmatched(table, ids, count, out))
      } finally {
        scratch.release()
      }
    }
  }

  // Which stored rows were met: each instance writes down a part of the chunks. The rows themselves are the build's to keep.
  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const table = this.#table
    if (!table || table.marks === 0) return []
    const ids: number[] = []
    for (let chunk = instance; chunk < table.rows.chunkRows.length; chunk += parallelism) {
      device.memory.bytes(table.marks + chunkRowsMax * chunk, table.rows.chunkRows[chunk]!).forEach((mark, row) => mark && ids.push(chunk * chunkRowsMax + row))
    }
    const arena = device.arena()
    try {
      const values = arena.allocate(8 * ids.length)
      device.memory.int64s(values, ids.length).set(ids.map(BigInt))
      const batch: Batch = { fields: [{ name: 'met', type: int64, nullable: false }], rowCount: ids.length, columns: [{ type: int64, length: ids.length, values, validity: 0 }], arena: arena.address }
      return [{ table: 'met', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, batch) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const { columns, rowCount } = decodeRun(device, arena, run.bytes)
        for (const id of device.memory.int64s(columns[0]!.values, rowCount)) this.#restored.push(Number(id))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    if (this.#tableBatch) releaseBatch(this.#context.device, this.#tableBatch)
  }

  #takeTable(batch: Batch): void {
    const { device } = this.#context
    this.#tableBatch = retainBatch(device, batch)
    this.#table = readTable(device, batch)
    for (const id of this.#restored.splice(0)) device.memory.bytes(this.#table.marks + id, 1)[0] = 1
  }

  // Columns that the condition doesn't read are not taken.
  #pairCondition(scratch: Arena, rows: Batch, table: TableData, condition: Bound, where: string): PairCondition {
    const { device } = this.#context
    const fields = pairFields(this.#left, this.#right)
    const mask = scratch.allocate(bitmapBytes(pairsMax))
    return (left, right, count) => {
      const arena = device.arena()
      try {
        const columns = fields.map(({ type }, i): Column => {
          if (!this.#conditionReads.has(i)) return { type, length: count, values: 0, validity: 0 }
          const stored = i - this.#left.length
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

  #emitMatches(rows: Batch, table: TableData, { left, right, count }: Matches, out: Output): void {
    const { device, arena } = this.#context
    const { how } = this.#params
    const isOuter = how === 'left' || how === 'full'
    if (left === 0) share(device, arena, rows)
    else holdViews(device, arena, rows)
    const columns = this.#columns.map(({ field, left: own, right: stored }): Column => {
      if (own === undefined) return takeStored(device, arena, table.rows, table.rows.columns[stored!]!, field.type, right, count, isOuter)
      const column = rows.columns[own]!
      return this.#fitted(left === 0 ? column : gatherColumn(device, arena, column, left, count), field.type)
    })
    this.#holdStore(table)
    out.emit({ fields: this.#output, rowCount: count, columns, arena: arena.address })
  }

  #emitUnmatched(table: TableData, ids: number, count: number, out: Output): void {
    const { device, arena } = this.#context
    const columns = this.#columns.map(({ field, right }): Column => {
      if (right === undefined) return nullColumn(arena, field.type, count)
      return this.#fitted(takeStored(device, arena, table.rows, table.rows.columns[right]!, this.#right[right]!.type, ids, count, false), field.type)
    })
    this.#holdStore(table)
    out.emit({ fields: this.#output, rowCount: count, columns, arena: arena.address })
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
