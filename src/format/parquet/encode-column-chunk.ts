// One column of values in the row group being written, be it a flat one or a leaf of lists and structs: rows are taken as they come, and leave as packed pages
// (version 1), which begin and end at rows. A dictionary is tried first; where it grows too large or does not pay, the following pages have values.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes, type Layout, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { appendBitRange, packBits, packValues, plainBytes, writeFixed, writePlain } from '../../compute/parquet-encode.ts'
import { countSlots } from '../../compute/parquet-levels.ts'
import { cutEntries, type Entries, rowCut } from '../../compute/parquet-shred.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import { ChunkDictionary } from './chunk-dictionary.ts'
import type { EncodedChunk } from './encoded-chunk.ts'
import type { EncoderScratch } from './encoder-scratch.ts'
import { ValueEncoder, type ValueForm } from './encode-values.ts'
import { type PackedBody, PagePacker } from './pack-page.ts'
import { FlatLevels, NestedLevels } from './page-levels.ts'
import { ChunkBloom } from './write-bloom.ts'
import { ChunkPages } from './write-page-index.ts'
import type { LeafOptions } from './write-options.ts'
import type { WrittenLeaf } from './write-tree.ts'

/** Fewer values tell nothing of the others. */
const chosenValuesMin = 1_024

/** Encodes a column of values, row group after row group. Memory: up to 2.5 MiB and the entries of a row, and the row group's packed pages, until the next one's first rows. */
export class ColumnChunkWriter {
  readonly #device: Device
  readonly #leaf: WrittenLeaf
  readonly #options: LeafOptions
  readonly #layout: Layout
  readonly #stored: WrittenLeaf['stored']
  /** Has the pages of the chunk, or of the last one until another begins. */
  readonly packer: PagePacker
  readonly #shared: EncoderScratch
  readonly #values: Scratch
  readonly #encoder: ValueEncoder
  readonly #levels: FlatLevels | NestedLevels
  readonly #headroom: number
  readonly #index: ChunkPages
  readonly #bloom: ChunkBloom | undefined
  readonly #small: number
  readonly #arena: Arena
  readonly #wantDictionary: boolean
  readonly #mayDelta: boolean
  #dictionary: ChunkDictionary | undefined
  #mode: 'dictionary' | 'plain' = 'plain'
  /** Of pages without dictionary numbers; undefined until the first of a chunk tells. */
  #form: ValueForm | undefined
  #pageEntries = 0
  #pageRows = 0
  #pageValues = 0
  #pageValueBytes = 0
  #pages: PackedBody[] = []
  readonly #encodings = new Set<number>()
  #heldBytes = 0
  #entries = 0
  #nulls = 0
  #dictionaryPays = true
  #deltaPays = false
  /** Values of the chunk before. */
  #lastValues = 0

  constructor(device: Device, leaf: WrittenLeaf, options: LeafOptions, shared: EncoderScratch) {
    this.#device = device
    this.#leaf = leaf
    this.#options = options
    this.#stored = leaf.stored
    this.#layout = layoutOf(this.#stored.stored)
    this.packer = new PagePacker(device, options.codec, shared)
    this.#shared = shared
    this.#values = new Scratch(device)
    this.#encoder = new ValueEncoder(device, leaf.stored)
    const { pageRows, encoding, falsePositive } = options
    this.#bloom = falsePositive === undefined ? undefined : new ChunkBloom(device, leaf.stored, falsePositive)
    const isNested = leaf.path.length > 1
    this.#levels = isNested ? new NestedLevels(device, leaf) : new FlatLevels(device, leaf.nullable, pageRows)
    this.#index = new ChunkPages(device, leaf.stored)
    // Levels of a page, of up to eight bits each, their lengths and run headers fit in front of its values.
    this.#headroom = isNested ? 256 + 2 * pageRows : 64 + bitmapBytes(pageRows)
    // A dictionary page of byte arrays holds their lengths, one of fixed length would not.
    const mayDictionary = this.#layout !== 'bit' && this.#stored.width === undefined
    this.#wantDictionary = mayDictionary && (encoding === 'dictionary' || (encoding === 'auto' && options.dictionary))
    this.#mayDelta = encoding === 'auto' && options.dictionary && leaf.type.kind !== 'null' && (this.#stored.physical === 'INT32' || this.#stored.physical === 'INT64')
    this.#arena = device.arena()
    this.#small = this.#arena.allocate(64)
    this.#begin()
  }

  /** Takes rows [start, end) of a flat column of stored values (`parquet-convert.ts › toStored`), which may be freed after the call. */
  write(column: Column, start: number, end: number): void {
    const { pageRows } = this.#options
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
    const { pageRows } = this.#options
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

  /** Bytes of packed pages that are held. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Data pages so far. */
  get pageCount(): number {
    return this.#pages.length
  }

  /** Ends the row group's chunk, whose parts are valid until the next `write`: that begins another. */
  finish(): EncodedChunk {
    this.#flush()
    const dictionary = this.#encodings.has(8) ? this.#packDictionary() : undefined
    if (dictionary) this.#bloom?.add(this.#dictionary!.values, this.#dictionary!.known)
    const pages = dictionary ? [dictionary, ...this.#pages] : this.#pages
    const sum = (of: (page: PackedBody) => number) => pages.reduce((total, page) => total + of(page), 0)
    const chunk: EncodedChunk = {
      parts: pages.map(page => page.bytes),
      dictionaryBytes: dictionary?.bytes.byteLength ?? 0,
      bytes: sum(page => page.bytes.byteLength),
      unpackedBytes: sum(page => page.unpackedBytes),
      valueCount: this.#entries,
      nullCount: this.#nulls,
      ends: this.#index.ends,
      pages: this.#index.pages,
      columnIndex: this.#index.columnIndex(),
      bloom: this.#bloom?.finish(),
      encodings: [...(dictionary ? [0] : []), 3, ...this.#encodings].filter((number, i, all) => all.indexOf(number) === i).sort((a, b) => a - b),
    }
    this.#lastValues = this.#entries - this.#nulls
    this.#begin()
    return chunk
  }

  /** Gives all memory back. */
  close(): void {
    this.packer.clear()
    for (const owned of [this.#values, this.#encoder, this.#levels, this.#dictionary, this.#bloom]) owned?.close()
    this.#arena.release()
  }

  #begin(): void {
    const { encoding } = this.#options
    this.#pages = []
    this.#encodings.clear()
    this.#heldBytes = 0
    this.#entries = 0
    this.#nulls = 0
    this.#index.clear()
    this.#mode = this.#wantDictionary && (encoding === 'dictionary' || (this.#dictionaryPays && !this.#deltaPays)) ? 'dictionary' : 'plain'
    this.#form = encoding === 'delta' ? 'delta' : encoding === 'byte-stream-split' ? 'streams' : this.#mayDelta ? undefined : 'plain'
    this.#dictionary?.clear()
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
      const packed = this.#shared.packed.ensure(valueBytes(column.type, rows))
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
    this.#count(count, alive, countSlots(this.#device, entries, { repetition: 0, least: 0 }))
  }

  // Texts of more than a page.
  #isLong(values: number, count: number): boolean {
    return this.#layout === 'view' && this.#plainBytes(values, count) > this.#options.pageBytes
  }

  #appendValues(values: number, count: number): void {
    if (this.#mode === 'dictionary' && !(this.#dictionary ??= new ChunkDictionary(this.#device, this.#stored, this.#shared)).append(values, count, this.#pageValues)) this.#turnPlain()
    if (this.#mode === 'plain') this.#appendPlain(values, count)
    this.#pageValues += count
    if (count > 0 && this.#mode === 'plain') this.#take(values, count)
  }

  #appendBits(bits: number, bit: number, rows: number): void {
    this.#count(rows, (this.#levels as FlatLevels).append(this.#pageEntries, bits, bit, rows), rows)
  }

  #count(entries: number, present: number, rows: number): void {
    this.#pageEntries += entries
    this.#pageRows += rows
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

  // The rows of this page so far become a dictionary page; what follows has values until the chunk's end.
  #turnPlain(): void {
    this.#flush()
    this.#mode = 'plain'
  }

  #appendPlain(values: number, count: number): void {
    const bytes = this.#plainBytes(values, count)
    if (this.#layout === 'view' && this.#pageValueBytes > 0 && this.#pageValueBytes + bytes > this.#options.pageBytes) this.#flush()
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
    if (this.#pages.length === 0) this.packer.clear()
    this.#checkNulls()
    const isDictionary = this.#mode === 'dictionary' && this.#keepsCodes()
    if (isDictionary) this.#boundCodes()
    const encoding = isDictionary ? 8 : this.#encodeValues()
    const [start, bytes] = this.#writeLevels()
    const page = this.packer.data(start, bytes, this.#pageEntries, encoding)
    this.#pages.push(page)
    this.#encodings.add(encoding)
    this.#heldBytes += page.bytes.byteLength
    this.#index.add(page.bytes.byteLength, this.#pageRows, this.#pageEntries, this.#pageEntries - this.#pageValues)
    this.#levels.clear()
    this.#pageEntries = 0
    this.#pageRows = 0
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

  // Writes the page's dictionary numbers; false where no dictionary is worth it, and the page, the chunk's first, has got its values back.
  #keepsCodes(): boolean {
    const [dictionary, count] = [this.#dictionary!, this.#pageValues]
    const place = this.#values.ensure(this.#headroom + dictionary.codeBytesMax(count)) + this.#headroom
    this.#pageValueBytes = dictionary.writeCodes(count, place)
    if (this.#options.encoding === 'dictionary') return true
    const isWorth = dictionary.isWorth(this.#entries - this.#nulls, this.#lastValues)
    if (this.#pages.length > 0) {
      if (!isWorth) this.#mode = 'plain'
      return true
    }
    if (isWorth && !this.#isDeltaBetter(place)) return true
    if (!isWorth) this.#dictionaryPays = false
    this.#mode = 'plain'
    this.#pageValueBytes = 0
    const values = dictionary.expand(count)
    this.#writePlain(values, count, this.#plainBytes(values, count))
    this.#take(values, count)
    return false
  }

  // What indexes know of values that no dictionary has.
  #take(values: number, count: number): void {
    this.#index.bounds.widen(values, count, this.#small)
    this.#bloom?.add(values, count)
  }

  // The bounds of a page of dictionary numbers are those of the values that it uses.
  #boundCodes(): void {
    if (!this.#stored.hasBounds) return
    const { address, count } = this.#dictionary!.used(this.#pageValues)
    if (count > 0) this.#index.bounds.widen(address, count, this.#small)
  }

  // Whether differences pack to less than the dictionary numbers at `place`, with what they need of the dictionary.
  #isDeltaBetter(place: number): boolean {
    const count = this.#pageValues
    if (!this.#mayDelta || count < chosenValuesMin) return false
    const share = this.#dictionary!.share(count, this.#entries - this.#nulls, this.#lastValues)
    const values = this.#dictionary!.expand(count)
    if (this.#encoder.deltaBytes(values, count) > 0.6 * (this.#pageValueBytes + share)) return false
    const packed = this.packer.packedBytes(place, this.#pageValueBytes)
    const delta = this.#encoder.encode('delta', values, this.#plainBytes(values, count), count)
    if (this.packer.packedBytes(delta.address, delta.bytes) > 0.7 * (packed + share)) return false
    this.#form = 'delta'
    this.#deltaPays = true
    return true
  }

  // The page's PLAIN values in the form that the chunk has. Returns the number of the encoding.
  #encodeValues(): number {
    const [count, bytes] = [this.#pageValues, this.#pageValueBytes]
    this.#form ??= this.#isDeltaSmaller() ? 'delta' : 'plain'
    if (this.#form === 'plain') return 0
    const { address, bytes: encodedBytes, encoding } = this.#encoder.encode(this.#form, this.#values.grow(this.#headroom + bytes, this.#headroom + bytes) + this.#headroom, bytes, count)
    const place = this.#values.ensure(this.#headroom + encodedBytes) + this.#headroom
    this.#device.memory.write(place, this.#device.memory.bytes(address, encodedBytes))
    this.#pageValueBytes = encodedBytes
    return encoding
  }

  #isDeltaSmaller(): boolean {
    const [count, bytes] = [this.#pageValues, this.#pageValueBytes]
    this.#deltaPays = false
    if (count < chosenValuesMin) return false
    const place = this.#values.grow(this.#headroom + bytes, this.#headroom + bytes) + this.#headroom
    if (this.#encoder.deltaBytes(place, count) > 0.7 * bytes) return false
    const delta = this.#encoder.encode('delta', place, bytes, count)
    this.#deltaPays = this.packer.packedBytes(delta.address, delta.bytes) < 0.8 * this.packer.packedBytes(place, bytes)
    return this.#deltaPays
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

  #packDictionary(): PackedBody {
    const { address, bytes } = this.#dictionary!.plain()
    return this.packer.dictionary(address, bytes, this.#dictionary!.known)
  }
}
