// Event time over columns: times to milliseconds, watermarks row by row, rows to the windows they count in.
// Times and watermarks are addresses of an int64 per row; the least int64 is "no time" and "unknown", −Infinity as a number.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { OwnedMemory } from './owned-memory.ts'

/** Reads the int64 time at `address` as a number; −Infinity for "no time". */
export function timeAt(device: Device, address: number): number {
  const words = device.memory.words()
  const high = words[address / 4 + 1]!
  const low = words[address / 4]! >>> 0
  return high === -(2 ** 31) && low === 0 ? Number.NEGATIVE_INFINITY : high * 2 ** 32 + low
}

/** The times at `address` and behind it as numbers, as `timeAt` reads them. Cost: 2 ns a row. */
export function timesAt(device: Device, address: number, rows: number): Float64Array {
  const words = device.memory.words().subarray(address / 4, address / 4 + 2 * rows)
  const times = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const [low, high] = [words[2 * row]! >>> 0, words[2 * row + 1]!]
    times[row] = high === -(2 ** 31) && low === 0 ? Number.NEGATIVE_INFINITY : high * 2 ** 32 + low
  }
  return times
}

/** Writes a time; infinite ones as the least and the greatest int64. */
export function setTimeAt(device: Device, address: number, time: number): void {
  const words = device.memory.words()
  const isFinite = Number.isFinite(time)
  words[address / 4] = isFinite ? time : time > 0 ? -1 : 0
  words[address / 4 + 1] = isFinite ? Math.floor(time / 2 ** 32) : time > 0 ? 2 ** 31 - 1 : -(2 ** 31)
}

/** The column's times in whole milliseconds, rounded down. Null, and times that no Date can hold, are "no time". `column` is a timestamp, or an int64 of milliseconds. */
export function floorTimes(device: Device, arena: Arena, column: Column): number {
  const out = arena.allocate(8 * column.length)
  const unit = column.type.kind === 'timestamp' ? { ms: 0, s: 1, us: 2, ns: 3 }[column.type.unit] : 0
  device.kernels.floorTimes(column.values, column.validity, column.length, unit, out)
  return out
}

/** What is known of a split: its number, its greatest time (−Infinity before its first row), and whether it is idle. */
export interface SplitState {
  readonly split: number
  readonly greatest: number
  readonly idle: boolean
}

const splitsHeaderBytes = 16
const splitBytes = 16

/** The watermark over the splits of a source: the least of their greatest times − bound − 1 ms, idle ones left out. It never goes back. */
export class SplitWatermarks {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #boundMs: number
  #table: number
  #capacity = 16
  constructor(device: Device, memory: OwnedMemory, boundMs: number) {
    this.#device = device
    this.#memory = memory
    this.#boundMs = boundMs
    this.#table = memory.allocateZeroed(splitsHeaderBytes + this.#capacity * splitBytes)
    device.memory.int32s(this.#table, 4).set([0, this.#capacity, 0, -(2 ** 31)])
  }

  /** The watermark now; −Infinity while a known split has had no row. */
  get watermark(): number {
    return timeAt(this.#device, this.#table + 8)
  }

  /** An int64 column: each row's watermark just before it. `splits`: an int32 column, or undefined for one split. */
  run(arena: Arena, times: number, splits: Column | undefined, rows: number): Column {
    const out = allocateColumn(arena, int64, rows)
    for (let row = 0; row < rows; ) {
      const numbers = splits ? splits.values + 4 * row : 0
      row += this.#device.kernels.runWatermark(times + 8 * row, numbers, rows - row, this.#boundMs, this.#table, out.values + 8 * row)
      if (row < rows) this.#grow(this.#capacity * 4)
    }
    return out
  }

  /** All known splits, in order of first sight. */
  splits(): SplitState[] {
    const words = this.#device.memory.words()
    return Array.from({ length: words[this.#table / 4]! }, (_, i) => {
      const at = this.#at(i)
      return { split: words[at / 4]!, greatest: timeAt(this.#device, at + 8), idle: words[at / 4 + 1] === 1 }
    })
  }

  /** Makes splits known, before their first row; known ones are overwritten. */
  declare(splits: readonly SplitState[], watermark: number): void {
    const known = new Map(this.splits().map((s, i) => [s.split, i]))
    for (const { split, greatest, idle } of splits) {
      let index = known.get(split)
      if (index === undefined) {
        index = known.size
        if (index === this.#capacity) this.#grow(this.#capacity * 4)
        known.set(split, index)
        this.#device.memory.words()[this.#table / 4] = known.size
      }
      const at = this.#at(index)
      this.#device.memory.int32s(at, 2).set([split, idle ? 1 : 0])
      setTimeAt(this.#device, at + 8, greatest)
    }
    if (watermark > this.watermark) setTimeAt(this.#device, this.#table + 8, watermark)
  }

  /** Calls `idleNow` with each split and whether it had rows since the last call; splits for which it is true are left out from now on, until they have rows. */
  settle(idleNow: (split: number, hadRows: boolean) => boolean): void {
    const count = this.#device.memory.words()[this.#table / 4]!
    for (let i = 0; i < count; i++) {
      const words = this.#device.memory.words()
      const at = this.#at(i) / 4
      const idle = idleNow(words[at]!, words[at + 1] === 2)
      words[at + 1] = idle ? 1 : 0
    }
    this.#device.kernels.settleWatermark(this.#table, this.#boundMs)
  }

  #at(index: number): number {
    return this.#table + splitsHeaderBytes + index * splitBytes
  }

  #grow(capacity: number): void {
    const bytes = (entries: number) => splitsHeaderBytes + entries * splitBytes
    this.#table = this.#memory.grow(this.#table, bytes(this.#capacity), bytes(this.#capacity), bytes(capacity))
    this.#capacity = capacity
    this.#device.memory.words()[this.#table / 4 + 1] = capacity
  }
}

/** Windows of fixed bounds: [offset + k·slide, + size); with `cumulates` those that begin at offset + k·size and end up to `sizeMs` later, a slide apart. */
export interface PaneGrid {
  readonly sizeMs: number
  readonly slideMs: number
  readonly offsetMs: number
  readonly latenessMs: number
  readonly cumulates?: boolean
}

/** The rows that count in the windows whose ends lie in [firstEnd, lastEnd], a slide apart. */
export interface Pane {
  readonly id: number
  readonly firstEnd: number
  readonly lastEnd: number
  readonly rows: number
}

/** What `assignPanes` found for the first `rows` rows. `ids` is the address of an int32 per row: the pane's id, or one of `lateRow`, `loneRow`, `timelessRow`. */
export interface PaneRows {
  readonly rows: number
  readonly ids: number
  readonly panes: readonly Pane[]
  readonly late: number
  readonly lone: number
  readonly timeless: number
}

/** Row ids that stand for no pane: too late for all of its windows; in no window; without a time. */
export const lateRow = -1
export const loneRow = -2
export const timelessRow = -3

const panesHeaderBytes = 32
const paneBytes = 24
const panesMax = 64

/**
 * Puts rows into panes, each judged by its own watermark (address 0: nothing is late). May end early, after many rows: call again from there.
 * Cost: about 2 ns a row.
 */
export function assignPanes(device: Device, arena: Arena, times: number, watermarks: number, rows: number, grid: PaneGrid): PaneRows {
  const table = arena.allocateZeroed(panesHeaderBytes + panesMax * paneBytes)
  const ids = arena.allocate(4 * rows)
  device.memory.words()[table / 4 + 1] = panesMax
  const done = device.kernels.assignPanes(times, watermarks, rows, grid.sizeMs, grid.slideMs, grid.offsetMs, grid.latenessMs, grid.cumulates ? 1 : 0, table, ids)
  const words = device.memory.words()
  const [count, , late, lone, timeless] = words.subarray(table / 4, table / 4 + 5) as unknown as [number, number, number, number, number]
  const panes = Array.from({ length: count }, (_, id) => {
    const at = table + panesHeaderBytes + id * paneBytes
    return { id, firstEnd: timeAt(device, at), lastEnd: timeAt(device, at + 8), rows: words[at / 4 + 4]! }
  })
  return { rows: done, ids, panes, late, lone, timeless }
}

/** `start` + the numbers of the rows with this id: `indices` is the address of u32s, in order. */
export function rowsWithId(device: Device, arena: Arena, ids: number, rows: number, id: number, start = 0): { indices: number; rows: number } {
  const indices = arena.allocate(4 * rows + 4)
  return { indices, rows: device.kernels.selectEqualI32(ids, rows, id, start, indices) }
}

/** Rows once for each window that they count in: `count` addresses of u32 row numbers and of the int64 bounds of the windows. */
export interface WindowedRows {
  readonly count: number
  readonly indices: number
  readonly starts: number
  readonly ends: number
}

/** The windows of rows [start, end), in order of rows and of ends. Cost: 2 ns a window. */
export function spreadWindows(device: Device, arena: Arena, times: number, start: number, end: number, { sizeMs, slideMs, offsetMs, cumulates }: Omit<PaneGrid, 'latenessMs'>): WindowedRows {
  const most = (end - start) * windowsOfRow({ sizeMs, slideMs })
  const [indices, starts, ends] = [arena.allocate(4 * most), arena.allocate(8 * most), arena.allocate(8 * most)]
  return { count: device.kernels.spreadWindows(times, start, end, sizeMs, slideMs, offsetMs, cumulates ? 1 : 0, indices, starts, ends), indices, starts, ends }
}

/** The windows that a row counts in, at most. */
export function windowsOfRow({ sizeMs, slideMs }: Pick<PaneGrid, 'sizeMs' | 'slideMs'>): number {
  return Math.ceil(sizeMs / slideMs)
}

/** The least of the times; −Infinity where one is "no time", Infinity where there are none. */
export function leastTime(device: Device, arena: Arena, times: number, rows: number): number {
  if (rows === 0) return Number.POSITIVE_INFINITY
  const out = arena.allocate(8)
  device.kernels.leastTime(times, rows, out)
  return timeAt(device, out)
}

/** Row numbers (addresses of u32s) of the rows whose time is `watermark` or less, or "no time", and of the rest. `watermark` is a whole number or Infinity. */
export function splitByTime(device: Device, arena: Arena, times: number, rows: number, watermark: number): { due: number; dueRows: number; rest: number } {
  const due = arena.allocate(4 * rows + 4)
  const rest = arena.allocate(4 * rows + 4)
  return { due, dueRows: device.kernels.splitByTime(times, rows, watermark, due, rest), rest }
}
