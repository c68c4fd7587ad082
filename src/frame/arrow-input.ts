// Columns of apache-arrow tables into the engine's memory, buffer by buffer. Layouts that few tables have go by way of JavaScript values.
import type * as Arrow from 'apache-arrow'
import { DataError } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { bitmapBytes, type DataType, isNested, layoutOf } from '../batch/data-type.ts'
import { indicesWithin, isDistinct, viewsOfOffsets, zeroNulls } from '../compute/arrow-columns.ts'
import { andBits } from '../compute/bitmap.ts'
import { concatColumns } from '../compute/concat.ts'
import { gatherColumn } from '../compute/gather.ts'
import { appendBitRange } from '../compute/parquet-encode.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { ColumnSource } from '../source/values-batch.ts'
import { typeOfArrow } from './arrow-types.ts'
import { valuesOfData } from './arrow-values.ts'

interface Place {
  readonly device: Device
  readonly arena: Arena
}

/** The columns of a table by name, to be copied a batch at a time. Texts of dictionaries have codes where a batch lies within one chunk. */
export function sourcesOfArrow(table: Arrow.Table): Record<string, ColumnSource> {
  return Object.fromEntries(table.schema.fields.map((field, i) => [field.name, sourceOf(field, table.getChildAt(i)!)]))
}

function sourceOf(field: Arrow.Field, vector: Arrow.Vector): ColumnSource {
  const type = typeOfArrow(field.name, field.type)
  return {
    length: vector.length,
    column(device, arena, start, end) {
      const parts: Column[] = []
      let at = 0
      for (const data of vector.data) {
        const [from, to] = [Math.max(start - at, 0), Math.min(end - at, data.length)]
        if (from < to) parts.push(columnOf({ device, arena }, data.slice(from, to - from), type))
        at += data.length
      }
      const column = parts.length === 1 ? parts[0]! : concatColumns(device, arena, type, parts)
      if (!field.nullable && column.validity !== 0 && type.kind !== 'null')
        throw new DataError('NULL_VALUE', `from, column "${field.name}": rows ${start} to ${end} hold nulls, but the table's field allows none; make the field nullable`)
      return column
    },
  }
}

// Of a slice, whose buffers begin at its first row but for bits, which have an offset.
function columnOf(place: Place, data: Arrow.Data, type: DataType): Column {
  const { length } = data
  if (data.type.typeId === -1) return columnOfDictionary(place, data, type)
  if (type.kind !== 'null' && !isNested(type) && !isDirect(data, type)) return ofValues(place, data, type)
  const validity = data.nullCount === 0 || !data.nullBitmap ? 0 : bitsOf(place, data.nullBitmap, data.offset, length)
  if (type.kind === 'null') return { type, length, values: 0, validity: place.arena.allocateZeroed(bitmapBytes(length)) }
  if (isNested(type)) return columnOfNested(place, data, type, validity)
  if (type.kind === 'bool') return { type, length, values: bitsOf(place, data.values as Uint8Array, data.offset, length), validity }
  if (layoutOf(type) === 'view') return { type, length, values: viewsOf(place, data, validity), validity }
  return { type, length, values: copied(place, data.values as Uint8Array), validity }
}

// Whether the values lie as they do in the engine, or as texts by offsets.
function isDirect({ type, valueOffsets }: Arrow.Data, to: DataType): boolean {
  if (layoutOf(to) === 'view') return valueOffsets !== undefined && valueOffsets.length > 0
  if (to.kind === 'time') return (type as Arrow.Time).bitWidth === 64
  if (to.kind === 'interval') return (type as Arrow.Interval).unit === 2
  return to.kind !== 'decimal' || (type as Arrow.Decimal).bitWidth === 128
}

function ofValues({ device, arena }: Place, data: Arrow.Data, type: DataType): Column {
  return buildColumn(device, arena, { name: 'arrow', type, nullable: true }, valuesOfData(data), 'from')
}

function copied({ device, arena }: Place, values: ArrayBufferView): number {
  const address = arena.allocate(values.byteLength)
  device.memory.write(address, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  return address
}

function bitsOf({ device, arena }: Place, bits: Uint8Array, offset: number, length: number): number {
  const bytes = bits.subarray(offset >> 3, (offset + length + 7) >> 3)
  const source = copied({ device, arena }, bytes)
  const out = arena.allocateZeroed(bitmapBytes(length))
  appendBitRange(device, source, offset & 7, length, out, 0)
  return out
}

// Offsets from 0 on, and where the first pointed.
function offsetsOf(place: Place, { valueOffsets, length }: Arrow.Data): { address: number; start: number; end: number } {
  const offsets = valueOffsets as unknown as ArrayLike<number | bigint>
  const [start, end] = length === 0 ? [0, 0] : [Number(offsets[0]!), Number(offsets[length]!)]
  const own = Int32Array.from({ length: length + 1 }, (_, i) => (length === 0 ? 0 : Number(offsets[i]!) - start))
  return { address: copied(place, own), start, end }
}

function viewsOf(place: Place, data: Arrow.Data, validity: number): number {
  const { address, start, end } = offsetsOf(place, data)
  const bytes = (data.values as Uint8Array).subarray(start, end)
  const out = place.arena.allocate(16 * data.length)
  if (data.length > 0 && !viewsOfOffsets(place.device, false, address, data.length, validity, copied(place, bytes), bytes.byteLength, out))
    throw new DataError('ARROW_OFFSETS', 'from: the offsets of a text column of the table fall or point beyond its bytes; the table is corrupt')
  return out
}

function columnOfNested(place: Place, data: Arrow.Data, type: DataType, validity: number): Column {
  const { length, children } = data
  const base = { type, length, values: 0, validity }
  if (type.kind === 'struct') return { ...base, children: type.members.map((member, i) => columnOf(place, children[i]!, member.type)) }
  if (type.kind === 'fixedList') return { ...base, children: [columnOf(place, children[0]!, type.item.type)] }
  const { address, start, end } = offsetsOf(place, data)
  const items = children[0]!.slice(start, end - start)
  return { ...base, values: address, children: [type.kind === 'map' ? entries(place, items, type) : columnOf(place, items, (type as DataType & { kind: 'list' }).item.type)] }
}

function entries(place: Place, data: Arrow.Data, { key, value }: DataType & { kind: 'map' }): Column {
  const type: DataType = { kind: 'struct', members: [{ name: 'key', type: key, nullable: false }, { name: 'value', ...value }] }
  return { type, length: data.length, values: 0, validity: 0, children: [columnOf(place, data.children[0]!, key), columnOf(place, data.children[1]!, value.type)] }
}

// A dictionary that is much longer than the slice is passed over: its few values are cheaper.
function columnOfDictionary(place: Place, data: Arrow.Data, type: DataType): Column {
  const { device, arena } = place
  const vector = data.dictionary as Arrow.Vector
  if (vector.data.length !== 1 || vector.length > 4 * data.length) return ofValues(place, data, type)
  const dictionary = columnOf(place, vector.data[0]!, type)
  const values = copied(place, codesOf(data))
  if (!indicesWithin(device, values, data.length, vector.length)) return ofValues(place, data, type)
  const out = gatherColumn(device, arena, dictionary, values, data.length)
  const own = data.nullCount === 0 || !data.nullBitmap ? 0 : bitsOf(place, data.nullBitmap, data.offset, data.length)
  const validity = andBits(device, arena, own, out.validity, data.length)
  const isView = layoutOf(type) === 'view'
  if (isView && validity !== 0) zeroNulls(device, 'view', out.values, data.length, validity)
  const isCode = isView && dictionary.validity === 0 && isDistinct(device, dictionary)
  return { ...out, validity, ...(isCode && { codes: { values, dictionary } }) }
}

// Positions in the dictionary; 0 for nulls. Negative ones become large, and are found out.
function codesOf(data: Arrow.Data): Uint32Array {
  const { values, length } = data
  const codes = values instanceof BigInt64Array || values instanceof BigUint64Array ? Uint32Array.from(values.subarray(0, length), v => (v >= 0n && v < 0xffff_ffffn ? Number(v) : 0xffff_ffff)) : new Uint32Array((values as Int32Array).subarray(0, length))
  if (data.nullCount > 0) for (let row = 0; row < length; row++) if (!data.getValid(row)) codes[row] = 0
  return codes
}
