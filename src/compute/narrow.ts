// Decimals in fewer bytes: whole numbers of 8 to 64 bits beside or instead of 16 bytes (batch.ts › NarrowValues). Reading them costs a quarter of the
// memory or less, and SIMD can multiply them. Where the wide values are only made when somebody asks for them, most are never made.
import type { Column, NarrowValues } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Bounds, decimalBounds, rangeOf, wordBounds } from './bounds.ts'

/** A column with narrow values. */
export type NarrowColumn = Column & { readonly narrow: NarrowValues }

/** Bytes of scratch that `calculateNarrow` takes. */
const scratchBytes = 3 * 4_160

/** Whether a column has narrow values. */
export function hasNarrow(column: Column): column is NarrowColumn {
  return column.narrow !== undefined
}

/** The least width that holds all numbers within the bounds; undefined beyond 64 bits. */
export function bitsFor({ min, max }: Bounds): NarrowValues['bits'] | undefined {
  return ([8, 16, 32, 64] as const).find(bits => BigInt.asIntN(bits, min) === min && BigInt.asIntN(bits, max) === max)
}

/** The bounds of a column with narrow values, by its range or by its width. */
export function boundsOf({ narrow, range }: Column): Bounds | undefined {
  if (!narrow) return undefined
  if (range) return { min: BigInt(range.min), max: BigInt(range.max) }
  const half = 2n ** BigInt(narrow.bits - 1)
  return { min: -half, max: half - 1n }
}

/**
 * A decimal column with narrow values beside its own, in `arena`, and with its range; as it is where it has them, or where a value has more than 64 bits. Cost: two
 * passes, together 1 ns a row where the values are in cache.
 */
export function narrowed(device: Device, arena: Arena, column: Column): Column {
  if (column.type.kind !== 'decimal' || column.narrow) return column
  const bounds = decimalBounds(device, column)
  const bits = bounds && bitsFor(bounds)
  if (!bits) return column
  const narrow = { values: arena.allocate((column.length * bits) / 8), bits }
  device.kernels.narrowD128(column.values, column.length, bits, narrow.values)
  return { ...column, narrow, ...rangeOf(bounds) }
}

/**
 * A decimal column of whole numbers of 32 or 64 bits at `values`, which may be reused: they are kept in the fewest bits, in `arena`, and with their range. Cost:
 * as `narrowed`.
 */
export function narrowOfWords(device: Device, arena: Arena, words: { readonly values: number; readonly bits: 32 | 64 }, { type, length, validity }: Omit<Column, 'values'>): Column {
  const bounds = wordBounds(device, words.values, words.bits, validity, length)
  const bits = bitsFor(bounds)!
  const values = arena.allocate((length * bits) / 8)
  device.kernels.narrowWords(words.values, words.bits, length, bits, values)
  return narrowColumn(device, arena, { type, length, validity, narrow: { values, bits }, ...rangeOf(bounds) })
}

/** A decimal column of narrow values, whose wide ones are made in `arena` when they are asked for. */
export function narrowColumn(device: Device, arena: Arena, column: Omit<Column, 'values' | 'narrow'> & { readonly narrow: NarrowValues }): Column {
  const { length, narrow } = column
  let wide = 0
  return {
    ...column,
    get values() {
      if (wide === 0) {
        wide = arena.allocate(16 * length)
        device.kernels.widenToD128(narrow.values, narrow.bits, length, wide)
      }
      return wide
    },
  }
}

/** The address of an int64 per row, in `arena` or where they lie. */
export function wordsOfNarrow(device: Device, arena: Arena, { narrow, length }: NarrowColumn): number {
  if (narrow.bits === 64) return narrow.values
  const out = arena.allocate(8 * length)
  device.kernels.widenToI64(narrow.values, narrow.bits, length, out)
  return out
}

/** The rows `indices` of a column with narrow values. */
export function gatherNarrow(device: Device, arena: Arena, column: NarrowColumn, indices: number, rows: number, validity: number): Column {
  const { narrow, type, range } = column
  const values = arena.allocate((rows * narrow.bits) / 8)
  const { kernels } = device
  const gather = { 8: kernels.gatherWord1, 16: kernels.gatherWord2, 32: kernels.gatherWord4, 64: kernels.gatherWord8 }[narrow.bits]
  gather(narrow.values, indices, rows, values)
  return narrowColumn(device, arena, { type, length: rows, validity, narrow: { ...narrow, values }, ...(range && { range }) })
}

/** A side of `narrowArithmetic`: a column's narrow values, or a number for all rows. */
export type NarrowSide = { readonly column: NarrowColumn } | { readonly constant: bigint }

const operations = { add: 0, sub: 1, mul: 2 } as const

/**
 * a `op` b of unscaled values as a column of `type` that has narrow values; undefined where a result might need more than 64 bits. Exact. One side is a
 * column. Cost: 0.3–1 ns a row.
 */
export function narrowArithmetic(device: Device, arena: Arena, op: 'add' | 'sub' | 'mul', a: NarrowSide, b: NarrowSide, out: { type: DataType; length: number; validity: number }): Column | undefined {
  const { type, length, validity } = out
  const bounds = resultBounds(op, sideBounds(a), sideBounds(b))
  const bits = bitsFor(bounds)
  if (!bits) return undefined
  const narrow = { values: arena.allocate((length * bits) / 8), bits }
  const scratch = device.arena()
  try {
    const [left, right] = [sideAt(device, scratch, a), sideAt(device, scratch, b)]
    device.kernels.calculateNarrow(operations[op], left.values, left.bits, right.values, right.bits, length, scratch.allocate(scratchBytes), narrow.values, bits)
  } finally {
    scratch.release()
  }
  return narrowColumn(device, arena, { type, length, validity, narrow, ...rangeOf(bounds) })
}

function sideBounds(side: NarrowSide): Bounds {
  return 'column' in side ? boundsOf(side.column)! : { min: side.constant, max: side.constant }
}

// A constant's width as the kernel knows it: 0 where 32 bits hold it, else 1.
function sideAt(device: Device, scratch: Arena, side: NarrowSide): { values: number; bits: number } {
  if ('column' in side) return side.column.narrow
  const values = scratch.allocate(8)
  device.memory.int64s(values, 1)[0] = side.constant
  return { values, bits: BigInt.asIntN(32, side.constant) === side.constant ? 0 : 1 }
}

function resultBounds(op: 'add' | 'sub' | 'mul', a: Bounds, b: Bounds): Bounds {
  if (op === 'add') return { min: a.min + b.min, max: a.max + b.max }
  if (op === 'sub') return { min: a.min - b.max, max: a.max - b.min }
  const products = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max]
  return products.reduce<Bounds>((bounds, p) => ({ min: p < bounds.min ? p : bounds.min, max: p > bounds.max ? p : bounds.max }), { min: products[0]!, max: products[0]! })
}
