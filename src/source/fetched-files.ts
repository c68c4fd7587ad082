// The fetched files that jobs at work read, by the number that a scan's options carry beside the files' names: plans are plain data, and sources are not.
import { CancelledError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { FetchedFile } from './fetched-file.ts'
import type { RangeSource } from './range-source.ts'

/** What a scan of files that are not all local has among its options: the number of their set, 0 before they are opened. */
export interface FetchedOptions {
  readonly fetched?: number
}

/** The sources of a scan, by the names that stand among its paths. */
export type FileSources = ReadonlyMap<string, RangeSource>

const sets = new Map<number, ReadonlyMap<string, FetchedFile>>()
let count = 0

/** The file of that name in a set; undefined where it is a local file's path. Throws PlanError NOT_FETCHED where the set is not open. */
export function fetchedFile(path: string, set: number | undefined): FetchedFile | undefined {
  if (set === undefined) return undefined
  const files = sets.get(set)
  if (!files) throw new PlanError('NOT_FETCHED', `${path}: nothing has been fetched of it, so its columns are not known; run the frame, or await explain({ analyze: true })`)
  return files.get(path)
}

/** Whether a scan reads files that are awaited, as its options say. */
export function readsFetched(options: Json): boolean {
  return typeof options === 'object' && options !== null && (options as FetchedOptions).fetched !== undefined
}

const tailBytes = 64 << 10
const sampleBytes = 1 << 20

/**
 * Opens the sources of a scan of kind `kind`: the options with the number of the set, which `close` ends, with all reads of it. Throws ConnectorError or DataError as the sources do.
 */
export async function openSources(kind: string, options: Json, sources: FileSources, signal: AbortSignal | undefined, where: string): Promise<{ options: Json; set: number; close(): void }> {
  const abort = new AbortController()
  const cancel = () => abort.abort(new CancelledError(where))
  if (signal?.aborted) throw new CancelledError(where)
  signal?.addEventListener('abort', cancel, { once: true })
  const first = kind === 'parquet' || kind === 'arrow' ? ({ at: 'end', bytes: tailBytes } as const) : ({ at: 'start', bytes: sampleBytes } as const)
  const files = new Map<string, FetchedFile>()
  try {
    for (const [name, source] of sources) files.set(name, await FetchedFile.open(source, first, abort.signal))
  } catch (thrown) {
    cancel()
    throw thrown
  }
  const set = ++count
  sets.set(set, files)
  const close = () => {
    signal?.removeEventListener('abort', cancel)
    sets.delete(set)
    cancel()
  }
  return { options: { ...(options as object), fetched: set } as Json, set, close }
}
