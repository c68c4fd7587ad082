// One flat column of one row group, page by page, into Arrow columns of as many rows as are asked for. Memory is bounded by a page and
// the rows asked for; strings are views into unpacked pages, which the batch's arena then keeps alive.
import type { DataError } from '../../base/errors.ts'
import { allocateColumn, type Column } from '../../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { typeName } from '../../batch/type-name.ts'
import {
  cursorBytes,
  decodeBits,
  decodeIndices,
  gatherDictionary,
  openBits,
  openHybrid,
  openPosition,
  positionBytes,
  setBits,
  spreadBits,
  spreadValues,
  viewsOfFixed,
  viewsOfLengths,
  viewsOfPlain,
} from '../../compute/parquet.ts'
import { fromStored } from '../../compute/parquet-convert.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch, ViewStore } from '../scratch.ts'
import { encodings } from './metadata.ts'
import { openValues, type PageValues } from './open-values.ts'
import type { ParquetColumn } from './read-footer.ts'
import { type ChunkPlace, type Page, pageBytesMaxDefault, PageReader, type ParquetLimits } from './read-pages.ts'

/** Scratch that the columns of one row group share: used during calls only. */
export class SharedScratch {
  readonly compressed: Scratch
  readonly indices: Scratch
  readonly packed: Scratch
  /** Stored values that batches don't hold as they are. */
  readonly stored: Scratch
  constructor(device: Device) {
    this.compressed = new Scratch(device)
    this.indices = new Scratch(device)
    this.packed = new Scratch(device)
    this.stored = new Scratch(device)
  }
  /** Gives the memory back. */
  close(): void {
    for (const scratch of [this.compressed, this.indices, this.packed, this.stored]) scratch.close()
  }
}

/** A reader over one column chunk. Close it to give its memory back; columns already read live on with their arenas. */
export class ColumnChunkReader {
  readonly #device: Device
  readonly #column: ParquetColumn
  readonly #pages: PageReader
  readonly #shared: SharedScratch
  readonly #limits: ParquetLimits
  readonly #store: ViewStore
  readonly #dictionaryStore: ViewStore
  readonly #page: Scratch
  readonly #decoded: Scratch
  readonly #control: Arena
  readonly #cursors: number
  readonly #dictionary = { address: 0, count: -1 }
  readonly #isView: boolean
  #values: PageValues | undefined
  #rowsLeft: number
  #pageRowsLeft = 0
  #levels: 'cursor' | 'valid' | 'null' = 'valid'

  /** Throws DataError where the chunk's place is wrong; `rowCount` is the row group's. */
  constructor(device: Device, place: ChunkPlace, column: ParquetColumn, rowCount: number, shared: SharedScratch, limits: ParquetLimits = {}) {
    this.#device = device
    this.#column = column
    this.#shared = shared
    this.#limits = limits
    this.#rowsLeft = rowCount
    this.#isView = layoutOf(column.stored) === 'view'
    this.#pages = new PageReader(device, place, shared.compressed, limits)
    const { chunk } = place
    if (chunk.valueCount !== rowCount) throw this.#pages.fail('CHUNK_COUNT', `the column has ${chunk.valueCount} values, its row group ${rowCount} rows`)
    this.#store = new ViewStore(device)
    this.#dictionaryStore = new ViewStore(device)
    this.#page = new Scratch(device)
    this.#decoded = new Scratch(device)
    this.#control = device.arena()
    this.#cursors = this.#control.allocate(2 * cursorBytes + positionBytes)
  }
  /** The next `rows` rows, which must be there by the row group's count. Throws DataError naming file, row group, column and byte. */
  read(arena: Arena, rows: number): Column {
    const { field } = this.#column
    const column = this.#room(arena, rows)
    const held = new Set<number>()
    let filled = 0
    let values = 0
    while (filled < rows) {
      while (this.#pageRowsLeft === 0) this.#openPage()
      const take = Math.min(rows - filled, this.#pageRowsLeft)
      const present = this.#readLevels(column, filled, take)
      if (present > 0) this.#readValues(column, filled, take, present)
      else if (this.#isView) this.#device.memory.bytes(column.values + 16 * filled, 16 * take).fill(0)
      if (this.#isView && present > 0) (this.#values!.kind === 'dictionary' ? this.#dictionaryStore : this.#store).holdBy(arena, held)
      filled += take
      values += present
      this.#pageRowsLeft -= take
    }
    this.#rowsLeft -= rows
    const found = fromStored(this.#device, arena, values === rows ? { ...column, validity: 0 } : column, field.type)
    if ('beyond' in found) throw this.#fail('VALUE_RANGE', `a value is beyond ${typeName(field.type)}`, this.#column.physical === 'INT96' ? "read with int96: 'us' or 'ms', or select the other columns" : 'select the other columns')
    return found
  }

  // Where stored values go. Decimals become others before a batch has them.
  #room(arena: Arena, rows: number): Column {
    const { field, stored } = this.#column
    if (field.type.kind !== 'decimal' || this.#isView) return allocateColumn(arena, stored, rows, field.nullable)
    const validity = field.nullable ? arena.allocateZeroed(bitmapBytes(rows)) : 0
    return { type: stored, length: rows, values: this.#shared.stored.ensure(valueBytes(stored, rows)), validity }
  }

  /** Gives up all memory but what batches hold. */
  close(): void {
    for (const owned of [this.#store, this.#dictionaryStore, this.#page, this.#decoded]) owned.close()
    this.#control.release()
  }

  #openPage(): void {
    const page = this.#pages.next(header => {
      if (!this.#isView) return this.#page.ensure(header.bytes)
      return (header.type === 2 ? this.#dictionaryStore : this.#store).arena(header.bytes).allocate(header.bytes)
    })
    if (!page) throw this.#fail('CHUNK_COUNT', `the pages end ${this.#rowsLeft} rows before the row group does`)
    const { header } = page
    if (header.type === 2) return this.#openDictionary(page)
    if (header.valueCount > this.#rowsLeft)
      throw this.#fail('PAGE_COUNT', `the page header promises ${header.valueCount} values, ${this.#rowsLeft} rows are left in the row group`)
    const start = header.type === 3 ? this.#openLevels2(page) : this.#openLevels1(page)
    const encoding = encodings[header.encoding] ?? `number ${header.encoding}`
    this.#values = openValues(
      {
        device: this.#device,
        column: this.#column,
        decoded: this.#decoded,
        lengths: this.#shared.indices,
        store: this.#store,
        bytesMax: this.#limits.pageBytesMax ?? pageBytesMaxDefault,
        fail: (code, what, remedy) => this.#fail(code, what, remedy),
      },
      encoding,
      {
        start,
        end: page.end,
        count: header.valueCount,
        cursor: this.#cursors + cursorBytes,
        position: this.#cursors + 2 * cursorBytes,
        dictionaryCount: this.#dictionary.count,
      },
    )
    this.#pageRowsLeft = header.valueCount
  }

  // Dictionary values are decoded once, to what batches hold: widened numbers, or views into the dictionary page.
  #openDictionary(page: Page): void {
    const { header, start, end } = page
    const { stored, physical } = this.#column
    if (this.#dictionary.count >= 0 || this.#values) throw this.#fail('DICTIONARY', 'a dictionary page stands behind other pages')
    if (stored.kind === 'bool') throw this.#fail('DICTIONARY', 'booleans have a dictionary page')
    if (header.encoding !== 0 && header.encoding !== 2)
      throw this.#fail('DICTIONARY', `the dictionary page is encoded as ${encodings[header.encoding] ?? `number ${header.encoding}`}, PLAIN is expected`)
    const least = physical === 'BYTE_ARRAY' ? 4 : physicalBytes(this.#column)
    if (header.valueCount * least > end - start)
      throw this.#fail('DICTIONARY', `the dictionary page promises ${header.valueCount} values in ${end - start} bytes`)
    const bytes = valueBytes(stored, header.valueCount)
    const max = this.#limits.pageBytesMax ?? pageBytesMaxDefault
    if (bytes > max) throw this.#fail('PAGE_SIZE', `${header.valueCount} dictionary values take ${bytes} bytes, the limit is ${max}`)
    const address = this.#dictionaryStore.same().allocate(bytes)
    const position = this.#cursors + 2 * cursorBytes
    if (physical === 'BYTE_ARRAY') {
      openPosition(this.#device, position, start, end)
      if (!viewsOfPlain(this.#device, position, header.valueCount, address)) throw this.#fail('DICTIONARY', 'a dictionary value reaches beyond its page')
    } else {
      this.#copyFixed(start, header.valueCount, address)
    }
    this.#dictionary.address = address
    this.#dictionary.count = header.valueCount
  }

  #openLevels1(page: Page): number {
    const { header, start, end } = page
    this.#levels = 'valid'
    if (!this.#column.field.nullable) return start
    this.#levels = 'cursor'
    if (header.levelEncoding === 4) return this.#openPackedLevels(page)
    if (header.levelEncoding !== 3)
      throw this.#fail(
        'PAGE_LEVELS',
        `the levels are encoded as ${encodings[header.levelEncoding] ?? `number ${header.levelEncoding}`}; RLE and BIT_PACKED can be read`,
      )
    const left = end - start - 4
    const bytes = left < 0 ? 0 : new DataView(this.#device.memory.bytes(start, 4).slice().buffer).getUint32(0, true)
    if (left < 0 || bytes > left) throw this.#fail('PAGE_LEVELS', `the levels are said to take ${bytes} bytes, ${Math.max(0, left)} are left in the page`)
    openHybrid(this.#device, this.#cursors, start + 4, start + 4 + bytes, 1)
    return start + 4 + bytes
  }

  // The deprecated BIT_PACKED levels have their bits from the top of each byte: turned round, they are one packed run.
  #openPackedLevels(page: Page): number {
    const { header, start, end } = page
    const bytes = bitmapBytes(header.valueCount)
    if (bytes > end - start) throw this.#fail('PAGE_LEVELS', `the levels take ${bytes} bytes, ${end - start} are left in the page`)
    const view = this.#device.memory.bytes(start, bytes)
    for (let i = 0; i < bytes; i++) view[i] = Number.parseInt(view[i]!.toString(2).padStart(8, '0').split('').reverse().join(''), 2)
    openBits(this.#device, this.#cursors, start, start + bytes, header.valueCount)
    return start + bytes
  }

  #openLevels2(page: Page): number {
    const { header, start } = page
    const values = start + header.repetitionBytes + header.definitionBytes
    this.#levels = 'valid'
    if (!this.#column.field.nullable) return values
    if (header.nullCount < 0 || header.nullCount > header.valueCount)
      throw this.#fail('PAGE_LEVELS', `the page header promises ${header.nullCount} nulls among ${header.valueCount} values`)
    if (header.definitionBytes > 0) {
      this.#levels = 'cursor'
      openHybrid(this.#device, this.#cursors, start + header.repetitionBytes, values, 1)
    } else if (header.nullCount > 0) {
      if (header.nullCount < header.valueCount)
        throw this.#fail('PAGE_LEVELS', `the page has ${header.nullCount} nulls among ${header.valueCount} values, and no levels to tell which`)
      this.#levels = 'null'
    }
    return values
  }

  // Fills the validity bits of `take` rows; returns how many are not null.
  #readLevels(column: Column, filled: number, take: number): number {
    if (this.#levels === 'null') return 0
    if (this.#levels === 'valid') {
      if (column.validity !== 0) setBits(this.#device, column.validity, filled, take)
      return take
    }
    const present = decodeBits(this.#device, this.#cursors, take, column.validity, filled)
    if (present < 0) throw this.#fail('PAGE_LEVELS', "the definition levels end before the page's values do")
    return present
  }

  #readValues(column: Column, filled: number, take: number, present: number): void {
    const device = this.#device
    const layout = layoutOf(column.type)
    if (layout === 'bit') {
      const packed = present === take ? column.values : this.#shared.packed.ensure(bitmapBytes(present))
      if (present !== take) device.memory.bytes(packed, bitmapBytes(present) + 8).fill(0)
      if (decodeBits(device, this.#values!.cursor, present, packed, present === take ? filled : 0) < 0) throw this.#cut()
      if (present !== take) spreadBits(device, packed, column.validity, filled, take, column.values)
      return
    }
    const out = column.values + valueBytes(column.type, filled)
    if (present === take) return this.#decode(present, out)
    const packed = this.#shared.packed.ensure(valueBytes(column.type, present))
    this.#decode(present, packed)
    spreadValues(device, layout, packed, column.validity, filled, take, out)
  }

  #decode(count: number, out: number): void {
    const device = this.#device
    const values = this.#values!
    switch (values.kind) {
      case 'dictionary': {
        const indices = this.#shared.indices.ensure(4 * count + 32)
        if (!decodeIndices(device, values.cursor, count, indices)) throw this.#cut()
        const { address, count: size } = this.#dictionary
        if (!gatherDictionary(device, layoutOf(this.#column.stored), indices, count, address, size, out))
          throw this.#fail('DICTIONARY', `an index is not below the dictionary's ${size} values`)
        return
      }
      case 'fixed': {
        const width = values.width
        if (count * width > values.end - values.next) throw this.#cut()
        if (values.ready) device.memory.bytes(out, count * width).set(device.memory.bytes(values.next, count * width))
        else this.#copyFixed(values.next, count, out)
        values.next += count * width
        return
      }
      case 'plain':
        if (!viewsOfPlain(device, values.position, count, out)) throw this.#cut()
        return
      case 'lengths':
        if (count > values.left) throw this.#cut()
        if (!viewsOfLengths(device, values.lengths, count, values.position, out)) throw this.#cut()
        values.lengths += 4 * count
        values.left -= count
        return
      case 'bits':
        throw this.#cut()
    }
  }

  // Stored values of a fixed width as the engine's; the caller has checked that they are there.
  #copyFixed(source: number, count: number, out: number): void {
    const device = this.#device
    const { physical, typeLength } = this.#column
    if (physical === 'FIXED_LEN_BYTE_ARRAY' || physical === 'INT96') return viewsOfFixed(device, source, count, typeLength, out)
    const bytes = count * physicalBytes(this.#column)
    device.memory.bytes(out, bytes).set(device.memory.bytes(source, bytes))
  }

  #cut(): DataError {
    return this.#fail('PAGE_VALUES', "the page's bytes end before its values do, or are no valid encoding")
  }

  #fail(code: string, what: string, remedy?: string): DataError {
    return this.#pages.fail(code, what, remedy)
  }
}

/** Bytes of a stored value; 0 for booleans and byte arrays. */
export function physicalBytes(column: ParquetColumn): number {
  const { physical, typeLength } = column
  return { BOOLEAN: 0, INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8, BYTE_ARRAY: 0, FIXED_LEN_BYTE_ARRAY: typeLength }[physical]
}
