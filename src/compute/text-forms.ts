// Texts padded to a length and turned round. Operands are columns or constants, one of them a column; null where any is.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { utf8 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { allValid, isColumn, type Operand, stepOf, valuesAt } from './operand.ts'
import { heapFor } from './strings.ts'

/** Each text with characters of `fill` at a side until it has `length` (int64) characters; cut to as many where it has more. `tooLong` is told of a text of more than 2^28, and throws. */
export function padText(device: Device, arena: Arena, side: 'left' | 'right', [a, length, fill]: readonly [Operand, Operand, Operand], tooLong: (characters: number) => never): Column {
  const rows = ([a, length, fill].find(isColumn) as Column).length
  const out = { ...allocateColumn(arena, utf8, rows), validity: allValid(device, arena, [a, length, fill], rows) }
  const [text, lengths, fills] = [a, length, fill].map(o => valuesAt(device, arena, o)) as [number, number, number]
  const { kernels } = device
  const bytes = kernels.heapBytesOfPad(text, stepOf(a), lengths, stepOf(length), fills, stepOf(fill), out.validity, rows)
  if (bytes < 0) tooLong(-bytes)
  const heap = heapFor(arena, bytes + 16, side === 'left' ? 'lpad' : 'rpad')
  kernels.padViews(side === 'left' ? 0 : 1, text, stepOf(a), lengths, stepOf(length), fills, stepOf(fill), out.validity, rows, heap, out.values)
  return out
}

/** The characters of each text from the last to the first. Nulls stay. */
export function reverseText(device: Device, arena: Arena, a: Column): Column {
  const { kernels } = device
  const out = { ...allocateColumn(arena, utf8, a.length), validity: a.validity }
  kernels.reverseViews(a.values, a.length, heapFor(arena, kernels.heapBytesOfViews(a.values, a.length), 'reverse'), out.values)
  return out
}
