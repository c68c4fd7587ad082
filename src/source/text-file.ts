// Text files in chunks, packed or not: what the NDJSON and CSV scans read from, and what they take their schema from.
import { gunzipSync, constants } from 'node:zlib'
import { DataError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import { openFile, withFile } from './open-file.ts'

const gzipBytesMax = 1 << 30
const sampleBytes = 1 << 20

/** An open text file. */
export interface TextFile {
  readonly size: number
  /** Reads from byte `start` of the text on into `target`; less than it holds only at the end. */
  readInto(target: Uint8Array, start: number): number
  close(): void
}

/** Whether a file is packed, by its name. */
export function isGzip(path: string): boolean {
  return path.endsWith('.gz')
}

/** Opens a file; one whose name ends in .gz is unpacked whole, up to 1 GiB. Throws ConnectorError as `openFile`, DataError GZIP. */
export function openText(path: string, where: string): TextFile {
  if (!isGzip(path)) return openFile(path, where)
  const bytes = withFile(path, where, reader => unpack(reader.read(0, reader.size), path, where, gzipBytesMax))
  return {
    size: bytes.length,
    readInto(target, start) {
      const part = bytes.subarray(start, start + target.length)
      target.set(part)
      return part.length
    },
    close() {},
  }
}

/** The first MiB of a file's text, and whether that is all of it. Throws as `openText`. */
export function sampleText(path: string, where: string): { bytes: Uint8Array; isWhole: boolean } {
  return withFile(path, where, reader => {
    const end = Math.min(reader.size, sampleBytes)
    const bytes = reader.read(0, end)
    if (!isGzip(path)) return { bytes, isWhole: end === reader.size }
    try {
      const text = gunzipSync(bytes, { finishFlush: end === reader.size ? constants.Z_FINISH : constants.Z_SYNC_FLUSH, maxOutputLength: gzipBytesMax })
      return { bytes: text.subarray(0, sampleBytes), isWhole: end === reader.size && text.length <= sampleBytes }
    } catch (cause) {
      throw broken(path, where, cause, gzipBytesMax)
    }
  })
}

function unpack(packed: Uint8Array, path: string, where: string, bytesMax: number): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: bytesMax })
  } catch (cause) {
    throw broken(path, where, cause, bytesMax)
  }
}

function broken(path: string, where: string, cause: unknown, bytesMax: number): DataError {
  if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
    return new DataError('GZIP_SIZE', `${where}: ${path} unpacks to more than ${formatBytes(bytesMax)}; unpack it first, or split it`, { cause })
  }
  return new DataError('GZIP', `${where}: ${path} is no whole gzip file (${cause instanceof Error ? cause.message : String(cause)}); it may be cut`, { cause })
}
