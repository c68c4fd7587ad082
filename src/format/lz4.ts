// LZ4 blocks and frames, unpacked (lz4/lz4, lz4_Block_format.md and lz4_Frame_format.md). Parquet has bare blocks, or those of Hadoop; Arrow frames.
import { DataError } from '../base/errors.ts'

// A broken input; caught here, and told to callers as a string.
class Lz4Error extends DataError {
  constructor(what: string) {
    super('LZ4', what)
  }
}

/** Unpacks one block to exactly `outBytes` bytes; returns what is wrong as a string otherwise. Cost: about 0.5 GB/s. */
export function unpackLz4Block(input: Uint8Array, outBytes: number): Uint8Array | string {
  return guarded(() => {
    const out = new Uint8Array(outBytes)
    return expect(out, unpackBlock(input, out, 0))
  })
}

/** Unpacks one frame to exactly `outBytes` bytes; returns what is wrong as a string otherwise. Checksums are not compared. */
export function unpackLz4Frame(input: Uint8Array, outBytes: number): Uint8Array | string {
  return guarded(() => {
    const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
    if (input.byteLength < 7 || view.getUint32(0, true) !== 0x184d2204) throw new Lz4Error('there is no LZ4 frame')
    const flags = input[4]!
    if (flags >> 6 !== 1 || flags & 1) throw new Lz4Error('the LZ4 frame is of another version or needs a dictionary')
    const out = new Uint8Array(outBytes)
    let at = 7 + (flags & 8 ? 8 : 0)
    let written = 0
    for (;;) {
      if (at + 4 > input.byteLength) throw new Lz4Error('the LZ4 frame has no end mark')
      const size = view.getUint32(at, true)
      at += 4
      if (size === 0) return expect(out, written)
      const bytes = size & 0x7fffffff
      if (bytes > input.byteLength - at) throw new Lz4Error('an LZ4 block is cut')
      const block = input.subarray(at, at + bytes)
      if (size >>> 31) {
        if (bytes > outBytes - written) throw new Lz4Error('there is more than promised')
        out.set(block, written)
        written += bytes
      } else written = unpackBlock(block, out, written)
      at += bytes + (flags & 16 ? 4 : 0)
    }
  })
}

/**
 * Unpacks what Parquet's older LZ4 codec stands for to exactly `outBytes` bytes: Hadoop's blocks, else a frame, else a bare block, as writers have it. Returns what is wrong as a
 * string otherwise.
 */
export function unpackLz4Hadoop(input: Uint8Array, outBytes: number): Uint8Array | string {
  const out = guarded(() => {
    const target = new Uint8Array(outBytes)
    return expect(target, unpackHadoop(input, target))
  })
  if (typeof out !== 'string') return out
  const frame = unpackLz4Frame(input, outBytes)
  if (typeof frame !== 'string') return frame
  const block = unpackLz4Block(input, outBytes)
  return typeof block === 'string' ? out : block
}

// Blocks behind their unpacked bytes, in one or several chunks behind their packed bytes; both numbers begin with their highest byte.
function unpackHadoop(input: Uint8Array, out: Uint8Array): number {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  let [at, o] = [0, 0]
  const number = (): number => {
    if (input.byteLength - at < 4) throw new Lz4Error('a block of Hadoop is cut')
    at += 4
    return view.getUint32(at - 4)
  }
  while (at < input.byteLength) {
    const bytes = number()
    if (bytes > out.byteLength - o) throw new Lz4Error('there is more than promised')
    for (const end = o + bytes; o < end; ) {
      const packed = number()
      if (packed > input.byteLength - at) throw new Lz4Error('a block of Hadoop is cut')
      const before = o
      o = unpackBlock(input.subarray(at, at + packed), out, o)
      if (o > end || o === before) throw new Lz4Error('a block of Hadoop has another size than it says')
      at += packed
    }
  }
  return o
}

function guarded(unpack: () => Uint8Array): Uint8Array | string {
  try {
    return unpack()
  } catch (thrown) {
    if (thrown instanceof Lz4Error) return `the LZ4 data is broken: ${thrown.message}`
    throw thrown
  }
}

function expect(out: Uint8Array, written: number): Uint8Array {
  if (written !== out.byteLength) throw new Lz4Error(`${out.byteLength} bytes are promised, ${written} came out`)
  return out
}

function unpackBlock(input: Uint8Array, out: Uint8Array, start: number): number {
  let p = 0
  let o = start
  const length = (first: number): number => {
    let sum = first
    if (first !== 15) return sum
    for (;;) {
      const byte = input[p++]
      if (byte === undefined) throw new Lz4Error('a length is cut')
      sum += byte
      if (byte !== 255) return sum
    }
  }
  while (p < input.byteLength) {
    const token = input[p++]!
    const literals = length(token >> 4)
    if (literals > input.byteLength - p) throw new Lz4Error('literals are cut')
    if (literals > out.byteLength - o) throw new Lz4Error('there is more than promised')
    out.set(input.subarray(p, p + literals), o)
    p += literals
    o += literals
    if (p === input.byteLength) break
    if (p + 2 > input.byteLength) throw new Lz4Error('a distance is cut')
    const distance = input[p]! | (input[p + 1]! << 8)
    p += 2
    const count = length(token & 15) + 4
    if (distance === 0 || distance > o) throw new Lz4Error('a copy begins before the output')
    if (count > out.byteLength - o) throw new Lz4Error('there is more than promised')
    if (distance >= count) out.copyWithin(o, o - distance, o - distance + count)
    else for (let i = 0; i < count; i++) out[o + i] = out[o + i - distance]!
    o += count
  }
  return o
}
