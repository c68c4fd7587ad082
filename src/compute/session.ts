// Sessions of keys over columns: which session a row belongs to, which are complete. A slot is a session, or a part of one that another
// took over; slots are numbered in order of first sight and never used again until `reset`.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { int32, timestampMs } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { OwnedMemory } from './owned-memory.ts'
import { floorTimes, timeAt } from './window.ts'

const headerBytes = 32
const slotBytes = 32
const capacityFirst = 1024

/** Addresses of an int64 a row: times, watermarks (0: nothing is late), and gaps in ms, all above 0 (0: all are the table's). */
export interface SessionSpans {
  readonly times: number
  readonly watermarks: number
  readonly gaps: number
}

/** Where `assign` stopped, and whether the row there has a result that is due already, to be taken `alone`. */
export interface SessionStop {
  readonly row: number
  readonly isDue: boolean
}

/** Some sessions: `slots` is the address of a u32 each; `groups` of an int32 per slot of the table: the place of its session in `slots`, or −1. */
export interface SessionList {
  readonly count: number
  readonly slots: number
  readonly groups: number
}

/** Sessions taken apart, a row each: the number of the key, [start, end), and 1 where its result was emitted. */
export interface SessionColumns {
  readonly keys: Column
  readonly starts: Column
  readonly ends: Column
  readonly fired: Column
}

/** The sessions of all keys. The memory is the caller's. */
export class SessionTable {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #gapMs: number
  readonly #latenessMs: number
  #table: number
  #capacity = capacityFirst
  #heads = 0
  #headCount = 0
  #headCapacity = 0
  constructor(device: Device, memory: OwnedMemory, gapMs: number, latenessMs: number) {
    this.#device = device
    this.#memory = memory
    this.#gapMs = gapMs
    this.#latenessMs = latenessMs
    this.#table = memory.allocate(headerBytes + capacityFirst * slotBytes)
    this.reset()
  }

  /** Slots made so far. */
  get slotCount(): number {
    return this.#word(0)
  }
  /** No session ends before this; Infinity when there is none. */
  get leastEnd(): number {
    const end = timeAt(this.#device, this.#table + 24)
    return end > 9e15 ? Number.POSITIVE_INFINITY : end
  }
  /** Rows that `assign` found too late, and without a time, since `clearCounts`. */
  get lateRows(): number {
    return this.#word(3)
  }
  get timelessRows(): number {
    return this.#word(4)
  }
  clearCounts(): void {
    this.#device.memory.words().fill(0, this.#table / 4 + 3, this.#table / 4 + 5)
  }

  /**
   * Finds or makes the sessions of rows [start, end), in order: ids (an int32 per row of the batch) gets the slot, or `lateRow` or `timelessRow`. `keys`: a u32
   * per row below `keyCount`. Stops before a row whose result is due at once (only with lateness). Cost: 5–20 ns a row.
   */
  assign(keys: number, keyCount: number, spans: SessionSpans, start: number, end: number, ids: number): SessionStop {
    this.#ensureHeads(keyCount)
    for (let row = start; ; ) {
      row = this.#assign(keys, spans, row, end, 0, ids)
      const reason = this.#word(2)
      if (reason !== 2) return { row, isDue: reason === 1 }
      this.#grow(this.#capacity * 2)
    }
  }

  /** As `assign` for one row, due or not; says whether its session's result is due now. */
  assignAlone(keys: number, spans: SessionSpans, row: number, ids: number): boolean {
    if (this.#assign(keys, spans, row, row + 1, 1, ids) === row) {
      this.#grow(this.#capacity * 2)
      this.#assign(keys, spans, row, row + 1, 1, ids)
    }
    return this.#word(5) === 1
  }

  /** The sessions that the watermark completes, which are then fired; those past their lateness are gone after this. Cost: about 2 ns a slot. */
  fire(arena: Arena, watermark: number): SessionList {
    const slots = arena.allocate(4 * this.slotCount)
    const groups = arena.allocate(4 * this.slotCount)
    const count =
      watermark === Number.NEGATIVE_INFINITY ? 0 : this.#device.kernels.fireSessions(this.#table, watermark, this.#latenessMs, slots, groups)
    return { count, slots, groups }
  }

  /** The sessions that are not gone. */
  live(arena: Arena): SessionList {
    const slots = arena.allocate(4 * this.slotCount)
    const groups = arena.allocate(4 * this.slotCount)
    return { count: this.#device.kernels.liveSessions(this.#table, slots, groups), slots, groups }
  }

  /** Sessions as columns in `arena`. */
  read(arena: Arena, { slots, count }: SessionList): SessionColumns {
    const [keys, fired] = [allocateColumn(arena, int32, count), allocateColumn(arena, int32, count)]
    const [starts, ends] = [allocateColumn(arena, timestampMs, count), allocateColumn(arena, timestampMs, count)]
    this.#device.kernels.readSessions(this.#table, slots, count, keys.values, starts.values, ends.values, fired.values)
    return { keys, starts, ends, fired }
  }

  /** Adds sessions, which get the next slots; `keys` is the address of a u32 each, below `keyCount`. */
  write(keys: number, keyCount: number, { starts, ends, fired }: Omit<SessionColumns, 'keys'>): void {
    const count = starts.length
    this.#ensureHeads(keyCount)
    if (this.slotCount + count > this.#capacity) this.#grow(2 ** Math.ceil(Math.log2(this.slotCount + count)))
    this.#device.kernels.writeSessions(this.#table, count, keys, starts.values, ends.values, fired.values, this.#heads)
  }

  /** Forgets all sessions and keys. */
  reset(): void {
    this.#device.memory.int32s(this.#table, 8).set([0, this.#capacity, 0, 0, 0, 0, -1, 2 ** 31 - 1])
    this.#headCount = 0
  }

  #word(index: number): number {
    return this.#device.memory.words()[this.#table / 4 + index]!
  }

  #assign(keys: number, { times, watermarks, gaps }: SessionSpans, start: number, end: number, alone: number, ids: number): number {
    return this.#device.kernels.assignSessions(keys, times, watermarks, gaps, start, end, this.#gapMs, this.#latenessMs, alone, this.#heads, this.#table, ids)
  }

  #ensureHeads(keyCount: number): void {
    if (keyCount > this.#headCapacity) {
      const capacity = 2 ** Math.ceil(Math.log2(Math.max(keyCount, capacityFirst)))
      this.#heads = this.#memory.grow(this.#heads, 4 * this.#headCapacity, 4 * this.#headCount, 4 * capacity)
      this.#headCapacity = capacity
    }
    if (keyCount <= this.#headCount) return
    this.#device.memory.words().fill(-1, this.#heads / 4 + this.#headCount, this.#heads / 4 + keyCount)
    this.#headCount = keyCount
  }

  #grow(capacity: number): void {
    const bytes = (slots: number) => headerBytes + slots * slotBytes
    this.#table = this.#memory.grow(this.#table, bytes(this.#capacity), bytes(this.slotCount), bytes(capacity))
    this.#capacity = capacity
    this.#device.memory.words()[this.#table / 4 + 1] = capacity
  }
}

/** Of an address of int32 ids: the places (plus `start`) of those that are not negative, and these ids, both addresses of u32s. */
export function keptIds(device: Device, arena: Arena, ids: number, rows: number, start = 0): { places: number; ids: number; rows: number } {
  const places = arena.allocate(4 * rows + 4)
  const kept = arena.allocate(4 * rows + 4)
  return { places, ids: kept, rows: device.kernels.selectKeptI32(ids, rows, start, places, kept) }
}

/**
 * The gaps of rows in whole ms, as the address of an int64 each, of a column of int64 (ms) or durations. A row without a time has none. Throws DataError SESSION_GAP for one that is null or
 * not above 0.
 */
export function sessionGaps(device: Device, arena: Arena, column: Column, times: number, where: string): number {
  const { type } = column
  const gaps = floorTimes(device, arena, type.kind === 'duration' ? { ...column, type: { kind: 'timestamp', unit: type.unit } } : column)
  const row = device.kernels.findGap(gaps, times, column.length)
  if (row === column.length) return gaps
  const gap = timeAt(device, gaps + 8 * row)
  const at = new Date(timeAt(device, times + 8 * row)).toISOString()
  throw new DataError('SESSION_GAP', `${where}: the gap of the row at ${at} is ${Number.isFinite(gap) ? `${gap} ms` : 'null'}; a session needs a gap above 0, so filter such rows out or give them one`)
}
