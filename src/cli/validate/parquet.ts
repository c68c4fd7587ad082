// A Parquet file, row group by row group and column by column: pages with their checksums, levels, values, texts, and statistics against what they tell of.
import { ConnectorError, DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import type { Fields } from '../../batch/schema.ts'
import { showValue } from '../../batch/value-text.ts'
import type { ValueBounds } from '../../batch/value-bounds.ts'
import { valueReader } from '../../batch/read-values.ts'
import { andBits, countBits, countNulls } from '../../compute/bitmap.ts'
import { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { chunkBounds } from '../../format/parquet/chunk-bounds.ts'
import type { KeySet } from '../../format/parquet/parquet-keys.ts'
import { type ParquetColumn, type ParquetFile, readFooter } from '../../format/parquet/read-footer.ts'
import { type PagePlace, readPageBounds, readPagePlaces } from '../../format/parquet/read-page-index.ts'
import { readRowGroup } from '../../format/parquet/read-row-group.ts'
import { leavesOf, type ParquetLeaf, type ParquetNode } from '../../format/parquet/schema-tree.ts'
import type { FileReader } from '../../source/open-file.ts'
import { firstBeyond, firstNotUtf8, rowsBetween } from './check-column.ts'
import { compareSchema } from './compare-schema.ts'
import type { Problems } from './problems.ts'

const batchRows = 65_536

/**
 * Checks a file, and against `schema` where there is one. Goes on behind a column chunk that can't be read; encrypted columns without a key among `keys` are not checked.
 * Throws DataError ENCRYPTED, KEY_MISSING where the footer can't be opened. Memory: a page and a batch of one column.
 */
export function* validateParquet(device: Device, reader: FileReader, problems: Problems, schema: Fields | undefined, keys: KeySet | undefined): Generator<void> {
  let file: ParquetFile | undefined
  problems.catch({}, () => (file = openedFooter(reader, problems, keys)))
  if (!file) return
  problems.rows = file.rowCount
  if (file.statedRowCount !== file.rowCount) problems.add('ROW_COUNT', `the footer says ${file.statedRowCount} rows, its row groups have ${file.rowCount}`)
  const notNull = compareSchema(file.columns, schema, problems)
  for (const column of file.columns) if (column.unreadable !== undefined) problems.skip(`column ${column.field.name}: ${column.unreadable}`)
  // Times that nanoseconds don't reach are no problem of the file.
  const read = file.columns.some(({ physical, nested }) => physical === 'INT96' || nested) ? readFooter(reader, problems.file, 'ms', keys) : file
  for (let rowGroup = 0; rowGroup < read.rowGroups.length; rowGroup++) {
    for (const column of read.columns) {
      const closed = closedLeaf(column, read.rowGroups[rowGroup]!.chunks)
      if (closed !== undefined) problems.skip(`column ${column.field.name}: ${closed}; give its key by --decryption-keys`)
      else if (column.unreadable === undefined) problems.catch({ rowGroup, column: column.field.name }, () => new ChunkCheck(device, read, rowGroup, column, notNull.has(column.field.name), problems).run(reader))
      yield
    }
  }
}

// That nobody can look into a file is no problem of the file.
function openedFooter(reader: FileReader, problems: Problems, keys: KeySet | undefined): ParquetFile | undefined {
  try {
    return readFooter(reader, problems.file, undefined, keys)
  } catch (thrown) {
    if (thrown instanceof DataError && closedCodes.includes(thrown.code)) throw new ConnectorError(thrown.code, thrown.message, { cause: thrown })
    throw thrown
  }
}

const closedCodes = ['ENCRYPTED', 'KEY_MISSING', 'AAD_PREFIX']

// Why a column's pages can't be opened for want of a key.
function closedLeaf({ nested, leaf }: ParquetColumn, chunks: ParquetFile['rowGroups'][number]['chunks']): string | undefined {
  const leaves = nested ? leavesOf(nested).map(node => node.leaf.leaf) : [leaf]
  return leaves.map(one => chunks[one]!.refusal).find(refusal => refusal && closedCodes.includes(refusal.code))?.what
}

// One column of one row group.
class ChunkCheck {
  readonly #device: Device
  readonly #file: ParquetFile
  readonly #rowGroup: number
  readonly #column: ParquetColumn
  readonly #notNull: boolean
  readonly #problems: Problems
  readonly #told = new Set<string>()
  #pages: readonly PagePlace[] = []
  #pageBounds: readonly ValueBounds[] = []
  #nulls = 0
  #row = 0

  constructor(device: Device, file: ParquetFile, rowGroup: number, column: ParquetColumn, notNull: boolean, problems: Problems) {
    this.#device = device
    this.#file = file
    this.#rowGroup = rowGroup
    this.#column = column
    this.#notNull = notNull
    this.#problems = problems
  }

  run(reader: FileReader): void {
    const { rowCount, chunks } = this.#file.rowGroups[this.#rowGroup]!
    const { field, leaf, nested } = this.#column
    const chunk = chunks[leaf]!
    if (!nested && chunk.valueCount !== rowCount) this.#tell('ROW_COUNT', `the chunk is said to have ${chunk.valueCount} values, the row group has ${rowCount} rows`)
    this.#readIndex(reader, rowCount)
    let last: Arena | undefined
    const request = {
      device: this.#device,
      reader,
      file: this.#file,
      where: this.#problems.file,
      rowGroup: this.#rowGroup,
      columns: [field.name],
      batchRows,
      limits: { verifyChecksums: true },
      arena: () => (last = new Arena(this.#device)),
      emit: (batch: { readonly columns: readonly Column[] }) => this.#look(batch.columns[0]!),
    }
    try {
      for (const _ of readRowGroup(request)) last = release(last)
    } finally {
      release(last)
    }
    const stated = chunk.statistics?.nullCount
    if (!nested && stated !== undefined && stated !== this.#nulls) this.#tell('STATISTICS', `the statistics say ${stated} nulls, there are ${this.#nulls}`)
  }

  // Readers pass over an index that contradicts itself or the chunk, so nobody else would hear of it.
  #readIndex(reader: FileReader, rowCount: number): void {
    const chunk = this.#file.rowGroups[this.#rowGroup]!.chunks[this.#column.leaf]!
    if (this.#column.nested || !chunk.offsetIndex || rowCount === 0) return
    const pages = readPagePlaces(reader, chunk, rowCount)
    if (!pages) return this.#tell('PAGE_INDEX', "the page index's places can't be read, or contradict the chunk")
    if (!chunk.columnIndex) return
    const bounds = readPageBounds(reader, this.#column, chunk, pages)
    if (!bounds) return this.#tell('PAGE_INDEX', "the page index's bounds can't be read, or contradict the pages or the chunk")
    this.#pages = pages
    this.#pageBounds = bounds
  }

  #look(column: Column): void {
    const arena = new Arena(this.#device)
    try {
      const nulls = countNulls(this.#device, column)
      this.#nulls += nulls
      if (nulls > 0 && this.#notNull) this.#tell('SCHEMA', `there are nulls, the schema allows none`)
      const bad = firstNotUtf8(this.#device, column)
      if (bad !== undefined) this.#tell('UTF8', 'the text is not UTF-8', this.#column.nested ? undefined : bad)
      this.#bounds(arena, column, this.#column.nested ?? { kind: 'leaf', leaf: this.#column }, 0)
      this.#pages.forEach(({ firstRow, rows }, page) => {
        const [start, end] = [Math.max(0, firstRow - this.#row), Math.min(column.length, firstRow + rows - this.#row)]
        if (start < end) this.#lookAtPage(arena, column, page, rowsBetween(this.#device, arena, column.length, start, end))
      })
    } finally {
      arena.release()
    }
    this.#row += column.length
  }

  // `mask`: the rows of structs around it that aren't null.
  #bounds(arena: Arena, column: Column, node: ParquetNode | { readonly kind: 'leaf'; readonly leaf: ParquetLeaf }, mask: number): void {
    if (node.kind === 'leaf') return this.#leafBounds(arena, column, node.leaf, mask)
    if (node.kind === 'list') return this.#bounds(arena, column.children![0]!, node.item, 0)
    const valid = andBits(this.#device, arena, mask, column.validity, column.length)
    node.members.forEach((member, i) => this.#bounds(arena, column.children![i]!, member, valid))
  }

  #lookAtPage(arena: Arena, column: Column, page: number, mask: number): void {
    const bounds = this.#pageBounds[page]!
    const [rows, valid] = [countBits(this.#device, mask, column.length), countBits(this.#device, andBits(this.#device, arena, mask, column.validity, column.length), column.length)]
    if (bounds.nulls === 'none' && valid < rows) this.#tell('PAGE_INDEX', `the page index says that page ${page} has no nulls, there are ${rows - valid}`)
    if (bounds.nulls === 'all' && valid > 0) this.#tell('PAGE_INDEX', `the page index says that page ${page} has only nulls, there are values`)
    this.#within(arena, column, bounds, mask, { code: 'PAGE_INDEX', who: `the page index says of page ${page}` })
  }

  #leafBounds(arena: Arena, column: Column, leaf: ParquetLeaf, mask: number): void {
    const of = leaf.field.name === this.#column.field.name ? '' : ` of ${leaf.field.name}`
    this.#within(arena, column, chunkBounds(leaf, this.#file.rowGroups[this.#rowGroup]!.chunks[leaf.leaf]!), mask, { code: 'STATISTICS', who: `the statistics${of} say` })
  }

  #within(arena: Arena, column: Column, { least, greatest }: ValueBounds, mask: number, { code, who }: { code: string; who: string }): void {
    for (const [op, bound, name, side] of [['lt', least, 'least', 'below'], ['gt', greatest, 'greatest', 'above']] as const) {
      if (bound === undefined || this.#told.has(`${who} ${name}`)) continue
      const row = firstBeyond(this.#device, arena, column, op, bound, mask)
      if (row === undefined) continue
      this.#told.add(`${who} ${name}`)
      const found = showValue(valueReader(this.#device.memory, column)(row), column.type)
      this.#tell(code, `${who} that the ${name} value is ${boundText(bound)}, ${JSON.stringify(found)} is ${side} it`, this.#column.nested ? undefined : row)
    }
  }

  #tell(code: string, what: string, row?: number): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    const place = { rowGroup: this.#rowGroup, column: this.#column.field.name, ...(row !== undefined && { row: this.#firstRow() + this.#row + row + 1 }) }
    this.#problems.add(code, `row group ${place.rowGroup}, column "${place.column}"${place.row === undefined ? '' : `, row ${place.row}`}: ${what}`, place)
  }

  #firstRow(): number {
    return this.#file.rowGroups.slice(0, this.#rowGroup).reduce((sum, group) => sum + group.rowCount, 0)
  }
}

function release(arena: Arena | undefined): undefined {
  arena?.release()
  return undefined
}

function boundText(bound: unknown): string {
  return bound instanceof Uint8Array ? JSON.stringify(new TextDecoder().decode(bound)) : String(bound)
}
