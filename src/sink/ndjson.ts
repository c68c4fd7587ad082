// `write.ndjson`: a JSON object a line.
import { encodeJsonRows } from '../compute/encode-text.ts'
import { type FileSinkFormat, type FileSinkOptions, fileSink } from './files.ts'
import { textEncoder } from './text-files.ts'

/** NDJSON for `fileSink`. */
export const ndjsonFiles: FileSinkFormat<FileSinkOptions> = {
  kind: 'ndjson',
  ending: 'ndjson',
  isText: true,
  open: (device, _fields, _options, sink) => textEncoder(device, sink, (arena, batch) => encodeJsonRows(device, arena, batch)),
}

/** The sink of NDJSON files. */
export const ndjsonSink = fileSink(ndjsonFiles)
