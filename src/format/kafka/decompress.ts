// The compression codecs of Kafka's record batches: gzip, snappy (raw, or in the frames of Java's writers), lz4 frames, zstd.
// Output is bounded by the caller, and hostile input ends in a DataError. Sources: the format descriptions of snappy, LZ4 and RFC 8878.
import * as zlib from 'node:zlib'
import { Decompress } from 'fzstd'
import { DataError } from '../../base/errors.ts'

/** Names of codecs by their number in a batch's attributes. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** The bytes behind `input`, at most `bytesMax`. Throws DataError KAFKA_CODEC for an unknown codec, KAFKA_CORRUPT for bytes that don't decode. */
export function decompress(codec: number, input: Uint8Array, bytesMax: number, where: string): Uint8Array {
  const name = codecNames[codec]
  if (name === undefined) throw new DataError('KAFKA_CODEC', `${where}: compression codec ${codec} is unknown; found in the batch's attributes; known are ${codecNames.join(', ')}`)
  try {
    switch (name) {
      case 'none':
        return input
      case 'gzip':
        return zlib.gunzipSync(input, { maxOutputLength: bytesMax })
      case 'snappy':
        return decodeSnappyFrames(input, bytesMax)
      case 'lz4':
        return decodeLz4Frame(input, bytesMax)
      case 'zstd':
        return decodeZstd(input, bytesMax)
    }
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new DataError('KAFKA_CORRUPT', `${where}: its ${name} data can't be decompressed; ${found}; the batch is corrupt or larger than ${bytesMax} bytes`, { cause: error })
  }
}

/** Inner failures; `decompress` says where. */
function broken(what: string): DataError {
  return new DataError('KAFKA_CORRUPT', what)
}

const growBytes = 65_536

/** Bytes that grow as they are written, up to a limit, and can be copied from behind. */
class Output {
  bytes: Uint8Array
  length = 0
  readonly bytesMax: number
  constructor(bytes: number, bytesMax: number) {
    this.bytes = new Uint8Array(Math.min(bytes, bytesMax))
    this.bytesMax = bytesMax
  }
  reserve(count: number): void {
    const needed = this.length + count
    if (needed > this.bytesMax) throw broken(`more than ${this.bytesMax} bytes`)
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.min(this.bytesMax, Math.max(needed, this.bytes.length * 2, growBytes)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
  append(input: Uint8Array, start: number, count: number): void {
    if (start + count > input.length) throw broken(`${count} literal bytes promised, ${input.length - start} left`)
    this.reserve(count)
    if (count > 32) this.bytes.set(input.subarray(start, start + count), this.length)
    else for (let i = 0; i < count; i++) this.bytes[this.length + i] = input[start + i]!
    this.length += count
  }
  repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.length) throw broken(`a copy from ${distance} bytes back, ${this.length} written`)
    this.reserve(count)
    const { bytes } = this
    let to = this.length
    if (distance >= count && count > 32) bytes.copyWithin(to, to - distance, to - distance + count)
    else for (const end = to + count; to < end; to++) bytes[to] = bytes[to - distance]!
    this.length += count
  }
  result(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

const javaSnappyMagic = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]
const javaSnappyHeaderBytes = 16

// Java's writers (snappy-java's stream) frame blocks: magic, two versions, then [length i32][raw snappy]… Others write one raw block.
function decodeSnappyFrames(input: Uint8Array, bytesMax: number): Uint8Array {
  const output = new Output(input.length * 3, bytesMax)
  if (!javaSnappyMagic.every((byte, i) => input[i] === byte)) {
    decodeSnappy(input, output)
    return output.result()
  }
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  let position = javaSnappyHeaderBytes
  while (position < input.length) {
    if (position + 4 > input.length) throw broken('cut inside a block length')
    const blockBytes = view.getUint32(position)
    position += 4
    if (blockBytes > input.length - position) throw broken(`a block of ${blockBytes} bytes promised, ${input.length - position} left`)
    decodeSnappy(input.subarray(position, position + blockBytes), output)
    position += blockBytes
  }
  return output.result()
}

/** One raw snappy block. */
function decodeSnappy(input: Uint8Array, output: Output): void {
  let position = 0
  let promised = 0
  for (let shift = 0; ; shift += 7) {
    const byte = input[position++]
    if (byte === undefined || shift > 28) throw broken('no length at its start')
    promised += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  // The densest element is a copy of 64 bytes in 3.
  if (promised > input.length * 22) throw broken(`${promised} bytes promised by ${input.length}`)
  output.reserve(promised)
  const end = output.length + promised
  while (position < input.length) {
    const tag = input[position++]!
    if ((tag & 3) === 0) {
      let count = (tag >>> 2) + 1
      if (count > 60) {
        const extra = count - 60
        if (position + extra > input.length) throw broken('cut inside a literal length')
        count = 1
        for (let i = 0; i < extra; i++) count += input[position + i]! * 2 ** (8 * i)
        position += extra
      }
      output.append(input, position, count)
      position += count
    } else position = copySnappy(tag, input, position, output)
    if (output.length > end) throw broken(`more bytes than the ${promised} promised`)
  }
  if (output.length !== end) throw broken(`${promised} bytes promised, ${promised - (end - output.length)} found`)
}

function copySnappy(tag: number, input: Uint8Array, position: number, output: Output): number {
  const kind = tag & 3
  const size = kind === 1 ? 1 : kind === 2 ? 2 : 4
  if (position + size > input.length) throw broken('cut inside a copy')
  let distance = 0
  for (let i = 0; i < size; i++) distance += input[position + i]! * 2 ** (8 * i)
  if (kind === 1) output.repeat(distance + (tag >>> 5) * 256, ((tag >>> 2) & 7) + 4)
  else output.repeat(distance, (tag >>> 2) + 1)
  return position + size
}

const lz4Magic = 0x184d2204

function decodeLz4Frame(input: Uint8Array, bytesMax: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  if (input.length < 7 || view.getUint32(0, true) !== lz4Magic) throw broken('it does not begin with an LZ4 frame')
  const flags = input[4]!
  if (flags >>> 6 !== 1) throw broken(`LZ4 frame version ${flags >>> 6}`)
  if (flags & 1) throw broken('an LZ4 dictionary is needed')
  let position = 7 + (flags & 8 ? 8 : 0)
  const blockChecksumBytes = flags & 16 ? 4 : 0
  const output = new Output(input.length * 3, bytesMax)
  for (;;) {
    if (position + 4 > input.length) throw broken('cut before its end mark')
    const size = view.getUint32(position, true)
    position += 4
    if (size === 0) return output.result()
    const blockBytes = size & 0x7fff_ffff
    if (blockBytes > input.length - position) throw broken(`a block of ${blockBytes} bytes promised, ${input.length - position} left`)
    if (size & 0x8000_0000) output.append(input, position, blockBytes)
    else decodeLz4Block(input.subarray(position, position + blockBytes), output)
    position += blockBytes + blockChecksumBytes
  }
}

function decodeLz4Block(input: Uint8Array, output: Output): void {
  let position = 0
  const longer = (count: number): number => {
    for (;;) {
      const byte = input[position++]
      if (byte === undefined) throw broken('cut inside a length')
      count += byte
      if (byte !== 255) return count
    }
  }
  while (position < input.length) {
    const token = input[position++]!
    const literals = token >>> 4 === 15 ? longer(15) : token >>> 4
    output.append(input, position, literals)
    position += literals
    if (position === input.length) return
    if (position + 2 > input.length) throw broken('cut inside a distance')
    const distance = input[position]! | (input[position + 1]! << 8)
    position += 2
    output.repeat(distance, ((token & 15) === 15 ? longer(15) : token & 15) + 4)
  }
}

const zstdMagic = 0xfd2fb528
const zstdWindowBytesMax = 128 * 1024 * 1024

// The pure decoder allocates a window of the size the frame asks for, so the header is judged first (RFC 8878, 3.1.1.1).
function checkZstdHeader(input: Uint8Array, bytesMax: number): void {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  if (input.length < 6 || view.getUint32(0, true) !== zstdMagic) throw broken('it does not begin with a zstd frame')
  const descriptor = input[4]!
  if (descriptor & 3) throw broken('a zstd dictionary is needed')
  if (descriptor & 32) {
    const size = [1, 2, 4, 8][descriptor >>> 6]!
    if (input.length < 5 + size) throw broken('cut inside its header')
    const content = size === 1 ? view.getUint8(5) : size === 2 ? view.getUint16(5, true) + 256 : size === 4 ? view.getUint32(5, true) : Number(view.getBigUint64(5, true))
    if (content > bytesMax) throw broken(`a frame of ${content} bytes`)
    return
  }
  const windowLog = 10 + (input[5]! >>> 3)
  if (2 ** windowLog > zstdWindowBytesMax) throw broken(`a window of 2^${windowLog} bytes`)
}

type ZstdDecompress = (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

function decodeZstd(input: Uint8Array, bytesMax: number): Uint8Array {
  const native = (zlib as { zstdDecompressSync?: ZstdDecompress }).zstdDecompressSync
  if (native) return native(input, { maxOutputLength: bytesMax })
  checkZstdHeader(input, bytesMax)
  const output = new Output(input.length * 3, bytesMax)
  let ended = false
  const stream = new Decompress((chunk, final) => {
    output.append(chunk, 0, chunk.length)
    ended ||= final === true
  })
  stream.push(input, true)
  if (!ended) throw broken('cut before its end')
  return output.result()
}
