// What lies at a path of each JSON text: found by the kernel, a row at a time (json-path.ts) where names or the text found have escapes.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { writeView } from '../batch/build-columns.ts'
import { bitmapBytes, utf8 } from '../batch/data-type.ts'
import { valueReader } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { jsonText, type PathStep } from './json-path.ts'
import { clearNulls } from './strings.ts'

/** As `jsonText` for each text. What is found shares the bytes of its text where it stands there as it is. Cost: about 1 ns a byte that is skipped. */
export function findJsonTexts(device: Device, arena: Arena, column: Column, steps: readonly PathStep[]): Column {
  const { kernels, memory } = device
  const rows = column.length
  const out = allocateColumn(arena, utf8, rows)
  const [found, left] = [arena.allocate(bitmapBytes(rows)), arena.allocate(bitmapBytes(rows))]
  kernels.findJsonViews(column.values, rows, writeSteps(device, arena, steps), steps.length, found, left, out.values)
  if (kernels.countBits(left, rows) > 0) {
    const open = memory.bytes(left, bitmapBytes(rows)).slice()
    const read = valueReader(memory, column)
    for (let row = 0; row < rows; row++) {
      if (!((open[row >>> 3]! >>> (row & 7)) & 1)) continue
      const text = read(row) as string | null
      const value = text === null ? null : jsonText(text, steps)
      if (value === null) continue
      writeView(device, arena, out.values + 16 * row, encoder.encode(value))
      memory.bytes(found, bitmapBytes(rows))[row >>> 3]! |= 1 << (row & 7)
    }
  }
  const validity = andBits(device, arena, found, column.validity, rows)
  return clearNulls(device, { ...out, validity })
}

function writeSteps(device: Device, arena: Arena, steps: readonly PathStep[]): number {
  const address = arena.allocateZeroed(16 * steps.length)
  steps.forEach((step, i) => {
    if (typeof step === 'number') {
      device.memory.int32s(address + 16 * i, 2).set([1, step])
      return
    }
    const name = encoder.encode(step)
    const bytes = arena.allocate(name.length)
    device.memory.write(bytes, name)
    device.memory.uint32s(address + 16 * i, 3).set([0, name.length, bytes])
  })
  return address
}

const encoder = new TextEncoder()
