// The rows that patterns may still need: stored columns, and beside them what matching asks of each row: its partition, its time, the rows before and behind it in
// its partition, and which conditions it meets by itself. Rows lie in the order of their times.
import type { Batch, Column } from '../batch/batch.ts'
import { gatherColumn, gatherOwned } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { RowStore } from '../compute/row-store.ts'
import { floorTimes } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { evaluateMask } from '../expr/evaluate.ts'
import type { MatchProgram } from './match-program.ts'

const compactRowsMin = 65_536

/** Rows by number. Partitions are numbered too; a partition's `start` is the first row that a match may begin with, −1 where there is none. */
export class MatchRows {
  readonly store: RowStore
  next = new Int32Array(0)
  before = new Int32Array(0)
  partition = new Int32Array(0)
  times = new Float64Array(0)
  masks = new Int32Array(0)
  start = new Int32Array(0)
  #last = new Int32Array(0)
  readonly #device: Device
  readonly #program: MatchProgram
  readonly #keyCount: number
  readonly #where: string
  #table: GroupTable
  #compactAt = compactRowsMin

  constructor(device: Device, program: MatchProgram, keyCount: number, where: string) {
    this.#device = device
    this.#program = program
    this.#keyCount = keyCount
    this.#where = where
    this.store = new RowStore(device, program.stored)
    this.#table = this.#newTable()
  }

  get partitionCount(): number {
    return Math.min(this.#table.groupCount, this.start.length)
  }

  /** Adds rows in the order of their times; `onRow` is called for each once all are there. Rows of `contextRows` begin no match. */
  append(arena: Arena, rows: Batch, contextRows?: Column): number {
    const first = this.store.rowCount
    const count = rows.rowCount
    const { memory } = this.#device
    const gids = this.#table.find(arena, rows.columns.slice(0, this.#keyCount), count)
    this.store.append(rows)
    this.#reserve(first + count)
    const found = memory.uint32s(gids, count).slice()
    const times = memory.int32s(floorTimes(this.#device, arena, rows.columns[this.#program.time]!), 2 * count)
    const context = contextRows && memory.int32s(contextRows.values, count).slice()
    for (let i = 0; i < count; i++) {
      const row = first + i
      const partition = found[i]!
      const last = this.#last[partition]!
      this.partition[row] = partition
      this.times[row] = times[2 * i + 1]! * 2 ** 32 + (times[2 * i]! >>> 0)
      this.next[row] = -1
      this.before[row] = last
      if (last >= 0) this.next[last] = row
      this.#last[partition] = row
      if (this.start[partition]! < 0 && context?.[i] !== 1) this.start[partition] = row
    }
    this.#mask(arena, rows, first)
    return first
  }

  /** The row `offset` rows before, −1 where it isn't there. */
  rowBefore(row: number, offset: number): number {
    let at = row
    for (let i = 0; i < offset && at >= 0; i++) at = this.before[at]!
    return at
  }

  #mask(arena: Arena, rows: Batch, first: number): void {
    const { conditions, references, stored } = this.#program
    const count = rows.rowCount
    this.masks.fill(0, first, first + count)
    if (conditions.every(c => !c.byRow)) return
    const all = this.store.batch()
    const columns: Column[] = [...rows.columns]
    references.forEach((r, i) => {
      if (r.fn === 'previous') columns[stored.length + i] = gatherSome(this.#device, arena, all.columns[r.column]!, Int32Array.from({ length: count }, (_, k) => this.rowBefore(first + k, r.offset)))
    })
    const batch: Batch = { fields: rows.fields, rowCount: count, columns, arena: arena.address }
    let bit = 0
    for (const { byRow } of conditions) {
      if (!byRow) continue
      const mask = evaluateMask(this.#device, arena, byRow, batch, this.#where)
      const bytes = this.#device.memory.bytes(mask, Math.ceil(count / 8))
      for (let i = 0; i < count; i++) if ((bytes[i >>> 3]! >>> (i & 7)) & 1) this.masks[first + i]! |= 1 << bit
      bit++
    }
  }

  #reserve(rows: number): void {
    const partitions = this.#table.groupCount
    if (this.start.length < partitions) {
      const room = Math.max(64, 2 * partitions)
      this.start = grown(this.start, new Int32Array(room).fill(-1))
      this.#last = grown(this.#last, new Int32Array(room).fill(-1))
    }
    if (this.next.length >= rows) return
    const room = Math.max(64, 2 * rows)
    this.next = grown(this.next, new Int32Array(room))
    this.before = grown(this.before, new Int32Array(room))
    this.partition = grown(this.partition, new Int32Array(room))
    this.times = grown(this.times, new Float64Array(room))
    this.masks = grown(this.masks, new Int32Array(room))
  }

  /** The numbers of the rows that are needed, in order, and of each whether it only lies before. */
  live(): { rows: Int32Array; context: Int32Array } {
    const count = this.store.rowCount
    const needed = new Uint8Array(count)
    for (let p = 0; p < this.partitionCount; p++) {
      const start = this.start[p]!
      for (let row = start; row >= 0; row = this.next[row]!) needed[row] = 1
      let row = start >= 0 ? this.before[start]! : this.#last[p]!
      for (let i = 0; i < this.#program.keepBefore && row >= 0; i++, row = this.before[row]!) needed[row] = 2
    }
    const rows = new Int32Array(needed.reduce((sum, n) => sum + (n > 0 ? 1 : 0), 0))
    let at = 0
    for (let row = 0; row < count; row++) if (needed[row]! > 0) rows[at++] = row
    return { rows, context: rows.map(row => (needed[row] === 2 ? 1 : 0)) }
  }

  /** The needed rows as a batch in `arena`. */
  liveBatch(arena: Arena): { batch: Batch; rows: Int32Array; context: Int32Array } {
    const { rows, context } = this.live()
    const indices = arena.allocate(4 * rows.length)
    this.#device.memory.int32s(indices, rows.length).set(rows)
    return { batch: gatherOwned(this.#device, arena, this.store.batch(), indices, rows.length), rows, context }
  }

  /** Leaves behind what isn't needed, where that is much. Gives new numbers of rows and partitions by the old ones; undefined where nothing was done. */
  compact(): { rows: Int32Array; partitions: Int32Array } | undefined {
    const count = this.store.rowCount
    if (count < this.#compactAt) return undefined
    const arena = this.#device.arena()
    try {
      const { batch, rows, context } = this.liveBatch(arena)
      const numbers = new Int32Array(count).fill(-1)
      rows.forEach((row, i) => {
        numbers[row] = i
      })
      const partitions = new Int32Array(this.partitionCount).fill(-1)
      const [old, masks] = [rows.map(row => this.partition[row]!), rows.map(row => this.masks[row]!)]
      this.#clear()
      const column: Column = { type: { kind: 'int32' }, length: context.length, values: arena.allocate(4 * context.length), validity: 0 }
      this.#device.memory.int32s(column.values, context.length).set(context)
      if (rows.length > 0) this.append(arena, batch, column)
      // What was found of a row stays, though the rows before it be gone.
      this.masks.set(masks)
      old.forEach((partition, i) => {
        partitions[partition] = this.partition[i]!
      })
      this.#compactAt = Math.max(compactRowsMin, 2 * rows.length)
      return { rows: numbers, partitions }
    } finally {
      arena.release()
    }
  }

  #clear(): void {
    this.store.clear()
    this.#table.close()
    this.#table = this.#newTable()
    this.start.fill(-1)
    this.#last.fill(-1)
  }

  #newTable(): GroupTable {
    return new GroupTable(this.#device, this.#program.stored.slice(0, this.#keyCount))
  }

  /** Gives the memory back. */
  close(): void {
    this.store.close()
    this.#table.close()
  }
}

function grown<A extends Int32Array | Float64Array>(old: A, made: A): A {
  made.set(old)
  return made
}

/** The rows `numbers` of a column, null where a number is −1. */
export function gatherSome(device: Device, arena: Arena, column: Column, numbers: Int32Array): Column {
  const rows = numbers.length
  const { memory } = device
  const indices = arena.allocate(4 * rows)
  const bits = arena.allocateZeroed(Math.ceil(rows / 64) * 8)
  memory.int32s(indices, rows).set(numbers.map(n => Math.max(n, 0)))
  const out = gatherColumn(device, arena, column, indices, rows)
  const own = out.validity === 0 ? undefined : memory.bytes(out.validity, Math.ceil(rows / 8))
  const valid = memory.bytes(bits, Math.ceil(rows / 8))
  for (let i = 0; i < rows; i++) if (numbers[i]! >= 0 && (own === undefined || (own[i >>> 3]! >>> (i & 7)) & 1)) valid[i >>> 3]! |= 1 << (i & 7)
  return { ...out, validity: bits }
}
