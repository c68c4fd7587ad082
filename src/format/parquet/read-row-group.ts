// A row group as batches: its columns read in step, each no further than the batch needs.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import type { Batch } from '../../batch/batch.ts'
import { noColumn } from '../../batch/schema.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { SharedScratch } from './chunk-values.ts'
import { ColumnChunkReader } from './decode-column-chunk.ts'
import type { ColumnChunk } from './metadata.ts'
import { NestedColumnReader } from './nested-column.ts'
import { PagePlan, type RowRange } from './page-plan.ts'
import type { ParquetColumn, ParquetFile } from './read-footer.ts'
import { readPagePlaces } from './read-page-index.ts'
import type { ParquetLimits } from './read-pages.ts'
import { ScanTexts } from './scan-texts.ts'
import { leavesOf } from './schema-tree.ts'

/** What to read of a file, and where the batches go. */
export interface RowGroupRequest {
  readonly device: Device
  readonly reader: ByteReader
  readonly file: ParquetFile
  /** The file's name for messages. */
  readonly where: string
  readonly rowGroup: number
  /** The columns wanted, in this order; undefined = all, in the file's order. */
  readonly columns: readonly string[] | undefined
  readonly batchRows: number
  readonly limits?: ParquetLimits
  /** Only these rows of the row group: ascending, without overlap. Of columns with a page index, other pages are not fetched. */
  readonly ranges?: readonly RowRange[] | undefined
  /** False: the page index isn't asked where rows lie; all pages up to them are read. */
  readonly pageIndex?: boolean
  /** The dictionaries of texts that row groups share; undefined: this one has its own. */
  readonly texts?: ScanTexts | undefined
  /** Told of 'pagesSkipped'. */
  count?(metric: string, by: number): void
  /** An arena for the next batch; its reference goes to `emit`. On an error the last one stays the caller's. */
  arena(): Arena
  emit(batch: Batch): void
}

/** The columns of a file by name. Throws PlanError NO_COLUMN, DataError UNREADABLE_COLUMN. */
export function selectColumns(file: ParquetFile, columns: readonly string[] | undefined, where: string): ParquetColumn[] {
  const chosen = columns ? columns.map(name => file.columns.find(c => c.field.name === name) ?? missing(file, name, where)) : [...file.columns]
  const unreadable = chosen.find(c => c.unreadable !== undefined)
  if (unreadable) {
    const readable = file.columns.filter(c => c.unreadable === undefined).map(c => c.field.name)
    throw new DataError(
      'UNREADABLE_COLUMN',
      `${where}, column "${unreadable.field.name}": it is ${unreadable.unreadable}, which Millrace can't read; select other columns: ${readable.join(', ') || 'there are none'}`,
    )
  }
  return chosen
}

function missing(file: ParquetFile, name: string, where: string): never {
  throw noColumn(
    name,
    file.columns.map(c => c.field),
    where,
  )
}

/**
 * Reads one row group as batches of `batchRows` rows (the last has fewer, as have those of long lists), in order; yields after each. Memory: a page a column and the batch.
 * Throws what `selectColumns` and the columns' readers throw; batches already emitted stay valid.
 */
export function* readRowGroup(request: RowGroupRequest): Generator<void> {
  const { device, file, where, rowGroup } = request
  const columns = selectColumns(file, request.columns, where)
  const group = file.rowGroups[rowGroup]!
  if (group.rowCount === 0) return
  const fields = columns.map(c => c.field)
  const shared = new SharedScratch(device)
  const texts = request.texts ?? new ScanTexts(device)
  const open: (ColumnChunkReader | NestedColumnReader)[] = []
  const { batchRows, longest } = batchOf(request, columns)
  try {
    for (const column of columns) open.push(openColumn(request, column, shared, texts))
    let row = 0
    for (const [start, end] of rangesOf(request, group.rowCount)) {
      for (const column of open) if (start > row) column.skip(start - row, leafValuesMax)
      for (row = start; row < end; ) {
        const arena = request.arena()
        const first = open[longest]?.read(arena, Math.min(batchRows, end - row), leafValuesMax)
        const rowCount = first?.length ?? Math.min(batchRows, end - row)
        request.emit({ fields, rowCount, columns: open.map((column, i) => (i === longest ? first! : column.read(arena, rowCount))), arena: arena.address })
        row += rowCount
        yield
      }
    }
  } finally {
    for (const column of open) column.close()
    shared.close()
    if (!request.texts) texts.close()
  }
}

function openColumn(request: RowGroupRequest, column: ParquetColumn, shared: SharedScratch, texts: ScanTexts): ColumnChunkReader | NestedColumnReader {
  const { device, reader, file, where, rowGroup, limits } = request
  const { rowCount, chunks } = file.rowGroups[rowGroup]!
  const planOf = (chunk: ColumnChunk) => pagePlanOf(request, chunk, rowCount)
  if (column.nested) return new NestedColumnReader(device, { reader, where, rowGroup, rowCount, chunks, planOf }, column.nested, shared, limits)
  const chunk = chunks[column.leaf]!
  return new ColumnChunkReader(device, { reader, where, rowGroup, columnName: column.field.name, chunk }, column, rowCount, shared, texts, limits, planOf(chunk))
}

function pagePlanOf({ reader, ranges, pageIndex = true, count }: RowGroupRequest, chunk: ColumnChunk, rowCount: number): PagePlan | undefined {
  const pages = ranges && pageIndex ? readPagePlaces(reader, chunk, rowCount) : undefined
  const plan = pages && new PagePlan(pages, ranges!)
  if (plan && plan.skipped > 0) count?.('pagesSkipped', plan.skipped)
  return plan
}

function rangesOf({ ranges, where, rowGroup }: RowGroupRequest, rowCount: number): readonly RowRange[] {
  if (!ranges) return [[0, rowCount]]
  let before = 0
  for (const [start, end] of ranges) {
    if (start < before || end <= start || end > rowCount)
      throw new DataError('ROW_RANGE', `${where}, row group ${rowGroup}: rows ${start} to ${end} are asked for, behind ${before} of ${rowCount}; the file has changed meanwhile, run the job again`)
    before = end
  }
  return ranges
}

/** Values of one leaf that a batch holds, about. */
const leafValuesMax = 1 << 20

// Fewer rows where lists are long, so that a batch isn't large: as many as have so many values on average; and the column that is read first, to say where rows are longer.
function batchOf({ file, rowGroup, batchRows }: RowGroupRequest, columns: readonly ParquetColumn[]): { batchRows: number; longest: number } {
  const { rowCount, chunks } = file.rowGroups[rowGroup]!
  const counts = columns.map(({ nested }) => (nested ? leavesOf(nested).reduce((most, { leaf }) => Math.max(most, chunks[leaf.leaf]!.valueCount), 0) : 0))
  const most = counts.reduce((a, b) => Math.max(a, b), 0)
  const rows = most <= rowCount ? batchRows : Math.min(batchRows, Math.floor((leafValuesMax * rowCount) / most))
  return { batchRows: Math.max(1, rows), longest: counts.indexOf(most) }
}
