// Files as frames, for the commands: the library's own readers, chosen by format.
import { PlanError } from '../base/errors.ts'
import type { FrameValue } from '../frame/frame.ts'
import { type FileFormat, fileFormat } from './file-format.ts'

/** The library as users import it, loaded when a command needs it. */
export function library(): Promise<typeof import('../index.ts')> {
  return import('../index.ts')
}

/** The rows of files of one format. `named` is what --from says. Throws PlanError FORMAT; the files are looked at when the frame runs. */
export async function openInputs(paths: readonly string[], named?: string): Promise<FrameValue> {
  const formats = new Set(paths.map(path => fileFormat(path, named, '--from')))
  const [format] = [...formats] as [FileFormat]
  if (formats.size > 1) throw new PlanError('FORMAT', `millrace: the inputs have different formats (${[...formats].join(', ')}); convert them one by one`)
  const { read } = await library()
  const readers = { parquet: () => read.parquet(paths), csv: () => read.csv(paths), ndjson: () => read.ndjson(paths), arrow: () => read.arrow(paths) }
  // A Frame is a FrameValue seen with the types of its columns, which nobody knows here.
  return readers[format]() as unknown as FrameValue
}
