// `write.parquet`: row groups as the rows come, the footer at the end of a file.
import type { Json } from '../base/json.ts'
import { checkParquetWrite, type ParquetWriteOptions, ParquetWriter, type ParquetWriterState } from '../format/parquet/parquet-writer.ts'
import { type FileSinkFormat, type FileSinkOptions, fileSink } from './files.ts'

/** Options of `write.parquet`. */
export type ParquetSinkOptions = FileSinkOptions & ParquetWriteOptions

/** Parquet for `fileSink`. A checkpoint of a single file ends its row group, so that the rows lie in the file. */
export const parquetFiles: FileSinkFormat<ParquetSinkOptions> = {
  kind: 'parquet',
  ending: 'parquet',
  check: checkParquetWrite,
  open(device, fields, options, sink, where, resume) {
    const writer = new ParquetWriter(device, fields, sink, options, where, resume as ParquetWriterState | undefined)
    return { write: batch => writer.write(batch), checkpoint: () => writer.checkpoint() as Json, finish: () => writer.finish(), close: () => writer.close() }
  },
}

/** The sink of Parquet files. */
export const parquetSink = fileSink(parquetFiles)
