// A file format written into a stream of bytes, such as standard output: rows go out as they come, and what was written stays written.
import type { ByteSink } from '../base/bytes.ts'
import { asError, ConnectorError, MillraceError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { arrowFiles, arrowSink } from './arrow.ts'
import { csvFiles, csvSink } from './csv.ts'
import type { FileEncoder, FileSinkFormat, FileSinkOptions } from './files.ts'
import { jsonArrayFiles, jsonSink, ndjsonFiles, ndjsonSink } from './ndjson.ts'
import { parquetFiles, parquetSink } from './parquet.ts'
import type { SinkContext, SinkType, SinkWriter } from './sink.ts'

/** The formats that go into a stream. */
export type PipeFormat = 'arrow' | 'csv' | 'json' | 'ndjson' | 'parquet'

/** What the plan says of the stream: its name for messages, and the options of the format's own sink but for the path. */
export interface PipeOptions {
  readonly name: string
  readonly format: PipeFormat
  readonly options: { readonly [option: string]: Json | undefined }
}

/** With where the bytes go, which a plan can't hold. */
export interface BoundPipe extends PipeOptions {
  /** Takes bytes of its own; resolves when there is room for more. Rejects with the system's error, EPIPE where the reader has gone, or with CancelledError. */
  readonly send: (bytes: Uint8Array) => Promise<void>
}

const kinds = {
  arrow: [arrowFiles, arrowSink],
  csv: [csvFiles, csvSink],
  json: [jsonArrayFiles, jsonSink],
  ndjson: [ndjsonFiles, ndjsonSink],
  parquet: [parquetFiles, parquetSink],
} as unknown as Record<PipeFormat, readonly [FileSinkFormat<FileSinkOptions>, SinkType<FileSinkOptions>]>

/** The sink of a stream. Throws ConnectorError PIPE_CLOSED where the reader has gone, PIPE where the stream fails otherwise. */
export const pipeSink: SinkType<PipeOptions> = {
  kind: 'pipe',
  delivery: () => 'append',
  check: (options, fields, where) => kinds[options.format][1].check(styleOf(options), fields, where),
  async open(context, options) {
    return new PipeWriter(context, options as BoundPipe)
  },
  encoder: options => kinds[options.format][1].encoder?.(styleOf(options)),
  describe: ({ format, name }) => `write.${format} to ${name}`,
}

// Like a folder's files, a stream has no name that would tell anything of its format.
function styleOf({ options }: PipeOptions): FileSinkOptions {
  return { ...options, path: './' }
}

class PipeWriter implements SinkWriter {
  readonly #where: string
  readonly #pipe: BoundPipe
  readonly #encoder: FileEncoder
  #waiting: Uint8Array[] = []

  constructor(context: SinkContext, pipe: BoundPipe) {
    const { device, fields, where } = context
    this.#where = where
    this.#pipe = pipe
    // What is appended lies in memory that is used again.
    const sink: ByteSink = { append: bytes => void this.#waiting.push(new Uint8Array(bytes)) }
    this.#encoder = kinds[pipe.format][0].open(device, fields, styleOf(pipe), sink, where, undefined)
  }

  async write({ batch }: Parameters<SinkWriter['write']>[0]): Promise<void> {
    this.#encoder.write(batch)
    await this.#send()
  }

  async close(failed: boolean): Promise<void> {
    try {
      if (failed) return
      this.#encoder.finish()
      await this.#send()
    } finally {
      this.#encoder.close()
    }
  }

  async #send(): Promise<void> {
    for (const bytes of this.#waiting.splice(0)) {
      try {
        await this.#pipe.send(bytes)
      } catch (thrown) {
        if (thrown instanceof MillraceError) throw thrown
        const isClosed = (thrown as NodeJS.ErrnoException).code === 'EPIPE'
        const why = isClosed ? 'its reader has closed it' : asError(thrown).message
        throw new ConnectorError(isClosed ? 'PIPE_CLOSED' : 'PIPE', `${this.#where}: can't write to ${this.#pipe.name}: ${why}; what went before has been written`, { cause: thrown })
      }
    }
  }
}
