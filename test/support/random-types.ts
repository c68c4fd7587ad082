// The types that random plans are made of: their values as rows hold them, when two are equal, and how they are ordered.
import type { Random } from '../../src/base/random.ts'
import { type DataType, isFloat, isInteger } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { compareValues } from './plain-aggregates.ts'
import { keyText as valueText, sampleValue } from './samples.ts'

/** What a cell is: as rows hold it. */
export type Cell = Value
/** A row. */
export type Row = Readonly<Record<string, Cell>>
/** A type by its name, without a question mark; `count` is a number of rows: an int64 that rows hold as a number. */
export type Kind = string
/** Columns by name. `isNear`: floats that need not be exact to the bit; later steps only carry them along. */
export type Columns = Readonly<Record<string, { readonly kind: Kind; readonly nullable: boolean; readonly isNear?: boolean }>>

/** The types that expressions of all sorts are drawn of. */
export const kinds: readonly Kind[] = ['int32', 'int64', 'float64', 'utf8', 'bool', 'timestamp[ms]']
/** All others. */
export const otherKinds: readonly Kind[] = [
  'int8', 'int16', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'decimal(9, 2)', 'decimal(30, 4)', 'binary', 'binary(3)', 'date', 'time[ms]', 'time[us]', 'timestamp[s]', 'timestamp[us]',
  'timestamp[ms, Europe/Berlin]', 'timestamp[ns, America/New_York]', 'duration[ms]', 'duration[us]', 'interval', 'list<int32?>', 'list<utf8>', 'list<decimal(9, 2)?>', 'list<float32, 2>', 'struct<a: int32, b: utf8?>',
  'struct<d: date?, l: list<int32?>>', 'map<utf8, int32?>', 'list<list<utf8?>?>', 'null',
]
const texts = ['', 'a', 'Bonn', 'Rome', 'twelve bytes', 'thirteen byte', 'a text of more than twelve bytes', 'äöü€😀']

/** One of a list. */
export const pick = <T>(random: Random, list: readonly T[]): T => list[random.int(list.length)]!

const types = new Map<Kind, DataType>()
/** The type of a kind. */
export function typeOf(kind: Kind): DataType {
  if (!types.has(kind)) types.set(kind, kind === 'count' ? { kind: 'int64' } : parseType(kind, 'plan').type)
  return types.get(kind)!
}

/** A value of a kind, never null but for the type that has nothing else. Few of each, small, and exact in all that is done with them. */
export function sampleCell(random: Random, kind: Kind): Cell {
  switch (kind) {
    case 'int32':
      return random.int(21) - 10
    case 'int64':
      return BigInt(random.int(13) - 6) * (random.int(6) === 0 ? 2n ** 40n : 1n)
    case 'float64':
      return pick(random, [Number.NaN, -0, 0, ...Array.from({ length: 10 }, () => (random.int(81) - 40) / 4)])
    case 'utf8':
      return pick(random, texts)
    case 'bool':
      return random.int(2) === 1
    case 'timestamp[ms]':
      return 1_700_000_000_000 + random.int(10) * 86_400_000 + random.int(3) * 3_600_000
    default:
      return sampleValue(random, typeOf(kind), 'few')
  }
}

/** A text that two cells share exactly where they are one key. */
export const keyText = (cell: Cell): string => valueText(cell)

/** The order of two cells of a kind. */
export const compareCells = (kind: Kind, a: Cell, b: Cell): number => compareValues(a, b, typeOf(kind))

const isNested = (kind: Kind) => /^(list|struct|map)/.test(kind)
/** Types that have an order. */
export const isOrdered = (kind: Kind): boolean => !isNested(kind) && kind !== 'interval' && kind !== 'null'
/** Types that may be keys of joins. */
export const isJoinKey = (kind: Kind): boolean => !isNested(kind) && kind !== 'null'
/** Types with a sum: numbers and durations. */
export const isSummed = (kind: Kind): boolean => kind !== 'count' && (isNumber(kind) || kind.startsWith('duration'))
/** Whole numbers, decimals and floats. */
export const isNumber = (kind: Kind): boolean => kind !== 'count' && (isInteger(typeOf(kind)) || isFloat(typeOf(kind)) || kind.startsWith('decimal'))
