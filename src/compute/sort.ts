// Sorting: row numbers in the order of several columns. Stable, so that it can go column by column from the last key to the first.
import type { Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { rowNumbers } from './gather.ts'

/** A column to sort by. Nulls are last unless `nullsFirst`, in either direction. */
export interface SortKey {
  readonly column: Column
  readonly descending?: boolean
  readonly nullsFirst?: boolean
}

const recordBytes = 16

/**
 * The address in `arena` of `rows` u32 row numbers in sorted order; equal rows keep their order. Numbers by value (−0 equals 0), NaN after all
 * numbers in either direction, false before true, strings by their bytes, which is code point order. Scratch of 40 bytes a row is freed before
 * the return. Cost: 5–15 ns a row and fixed-width key where it fits the cache.
 */
export function sortIndices(device: Device, arena: Arena, keys: readonly SortKey[], rows: number): number {
  const scratch = device.arena()
  try {
    const out = rowNumbers(device, arena, rows)
    if (rows < 2) return out
    const memory = { indices: scratch.allocate(4 * rows), records: scratch.allocate(recordBytes * rows), other: scratch.allocate(recordBytes * rows), counts: scratch.allocate(8192) }
    for (const key of keys.toReversed()) sortByKey(device, key, rows, out, memory)
    return out
  } finally {
    scratch.release()
  }
}

interface Scratch {
  readonly indices: number
  readonly records: number
  readonly other: number
  readonly counts: number
}

// Reorders the row numbers at `out` by one key.
function sortByKey(device: Device, key: SortKey, rows: number, out: number, scratch: Scratch): void {
  const { kernels, memory } = device
  const { column } = key
  let source = out
  let valid = rows
  let target = out
  if (column.validity !== 0) {
    valid = kernels.splitNulls(out, rows, column.validity, scratch.indices)
    source = scratch.indices
    const nulls = memory.uint32s(scratch.indices + 4 * valid, rows - valid)
    memory.uint32s(key.nullsFirst ? out : out + 4 * valid, rows - valid).set(nulls)
    if (key.nullsFirst) target = out + 4 * (rows - valid)
  }
  const flip = key.descending ? -1 : 0
  fillRecords(device, column, source, valid, flip, scratch.records)
  const moved = kernels.sortRecords(scratch.records, valid, scratch.other, scratch.counts) === 1
  const sorted = moved ? scratch.other : scratch.records
  if (column.type.kind === 'utf8' || column.type.kind === 'binary') kernels.settleViews(sorted, valid, column.values, flip, moved ? scratch.records : scratch.other, scratch.counts)
  kernels.takeRows(sorted, valid, target)
}

function fillRecords(device: Device, column: Column, indices: number, rows: number, flip: number, records: number): void {
  const { kernels } = device
  switch (column.type.kind) {
    case 'bool':
      return kernels.recordsBits(column.values, indices, rows, flip, records)
    case 'int32':
      return kernels.recordsI32(column.values, indices, rows, flip, records)
    case 'int64':
    case 'timestamp':
      return kernels.recordsI64(column.values, indices, rows, flip, records)
    case 'float64':
      return kernels.recordsF64(column.values, indices, rows, flip, records)
    case 'utf8':
    case 'binary':
      return kernels.recordsView(column.values, indices, rows, flip, records)
  }
}
