// Types that the JSON and CSV decoders don't read themselves, by way of those that they do: a carrier column is decoded, and its values are checked and
// turned into the type's. Cost: ints, floats, dates and decimals of up to 18 digits a few ns a value, others by JavaScript, about 0.5 µs.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { binary, bitmapBytes, type DataType, float64, int32, int64, utf8 } from '../batch/data-type.ts'
import { storedReader, valueReader } from '../batch/read-values.ts'
import { type Stored, storedBy } from '../batch/stored-value.ts'
import { storedWriter } from '../batch/write-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { fromForm } from './key-form.ts'

/** Types whose values are made of others. */
export type Nested = Extract<DataType, { kind: 'list' | 'fixedList' | 'struct' | 'map' }>

/** The type that a column of `type` is decoded as: itself where the decoders know it; nested ones as JSON texts. */
export function carrierOf(type: DataType): DataType {
  switch (type.kind) {
    case 'bool':
    case 'int32':
    case 'int64':
    case 'float64':
    case 'utf8':
    case 'binary':
    case 'timestamp':
      return type
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
      return int32
    case 'uint32':
      return int64
    case 'float16':
    case 'float32':
      return float64
    case 'fixedBinary':
      return binary
    default:
      return utf8
  }
}

/** The column of `type`, no nested one, that a carrier holds, and the rows (ascending) whose values are none of the type; what they hold is zeros. */
export function fromCarrier(device: Device, arena: Arena, carrier: Column, type: DataType): { readonly column: Column; readonly bad: readonly number[] } {
  switch (type.kind) {
    case 'int8':
      return narrowed(device, arena, carrier, type, -128, 127)
    case 'int16':
      return narrowed(device, arena, carrier, type, -32_768, 32_767)
    case 'uint8':
      return narrowed(device, arena, carrier, type, 0, 255)
    case 'uint16':
      return narrowed(device, arena, carrier, type, 0, 65_535)
    case 'uint32': {
      const words = device.memory.int32s(carrier.values, 2 * carrier.length)
      return { column: fromForm(device, arena, carrier, type), bad: rowsWhere(device, carrier, row => words[2 * row + 1] !== 0) }
    }
    case 'float32': {
      const numbers = device.memory.float64s(carrier.values, carrier.length)
      const fits = storedBy(type)
      return { column: fromForm(device, arena, carrier, type), bad: rowsWhere(device, carrier, row => fits(numbers[row]) === undefined) }
    }
    case 'decimal':
    case 'date':
      return shortTexts(device, arena, carrier, type)
    default:
      return converted(device, arena, carrier, type)
  }
}

// Decimals and dates as they are commonly written by kernel; what is left, among it what is none, one by one.
function shortTexts(device: Device, arena: Arena, carrier: Column, type: DataType & { kind: 'decimal' | 'date' }): { column: Column; bad: number[] } {
  const { kernels } = device
  const { length, validity, values } = carrier
  const column = { ...allocateColumn(arena, type, length), validity }
  const [scratch, left] = [arena.allocate(16), arena.allocate(4 * length)]
  const count =
    type.kind === 'date'
      ? kernels.readDays(values, validity, length, column.values, left)
      : kernels.readDecimals(values, validity, length, type.scale, type.precision, scratch, column.values, left)
  if (count === 0) return { column, bad: [] }
  const read = valueReader(device.memory, carrier)
  const [stored, write] = [storedBy(type), storedWriter(device, arena, column)]
  const bad: number[] = []
  for (const row of device.memory.uint32s(left, count).slice()) {
    const kept = ofText(read(row) as string, type, stored)
    write(row, kept ?? (type.kind === 'date' ? 0 : 0n))
    if (kept === undefined) bad.push(row)
  }
  return { column, bad }
}

function narrowed(device: Device, arena: Arena, carrier: Column, type: DataType, least: number, most: number): { column: Column; bad: number[] } {
  const numbers = device.memory.int32s(carrier.values, carrier.length)
  return { column: fromForm(device, arena, carrier, type), bad: rowsWhere(device, carrier, row => numbers[row]! < least || numbers[row]! > most) }
}

// What lies behind nulls is anything.
function rowsWhere(device: Device, { validity, length }: Column, isBad: (row: number) => boolean): number[] {
  const bits = validity === 0 ? undefined : device.memory.bytes(validity, bitmapBytes(length))
  const bad: number[] = []
  for (let row = 0; row < length; row++) if (isBad(row) && (!bits || ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1)) bad.push(row)
  return bad
}

function converted(device: Device, arena: Arena, carrier: Column, type: DataType): { column: Column; bad: number[] } {
  const { length, validity } = carrier
  const out = { ...allocateColumn(arena, type, length), ...(type.kind !== 'null' && { validity }) }
  const read = type.kind === 'fixedBinary' ? storedReader(device.memory, carrier) : valueReader(device.memory, carrier)
  const [stored, write] = [storedBy(type), storedWriter(device, arena, out)]
  const bad: number[] = []
  for (let row = 0; row < length; row++) {
    const value = read(row)
    const kept: Stored | undefined = value === null ? undefined : typeof value === 'string' ? ofText(value, type, stored) : stored(value)
    if (kept !== undefined) write(row, kept)
    else if (value !== null) bad.push(row)
  }
  return { column: out, bad }
}

// Dates and times may be whole milliseconds, as timestamps may in JSON.
function ofText(text: string, type: DataType, stored: (value: unknown) => Stored | undefined): Stored | undefined {
  const trimmed = text.trim()
  if (type.kind === 'uint64') return /^\+?\d{1,20}$/.test(trimmed) ? stored(BigInt(trimmed.replace('+', ''))) : undefined
  const isCount = /^-?\d{1,15}$/.test(trimmed) && (type.kind === 'date' || type.kind === 'time' || type.kind === 'duration')
  return stored(isCount ? Number(trimmed) : trimmed)
}
