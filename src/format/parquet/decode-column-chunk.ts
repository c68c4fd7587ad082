// One flat column of one row group, page by page, into Arrow columns of as many rows as are asked for. Memory is bounded by a page and
// the rows asked for; strings are views into unpacked pages, which the batch's arena then keeps alive.
import type { DataError } from '../../base/errors.ts'
import { allocateColumn, type Column } from '../../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { typeName } from '../../batch/type-name.ts'
import { decodeBits, setBits, spreadBits, spreadValues } from '../../compute/parquet.ts'
import { fromStored } from '../../compute/parquet-convert.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { AboutDictionary } from './about-dictionary.ts'
import { ChunkValues, pageIndexRemedy, type SharedScratch } from './chunk-values.ts'
import type { PagePlan } from './page-plan.ts'
import type { PagePlace } from './read-page-index.ts'
import type { ChunkPlace, ParquetLimits } from './read-pages.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** A reader over one column chunk. Close it to give its memory back; columns already read live on with their arenas. */
export class ColumnChunkReader {
  readonly #device: Device
  readonly #column: ParquetLeaf
  readonly #chunk: ChunkValues
  readonly #shared: SharedScratch
  readonly #isView: boolean
  readonly #plan: PagePlan | undefined
  #rowsLeft: number
  #pageRowsLeft = 0
  /** Of the plan's pages, the next; whether it doesn't follow the last one that was opened. */
  #next = 0
  #isApart = true

  /** Throws DataError where the chunk's place is wrong; `rowCount` is the row group's. `plan`: of its pages, where only some rows are read. */
  constructor(device: Device, place: ChunkPlace, column: ParquetLeaf, rowCount: number, shared: SharedScratch, limits: ParquetLimits = {}, plan?: PagePlan) {
    this.#device = device
    this.#plan = plan
    this.#column = column
    this.#shared = shared
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
    const column = this.#room(arena, rows)
    const held = new Set<number>()
    let filled = 0
    let values = 0
    let codes: number | undefined
    let about: AboutDictionary | undefined
    while (filled < rows) {
      while (this.#pageRowsLeft === 0) this.#openPage()
      const take = Math.min(rows - filled, this.#pageRowsLeft)
      const present = this.#readLevels(column, filled, take)
      if (filled === 0) {
        about = this.#chunk.about
        if (about?.texts) codes = this.#column.field.nullable ? arena.allocateZeroed(4 * rows + 32) : arena.allocate(4 * rows + 32)
      } else if (about && this.#chunk.about !== about) about = undefined
      if (present > 0) this.#readValues(column, filled, take, present, about && codes)
      else if (this.#isView) this.#device.memory.bytes(column.values + 16 * filled, 16 * take).fill(0)
      if (present > 0) this.#chunk.holdBy(arena, held)
      filled += take
      values += present
      this.#pageRowsLeft -= take
    }
    this.#rowsLeft -= rows
    const out = columnOfStored(this.#device, arena, values === rows ? { ...column, validity: 0 } : column, this.#column, this.#chunk)
    if (about?.range) return { ...out, range: about.range }
    return about?.texts ? { ...out, codes: { values: codes!, ...about.texts } } : out
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
  #room(arena: Arena, rows: number): Column {
    const { field, stored } = this.#column
    if (field.type.kind !== 'decimal' || this.#isView) return allocateColumn(arena, stored, rows, field.nullable)
    const validity = field.nullable ? arena.allocateZeroed(bitmapBytes(rows)) : 0
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

  // Fills the validity bits of `take` rows; returns how many are not null.
  #readLevels(column: Column, filled: number, take: number): number {
    if (!this.#column.field.nullable) {
      if (column.validity !== 0) setBits(this.#device, column.validity, filled, take)
      return take
    }
    const present = decodeBits(this.#device, this.#chunk.levels, take, column.validity, filled)
    if (present < 0) throw this.#fail('PAGE_LEVELS', "the definition levels end before the page's values do")
    return present
  }

  // `codes`: where the numbers of a dictionary's values go, for all rows.
  #readValues(column: Column, filled: number, take: number, present: number, codes: number | undefined): void {
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
    const numbers = codes === undefined ? undefined : codes + 4 * filled
    if (present === take) return this.#chunk.decode(present, out, numbers)
    const packed = this.#shared.packed.ensure(valueBytes(column.type, present))
    const packedNumbers = numbers && this.#shared.indices.ensure(4 * present + 32)
    this.#chunk.decode(present, packed, packedNumbers)
    spreadValues(device, layout, packed, column.validity, filled, take, out)
    if (!packedNumbers) return
    // A row that is null takes the number behind the last one, too.
    device.memory.uint32s(packedNumbers + 4 * present, 1)[0] = 0
    spreadValues(device, 'word4', packedNumbers, column.validity, filled, take, numbers!)
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
