// The first rows of an order, of all rows or of each group, without sorting the rest: what a batch already beats is left out where the batch is
// made ("in part"), then one instance (of each group) keeps at most about twice what it gives.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import { type Batch, type Column, sliceBatch } from '../batch/batch.ts'
import { int32, rowCount64 } from '../batch/data-type.ts'
import { columnIndex, fieldOf, type Fields, isHidden, visible } from '../batch/schema.ts'
import { gatherBatch, gatherColumn, gatherOwned } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { type ChosenRows, firstOfEach, inRowOrder, placesOf, rowsBackwards } from '../compute/row-numbers.ts'
import { RowStore } from '../compute/row-store.ts'
import { sortIndices } from '../compute/sort.ts'
import { type OrderColumn, sortKeys } from '../compute/sorted-rows.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { TopThinner } from './top-thinner.ts'
import { checkOrder, describeOrder, orderColumns, type OrderParam } from './order-params.ts'

/**
 * Parameters of `topK`: how many rows, in which order, of each group by these columns; `asTheyCame`: those rows in source order; `part`: rows are only
 * thinned out; `rank`: a column of their places, from 1; `latest`: of rows that are equal in the order the latest is first. Without keys the order is that of the source.
 */
export type TopKParams = { readonly rank?: string; readonly latest?: boolean; readonly count: number; readonly keys: readonly OrderParam[]; readonly by?: readonly string[]; readonly asTheyCame?: boolean; readonly part?: boolean }

const emitRows = 65_536
const slackRows = 8_192

/** Rows in order of the keys, groups in order of first sight; of equal rows the earlier ones. Hidden columns end here. */
export const topKOperator: OperatorType<TopKParams> = {
  kind: 'topK',
  inputCount: 1,
  placement: ({ part, by = [] }) => (part ? 'any' : by.length > 0 ? 'keyed' : 'single'),
  keys: ({ by = [] }) => by,
  stateWeight: 0,
  fields([input], { count, keys, by = [], part, rank }, where) {
    checkTopCount(count, where)
    const whole = where.replace(/:part$/, '')
    if (keys.length > 0) checkOrder(input!, keys, whole)
    for (const name of by) fieldOf(input!, name, whole)
    return part ? carried(input!, keys) : [...visible(input!), ...rankField(input!, rank, whole)]
  },
  describe({ count, keys, by = [], asTheyCame, part }) {
    return `the first ${count} by ${describeOrder(keys)}${by.length > 0 ? `, for each ${by.join(', ')}` : ''}${asTheyCame ? ', in source order' : ''}${part ? ', in part' : ''}`
  },
  create: (context, params, [input]) => new TopK(context, params, input!),
}

/** Throws PlanError TOP_COUNT for what is no count of rows. */
export function checkTopCount(count: number, where: string): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new PlanError('TOP_COUNT', `${where}: the count is ${count}; give a whole number from 0`)
}

/** The column of places, where there is one. Throws PlanError DUPLICATE_COLUMN where the input has one of that name. */
export function rankField(input: Fields, rank: string | undefined, where: string): Fields {
  if (rank === undefined) return []
  if (input.some(field => field.name === rank)) throw new PlanError('DUPLICATE_COLUMN', `${where}: there is a column "${rank}" already; give the place another name`)
  return [{ name: rank, type: rowCount64, nullable: false }]
}

function carried(input: Fields, keys: readonly OrderParam[]): Fields {
  return input.filter(({ name }) => !isHidden(name) || keys.some(key => key.column === name))
}

class TopK implements Operator {
  readonly #context: OperatorContext
  readonly #params: TopKParams
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #order: readonly OrderColumn[]
  readonly #by: readonly number[]
  readonly #store: RowStore
  readonly #thinner: TopThinner | undefined
  #pruneAt: number
  constructor(context: OperatorContext, params: TopKParams, input: Fields) {
    this.#context = context
    this.#params = params
    this.#fields = carried(input, params.keys)
    this.#columns = this.#fields.map(field => input.indexOf(field))
    this.#order = orderColumns(this.#fields, params.keys, context.where)
    this.#by = (params.by ?? []).map(name => columnIndex(this.#fields, name, context.where))
    this.#store = new RowStore(context.device, this.#fields)
    if (params.part && this.#by.length > 0 && this.#order.length > 0) this.#thinner = new TopThinner(context.device, params.count, this.#fields, this.#by, this.#order[0]!)
    this.#pruneAt = 2 * params.count + slackRows
  }

  push(batch: Batch, out: Output): void {
    const { device, arena } = this.#context
    const rows: Batch = { ...batch, fields: this.#fields, columns: this.#columns.map(i => batch.columns[i]!) }
    if (this.#thinner) return out.emit(this.#thinner.thin(arena, rows))
    if (this.#params.part) {
      const { indices, rows: count } = inRowOrder(device, arena, this.#first(arena, rows), rows.rowCount)
      return out.emit(gatherBatch(device, arena, rows, indices, count))
    }
    this.#store.append(rows)
    if (this.#store.rowCount > this.#pruneAt) this.#prune()
  }

  finish(out: Output): void {
    const { device, arena } = this.#context
    const rows = this.#store.batch()
    if (rows.rowCount === 0) return
    const first = this.#first(arena, rows)
    const places = this.#params.rank === undefined ? [] : [this.#places(arena, rows, first)]
    const chosen = this.#params.asTheyCame ? inRowOrder(device, arena, first, rows.rowCount) : first
    const top = gatherOwned(device, arena, rows, chosen.indices, chosen.rows)
    this.#store.clear()
    const shown = top.fields.flatMap(({ name }, i) => (isHidden(name) ? [] : [i]))
    const whole = { ...top, fields: [...shown.map(i => top.fields[i]!), ...rankField(top.fields, this.#params.rank, this.#context.where)], columns: [...shown.map(i => top.columns[i]!), ...places] }
    for (let start = 0; start < top.rowCount; start += emitRows) out.emit(sliceBatch(whole, start, Math.min(top.rowCount, start + emitRows)))
  }

  #places(arena: Arena, rows: Batch, first: ChosenRows): Column {
    const { device } = this.#context
    const table = new GroupTable(device, this.#by.map(i => rows.fields[i]!))
    try {
      const keys = this.#by.map(i => gatherColumn(device, arena, rows.columns[i]!, first.indices, first.rows))
      return placesOf(device, arena, table.find(arena, keys, first.rows), first.rows)
    } finally {
      table.close()
    }
  }

  snapshot(): StateRun[] {
    if (this.#store.rowCount === 0) return []
    const { device, instance, parallelism } = this.#context
    return [{ table: 'rows', keyGroups: this.#by.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }, bytes: encodeRun(device, this.#store.batch()) }]
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    const { by = [] } = this.#params
    for (const run of runs) {
      const arena = device.arena()
      try {
        const rows = decodeRun(device, arena, run.bytes)
        this.#store.append(by.length === 0 ? rows : rowsOfKeyGroups(device, arena, rows, by, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#thinner?.close()
    this.#store.close()
  }

  // The stored rows that are still among the first, in source order, so that equal ones stay in it.
  #prune(): void {
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const rows = this.#store.batch()
      const { indices, rows: count } = inRowOrder(device, scratch, this.#first(scratch, rows), rows.rowCount)
      const kept = gatherOwned(device, scratch, rows, indices, count)
      this.#store.clear()
      this.#store.append(kept)
      this.#pruneAt = 2 * kept.rowCount + slackRows
    } finally {
      scratch.release()
    }
  }

  // The first rows (of each group), in order.
  #first(arena: Arena, rows: Batch): ChosenRows {
    const { device } = this.#context
    const { rowCount } = rows
    const { count, latest } = this.#params
    const keys = sortKeys(rows, this.#order)
    const turn = latest ? rowsBackwards(device, arena, rowCount) : 0
    if (this.#by.length === 0) return { indices: sortIndices(device, arena, keys, rowCount, turn), rows: Math.min(count, rowCount) }
    const table = new GroupTable(device, this.#by.map(i => rows.fields[i]!))
    try {
      const gids = table.find(arena, this.#by.map(i => rows.columns[i]!), rowCount)
      const group = { column: { type: int32, length: rowCount, values: gids, validity: 0 } }
      return firstOfEach(device, gids, sortIndices(device, arena, [group, ...keys], rowCount, turn), rowCount, count)
    } finally {
      table.close()
    }
  }
}
