// Arrow IPC files and streams as a scan: a split is a record batch, and only the columns that are needed are read.
import type { Json } from '../base/json.ts'
import { type Batch, releaseBatch, retainBatch, sliceBatch } from '../batch/batch.ts'
import { arrowRowCount, decodeRecordBatch, selectArrowColumns } from '../format/arrow/decode-record-batch.ts'
import { type ArrowFile, readArrow } from '../format/arrow/read-arrow.ts'
import type { FetchedOptions } from './fetched-files.ts'
import { listFiles } from './file-list.ts'
import { mergeFields, packFields, unpackFields } from './merge-fields.ts'
import { type FileReader, headerOf, openFile, withFile } from './open-file.ts'
import { withPartitions } from './partitioned.ts'
import type { ScanContext, ScanSourceType } from './source.ts'

/** What users give, and what `resolve` adds: the files, the number of their record batches, the columns. */
export interface ArrowScanOptions extends FetchedOptions {
  readonly paths: readonly string[]
  readonly files?: readonly { readonly path: string; readonly batches: number }[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

const endings = ['.arrow', '.arrows', '.feather', '.ipc']

/** The scan behind `read.arrow`. A column that can't be read is listed as binary; reading it is a DataError that says what it is. */
export const arrowScan: ScanSourceType<ArrowScanOptions & Json> = withPartitions<ArrowScanOptions & Json>({
  kind: 'arrow',
  resolve(options, where) {
    const files = listFiles(options.paths, endings, where, options.fetched).map(path => withFile(path, where, reader => ({ path, file: openedOf(path, reader) }), options.fetched))
    const fields = mergeFields(
      files.map(({ path, file }) => ({ path, fields: file.columns.map(c => c.field) })),
      where,
    )
    return {
      options: { ...(options as ArrowScanOptions), files: files.map(({ path, file }) => ({ path, batches: file.batches.length })), fields: packFields(fields) },
      fields,
    }
  },
  splits: options => options.files!.flatMap((file, index) => Array.from({ length: file.batches }, (_, batch) => ({ file: index, batch }))),
  *read(context, options, split, columns) {
    const { path } = options.files![split.file as number]!
    const all = unpackFields(options.fields!)
    const fields = columns ? all.filter(f => columns.includes(f.name)) : all
    const reader = openFile(path, context.where, options.fetched)
    try {
      if (reader.fetch) yield reader.fetch(batchRanges(openedOf(path, reader), split.batch as number))
      const decode = { device: context.device, reader, file: openedOf(path, reader), where: path }
      const chosen = selectArrowColumns(
        decode.file,
        fields.map(f => f.name),
        path,
      )
      if (chosen.length === 0 && arrowRowCount(decode, split.batch as number) === 0) return
      const arena = context.arena()
      yield* emitSlices(context, { fields, arena: arena.address, ...decodeRecordBatch(decode, arena, split.batch as number, chosen) })
    } finally {
      reader.close()
    }
  },
  describe: options => `read.arrow ${options.paths.join(', ')}`,
}, endings)

// What a batch is made of: its message, and the dictionaries in front of it. (In a file all stand in front.)
function batchRanges({ batches, dictionaries }: ArrowFile, index: number): [number, number][] {
  return [...dictionaries, batches[index]!].map(({ metadataStart, bodyStart, bodyBytes }) => [metadataStart, bodyStart + bodyBytes])
}

// Slices begin at multiples of 64 rows, where bitmaps stay aligned; each has a reference of its own.
function* emitSlices(context: ScanContext, batch: Batch): Generator<void> {
  const step = Math.max(64, context.batchRows - (context.batchRows % 64))
  let start = 0
  let isLast = false
  try {
    for (; start + step < batch.rowCount; start += step) {
      context.emit(sliceBatch(retainBatch(context.device, batch), start, start + step))
      yield
    }
    isLast = true
  } finally {
    if (!isLast) releaseBatch(context.device, batch)
  }
  context.emit(start === 0 ? batch : sliceBatch(batch, start, batch.rowCount))
}

function openedOf(path: string, reader: FileReader): ArrowFile {
  return headerOf('arrow', path, reader, () => readArrow(reader, path))
}
