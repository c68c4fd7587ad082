// Sorting: row numbers in the order of several columns. Stable, so that it can go column by column from the last key to the first.
import type { Column } from '../batch/batch.ts'
import type { DataType, Kind } from '../batch/data-type.ts'
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

/** The codes of ordered types in kernels/keys.ts. */
const codes: Partial<Record<Kind, number>> = {
  bool: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  date: 3,
  int64: 4,
  time: 4,
  timestamp: 4,
  duration: 4,
  uint8: 5,
  uint16: 6,
  uint32: 7,
  uint64: 8,
  float16: 9,
  float32: 10,
  float64: 11,
  utf8: 12,
  binary: 12,
  decimal: 13,
  fixedBinary: 14,
  null: 15,
}

/** True for types whose values have an order: all but intervals, lists, structs and maps. */
export function isOrdered(type: DataType): boolean {
  return codes[type.kind] !== undefined
}

/**
 * The address in `arena` of `rows` u32 row numbers in sorted order; equal rows keep their order. Numbers by value (−0 equals 0), NaN after all
 * numbers in either direction, false before true, strings by their bytes, which is code point order. `of`, the address of such numbers, says which rows
 * and in which order they are taken to come; 0: all. Scratch of 40 bytes a row is freed before the return. Cost: 5–15 ns a row and fixed-width
 * key where it fits the cache.
 */
export function sortIndices(device: Device, arena: Arena, keys: readonly SortKey[], rows: number, of = 0): number {
  const scratch = device.arena()
  try {
    const out = of === 0 ? rowNumbers(device, arena, rows) : arena.allocate(4 * rows)
    if (of !== 0) device.memory.uint32s(out, rows).set(device.memory.uint32s(of, rows))
    if (rows < 2) return out
    const memory = { indices: scratch.allocate(4 * rows), records: scratch.allocate(recordBytes * rows), other: scratch.allocate(recordBytes * rows), counts: scratch.allocate(8192) }
    for (const key of keys.toReversed()) sortByKey(device, key, rows, out, memory)
    return out
  } finally {
    scratch.release()
  }
}

/** The address in `arena` of the table by which kernels compare rows by several columns (kernels/keys.ts). */
export function keyTable(device: Device, arena: Arena, keys: readonly SortKey[]): number {
  const table = arena.allocate(24 * keys.length)
  const words = device.memory.words()
  keys.forEach(({ column, descending, nullsFirst }, i) => {
    words.set([codes[column.type.kind]!, descending ? -1 : 0, nullsFirst ? 1 : 0, column.values, column.validity, widthOf(column.type)], table / 4 + 6 * i)
  })
  return table
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
  for (let word = 0; word < wordsOf(column.type); word++) {
    fillRecords(device, column, word === 0 ? source : target, valid, flip, word, scratch.records)
    const moved = kernels.sortRecords(scratch.records, valid, scratch.other, scratch.counts) === 1
    const sorted = moved ? scratch.other : scratch.records
    if (column.type.kind === 'utf8' || column.type.kind === 'binary') kernels.settleViews(sorted, valid, column.values, flip, moved ? scratch.records : scratch.other, scratch.counts)
    kernels.takeRows(sorted, valid, target)
  }
}

// The words of a value, the one that decides last first.
function wordsOf(type: DataType): number {
  return type.kind === 'decimal' ? 2 : type.kind === 'fixedBinary' ? Math.max(1, Math.ceil(type.size / 8)) : 1
}

function widthOf(type: DataType): number {
  return type.kind === 'fixedBinary' ? type.size : 0
}

function fillRecords(device: Device, column: Column, indices: number, rows: number, flip: number, word: number, records: number): void {
  const { kernels } = device
  const { type, values } = column
  switch (type.kind) {
    case 'int32':
    case 'date':
      return kernels.recordsI32(values, indices, rows, flip, records)
    case 'int64':
    case 'timestamp':
      return kernels.recordsI64(values, indices, rows, flip, records)
    case 'float64':
      return kernels.recordsF64(values, indices, rows, flip, records)
    case 'utf8':
    case 'binary':
      return kernels.recordsView(values, indices, rows, flip, records)
    default:
      return kernels.recordsOf(codes[type.kind]!, widthOf(type), word, values, indices, rows, flip, records)
  }
}
