// Arrow IPC files and streams as a scan: a split is some record batches that follow each other, and only the columns that are needed are read.
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

/** What users give, and what `resolve` adds: the files, the first record batch of each split and the number of all, the columns. */
export interface ArrowScanOptions extends FetchedOptions {
  readonly paths: readonly string[]
  readonly files?: readonly { readonly path: string; readonly starts: readonly number[]; readonly batches: number }[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

/** What names of such files end in. */
export const arrowEndings: readonly string[] = ['.arrow', '.arrows', '.feather', '.ipc']
// Enough for a row group of Parquet, but a sixteenth of a file at most.
const splitBytesMin = 4 << 20
const splitBytesMax = 16 << 20

/** The scan behind `read.arrow`. A column that can't be read is listed as binary; reading it is a DataError that says what it is. */
export const arrowScan: ScanSourceType<ArrowScanOptions & Json> = withPartitions<ArrowScanOptions & Json>({
  kind: 'arrow',
  resolve(options, where) {
    const files = listFiles(options.paths, arrowEndings, where, options.fetched).map(path => withFile(path, where, reader => ({ path, file: openedOf(path, reader) }), options.fetched))
    const fields = mergeFields(
      files.map(({ path, file }) => ({ path, fields: file.columns.map(c => c.field) })),
      where,
    )
    return {
      options: { ...(options as ArrowScanOptions), files: files.map(({ path, file }) => ({ path, starts: splitStarts(file.batches), batches: file.batches.length })), fields: packFields(fields) },
      fields,
    }
  },
  splits: options => options.files!.flatMap(({ starts, batches }, file) => starts.map((start, i) => ({ file, start, end: starts[i + 1] ?? batches }))),
  *read(context, options, split, columns) {
    const { path } = options.files![split.file as number]!
    const all = unpackFields(options.fields!)
    const fields = columns ? all.filter(f => columns.includes(f.name)) : all
    const reader = openFile(path, context.where, options.fetched)
    try {
      const file = openedOf(path, reader)
      const decode = { device: context.device, reader, file, where: path }
      const chosen = selectArrowColumns(
        file,
        fields.map(f => f.name),
        path,
      )
      for (let batch = split.start as number; batch < (split.end as number); batch++) {
        if (reader.fetch) yield reader.fetch(batchRanges(file, batch))
        if (chosen.length === 0 && arrowRowCount(decode, batch) === 0) continue
        const arena = context.arena()
        yield* emitSlices(context, { fields, arena: arena.address, ...decodeRecordBatch(decode, arena, batch, chosen) })
        yield
      }
    } finally {
      reader.close()
    }
  },
  describe: options => `read.arrow ${options.paths.join(', ')}`,
}, arrowEndings)

// The first batch of each split.
function splitStarts(batches: ArrowFile['batches']): number[] {
  const bytes = batches.map(({ bodyBytes }) => bodyBytes)
  const wanted = Math.min(splitBytesMax, Math.max(splitBytesMin, bytes.reduce((sum, b) => sum + b, 0) / 16))
  let held = Infinity
  return bytes.flatMap((b, i) => {
    const begins = held >= wanted
    held = (begins ? 0 : held) + b
    return begins ? [i] : []
  })
}

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
