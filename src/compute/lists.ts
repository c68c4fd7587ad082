// Functions of list columns: taken apart into their items with the row of each, computed item by item like any column, and put together again. A fixed list
// counts as a list; what is made of one is a list. Null lists stay null.
import { assert } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, bool, childrenOf, type DataType, int32, layoutOf, type Member } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { createAccumulator } from './accumulator.ts'
import { noPlaces } from './aggregate-contract.ts'
import { andBits } from './bitmap.ts'
import { compare } from './compare.ts'
import { concatColumns } from './concat.ts'
import { gatherColumn } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { truth } from './logic.ts'
import { allValid, broadcast, isColumn, type Operand } from './operand.ts'
import { explodeLists, firstRows } from './row-numbers.ts'
import { sortIndices } from './sort.ts'
import { clearNulls } from './strings.ts'
import { mapToText, operandReader } from './text-rows.ts'

/** The items of all lists, one after the other: `owners` is the address of a u32 per item, its row; `places` of an i32, its place in its list. */
export interface OpenLists {
  readonly count: number
  readonly owners: number
  readonly places: number
  readonly child: Column
}

/** Takes lists, or the entries of maps, apart. Null lists have no items. */
export function openLists(device: Device, arena: Arena, list: Column): OpenLists {
  const { count, rows, items, places } = explodeLists(device, arena, list, false)
  return { count, owners: rows, places, child: gatherColumn(device, arena, list.children![0]!, items, count) }
}

/** Lists of items whose `owners` never fall; rows without items get empty lists. */
export function closeLists(device: Device, arena: Arena, item: Member, rows: number, { owners, count, child }: Omit<OpenLists, 'places'>, validity: number): Column {
  const values = arena.allocateZeroed(4 * (rows + 1))
  const offsets = device.memory.int32s(values, rows + 1)
  for (const owner of device.memory.uint32s(owners, count)) offsets[owner + 1]!++
  for (let row = 0; row < rows; row++) offsets[row + 1]! += offsets[row]!
  return { type: { kind: 'list', item }, length: rows, values, validity, children: [child] }
}

/** The item of a list's type. */
export function itemOf(type: DataType): Member {
  return childrenOf(type)[0]!
}

function spansOf(device: Device, { type, values, length }: Column): { start: (row: number) => number; size: (row: number) => number } {
  if (type.kind === 'fixedList') return { start: row => row * type.size, size: () => type.size }
  const offsets = device.memory.int32s(values, length + 1)
  return { start: row => offsets[row]!, size: row => offsets[row + 1]! - offsets[row]! }
}

/** Items of each list, as int32. */
export function listLength(device: Device, arena: Arena, list: Column): Column {
  const values = arena.allocate(4 * list.length)
  const { size } = spansOf(device, list)
  const out = device.memory.int32s(values, list.length)
  for (let row = 0; row < list.length; row++) out[row] = size(row)
  return { type: int32, length: list.length, values, validity: list.validity }
}

/** The item at a place (int64, from 0, negative from the end) of each list; null where there is none. */
export function listElement(device: Device, arena: Arena, list: Operand, index: Operand): Column {
  const rows = (isColumn(list) ? list : (index as Column)).length
  const lists = broadcast(device, arena, list, rows)
  const child = lists.children![0]!
  if (child.length === 0) return broadcast(device, arena, { type: child.type, value: null }, rows)
  const [indices, found] = [arena.allocateZeroed(4 * rows), arena.allocateZeroed(bitmapBytes(rows))]
  const validity = allValid(device, arena, [lists, index], rows)
  const { start, size } = spansOf(device, lists)
  const [at, bits, read] = [device.memory.uint32s(indices, rows), device.memory.bytes(found, bitmapBytes(rows)), operandReader(device, index)]
  for (let row = 0; row < rows; row++) {
    const wanted = read(row)
    const place = Number(wanted) < 0 ? Number(wanted) + size(row) : Number(wanted)
    if (wanted === null || !(place >= 0 && place < size(row))) continue
    at[row] = start(row) + place
    bits[row >>> 3]! |= 1 << (row & 7)
  }
  const out = gatherColumn(device, arena, child, indices, rows)
  const { codes: _, ...taken } = { ...out, validity: andBits(device, arena, andBits(device, arena, found, validity, rows), out.validity, rows) }
  return layoutOf(taken.type) === 'view' ? clearNulls(device, taken) : taken
}

/** Items [start, end) of each list, int64, negative from the end; what lies outside is cut off. */
export function sliceLists(device: Device, arena: Arena, list: Operand, start: Operand, end: Operand): Column {
  const rows = ([list, start, end].find(isColumn) as Column).length
  const lists = broadcast(device, arena, list, rows)
  const validity = allValid(device, arena, [lists, start, end], rows)
  const spans = spansOf(device, lists)
  const [from, to] = [operandReader(device, start), operandReader(device, end)]
  const place = (value: unknown, size: number) => Math.min(size, Math.max(0, Number(value) < 0 ? Number(value) + size : Number(value)))
  return pickItems(device, arena, lists, rows, validity, (row, take) => {
    const size = spans.size(row)
    const last = place(to(row), size)
    for (let i = place(from(row), size); i < last; i++) take(spans.start(row) + i)
  })
}

/** Each list back to front. */
export function reverseLists(device: Device, arena: Arena, list: Column): Column {
  const spans = spansOf(device, list)
  return pickItems(device, arena, list, list.length, list.validity, (row, take) => {
    for (let i = spans.size(row) - 1; i >= 0; i--) take(spans.start(row) + i)
  })
}

// Lists of the items of `source`'s child that `pick` takes for each row that is not null.
function pickItems(device: Device, arena: Arena, source: Column, rows: number, validity: number, pick: (row: number, take: (item: number) => void) => void, child = source.children![0]!): Column {
  const items: number[] = []
  const offsets = new Int32Array(rows + 1)
  const valid = validity === 0 ? undefined : device.memory.bytes(validity, bitmapBytes(rows))
  const take = (item: number) => void items.push(item)
  for (let row = 0; row < rows; row++) {
    if (!valid || (valid[row >>> 3]! >>> (row & 7)) & 1) pick(row, take)
    offsets[row + 1] = items.length
  }
  const [values, indices] = [arena.allocate(4 * (rows + 1)), arena.allocate(4 * items.length)]
  device.memory.int32s(values, rows + 1).set(offsets)
  device.memory.uint32s(indices, items.length).set(items)
  return { type: { kind: 'list', item: itemOf(source.type) }, length: rows, values, validity, children: [gatherColumn(device, arena, child, indices, items.length)] }
}

/** The items of one list and then of another; both have one item type. */
export function concatLists(device: Device, arena: Arena, a: Operand, b: Operand): Column {
  const rows = ([a, b].find(isColumn) as Column).length
  const [left, right] = [broadcast(device, arena, a, rows), broadcast(device, arena, b, rows)]
  const [first, second] = [left.children![0]!, right.children![0]!]
  const child = concatColumns(device, arena, first.type, [first, second])
  const [x, y] = [spansOf(device, left), spansOf(device, right)]
  const both = allValid(device, arena, [left, right], rows)
  return pickItems(device, arena, left, rows, both, (row, take) => {
    for (let i = 0; i < x.size(row); i++) take(x.start(row) + i)
    for (let i = 0; i < y.size(row); i++) take(first.length + y.start(row) + i)
  }, child)
}

/** Each list sorted; nulls last unless `nullsFirst`. */
export function sortLists(device: Device, arena: Arena, list: Column, descending: boolean, nullsFirst: boolean): Column {
  const open = openLists(device, arena, list)
  const order = sortIndices(device, arena, [{ column: ownersOf(open) }, { column: open.child, descending, nullsFirst }], open.count)
  const child = gatherColumn(device, arena, open.child, order, open.count)
  return closeLists(device, arena, itemOf(list.type), list.length, { ...open, child }, list.validity)
}

function ownersOf({ owners, count }: OpenLists): Column {
  return { type: { kind: 'uint32' }, length: count, values: owners, validity: 0 }
}

/** Each list without items that were there before; nulls are one value, NaN equals NaN. */
export function distinctLists(device: Device, arena: Arena, list: Column): Column {
  const open = openLists(device, arena, list)
  const fields = [{ name: 'owner', type: { kind: 'uint32' } as const, nullable: false }, { name: 'item', type: open.child.type, nullable: true }]
  const table = new GroupTable(device, fields)
  try {
    const gids = table.find(arena, [ownersOf(open), open.child], open.count)
    const first = firstRows(device, arena, gids, open.count, 0)
    return closeKept(device, arena, list, open, first.indices, first.rows)
  } finally {
    table.close()
  }
}

function closeKept(device: Device, arena: Arena, list: Column, open: OpenLists, indices: number, count: number): Column {
  const owners = gatherColumn(device, arena, ownersOf(open), indices, count).values
  return closeLists(device, arena, itemOf(list.type), list.length, { owners, count, child: gatherColumn(device, arena, open.child, indices, count) }, list.validity)
}

/** Each list without the items for which `mask`, a bool column over `open`, is not true. */
export function filterLists(device: Device, arena: Arena, list: Column, open: OpenLists, mask: Column): Column {
  const indices = arena.allocate(4 * open.count)
  const count = device.kernels.selectBits(truth(device, arena, mask), open.count, indices)
  return closeKept(device, arena, list, open, indices, count)
}

/** Whether any item is true, by Kleene's logic: true where one is, else null where one is not known. `mask` is a bool column over `open`. With `all`: whether all are. */
export function matchLists(device: Device, arena: Arena, list: Column, open: OpenLists, mask: Column, all: boolean): Column {
  const rows = list.length
  const [values, known] = [arena.allocateZeroed(bitmapBytes(rows)), arena.allocate(bitmapBytes(rows))]
  device.kernels.fillBits(known, rows, 1)
  const [hits, unknown] = [device.memory.bytes(values, bitmapBytes(rows)), device.memory.bytes(known, bitmapBytes(rows))]
  const bits = device.memory.bytes(mask.values, bitmapBytes(open.count))
  const valid = mask.validity === 0 ? undefined : device.memory.bytes(mask.validity, bitmapBytes(open.count))
  const owners = device.memory.uint32s(open.owners, open.count)
  for (let i = 0; i < open.count; i++) {
    const [byte, bit] = [i >>> 3, i & 7]
    const row = owners[i]!
    if (valid && !((valid[byte]! >>> bit) & 1)) unknown[row >>> 3]! &= ~(1 << (row & 7))
    else if (((bits[byte]! >>> bit) & 1) === (all ? 0 : 1)) hits[row >>> 3]! |= 1 << (row & 7)
  }
  // A hit decides, whatever else is not known.
  const decided = arena.allocate(bitmapBytes(rows))
  device.kernels.orBits(values, known, rows, decided)
  if (all) device.kernels.notBits(values, rows, values)
  return { type: bool, length: rows, values, validity: andBits(device, arena, decided, list.validity, rows) }
}

/** Whether each list has a value, or with `place` where it is first (from 0, −1 where it isn't), as int32. Items that are null equal nothing. */
export function findInLists(device: Device, arena: Arena, list: Operand, value: Operand, place: boolean): Column {
  const rows = (isColumn(list) ? list : (value as Column)).length
  const lists = broadcast(device, arena, list, rows)
  const open = openLists(device, arena, lists)
  const wanted = isColumn(value) ? gatherColumn(device, arena, value, open.owners, open.count) : value
  const same = device.memory.bytes(truth(device, arena, compare(device, arena, 'eq', open.child, wanted)), bitmapBytes(open.count))
  const [owners, places] = [device.memory.uint32s(open.owners, open.count), device.memory.int32s(open.places, open.count)]
  const first = new Int32Array(rows).fill(-1)
  for (let i = open.count - 1; i >= 0; i--) if ((same[i >>> 3]! >>> (i & 7)) & 1) first[owners[i]!] = places[i]!
  const validity = allValid(device, arena, [lists, value], rows)
  const values = place ? arena.allocate(4 * rows) : arena.allocateZeroed(bitmapBytes(rows))
  if (place) device.memory.int32s(values, rows).set(first)
  else {
    const bits = device.memory.bytes(values, bitmapBytes(rows))
    first.forEach((at, row) => {
      if (at >= 0) bits[row >>> 3]! |= 1 << (row & 7)
    })
  }
  return { type: place ? int32 : bool, length: rows, values, validity }
}

/** An aggregate of the items of each list, as aggregates of groups are; `where` names it in errors. */
export function aggregateLists(device: Device, arena: Arena, list: Column, fn: string, where: string): Column {
  const open = openLists(device, arena, list)
  const accumulator = createAccumulator(device, { fn, inputType: open.child.type, where })
  try {
    accumulator.update(open.owners, [open.child], open.count, list.length, noPlaces)
    const [out] = accumulator.resultColumns(arena, list.length)
    assert(out, `the aggregate ${fn} has no result`)
    return { ...out, validity: andBits(device, arena, out.validity, list.validity, list.length) }
  } finally {
    accumulator.close()
  }
}

/** The items of each list of strings that are not null, with a separator between them. */
export function joinLists(device: Device, arena: Arena, list: Operand, separator: Operand): Column {
  return mapToText(device, arena, 'join', [list, separator], (items: readonly (string | null)[], by: string) => items.filter(item => item !== null).join(by))
}

/** Lists of one value of each column, in order. There must be a column; all have the item's type. */
export function zipLists(device: Device, arena: Arena, item: Member, columns: readonly Column[]): Column {
  const [rows, size] = [columns[0]!.length, columns.length]
  const all = concatColumns(device, arena, item.type, columns)
  const [indices, values] = [arena.allocate(4 * rows * size), arena.allocate(4 * (rows + 1))]
  const [at, offsets] = [device.memory.uint32s(indices, rows * size), device.memory.int32s(values, rows + 1)]
  for (let row = 0; row < rows; row++) for (let i = 0; i < size; i++) at[row * size + i] = i * rows + row
  for (let row = 0; row <= rows; row++) offsets[row] = row * size
  return { type: { kind: 'list', item }, length: rows, values, validity: 0, children: [gatherColumn(device, arena, all, indices, rows * size)] }
}

/** Rows of lists that have more than `step` items: their numbers (u32) and the numbers of that item in the child; for going through all lists in step. */
export function stepOfLists(device: Device, arena: Arena, list: Column, step: number): { rows: number; items: number; count: number } {
  const { start, size } = spansOf(device, list)
  const valid = list.validity === 0 ? undefined : device.memory.bytes(list.validity, bitmapBytes(list.length))
  const found: number[] = []
  for (let row = 0; row < list.length; row++) if (size(row) > step && (!valid || (valid[row >>> 3]! >>> (row & 7)) & 1)) found.push(row)
  const [rows, items] = [arena.allocate(4 * found.length), arena.allocate(4 * found.length)]
  device.memory.uint32s(rows, found.length).set(found)
  device.memory.uint32s(items, found.length).set(found.map(row => start(row) + step))
  return { rows, items, count: found.length }
}

/** `column` with the rows that `rows` (u32) names replaced by those of `part`, in order. */
export function putRows(device: Device, arena: Arena, column: Column, part: Column, rows: number): Column {
  const indices = arena.allocate(4 * column.length)
  device.kernels.fillIndices(indices, column.length, 0)
  const at = device.memory.uint32s(indices, column.length)
  device.memory.uint32s(rows, part.length).forEach((row, i) => {
    at[row] = column.length + i
  })
  return gatherColumn(device, arena, concatColumns(device, arena, column.type, [column, part]), indices, column.length)
}

