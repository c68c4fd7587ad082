// One column of the row group being written: rows are taken as they come, and leave as packed pages (version 1). A dictionary is tried first;
// where it grows too large or does not pay, the following pages are PLAIN.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes, type Layout, layoutOf, valueBytes } from '../../batch/data-type.ts'
import type { Field } from '../../batch/schema.ts'
import {
  appendBitRange,
  boundsOf,
  type DictionaryPlace,
  encodeDictionary,
  encodeHybrid,
  hybridBytesMax,
  packBits,
  packValues,
  plainBytes,
  writeFixed,
  writePlain,
} from '../../compute/parquet-encode.ts'
import { gatherDictionary, setBits } from '../../compute/parquet.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import { type StoredAs, storedAs } from './column-type.ts'
import { type PackedBody, PagePacker, type ParquetCodec } from './pack-page.ts'

const pageRows = 16_384
const pageBytes = 1024 * 1024
const dictionaryCountMax = 65_536
const tableSlots = 131_072
const heapBytes = 1024 * 1024
const boundBytesMax = 64
// Levels of a page, their length and a run header fit in front of its values.
const headroom = 64 + pageRows / 8

/** A written chunk: its bytes in order, and what the footer says of it. */
export interface EncodedChunk {
  readonly parts: readonly Uint8Array[]
  /** Bytes of the dictionary page, 0 without one. */
  readonly dictionaryBytes: number
  readonly bytes: number
  readonly unpackedBytes: number
  readonly valueCount: number
  readonly nullCount: number
  readonly least?: Uint8Array
  readonly most?: Uint8Array
  /** Numbers of the encodings used. */
  readonly encodings: readonly number[]
}

/** Encodes a column, row group after row group. Memory: up to 2.5 MiB, and the row group's packed pages. */
export class ColumnChunkWriter {
  readonly #device: Device
  readonly #field: Field
  readonly #layout: Layout
  readonly #stored: StoredAs
  readonly #packer: PagePacker
  readonly #packed: Scratch
  readonly #expanded: Scratch
  readonly #values: Scratch
  readonly #levels: number
  readonly #small: number
  readonly #arena: Arena
  readonly #codes: number
  readonly #wantDictionary: boolean
  #dictionary: DictionaryPlace | undefined
  #known = 0
  #mode: 'dictionary' | 'plain' = 'plain'
  #pageRows = 0
  #pageValues = 0
  #pageValueBytes = 0
  #pages: PackedBody[] = []
  #dictionaryPages = 0
  #rows = 0
  #nulls = 0
  #least: Uint8Array | undefined
  #most: Uint8Array | undefined
  #boundsLost = false
  #dictionaryPays = true

  constructor(device: Device, field: Field, codec: ParquetCodec, dictionary: boolean) {
    this.#device = device
    this.#field = field
    this.#stored = storedAs(field.type)!
    this.#layout = layoutOf(this.#stored.stored)
    this.#packer = new PagePacker(device, codec)
    this.#packed = new Scratch(device)
    this.#expanded = new Scratch(device)
    this.#values = new Scratch(device)
    // A dictionary page of byte arrays holds their lengths, one of fixed length would not.
    this.#wantDictionary = dictionary && this.#layout !== 'bit' && this.#stored.width === undefined
    this.#arena = device.arena()
    this.#levels = this.#arena.allocateZeroed(pageRows / 8)
    this.#small = this.#arena.allocate(64)
    this.#codes = this.#wantDictionary ? this.#arena.allocate(4 * pageRows) : 0
    this.#begin()
  }

  /** Takes rows [start, end) of a column of stored values (`parquet-convert.ts › toStored`), which may be freed after the call. */
  write(column: Column, start: number, end: number): void {
    for (let row = start; row < end; ) {
      const take = Math.min(end - row, pageRows - this.#pageRows)
      this.#append(column, row, take)
      row += take
      if (this.#pageRows === pageRows) this.#flush()
    }
  }

  /** Bytes of packed pages held in JavaScript memory. */
  get heldBytes(): number {
    return this.#pages.reduce((sum, page) => sum + page.bytes.byteLength, 0)
  }

  /** Ends the row group's chunk; the next `write` begins another. */
  finish(): EncodedChunk {
    this.#flush()
    const dictionary = this.#dictionaryPages > 0 ? this.#packDictionary() : undefined
    if (dictionary && this.#known > 0) this.#widenBounds(this.#dictionary!.values, this.#known)
    const pages = dictionary ? [dictionary, ...this.#pages] : this.#pages
    const sum = (of: (page: PackedBody) => number) => pages.reduce((total, page) => total + of(page), 0)
    const chunk: EncodedChunk = {
      parts: pages.map(page => page.bytes),
      dictionaryBytes: dictionary?.bytes.byteLength ?? 0,
      bytes: sum(page => page.bytes.byteLength),
      unpackedBytes: sum(page => page.unpackedBytes),
      valueCount: this.#rows,
      nullCount: this.#nulls,
      ...(this.#boundsLost ? {} : { least: this.#least, most: this.#most }),
      encodings: [0, 3, ...(dictionary ? [8] : [])],
    }
    this.#begin()
    return chunk
  }

  /** Gives all memory back. */
  close(): void {
    this.#packer.close()
    this.#packed.close()
    this.#expanded.close()
    this.#values.close()
    this.#arena.release()
  }

  #begin(): void {
    this.#pages = []
    this.#dictionaryPages = 0
    this.#rows = 0
    this.#nulls = 0
    this.#least = undefined
    this.#most = undefined
    this.#boundsLost = !this.#stored.hasBounds
    this.#known = 0
    this.#mode = this.#wantDictionary && this.#dictionaryPays ? 'dictionary' : 'plain'
    if (this.#dictionary) this.#clearDictionary(this.#dictionary)
  }

  #append(column: Column, row: number, rows: number): void {
    const device = this.#device
    const bits = column.validity === 0 ? 0 : column.validity + (row >> 3)
    if (this.#layout === 'bit') {
      this.#appendLevels(bits, row & 7, rows)
      return this.#appendBools(column.values + (row >> 3), bits, row & 7, rows)
    }
    let values = column.values + valueBytes(column.type, row)
    let count = rows
    if (bits !== 0) {
      const packed = this.#packed.ensure(valueBytes(column.type, rows))
      count = packValues(device, this.#layout, values, bits, row & 7, rows, packed)
      values = packed
    }
    if (this.#layout === 'view' && rows > 64 && this.#plainBytes(values, count) > pageBytes) {
      const half = rows >> 1
      this.#append(column, row, half)
      return this.#append(column, row + half, rows - half)
    }
    if (this.#mode === 'dictionary' && !this.#appendCodes(values, count)) this.#turnPlain()
    if (this.#mode === 'plain') this.#appendPlain(values, count)
    this.#appendLevels(bits, row & 7, rows)
    this.#pageValues += count
    // A dictionary holds each of its values once: its bounds are taken at the end.
    if (count > 0 && this.#mode === 'plain') this.#widenBounds(values, count)
  }

  #appendLevels(bits: number, bit: number, rows: number): void {
    let present = rows
    if (bits === 0) setBits(this.#device, this.#levels, this.#pageRows, rows)
    else present = appendBitRange(this.#device, bits, bit, rows, this.#levels, this.#pageRows)
    this.#pageRows += rows
    this.#rows += rows
    this.#nulls += rows - present
  }

  #appendBools(values: number, bits: number, bit: number, rows: number): void {
    const device = this.#device
    const fresh = this.#pageValues === 0
    const place = this.#values.ensure(headroom + pageRows / 8) + headroom
    if (fresh) device.memory.bytes(place, pageRows / 8 + 64).fill(0)
    if (bits === 0) appendBitRange(device, values, bit, rows, place, this.#pageValues)
    const count = bits === 0 ? rows : packBits(device, values, bit, bits, bit, rows, place, this.#pageValues)
    this.#pageValues += count
    this.#pageValueBytes = bitmapBytes(this.#pageValues)
  }

  // True where the codes were taken; false where the dictionary is full.
  #appendCodes(values: number, count: number): boolean {
    this.#dictionary ??= this.#makeDictionary()
    const known = encodeDictionary(this.#device, this.#dictionary, values, count, this.#known, this.#codes + 4 * this.#pageValues)
    if (known < 0) return false
    this.#known = known
    return true
  }

  // A first page that holds most of its values once each becomes PLAIN again, and so does the rest of the file's column.
  #dropDictionary(): void {
    const device = this.#device
    const count = this.#pageValues
    const values = this.#expanded.ensure(valueBytes(this.#stored.stored, count))
    gatherDictionary(device, this.#layout, this.#codes, count, this.#dictionary!.values, this.#known, values)
    this.#dictionaryPays = false
    this.#mode = 'plain'
    this.#writePlain(values, count, this.#plainBytes(values, count))
    this.#widenBounds(values, count)
  }

  // The rows of this page so far become a dictionary page; what follows is PLAIN until the chunk's end.
  #turnPlain(): void {
    this.#flush()
    this.#mode = 'plain'
  }

  #appendPlain(values: number, count: number): void {
    const bytes = this.#plainBytes(values, count)
    if (this.#layout === 'view' && this.#pageValueBytes > 0 && this.#pageValueBytes + bytes > pageBytes) this.#flush()
    this.#writePlain(values, count, bytes)
  }

  #plainBytes(values: number, count: number): number {
    if (this.#stored.width !== undefined) return count * this.#stored.width
    return this.#layout === 'view' ? plainBytes(this.#device, values, count) : valueBytes(this.#stored.stored, count)
  }

  #writePlain(values: number, count: number, bytes: number): void {
    const device = this.#device
    const used = headroom + this.#pageValueBytes
    const place = this.#values.grow(used + bytes, used) + used
    if (this.#stored.width !== undefined) writeFixed(device, values, count, this.#stored.width, place)
    else if (this.#layout === 'view') writePlain(device, values, count, place)
    else device.memory.bytes(place, bytes).set(device.memory.bytes(values, bytes))
    this.#pageValueBytes += bytes
  }

  #flush(): void {
    if (this.#pageRows === 0) return
    const device = this.#device
    if (!this.#field.nullable && this.#pageValues !== this.#pageRows) {
      throw new DataError(
        'NULL_VALUE',
        `write.parquet, column "${this.#field.name}": ${this.#pageRows - this.#pageValues} nulls in a column whose type allows none; declare it with ?`,
      )
    }
    if (this.#mode === 'dictionary' && this.#pages.length === 0 && this.#pageValues >= 1_024 && this.#known > 0.6 * this.#pageValues) this.#dropDictionary()
    const isDictionary = this.#mode === 'dictionary'
    if (isDictionary) this.#writeCodes()
    const place = this.#values.grow(headroom + this.#pageValueBytes, headroom + this.#pageValueBytes) + headroom
    const start = place - (this.#field.nullable ? this.#writeLevels(place) : 0)
    this.#pages.push(this.#packer.data(start, place + this.#pageValueBytes - start, this.#pageRows, isDictionary ? 8 : 0))
    if (isDictionary) this.#dictionaryPages++
    device.memory.bytes(this.#levels, pageRows / 8 + 64).fill(0)
    this.#pageRows = 0
    this.#pageValues = 0
    this.#pageValueBytes = 0
  }

  #writeCodes(): void {
    const device = this.#device
    const width = this.#known <= 1 ? 0 : 32 - Math.clz32(this.#known - 1)
    const place = this.#values.ensure(headroom + 1 + hybridBytesMax(device, this.#pageValues, width)) + headroom
    device.memory.bytes(place, 1)[0] = width
    this.#pageValueBytes = 1 + encodeHybrid(device, this.#codes, this.#pageValues, width, place + 1)
  }

  // [bytes u32][one run], right in front of the values: all valid, all null, or a bit each. Returns its size.
  #writeLevels(end: number): number {
    const { memory } = this.#device
    const same = this.#pageValues === this.#pageRows ? 1 : this.#pageValues === 0 ? 0 : undefined
    const groups = bitmapBytes(this.#pageRows)
    const header: number[] = []
    for (let rest = same === undefined ? groups * 2 + 1 : this.#pageRows * 2; ; rest >>>= 7) {
      header.push(rest >= 128 ? (rest & 127) | 128 : rest)
      if (rest < 128) break
    }
    const bytes = header.length + (same === undefined ? groups : 1)
    const out = memory.bytes(end - 4 - bytes, 4 + bytes)
    out.set([bytes & 255, (bytes >> 8) & 255, (bytes >> 16) & 255, bytes >>> 24, ...header])
    if (same !== undefined) out[4 + bytes - 1] = same
    else out.set(memory.bytes(this.#levels, groups), 4 + header.length)
    return 4 + bytes
  }

  #widenBounds(values: number, count: number): void {
    if (this.#boundsLost) return
    const isFloat = this.#stored.stored.kind === 'float64'
    const bounds = boundsOf(this.#device, this.#layout, isFloat, values, count, this.#small)
    if (!bounds || (this.#layout === 'view' && Math.max(bounds.least.byteLength, bounds.most.byteLength) > boundBytesMax)) {
      this.#boundsLost = true
      return
    }
    const order = this.#layout === 'view' ? compareBytes : isFloat ? compareFloats : compareInts
    if (!this.#least || order(bounds.least, this.#least) < 0) this.#least = bounds.least
    if (!this.#most || order(bounds.most, this.#most) > 0) this.#most = bounds.most
  }

  #makeDictionary(): DictionaryPlace {
    const isView = this.#layout === 'view'
    return {
      layout: this.#layout,
      table: this.#arena.allocateZeroed(4 * tableSlots),
      tableSlots,
      values: this.#arena.allocate(valueBytes(this.#stored.stored, dictionaryCountMax)),
      countMax: dictionaryCountMax,
      heap: isView ? this.#arena.allocate(heapBytes) : 0,
      heapUsed: isView ? this.#arena.allocateZeroed(4) : 0,
      heapBytes,
    }
  }

  #clearDictionary(dictionary: DictionaryPlace): void {
    const { memory } = this.#device
    memory.bytes(dictionary.table, 4 * tableSlots).fill(0)
    if (dictionary.heapUsed !== 0) memory.bytes(dictionary.heapUsed, 4).fill(0)
  }

  #packDictionary(): PackedBody {
    const { values, heap, heapUsed } = this.#dictionary!
    const isView = this.#layout === 'view'
    // Values added by a slice that then went PLAIN lie behind the known ones.
    const bytes = this.#plainBytes(values, this.#known)
    return this.#packer.dictionary(isView ? heap : values, heapUsed === 0 ? bytes : Math.min(bytes, heapBytes), this.#known)
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.byteLength, b.byteLength)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.byteLength - b.byteLength
}

function compareFloats(a: Uint8Array, b: Uint8Array): number {
  return new DataView(a.buffer, a.byteOffset).getFloat64(0, true) - new DataView(b.buffer, b.byteOffset).getFloat64(0, true)
}

// Little-endian two's complement of equal width.
function compareInts(a: Uint8Array, b: Uint8Array): number {
  const top = a.byteLength - 1
  if (a[top] !== b[top]) return ((a[top]! << 24) >> 24) - ((b[top]! << 24) >> 24)
  for (let i = top - 1; i >= 0; i--) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
