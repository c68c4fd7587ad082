// The windows of an instance that fire one by one, with their keys, what they hold and what they gave: packed when much of it is gone, frozen and thawed as one.
import { DataError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherColumn } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { RowOrder } from '../compute/row-order.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { GivenResults } from './given-results.ts'
import { keysOfWindows, numbersAt, readWindows, windowRows, windowRunFields } from './keyed-window-runs.ts'
import type { KeyedWindow, KeyedWindows } from './keyed-windows.ts'
import type { OperatorContext } from './operator.ts'
import type { WindowContents } from './window-contents.ts'

/** Parts and keys are gathered up once there are this many, or twice as many as were left the last time. */
const compactMin = 4_096

/** Owns the keys' memory, and that of the contents and what was given. */
export class WindowStore {
  /** The numbers of keys. */
  readonly keys: GroupTable
  readonly #context: OperatorContext
  readonly #keyFields: Fields
  readonly #order: RowOrder
  readonly #windows: KeyedWindows
  readonly #contents: WindowContents
  readonly #given: GivenResults | undefined
  #partsMax = compactMin
  #keysMax = compactMin
  constructor(context: OperatorContext, keyFields: Fields, order: RowOrder, windows: KeyedWindows, contents: WindowContents, given: GivenResults | undefined) {
    this.#context = context
    this.#keyFields = keyFields
    this.#order = order
    this.#windows = windows
    this.#contents = contents
    this.#given = given
    this.keys = new GroupTable(context.device, keyFields)
  }

  /** Lets go of what no window holds, and of keys without windows, where that is much. */
  compact(): void {
    if (this.#contents.partCount >= this.#partsMax) {
      this.#contents.compact(this.#windows.all())
      this.#partsMax = Math.max(compactMin, 2 * this.#contents.partCount)
    }
    this.#given?.compact(this.#windows)
    if (this.#keyFields.length === 0 || this.keys.groupCount < this.#keysMax) return
    const { device } = this.#context
    const arena = device.arena()
    try {
      const live = this.#windows.keys()
      const indices = numbersAt(device, arena, live)
      const columns = this.keys.keyColumns(arena).map(column => gatherColumn(device, arena, column, indices, live.length))
      this.keys.reset()
      if (live.length > 0) this.keys.find(arena, columns, live.length)
      this.#windows.renumber(live)
      this.#keysMax = Math.max(compactMin, 2 * live.length)
    } finally {
      arena.release()
    }
  }

  /** All of it as runs: the windows, their parts, and what they gave, in the same order. */
  freeze(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const keyGroups = keyGroupRange(instance, parallelism)
    const arena = device.arena()
    try {
      const windows = this.#windows.all()
      const keys = this.keys.keyColumns(arena)
      const run = (table: string, fields: Fields, times: (window: KeyedWindow) => number, columns: readonly Column[]): StateRun => {
        const own = keysOfWindows(device, arena, keys, windows, times)
        const rowCount = windows.reduce((rows, window) => rows + times(window), 0)
        return { table, keyGroups, bytes: encodeRun(device, { fields: [...this.#keyFields, ...fields], rowCount, columns: [...own, ...columns], arena: arena.address }) }
      }
      return [
        { table: 'windows', keyGroups, bytes: encodeRun(device, windowRows(device, arena, this.#keyFields, keys, windows, this.#context.where)) },
        run('parts', this.#contents.fields, window => window.parts.length, this.#contents.rowsOf(arena, windows)),
        ...(this.#given ? [run('given', this.#given.fields, window => (window.given < 0 ? 0 : 1), this.#given.rowsOf(arena, windows))] : []),
      ]
    } finally {
      arena.release()
    }
  }

  /** Takes over what instances froze, of this one's keys; gives the windows. Throws DataError STATE_SHAPE. */
  thaw(runs: readonly StateRun[]): KeyedWindow[] {
    const byGroups = new Map<string, Map<string, StateRun>>()
    for (const run of runs) {
      const name = `${run.keyGroups.start} ${run.keyGroups.end}`
      if (!byGroups.has(name)) byGroups.set(name, new Map())
      byGroups.get(name)!.set(run.table, run)
    }
    return [...byGroups.values()].flatMap(tables => {
      const arena = this.#context.device.arena()
      try {
        return this.#thawOne(tables, arena)
      } finally {
        arena.release()
      }
    })
  }

  // What one instance froze. Its tables have the windows in the same order, so that those of other instances' keys leave all of them alike.
  #thawOne(tables: ReadonlyMap<string, StateRun>, arena: Arena): KeyedWindow[] {
    const { device, where } = this.#context
    const keyCount = this.#keyFields.length
    const rows = this.#read(tables, arena, 'windows', windowRunFields(this.#keyFields))
    const parts = this.#read(tables, arena, 'parts', [...this.#keyFields, ...this.#contents.fields])
    const keyOf = device.memory.uint32s(this.keys.find(arena, rows.columns.slice(0, keyCount), rows.rowCount), rows.rowCount)
    const thawed = readWindows(device, rows, keyOf, where)
    const windows = thawed.map(one => one.window)
    const counts = thawed.map(one => one.parts)
    const total = counts.reduce((sum, count) => sum + count, 0)
    if (total !== parts.rowCount) throw new DataError('STATE_SHAPE', `${where}: the checkpoint's windows have ${total} parts, and ${parts.rowCount} are there; the checkpoint is damaged, so start from an earlier one`)
    this.#contents.load(total, parts.columns.slice(keyCount), windows, counts)
    if (this.#given) {
      const given = this.#read(tables, arena, 'given', [...this.#keyFields, ...this.#given.fields])
      this.#given.load(given.columns.slice(keyCount), windows.filter((_, i) => thawed[i]!.hasGiven))
    }
    for (const window of windows) this.#windows.add(window)
    return windows
  }

  #read(tables: ReadonlyMap<string, StateRun>, arena: Arena, table: string, fields: Fields): Batch {
    const { device, where, instance, parallelism } = this.#context
    const run = tables.get(table)
    const all = run && decodeRun(device, arena, run.bytes)
    if (!all || JSON.stringify(all.fields) !== JSON.stringify(fields))
      throw new DataError('STATE_SHAPE', `${where}: the checkpoint's table "${table}" does not fit this window's keys and aggregates; start without it or restore the job as it was`)
    this.#order.restored(device, all)
    const keys = this.#keyFields.map(key => key.name)
    return keys.length === 0 ? all : rowsOfKeyGroups(device, arena, all, keys, keyGroupRange(instance, parallelism), where)
  }

  /** Gives the memory back. */
  close(): void {
    this.keys.close()
    this.#contents.close()
    this.#given?.close()
  }
}
