// What the compiler of fused pipelines works with: the values of eight rows at a time, in vectors.
import type { DataType } from '../batch/data-type.ts'
import type { Local } from '../device/wasm-code.ts'

/** Vectors in locals, which hold eight rows in order: two of four rows each, four of two, or one of all eight. */
export type Parts = readonly Local[]

/** Bounds of whole numbers, both included. */
export interface Range {
  readonly least: bigint
  readonly most: bigint
}

/**
 * A value per row. 'i32' and 'mask' lie in two parts, 'i64' and 'f64' in four; a mask may also lie in four or in one: all bits of a lane are 1 where it is true.
 * `range` bounds whole numbers, also behind nulls. `valid`: a mask, absent where nothing is null; a value behind a null is any. `short`: an 'i32' in one part, of
 * 16 bits a lane, where it lies in memory so or is a constant: for comparisons.
 */
export interface Value {
  readonly lane: 'i32' | 'i64' | 'f64' | 'mask'
  readonly parts: Parts
  readonly range?: Range
  readonly valid?: Parts
  readonly short?: () => Parts
}

/** What fits 16 bits. */
export const int16Range: Range = { least: -(2n ** 15n), most: 2n ** 15n - 1n }

/** What fits 32 bits. */
export const int32Range: Range = { least: -(2n ** 31n), most: 2n ** 31n - 1n }
/** What fits 64 bits. */
export const int64Range: Range = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

/** The bounds of a type's values as whole numbers; undefined for types that aren't such, or don't fit 64 bits with a sign. */
export function rangeOf(type: DataType): Range | undefined {
  switch (type.kind) {
    case 'int8':
      return { least: -128n, most: 127n }
    case 'int16':
      return { least: -32_768n, most: 32_767n }
    case 'int32':
    case 'date':
      return int32Range
    case 'uint8':
      return { least: 0n, most: 255n }
    case 'uint16':
      return { least: 0n, most: 65_535n }
    case 'uint32':
      return { least: 0n, most: 2n ** 32n - 1n }
    case 'int64':
    case 'time':
    case 'timestamp':
    case 'duration':
    case 'decimal':
      return int64Range
    default:
      return undefined
  }
}

/** True where the first bounds lie within the second ones. */
export function isWithin(a: Range, b: Range): boolean {
  return a.least >= b.least && a.most <= b.most
}

/** The bounds of both. */
export function hull(a: Range, b: Range): Range {
  return { least: a.least < b.least ? a.least : b.least, most: a.most > b.most ? a.most : b.most }
}

/** Bounds of a sum, a difference or a product of numbers within bounds. */
export function combine(op: 'add' | 'sub' | 'mul', a: Range, b: Range): Range {
  if (op === 'add') return { least: a.least + b.least, most: a.most + b.most }
  if (op === 'sub') return { least: a.least - b.most, most: a.most - b.least }
  const products = [a.least * b.least, a.least * b.most, a.most * b.least, a.most * b.most]
  return products.map(p => ({ least: p, most: p })).reduce(hull)
}

/** The greatest size of a number within bounds. */
export function sizeOf({ least, most }: Range): bigint {
  return -least > most ? -least : most
}
