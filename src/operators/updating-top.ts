// topK and dedup over input that never ends: the first rows of each group so far, given out as changes. Where rows only add up nothing but these is kept; where they
// are taken back, all rows are, as any of them may come to be among the first.
import { AssertionError } from '../base/errors.ts'
import type { Batch } from '../batch/batch.ts'
import { changeColumn, changeField } from '../batch/change.ts'
import { rowCount64 } from '../batch/data-type.ts'
import { columnIndex, fieldOf, type Fields, isHidden, visible } from '../batch/schema.ts'
import { type TopChanges, TopLists } from '../compute/top-lists.ts'
import type { Arena } from '../device/arena.ts'
import type { StateRun } from '../state/state-run.ts'
import { KeptTops } from './kept-tops.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkOrder, describeOrder, orderColumns } from './order-params.ts'
import { checkTopCount, rankField, type TopKParams } from './top-k.ts'

/** As `topK`, without an end. Hidden columns end here, but for `$change`. */
export const updatingTopOperator: OperatorType<TopKParams> = {
  kind: 'updatingTop',
  inputCount: 1,
  takesChanges: true,
  placement: ({ by = [] }) => (by.length > 0 ? 'keyed' : 'single'),
  keys: ({ by = [] }) => by,
  fields([input], { count, keys, by = [], rank }, where) {
    checkTopCount(count, where)
    if (keys.length > 0) checkOrder(input!, keys, where)
    for (const name of by) fieldOf(input!, name, where)
    return [...visible(input!), ...rankField(input!, rank, where), changeField]
  },
  describe({ count, keys, by = [], latest, rank }) {
    const order = [describeOrder(keys), ...(latest ? ['the latest first'] : keys.length === 0 ? ['as they came'] : [])].filter(text => text !== '').join(', ')
    return `the first ${count} by ${order}${by.length > 0 ? `, for each ${by.join(', ')}` : ''}${rank === undefined ? '' : `, with their place as ${rank}`}, as rows come`
  },
  create: (context, params, [input]) => new UpdatingTop(context, params, input!),
}

class UpdatingTop implements Operator {
  readonly #context: OperatorContext
  readonly #params: TopKParams
  /** Visible columns and those that order rows; where these are in the input. */
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #by: readonly number[]
  readonly #change: number
  readonly #output: Fields
  readonly #shown: readonly number[]
  readonly #kept: KeptTops
  constructor(context: OperatorContext, params: TopKParams, input: Fields) {
    const { keys, by = [], rank } = params
    this.#context = context
    this.#params = params
    this.#change = input.findIndex(field => field.name === changeColumn)
    this.#fields = input.filter(({ name }) => !isHidden(name) || keys.some(key => key.column === name))
    this.#columns = this.#fields.map(field => input.indexOf(field))
    this.#shown = this.#fields.flatMap(({ name }, i) => (isHidden(name) ? [] : [i]))
    this.#by = by.map(name => columnIndex(this.#fields, name, context.where))
    this.#output = [...visible(input), ...rankField(input, rank, context.where), changeField]
    this.#kept = new KeptTops(context, { fields: this.#fields, keys: this.#by, onlyAdded: this.#change < 0, newLists: () => this.#newLists() })
  }

  push({ columns, rowCount }: Batch, out: Output): void {
    if (rowCount === 0 || this.#params.count === 0) return
    const { device, arena, where } = this.#context
    const rows = { columns: this.#columns.map(i => columns[i]!), rowCount }
    const scratch = device.arena()
    try {
      const gids = this.#kept.groupsOf(scratch, rows.columns, rowCount)
      const found = this.#kept.lists.take(arena, gids, this.#kept.groupCount, rows, this.#change < 0 ? undefined : columns[this.#change]!)
      if (found.owed > 0) throw new AssertionError('CHANGES', `${where}: a row was taken back that had not been given; this is a fault in Millrace`)
      if (found.rowCount > 0) out.emit(this.#shownOf(found, arena))
      this.#kept.settle()
    } finally {
      scratch.release()
    }
  }

  snapshot(): StateRun[] {
    return this.#kept.snapshot()
  }

  restore(runs: readonly StateRun[]): void {
    this.#kept.restore(runs)
  }

  close(): void {
    this.#kept.close()
  }

  #newLists(): TopLists {
    const { count, keys, rank, latest = false } = this.#params
    const order = orderColumns(this.#fields, keys, this.#context.where)
    return new TopLists(this.#context.device, this.#fields, { count, order, keepsAll: this.#change >= 0, ranked: rank !== undefined, latest })
  }

  #shownOf({ columns, places, changes, rowCount }: TopChanges, arena: Arena): Batch {
    const rank = this.#params.rank === undefined ? [] : [{ ...places, type: rowCount64 }]
    return { fields: this.#output, rowCount, columns: [...this.#shown.map(i => columns[i]!), ...rank, changes], arena: arena.address }
  }
}
