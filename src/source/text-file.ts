// Text files in chunks, packed or not, in whatever encoding: what the NDJSON and CSV scans read from, and what they take their schema from.
import { constants, gunzipSync } from 'node:zlib'
import { assert, DataError, PlanError } from '../base/errors.ts'
import type { Device } from '../device/device.ts'
import { GzipReader } from '../format/gzip-reader.ts'
import { encodingOf, type TextEncoding, textEncodings, transcoder } from '../format/transcode.ts'
import { ZstdReader } from '../format/zstd-reader.ts'
import type { FetchedFile } from './fetched-file.ts'
import { fetchedFile } from './fetched-files.ts'
import { FetchedText } from './fetched-text.ts'
import { type FileReader, openFile, withFile } from './open-file.ts'

const sampleBytes = 1 << 20
const packedSampleBytes = 1 << 16
const blockBytes = 1 << 16

/** An open text file. */
export interface TextFile {
  /** Bytes of text; of a packed or transcoded one infinite until its end was reached. */
  readonly size: number
  /** Reads from byte `start` of the text on into `target`; less than it holds only at the end. A packed or transcoded one is read from its start to its end only. */
  readInto(target: Uint8Array, start: number): number
  /** Where bytes are awaited: yields what to wait for until `count` bytes of text can be read, or the end. */
  ready?(count: number): Iterable<Promise<void>>
  close(): void
}

/** The beginning of a file's text in UTF-8, whether that is all of it, and the file's encoding. */
export interface TextSample {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
  readonly encoding: TextEncoding
}

type Packing = 'gzip' | 'zstd'
const packingNames = { gzip: 'GZIP', zstd: 'ZSTD' } as const

function packingOf(path: string): Packing | undefined {
  return path.endsWith('.gz') ? 'gzip' : path.endsWith('.zst') ? 'zstd' : undefined
}

/** Whether a file is packed, by its name. */
export function isPacked(path: string): boolean {
  return packingOf(path) !== undefined
}

/** Throws PlanError ENCODING where `encoding` is none that text is read in. */
export function checkEncoding(encoding: string | undefined, where: string): void {
  if (encoding !== undefined && !(textEncodings as readonly string[]).includes(encoding))
    throw new PlanError('ENCODING', `${where}: no encoding ${JSON.stringify(encoding)}; the encodings are ${textEncodings.join(', ')}`)
}

/**
 * Opens a file; one whose name ends in .gz or .zst is unpacked in pieces as it is read, other encodings than UTF-8 are turned into it. Bytes are then counted in the text.
 * Throws ConnectorError as `openFile`; reads throw DataError GZIP, ZSTD, ENCODING.
 */
export function openText(device: Device, path: string, where: string, encoding: TextEncoding = 'utf-8', fetched?: number): TextFile {
  const awaited = fetchedFile(path, fetched)
  if (awaited) return fetchedText(device, awaited, path, where, encoding)
  const file = openFile(path, where)
  const packing = packingOf(path)
  if (!packing && encoding === 'utf-8') return file
  const layers = [unpacked(device, file, packing, path, where), ...(encoding === 'utf-8' ? [] : [{ encoding }])] as const
  const pull = layers[1] ? transcoded(layers[0].pull, layers[1].encoding, path, where) : layers[0].pull
  let at = 0
  let size = Number.POSITIVE_INFINITY
  return {
    get size() {
      return size
    },
    readInto(target, start) {
      assert(start === at, `a packed file is read at ${start} instead of ${at}`)
      const count = pull(target)
      at += count
      if (count < target.length) size = at
      return count
    },
    close() {
      layers[0].close()
      file.close()
    },
  }
}

function fetchedText(device: Device, file: FetchedFile, path: string, where: string, encoding: TextEncoding): TextFile {
  const packing = packingOf(path)
  return new FetchedText(file, {
    unpacker: packing && (more => (packing === 'gzip' ? new GzipReader(device, more) : new ZstdReader(more))),
    ...(encoding !== 'utf-8' && { coder: transcoder(encoding) }),
    failed: (thrown, by) => (by === 'unpacker' ? broken(packing!, path, where, thrown) : miscoded(path, where, thrown)),
  })
}

/** Fills `target` with what follows; fewer bytes only at the end. */
type Pull = (target: Uint8Array) => number

function unpacked(device: Device, file: FileReader, packing: Packing | undefined, path: string, where: string): { pull: Pull; close(): void } {
  let packedAt = 0
  const more: Pull = target => {
    const count = file.readInto(target, packedAt)
    packedAt += count
    return count
  }
  if (!packing) return { pull: more, close: () => {} }
  const gzip = packing === 'gzip' ? new GzipReader(device, more) : undefined
  const reader = gzip ?? new ZstdReader(more)
  const pull: Pull = target => {
    try {
      return reader.readInto(target)
    } catch (thrown) {
      throw thrown instanceof RangeError ? broken(packing, path, where, thrown) : thrown
    }
  }
  return { pull, close: () => gzip?.close() }
}

function transcoded(pull: Pull, encoding: Exclude<TextEncoding, 'utf-8'>, path: string, where: string): Pull {
  const coder = transcoder(encoding)
  const block = new Uint8Array(blockBytes)
  let text: Uint8Array = new Uint8Array(0)
  let ended = false
  const next = (): void => {
    const count = pull(block)
    ended = count < block.length
    try {
      text = coder.write(block.subarray(0, count), ended)
    } catch (thrown) {
      throw thrown instanceof RangeError ? miscoded(path, where, thrown) : thrown
    }
  }
  return target => {
    let at = 0
    while (at < target.length) {
      while (text.length === 0 && !ended) next()
      if (text.length === 0) break
      const count = Math.min(text.length, target.length - at)
      target.set(text.subarray(0, count), at)
      text = text.subarray(count)
      at += count
    }
    return at
  }
}

/** The first MiB of a file's text; its encoding is found by its byte order mark where none is given. Throws as `openText`. */
export function sampleText(path: string, where: string, encoding?: TextEncoding, fetched?: number): TextSample {
  const sample = (reader: FileReader): TextSample => {
    const start = sampleOf(reader, path, where)
    const found = encoding ?? encodingOf(start.bytes)
    if (found === 'utf-8') return { ...start, encoding: found }
    let taken = 0
    const pull: Pull = target => {
      const count = Math.min(target.length, start.bytes.length - taken)
      target.set(start.bytes.subarray(taken, taken + count))
      taken += count
      return count
    }
    // What is cut off in the middle of a character is no error of the file.
    const bytes = new Uint8Array(2 * start.bytes.length + 4)
    const whole = start.isWhole ? pull : cutBefore(pull, start.bytes, found)
    return { bytes: bytes.subarray(0, transcoded(whole, found, path, where)(bytes)), isWhole: start.isWhole, encoding: found }
  }
  return withFile(path, where, sample, fetched)
}

// The sample without a unit, or a pair of them, that its end cuts in two.
function cutBefore(pull: Pull, bytes: Uint8Array, encoding: TextEncoding): Pull {
  if (encoding === 'latin-1') return pull
  let length = bytes.length & ~1
  const high = bytes[length - (encoding === 'utf-16le' ? 1 : 2)] ?? 0
  if (high >= 0xd8 && high < 0xdc) length -= 2
  let taken = 0
  return target => {
    const count = pull(target.subarray(0, Math.min(target.length, length - taken)))
    taken += count
    return count
  }
}

function sampleOf(reader: FileReader, path: string, where: string): { bytes: Uint8Array; isWhole: boolean } {
  const packing = packingOf(path)
  if (!packing) {
    const end = Math.min(reader.size, sampleBytes)
    return { bytes: reader.read(0, end), isWhole: end === reader.size }
  }
  if (packing === 'zstd') return zstdSample(reader, path, where)
  // Little by little: a small part of a file may unpack to much.
  for (let end = packedSampleBytes; ; end *= 2) {
    const packed = reader.read(0, Math.min(reader.size, end))
    const isAll = packed.length === reader.size
    const text = gunzip(packed, isAll, path, where)
    if (isAll || text.length > sampleBytes || end >= sampleBytes) return { bytes: text.subarray(0, sampleBytes), isWhole: isAll && text.length <= sampleBytes }
  }
}

function zstdSample(file: FileReader, path: string, where: string): { bytes: Uint8Array; isWhole: boolean } {
  let at = 0
  const zstd = new ZstdReader(target => {
    const count = file.readInto(target, at)
    at += count
    return count
  })
  const bytes = new Uint8Array(sampleBytes + 1)
  try {
    const count = zstd.readInto(bytes)
    return { bytes: bytes.subarray(0, Math.min(count, sampleBytes)), isWhole: count <= sampleBytes }
  } catch (thrown) {
    throw thrown instanceof RangeError ? broken('zstd', path, where, thrown) : thrown
  }
}

function gunzip(packed: Uint8Array, isAll: boolean, path: string, where: string): Uint8Array {
  try {
    return gunzipSync(packed, { finishFlush: isAll ? constants.Z_FINISH : constants.Z_SYNC_FLUSH })
  } catch (cause) {
    throw broken('gzip', path, where, cause)
  }
}

function broken(packing: Packing, path: string, where: string, cause: unknown): DataError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new DataError(packingNames[packing], `${where}: ${path} is no whole ${packing} file (${what}); it may be cut`, { cause })
}

function miscoded(path: string, where: string, cause: RangeError): DataError {
  return new DataError('ENCODING', `${where}: ${path}: ${cause.message}; give the file's encoding`, { cause })
}

/** The line, counted from 1, that byte `position` of a file's text lies in. Reads the file up to there, in bounded memory. */
export function lineAt(device: Device, path: string, where: string, position: number, encoding?: TextEncoding): number {
  const file = openText(device, path, where, encoding)
  try {
    const block = new Uint8Array(blockBytes)
    let line = 1
    for (let at = 0; at < position; ) {
      const count = file.readInto(block.subarray(0, Math.min(block.length, position - at)), at)
      const read = block.subarray(0, count)
      for (let feed = read.indexOf(10); feed >= 0; feed = read.indexOf(10, feed + 1)) line++
      if (count === 0) break
      at += count
    }
    return line
  } finally {
    file.close()
  }
}
