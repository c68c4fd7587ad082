// `write.parquet`: row groups as the rows come, the footer at the end of a file.
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { ParquetWriter, type ParquetWriterState } from '../format/parquet/parquet-writer.ts'
import { checkParquetWrite, type ParquetWriteOptions } from '../format/parquet/write-options.ts'
import { type FileSinkFormat, type FileSinkOptions, fileSink } from './files.ts'
import { encodedGroups, RowGroupEncoder } from './row-groups.ts'

/** Options of `write.parquet`. */
export type ParquetSinkOptions = FileSinkOptions & ParquetWriteOptions

/** Parquet for `fileSink`. A checkpoint of a single file ends its row group, so that the rows lie in the file. */
export const parquetFiles: FileSinkFormat<ParquetSinkOptions> = {
  kind: 'parquet',
  ending: 'parquet',
  check: checkParquetWrite,
  open(device, fields, options, sink, where, resume) {
    const writer = new ParquetWriter(device, fields, sink, options, where, resume as ParquetWriterState | undefined)
    const write = (batch: Batch) => {
      const groups = encodedGroups(device, batch)
      if (groups) writer.append(groups.parts, groups.entries)
      else writer.write(batch)
    }
    return { write, checkpoint: () => writer.checkpoint() as Json, finish: () => writer.finish(), close: () => writer.close() }
  },
  // Row groups that workers encode are as large as what a worker reads at once; exact numbers of rows can't be had of them.
  pieces: options => (options.rowGroupRows === undefined ? (device, fields) => new RowGroupEncoder(device, fields, options) : undefined),
}

/** The sink of Parquet files. */
export const parquetSink = fileSink(parquetFiles)
