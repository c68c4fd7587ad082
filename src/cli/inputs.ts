// Files as frames, for the commands: the library's own readers and writers, chosen by format.
import type { FrameValue } from '../frame/frame.ts'
import type { SinkLike } from '../frame/node.ts'
import { type FileFormat, fileFormat } from './file-format.ts'

type Reader = (path: string | readonly string[]) => FrameValue
type Writer = (path: string, options?: Record<string, unknown>) => SinkLike

interface Library {
  readonly read: Record<FileFormat, Reader>
  readonly write: Record<FileFormat, Writer>
  count(): unknown
}

/** The public library, loaded when a command needs it. */
export async function library(): Promise<Library> {
  return (await import('../index.ts')) as unknown as Library
}

/** The rows of files of one format. `named` is what --from says. Throws PlanError FORMAT, and what the reader throws. */
export async function openInputs(paths: readonly string[], named?: string): Promise<FrameValue> {
  const formats = new Set(paths.map(path => fileFormat(path, named, '--from')))
  const { read } = await library()
  if (formats.size === 1) return read[[...formats][0]!](paths.length === 1 ? paths[0]! : paths)
  const { PlanError } = await import('../base/errors.ts')
  throw new PlanError('FORMAT', `millrace: the inputs have different formats (${[...formats].join(', ')}); convert them one by one`)
}
