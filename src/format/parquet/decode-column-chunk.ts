// One flat column of one row group, page by page, into Arrow columns of as many rows as are asked for. Memory is bounded by a page and
// the rows asked for; strings are views into unpacked pages, which the batch's arena then keeps alive.
import type { DataError } from '../../base/errors.ts'
import { allocateColumn, type Column } from '../../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { typeName } from '../../batch/type-name.ts'
import { codedColumn } from '../../compute/coded.ts'
import { decodeBits, spreadBits, spreadValues } from '../../compute/parquet.ts'
import { fromStored } from '../../compute/parquet-convert.ts'
import { type Arena, retainArena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { AboutDictionary } from './about-dictionary.ts'
import { ChunkValues, pageIndexRemedy, type SharedScratch } from './chunk-values.ts'
import type { PagePlan } from './page-plan.ts'
import type { PagePlace } from './read-page-index.ts'
import type { ChunkPlace, ParquetLimits } from './read-pages.ts'
import type { ScanTexts } from './scan-texts.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** A read on its way: where the rows' validity is, what the arena holds, and how many rows there are so far, and how many of them have values. */
interface Reading {
  readonly arena: Arena
  readonly rows: number
  readonly validity: number
  readonly held: Set<number>
  filled: number
  values: number
}

/** A reader over one column chunk. Close it to give its memory back; columns already read live on with their arenas. */
export class ColumnChunkReader {
  readonly #device: Device
  readonly #column: ParquetLeaf
  readonly #chunk: ChunkValues
  readonly #shared: SharedScratch
  readonly #isView: boolean
  readonly #texts: ScanTexts
  readonly #plan: PagePlan | undefined
  #rowsLeft: number
  #pageRowsLeft = 0
  /** Of the plan's pages, the next; whether it doesn't follow the last one that was opened. */
  #next = 0
  #isApart = true

  /** Throws DataError where the chunk's place is wrong; `rowCount` is the row group's; `texts` are the scan's. `plan`: of its pages, where only some rows are read. */
  constructor(device: Device, place: ChunkPlace, column: ParquetLeaf, rowCount: number, shared: SharedScratch, texts: ScanTexts, limits: ParquetLimits = {}, plan?: PagePlan) {
    this.#device = device
    this.#plan = plan
    this.#column = column
    this.#shared = shared
    this.#texts = texts
    this.#rowsLeft = rowCount
    this.#isView = layoutOf(column.stored) === 'view'
    this.#chunk = new ChunkValues(device, place, column, shared, limits)
    const { valueCount } = place.chunk
    if (valueCount === rowCount) return
    this.close()
    throw this.#fail('CHUNK_COUNT', `the column has ${valueCount} values, its row group ${rowCount} rows`)
  }
  /** The next `rows` rows, which must be there by the row group's count. Throws DataError naming file, row group, column and byte. */
  read(arena: Arena, rows: number): Column {
    const { nullable } = this.#column.field
    const reading: Reading = { arena, rows, validity: nullable ? arena.allocateZeroed(bitmapBytes(rows)) : 0, held: new Set(), filled: 0, values: 0 }
    while (rows > 0 && this.#pageRowsLeft === 0) this.#openPage()
    const about = rows > 0 ? this.#about : undefined
    const coded = about?.texts && this.#readCodes(reading, about, about.texts)
    const column = coded && reading.filled === rows ? coded : this.#readColumn(reading, about?.range, coded)
    this.#rowsLeft -= rows
    return column
  }

  // As many of the rows as have texts of one dictionary: as codes, whose views are made when somebody asks for them.
  #readCodes(reading: Reading, about: AboutDictionary, texts: NonNullable<AboutDictionary['texts']>): Column {
    const { arena, rows, validity } = reading
    const { nullable, type } = this.#column.field
    const codes = nullable ? arena.allocateZeroed(4 * rows) : arena.allocate(4 * rows)
    const { numbers, dictionary, arena: home } = texts
    retainArena(this.#device, home)
    arena.hold(home)
    this.#readPages(reading, about, (filled, take, present) => this.#decodeNumbers(validity, filled, take, present, numbers, codes))
    const { filled, values } = reading
    return codedColumn(this.#device, arena, { type, length: filled, validity: values === filled ? 0 : validity, codes: { values: codes, dictionary, arena: home } })
  }

  // The rows that are left; `before`: those that were read as codes.
  #readColumn(reading: Reading, range: AboutDictionary['range'], before: Column | undefined): Column {
    const { arena, rows, validity } = reading
    const column = this.#room(arena, rows, validity)
    if (before) this.#device.memory.write(column.values, this.#device.memory.bytes(before.values, valueBytes(column.type, before.length)))
    let inRange = range !== undefined
    this.#readPages(reading, undefined, (filled, take, present) => {
      inRange &&= this.#about?.range === range
      if (present > 0) this.#decodeValues(column, filled, take, present)
      else if (this.#isView) this.#device.memory.zero(column.values + 16 * filled, 16 * take)
    })
    const out = columnOfStored(this.#device, arena, reading.values === rows ? { ...column, validity: 0 } : column, this.#column, this.#chunk)
    return inRange ? { ...out, range: range! } : out
  }

  // Calls `each` for the rows of each page; where `only` is given, only of pages with that dictionary.
  #readPages(reading: Reading, only: AboutDictionary | undefined, each: (filled: number, take: number, present: number) => void): void {
    const { arena, rows, validity, held } = reading
    while (reading.filled < rows) {
      while (this.#pageRowsLeft === 0) this.#openPage()
      if (only && this.#about !== only) return
      const take = Math.min(rows - reading.filled, this.#pageRowsLeft)
      const present = this.#readLevels(validity, reading.filled, take)
      each(reading.filled, take, present)
      if (present > 0) this.#chunk.holdBy(arena, held)
      reading.filled += take
      reading.values += present
      this.#pageRowsLeft -= take
    }
  }

  /** Passes over the next `rows` rows; of those between pages that are needed nothing is fetched. Throws as `read`. */
  skip(rows: number): void {
    for (let left = rows; left > 0; ) {
      const page = this.#plan?.pages[this.#next]
      if (this.#pageRowsLeft === 0 && page && page.rows <= left) {
        this.#next++
        this.#isApart = true
        this.#rowsLeft -= page.rows
        left -= page.rows
        continue
      }
      if (this.#pageRowsLeft === 0) this.#openPage()
      const take = Math.min(left, this.#pageRowsLeft)
      const arena = this.#device.arena()
      try {
        if (take > 0) this.read(arena, take)
      } finally {
        arena.release()
      }
      left -= take
    }
  }

  // Where stored values go. Decimals become others before a batch has them.
  #room(arena: Arena, rows: number, validity: number): Column {
    const { field, stored } = this.#column
    if (field.type.kind !== 'decimal' || this.#isView) return { ...allocateColumn(arena, stored, rows), validity }
    return { type: stored, length: rows, values: this.#shared.stored.ensure(valueBytes(stored, rows)), validity }
  }

  /** Gives up all memory but what batches hold. */
  close(): void {
    this.#chunk.close()
  }

  #openPage(): void {
    const place = this.#plan?.pages[this.#next]
    if (place) this.#seek(place)
    const page = this.#chunk.nextPage()
    if (!page) throw this.#fail('CHUNK_COUNT', `the pages end ${this.#rowsLeft} rows before the row group does`)
    const { valueCount } = page.header
    if (valueCount > this.#rowsLeft) throw this.#fail('PAGE_COUNT', `the page header promises ${valueCount} values, ${this.#rowsLeft} rows are left in the row group`)
    if (place && (valueCount !== place.rows || this.#chunk.position !== place.offset + place.bytes))
      throw this.#fail('PAGE_INDEX', `the page has ${valueCount} rows and ends here, by the page index ${place.rows} and at byte ${place.offset + place.bytes}`, pageIndexRemedy)
    this.#chunk.open(page, this.#column.field.nullable ? 1 : 0, 0)
    this.#pageRowsLeft = valueCount
  }

  #seek({ offset }: PagePlace): void {
    const plan = this.#plan!
    if (this.#isApart) this.#chunk.seek(offset, plan.endOfRun(this.#next), plan.pages[0]!.offset, this.#next)
    this.#isApart = false
    this.#next++
  }

  get #about(): AboutDictionary | undefined {
    return this.#chunk.about(this.#texts)
  }

  // Fills the validity bits of `take` rows; returns how many are not null.
  #readLevels(validity: number, filled: number, take: number): number {
    if (!this.#column.field.nullable) return take
    const present = decodeBits(this.#device, this.#chunk.levels, take, validity, filled)
    if (present < 0) throw this.#fail('PAGE_LEVELS', "the definition levels end before the page's values do")
    return present
  }

  #decodeNumbers(validity: number, filled: number, take: number, present: number, numbers: number, codes: number): void {
    if (present === 0) return
    const out = codes + 4 * filled
    if (present === take) return this.#chunk.decodeNumbers(present, numbers, out)
    const packed = this.#shared.indices.ensure(4 * present + 32)
    this.#chunk.decodeNumbers(present, numbers, packed)
    // A row that is null takes the number behind the last one, too.
    this.#device.memory.uint32s(packed + 4 * present, 1)[0] = 0
    spreadValues(this.#device, 'word4', packed, validity, filled, take, out)
  }

  #decodeValues(column: Column, filled: number, take: number, present: number): void {
    const device = this.#device
    const layout = layoutOf(column.type)
    if (layout === 'bit') {
      const packed = present === take ? column.values : this.#shared.packed.ensure(bitmapBytes(present))
      if (present !== take) device.memory.bytes(packed, bitmapBytes(present) + 8).fill(0)
      this.#chunk.decodeBits(present, packed, present === take ? filled : 0)
      if (present !== take) spreadBits(device, packed, column.validity, filled, take, column.values)
      return
    }
    const out = column.values + valueBytes(column.type, filled)
    if (present === take) return this.#chunk.decode(present, out)
    const packed = this.#shared.packed.ensure(valueBytes(column.type, present))
    this.#chunk.decode(present, packed)
    spreadValues(device, layout, packed, column.validity, filled, take, out)
  }

  #fail(code: string, what: string, remedy?: string): DataError {
    return this.#chunk.fail(code, what, remedy)
  }
}

/** Bytes of a column of fixed binaries, nulls included: what a chunk of memory may have. */
const fixedBytesMax = 2 ** 31

/** A column of stored values as its field's type. Throws DataError VALUE_RANGE, VALUE_SIZE. */
export function columnOfStored(device: Device, arena: Arena, stored: Column, { field, physical }: ParquetLeaf, chunk: ChunkValues): Column {
  const bytes = valueBytes(field.type, stored.length)
  if (bytes > fixedBytesMax) throw chunk.fail('VALUE_SIZE', `${stored.length} values of ${typeName(field.type)} take ${bytes} bytes, the limit is ${fixedBytesMax}`, 'read fewer rows at once')
  const found = fromStored(device, arena, stored, field.type)
  if (!('beyond' in found)) return found
  throw chunk.fail('VALUE_RANGE', `a value is beyond ${typeName(field.type)}`, physical === 'INT96' ? "read with int96: 'us' or 'ms', or select the other columns" : 'select the other columns')
}
