// A batch as bytes: the format of state runs, in checkpoints and spills. Little-endian; every section begins at a multiple of 8.
//
// [magic 'MRUN' u32][version u32][CRC-32C of all that follows u32][rows u32][schema bytes u32][columns u32]
// then the schema (JSON: [[name, type], …], a count's with a third entry, 'count'), then a column after the other:
// [has validity u32][heap bytes u32][validity][values][heap] and, since version 2, the columns inside of it, the items of lists as [rows u32][0 u32][column].
// A view of more than 12 bytes holds its offset in the heap; offsets of lists begin at 0. Version 1 had no such columns, and is read.
import { crc32c } from '../base/crc32c.ts'
import { AssertionError, DataError } from '../base/errors.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, type DataType, isNested, layoutOf, rowCount64, valueBytes } from '../batch/data-type.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import type { Field } from '../batch/schema.ts'
import { rebased } from '../compute/concat.ts'
import { compactViews } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

const magic = 0x4e55524d
const version = 2
const headerBytes = 24
const columnHeaderBytes = 8
const inlineBytesMax = 12

/** Copies a batch into bytes that need no arena. Strings and items are compacted: what no row refers to is left behind. Cost: one pass, about 1 GB/s. */
export function encodeRun(device: Device, batch: Batch): Uint8Array {
  const scratch = device.arena()
  try {
    return encode(device, batch, batch.columns.map(column => packed(device, scratch, rebased(device, scratch, column))))
  } finally {
    scratch.release()
  }
}

/** A column whose lists begin at 0 and end where their items do, and the bytes behind whose views lie together: `heap` of them at `heapAddress`. */
interface Packed {
  readonly column: Column
  readonly heap: number
  readonly heapAddress: number
  readonly children: readonly Packed[]
}

function packed(device: Device, scratch: Arena, column: Column): Packed {
  const children = (column.children ?? []).map(child => packed(device, scratch, child))
  if (layoutOf(column.type) !== 'view') return { column, heap: 0, heapAddress: 0, children }
  const { views, bytes, byteCount } = compactViews(device, scratch, column.values, column.length)
  return { column: { ...column, values: views }, heap: byteCount, heapAddress: bytes, children }
}

function sizeOf({ column, heap, children }: Packed): number {
  const own = columnHeaderBytes + pad8(hasBits(column) ? bitmapBytes(column.length) : 0) + pad8(valueBytes(column.type, column.length)) + pad8(heap)
  const inside = layoutOf(column.type) === 'list' ? columnHeaderBytes : 0
  return children.reduce((sum, child) => sum + inside + sizeOf(child), own)
}

// Nulls of the type that has nothing else take a bitmap all the same, so that no run has more rows than bits.
function hasBits({ type, validity }: Column): boolean {
  return validity !== 0 || type.kind === 'null'
}

function encode(device: Device, batch: Batch, columns: readonly Packed[]): Uint8Array {
  const schema = encoder.encode(JSON.stringify(batch.fields.map(f => [f.name, typeName(f.type, f.nullable), ...(isCount(f.type) ? ['count'] : [])])))
  const total = columns.reduce((sum, column) => sum + sizeOf(column), headerBytes + pad8(schema.length))
  if (total > 0xffff_ffff) throw new AssertionError('RUN_TOO_LARGE', `state: a run of ${total} bytes; runs end at 4 GiB; this is a fault in Millrace`)
  const bytes = new Uint8Array(total)
  const header = new DataView(bytes.buffer)
  header.setUint32(0, magic, true)
  header.setUint32(4, version, true)
  header.setUint32(12, batch.rowCount, true)
  header.setUint32(16, schema.length, true)
  header.setUint32(20, batch.columns.length, true)
  bytes.set(schema, headerBytes)
  let at = headerBytes + pad8(schema.length)
  for (const column of columns) at = encodePacked(device, column, bytes, at)
  header.setUint32(8, crc32c(bytes.subarray(12)), true)
  return bytes
}

/** The batch that `encodeRun` was given, in `arena`. Throws DataError STATE_CORRUPT for bytes that are cut, changed or of another version. */
export function decodeRun(device: Device, arena: Arena, bytes: Uint8Array): Batch {
  if (bytes.length < headerBytes) throw corrupt(`${bytes.length} bytes are too few for a header`)
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (header.getUint32(0, true) !== magic) throw corrupt('it does not begin with MRUN')
  const written = header.getUint32(4, true)
  if (written !== 1 && written !== version) throw corrupt(`it is of version ${written}, this Millrace reads ${version} and 1`)
  const promised = header.getUint32(8, true)
  const found = crc32c(bytes.subarray(12))
  if (promised !== found) throw corrupt(`its checksum is ${found}, the header promises ${promised}`)
  const rowCount = header.getUint32(12, true)
  const schemaBytes = header.getUint32(16, true)
  const reader: Reader = { device, arena, bytes, header, at: headerBytes }
  const fields = parseFields(take(reader, schemaBytes, 'the schema'))
  if (fields.length !== header.getUint32(20, true)) throw corrupt(`${fields.length} fields for ${header.getUint32(20, true)} columns`)
  if (rowCount > 0x7fff_ffff) throw corrupt(`${rowCount} rows`)
  const columns = fields.map(field => decodeColumn(reader, field, rowCount))
  if (reader.at !== bytes.length) throw corrupt(`${bytes.length - reader.at} bytes follow the last column`)
  return { fields, rowCount, columns, arena: arena.address }
}

interface Reader {
  readonly device: Device
  readonly arena: Arena
  readonly bytes: Uint8Array
  readonly header: DataView
  at: number
}

const encoder = new TextEncoder()

function isCount(type: DataType): boolean {
  return type.kind === 'int64' && type.asNumber === true
}

function pad8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

function encodePacked(device: Device, { column, heap, heapAddress, children }: Packed, bytes: Uint8Array, start: number): number {
  const header = new DataView(bytes.buffer)
  header.setUint32(start, hasBits(column) ? 1 : 0, true)
  header.setUint32(start + 4, heap, true)
  const end = encodeColumn(device, column, bytes, start + columnHeaderBytes)
  bytes.set(device.memory.bytes(heapAddress, heap), end)
  if (heap > 0) moveViews(new Uint32Array(bytes.buffer, end - pad8(valueBytes(column.type, column.length)), 4 * column.length), heapAddress)
  let at = end + pad8(heap)
  for (const child of children) {
    if (layoutOf(column.type) === 'list') {
      header.setUint32(at, child.column.length, true)
      at += columnHeaderBytes
    }
    at = encodePacked(device, child, bytes, at)
  }
  return at
}

function encodeColumn(device: Device, column: Column, bytes: Uint8Array, start: number): number {
  const { memory } = device
  let at = start
  if (hasBits(column)) {
    const count = bitmapBytes(column.length)
    if (column.type.kind !== 'null') bytes.set(memory.bytes(column.validity, count), at)
    trimBits(bytes, at, column.length)
    at += pad8(count)
  }
  const count = valueBytes(column.type, column.length)
  bytes.set(memory.bytes(column.values, count), at)
  if (layoutOf(column.type) === 'bit') trimBits(bytes, at, column.length)
  if (column.validity && layoutOf(column.type) !== 'list') zeroNulls(bytes, start, at, column)
  return at + pad8(count)
}

// Views hold offsets in the heap.
function moveViews(views: Uint32Array, heapAddress: number): void {
  for (let i = 0; i < views.length; i += 4) if (views[i]! > inlineBytesMax) views[i + 3]! -= heapAddress
}

function trimBits(bytes: Uint8Array, at: number, rows: number): void {
  if (rows & 7) bytes[at + (rows >>> 3)]! &= (1 << (rows & 7)) - 1
}

// What lies behind a null is any bytes; equal rows shall give equal runs.
function zeroNulls(bytes: Uint8Array, validity: number, values: number, column: Column): void {
  const isBit = layoutOf(column.type) === 'bit'
  const width = isBit ? 0 : valueBytes(column.type, 1)
  for (let row = 0; row < column.length; row++) {
    if ((bytes[validity + (row >>> 3)]! >>> (row & 7)) & 1) continue
    if (isBit) bytes[values + (row >>> 3)]! &= ~(1 << (row & 7))
    else bytes.fill(0, values + row * width, values + (row + 1) * width)
  }
}

function take(reader: Reader, count: number, what: string): Uint8Array {
  const end = reader.at + pad8(count)
  if (end > reader.bytes.length) throw corrupt(`${what} ends at byte ${end} of ${reader.bytes.length}`)
  const taken = reader.bytes.subarray(reader.at, reader.at + count)
  reader.at = end
  return taken
}

function parseFields(json: Uint8Array): Field[] {
  let list: unknown
  try {
    list = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch {
    throw corrupt('its schema is no JSON')
  }
  if (!Array.isArray(list)) throw corrupt('its schema is no list')
  return list.map((entry: unknown) => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'string') throw corrupt('its schema has an entry that is no [name, type]')
    const parsed = parseType(entry[1], 'state')
    return { name: entry[0], ...parsed, ...(entry[2] === 'count' && parsed.type.kind === 'int64' && { type: rowCount64 }) }
  })
}

function decodeColumn(reader: Reader, field: Field, rowCount: number): Column {
  const { device, arena, header } = reader
  const start = reader.at
  const { type } = field
  const place = `column "${field.name}"`
  take(reader, columnHeaderBytes, place)
  const hasValidity = header.getUint32(start, true)
  const heapLength = header.getUint32(start + 4, true)
  if (hasValidity > 1 || (type.kind === 'null' && hasValidity === 0)) throw corrupt(`${place} has the validity flag ${hasValidity}`)
  const bits = hasValidity ? take(reader, bitmapBytes(rowCount), place) : undefined
  const valuesStart = reader.at
  const source = take(reader, valueBytes(type, rowCount), place)
  const heap = take(reader, heapLength, place)
  const layout = layoutOf(type)
  if (layout !== 'view' && heapLength > 0) throw corrupt(`${place} has a heap without views`)
  const validity = bits ? arena.allocate(bits.length) : 0
  const values = source.length > 0 ? arena.allocate(source.length) : layout === 'none' || layout === 'children' ? 0 : arena.allocate(0)
  const heapAddress = heapLength > 0 ? arena.allocate(heapLength) : 0
  if (bits) device.memory.write(validity, type.kind === 'null' ? new Uint8Array(bits.length) : bits)
  device.memory.write(values, source)
  if (heapLength > 0) device.memory.write(heapAddress, heap)
  if (layout === 'view') placeViews(reader, field, valuesStart, rowCount, heapLength, heapAddress, values)
  const children = isNested(type) ? { children: decodeChildren(reader, field, rowCount, values) } : {}
  return { type, length: rowCount, values, validity, ...children }
}

function decodeChildren(reader: Reader, field: Field, rowCount: number, values: number): Column[] {
  const { type } = field
  const inside = (i: number, member: { name: string; type: DataType; nullable: boolean }, rows: number) => decodeColumn(reader, { ...member, name: `${field.name}.${member.name || i}` }, rows)
  if (layoutOf(type) !== 'list') {
    const rows = type.kind === 'fixedList' ? type.size * rowCount : rowCount
    if (rows > 0x7fff_ffff) throw corrupt(`column "${field.name}" has ${rows} items`)
    return childrenOf(type).map((member, i) => inside(i, member, rows))
  }
  const at = reader.at
  take(reader, columnHeaderBytes, `column "${field.name}"`)
  const rows = reader.header.getUint32(at, true)
  const offsets = reader.device.memory.int32s(values, rowCount + 1)
  let before = 0
  for (const offset of offsets) {
    if (offset < before) throw corrupt(`column "${field.name}" has a list that begins at item ${before} and ends at ${offset}`)
    before = offset
  }
  if (offsets[0] !== 0 || before !== rows) throw corrupt(`column "${field.name}" has ${rows} items, its lists end at ${before}`)
  return [inside(0, childrenOf(type)[0]!, rows)]
}

function placeViews(reader: Reader, field: Field, start: number, rowCount: number, heapLength: number, heap: number, values: number): void {
  const views = reader.device.memory.uint32s(values, rowCount * 4)
  const { bytes } = reader
  for (let i = 0; i < views.length; i += 4) {
    const length = views[i]!
    if (length <= inlineBytesMax) {
      for (let rest = length; rest < inlineBytesMax; rest++) {
        if (bytes[start + 4 * i + 4 + rest] !== 0) throw corrupt(`column "${field.name}", row ${i / 4}: a short value is not padded with zeros`)
      }
      continue
    }
    const offset = views[i + 3]!
    if (views[i + 2] !== 0 || offset + length > heapLength) {
      throw corrupt(`column "${field.name}", row ${i / 4}: bytes ${offset} to ${offset + length} of a heap of ${heapLength}`)
    }
    views[i + 3] = heap + offset
  }
}

function corrupt(what: string): DataError {
  return new DataError('STATE_CORRUPT', `state: a run can't be read: ${what}; the checkpoint is damaged or of another version; restore an earlier one`)
}
