// A batch as numbers: how batches travel between threads and lie in plans. Addresses mean the same everywhere in one engine, and the types are known
// to both sides.
import type { Batch, Codes, Column, NarrowValues } from './batch.ts'
import { childrenOf, type DataType, isNested } from './data-type.ts'
import type { Fields } from './schema.ts'

/**
 * rowCount, arena, the block or 0, then each column: values (0 where they are yet to be made), validity, which of the following there are (`beside`, added up), codes by a dictionary
 * with its address and length and, if it isn't kept, its arena, narrow values and their bits, the range; and for each child its length and the child as a column.
 */
export type PackedBatch = readonly number[]

// What a packed column has beside its values. `codesInArena` and `alone` only with `codes`.
const beside = { codes: 1, narrow: 2, range: 4, codesInArena: 8, alone: 16 } as const

/** A batch as numbers. The reference to its arena goes with it. Codes go along where their dictionary is kept or in an arena; values yet to be made are made there. */
export function packBatch(batch: Batch): PackedBatch {
  const packed = [batch.rowCount, batch.arena, batch.block ?? 0]
  for (const column of batch.columns) packColumn(packed, column)
  return packed
}

/** The address of the arena that a packed batch lives in. */
export function arenaOf(packed: PackedBatch): number {
  return packed[1]!
}

/** How whoever unpacks makes a column whose values are made when they are asked for (compute/coded.ts › madeIn). */
export type YetToMake = (column: Omit<Column, 'values'>) => Column

/** Columns of a packed batch, those at the positions `wanted`, which ascend. Cost: nothing for columns that aren't wanted but a step over them. */
export function unpackColumns(packed: ArrayLike<number>, fields: Fields, wanted: readonly number[], yetToMake: YetToMake): Column[] {
  const place = { packed, at: 3, yetToMake }
  const columns: Column[] = []
  for (let at = 0; columns.length < wanted.length; at++) {
    if (at === wanted[columns.length]) columns.push(unpackColumn(place, fields[at]!.type, packed[0]!))
    else skipColumn(place, fields[at]!.type)
  }
  return columns
}

/** The inverse of `packBatch`, given the fields. */
export function unpackBatch(packed: PackedBatch, fields: Fields, yetToMake: YetToMake): Batch {
  const [rowCount, arena, block] = packed as [number, number, number]
  if (block !== 0) return { fields, rowCount, columns: [], arena, block }
  const place = { packed, at: 3, yetToMake }
  return { fields, rowCount, columns: fields.map(({ type }) => unpackColumn(place, type, rowCount)), arena }
}

function packColumn(packed: number[], column: Column): void {
  const { validity, codes, narrow, range, children } = column
  const goes = codes?.kept || codes?.arena !== undefined
  const inArena = goes && !codes!.kept
  const isAlone = goes && codes!.alone
  const has = (goes ? beside.codes : 0) + (narrow ? beside.narrow : 0) + (range ? beside.range : 0) + (inArena ? beside.codesInArena : 0) + (isAlone ? beside.alone : 0)
  packed.push(narrow || isAlone ? 0 : column.values, validity, has)
  if (goes) packed.push(codes!.values, codes!.dictionary.values, codes!.dictionary.length)
  if (inArena) packed.push(codes!.arena!)
  if (narrow) packed.push(narrow.values, narrow.bits)
  if (range) packed.push(range.min, range.max)
  for (const child of children ?? []) {
    packed.push(child.length)
    packColumn(packed, child)
  }
}

function skipColumn(place: { packed: ArrayLike<number>; at: number }, type: DataType): void {
  const has = place.packed[place.at + 2]!
  place.at += 3 + (has & beside.codes ? 3 : 0) + (has & beside.codesInArena ? 1 : 0) + (has & beside.narrow ? 2 : 0) + (has & beside.range ? 2 : 0)
  if (has & beside.narrow || !isNested(type)) return
  for (const child of childrenOf(type)) {
    place.at++
    skipColumn(place, child.type)
  }
}

function unpackColumn(place: { packed: ArrayLike<number>; at: number; yetToMake: YetToMake }, type: DataType, length: number): Column {
  const next = () => place.packed[place.at++]!
  const [values, validity, has] = [next(), next(), next()]
  const found = has & beside.codes ? { values: next(), dictionary: { type, values: next(), length: next(), validity: 0 } } : undefined
  const codes: Codes | undefined = found && { ...found, ...(has & beside.codesInArena ? { arena: next() } : { kept: true }), ...(has & beside.alone && { alone: true }) }
  const narrow = has & beside.narrow ? { values: next(), bits: next() as NarrowValues['bits'] } : undefined
  const range = has & beside.range ? { min: next(), max: next() } : undefined
  if (narrow || has & beside.alone) return place.yetToMake({ type, length, validity, ...(codes && { codes }), ...(narrow && { narrow }), ...(range && { range }) })
  const inside = childrenOf(type)
  const children = isNested(type) ? inside.map(child => unpackColumn(place, child.type, next())) : undefined
  return { type, length, values, validity, ...(codes && { codes }), ...(range && { range }), ...(children && { children }) }
}
