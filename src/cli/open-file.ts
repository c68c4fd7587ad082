// A file that a command reads by itself, local or behind an http(s) address, for as long as it looks at it.
import { namedFiles } from '../frame/file-input.ts'
import { untilFetched } from '../source/fetched-file.ts'
import { openSources } from '../source/fetched-files.ts'
import type { HttpOptions } from '../source/http-ranges.ts'
import { type FileReader, withFile } from '../source/open-file.ts'

/** How a file is found and left. */
export interface LookOptions {
  readonly format: 'parquet' | 'arrow'
  /** The command, for messages. */
  readonly where: string
  readonly http: HttpOptions | undefined
  readonly signal: AbortSignal
}

/** What `look` gives of a file, whose name for messages it is told: of an address without its query. It is called again after each fetch, so that it must only look. Throws what it throws, and ConnectorError. */
export async function lookAtFile<T>(path: string, { format, where, http, signal }: LookOptions, look: (reader: FileReader, name: string) => T): Promise<T> {
  const { paths, sources } = namedFiles(path, http, where)
  const name = paths[0]!
  if (sources.size === 0) return withFile(name, where, reader => look(reader, name))
  const opened = await openSources(format, {}, sources, signal, where)
  try {
    return await untilFetched(() => withFile(name, where, reader => look(reader, name), opened.set))
  } finally {
    opened.close()
  }
}
