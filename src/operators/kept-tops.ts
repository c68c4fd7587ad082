// The state of updating-top.ts: which group is which, and their lists. Where groups are only added to and keys can't be null, what memory lacks lies in segments; else all
// of it is memory's.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { TopLists } from '../compute/top-lists.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { canBeCold, ColdGroups } from './cold-groups.ts'
import type { OperatorContext } from './operator.ts'

/** What is kept: rows of `fields` by those at `keys`. `onlyAdded`: no row is taken back. */
export interface KeptTopsOptions {
  readonly fields: Fields
  readonly keys: readonly number[]
  readonly onlyAdded: boolean
  readonly newLists: () => TopLists
}

const deadGroupsMax = 4_096

/** Groups and their lists. Owns memory and files until `close`. */
export class KeptTops {
  readonly #context: OperatorContext
  readonly #options: KeptTopsOptions
  readonly #cold: ColdGroups | undefined
  #table: GroupTable
  #lists: TopLists

  constructor(context: OperatorContext, options: KeptTopsOptions) {
    const { fields, keys, onlyAdded, newLists } = options
    this.#context = context
    this.#options = options
    this.#table = this.#newTable()
    this.#lists = newLists()
    if (onlyAdded && canBeCold(fields, keys)) this.#cold = new ColdGroups(context, fields, keys, 'tops')
  }

  /** The lists, of the groups that `groupsOf` numbers. */
  get lists(): TopLists {
    return this.#lists
  }
  get groupCount(): number {
    return this.#table.groupCount
  }

  /** The groups of rows (u32), whose lists are there. Throws as `KeyedSegments.take`. */
  groupsOf(arena: Arena, columns: readonly Column[], rowCount: number): number {
    const known = this.#table.groupCount
    const keyColumns = this.#options.keys.map(key => columns[key]!)
    const gids = this.#table.find(arena, keyColumns, rowCount)
    const { groupCount } = this.#table
    const before = this.#cold?.came(arena, { gids, rowCount, known, groupCount }, keyColumns)
    if (before) this.#lists.restore(before.gids, groupCount, before.rows)
    return gids
  }

  /** Called behind the rows of a batch: forgets what nobody needs, and where memory is short what segments have. Throws as `SpillFile`. */
  settle(): void {
    if (!this.#cold) {
      if (this.#table.groupCount > 2 * this.#lists.rowCount + deadGroupsMax) this.#forgetGroups()
    } else if (this.#cold.isShort(this.#table.bytes + this.#lists.bytes)) {
      this.#write(this.#cold)
      const { groupCount } = this.#table
      this.#clear()
      this.#cold.forgotten(groupCount)
    }
  }

  snapshot(): StateRun[] {
    if (this.#cold) {
      this.#write(this.#cold)
      return this.#cold.runs()
    }
    if (this.#lists.rowCount === 0) return []
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      return [{ table: 'rows', keyGroups: this.#options.keys.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }, bytes: encodeRun(device, this.#lists.state(arena)) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    const { fields, keys } = this.#options
    const names = keys.map(key => fields[key]!.name)
    this.#cold?.restore(runs)
    for (const run of runs) {
      if (run.lasting) continue
      const arena = device.arena()
      try {
        const rows = decodeRun(device, arena, run.bytes)
        this.#restore(arena, names.length === 0 ? rows : rowsOfKeyGroups(device, arena, rows, names, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#table.close()
    this.#lists.close()
    this.#cold?.close()
  }

  #newTable(): GroupTable {
    return new GroupTable(this.#context.device, this.#options.keys.map(key => this.#options.fields[key]!))
  }

  #write(cold: ColdGroups): void {
    cold.write(this.#table.groupCount, (arena, gids, count) => this.#lists.stateOf(arena, gids, count))
  }

  #restore(arena: Arena, rows: Batch): void {
    if (rows.rowCount === 0) return
    const gids = this.groupsOf(arena, rows.columns, rows.rowCount)
    this.#lists.restore(gids, this.#table.groupCount, rows)
  }

  #clear(): void {
    this.#table.close()
    this.#lists.close()
    this.#table = this.#newTable()
    this.#lists = this.#options.newLists()
  }

  // Groups that have lost their rows.
  #forgetGroups(): void {
    const scratch = this.#context.device.arena()
    try {
      const rows = this.#lists.state(scratch)
      this.#clear()
      this.#restore(scratch, rows)
    } finally {
      scratch.release()
    }
  }
}
