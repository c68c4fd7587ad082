// Columns as 64-bit words, so that what sums, compares and selects needs one loop for all types that fit into a word: whole numbers and times as
// they are, numbers as float64, and all that has an order as keys whose order as int64 is theirs (NaN above every number, −0 below 0).
import { allocateColumn, type Column } from '../batch/batch.ts'
import { type DataType, float64, isFloat, isInteger } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { hasNarrow, narrowOfWords, wordsOfNarrow } from './narrow.ts'
import { valuesAt } from './operand.ts'

const timeKinds = ['date', 'time', 'timestamp', 'duration']

/** True for types whose values have keys: bools, integers, floats, dates, times, timestamps and durations. */
export function hasKeys(type: DataType): boolean {
  return type.kind === 'bool' || isInteger(type) || isFloat(type) || timeKinds.includes(type.kind)
}

/** The address of an int64 per row: bools 0 and 1, whole numbers and times; uint64 bit by bit. In `arena`, or the column's own values. */
export function wordsOf(device: Device, arena: Arena, { type, values, length }: Column): number {
  const { kernels } = device
  const wide = (widen: (values: number, rows: number, out: number) => void, from: number) => {
    const out = arena.allocate(8 * length)
    widen(from, length, out)
    return out
  }
  const narrow = (widen: (values: number, rows: number, out: number) => void) => {
    const out = arena.allocate(4 * length)
    widen(values, length, out)
    return wide(kernels.widenI32, out)
  }
  switch (type.kind) {
    case 'bool':
      return narrow(kernels.expandBits)
    case 'int8':
      return narrow(kernels.widenI8)
    case 'uint8':
      return narrow(kernels.widenU8)
    case 'int16':
      return narrow(kernels.widenI16)
    case 'uint16':
      return narrow(kernels.widenU16)
    case 'int32':
    case 'date':
      return wide(kernels.widenI32, values)
    case 'uint32':
      return wide(kernels.widenU32, values)
    default:
      return values
  }
}

/** Words, as `wordsOf` gives them, or the unscaled values of a decimal, as a column of `type` in `arena`. Words that are 64 bits wide in the column too are not copied. */
export function columnOfWords(device: Device, arena: Arena, type: DataType, words: number, rows: number): Column {
  const { kernels } = device
  const out = (narrow: (words: number, rows: number, out: number) => void) => {
    const column = allocateColumn(arena, type, rows)
    narrow(words, rows, column.values)
    return column
  }
  switch (type.kind) {
    case 'bool':
      return out(kernels.packWords)
    case 'int8':
    case 'uint8':
      return out(kernels.narrowWords1)
    case 'int16':
    case 'uint16':
      return out(kernels.narrowWords2)
    case 'int32':
    case 'uint32':
    case 'date':
      return out(kernels.narrowI64)
    case 'decimal':
      return narrowOfWords(device, arena, { values: words, bits: 64 }, { type, length: rows, validity: 0 })
    default:
      return { type, length: rows, values: words, validity: 0 }
  }
}

/** The address of a float64 per row, of numbers: rounded where an integer or decimal has more than 53 bits. In `arena`, or the column's own values. */
export function floatsOf(device: Device, arena: Arena, column: Column): number {
  const { kernels } = device
  const { type, length } = column
  if (type.kind === 'float64') return column.values
  const out = arena.allocate(8 * length)
  if (type.kind === 'decimal' && hasNarrow(column)) {
    const divisor = valuesAt(device, arena, { type: float64, value: 10 ** type.scale })
    kernels.floatI64(wordsOfNarrow(device, arena, column), length, out)
    kernels.divF64(out, divisor, 1, length, out)
    return out
  }
  const { values } = column
  if (type.kind === 'float32') kernels.widenF32(values, length, out)
  else if (type.kind === 'float16') kernels.widenF16(values, length, out)
  else if (type.kind === 'int32') kernels.floatI32(values, length, out)
  else if (type.kind === 'uint64') kernels.floatU64(values, length, out)
  else if (type.kind === 'decimal') kernels.floatD128(values, length, 10 ** type.scale, out)
  else kernels.floatI64(wordsOf(device, arena, column), length, out)
  return out
}

/** The address of an int64 key per row. In `arena`, or the column's own values. */
export function keysOf(device: Device, arena: Arena, column: Column): number {
  const { kernels } = device
  const { type, length } = column
  if (!isFloat(type) && type.kind !== 'uint64') return wordsOf(device, arena, column)
  const out = arena.allocate(8 * length)
  if (type.kind === 'uint64') kernels.keysU64(column.values, length, out)
  else kernels.keysF64(floatsOf(device, arena, column), length, out)
  return out
}

/** Keys, as `keysOf` gives them, as a column of `type` in `arena`. Every NaN is the same one. Keys that are the values are not copied. */
export function columnOfKeys(device: Device, arena: Arena, type: DataType, keys: number, rows: number): Column {
  const { kernels } = device
  if (!isFloat(type) && type.kind !== 'uint64') return columnOfWords(device, arena, type, keys, rows)
  const words = arena.allocate(8 * rows)
  if (type.kind === 'uint64') {
    kernels.keysU64(keys, rows, words)
    return { type, length: rows, values: words, validity: 0 }
  }
  kernels.takeOrderedF64(keys, rows, 3, words)
  if (type.kind === 'float64') return { type, length: rows, values: words, validity: 0 }
  const out = allocateColumn(arena, type, rows)
  if (type.kind === 'float32') kernels.narrowF32(words, rows, out.values)
  else kernels.narrowF16(words, rows, out.values)
  return out
}
