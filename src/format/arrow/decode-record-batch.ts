// Arrow record batches into the engine's columns: buffers are checked, copied into an arena and widened; dictionaries are looked up.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { noColumn } from '../../batch/schema.ts'
import { narrowIndices, viewsOfArrowViews, viewsOfNullableFixed, viewsOfOffsets, widenIntegers, zeroNulls } from '../../compute/arrow-columns.ts'
import { findNegative, gatherDictionary, widenFloats, widenUnsigned } from '../../compute/parquet.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { unpackBytes } from '../decompress.ts'
import { type ArrowBlock, type ArrowFile, headerOf, readMessage } from './read-arrow.ts'
import type { FlatTable } from './read-flat.ts'
import type { ArrowColumn } from './read-schema.ts'

/** What decoding may use. `bufferBytesMax`: an unpacked buffer at most; 512 MiB by default. */
export interface ArrowDecode {
  readonly device: Device
  readonly reader: ByteReader
  readonly file: ArrowFile
  readonly where: string
  readonly bufferBytesMax?: number
}

/** The columns of a file by name, in this order; undefined = all. Throws PlanError NO_COLUMN, DataError UNREADABLE_COLUMN. */
export function selectArrowColumns(file: ArrowFile, names: readonly string[] | undefined, where: string): number[] {
  const chosen = names ? names.map(name => positionOf(file, name, where)) : file.columns.map((_, i) => i)
  const bad = chosen.map(i => file.columns[i]!).find(c => c.unreadable !== undefined)
  if (bad) {
    const readable = file.columns.filter(c => c.unreadable === undefined).map(c => c.field.name)
    throw new DataError(
      'UNREADABLE_COLUMN',
      `${where}, column "${bad.field.name}": it is ${bad.unreadable}, which Millrace can't read; select other columns: ${readable.join(', ') || 'there are none'}`,
    )
  }
  return chosen
}

function positionOf(file: ArrowFile, name: string, where: string): number {
  const fields = file.columns.map(c => c.field)
  const index = fields.findIndex(f => f.name === name)
  if (index < 0) throw noColumn(name, fields, where)
  return index
}

/** Rows of a record batch, without decoding it. Throws DataError. */
export function arrowRowCount(decode: ArrowDecode, index: number): number {
  const block = decode.file.batches[index]!
  return new BatchReader(decode, block, `${decode.where}, record batch ${index}`).rowCount
}

/**
 * Decodes the chosen columns of record batch `index` into `arena`. Strings are views into buffers in the same arena.
 * Throws DataError ARROW_MESSAGE, ARROW_BUFFER, ARROW_OFFSETS, ARROW_DICTIONARY, ARROW_CODEC, UINT64_RANGE.
 */
export function decodeRecordBatch(decode: ArrowDecode, arena: Arena, index: number, columns: readonly number[]): { rowCount: number; columns: Column[] } {
  const { file } = decode
  const block = file.batches[index]!
  const batch = new BatchReader(decode, block, `${decode.where}, record batch ${index}`)
  const dictionaries = new Map<number, Column>()
  const decoded = columns.map(i => {
    const column = file.columns[i]!
    if (!column.dictionary) return batch.column(arena, column, batch.entryOf(file.columns, i))
    const { id } = column.dictionary
    if (!dictionaries.has(id)) dictionaries.set(id, readDictionary(decode, arena, column, block))
    return batch.lookUp(arena, column, batch.entryOf(file.columns, i), dictionaries.get(id)!)
  })
  return { rowCount: batch.rowCount, columns: decoded }
}

const bufferBytesMaxDefault = 512 * 1024 * 1024

interface Entry {
  node: number
  buffer: number
  variadic: number
}

/** One record batch's metadata, and its buffers on demand. */
class BatchReader {
  readonly rowCount: number
  readonly #decode: ArrowDecode
  readonly #where: string
  readonly #block: ArrowBlock
  readonly #nodes: number[]
  readonly #buffers: number[]
  readonly #variadic: number[]
  readonly #codec: number

  constructor(decode: ArrowDecode, block: ArrowBlock, where: string, header?: FlatTable) {
    this.#decode = decode
    this.#where = where
    this.#block = block
    const table = header ?? headerOf(this.#message(), where)
    this.rowCount = table.i64(0)
    this.#nodes = table.longs(1, 2)
    this.#buffers = table.longs(2, 2)
    this.#variadic = table.longs(4, 1)
    const compression = table.table(3)
    this.#codec = compression ? compression.u8(0) : -1
    if (this.rowCount < 0 || this.rowCount > 0x7fffffff) throw this.#fail('ARROW_MESSAGE', `it is said to have ${this.rowCount} rows`)
  }

  #message(): FlatTable {
    return readMessage(this.#decode.reader, this.#block, this.#where)
  }

  #fail(code: string, what: string, remedy = 'the file is cut or corrupt'): DataError {
    return new DataError(code, `${this.#where}, byte ${this.#block.bodyStart}: ${what}; ${remedy}`)
  }

  /** Where column `index` begins among nodes and buffers. */
  entryOf(columns: readonly ArrowColumn[], index: number): Entry {
    const entry = { node: 0, buffer: 0, variadic: 0 }
    for (let i = 0; i < index; i++) {
      const column = columns[i]!
      let extra = 0
      for (let v = 0; v < column.variadic; v++) extra += this.#variadic[entry.variadic + v] ?? 0
      entry.node += column.nodes
      entry.buffer += column.buffers + extra
      entry.variadic += column.variadic
    }
    return entry
  }

  /** A column that is no dictionary's indices. */
  column(arena: Arena, column: ArrowColumn, entry: Entry): Column {
    const { device } = this.#decode
    const { type, name } = column.field
    const rows = this.rowCount
    const validity = this.#validity(arena, entry, name)
    const { layout } = column
    if (layout.kind === 'bool') return { type, length: rows, values: this.#buffer(arena, entry.buffer + 1, bitmapBytes(rows), name).address, validity }
    if (layout.kind === 'word') return { type, length: rows, values: this.#buffer(arena, entry.buffer + 1, rows * layout.width, name).address, validity }
    const values = rows === 0 ? arena.allocate(0) : this.#convert(arena, column, entry, validity)
    if (layout.kind === 'uint64') this.#checkUnsigned(values, rows, validity, name)
    if (layoutOf(type) === 'view' && validity !== 0) zeroNulls(device, 'view', values, rows, validity)
    return { type, length: rows, values, validity }
  }

  #convert(arena: Arena, column: ArrowColumn, entry: Entry, validity: number): number {
    const { device } = this.#decode
    const rows = this.rowCount
    const { layout } = column
    const { name } = column.field
    if (layout.kind === 'offsets') {
      const offsets = this.#buffer(arena, entry.buffer + 1, (rows + 1) * layout.width, name)
      const data = this.#buffer(arena, entry.buffer + 2, 0, name)
      const out = this.#allocateValues(arena, column)
      if (!viewsOfOffsets(device, layout.large, offsets.address, rows, validity, data.address, data.bytes, out)) {
        throw this.#fail('ARROW_OFFSETS', `the offsets of column "${name}" fall or point beyond its ${data.bytes} bytes`)
      }
      return out
    }
    const source = this.#buffer(arena, entry.buffer + 1, rows * layout.width, name)
    const out = this.#allocateValues(arena, column)
    if (layout.kind === 'views') {
      const count = this.#variadic[entry.variadic] ?? 0
      if (count < 0 || count > this.#buffers.length / 2) throw this.#fail('ARROW_MESSAGE', `column "${name}" is said to have ${count} buffers of bytes`)
      const buffers = Array.from({ length: count }, (_, i) => this.#buffer(arena, entry.buffer + 2 + i, 0, name))
      if (!viewsOfArrowViews(device, arena, source.address, rows, validity, buffers, out))
        throw this.#fail('ARROW_OFFSETS', `a view of column "${name}" points beyond its buffers`)
    } else if (layout.kind === 'narrow') widenIntegers(device, source.address, rows, (8 * layout.width) as 8 | 16, layout.signed, out)
    else if (layout.kind === 'float32') widenFloats(device, source.address, rows, out)
    else if (layout.kind === 'uint32') widenUnsigned(device, source.address, rows, out)
    else if (layout.kind === 'fixed') viewsOfNullableFixed(device, source.address, rows, layout.width, validity, out)
    else device.memory.bytes(out, rows * layout.width).set(device.memory.bytes(source.address, rows * layout.width))
    return out
  }

  // Values may take more room than what they are made of: the limit of a buffer holds for them too.
  #allocateValues(arena: Arena, column: ArrowColumn): number {
    const bytes = valueBytes(column.field.type, this.rowCount)
    const max = this.#decode.bufferBytesMax ?? bufferBytesMaxDefault
    if (bytes > max)
      throw this.#fail(
        'ARROW_BUFFER',
        `the ${this.rowCount} values of column "${column.field.name}" take ${bytes} bytes, the limit is ${max}`,
        'write smaller record batches',
      )
    return layoutOf(column.field.type) === 'bit' ? arena.allocateZeroed(bytes) : arena.allocate(bytes)
  }

  // Only values that are there count: anything may stand behind a null.
  #checkUnsigned(values: number, rows: number, validity: number, name: string): void {
    const { device } = this.#decode
    for (let start = 0; start < rows; start++) {
      const found = findNegative(device, values + 8 * start, rows - start)
      if (found < 0) return
      start += found
      if (validity === 0 || (device.memory.bytes(validity + (start >> 3), 1)[0]! >> (start & 7)) & 1) {
        throw this.#fail(
          'UINT64_RANGE',
          `column "${name}", row ${start}: an unsigned 64-bit value is beyond 2^63 − 1, which int64 can't hold`,
          'select the other columns',
        )
      }
    }
  }

  /** A column of dictionary indices, looked up. */
  lookUp(arena: Arena, column: ArrowColumn, entry: Entry, dictionary: Column): Column {
    const { device } = this.#decode
    const rows = this.rowCount
    const { type, name } = column.field
    const { bytes, signed } = column.dictionary!
    const source = this.#buffer(arena, entry.buffer + 1, rows * bytes, name)
    let validity = this.#validity(arena, entry, name)
    let indices = source.address
    if (bytes !== 4) indices = arena.allocate(4 * rows)
    if (bytes === 8) narrowIndices(device, source.address, rows, indices)
    else if (bytes !== 4) widenIntegers(device, source.address, rows, (8 * bytes) as 8 | 16, signed, indices)
    if (validity !== 0) zeroNulls(device, 'word4', indices, rows, validity)
    const layout = layoutOf(type)
    const values = this.#allocateValues(arena, column)
    if (dictionary.length === 0) this.#lookUpNothing(validity, values, column)
    else if (layout === 'bit') this.#lookUpBits(indices, dictionary, values, name)
    else if (!gatherDictionary(device, layout, indices, rows, dictionary.values, dictionary.length, values)) {
      throw this.#fail('ARROW_DICTIONARY', `an index of column "${name}" is not below its dictionary's ${dictionary.length} values`)
    }
    if (dictionary.validity !== 0 && dictionary.length > 0) validity = this.#nullsOfDictionary(arena, indices, validity, dictionary)
    if (layout === 'view' && validity !== 0) zeroNulls(device, 'view', values, rows, validity)
    return { type, length: rows, values, validity }
  }

  #lookUpNothing(validity: number, values: number, column: ArrowColumn): void {
    const rows = this.rowCount
    const { memory } = this.#decode.device
    const some = validity === 0 ? rows > 0 : memory.bytes(validity, bitmapBytes(rows)).some(byte => byte !== 0)
    if (some) throw this.#fail('ARROW_DICTIONARY', `column "${column.field.name}" has values, its dictionary none`)
    memory.bytes(values, valueBytes(column.field.type, rows)).fill(0)
  }

  #lookUpBits(indices: number, dictionary: Column, out: number, name: string): void {
    const { memory } = this.#decode.device
    const codes = memory.uint32s(indices, this.rowCount)
    const bits = memory.bytes(dictionary.values, bitmapBytes(dictionary.length))
    const target = memory.bytes(out, bitmapBytes(this.rowCount))
    codes.forEach((code, row) => {
      if (code >= dictionary.length)
        throw this.#fail('ARROW_DICTIONARY', `an index of column "${name}" is not below its dictionary's ${dictionary.length} values`)
      if ((bits[code >> 3]! >> (code & 7)) & 1) target[row >> 3]! |= 1 << (row & 7)
    })
  }

  // A dictionary may hold a null itself: rows that point at it are null too.
  #nullsOfDictionary(arena: Arena, indices: number, validity: number, dictionary: Column): number {
    const { memory } = this.#decode.device
    const out = arena.allocateZeroed(bitmapBytes(this.rowCount))
    const codes = memory.uint32s(indices, this.rowCount)
    const known = memory.bytes(dictionary.validity, bitmapBytes(dictionary.length))
    const rows = validity === 0 ? undefined : memory.bytes(validity, bitmapBytes(this.rowCount))
    const target = memory.bytes(out, bitmapBytes(this.rowCount))
    codes.forEach((code, row) => {
      const present = ((known[code >> 3]! >> (code & 7)) & 1) !== 0 && (!rows || ((rows[row >> 3]! >> (row & 7)) & 1) !== 0)
      if (present) target[row >> 3]! |= 1 << (row & 7)
    })
    return out
  }

  #validity(arena: Arena, entry: Entry, name: string): number {
    const rows = this.#nodes[2 * entry.node]
    const nulls = this.#nodes[2 * entry.node + 1]
    if (rows !== this.rowCount || nulls === undefined) throw this.#fail('ARROW_MESSAGE', `column "${name}" has ${rows} rows, its batch ${this.rowCount}`)
    if (nulls === 0 || rows === 0) return 0
    const { address } = this.#buffer(arena, entry.buffer, bitmapBytes(rows), name)
    // Bits behind the last row may be anything in a file, and are zero in the engine.
    if (rows % 8 !== 0) this.#decode.device.memory.bytes(address + (rows >> 3), 1)[0]! &= (1 << (rows & 7)) - 1
    return address
  }

  #buffer(arena: Arena, index: number, least: number, name: string): { address: number; bytes: number } {
    const { reader, device } = this.#decode
    const offset = this.#buffers[2 * index]
    const bytes = this.#buffers[2 * index + 1]
    const { bodyStart, bodyBytes } = this.#block
    if (offset === undefined || bytes === undefined || offset < 0 || bytes < 0 || offset + bytes > bodyBytes) {
      throw this.#fail('ARROW_BUFFER', `buffer ${index} of column "${name}" is said to be ${bytes} bytes from ${offset} on, the body has ${bodyBytes}`)
    }
    if (this.#codec >= 0 && bytes > 0) return this.#unpack(arena, index, bodyStart + offset, bytes, least, name)
    if (bytes < least) throw this.#fail('ARROW_BUFFER', `buffer ${index} of column "${name}" has ${bytes} bytes, its ${this.rowCount} rows need ${least}`)
    const address = arena.allocate(bytes)
    device.memory.write(address, reader.read(bodyStart + offset, bodyStart + offset + bytes))
    return { address, bytes }
  }

  // A packed buffer: [unpacked bytes i64, −1 for none][bytes].
  #unpack(arena: Arena, index: number, start: number, bytes: number, least: number, name: string): { address: number; bytes: number } {
    const { reader, device } = this.#decode
    const max = this.#decode.bufferBytesMax ?? bufferBytesMaxDefault
    if (bytes < 8) throw this.#fail('ARROW_BUFFER', `buffer ${index} of column "${name}" is packed in ${bytes} bytes, less than its length takes`)
    const stored = reader.read(start, start + bytes)
    const view = new DataView(stored.buffer, stored.byteOffset, 8)
    const promised = view.getInt32(4, true) * 2 ** 32 + view.getUint32(0, true)
    const size = promised === -1 ? bytes - 8 : promised
    if (size < least || size > max)
      throw this.#fail('ARROW_BUFFER', `buffer ${index} of column "${name}" unpacks to ${size} bytes; at least ${least} are needed, at most ${max} allowed`)
    if (this.#codec > 1)
      throw this.#fail('ARROW_CODEC', `buffers are packed with codec ${this.#codec}; lz4 (0) and zstd (1) can be read`, 'write the file with one of these')
    const unpacked = promised === -1 ? stored.subarray(8) : unpackBytes(this.#codec === 0 ? 'lz4_frame' : 'zstd', stored.subarray(8), size)
    if (typeof unpacked === 'string') throw this.#fail('ARROW_BUFFER', `buffer ${index} of column "${name}": ${unpacked}`)
    const address = arena.allocate(size)
    device.memory.write(address, unpacked)
    return { address, bytes: size }
  }
}

// The dictionary of a column as of `before`: the last whole one in front of it, and the deltas that follow. In a file all stand in front.
function readDictionary(decode: ArrowDecode, arena: Arena, column: ArrowColumn, before: ArrowBlock): Column {
  const { file, reader, where } = decode
  const plain: ArrowColumn = { ...column, nodes: 1 }
  const parts: Column[] = []
  for (const block of file.dictionaries) {
    if (block.metadataStart > before.metadataStart && parts.length > 0) break
    const place = `${where}, dictionary ${column.dictionary!.id}`
    const header = headerOf(readMessage(reader, block, place), place)
    if (header.i64(0) !== column.dictionary!.id) continue
    if (!header.bool(2)) parts.length = 0
    const data = header.table(1)
    if (!data) throw new DataError('ARROW_DICTIONARY', `${place}: the dictionary has no data; the file is corrupt`)
    parts.push(new BatchReader(decode, block, place, data).column(arena, plain, { node: 0, buffer: 0, variadic: 0 }))
  }
  if (parts.length === 0) return { type: column.field.type, length: 0, values: 0, validity: 0 }
  return parts.length === 1 ? parts[0]! : joinParts(decode.device, arena, parts)
}

function joinParts(device: Device, arena: Arena, parts: readonly Column[]): Column {
  const { memory } = device
  const { type } = parts[0]!
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (layoutOf(type) === 'bit')
    throw new DataError('ARROW_DICTIONARY', "arrow: a dictionary of booleans comes in several parts, which Millrace can't read; write it as one")
  const values = arena.allocate(valueBytes(type, length))
  const validity = parts.some(part => part.validity !== 0) ? arena.allocateZeroed(bitmapBytes(length)) : 0
  let at = 0
  for (const part of parts) {
    memory.write(values + valueBytes(type, at), memory.bytes(part.values, valueBytes(type, part.length)))
    if (validity !== 0) {
      const source = part.validity === 0 ? undefined : memory.bytes(part.validity, bitmapBytes(part.length))
      const bits = memory.bytes(validity, bitmapBytes(length))
      for (let i = 0; i < part.length; i++) if (!source || (source[i >> 3]! >> (i & 7)) & 1) bits[(at + i) >> 3]! |= 1 << ((at + i) & 7)
    }
    at += part.length
  }
  return { type, length, values, validity }
}
