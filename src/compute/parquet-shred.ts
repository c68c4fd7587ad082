// Columns of lists and structs into the levels of their leaves: a step of a type at a time, over whole columns (Melnik et al., "Dremel", 2010).
import type { Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/**
 * The values of a leaf and the places of those that aren't there, from the outside up to some step of the type. `definitions` and `repetitions` are
 * addresses of a byte each; 255 stands for the level of what is still there, and addresses of 0 for 255 and for 0 throughout. The `alive` entries that are
 * still there are rows of the column at hand, ascending: those that `rows` lists (u32), or `base`, `base` + 1 and so on where it is 0.
 */
export interface Entries {
  readonly count: number
  readonly definitions: number
  readonly repetitions: number
  readonly alive: number
  readonly rows: number
  readonly base: number
}

/** Rows [start, start + count) of a column, nothing of them looked at. */
export function entriesOfRows(start: number, count: number): Entries {
  return { count, definitions: 0, repetitions: 0, alive: count, rows: 0, base: start }
}

/** The first `at` entries, and the others. Cost: about 0.1 ns an entry. */
export function cutEntries(device: Device, entries: Entries, at: number): [Entries, Entries] {
  const { count, definitions, repetitions, alive, rows, base } = entries
  const first = definitions === 0 ? at : at === count ? alive : device.kernels.countAlive(definitions, at)
  const rest = {
    count: count - at,
    definitions: definitions && definitions + at,
    repetitions: repetitions && repetitions + at,
    alive: alive - first,
    rows: rows && rows + 4 * first,
    base: base + first,
  }
  return [{ ...entries, count: at, alive: first }, rest]
}

/** Where to cut so that both parts begin a row, the first one of at most `most` > 0 entries or else of one row; `count` where there is nothing to cut. */
export function rowCut(device: Device, repetitions: number, count: number, most: number): number {
  if (count <= most) return count
  return repetitions === 0 ? most : device.kernels.cutAtRow(repetitions, count, most)
}

/**
 * What a column's nulls leave alive; null ones get `level`. `listed` says whether its rows are needed. The column begins at bit `bit` of its validity. In
 * `arena`; the same entries where there are no nulls. Cost: 0.1 ns an entry, 1–2 ns where others were dead before or rows are listed.
 */
export function shredNulls(device: Device, arena: Arena, entries: Entries, column: Pick<Column, 'validity'>, bit: number, level: number, listed: boolean): Entries {
  const { count, definitions, alive, rows, base } = entries
  if (column.validity === 0) return entries
  const out = arena.allocate(count + 16)
  const places = listed ? arena.allocate(4 * alive + 4) : 0
  const left = device.kernels.shredNulls(definitions, count, column.validity, bit, rows, base, level, out, places)
  return left === alive ? entries : { ...entries, definitions: out, alive: left, rows: places, base: 0 }
}

/** What a step into lists will make. */
export interface ListMeasure {
  /** Entries afterwards. */
  readonly count: number
  readonly items: number
  readonly empty: number
  /** Where the first item lies; `isRange` where all others follow it without a gap. */
  readonly first: number
  readonly isRange: boolean
}

/** Measures that step for a column of lists, maps or fixed lists. Cost: 1 ns a list. */
export function measureLists(device: Device, arena: Arena, entries: Entries, lists: Column): ListMeasure {
  const { count, alive, rows, base } = entries
  const out = arena.allocate(12)
  const items = device.kernels.measureLists(lists.values, sizeOf(lists), rows, base, alive, out)
  const [empty, first, end] = device.memory.int32s(out, 3)
  return { count: count - alive + items + empty!, items, empty: empty!, first: first!, isRange: end! - first! === items }
}

/** The entries of the items, as rows of the lists' child; an empty list gets `level`, items but the first repeat at `repetition`. Cost: 2 ns a list, 0.3 ns an item. */
export function shredLists(device: Device, arena: Arena, entries: Entries, lists: Column, measure: ListMeasure, level: number, repetition: number): Entries {
  const { definitions, repetitions, count, rows, base } = entries
  const alive = definitions === 0 && measure.empty === 0 ? 0 : arena.allocate(measure.count)
  const again = arena.allocate(measure.count)
  const places = measure.isRange ? 0 : arena.allocate(4 * measure.items)
  device.kernels.shredLists(definitions, repetitions, count, lists.values, sizeOf(lists), rows, base, level, repetition, alive, again, places)
  return { count: measure.count, definitions: alive, repetitions: again, alive: measure.items, rows: places, base: measure.first }
}

// 0 where offsets say it.
function sizeOf({ type }: Column): number {
  return type.kind === 'fixedList' ? type.size : 0
}

/** The most bytes that `encodeLevels` touches. */
export function levelBytesMax(count: number, most: number): number {
  return Math.ceil(count / 8) * (34 - Math.clz32(most)) + 32
}

/** Levels, a byte each, in Parquet's RLE/bit-packed hybrid of the width that `most` ≥ 1 needs; those above it are taken for it. Returns the bytes written. Cost: 0.3 ns a level. */
export function encodeLevels(device: Device, levels: number, count: number, most: number, out: number): number {
  return device.kernels.encodeLevels(levels, count, most, out)
}
