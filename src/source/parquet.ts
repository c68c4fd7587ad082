// Parquet files as a scan: a split is a row group, and only the columns that are needed are read.
import { PlanError } from '../base/errors.ts'
import type { HiddenReference } from '../base/hidden.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { lacksValue } from '../format/parquet/bloom-filter.ts'
import { columnBounds, type LacksOf } from '../format/parquet/chunk-bounds.ts'
import { chunkRanges } from '../format/parquet/chunk-ranges.ts'
import { pagePieces } from '../format/parquet/page-pieces.ts'
import type { RowRange } from '../format/parquet/page-plan.ts'
import type { Int96Unit } from '../format/parquet/column-type.ts'
import { footerKeyMetadata } from '../format/parquet/open-footer.ts'
import { findKey, hasFinder, type KeySet, revealKeys } from '../format/parquet/parquet-keys.ts'
import { footerBytes, type ParquetColumn, type ParquetFile, readFooter } from '../format/parquet/read-footer.ts'
import { readRowGroup, selectColumns } from '../format/parquet/read-row-group.ts'
import { ScanTexts } from '../format/parquet/scan-texts.ts'
import { leavesOf } from '../format/parquet/schema-tree.ts'
import { untilFetched } from './fetched-file.ts'
import type { FetchedOptions } from './fetched-files.ts'
import { listFiles } from './file-list.ts'
import { mergeFields, packFields, unpackFields } from './merge-fields.ts'
import { type FileReader, headerOf, openFile, withFile } from './open-file.ts'
import { withPartitions } from './partitioned.ts'
import type { ScanSourceType, ScanSplit } from './source.ts'

/** What users give, and what `resolve` adds: the files, the rows of their row groups, the columns. */
export interface ParquetScanOptions extends FetchedOptions {
  readonly paths: readonly string[]
  /** Whether the checksums of pages are compared. */
  readonly verifyChecksums?: boolean
  /** False reads all pages of the row groups that are read; otherwise those that a filter wants nothing of, by the file's page index, are left out. */
  readonly pageIndex?: boolean
  /** Only the rows [from, to) of all files together, in the order in which they are read. */
  readonly rows?: readonly [from: number, to: number]
  /** False doesn't ask the files' Bloom filters. */
  readonly bloomFilters?: boolean
  /** The unit of INT96 timestamps, nanoseconds by default, which end in the years 1677 and 2262; what is beside a coarser one is cut off. */
  readonly int96?: Int96Unit
  /** The keys of encrypted files, out of sight. */
  readonly decryption?: HiddenReference
  readonly files?: readonly { readonly path: string; readonly groups: readonly number[] }[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

/** What names of such files end in. */
export const parquetEndings: readonly string[] = ['.parquet', '.pq']

/** The scan behind `read.parquet`. A column that can't be read is listed as binary; reading it is a DataError that says what it is. */
export const parquetScan: ScanSourceType<ParquetScanOptions & Json> = withPartitions<ParquetScanOptions & Json>({
  kind: 'parquet',
  prepare(options, where, columns) {
    const keys = keysOf(options, where)
    return keys && hasFinder(keys) ? findKeys(options, keys, where, columns) : undefined
  },
  resolve(options, where) {
    checkUnit(options, where)
    checkRows(options, where)
    const files = listFiles(options.paths, parquetEndings, where, options.fetched).map(path => withFile(path, where, reader => ({ path, file: footerOf(path, reader, options, where) }), options.fetched))
    const fields = mergeFields(
      files.map(({ path, file }) => ({ path, fields: file.columns.map(c => c.field) })),
      where,
    )
    const listed = files.map(({ path, file }) => ({ path, groups: file.rowGroups.map(g => g.rowCount) }))
    return { options: { ...(options as ParquetScanOptions), files: listed, fields: packFields(fields) }, fields }
  },
  splits: splitsOf,
  rowCount: options => splitsOf(options).reduce((sum, { file, group, rows }) => sum + (rows ? rows[0]![1] - rows[0]![0] : options.files![file]!.groups[group]!), 0),
  bounds(options, split, columns) {
    const { path } = options.files![split.file as number]!
    const file = withFile(path, 'read.parquet', reader => footerOf(path, reader, options, 'read.parquet'), options.fetched)
    const group = file.rowGroups[split.group as number]
    const found = file.columns.filter(column => columns.includes(column.field.name) && column.unreadable === undefined)
    return Object.fromEntries(found.map(column => [column.field.name, group ? columnBounds(column, group.chunks, options.bloomFilters === false ? undefined : lacksOf(path, options.fetched)) : {}]))
  },
  pieces(options, split, columns) {
    if (options.pageIndex === false) return undefined
    const { path } = options.files![split.file as number]!
    return withFile(path, 'read.parquet', reader => {
      const file = footerOf(path, reader, options, 'read.parquet')
      const group = file.rowGroups[split.group as number]
      const found = group && pagePieces(reader, file.columns.filter(column => columns.includes(column.field.name) && column.unreadable === undefined), group.chunks, group.rowCount)
      const [from, to] = (split as GroupSplit).rows?.[0] ?? [0, Number.POSITIVE_INFINITY]
      return found?.flatMap(piece => (piece.end <= from || piece.start >= to ? [] : [{ ...piece, start: Math.max(piece.start, from), end: Math.min(piece.end, to) }]))
    }, options.fetched)
  },
  *read(context, options, split, columns) {
    const { path } = options.files![split.file as number]!
    const all = unpackFields(options.fields!)
    const fields = columns ? all.filter(f => columns.includes(f.name)) : all
    const reader = openFile(path, context.where, options.fetched)
    try {
      const file = footerOf(path, reader, options, context.where)
      const chosen = selectColumns(
        file,
        fields.map(f => f.name),
        path,
      )
      const ranges = split.rows as unknown as readonly RowRange[] | undefined
      const wanted = () => chunkRanges(reader, chosen, file.rowGroups[split.group as number]!, options.pageIndex === false ? undefined : ranges)
      if (reader.fetch) yield untilFetched(wanted).then(found => reader.fetch!(found))
      yield* readRowGroup({
        device: context.device,
        reader,
        file,
        where: path,
        rowGroup: split.group as number,
        columns: fields.map(f => f.name),
        batchRows: context.batchRows,
        limits: { verifyChecksums: options.verifyChecksums ?? false },
        arena: () => context.arena(),
        ranges,
        pageIndex: options.pageIndex !== false,
        texts: context.keep?.('texts', () => new ScanTexts(context.device)),
        count: (metric, by) => context.count(metric, by),
        emit: (batch: Batch) => context.emit({ ...batch, fields }),
      })
    } finally {
      reader.close()
    }
  },
  describe: options => `read.parquet ${options.paths.join(', ')}`,
}, parquetEndings)

/** A row group, and its rows [start, end), where not all of them are wanted. */
type GroupSplit = { readonly file: number; readonly group: number; readonly rows?: readonly RowRange[] }

// Row groups without rows that are wanted are left out.
function splitsOf({ files, rows: [from, to] = [0, Number.POSITIVE_INFINITY] }: ParquetScanOptions): (GroupSplit & ScanSplit)[] {
  let first = 0
  return files!.flatMap(({ groups }, file) =>
    groups.flatMap((count, group) => {
      const [start, end] = [Math.max(0, from - first), Math.min(count, to - first)]
      first += count
      return start >= end ? [] : [{ file, group, ...(end - start < count && { rows: [[start, end]] as const }) }]
    }),
  )
}

function checkRows({ rows }: ParquetScanOptions, where: string): void {
  if (rows === undefined) return
  const [from, to] = Array.isArray(rows) ? (rows as readonly [number, number]) : []
  if (rows.length === 2 && isRow(from) && isRow(to) && from! <= to!) return
  throw new PlanError('ROWS', `${where}: rows is ${JSON.stringify(rows)}; give the first row and that behind the last, both counted from 0, as in [1000, 2000]`)
}

function isRow(value: number | undefined): boolean {
  return Number.isSafeInteger(value) && value! >= 0
}

// A filter is asked only where statistics don't tell.
function lacksOf(path: string, fetched: number | undefined): LacksOf {
  return (leaf, chunk) => chunk.bloomFilter && ((value, type) => withFile(path, 'read.parquet', reader => lacksValue(reader, leaf, chunk, value, type), fetched))
}

function checkUnit({ int96 }: ParquetScanOptions, where: string): void {
  if (int96 === undefined || ['ms', 'us', 'ns'].includes(int96)) return
  throw new PlanError('INT96', `${where}: int96 is ${JSON.stringify(int96)}; it is the unit of timestamps, 'ms', 'us' or 'ns'`)
}

function keysOf({ decryption }: ParquetScanOptions, where: string): KeySet | undefined {
  return decryption && revealKeys(decryption, where)
}

// A footer is read again once more keys are known: it then says more.
function footerOf(path: string, reader: FileReader, options: ParquetScanOptions, where: string): ParquetFile {
  const { int96, decryption } = options
  const keys = keysOf(options, where)
  return headerOf(`parquet ${int96}${keys ? ` ${decryption!.hidden} ${keys.described.size}` : ''}`, path, reader, () => readFooter(reader, path, int96, keys))
}

// Asks for the keys of the footers, or of columns that are to be read, once each.
async function findKeys(options: ParquetScanOptions, keys: KeySet, where: string, columns: readonly string[] | undefined): Promise<void> {
  const { fetched } = options
  for (const path of listFiles(options.paths, parquetEndings, where, fetched)) {
    if (columns?.length === 0) await findKey(keys, withFile(path, where, reader => footerKeyMetadata(footerBytes(reader, path), path), fetched), `${path}, footer`)
    else {
      const file = withFile(path, where, reader => footerOf(path, reader, options, where), fetched)
      for (const { name, keyMetadata } of columnKeys(file, columns)) await findKey(keys, keyMetadata, `${path}, column "${name}"`)
    }
  }
}

function columnKeys({ columns, rowGroups }: ParquetFile, names: readonly string[] | undefined): { name: string; keyMetadata: Uint8Array | undefined }[] {
  const wanted = columns.filter(({ field, unreadable }) => unreadable === undefined && (!names || names.includes(field.name)))
  return rowGroups.flatMap(({ chunks }) =>
    wanted.flatMap(column => leavesOfColumn(column).flatMap(leaf => {
      const { encrypted, crypto } = chunks[leaf]!
      return encrypted && crypto?.kind === 'column key' ? [{ name: column.field.name, keyMetadata: crypto.keyMetadata }] : []
    })),
  )
}

function leavesOfColumn({ leaf, nested }: ParquetColumn): number[] {
  return nested ? leavesOf(nested).map(node => node.leaf.leaf) : [leaf]
}
