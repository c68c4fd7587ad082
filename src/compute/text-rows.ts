// Functions that JavaScript computes a row at a time: read values, call, write the results straight into the arena. For what no kernel does: about
// 0.3 µs a row and text. A column that carries codes is computed once per distinct value.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, layoutOf, utf8 } from '../batch/data-type.ts'
import { type Value, valueReader } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { dataOfViews, offsetsOfViews } from './arrow-columns.ts'
import { gatherColumn } from './gather.ts'
import { allValid, isColumn, type Operand } from './operand.ts'
import { clearNulls, heapFor } from './strings.ts'

/** Texts on their way into a column: encoded one behind the other, given to the arena as one. */
export class TextBuilder {
  #scratch: Uint8Array = scratchOf(1 << 16)
  #used = 0
  #ends: number[] = []

  /** The next value; '' is an empty view, which is what stands behind a null. */
  push(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    if (this.#used + 3 * text.length > this.#scratch.length) {
      const grown = scratchOf(2 * (this.#used + 3 * text.length))
      grown.set(this.#scratch.subarray(0, this.#used))
      this.#scratch = grown
    }
    this.#used = text.length > shortMax ? this.#encode(text) : this.#copy(text)
    this.#ends.push(this.#used)
  }

  #encode(text: string): number {
    return this.#used + encoder.encodeInto(text, this.#scratch.subarray(this.#used)).written
  }

  // Short texts of ASCII, without a view of where they go.
  #copy(text: string): number {
    const start = this.#used
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) return this.#encode(text)
      this.#scratch[start + i] = unit
    }
    return start + text.length
  }

  /** Values so far. */
  get length(): number {
    return this.#ends.length
  }
  /** The views of all values, as the address of 16 bytes each. Throws DeviceError MEMORY_FULL; `what` names the function. */
  finish(device: Device, arena: Arena, what: string): number {
    const heap = heapFor(arena, this.#used, what)
    const views = arena.allocateZeroed(16 * this.#ends.length)
    device.memory.write(heap, this.#scratch.subarray(0, this.#used))
    const words = device.memory.uint32s(views, 4 * this.#ends.length)
    const bytes = device.memory.bytes(views, 16 * this.#ends.length)
    let start = 0
    for (let i = 0; i < this.#ends.length; i++) {
      const end = this.#ends[i]!
      const count = end - start
      words[4 * i] = count
      const inView = count > 12 ? 4 : count
      for (let at = 0; at < inView; at++) bytes[16 * i + 4 + at] = this.#scratch[start + at]!
      if (count > 12) words[4 * i + 3] = heap + start
      start = end
    }
    return views
  }
}

const encoder = new TextEncoder()
const shortMax = 24

function scratchOf(bytes: number): Uint8Array {
  if (bytes > 2 ** 32) throw new DataError('TEXT_SIZE', `text: the results of one batch take more than ${2 ** 31} bytes; use smaller batches`)
  return new Uint8Array(Math.min(bytes, 2 ** 32 - 1))
}

/** Reads row `i` of an operand as JavaScript has it; a constant is the same in every row. */
export function operandReader(device: Device, operand: Operand): (row: number) => Value {
  if (isColumn(operand)) return valueReader(device.memory, operand)
  const { value } = operand
  return () => value
}

/**
 * As `operandReader`, for all rows of a column that are not null: texts that are ASCII as a whole are decoded at once, which takes a third of the time. What it needs
 * lies in `arena`.
 */
function rowsReader(device: Device, arena: Arena, operand: Operand): (row: number) => Value {
  const each = operandReader(device, operand)
  if (!isColumn(operand) || operand.type.kind !== 'utf8' || operand.length < textsAtOnceMin) return each
  const { length, validity } = operand
  const views = validity === 0 ? operand.values : withoutNulls(device, arena, operand)
  const place = arena.allocate(4 * (length + 1))
  const bytes = offsetsOfViews(device, views, length, place)
  if (bytes > bytesAtOnceMax) return each
  const data = arena.allocate(bytes + 16)
  dataOfViews(device, views, length, data)
  const all = decoder.decode(device.memory.bytes(data, bytes).slice())
  // Else some characters have several bytes.
  if (all.length !== bytes) return each
  const offsets = device.memory.int32s(place, length + 1).slice()
  return row => all.slice(offsets[row]!, offsets[row + 1]!)
}

// The address of the column's views, the empty one where it is null.
function withoutNulls(device: Device, arena: Arena, { values, validity, length }: Column): number {
  const views = arena.allocate(16 * length)
  device.memory.bytes(views, 16 * length).set(device.memory.bytes(values, 16 * length))
  return clearNulls(device, { type: utf8, length, values: views, validity }).values
}

const textsAtOnceMin = 32
const bytesAtOnceMax = 64 << 20
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A utf8 column of `f` of each row's values; null where an operand or the result is. `what` names the function in errors. */
export function mapToText(device: Device, arena: Arena, what: string, operands: readonly Operand[], f: (...values: never[]) => string | null): Column {
  const texts = new TextBuilder()
  const { rows, validity } = visitRows(device, arena, operands, f, () => (_, text) => texts.push(text ?? ''))
  return { type: utf8, length: rows, values: texts.finish(device, arena, what), validity }
}

/** An int32, int64, float64 or bool column of `f` of each row's values; null where an operand or the result is. */
export function mapToValues(device: Device, arena: Arena, type: DataType, operands: readonly Operand[], f: (...values: never[]) => Value): Column {
  const out = allocateColumn(arena, type, (operands.find(isColumn) as Column).length)
  const { validity } = visitRows(device, arena, operands, f, () => writerOf(device, out))
  return { ...out, validity }
}

function writerOf(device: Device, out: Column): (row: number, value: Value | null) => void {
  const { memory } = device
  if (layoutOf(out.type) === 'bit') {
    const bits = memory.bytes(out.values, bitmapBytes(out.length))
    return (row, value) => {
      if (value) bits[row >>> 3]! |= 1 << (row & 7)
    }
  }
  const view = out.type.kind === 'int32' ? memory.int32s(out.values, out.length) : out.type.kind === 'float64' ? memory.float64s(out.values, out.length) : memory.int64s(out.values, out.length)
  return (row, value) => {
    if (value !== null) view[row] = value as never
  }
}

/** A list column with utf8 items: those that `f` gives for each row; null where an operand or the result is. */
export function mapToTexts(device: Device, arena: Arena, what: string, operands: readonly Operand[], f: (...values: never[]) => readonly string[] | null): Column {
  const texts = new TextBuilder()
  const ends: number[] = [0]
  const { rows, validity } = visitRows(device, arena, operands, f, () => (_, items) => {
    for (const item of items ?? []) texts.push(item)
    ends.push(texts.length)
  })
  const child: Column = { type: utf8, length: texts.length, values: texts.finish(device, arena, what), validity: 0 }
  const values = arena.allocate(4 * (rows + 1))
  device.memory.int32s(values, rows + 1).set(ends)
  return { type: { kind: 'list', item: { type: utf8, nullable: false } }, length: rows, values, validity, children: [child] }
}

// `prepare` gives what takes each row's result, null included; it is called when nothing more will be allocated, so it may hold views of the memory.
function visitRows<R>(
  device: Device,
  arena: Arena,
  operands: readonly Operand[],
  f: (...values: never[]) => R | null,
  prepare: () => (row: number, value: R | null) => void,
): { rows: number; validity: number } {
  const rows = (operands.find(isColumn) as Column).length
  const inputs = allValid(device, arena, operands, rows)
  const known = arena.allocate(bitmapBytes(rows))
  const valid = inputs === 0 ? undefined : device.memory.bytes(inputs, bitmapBytes(rows))
  const readers = operands.map(operand => rowsReader(device, arena, operand))
  const notNull = device.memory.bytes(known, bitmapBytes(rows)).fill(0)
  const write = prepare()
  const args: Value[] = new Array(readers.length)
  let nulls = 0
  for (let row = 0; row < rows; row++) {
    let value: R | null = null
    if (!valid || (valid[row >>> 3]! >>> (row & 7)) & 1) {
      for (let i = 0; i < readers.length; i++) args[i] = readers[i]!(row)
      value = f(...(args as never[]))
    }
    if (value === null) nulls++
    else notNull[row >>> 3]! |= 1 << (row & 7)
    write(row, value)
  }
  return { rows, validity: nulls === 0 ? 0 : known }
}

/**
 * `f` of a column, computed over its dictionary where it carries codes and has fewer distinct values than rows: `f` must look at each value by
 * itself, and may neither fail nor need to know the row.
 */
export function overDistinct(device: Device, arena: Arena, column: Column, f: (column: Column) => Column): Column {
  const { codes, length, validity } = column
  if (!codes || codes.dictionary.length === 0 || codes.dictionary.length >= length) return f(column)
  const distinct = f(codes.dictionary)
  const out = gatherColumn(device, arena, distinct, codes.values, length)
  return { ...out, validity: andBits(device, arena, out.validity, validity, length) }
}

/** The texts of each row that are not null with `separator` between them; null only where the separator is. */
export function joinTexts(device: Device, arena: Arena, separator: Column, parts: readonly Operand[]): Column {
  const texts = new TextBuilder()
  const [between, ...readers] = [separator, ...parts].map(part => operandReader(device, part))
  for (let row = 0; row < separator.length; row++) {
    const by = between!(row)
    const present = by === null ? [] : readers.map(read => read(row)).filter(part => part !== null)
    texts.push(present.join(by as string))
  }
  return { type: utf8, length: separator.length, values: texts.finish(device, arena, 'concatWs'), validity: separator.validity }
}
