// A file as random access bytes, and the few files a worker keeps open with what it has read of their headers.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteReader } from '../base/bytes.ts'
import { DataError } from '../base/errors.ts'
import type { ByteRange } from './fetched-file.ts'
import { fetchedFile } from './fetched-files.ts'
import { fileError } from './file-list.ts'

/** An open file. */
export interface FileReader extends ByteReader {
  /** Changes when the file does. */
  readonly version: string
  /** Reads from byte `start` on into `target`, which may be a view on the shared memory; less than it holds only at the file's end. Returns the bytes read. */
  readInto(target: Uint8Array, start: number): number
  /** Where bytes are awaited: fetches those of `ranges` that aren't there, until `close`. What is read without is a BytesMissing. */
  fetch?(ranges: readonly ByteRange[]): Promise<void>
  close(): void
}

/** Opens a file for reading: a local one, or the one of that name in the set `fetched`. Throws ConnectorError as `fileError`; reads throw DataError FILE_CUT where the file has become shorter. */
export function openFile(path: string, where: string, fetched?: number): FileReader {
  const found = fetchedFile(path, fetched)
  if (found) return found.reader()
  let descriptor: number
  let size: number
  let version: string
  try {
    descriptor = openSync(path, 'r')
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw Object.assign(new DataError('FILE_KIND', path), { code: 'EISDIR' })
    size = stat.size
    version = `${stat.ino} ${stat.size} ${stat.mtimeMs}`
  } catch (thrown) {
    throw fileError(where, 'open', path, thrown)
  }
  const readInto = (target: Uint8Array, start: number): number => {
    let at = 0
    while (at < target.byteLength) {
      let count: number
      try {
        count = readSync(descriptor, target, at, target.byteLength - at, start + at)
      } catch (thrown) {
        throw fileError(where, 'read', path, thrown)
      }
      if (count === 0) break
      at += count
    }
    return at
  }
  const readTo = (start: number, target: Uint8Array): void => {
    const count = readInto(target, start)
    if (count === target.byteLength) return
    throw new DataError('FILE_CUT', `${where}: ${path}, byte ${start + count}: the file ends, ${target.byteLength - count} bytes before it should; it was cut while it was read`)
  }
  return {
    size,
    version,
    read(start, end) {
      const bytes = new Uint8Array(Math.max(0, end - start))
      readTo(start, bytes)
      return bytes
    },
    readTo,
    readInto,
    close: () => closeSync(descriptor),
  }
}

/** Runs `read` over a file that is closed afterwards. */
export function withFile<T>(path: string, where: string, read: (reader: FileReader) => T, fetched?: number): T {
  const reader = openFile(path, where, fetched)
  try {
    return read(reader)
  } finally {
    reader.close()
  }
}

const headersMax = 8
const headers = new Map<string, { version: string; header: unknown }>()

/** What `parse` makes of a file's header: the last few are kept, so that each split of a file does not parse it again. */
export function headerOf<T>(format: string, path: string, reader: FileReader, parse: () => T): T {
  const key = `${format} ${path}`
  const kept = headers.get(key)
  if (kept?.version === reader.version) return kept.header as T
  const header = parse()
  headers.delete(key)
  headers.set(key, { version: reader.version, header })
  if (headers.size > headersMax) headers.delete(headers.keys().next().value!)
  return header
}
