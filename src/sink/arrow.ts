// `write.arrow`: Arrow IPC, a record batch for each batch; a file with a footer, or a stream where the path ends in .arrows.
import type { Json } from '../base/json.ts'
import { ArrowWriter, type ArrowWriterState } from '../format/arrow/arrow-writer.ts'
import { type FileSinkFormat, type FileSinkOptions, fileSink } from './files.ts'

/** Options of `write.arrow`. */
export interface ArrowSinkOptions extends FileSinkOptions {
  /** A stream has no footer, and can be read while it is written; 'file' unless the path ends in .arrows. */
  readonly form?: 'file' | 'stream'
}

/** Arrow for `fileSink`. */
export const arrowFiles: FileSinkFormat<ArrowSinkOptions> = {
  kind: 'arrow',
  ending: 'arrow',
  open(device, fields, options, sink, _where, resume) {
    const writer = new ArrowWriter(device, fields, sink, options.form ?? (options.path.endsWith('.arrows') ? 'stream' : 'file'), resume as ArrowWriterState | undefined)
    return { write: batch => writer.write(batch), checkpoint: () => writer.checkpoint() as Json, finish: () => writer.finish(), close: () => {} }
  },
}

/** The sink of Arrow files. */
export const arrowSink = fileSink(arrowFiles)
