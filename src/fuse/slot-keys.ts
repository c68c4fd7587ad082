// The keys behind the numbers of slots: what grouped sums are flushed with.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import { gatherColumn } from '../compute/gather.ts'
import { columnOfWords } from '../compute/widen.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { ColumnForm } from './columns.ts'

/** How keys were numbered: a column of each, whose dictionary may be asked, its form, how many numbers it has, and how far they are apart. */
export interface KeyNumbers {
  readonly columns: readonly Column[]
  readonly forms: readonly ColumnForm[]
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
}

/** The key columns of `slots`, in `arena`. */
export function slotKeys(device: Device, arena: Arena, keys: readonly Field[], { columns, forms, sizes, strides }: KeyNumbers, slots: readonly number[]): Column[] {
  return keys.map(({ type }, i) => {
    const form = forms[i]!
    const numbers = slots.map(slot => Math.floor(slot / strides[i]!) % sizes[i]!)
    const nullNumber = form.valid ? sizes[i]! - 1 : -1
    const found = numbers.map(number => (number === nullNumber ? 0 : number))
    const column = form.codes ? textsOf(device, arena, columns[i]!, found) : wordsOf(device, arena, type, found, form.range?.least ?? 0n)
    return form.valid ? { ...column, validity: validityOf(device, arena, numbers, nullNumber) } : column
  })
}

function textsOf(device: Device, arena: Arena, { codes }: Column, numbers: readonly number[]): Column {
  const indices = arena.allocate(4 * numbers.length)
  device.memory.uint32s(indices, numbers.length).set(numbers)
  const { alone: _, ...own } = codes!
  return { ...gatherColumn(device, arena, own.dictionary, indices, numbers.length), codes: { ...own, values: indices } }
}

function wordsOf(device: Device, arena: Arena, type: Field['type'], numbers: readonly number[], least: bigint): Column {
  const words = arena.allocate(8 * numbers.length)
  device.memory.int64s(words, numbers.length).set(numbers.map(number => BigInt(number) + least))
  return columnOfWords(device, arena, type, words, numbers.length)
}

function validityOf(device: Device, arena: Arena, numbers: readonly number[], nullNumber: number): number {
  const validity = arena.allocateZeroed(bitmapBytes(numbers.length))
  const bytes = device.memory.bytes(validity, bitmapBytes(numbers.length))
  numbers.forEach((number, row) => {
    if (number !== nullNumber) bytes[row >> 3]! |= 1 << (row & 7)
  })
  return validity
}
