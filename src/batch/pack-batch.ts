// A batch as numbers: how batches travel between threads and lie in plans. Addresses mean the same everywhere in one engine, and the types are known
// to both sides.
import type { Batch, Codes, Column, NarrowValues } from './batch.ts'
import { childrenOf, type DataType, isNested } from './data-type.ts'
import type { Fields } from './schema.ts'

/**
 * rowCount, arena, the block or 0, then each column: values (0 where narrow ones follow), validity, which of the following there are (1, 2 and 4, added up), codes by a kept dictionary
 * with its address and length, narrow values and their bits, the range; and for each child its length and the child as a column.
 */
export type PackedBatch = readonly number[]

/** A batch as numbers. The reference to its arena goes with it. Codes go along where their dictionary is kept; of narrow values wide ones are made there. */
export function packBatch(batch: Batch): PackedBatch {
  const packed = [batch.rowCount, batch.arena, batch.block ?? 0]
  for (const column of batch.columns) packColumn(packed, column)
  return packed
}

/** The address of the arena that a packed batch lives in. */
export function arenaOf(packed: PackedBatch): number {
  return packed[1]!
}

/** How whoever unpacks makes a column whose wide values are made when they are asked for (compute/narrow.ts › narrowColumn). */
export type Widening = (column: Omit<Column, 'values' | 'narrow'> & { readonly narrow: NarrowValues }) => Column

/** Columns of a packed batch, those at the positions `wanted`, which ascend. Cost: nothing for columns that aren't wanted but a step over them. */
export function unpackColumns(packed: ArrayLike<number>, fields: Fields, wanted: readonly number[], widening: Widening): Column[] {
  const place = { packed, at: 3, widening }
  const columns: Column[] = []
  for (let at = 0; columns.length < wanted.length; at++) {
    if (at === wanted[columns.length]) columns.push(unpackColumn(place, fields[at]!.type, packed[0]!))
    else skipColumn(place, fields[at]!.type)
  }
  return columns
}

/** The inverse of `packBatch`, given the fields. */
export function unpackBatch(packed: PackedBatch, fields: Fields, widening: Widening): Batch {
  const [rowCount, arena, block] = packed as [number, number, number]
  if (block !== 0) return { fields, rowCount, columns: [], arena, block }
  const place = { packed, at: 3, widening }
  return { fields, rowCount, columns: fields.map(({ type }) => unpackColumn(place, type, rowCount)), arena }
}

function packColumn(packed: number[], column: Column): void {
  const { validity, codes, narrow, range, children } = column
  packed.push(narrow ? 0 : column.values, validity, (codes?.kept ? 1 : 0) + (narrow ? 2 : 0) + (range ? 4 : 0))
  if (codes?.kept) packed.push(codes.values, codes.dictionary.values, codes.dictionary.length)
  if (narrow) packed.push(narrow.values, narrow.bits)
  if (range) packed.push(range.min, range.max)
  for (const child of children ?? []) {
    packed.push(child.length)
    packColumn(packed, child)
  }
}

function skipColumn(place: { packed: ArrayLike<number>; at: number }, type: DataType): void {
  const beside = place.packed[place.at + 2]!
  place.at += 3 + (beside & 1 ? 3 : 0) + (beside & 2 ? 2 : 0) + (beside & 4 ? 2 : 0)
  if (beside & 2 || !isNested(type)) return
  for (const child of childrenOf(type)) {
    place.at++
    skipColumn(place, child.type)
  }
}

function unpackColumn(place: { packed: ArrayLike<number>; at: number; widening: Widening }, type: DataType, length: number): Column {
  const next = () => place.packed[place.at++]!
  const [values, validity, beside] = [next(), next(), next()]
  const codes: Codes | undefined = beside & 1 ? { values: next(), dictionary: { type, values: next(), length: next(), validity: 0 }, kept: true } : undefined
  const narrow = beside & 2 ? { values: next(), bits: next() as NarrowValues['bits'] } : undefined
  const range = beside & 4 ? { min: next(), max: next() } : undefined
  if (narrow) return place.widening({ type, length, validity, narrow, ...(range && { range }) })
  const inside = childrenOf(type)
  const children = isNested(type) ? inside.map(child => unpackColumn(place, child.type, next())) : undefined
  return { type, length, values, validity, ...(codes && { codes }), ...(range && { range }), ...(children && { children }) }
}
