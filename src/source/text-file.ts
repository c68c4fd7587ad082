// Text files in chunks, packed or not: what the NDJSON and CSV scans read from, and what they take their schema from.
import { gunzipSync, constants } from 'node:zlib'
import { assert, DataError } from '../base/errors.ts'
import type { Device } from '../device/device.ts'
import { GzipReader } from '../format/gzip-reader.ts'
import { openFile, withFile } from './open-file.ts'

const sampleBytes = 1 << 20
const packedSampleBytes = 1 << 16

/** An open text file. */
export interface TextFile {
  /** Bytes of text; of a packed one infinite until its end was reached. */
  readonly size: number
  /** Reads from byte `start` of the text on into `target`; less than it holds only at the end. A packed one is read from its start to its end only. */
  readInto(target: Uint8Array, start: number): number
  close(): void
}

/** Whether a file is packed, by its name. */
export function isGzip(path: string): boolean {
  return path.endsWith('.gz')
}

/** Opens a file; one whose name ends in .gz is unpacked in pieces as it is read. Throws ConnectorError as `openFile`; reads throw DataError GZIP. */
export function openText(device: Device, path: string, where: string): TextFile {
  const file = openFile(path, where)
  if (!isGzip(path)) return file
  let packedAt = 0
  let at = 0
  let size = Number.POSITIVE_INFINITY
  const reader = new GzipReader(device, target => {
    const count = file.readInto(target, packedAt)
    packedAt += count
    return count
  })
  return {
    get size() {
      return size
    },
    readInto(target, start) {
      assert(start === at, `a packed file is read at ${start} instead of ${at}`)
      let count: number
      try {
        count = reader.readInto(target)
      } catch (thrown) {
        throw thrown instanceof RangeError ? broken(path, where, thrown) : thrown
      }
      at += count
      if (count < target.length) size = at
      return count
    },
    close() {
      reader.close()
      file.close()
    },
  }
}

/** The first MiB of a file's text, and whether that is all of it. Throws as `openText`. */
export function sampleText(path: string, where: string): { bytes: Uint8Array; isWhole: boolean } {
  return withFile(path, where, reader => {
    if (!isGzip(path)) {
      const end = Math.min(reader.size, sampleBytes)
      return { bytes: reader.read(0, end), isWhole: end === reader.size }
    }
    // Little by little: a small part of a file may unpack to much.
    for (let end = packedSampleBytes; ; end *= 2) {
      const packed = reader.read(0, Math.min(reader.size, end))
      const isAll = packed.length === reader.size
      const text = unpack(packed, isAll, path, where)
      if (isAll || text.length > sampleBytes || end >= sampleBytes) return { bytes: text.subarray(0, sampleBytes), isWhole: isAll && text.length <= sampleBytes }
    }
  })
}

function unpack(packed: Uint8Array, isAll: boolean, path: string, where: string): Uint8Array {
  try {
    return gunzipSync(packed, { finishFlush: isAll ? constants.Z_FINISH : constants.Z_SYNC_FLUSH })
  } catch (cause) {
    throw broken(path, where, cause)
  }
}

function broken(path: string, where: string, cause: unknown): DataError {
  return new DataError('GZIP', `${where}: ${path} is no whole gzip file (${cause instanceof Error ? cause.message : String(cause)}); it may be cut`, { cause })
}
