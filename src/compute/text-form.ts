// Columns as those that kernels/text-encode.ts can write: numbers widened, decimals, uint64 and dates as text by kernel, other values as text that JavaScript makes (about 0.5 µs a value).
import { allocateColumn, type Column } from '../batch/batch.ts'
import { isNested, utf8 } from '../batch/data-type.ts'
import { valueReader } from '../batch/read-values.ts'
import { isoText, jsonText } from '../batch/value-text.ts'
import { writeView } from '../batch/write-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { numbersToText } from './cast-text.ts'
import { dayOrTimeText } from './cast-time.ts'
import { equalForm } from './key-form.ts'

/** A column to write. `isRaw`: a text column whose values stand as they are, neither quoted nor escaped. */
export interface TextForm {
  readonly column: Column
  readonly isRaw: boolean
}

/** The form in which a column is written as JSON or CSV. */
export function textForm(device: Device, arena: Arena, column: Column, format: 'json' | 'csv'): TextForm {
  const { type } = column
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'float16':
    case 'float32':
      return { column: equalForm(device, arena, column), isRaw: false }
    case 'fixedBinary':
      return { column: equalForm(device, arena, column), isRaw: false }
    case 'uint64':
    case 'decimal':
      return { column: numbersToText(device, arena, column), isRaw: true }
    case 'date':
      return { column: dayOrTimeText(device, arena, column), isRaw: false }
    case 'time':
    case 'duration':
    case 'interval':
    case 'null':
      return { column: made(device, arena, column, value => isoText(value, type)!), isRaw: false }
    default:
      if (!isNested(type)) return { column, isRaw: false }
      return { column: made(device, arena, column, value => jsonText(value, type)), isRaw: format === 'json' }
  }
}

function made(device: Device, arena: Arena, column: Column, text: (value: ReturnType<ReturnType<typeof valueReader>>) => string): Column {
  const { length, validity } = column
  const out = { ...allocateColumn(arena, utf8, length), validity }
  device.memory.bytes(out.values, 16 * length).fill(0)
  const read = valueReader(device.memory, column)
  for (let row = 0; row < length; row++) {
    const value = read(row)
    if (value !== null) writeView(device, arena, out.values + 16 * row, encoder.encode(text(value)))
  }
  return out
}

const encoder = new TextEncoder()
