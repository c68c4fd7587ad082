// Columns to JavaScript values, for rows that leave the fast path: user functions, results, sinks that take rows. What they are by type: value.ts.
import type { Memory } from '../device/memory.ts'
import type { Batch, Column } from './batch.ts'
import { bitmapBytes, type DataType, layoutOf } from './data-type.ts'
import { formatDecimal } from './decimal-text.ts'
import { float16Number } from './float16.ts'
import { numberView } from './number-views.ts'
import { isHidden } from './schema.ts'
import { dayMs } from './time-text.ts'
import type { PlainRow, Value } from './value.ts'

export type { Interval, PlainRow, Value } from './value.ts'

/** Reads row `i` of a column. Valid until the memory of the batch is released. Cost: one closure a column, then a view read a cell. */
export function valueReader(memory: Memory, column: Column): (row: number) => Value {
  if (column.type.kind === 'null') return () => null
  const read = rawReader(memory, column)
  if (column.validity === 0) return read
  const bits = memory.bytes(column.validity, bitmapBytes(column.length))
  return row => ((bits[row >>> 3]! >>> (row & 7)) & 1 ? read(row) : null)
}

/** As `valueReader`, but flat values as they are stored (`stored-value.ts › Stored`): days, counts of the unit, unscaled decimals. What constants hold. */
export function storedReader(memory: Memory, column: Column): (row: number) => Value {
  const { type } = column
  switch (type.kind) {
    case 'date':
      return valueReader(memory, { ...column, type: { kind: 'int32' } })
    case 'int64':
    case 'time':
    case 'timestamp':
    case 'duration':
      return valueReader(memory, { ...column, type: { kind: 'int64' } })
    case 'decimal': {
      const read = valueReader(memory, { ...column, type: { ...type, scale: 0 } })
      return row => {
        const digits = read(row)
        return digits === null ? null : BigInt(digits as string)
      }
    }
    default:
      return valueReader(memory, column)
  }
}

function rawReader(memory: Memory, column: Column): (row: number) => Value {
  const { type, values, length } = column
  const numbers = numberView(memory, type, values, length)
  if (numbers) {
    if (type.kind === 'date') return row => numbers[row]! * dayMs
    if (type.kind === 'float16') return row => float16Number(numbers[row]!)
    return row => numbers[row]!
  }
  switch (type.kind) {
    case 'bool': {
      const bits = memory.bytes(values, bitmapBytes(length))
      return row => ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1
    }
    case 'int64':
      return type.asNumber ? numberReader(memory, column, 1) : wordReader(memory.int64s(values, length))
    case 'uint64':
      return wordReader(memory.uint64s(values, length))
    case 'time':
    case 'timestamp':
    case 'duration':
      return type.unit === 'us' || type.unit === 'ns' ? wordReader(memory.int64s(values, length)) : numberReader(memory, column, type.unit === 's' ? 1000 : 1)
    case 'decimal': {
      const [low, high] = [memory.uint64s(values, 2 * length), memory.int64s(values, 2 * length)]
      return row => formatDecimal((high[2 * row + 1]! << 64n) | low[2 * row]!, type.scale)
    }
    case 'interval': {
      const [words, halves] = [memory.int32s(values, 4 * length), memory.int64s(values, 2 * length)]
      return row => ({ months: words[4 * row]!, days: words[4 * row + 1]!, nanoseconds: halves[2 * row + 1]! })
    }
    case 'utf8':
      return row => viewText(memory, values + 16 * row)
    case 'binary':
      return row => viewBytes(memory, values + 16 * row).slice()
    case 'fixedBinary':
      return row => memory.bytes(values + type.size * row, type.size).slice()
    default:
      return nestedReader(memory, column, type)
  }
}

function wordReader(view: BigInt64Array | BigUint64Array): (row: number) => Value {
  return row => view[row]!
}

// 64-bit words as numbers, without a bigint on the way.
function numberReader(memory: Memory, { values, length }: Column, scale: number): (row: number) => Value {
  const words = memory.int32s(values, length * 2)
  return row => (words[2 * row + 1]! * 2 ** 32 + (words[2 * row]! >>> 0)) * scale
}

function nestedReader(memory: Memory, column: Column, type: DataType): (row: number) => Value {
  const children = type.kind === 'map' ? column.children![0]!.children! : column.children!
  const offsets = layoutOf(type) === 'list' ? memory.int32s(column.values, column.length + 1) : undefined
  return nestedValues(type, children.map(child => valueReader(memory, child)), offsets)
}

/** The values of a nested type, given those inside: of the item, of each member, of key and value. `offsets`: of a list or map, `length` + 1. */
export function nestedValues(type: DataType, inside: readonly ((row: number) => Value)[], offsets: Int32Array | undefined): (row: number) => Value {
  const [first, second] = inside as [(row: number) => Value, (row: number) => Value]
  switch (type.kind) {
    case 'struct': {
      const names = type.members.map(m => m.name)
      return row => {
        const result: PlainRow = {}
        for (let i = 0; i < names.length; i++) put(result, names[i]!, inside[i]!(row))
        return result
      }
    }
    case 'fixedList':
      return row => Array.from({ length: type.size }, (_, i) => first(row * type.size + i))
    case 'map':
      return row => {
        const result = new Map<Value, Value>()
        for (let i = offsets![row]!; i < offsets![row + 1]!; i++) result.set(first(i), second(i))
        return result
      }
    default:
      return row => {
        const result: Value[] = []
        for (let i = offsets![row]!; i < offsets![row + 1]!; i++) result.push(first(i))
        return result
      }
  }
}

// A member may be called __proto__, which assignment would not store.
function put(row: PlainRow, name: string, value: Value): void {
  if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true })
  else row[name] = value
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
