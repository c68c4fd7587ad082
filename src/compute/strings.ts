// Functions of utf8 columns. Results that are parts of their input share its bytes; new bytes go to the arena.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { writeView } from '../batch/build-columns.ts'
import { bitmapBytes, bool, int32, utf8 } from '../batch/data-type.ts'
import { viewBytes } from '../batch/read-values.ts'
import { DeviceError } from '../base/errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { bothValid, isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'

/** Tests of a string against another, by their names in expressions. */
export type StringTest = 'contains' | 'startsWith' | 'endsWith' | 'like'

const modes = { contains: 0, startsWith: 1, endsWith: 2 } as const

/**
 * A bool column, null where either side is; one side is a column. In a `like` pattern % is any run, _ one character; the byte `escape` takes the
 * next as it is, below 0 nothing does.
 */
export function testString(device: Device, arena: Arena, test: StringTest, a: Operand, b: Operand, escape = 0x5c): Column {
  const length = rowsOf(a, b)
  const values = arena.allocate(bitmapBytes(length))
  const parts = test === 'like' && isColumn(a) && !isColumn(b) ? likeParts(String(b.value), escape) : undefined
  if (parts) {
    testParts(device, arena, a as Column, parts, values)
    return { type: bool, length, values, validity: bothValid(device, arena, a, b) }
  }
  const left = valuesAt(device, arena, a)
  const right = valuesAt(device, arena, b)
  if (test === 'like') device.kernels.likeViews(left, right, shapeOf(a, b), escape, length, values)
  else device.kernels.containsViews(modes[test], left, right, shapeOf(a, b), length, values)
  return { type: bool, length, values, validity: bothValid(device, arena, a, b) }
}

// The texts between the % of a pattern that has no other signs; `mode` 1: the first stands at the begin, 2: the last at the end. Undefined where it must be walked.
function likeParts(pattern: string, escape: number): { parts: string[]; mode: number } | undefined {
  if (pattern.includes('_') || (escape >= 0 && pattern.includes(String.fromCharCode(escape))) || !pattern.includes('%')) return undefined
  const mode = (pattern.startsWith('%') ? 0 : 1) | (pattern.endsWith('%') ? 0 : 2)
  return { parts: pattern.split('%').filter(part => part !== ''), mode }
}

function testParts(device: Device, arena: Arena, a: Column, { parts, mode }: { parts: readonly string[]; mode: number }, out: number): void {
  const views = arena.allocate(16 * parts.length)
  parts.forEach((part, i) => writeView(device, arena, views + 16 * i, encoder.encode(part)))
  if (parts.length === 1 && mode < 3) device.kernels.containsViews(mode, a.values, views, 1, a.length, out)
  else device.kernels.likePartsViews(a.values, a.length, views, parts.length, mode, out)
}

/** Characters (code points) of each string, as int32. Nulls stay. */
export function stringLength(device: Device, arena: Arena, a: Column): Column {
  const out = { ...allocateColumn(arena, int32, a.length), validity: a.validity }
  device.kernels.lengthViews(a.values, a.length, out.values)
  return out
}

/** Lower or upper case by Unicode's rules without a locale. Cost: ASCII near memory speed, other strings about 0.5 µs each. */
export function recase(device: Device, arena: Arena, to: 'lower' | 'upper', a: Column): Column {
  const { kernels, memory } = device
  const rows = a.length
  const heap = heapFor(arena, kernels.heapBytesOfViews(a.values, rows), to)
  const ascii = arena.allocate(bitmapBytes(rows))
  const out = { ...allocateColumn(arena, utf8, rows), validity: a.validity }
  kernels[to === 'lower' ? 'lowerViews' : 'upperViews'](a.values, rows, heap, ascii, out.values)
  if (kernels.countBits(ascii, rows) === rows) return out
  const isAscii = memory.bytes(ascii, bitmapBytes(rows)).slice()
  for (let row = 0; row < rows; row++) {
    if ((isAscii[row >>> 3]! >>> (row & 7)) & 1) continue
    const bytes = viewBytes(memory, a.values + 16 * row)
    const text = memory.text(bytes.byteOffset, bytes.length)
    writeView(device, arena, out.values + 16 * row, encoder.encode(to === 'lower' ? text.toLowerCase() : text.toUpperCase()))
  }
  return out
}

/** a followed by b, null where either is; one side is a column. */
export function concatStrings(device: Device, arena: Arena, a: Operand, b: Operand): Column {
  const { kernels } = device
  const length = rowsOf(a, b)
  const shape = shapeOf(a, b)
  const left = valuesAt(device, arena, a)
  const right = valuesAt(device, arena, b)
  const heap = heapFor(arena, kernels.heapBytesOfConcat(left, right, shape, length), 'concat')
  const out = { ...allocateColumn(arena, utf8, length), validity: bothValid(device, arena, a, b) }
  kernels.concatViews(left, right, shape, length, heap, out.values)
  return clearNulls(device, out)
}

/** Makes the views behind nulls empty, as a column of views must have them, and returns the column. */
export function clearNulls(device: Device, column: Column): Column {
  if (column.validity !== 0) device.kernels.zeroNullViews(column.values, column.length, column.validity)
  return column
}

const encoder = new TextEncoder()
const heapBytesMax = 0xf000_0000

/** `bytes` bytes in `arena` for the texts of one batch. Throws DeviceError MEMORY_FULL where they exceed the memory; `what` names the function. */
export function heapFor(arena: Arena, bytes: number, what: string): number {
  if (bytes > heapBytesMax)
    throw new DeviceError('MEMORY_FULL', `${what}: the results of one batch take ${bytes} bytes, and one memory holds 4 GiB; use smaller batches`)
  return arena.allocate(bytes)
}
