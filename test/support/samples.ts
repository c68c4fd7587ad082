// Seeded values of every type, with the values that break kernels: nulls, NaN, −0, extremes, empty and long strings.
import type { Batch, Column } from '../../src/batch/batch.ts'
import { buildColumn } from '../../src/batch/build-columns.ts'
import type { DataType } from '../../src/batch/data-type.ts'
import { type Value, valueReader } from '../../src/batch/read-values.ts'
import type { Random } from '../../src/base/random.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'

/** How a sampled column looks: no null at all, a third null, only nulls; few distinct values; the extremes of its type. */
export type Shape = 'full' | 'nulls' | 'allNull' | 'few' | 'extreme'

export const shapes: readonly Shape[] = ['full', 'nulls', 'allNull', 'few', 'extreme']
export const lengths: readonly number[] = [0, 1, 15, 16, 17, 63, 64, 65, 1000]

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789 äß€😀'
const chars = [...letters]

function text(random: Random, shape: Shape): string {
  if (shape === 'few') return ['', 'a', 'id042', 'twelve bytes', 'thirteen bytes', 'thirteen bytez', 'a long string of which there are two', 'a long string of which there are too'][random.int(8)]!
  const length = random.int(8) === 0 ? random.int(70) : random.int(16)
  return Array.from({ length }, () => chars[random.int(chars.length)]!).join('')
}

const extremes: Partial<Record<DataType['kind'], readonly Value[]>> = {
  bool: [true, false],
  int32: [0, -1, 1, -(2 ** 31), 2 ** 31 - 1],
  int64: [0n, -1n, 1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n],
  float64: [0, -0, NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, -1.5],
  timestamp: [0, -1, 1, 8_640_000_000_000_000, -8_640_000_000_000_000],
  utf8: ['', '\0', 'a', 'a\0', 'ÿ', 'twelve bytes', 'twelve byteszzzzzz', 'twelve bytes\0', '€'.repeat(30)],
  binary: [new Uint8Array(0), new Uint8Array([0]), new Uint8Array([255]), new Uint8Array(13), new Uint8Array(12)],
}

/** A value of `type`, never null. */
export function sampleValue(random: Random, type: DataType, shape: Shape): Value {
  if (shape === 'extreme') return extremes[type.kind]![random.int(extremes[type.kind]!.length)]!
  const few = shape === 'few'
  switch (type.kind) {
    case 'bool':
      return random.int(2) === 1
    case 'int32':
      return few ? random.int(7) - 3 : random.uint32() | 0
    case 'int64':
      return few ? BigInt(random.int(7) - 3) : BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()))
    case 'float64':
      return few ? [0, -0, 1.5, NaN, -2][random.int(5)]! : (random.float() - 0.5) * 10 ** random.int(20)
    case 'timestamp':
      return type.unit === 'us' || type.unit === 'ns' ? BigInt(few ? random.int(5) : random.uint32()) : (few ? random.int(5) : random.uint32()) * (type.unit === 's' ? 1000 : 1)
    case 'utf8':
      return text(random, shape)
    case 'binary':
      return new TextEncoder().encode(text(random, shape))
    default:
      throw new Error(`no samples of ${type.kind}`)
  }
}

/** `length` values of `type`; nulls as `shape` says (full, few and extreme columns have none). */
export function sampleValues(random: Random, type: DataType, length: number, shape: Shape): Value[] {
  return Array.from({ length }, () => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : sampleValue(random, type, shape)))
}

/** The values as a column in `arena`. */
export function columnOf(device: Device, arena: Arena, type: DataType, values: readonly Value[]): Column {
  return buildColumn(device, arena, { name: 'x', type, nullable: true }, values, 'sample')
}

/** A column's values as JavaScript has them, nulls included. */
export function valuesOf(device: Device, column: Column): Value[] {
  const read = valueReader(device.memory, column)
  return Array.from({ length: column.length }, (_, row) => read(row))
}

/** A batch's rows as arrays in field order. */
export function rowsOf(device: Device, batch: Batch): Value[][] {
  const readers = batch.columns.map(c => valueReader(device.memory, c))
  return Array.from({ length: batch.rowCount }, (_, row) => readers.map(read => read(row)))
}

/** The `u32` numbers at an address. */
export function uint32sAt(device: Device, address: number, count: number): number[] {
  return [...device.memory.uint32s(address, count)]
}

/** The bits at an address, as booleans; address 0 is all ones. */
export function bitsAt(device: Device, address: number, rows: number): boolean[] {
  return Array.from({ length: rows }, (_, row) => address === 0 || ((device.memory.bytes(address, row / 8 + 1)[row >>> 3]! >>> (row & 7)) & 1) === 1)
}

/** A bitmap in `arena`. */
export function bitmapOf(device: Device, arena: Arena, bits: readonly boolean[]): number {
  const address = arena.allocateZeroed(Math.ceil(bits.length / 8))
  const bytes = device.memory.bytes(address, Math.ceil(bits.length / 8))
  bits.forEach((bit, row) => {
    if (bit) bytes[row >>> 3]! |= 1 << (row & 7)
  })
  return address
}
