// The state of updating-top.ts: which group is which, and their lists. Where groups are only added to, what memory lacks lies in segments by key: checkpoints write what has
// changed since the last, a restart reads a group when a row of it comes, and memory has a bound. Else, and where keys may be null, all of it is memory's.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherColumn } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { TopLists } from '../compute/top-lists.ts'
import type { Arena } from '../device/arena.ts'
import { KeyedSegments } from '../state/keyed-segments.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { OperatorContext } from './operator.ts'

/** What is kept: rows of `fields` by those at `keys`. `onlyAdded`: no row is taken back. */
export interface KeptTopsOptions {
  readonly fields: Fields
  readonly keys: readonly number[]
  readonly onlyAdded: boolean
  readonly newLists: () => TopLists
}

const deadGroupsMax = 4_096
/** Of a group: rows have come since it was written; a segment has it. */
const changed = 1
const written = 2
const cacheShare = 0.25
/** Groups whose older rows in segments count no more, before they are looked at. */
const lostMin = 65_536

/** Groups and their lists. Owns memory and files until `close`. */
export class KeptTops {
  readonly #context: OperatorContext
  readonly #options: KeptTopsOptions
  readonly #segments: KeyedSegments | undefined
  #table: GroupTable
  #lists: TopLists
  /** By group. */
  #marks = new Uint8Array(1_024)
  /** Segments may have groups that memory lacks. */
  #isCold = false
  /** Groups that were written again, and groups written, since all was. */
  #lost = 0
  #groupsWritten = 0

  constructor(context: OperatorContext, options: KeptTopsOptions) {
    const { device, instance, parallelism, spill, stateBytesMax, where } = context
    const { fields, keys, onlyAdded, newLists } = options
    this.#context = context
    this.#options = options
    this.#table = new GroupTable(device, keys.map(key => fields[key]!))
    this.#lists = newLists()
    const cacheBytes = Number.isFinite(stateBytesMax) ? stateBytesMax * cacheShare : 256 << 20
    if (onlyAdded && keys.length > 0 && keys.every(key => !fields[key]!.nullable))
      this.#segments = new KeyedSegments({ device, spill, fields, keys, table: 'tops', keyGroups: keyGroupRange(instance, parallelism), cacheBytes, where })
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
    if (this.#segments) {
      this.#mark(this.#context.device.memory.uint32s(gids, rowCount))
      if (this.#isCold && this.#table.groupCount > known) this.#fetch(arena, gids, keyColumns, rowCount, known)
    }
    return gids
  }

  /** Called behind the rows of a batch: forgets what nobody needs, and where memory is short what segments have. Throws as `SpillFile`. */
  settle(): void {
    const { stateBytesMax } = this.#context
    if (!this.#segments) {
      if (this.#table.groupCount > 2 * this.#lists.rowCount + deadGroupsMax) this.#forgetGroups()
    } else if (Number.isFinite(stateBytesMax) && this.#table.bytes + this.#lists.bytes > Math.max(1 << 20, stateBytesMax * (1 - cacheShare) - this.#segments.bytes)) {
      this.#write()
      this.#clear()
      this.#isCold = true
    }
  }

  snapshot(): StateRun[] {
    if (this.#segments) {
      this.#write()
      return this.#segments.runs()
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
    this.#segments?.restore(runs)
    this.#isCold ||= (this.#segments?.rowCount ?? 0) > 0
    for (const run of runs) {
      if (run.table !== 'rows') continue
      const arena = device.arena()
      try {
        const rows = decodeRun(device, arena, run.bytes)
        const names = keys.map(key => fields[key]!.name)
        this.#restore(arena, names.length === 0 ? rows : rowsOfKeyGroups(device, arena, rows, names, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#table.close()
    this.#lists.close()
    this.#segments?.close()
  }

  #mark(gids: Uint32Array): void {
    const { groupCount } = this.#table
    if (groupCount > this.#marks.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(groupCount)))
      grown.set(this.#marks)
      this.#marks = grown
    }
    const marks = this.#marks
    for (let row = 0; row < gids.length; row++) marks[gids[row]!]! |= changed
  }

  // Groups that are new to memory may have rows in segments.
  #fetch(arena: Arena, gids: number, keyColumns: readonly Column[], rowCount: number, known: number): void {
    const { device } = this.#context
    const fresh = this.#table.groupCount - known
    const first = arena.allocate(4 * fresh)
    const [all, firsts] = [device.memory.uint32s(gids, rowCount), device.memory.uint32s(first, fresh)]
    for (let row = 0, next = 0; next < fresh; row++) if (all[row]! === known + next) firsts[next++] = row
    const { numbers, rows } = this.#segments!.take(arena, keyColumns.map(column => gatherColumn(device, arena, column, first, fresh)), fresh)
    if (rows.rowCount === 0) return
    const found = device.memory.uint32s(numbers, rows.rowCount)
    for (let i = 0; i < found.length; i++) {
      found[i]! += known
      this.#marks[found[i]!]! |= written
    }
    this.#lists.restore(numbers, this.#table.groupCount, rows)
  }

  // The groups that have changed, with all their rows.
  #write(): void {
    const { groupCount } = this.#table
    const marks = this.#marks.subarray(0, groupCount)
    const dirty: number[] = []
    for (let gid = 0; gid < groupCount; gid++) if (marks[gid]! & changed) dirty.push(gid)
    if (dirty.length === 0) return
    const { device } = this.#context
    const arena = device.arena()
    try {
      const gids = arena.allocate(4 * dirty.length)
      device.memory.uint32s(gids, dirty.length).set(dirty)
      this.#segments!.put(this.#lists.stateOf(arena, gids, dirty.length))
    } finally {
      arena.release()
    }
    for (const gid of dirty) {
      if (marks[gid]! & written) this.#lost++
      marks[gid] = written
    }
    this.#groupsWritten += dirty.length
    if (this.#lost > lostMin && this.#lost > this.#groupsWritten / 2) {
      this.#segments!.compact()
      this.#groupsWritten -= this.#lost
      this.#lost = 0
    }
  }

  #restore(arena: Arena, rows: Batch): void {
    if (rows.rowCount === 0) return
    const gids = this.#table.find(arena, this.#options.keys.map(key => rows.columns[key]!), rows.rowCount)
    this.#mark(this.#context.device.memory.uint32s(gids, rows.rowCount))
    this.#lists.restore(gids, this.#table.groupCount, rows)
  }

  #clear(): void {
    const { fields, keys, newLists } = this.#options
    this.#table.close()
    this.#lists.close()
    this.#table = new GroupTable(this.#context.device, keys.map(key => fields[key]!))
    this.#lists = newLists()
    this.#marks.fill(0)
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
