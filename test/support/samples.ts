// Seeded values of every type, with the values that break kernels: nulls, NaN, −0, extremes, empty and long strings.
import type { Batch, Column } from '../../src/batch/batch.ts'
import { buildColumn } from '../../src/batch/build-columns.ts'
import { type DataType, isNested, type Member, type TimeUnit } from '../../src/batch/data-type.ts'
import { formatDecimal } from '../../src/batch/decimal-text.ts'
import { float16Number } from '../../src/batch/float16.ts'
import { type Value, valueReader } from '../../src/batch/read-values.ts'
import { unitsPerSecond } from '../../src/batch/time-text.ts'
import { parseType } from '../../src/batch/type-name.ts'
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

const two63 = 2n ** 63n
const float32Max = (2 - 2 ** -23) * 2 ** 127

const extremes: Partial<Record<DataType['kind'], readonly Value[]>> = {
  bool: [true, false],
  int8: [0, -1, 127, -128],
  int16: [0, -1, 32_767, -32_768],
  int32: [0, -1, 1, -(2 ** 31), 2 ** 31 - 1],
  int64: [0n, -1n, 1n, 2n ** 53n + 1n, -two63, two63 - 1n],
  uint8: [0, 1, 128, 255],
  uint16: [0, 1, 32_768, 65_535],
  uint32: [0, 1, 2 ** 31, 2 ** 32 - 1],
  uint64: [0n, 1n, two63 - 1n, two63, 2n * two63 - 1n],
  float16: [0, -0, NaN, Infinity, -Infinity, 2 ** -24, 65_504, -1.5],
  float32: [0, -0, NaN, Infinity, -Infinity, 2 ** -149, float32Max, -1.5],
  float64: [0, -0, NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, -1.5],
  date: [0, -1, 1, 2 ** 31 - 1, -(2 ** 31) + 1].map(days => days * 86_400_000),
  timestamp: [0, -1, 1, 8_640_000_000_000_000, -8_640_000_000_000_000],
  utf8: ['', '\0', 'a', 'a\0', 'ÿ', 'twelve bytes', 'twelve byteszzzzzz', 'twelve bytes\0', '€'.repeat(30)],
  binary: [new Uint8Array(0), new Uint8Array([0]), new Uint8Array([255]), new Uint8Array(13), new Uint8Array(12)],
  interval: [
    { months: 0, days: 0, nanoseconds: 0n },
    { months: -1, days: 1, nanoseconds: -1n },
    { months: 2 ** 31 - 1, days: -(2 ** 31), nanoseconds: two63 - 1n },
    { months: -(2 ** 31), days: 2 ** 31 - 1, nanoseconds: -two63 },
  ],
}

/** One type of every kind, and of every unit, width and way of nesting that is laid out or checked by itself. */
export const sampleTypes: readonly DataType[] = [
  'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'decimal(9, 2)', 'decimal(18, 0)',
  'decimal(38, 10)', 'utf8', 'binary', 'binary(3)', 'binary(16)', 'date', 'time[s]', 'time[us]', 'timestamp[ms]', 'timestamp[ns, Europe/Berlin]', 'duration[ms]', 'duration[us]', 'interval', 'null',
  'list<int64?>', 'list<utf8>', 'list<bool?>', 'list<list<int8?>?>', 'list<float32, 3>', 'list<utf8?, 2>', 'struct<a: int16, b: utf8?>', 'struct<"a b": list<struct<x: int8, y: bool?>>, z: decimal(20, 3)?>', 'struct<>',
  'map<utf8, int64?>', 'map<int32, list<utf8?>?>',
].map(name => parseType(name, 'sample').type)

/** A type with nestings up to `depth`. */
export function randomType(random: Random, depth: number): DataType {
  const flat = sampleTypes.filter(type => !isNested(type))
  const kind = depth === 0 ? 9 : random.int(7)
  const item = (): Member => ({ type: randomType(random, depth - 1), nullable: random.int(2) === 0 })
  if (kind === 0) return { kind: 'list', item: item() }
  if (kind === 1) return { kind: 'fixedList', item: item(), size: 1 + random.int(3) }
  if (kind === 2) return { kind: 'struct', members: Array.from({ length: random.int(4) }, (_, i) => ({ name: `m${i}`, ...item() })) }
  if (kind === 3) return { kind: 'map', key: random.int(2) ? { kind: 'utf8' } : { kind: 'int64' }, value: item() }
  return flat[random.int(flat.length)]!
}

/** A value of `type`, never null but for the type that has nothing else. */
export function sampleValue(random: Random, type: DataType, shape: Shape): Value {
  if (shape === 'extreme' && extremes[type.kind] && !(type.kind === 'timestamp' && type.unit !== 'ms')) return extremes[type.kind]![random.int(extremes[type.kind]!.length)]!
  const few = shape === 'few'
  const whole = (bits: number) => (few ? random.int(7) : random.uint32() >>> (32 - bits))
  switch (type.kind) {
    case 'bool':
      return random.int(2) === 1
    case 'int8':
    case 'int16':
    case 'int32': {
      const bits = { int8: 8, int16: 16, int32: 32 }[type.kind]
      return few ? random.int(7) - 3 : (random.uint32() | 0) >> (32 - bits)
    }
    case 'uint8':
      return whole(8)
    case 'uint16':
      return whole(16)
    case 'uint32':
      return whole(32)
    case 'int64':
      return few ? BigInt(random.int(7) - 3) : BigInt.asIntN(64, word(random))
    case 'uint64':
      return few ? BigInt(random.int(7)) : word(random)
    case 'float16':
      return few ? [0, -0, 1.5, NaN, -2][random.int(5)]! : float16Number(random.int(0x7c00) | (random.int(2) << 15))
    case 'float32':
      return few ? [0, -0, 1.5, NaN, -2][random.int(5)]! : Math.fround((random.float() - 0.5) * 10 ** random.int(20))
    case 'float64':
      return few ? [0, -0, 1.5, NaN, -2][random.int(5)]! : (random.float() - 0.5) * 10 ** random.int(20)
    case 'decimal':
      return formatDecimal(decimalValue(random, type.precision, shape), type.scale)
    case 'date':
      return (few ? random.int(5) : random.int(80_000) - 30_000) * 86_400_000
    case 'time':
      return inUnit(type.unit, (few ? BigInt(random.int(5)) : word(random)) % (86_400n * unitsPerSecond[type.unit]))
    case 'timestamp':
    case 'duration':
      return inUnit(type.unit, BigInt(few ? random.int(5) : random.uint32()) - (type.kind === 'duration' ? 3n : 0n))
    case 'interval':
      return { months: few ? random.int(3) : random.uint32() | 0, days: few ? 0 : random.uint32() | 0, nanoseconds: few ? BigInt(random.int(2)) : BigInt.asIntN(64, word(random)) }
    case 'utf8':
      return text(random, shape)
    case 'binary':
      return new TextEncoder().encode(text(random, shape))
    case 'fixedBinary':
      return Uint8Array.from({ length: type.size }, () => (shape === 'extreme' ? 255 * random.int(2) : few ? random.int(2) : random.int(256)))
    case 'null':
      return null
    default:
      return nestedValue(random, type, shape)
  }
}

function word(random: Random): bigint {
  return (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())
}

function decimalValue(random: Random, precision: number, shape: Shape): bigint {
  const limit = 10n ** BigInt(precision)
  const size = shape === 'few' ? BigInt(random.int(7)) : shape === 'extreme' ? [0n, 1n, limit - 1n][random.int(3)]! : ((word(random) << 64n) | word(random)) % limit
  return random.int(2) ? -size : size
}

function inUnit(unit: TimeUnit, count: bigint): Value {
  return unit === 'us' || unit === 'ns' ? count : Number(count) * (unit === 's' ? 1000 : 1)
}

function nestedValue(random: Random, type: DataType, shape: Shape): Value {
  const inner = shape === 'full' ? 'nulls' : shape
  const member = (m: Member): Value => (m.nullable && inner === 'nulls' && random.int(4) === 0 ? null : sampleValue(random, m.type, inner))
  const count = shape === 'few' ? random.int(3) : random.int(8) === 0 ? random.int(20) : random.int(4)
  switch (type.kind) {
    case 'list':
      return Array.from({ length: count }, () => member(type.item))
    case 'fixedList':
      return Array.from({ length: type.size }, () => member(type.item))
    case 'struct':
      return Object.fromEntries(type.members.map(m => [m.name, member(m)]))
    case 'map':
      return new Map(Array.from({ length: count }, () => [sampleValue(random, type.key, inner), member(type.value)]))
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

/** A text that two values share exactly where they are one key: NaN is one, −0 is 0, a Map is its pairs. */
export function keyText(value: Value): string {
  if (typeof value === 'number') return `n${value + 0}`
  if (typeof value === 'bigint') return `b${value}`
  if (value instanceof Uint8Array) return `x${[...value]}`
  if (value instanceof Map) return `m[${[...value].map(([k, v]) => `${keyText(k)}>${keyText(v)}`)}]`
  if (Array.isArray(value)) return `l[${value.map(keyText).join()}]`
  if (typeof value === 'object' && value !== null) return `s{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${keyText(v as Value)}`)}}`
  return JSON.stringify(value)
}
