// What the flags of every command that reads files (`options.ts`) mean to readers.
import type { ParquetDecryption } from '../format/parquet/parquet-keys.ts'
import type { FrameValue } from '../frame/frame.ts'
import type { HttpOptions } from '../source/http-ranges.ts'
import { fileFormat, isWebAddress } from './file-format.ts'
import { httpHeaders } from './http-headers.ts'
import { type InputOptions, inputFormat, openInputs } from './inputs.ts'
import { decryptionKeys } from './key-files.ts'
import type { InputFlags } from './options.ts'

/** What the flags say to the readers of `paths`, which are of one format. Throws PlanError FORMAT, KEY_FILE, HTTP_HEADERS; DataError KEY_FILE, HTTP_HEADERS; ConnectorError. */
export function readingOf(paths: readonly string[], flags: InputFlags): InputOptions {
  return { decryption: decryptionKeys(flags.decryptionKeys, inputFormat(paths, flags.from)), http: httpOf(paths, flags) }
}

/** The rows of files of one format, as the flags say. `more` are what the command has beside. Throws as `readingOf`. */
export function openFlagged(paths: readonly string[], flags: InputFlags, more: InputOptions = {}): Promise<FrameValue> {
  return openInputs(paths, flags.from, { ...more, ...readingOf(paths, flags) })
}

/** The keys for a file that a command reads by itself; undefined of other formats, where some of its files are Parquet. Throws as `readingOf`. */
export function keysFor(path: string, paths: readonly string[], flags: InputFlags): ParquetDecryption | undefined {
  const isParquet = (file: string) => fileFormat(file, flags.from, '--from') === 'parquet'
  return isParquet(path) || !paths.some(isParquet) ? decryptionKeys(flags.decryptionKeys, fileFormat(path, flags.from, '--from')) : undefined
}

/** How web addresses among `paths` are asked for. Throws as `readingOf`. */
export function httpOf(paths: readonly string[], flags: InputFlags): HttpOptions | undefined {
  return flags.httpHeaders === undefined ? undefined : { headers: httpHeaders(flags.httpHeaders, paths.some(isWebAddress)) }
}
