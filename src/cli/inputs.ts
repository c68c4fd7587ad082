// Files as frames, for the commands: the library's own readers, chosen by format.
import { PlanError } from '../base/errors.ts'
import type { OnError } from '../frame/decoded.ts'
import type { ParquetDecryption } from '../format/parquet/parquet-keys.ts'
import type { FrameValue } from '../frame/frame.ts'
import type { HttpOptions } from '../source/http-ranges.ts'
import type { StreamedSource } from '../source/streamed-source.ts'
import { type FileFormat, fileFormat, isTabbed } from './file-format.ts'
import type { RowSpan } from './options.ts'

/** The library as users import it, loaded when a command needs it. */
export function library(): Promise<typeof import('../index.ts')> {
  return import('../index.ts')
}

/** What a command may say of its inputs. `onError` is for formats of text, `decryption` for Parquet, `http` for web addresses; `rows` only these of all files together; `stream` stands in place of the path -. */
export interface InputOptions {
  readonly schema?: Readonly<Record<string, string>>
  readonly onError?: OnError
  readonly decryption?: ParquetDecryption | undefined
  readonly http?: HttpOptions | undefined
  readonly rows?: RowSpan | undefined
  readonly stream?: StreamedSource | undefined
}

/** The one format of all inputs. `named` is what --from says. Throws PlanError FORMAT. */
export function inputFormat(paths: readonly string[], named?: string): FileFormat {
  const formats = new Set(paths.map(path => fileFormat(path, named, '--from')))
  const [format] = [...formats] as [FileFormat]
  if (formats.size > 1) throw new PlanError('FORMAT', `millrace: the inputs have different formats (${[...formats].join(', ')}); convert them one by one`)
  return format
}

/** The rows of files of one format. `named` is what --from says. Throws PlanError FORMAT; the files are looked at when the frame runs. */
export async function openInputs(paths: readonly string[], named?: string, { schema, onError, decryption, http, rows, stream }: InputOptions = {}): Promise<FrameValue> {
  const format = inputFormat(paths, named)
  const { read } = await library()
  const typed = { ...(schema && { schema: schema as Record<string, 'utf8'> }), ...(http && { http }) }
  const text = { ...typed, ...(onError !== undefined && { onError }) }
  const tabs = paths.every(path => isTabbed(path, named)) ? { delimiter: '\t' } : {}
  // Readers take it as they take files, but users have no such thing.
  const files = (stream ?? paths) as readonly string[]
  const readers = {
    parquet: () => read.parquet(paths, { ...typed, ...(decryption && { decryption }), ...(rows && { rows }) }),
    csv: () => read.csv(files, { ...text, ...tabs }),
    ndjson: () => read.ndjson(files, text),
    json: () => read.json(files, text),
    arrow: () => read.arrow(paths, typed),
  }
  // A Frame is a FrameValue seen with the types of its columns, which nobody knows here.
  const frame = readers[format]() as unknown as FrameValue
  // Others are read up to there.
  return !rows || format === 'parquet' ? frame : frame.limit(rows[1] - rows[0], { offset: rows[0] })
}
