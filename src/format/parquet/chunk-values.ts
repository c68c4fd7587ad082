// The values of one column chunk that are there, nulls left out: page after page, dictionaries decoded once, of every encoding. Levels are for others
// to read: `decode-column-chunk.ts` of flat columns, `decode-leaf.ts` of nested ones.
import type { DataError } from '../../base/errors.ts'
import { layoutOf, valueBytes } from '../../batch/data-type.ts'
import {
  copyStored,
  cursorBytes,
  decodeBits,
  decodeDictionary,
  decodeIndices,
  gatherDictionary,
  openPosition,
  positionBytes,
  viewsOfFixed,
  viewsOfLengths,
  viewsOfPlain,
} from '../../compute/parquet.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch, ViewStore } from '../scratch.ts'
import { type AboutDictionary, aboutDictionary } from './about-dictionary.ts'
import { encodings } from './metadata.ts'
import { openLevels } from './open-levels.ts'
import { openValues, type PageValues } from './open-values.ts'
import { type ChunkPlace, type Page, pageBytesMaxDefault, PageReader, type ParquetLimits } from './read-pages.ts'
import type { ScanTexts } from './scan-texts.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** What helps where a page index is wrong. */
export const pageIndexRemedy = 'the file is corrupt; read it with pageIndex: false'

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

/** A reader over the values of one chunk. Close it to give its memory back; views already made live on with the arenas that hold them. */
export class ChunkValues {
  /** Where the cursors of levels lie: of the definitions, then of the repetitions, `cursorBytes` each. */
  readonly levels: number
  /** For small things that live as long as this. */
  readonly control: Arena
  readonly #turned: readonly [Scratch, Scratch]
  readonly #device: Device
  readonly #leaf: ParquetLeaf
  readonly #pages: PageReader
  readonly #shared: SharedScratch
  readonly #bytesMax: number
  readonly #store: ViewStore
  readonly #dictionaryStore: ViewStore
  readonly #page: Scratch
  readonly #decoded: Scratch
  readonly #dictionary: { address: number; count: number; about?: AboutDictionary } = { address: 0, count: -1 }
  readonly #isView: boolean
  #values: PageValues | undefined

  /** Throws DataError where the chunk's place is wrong. */
  constructor(device: Device, place: ChunkPlace, leaf: ParquetLeaf, shared: SharedScratch, limits: ParquetLimits = {}) {
    this.#device = device
    this.#leaf = leaf
    this.#shared = shared
    this.#bytesMax = limits.pageBytesMax ?? pageBytesMaxDefault
    this.#isView = layoutOf(leaf.stored) === 'view'
    this.#pages = new PageReader(device, place, shared.compressed, limits)
    this.#store = new ViewStore(device)
    this.#dictionaryStore = new ViewStore(device)
    this.#page = new Scratch(device)
    this.#decoded = new Scratch(device)
    this.#turned = [new Scratch(device), new Scratch(device)]
    this.control = device.arena()
    this.levels = this.control.allocate(3 * cursorBytes + positionBytes)
  }

  /** Where the next page begins in the file. */
  get position(): number {
    return this.#pages.position
  }

  /** Goes on at byte `start`, where the `page`th data page begins, the chunk's first at `first`; no page is read at or behind `end`. A dictionary before them is decoded first. */
  seek(start: number, end: number, first: number, page: number): void {
    if (this.#dictionary.count < 0 && this.#pages.position < first) {
      this.#pages.seek(this.#pages.position, first)
      const before = this.nextPage()
      if (before) throw this.fail('PAGE_INDEX', `the page index has the first data page at byte ${first}, there is one before it`, pageIndexRemedy)
    }
    this.#pages.seek(start, end, page)
  }

  /** The next data page; undefined behind the last. A dictionary is decoded on the way. */
  nextPage(): Page | undefined {
    for (;;) {
      const page = this.#pages.next(header => {
        if (!this.#isView) return this.#page.ensure(header.bytes)
        return (header.type === 2 ? this.#dictionaryStore : this.#store).arena(header.bytes).allocate(header.bytes)
      })
      if (page?.header.type !== 2) return page
      this.#openDictionary(page)
    }
  }

  /** Sets the cursors at `levels` to the page's levels, which end at these, and prepares its values. */
  open(page: Page, definition: number, repetition: number): void {
    const fail = (code: string, what: string, remedy?: string) => this.fail(code, what, remedy)
    const start = openLevels({ device: this.#device, cursors: this.levels, definition, repetition, turned: this.#turned, fail }, page)
    const { header } = page
    const encoding = encodings[header.encoding] ?? `number ${header.encoding}`
    this.#values = openValues(
      {
        device: this.#device,
        column: this.#leaf,
        decoded: this.#decoded,
        lengths: this.#shared.indices,
        store: this.#store,
        bytesMax: this.#bytesMax,
        fail,
      },
      encoding,
      { start, end: page.end, count: header.valueCount, cursor: this.#cursor, position: this.#position, dictionaryCount: this.#dictionary.count },
    )
  }

  /** Makes `arena` keep the bytes alive that the current page's views point at; `held` lists what it holds already. */
  holdBy(arena: Arena, held: Set<number>): void {
    if (this.#isView) (this.#values!.kind === 'dictionary' ? this.#dictionaryStore : this.#store).holdBy(arena, held)
  }

  /** The next `count` booleans of the page, appended at bit `bit` of a bitmap that is zero from there on. */
  decodeBits(count: number, out: number, bit: number): void {
    if (decodeBits(this.#device, this.#values!.cursor, count, out, bit) < 0) throw this.#cut()
  }

  /** What the dictionary says of the current page's values; undefined where they come from none, or it is too large for anyone to gain by it. Cost: a look at each entry, once. */
  about(texts: ScanTexts): AboutDictionary | undefined {
    if (this.#values?.kind !== 'dictionary') return undefined
    const { address, count } = this.#dictionary
    if (count <= 0) return undefined
    return (this.#dictionary.about ??= aboutDictionary(this.#device, { type: this.#leaf.stored, length: count, values: address, validity: 0 }, this.#leaf, texts, this.control))
  }

  /** Of the next `count` values of a page whose values come from the dictionary what stands at `numbers` for each entry, a u32. */
  decodeNumbers(count: number, numbers: number, out: number): void {
    this.#lookUp('word4', count, numbers, out)
  }

  /** The next `count` values of the page, none of which is a bool, as the column holds them. */
  decode(count: number, out: number): void {
    const device = this.#device
    const values = this.#values!
    switch (values.kind) {
      case 'dictionary':
        return this.#decodeDictionary(values.cursor, count, out)
      case 'fixed': {
        const width = values.width
        if (count * width > values.end - values.next) throw this.#cut()
        if (values.ready) copyStored(device, values.next, count * width, out)
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

  #decodeDictionary(cursor: number, count: number, out: number): void {
    const device = this.#device
    const layout = layoutOf(this.#leaf.stored)
    const { address, count: size } = this.#dictionary
    if (layout === 'word4' || layout === 'word8') return this.#lookUp(layout, count, address, out)
    const indices = this.#shared.indices.ensure(4 * count + 32)
    if (!decodeIndices(device, cursor, count, indices)) throw this.#cut()
    if (!gatherDictionary(device, layout, indices, count, address, size, out)) throw this.#beyond()
  }

  #lookUp(layout: 'word4' | 'word8', count: number, entries: number, out: number): void {
    const wrong = decodeDictionary(this.#device, layout, this.#values!.cursor, count, entries, this.#dictionary.count, out)
    if (wrong) throw wrong === 'cut' ? this.#cut() : this.#beyond()
  }

  #beyond(): DataError {
    return this.fail('DICTIONARY', `an index is not below the dictionary's ${this.#dictionary.count} values`)
  }

  // Stored values of a fixed width as the engine's; the caller has checked that they are there.
  #copyFixed(source: number, count: number, out: number): void {
    const device = this.#device
    const { physical, typeLength } = this.#leaf
    if (physical === 'FIXED_LEN_BYTE_ARRAY' || physical === 'INT96') return viewsOfFixed(device, source, count, typeLength, out)
    copyStored(device, source, count * physicalBytes(this.#leaf), out)
  }

  /** The error for this chunk at the byte it has reached. */
  fail(code: string, what: string, remedy?: string): DataError {
    return this.#pages.fail(code, what, remedy)
  }

  /** Gives up all memory but what batches hold. */
  close(): void {
    for (const owned of [this.#pages, this.#store, this.#dictionaryStore, this.#page, this.#decoded, ...this.#turned]) owned.close()
    this.control.release()
  }

  get #cursor(): number {
    return this.levels + 2 * cursorBytes
  }
  get #position(): number {
    return this.levels + 3 * cursorBytes
  }

  // Dictionary values are decoded once, to what batches hold: widened numbers, or views into the dictionary page.
  #openDictionary(page: Page): void {
    const { header, start, end } = page
    const { stored, physical } = this.#leaf
    if (this.#dictionary.count >= 0 || this.#values) throw this.fail('DICTIONARY', 'a dictionary page stands behind other pages')
    if (stored.kind === 'bool') throw this.fail('DICTIONARY', 'booleans have a dictionary page')
    if (header.encoding !== 0 && header.encoding !== 2)
      throw this.fail('DICTIONARY', `the dictionary page is encoded as ${encodings[header.encoding] ?? `number ${header.encoding}`}, PLAIN is expected`)
    const least = physical === 'BYTE_ARRAY' ? 4 : physicalBytes(this.#leaf)
    if (header.valueCount * least > end - start)
      throw this.fail('DICTIONARY', `the dictionary page promises ${header.valueCount} values in ${end - start} bytes`)
    const bytes = valueBytes(stored, header.valueCount)
    const max = this.#bytesMax
    if (bytes > max) throw this.fail('PAGE_SIZE', `${header.valueCount} dictionary values take ${bytes} bytes, the limit is ${max}`)
    const address = this.#dictionaryStore.same().allocate(bytes)
    const position = this.#position
    if (physical === 'BYTE_ARRAY') {
      openPosition(this.#device, position, start, end)
      if (!viewsOfPlain(this.#device, position, header.valueCount, address)) throw this.fail('DICTIONARY', 'a dictionary value reaches beyond its page')
    } else {
      this.#copyFixed(start, header.valueCount, address)
    }
    this.#dictionary.address = address
    this.#dictionary.count = header.valueCount
  }

  #cut(): DataError {
    return this.fail('PAGE_VALUES', "the page's bytes end before its values do, or are no valid encoding")
  }
}

/** Bytes of a stored value; 0 for booleans and byte arrays. */
export function physicalBytes(leaf: ParquetLeaf): number {
  const { physical, typeLength } = leaf
  return { BOOLEAN: 0, INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8, BYTE_ARRAY: 0, FIXED_LEN_BYTE_ARRAY: typeLength }[physical]
}
