// What the kinds of joins make of candidate pairs: which rows of the probing side go on, beside which stored rows.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, int32 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { absentId, chunkRowsMax, takeStored } from './join-store.ts'
import { nearestRows, type OrderForm } from './join-order.ts'
import { type RangeForm, rangePairs } from './join-ranges.ts'
import { candidatePairs, type Candidates, hasUniqueKeys, probeTable, type TableData } from './join-table.ts'

/** Which rows a join keeps: pairs, and those of a side that meet nothing; or left rows alone. */
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** The kinds as a probe sees them: `storedSemi` keeps stored rows that meet something, `storedAnti` those that meet nothing; streaming rows give nothing. */
export type ProbeKind = JoinKind | 'storedSemi' | 'storedAnti'

/** Rows of the result: `left` row numbers (0: all rows as they are), `right` ids, at addresses. Valid until the next. */
export interface Matches {
  readonly left: number
  readonly right: number
  readonly count: number
}

/** A mask over candidate pairs: the address of a bit each, 0 for all. */
export type PairCondition = (left: number, right: number, count: number) => number

/** A probing batch: its key columns and its rows. */
export interface Probe {
  readonly keys: readonly Column[]
  readonly rows: number
  /** The address of a byte a row, where it is to be known which rows have met something. */
  readonly hits?: number
  /** For the nearest row: the value, and how it meets the stored ones. */
  readonly nearest?: { readonly value: Column; readonly form: OrderForm }
  /** For bounds: all columns, and which of them are bounds of what. */
  readonly range?: { readonly columns: readonly Column[]; readonly form: RangeForm }
}

function isRanged(table: TableData, probe: Probe): boolean {
  return table.sorted !== undefined && probe.range !== undefined
}

function headsOf(device: Device, arena: Arena, table: TableData, { keys, rows, nearest }: Probe): number {
  return table.sorted && nearest ? nearestRows(device, arena, table, table.sorted, nearest.form, keys, nearest.value, rows) : probeTable(device, arena, table, keys, rows)
}

// Pairs of equal keys, within the bounds where stored rows are sorted for them.
function pairsOf(device: Device, arena: Arena, table: TableData, { keys, rows, range }: Probe, pairsMax: number, single = false): Generator<Candidates> {
  if (table.sorted && range) return rangePairs(device, arena, table, range.form, keys, range.columns, rows, pairsMax, single)
  return candidatePairs(device, arena, table, keys, rows, pairsMax)
}

/** The pairs of an inner, left, right or full join, by probing row; stored rows that are met are marked where the table has marks. */
export function* matchRows(device: Device, arena: Arena, table: TableData, probe: Probe, how: ProbeKind, condition: PairCondition | undefined, pairsMax: number): Generator<Matches> {
  const { kernels } = device
  const { rows, hits: wanted = 0 } = probe
  const isOuter = how === 'left' || how === 'full'
  const absent = absentId(table.rows)
  if ((hasUniqueKeys(table) || probe.nearest) && !condition && !isRanged(table, probe)) {
    const heads = headsOf(device, arena, table, probe)
    if (table.marks !== 0) kernels.markHeads(heads, rows, table.marks)
    if (isOuter) {
      kernels.fillHeads(heads, rows, absent)
      yield { left: 0, right: heads, count: rows }
      return
    }
    const [left, right] = [arena.allocate(4 * rows), arena.allocate(4 * rows)]
    const count = kernels.pairHeads(heads, rows, left, right)
    if (wanted !== 0) kernels.markIndices(left, count, wanted)
    if (count > 0) yield { left: count === rows ? 0 : left, right, count }
    return
  }
  const hits = isOuter ? arena.allocateZeroed(rows) : wanted
  const [outLeft, outRight] = isOuter ? [arena.allocate(4 * (pairsMax + rows)), arena.allocate(4 * (pairsMax + rows))] : [0, 0]
  let start = 0
  for (const { left, right, count: candidates, row: end } of pairsOf(device, arena, table, probe, pairsMax)) {
    let count = candidates
    const mask = condition && count > 0 ? condition(left, right, count) : 0
    if (mask !== 0) count = kernels.keepPairs(left, right, count, mask)
    if (table.marks !== 0) kernels.markIndices(right, count, table.marks)
    if (hits !== 0) kernels.markIndices(left, count, hits)
    if (isOuter) {
      count = kernels.addUnmarked(left, right, count, hits, start, end, absent, outLeft, outRight)
      start = end
    }
    if (count > 0) yield { left: isOuter ? outLeft : left, right: isOuter ? outRight : right, count }
  }
}

/** The bitmap of the probing rows that meet a stored one (`wanted`), or that meet none. */
export function matchMask(device: Device, arena: Arena, table: TableData, probe: Probe, wanted: boolean, condition: PairCondition | undefined, pairsMax: number): number {
  const { kernels } = device
  const { keys, rows } = probe
  const ranged = isRanged(table, probe)
  const mask = arena.allocate(bitmapBytes(rows))
  if (table.kind !== 'all' && !condition && !ranged) {
    kernels.headBits(probeTable(device, arena, table, keys, rows), rows, wanted ? 1 : 0, mask)
    return mask
  }
  const hits = arena.allocateZeroed(rows)
  if (!condition && !ranged) device.memory.bytes(hits, rows).fill(table.rows.rowCount > 0 ? 1 : 0)
  else {
    for (const { left, right, count } of pairsOf(device, arena, table, probe, pairsMax, !condition)) {
      if (count === 0) continue
      const kept = condition?.(left, right, count) ?? 0
      kernels.markIndices(left, kept === 0 ? count : kernels.keepPairs(left, right, count, kept), hits)
    }
  }
  kernels.markBits(hits, rows, wanted ? 1 : 0, mask)
  return mask
}

/**
 * Marks the stored rows that probing rows meet. Without a condition only the first row of each key: `markLinked` tells the others, once all rows have
 * probed.
 */
export function markStored(device: Device, arena: Arena, table: TableData, probe: Probe, condition: PairCondition | undefined, pairsMax: number): void {
  const { kernels } = device
  const { keys, rows } = probe
  if (!condition && !isRanged(table, probe)) return kernels.markHeads(probeTable(device, arena, table, keys, rows), rows, table.marks)
  for (const { left, right, count } of pairsOf(device, arena, table, probe, pairsMax)) {
    if (count === 0) continue
    const kept = condition?.(left, right, count) ?? 0
    kernels.markIndices(right, kept === 0 ? count : kernels.keepPairs(left, right, count, kept), table.marks)
  }
}

/** Marks the rows whose key's first row is marked. */
export function markLinked(device: Device, { links, marks, rows }: TableData): void {
  if (links !== 0) device.kernels.markLinked(links, chunkRowsMax * rows.chunkRows.length, marks)
}

/** The ids of a chunk's rows that have a mark (`wanted`) or none: an address, and how many. */
export function markedIds(device: Device, arena: Arena, table: TableData, chunk: number, wanted: boolean): { ids: number; count: number } {
  const { kernels } = device
  const rows = table.rows.chunkRows[chunk]!
  const mask = arena.allocate(bitmapBytes(rows))
  const count = kernels.markBits(table.marks + chunkRowsMax * chunk, rows, wanted ? 1 : 0, mask)
  const [numbers, ids] = [arena.allocate(4 * rows), arena.allocate(4 * rows)]
  kernels.selectBits(mask, rows, numbers)
  const all = arena.allocate(4 * rows)
  kernels.fillIndices(all, rows, (chunk << 16) | 0)
  kernels.gatherWord4(all, numbers, count, ids)
  return { ids, count }
}

/** The bitmap of the rows whose byte at `marks` is 1 (`wanted`) or 0. */
export function markedMask(device: Device, arena: Arena, marks: number, rows: number, wanted: boolean): number {
  const mask = arena.allocate(bitmapBytes(rows))
  device.kernels.markBits(marks, rows, wanted ? 1 : 0, mask)
  return mask
}

/** Marks what a table's marked rows hold in the stored int32 column `numbers`: how parts of a side tell which of all its rows were met. */
export function passMarks(device: Device, table: TableData, numbers: number, marks: number): void {
  const { kernels } = device
  table.rows.chunkRows.forEach((rows, chunk) => {
    const arena = device.arena()
    try {
      const mask = markedMask(device, arena, table.marks + chunkRowsMax * chunk, rows, true)
      const [selected, all, ids] = [arena.allocate(4 * rows), arena.allocate(4 * rows), arena.allocate(4 * rows)]
      const count = kernels.selectBits(mask, rows, selected)
      kernels.fillIndices(all, rows, (chunk << 16) | 0)
      kernels.gatherWord4(all, selected, count, ids)
      kernels.markIndices(takeStored(device, arena, table.rows, table.rows.columns[numbers]!, int32, ids, count, false).values, count, marks)
    } finally {
      arena.release()
    }
  })
}

/** The bitmap of the rows whose number, in an int32 column, has a mark (`wanted`) or none. */
export function rowsByMark(device: Device, arena: Arena, numbers: Column, marks: number, wanted: boolean): number {
  const own = arena.allocate(numbers.length)
  device.kernels.takeMarks(marks, numbers.values, numbers.length, own)
  return markedMask(device, arena, own, numbers.length, wanted)
}
