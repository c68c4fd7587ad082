// Window functions over input that never ends: whenever rows come to a partition, or are taken back, its results are computed again, and what has changed of them is given
// out. All rows of all partitions are kept.
import { AssertionError } from '../base/errors.ts'
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { changeColumn, changeField } from '../batch/change.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import type { SomeGroups } from '../compute/aggregate-contract.ts'
import { changesBetween } from '../compute/changes.ts'
import { gathered, rowNumbers } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { computeWindows, type Windows } from '../compute/over.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { TopLists } from '../compute/top-lists.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { outputOf, overOperator, type OverParams, type Place, windowsOf } from './over.ts'
import { watermarkColumn } from './watermark.ts'

/** As `over`, without an end. Of rows that are equal in their order those that came first stand first. Cost: of each batch, all rows of the partitions that it touches. */
export const updatingOverOperator: OperatorType<OverParams> = {
  kind: 'updatingOver',
  inputCount: 1,
  takesChanges: true,
  placement: ({ by }) => (by.length > 0 ? 'keyed' : 'single'),
  keys: ({ by }) => by,
  fields: ([input], params, where) => [...outputOf(keptOf(input!), params, where).map(place => place.field), changeField],
  describe: params => `${overOperator.describe(params)}, as rows come`,
  create: (context, params, [input]) => new UpdatingOver(context, params, input!),
}

// Steps behind may read hidden columns that were computed for them.
function keptOf(input: Fields): Fields {
  return input.filter(({ name }) => name !== changeColumn && name !== watermarkColumn)
}

class UpdatingOver implements Operator {
  readonly #context: OperatorContext
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #change: number
  readonly #places: readonly Place[]
  readonly #windows: Windows
  readonly #names: readonly string[]
  readonly #table: GroupTable
  readonly #rows: TopLists
  constructor(context: OperatorContext, params: OverParams, input: Fields) {
    this.#context = context
    this.#fields = keptOf(input)
    this.#columns = this.#fields.map(field => input.indexOf(field))
    this.#change = input.findIndex(field => field.name === changeColumn)
    this.#places = outputOf(this.#fields, params, context.where)
    this.#windows = windowsOf(this.#fields, params, this.#places, context.where)
    this.#names = params.by
    this.#table = new GroupTable(context.device, params.by.map(name => this.#fields[columnIndex(this.#fields, name, context.where)]!))
    this.#rows = new TopLists(context.device, this.#fields, { count: Number.MAX_SAFE_INTEGER, order: [], keepsAll: true, ranked: false, latest: false })
  }

  push({ columns, rowCount }: Batch, out: Output): void {
    if (rowCount === 0) return
    const { device, arena, where } = this.#context
    const rows = { columns: this.#columns.map(i => columns[i]!), rowCount }
    const scratch = device.arena()
    try {
      const gids = this.#table.find(scratch, this.#windows.by.map(i => rows.columns[i]!), rowCount)
      let changes: Batch | undefined
      const { owed } = this.#rows.take(scratch, gids, this.#table.groupCount, rows, this.#change < 0 ? undefined : columns[this.#change]!, (own, all, before, now) => {
        const results = [{ indices: rowNumbers(device, own, before), rows: before }, now].map(chosen => this.#computed(own, all, chosen))
        changes = changesBetween(device, arena, this.#places.map(place => place.field), results[0]!, results[1]!)
      })
      if (owed > 0) throw new AssertionError('CHANGES', `${where}: a row was taken back that had not been given; this is a fault in Millrace`)
      if (changes && changes.rowCount > 0) out.emit(changes)
    } finally {
      scratch.release()
    }
  }

  snapshot(): StateRun[] {
    if (this.#rows.rowCount === 0) return []
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      return [{ table: 'rows', keyGroups: this.#names.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }, bytes: encodeRun(device, this.#rows.state(arena)) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const all = decodeRun(device, arena, run.bytes)
        const rows = this.#names.length === 0 ? all : rowsOfKeyGroups(device, arena, all, this.#names, keyGroupRange(instance, parallelism), where)
        if (rows.rowCount > 0) this.#rows.restore(this.#table.find(arena, this.#windows.by.map(i => rows.columns[i]!), rows.rowCount), this.#table.groupCount, rows)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#table.close()
    this.#rows.close()
  }

  // What comes out for some of the rows, which are whole partitions.
  #computed(arena: Arena, all: Batch, chosen: SomeGroups): { columns: Column[]; rowCount: number } {
    const { device } = this.#context
    const rows: Batch = { fields: this.#fields, rowCount: chosen.rows, columns: gathered(device, arena, all.columns, chosen), arena: 0 }
    const results = computeWindows(device, arena, rows, this.#windows)
    return { columns: this.#places.map(place => (place.input < 0 ? results[place.result]! : rows.columns[place.input]!)), rowCount: rows.rowCount }
  }
}
