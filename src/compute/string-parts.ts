// Parts of utf8 columns: slices, trimming, splitting, replacing. Operands are columns or constants, one of them a column; null where any is.
// Results that are parts of their input share its bytes.
import { DeviceError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int32, utf8 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { allValid, isColumn, type Operand, stepOf, valuesAt } from './operand.ts'
import { clearNulls, heapFor } from './strings.ts'

/** Bytes of each string, as int32. Nulls stay. Cost: memory speed. */
export function byteLength(device: Device, arena: Arena, a: Column): Column {
  const out = { ...allocateColumn(arena, int32, a.length), validity: a.validity }
  device.kernels.byteLengthViews(a.values, a.length, out.values)
  return out
}

/** Characters [start, end) of each string; `start` and `end` are int64, negative from the end of the string, and what lies outside is cut off. */
export function sliceText(device: Device, arena: Arena, a: Operand, start: Operand, end: Operand): Column {
  const out = output(device, arena, utf8, [a, start, end])
  const [text, from, to] = [a, start, end].map(o => valuesAt(device, arena, o)) as [number, number, number]
  device.kernels.sliceViews(text, stepOf(a), from, stepOf(start), to, stepOf(end), out.length, out.values)
  return clearNulls(device, out)
}

/** Which ends `trim` cuts. */
export type TrimSide = 'start' | 'end' | 'both'
const trimModes = { start: 1, end: 2, both: 3 } as const

/** Each string without the characters of `set` at its ends. */
export function trim(device: Device, arena: Arena, side: TrimSide, a: Operand, set: Operand): Column {
  const out = output(device, arena, utf8, [a, set])
  device.kernels.trimViews(valuesAt(device, arena, a), stepOf(a), valuesAt(device, arena, set), stepOf(set), trimModes[side], out.length, out.values)
  return clearNulls(device, out)
}

/** The characters before the first `part`, or -1 where it doesn't occur, as int32. */
export function indexOfText(device: Device, arena: Arena, a: Operand, part: Operand): Column {
  const out = output(device, arena, int32, [a, part])
  device.kernels.indexOfViews(valuesAt(device, arena, a), stepOf(a), valuesAt(device, arena, part), stepOf(part), out.length, out.values)
  return out
}

/** Part `index` (int64, from 0, negative from the end) between separators; null where there is none. An empty separator gives single characters. */
export function splitPart(device: Device, arena: Arena, a: Operand, separator: Operand, index: Operand): Column {
  const out = output(device, arena, utf8, [a, separator, index])
  const rows = out.length
  const found = arena.allocate(bitmapBytes(rows))
  const [text, by, at] = [a, separator, index].map(o => valuesAt(device, arena, o)) as [number, number, number]
  device.kernels.splitPartViews(text, stepOf(a), by, stepOf(separator), at, stepOf(index), rows, found, out.values)
  const { kernels } = device
  const validity = kernels.countBits(found, rows) === rows ? out.validity : andBits(device, arena, found, out.validity, rows)
  return clearNulls(device, { ...out, validity })
}

const listOfText: DataType = { kind: 'list', item: { type: utf8, nullable: false } }

/** All parts of each string between separators, as lists. An empty separator gives single characters. */
export function splitText(device: Device, arena: Arena, a: Operand, separator: Operand): Column {
  const { kernels } = device
  const rows = (isColumn(a) ? a : (separator as Column)).length
  const validity = allValid(device, arena, [a, separator], rows)
  const offsets = arena.allocate(4 * (rows + 1))
  const [text, by] = [valuesAt(device, arena, a), valuesAt(device, arena, separator)]
  const parts = kernels.splitOffsets(text, stepOf(a), by, stepOf(separator), validity, rows, offsets)
  if (parts > 2 ** 27) throw new DeviceError('MEMORY_FULL', `split: one batch makes ${parts} parts, and a list column holds 134217728; use smaller batches`)
  const child = allocateColumn(arena, utf8, parts)
  kernels.splitViews(text, stepOf(a), by, stepOf(separator), offsets, rows, child.values)
  return { type: listOfText, length: rows, values: offsets, validity, children: [child] }
}

/** Each string with every `from` made `to`, from left to right; an empty `from` changes nothing. */
export function replaceText(device: Device, arena: Arena, a: Operand, from: Operand, to: Operand): Column {
  const out = output(device, arena, utf8, [a, from, to])
  const [text, part, by] = [a, from, to].map(o => valuesAt(device, arena, o)) as [number, number, number]
  const { kernels } = device
  const bytes = kernels.heapBytesOfReplace(text, stepOf(a), part, stepOf(from), by, stepOf(to), out.length)
  kernels.replaceViews(text, stepOf(a), part, stepOf(from), by, stepOf(to), out.length, heapFor(arena, bytes, 'replace'), out.values)
  return clearNulls(device, out)
}

function output(device: Device, arena: Arena, type: DataType, operands: readonly Operand[]): Column {
  const rows = (operands.find(isColumn) as Column).length
  return { ...allocateColumn(arena, type, rows), validity: allValid(device, arena, operands, rows) }
}
