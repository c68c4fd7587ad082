// Lists, maps, and the structs of CSV cells, from columns of JSON texts, level by level: a kernel takes all texts of a column apart, and what they hold is decoded
// as columns again. Structs of records and of lists' items are read with what is around them: see json-structs.ts.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, entriesOf } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Nested } from './carrier.ts'
import { gatherColumn } from './gather.ts'
import { nullColumn } from './null-column.ts'

/** What a level's values are decoded by: `struct` of objects by their members, null ones as rows of nulls; `values` of bare values. Rows that don't fit are `bad`. */
export interface LevelDecoder {
  struct(texts: Column, type: DataType & { kind: 'struct' }): { readonly children: readonly Column[]; readonly bad: readonly number[] }
  /** Any values as a utf8 column of their JSON. */
  texts(pairs: number, count: number): Column
  values(pairs: number, count: number, type: DataType, nullable: boolean): { readonly column: Column; readonly bad: readonly number[] }
}

/**
 * The column of a nested type that a utf8 column of JSON texts holds, and the rows (ascending) whose texts are none of the type; those are null. Objects are
 * structs, or maps of texts; arrays are lists, or maps of [key, value] pairs. Cost: each level walks its texts twice, about 0.5 GB/s each.
 */
export function nestedFromTexts(device: Device, arena: Arena, texts: Column, type: Nested, decoder: LevelDecoder): { readonly column: Column; readonly bad: readonly number[] } {
  const marks = new Marks(device, arena, texts)
  for (;;) {
    const made = type.kind === 'struct' ? ofStruct(marks, type, decoder) : ofItems(marks, type, decoder)
    if (made) return { column: made, bad: marks.rows() }
  }
}

// Texts of a column, and those among them that were found to be bad: a byte a row.
class Marks {
  readonly device: Device
  readonly arena: Arena
  readonly texts: Column
  readonly bad: number
  #found: number[] = []

  constructor(device: Device, arena: Arena, texts: Column) {
    this.device = device
    this.arena = arena
    this.texts = texts
    this.bad = arena.allocateZeroed(Math.max(1, texts.length))
  }

  mark(rows: Iterable<number>): void {
    const bytes = this.device.memory.bytes(this.bad, this.texts.length)
    for (const row of rows) bytes[row] = 1
  }

  rows(): readonly number[] {
    this.#found = []
    this.device.memory.bytes(this.bad, this.texts.length).forEach((byte, row) => {
      if (byte !== 0) this.#found.push(row)
    })
    return this.#found
  }

  /** The texts' validity without the bad ones. */
  validity(): number {
    const { texts, arena, device } = this
    const bad = this.rows()
    if (bad.length === 0) return texts.validity
    const validity = arena.allocate(bitmapBytes(texts.length))
    const bits = device.memory.bytes(validity, bitmapBytes(texts.length))
    if (texts.validity === 0) bits.fill(255)
    else bits.set(device.memory.bytes(texts.validity, bits.length))
    for (const row of bad) bits[row >>> 3]! &= ~(1 << (row & 7))
    return validity
  }
}

// Undefined where rows turned out to be bad: then the others are to be decoded without them.
function ofStruct(marks: Marks, type: DataType & { kind: 'struct' }, decoder: LevelDecoder): Column | undefined {
  const validity = marks.validity()
  const { length } = marks.texts
  const { children, bad } = decoder.struct({ ...marks.texts, validity }, type)
  marks.mark(bad)
  return bad.length > 0 ? undefined : { type, length, values: 0, validity, children }
}

function ofItems(marks: Marks, type: Exclude<Nested, { kind: 'struct' }>, decoder: LevelDecoder): Column | undefined {
  const { device, texts } = marks
  const isTextMap = type.kind === 'map' && (type.key.kind === 'utf8' || type.key.kind === 'binary')
  const split = splitTexts(marks, texts, isTextMap ? 123 : 91)
  const step = isTextMap ? 2 : 1
  const offsets = device.memory.int32s(split.offsets, texts.length + 1)
  if (step === 2) for (let row = 0; row <= texts.length; row++) offsets[row]! /= 2
  const count = split.count / step
  // The rows that items are of; only looked for where an item is bad.
  const owners = (items: readonly number[]) => ownersOf(device.memory.int32s(split.offsets, texts.length + 1), items)
  if (type.kind !== 'map') {
    const { column, bad } = decoder.values(split.pairs, count, type.item.type, type.item.nullable)
    marks.mark(owners(bad))
    if (bad.length > 0) return undefined
    return type.kind === 'list' ? { type, length: texts.length, values: split.offsets, validity: marks.validity(), children: [column] } : ofFixed(marks, type, split.offsets, column)
  }
  const pairs = isTextMap ? { pairs: split.pairs, bad: [] } : pairsOf(marks, split.pairs, count, decoder)
  marks.mark(owners(pairs.bad))
  if (pairs.bad.length > 0) return undefined
  const [keys, values] = [0, 1].map(side => everySecond(marks, pairs.pairs, count, side)) as [number, number]
  const key = decoder.values(keys, count, type.key, false)
  const value = decoder.values(values, count, type.value.type, type.value.nullable)
  marks.mark(owners([...key.bad, ...value.bad].sort((a, b) => a - b)))
  if (key.bad.length + value.bad.length > 0) return undefined
  const entries: Column = { type: entriesOf(type), length: count, values: 0, validity: 0, children: [key.column, value.column] }
  return { type, length: texts.length, values: split.offsets, validity: marks.validity(), children: [entries] }
}

// Lists of exactly `size` items: null rows have that many as well, of zeros.
function ofFixed(marks: Marks, type: DataType & { kind: 'fixedList' }, offsetsAt: number, items: Column): Column | undefined {
  const { device, texts } = marks
  const offsets = device.memory.int32s(offsetsAt, texts.length + 1)
  const isBad = device.memory.bytes(marks.bad, texts.length)
  const bits = texts.validity === 0 ? undefined : device.memory.bytes(texts.validity, bitmapBytes(texts.length))
  const wrong: number[] = []
  let full = true
  for (let row = 0; row < texts.length; row++) {
    const isNull = isBad[row] !== 0 || (bits !== undefined && ((bits[row >>> 3]! >>> (row & 7)) & 1) === 0)
    if (isNull) full = false
    else if (offsets[row + 1]! - offsets[row]! !== type.size) wrong.push(row)
  }
  marks.mark(wrong)
  if (wrong.length > 0) return undefined
  const validity = marks.validity()
  if (full) return { type, length: texts.length, values: 0, validity, children: [items] }
  return spreadFixed(marks, type, offsets, items, validity)
}

function spreadFixed({ device, arena, texts }: Marks, type: DataType & { kind: 'fixedList' }, offsets: Int32Array, items: Column, validity: number): Column {
  const rows = texts.length * type.size
  if (items.length === 0) {
    const none = nullColumn(arena, type, texts.length)
    return { ...none, validity }
  }
  const indices = arena.allocateZeroed(4 * rows)
  const numbers = device.memory.uint32s(indices, rows)
  for (let row = 0; row < texts.length; row++) {
    if (offsets[row + 1] === offsets[row]) continue
    for (let i = 0; i < type.size; i++) numbers[row * type.size + i] = offsets[row]! + i
  }
  return { type, length: texts.length, values: 0, validity, children: [gatherColumn(device, arena, items, indices, rows)] }
}

function splitTexts(marks: Marks, texts: Column, open: number): { readonly offsets: number; readonly pairs: number; readonly count: number } {
  const { device, arena } = marks
  const { kernels } = device
  const [at, kinds] = [arena.allocateZeroed(160), arena.allocate(1040)]
  const offsets = arena.allocate(4 * (texts.length + 1))
  const split = (out: number) => kernels.splitJson(at, kinds, texts.values, texts.validity, texts.length, open, out, offsets, marks.bad)
  const counted = split(0)
  const pairs = arena.allocate(8 * Math.max(1, counted))
  return { offsets, pairs, count: split(pairs) }
}

// Items that are [key, value], as pairs by turns.
function pairsOf(marks: Marks, items: number, count: number, decoder: LevelDecoder): { readonly pairs: number; readonly bad: readonly number[] } {
  const { device, arena } = marks
  const inner = new Marks(device, arena, decoder.texts(items, count))
  const split = splitTexts(inner, inner.texts, 91)
  const offsets = device.memory.int32s(split.offsets, count + 1)
  for (let item = 0; item < count; item++) if (offsets[item + 1]! - offsets[item]! !== 2) inner.mark([item])
  return { pairs: split.pairs, bad: inner.rows() }
}

function everySecond({ device, arena }: Marks, pairs: number, count: number, side: number): number {
  const out = arena.allocate(8 * Math.max(1, count))
  const [from, to] = [device.memory.uint32s(pairs, 4 * count), device.memory.uint32s(out, 2 * count)]
  for (let i = 0; i < count; i++) {
    to[2 * i] = from[4 * i + 2 * side]!
    to[2 * i + 1] = from[4 * i + 2 * side + 1]!
  }
  return out
}

function ownersOf(offsets: Int32Array, items: readonly number[]): number[] {
  let row = 0
  return items.map(item => {
    while (offsets[row + 1]! <= item) row++
    return row
  })
}
