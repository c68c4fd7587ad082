// Columns to JavaScript values, for rows that leave the fast path: user functions, results, sinks that take rows.
// int64 is a bigint; timestamps are epoch milliseconds as a number (us, ns: bigint); utf8 a string; binary a Uint8Array copy; null is null.
import type { Memory } from '../device/memory.ts'
import type { Batch, Column } from './batch.ts'
import { isHidden } from './schema.ts'
import { unsupportedType } from './unsupported.ts'

/** What a cell is in JavaScript. */
export type Value = boolean | number | bigint | string | Uint8Array | null

/** A plain object per row, by column name. */
export type PlainRow = Record<string, Value>

/** Reads row `i` of a column. Valid until the memory of the batch is released. Cost: one closure a column, then a view read a cell. */
export function valueReader(memory: Memory, column: Column): (row: number) => Value {
  const read = rawReader(memory, column)
  if (column.validity === 0) return read
  const bits = memory.bytes(column.validity, Math.ceil(column.length / 8))
  return row => ((bits[row >>> 3]! >>> (row & 7)) & 1 ? read(row) : null)
}

function rawReader(memory: Memory, column: Column): (row: number) => Value {
  const { type, values, length } = column
  switch (type.kind) {
    case 'bool': {
      const bits = memory.bytes(values, Math.ceil(length / 8))
      return row => ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1
    }
    case 'int32': {
      const view = memory.int32s(values, length)
      return row => view[row]!
    }
    case 'float64': {
      const view = memory.float64s(values, length)
      return row => view[row]!
    }
    case 'int64': {
      if (type.asNumber) {
        const words = memory.int32s(values, length * 2)
        return row => words[2 * row + 1]! * 2 ** 32 + (words[2 * row]! >>> 0)
      }
      const view = memory.int64s(values, length)
      return row => view[row]!
    }
    case 'timestamp': {
      if (type.unit === 'us' || type.unit === 'ns') {
        const view = memory.int64s(values, length)
        return row => view[row]!
      }
      const scale = type.unit === 's' ? 1000 : 1
      const words = memory.int32s(values, length * 2)
      return row => (words[2 * row + 1]! * 2 ** 32 + (words[2 * row]! >>> 0)) * scale
    }
    case 'utf8':
      return row => viewText(memory, values + 16 * row)
    case 'binary':
      return row => viewBytes(memory, values + 16 * row).slice()
    default:
      throw unsupportedType('rows', type)
  }
}

/** The bytes behind the 16-byte view at `address`, not copied. */
export function viewBytes(memory: Memory, address: number): Uint8Array {
  const words = memory.words()
  const length = words[address / 4]! >>> 0
  return memory.bytes(length <= 12 ? address + 4 : words[address / 4 + 3]! >>> 0, length)
}

function viewText(memory: Memory, address: number): string {
  const bytes = viewBytes(memory, address)
  if (bytes.length > 24) return memory.text(bytes.byteOffset, bytes.length)
  let text = ''
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! > 127) return memory.text(bytes.byteOffset, bytes.length)
    text += String.fromCharCode(bytes[i]!)
  }
  return text
}

/** Reads row `i` as a plain object of the visible columns. */
export function rowReader(memory: Memory, batch: Batch): (row: number) => PlainRow {
  const columns: { name: string; read: (row: number) => Value }[] = []
  batch.fields.forEach((field, i) => {
    if (!isHidden(field.name)) columns.push({ name: field.name, read: valueReader(memory, batch.columns[i]!) })
  })
  return row => {
    const result: PlainRow = {}
    for (const { name, read } of columns) result[name] = read(row)
    return result
  }
}
