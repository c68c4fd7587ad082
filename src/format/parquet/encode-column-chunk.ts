// One column of values in the row group being written, be it a flat one or a leaf of lists and structs: rows are taken as they come, and leave as packed pages
// (version 1), which begin and end at rows. A dictionary is tried first; where it grows too large or does not pay, the following pages are PLAIN.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes, type Layout, layoutOf, valueBytes } from '../../batch/data-type.ts'
import {
  appendBitRange,
  clearDictionary,
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
import { gatherDictionary } from '../../compute/parquet.ts'
import { cutEntries, type Entries, rowCut } from '../../compute/parquet-shred.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import { dictionaryPays } from './dictionary-worth.ts'
import { type PackedBody, PagePacker, type ParquetCodec } from './pack-page.ts'
import { FlatLevels, NestedLevels } from './page-levels.ts'
import type { WrittenLeaf } from './write-tree.ts'
import { WrittenBounds } from './written-bounds.ts'

const pageRows = 16_384
const pageBytes = 1024 * 1024
const dictionaryCountMax = 65_536
const tableSlots = 131_072
const heapBytes = 1024 * 1024
// Levels of a page, of up to eight bits each, their lengths and run headers fit in front of its values.
const headroomOf = { flat: 64 + pageRows / 8, nested: 256 + 2 * pageRows }

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

/** Encodes a column of values, row group after row group. Memory: up to 2.5 MiB and the entries of a row, and the row group's packed pages. */
export class ColumnChunkWriter {
  readonly #device: Device
  readonly #leaf: WrittenLeaf
  readonly #layout: Layout
  readonly #stored: WrittenLeaf['stored']
  readonly #packer: PagePacker
  readonly #packed: Scratch
  readonly #expanded: Scratch
  readonly #values: Scratch
  readonly #codes: Scratch
  readonly #levels: FlatLevels | NestedLevels
  readonly #headroom: number
  readonly #bounds: WrittenBounds
  readonly #small: number
  readonly #arena: Arena
  readonly #wantDictionary: boolean
  #dictionary: DictionaryPlace | undefined
  #known = 0
  #mode: 'dictionary' | 'plain' = 'plain'
  #pageEntries = 0
  #pageValues = 0
  #pageValueBytes = 0
  #pages: PackedBody[] = []
  #heldBytes = 0
  #dictionaryPages = 0
  #entries = 0
  #nulls = 0
  #dictionaryPays = true
  /** Values of the chunk before. */
  #lastValues = 0

  constructor(device: Device, leaf: WrittenLeaf, codec: ParquetCodec, dictionary: boolean) {
    this.#device = device
    this.#leaf = leaf
    this.#stored = leaf.stored
    this.#layout = layoutOf(this.#stored.stored)
    this.#packer = new PagePacker(device, codec)
    this.#packed = new Scratch(device)
    this.#expanded = new Scratch(device)
    this.#values = new Scratch(device)
    this.#codes = new Scratch(device)
    const isNested = leaf.path.length > 1
    this.#levels = isNested ? new NestedLevels(device, leaf) : new FlatLevels(device, leaf.nullable, pageRows)
    this.#bounds = new WrittenBounds(device, leaf.stored)
    this.#headroom = headroomOf[isNested ? 'nested' : 'flat']
    // A dictionary page of byte arrays holds their lengths, one of fixed length would not.
    this.#wantDictionary = dictionary && this.#layout !== 'bit' && this.#stored.width === undefined
    this.#arena = device.arena()
    this.#small = this.#arena.allocate(64)
    this.#begin()
  }

  /** Takes rows [start, end) of a flat column of stored values (`parquet-convert.ts › toStored`), which may be freed after the call. */
  write(column: Column, start: number, end: number): void {
    for (let row = start; row < end; ) {
      const take = Math.min(end - row, pageRows - this.#pageEntries)
      this.#append(column, row, take)
      row += take
      if (this.#pageEntries === pageRows) this.#flush()
    }
  }

  /**
   * Takes entries of a leaf inside lists and structs, from the beginning of a row to the end of one. Those alive are values: stored ones at the address `values`,
   * of which row `base` is the first. All may be freed after the call.
   */
  writeEntries(entries: Entries, values: number): void {
    for (let rest = entries; rest.count > 0; ) {
      const room = pageRows - this.#pageEntries
      const cut = rowCut(this.#device, rest.repetitions, rest.count, room)
      // A row begins its own page rather than be cut by the end of one.
      if (cut > room && this.#pageEntries > 0) {
        this.#flush()
        continue
      }
      const [first, others] = cutEntries(this.#device, rest, cut)
      this.#appendEntries(first, values)
      rest = others
      if (this.#pageEntries >= pageRows) this.#flush()
    }
  }

  /** Bytes of packed pages held in JavaScript memory. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Ends the row group's chunk; the next `write` begins another. */
  finish(): EncodedChunk {
    this.#flush()
    const dictionary = this.#dictionaryPages > 0 ? this.#packDictionary() : undefined
    if (dictionary && this.#known > 0) this.#bounds.widen(this.#dictionary!.values, this.#known, this.#small)
    const pages = dictionary ? [dictionary, ...this.#pages] : this.#pages
    const sum = (of: (page: PackedBody) => number) => pages.reduce((total, page) => total + of(page), 0)
    const chunk: EncodedChunk = {
      parts: pages.map(page => page.bytes),
      dictionaryBytes: dictionary?.bytes.byteLength ?? 0,
      bytes: sum(page => page.bytes.byteLength),
      unpackedBytes: sum(page => page.unpackedBytes),
      valueCount: this.#entries,
      nullCount: this.#nulls,
      ...this.#bounds.ends,
      encodings: [0, 3, ...(dictionary ? [8] : [])],
    }
    this.#lastValues = this.#entries - this.#nulls
    this.#begin()
    return chunk
  }

  /** Gives all memory back. */
  close(): void {
    this.#packer.close()
    this.#packed.close()
    this.#expanded.close()
    this.#values.close()
    this.#codes.close()
    this.#levels.close()
    this.#arena.release()
  }

  #begin(): void {
    this.#pages = []
    this.#heldBytes = 0
    this.#dictionaryPages = 0
    this.#entries = 0
    this.#nulls = 0
    this.#bounds.clear()
    this.#known = 0
    this.#mode = this.#wantDictionary && this.#dictionaryPays ? 'dictionary' : 'plain'
    if (this.#dictionary) clearDictionary(this.#device, this.#dictionary)
  }

  #append(column: Column, row: number, rows: number): void {
    const device = this.#device
    const bits = column.validity === 0 ? 0 : column.validity + (row >> 3)
    if (this.#layout === 'bit') {
      this.#appendBits(bits, row & 7, rows)
      return this.#appendBools(column.values + (row >> 3), row & 7, bits, rows)
    }
    let values = column.values + valueBytes(column.type, row)
    let count = rows
    if (bits !== 0) {
      const packed = this.#packed.ensure(valueBytes(column.type, rows))
      count = packValues(device, this.#layout, values, bits, row & 7, rows, packed)
      values = packed
    }
    if (rows > 1 && this.#isLong(values, count)) {
      const half = rows >> 1
      this.#append(column, row, half)
      return this.#append(column, row + half, rows - half)
    }
    this.#appendValues(values, count)
    this.#appendBits(bits, row & 7, rows)
  }

  #appendEntries(entries: Entries, address: number): void {
    const { count, base, alive } = entries
    if (this.#layout === 'bit') this.#appendBools(address + (base >> 3), base & 7, 0, alive)
    else {
      const values = address + valueBytes(this.#stored.stored, base)
      const half = count > 1 && this.#isLong(values, alive) ? rowCut(this.#device, entries.repetitions, count, count >> 1) : count
      if (half < count) return cutEntries(this.#device, entries, half).forEach(part => this.#appendEntries(part, address))
      this.#appendValues(values, alive)
    }
    ;(this.#levels as NestedLevels).append(this.#pageEntries, entries, count)
    this.#count(count, alive)
  }

  // Texts of more than a page.
  #isLong(values: number, count: number): boolean {
    return this.#layout === 'view' && this.#plainBytes(values, count) > pageBytes
  }

  #appendValues(values: number, count: number): void {
    if (this.#mode === 'dictionary' && !this.#appendCodes(values, count)) this.#turnPlain()
    if (this.#mode === 'plain') this.#appendPlain(values, count)
    this.#pageValues += count
    // A dictionary holds each of its values once: its bounds are taken at the end.
    if (count > 0 && this.#mode === 'plain') this.#bounds.widen(values, count, this.#small)
  }

  #appendBits(bits: number, bit: number, rows: number): void {
    this.#count(rows, (this.#levels as FlatLevels).append(this.#pageEntries, bits, bit, rows))
  }

  #count(entries: number, present: number): void {
    this.#pageEntries += entries
    this.#entries += entries
    this.#nulls += entries - present
  }

  #appendBools(values: number, bit: number, bits: number, rows: number): void {
    const device = this.#device
    const before = this.#headroom + bitmapBytes(this.#pageValues)
    const end = this.#headroom + bitmapBytes(this.#pageValues + rows)
    const start = this.#values.grow(end, before)
    device.memory.bytes(start + before, end - before + 8).fill(0)
    const place = start + this.#headroom
    if (bits === 0) appendBitRange(device, values, bit, rows, place, this.#pageValues)
    const count = bits === 0 ? rows : packBits(device, values, bit, bits, bit, rows, place, this.#pageValues)
    this.#pageValues += count
    this.#pageValueBytes = bitmapBytes(this.#pageValues)
  }

  // True where the codes were taken; false where the dictionary is full.
  #appendCodes(values: number, count: number): boolean {
    this.#dictionary ??= this.#makeDictionary()
    const before = 4 * this.#pageValues
    const codes = this.#codes.grow(before + 4 * count, before) + before
    const known = encodeDictionary(this.#device, this.#dictionary, values, count, this.#known, codes)
    if (known < 0) return false
    this.#known = known
    return true
  }

  #isDictionaryWorth(): boolean {
    const seen = this.#entries - this.#nulls
    if (seen < 1_024 || !this.#dictionary) return true
    const isView = this.#layout === 'view'
    const bytes = isView ? this.#device.memory.uint32s(this.#dictionary.heapUsed, 1)[0]! / this.#known : valueBytes(this.#stored.stored, 1)
    return dictionaryPays(this.#known, seen, bytes, isView ? Math.min(dictionaryCountMax, heapBytes / bytes) : dictionaryCountMax, this.#lastValues)
  }

  // A first page of which no dictionary is worth it becomes PLAIN again, and so does the rest of the file's column.
  #dropDictionary(): void {
    const device = this.#device
    const count = this.#pageValues
    const values = this.#expanded.ensure(valueBytes(this.#stored.stored, count))
    gatherDictionary(device, this.#layout, this.#codes.ensure(4 * count), count, this.#dictionary!.values, this.#known, values)
    this.#dictionaryPays = false
    this.#mode = 'plain'
    this.#writePlain(values, count, this.#plainBytes(values, count))
    this.#bounds.widen(values, count, this.#small)
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
    const used = this.#headroom + this.#pageValueBytes
    const place = this.#values.grow(used + bytes, used) + used
    if (this.#stored.width !== undefined) writeFixed(device, values, count, this.#stored.width, place)
    else if (this.#layout === 'view') writePlain(device, values, count, place)
    else device.memory.bytes(place, bytes).set(device.memory.bytes(values, bytes))
    this.#pageValueBytes += bytes
  }

  #flush(): void {
    if (this.#pageEntries === 0) return
    this.#checkNulls()
    const isWorth = this.#mode === 'plain' || this.#isDictionaryWorth()
    if (!isWorth && this.#pages.length === 0) this.#dropDictionary()
    const isDictionary = this.#mode === 'dictionary'
    if (isDictionary) this.#writeCodes()
    const [start, bytes] = this.#writeLevels()
    const page = this.#packer.data(start, bytes, this.#pageEntries, isDictionary ? 8 : 0)
    this.#pages.push(page)
    this.#heldBytes += page.bytes.byteLength
    if (isDictionary) this.#dictionaryPages++
    if (!isWorth) this.#mode = 'plain'
    this.#levels.clear()
    this.#pageEntries = 0
    this.#pageValues = 0
    this.#pageValueBytes = 0
  }

  // Inside lists and structs a value is missing where its parent is; nulls beyond that were looked for before.
  #checkNulls(): void {
    const { path, nullable } = this.#leaf
    const nulls = this.#pageEntries - this.#pageValues
    if (!nullable && path.length === 1 && nulls > 0)
      throw new DataError('NULL_VALUE', `write.parquet, column "${path[0]}": ${nulls} nulls in a column whose type allows none; declare it with ?`)
  }

  // In front of the values. Returns where the page's body begins, and its bytes.
  #writeLevels(): [number, number] {
    const { memory } = this.#device
    const [headroom, valueBytes] = [this.#headroom, this.#pageValueBytes]
    if (this.#levels instanceof FlatLevels) {
      const place = this.#values.grow(headroom + valueBytes, headroom + valueBytes) + headroom
      const levels = this.#levels.writeBefore(place, this.#pageEntries, this.#pageValues)
      return [place - levels, levels + valueBytes]
    }
    const levels = this.#levels.encode(this.#pageEntries)
    // Those of one long row may need more room.
    const room = Math.max(headroom, levels.bytes)
    const start = this.#values.grow(room + valueBytes, headroom + valueBytes)
    if (room > headroom) memory.bytes(start, room + valueBytes).copyWithin(room, headroom, headroom + valueBytes)
    memory.write(start + room - levels.bytes, memory.bytes(levels.address, levels.bytes))
    return [start + room - levels.bytes, levels.bytes + valueBytes]
  }

  #writeCodes(): void {
    const device = this.#device
    const width = this.#known <= 1 ? 0 : 32 - Math.clz32(this.#known - 1)
    const place = this.#values.ensure(this.#headroom + 1 + hybridBytesMax(device, this.#pageValues, width)) + this.#headroom
    device.memory.bytes(place, 1)[0] = width
    this.#pageValueBytes = 1 + encodeHybrid(device, this.#codes.ensure(4 * this.#pageValues), this.#pageValues, width, place + 1)
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

  #packDictionary(): PackedBody {
    const { values, heap, heapUsed } = this.#dictionary!
    const isView = this.#layout === 'view'
    // Values added by a slice that then went PLAIN lie behind the known ones.
    const bytes = this.#plainBytes(values, this.#known)
    return this.#packer.dictionary(isView ? heap : values, heapUsed === 0 ? bytes : Math.min(bytes, heapBytes), this.#known)
  }
}
