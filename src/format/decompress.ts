// The general codecs that files are packed with. Snappy is a kernel (compute/snappy.ts); the rest comes from node:zlib where there is one,
// and zstd from fzstd where zlib lacks it. Sizes are promised by the file, and checked before anything is allocated.
import { decompress as unpackZstd } from 'fzstd'
import { unpackLz4Block, unpackLz4Frame, unpackLz4Hadoop } from './lz4.ts'

/** Codecs that go through JavaScript memory. */
export type ByteCodec = 'gzip' | 'zstd' | 'brotli' | 'lz4' | 'lz4_raw' | 'lz4_frame'

// A ratio that the format can't exceed, plus something for headers: a larger promise is a lie.
const ratioMax: Record<ByteCodec, number> = { gzip: 1_032, zstd: 32_768 * 4, brotli: 1 << 24, lz4: 256, lz4_raw: 256, lz4_frame: 256 }

/** The most bytes that `packedBytes` bytes can unpack to. */
export function expandsTo(codec: ByteCodec, packedBytes: number): number {
  return ratioMax[codec] * (packedBytes + 64)
}

type Unpack = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
type Pack = (bytes: Uint8Array) => Uint8Array

// node:zlib without an import, so that the same file loads in a page. Its zstd is there from Node 22.15 on.
function zlib(): Record<string, unknown> | undefined {
  return typeof process === 'undefined' ? undefined : (process.getBuiltinModule?.('node:zlib') as unknown as Record<string, unknown> | undefined)
}

/**
 * Unpacks `bytes` to exactly `outBytes` bytes; concatenated members count as one. Returns the bytes, or what is wrong as a string.
 * Cost: gzip 0.3, zstd 0.7 (zlib) or 0.2 (fzstd) GB/s of output.
 */
export function unpackBytes(codec: ByteCodec, bytes: Uint8Array, outBytes: number): Uint8Array | string {
  if (outBytes > expandsTo(codec, bytes.byteLength)) return `${bytes.byteLength} ${codec} bytes can't hold the ${outBytes} promised`
  if (codec === 'lz4') return unpackLz4Hadoop(bytes, outBytes)
  if (codec === 'lz4_raw') return unpackLz4Block(bytes, outBytes)
  if (codec === 'lz4_frame') return unpackLz4Frame(bytes, outBytes)
  const name = { gzip: 'gunzipSync', zstd: 'zstdDecompressSync', brotli: 'brotliDecompressSync' }[codec]
  const native = zlib()?.[name] as Unpack | undefined
  if (!native && codec !== 'zstd') return `this JavaScript engine has no ${codec}`
  try {
    const unpacked = native ? native(bytes, { maxOutputLength: Math.max(1, outBytes) }) : unpackWithFzstd(bytes, outBytes)
    if (unpacked.byteLength === outBytes) return unpacked
    return `${outBytes} bytes are promised, ${unpacked.byteLength} came out of the ${codec} data`
  } catch (thrown) {
    return `the ${codec} data is broken (${thrown instanceof Error ? thrown.message : String(thrown)})`
  }
}

// fzstd allocates what the frame's header asks for: the header is read first, and refused where it asks for more than is promised.
function unpackWithFzstd(bytes: Uint8Array, outBytes: number): Uint8Array {
  const asked = zstdContentBytes(bytes)
  if (asked === undefined || asked > Math.max(outBytes, 8 * 1024 * 1024))
    throw new RangeError(`its frame asks for ${asked ?? 'an unknown number of'} bytes, ${outBytes} are promised`)
  return unpackZstd(bytes, new Uint8Array(outBytes))
}

// Content size of the first frame, or its window size where it has none (RFC 8878, 3.1.1.1).
function zstdContentBytes(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < 18) bytes = new Uint8Array([...bytes, ...new Uint8Array(18 - bytes.byteLength)])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== 0xfd2fb528) return undefined
  const flags = bytes[4]!
  const single = (flags >> 5) & 1
  const at = 6 - single + [0, 1, 2, 4][flags & 3]!
  const code = flags >> 6
  if (code === 0 && single) return bytes[at]
  if (code === 1) return view.getUint16(at, true) + 256
  if (code === 2) return view.getUint32(at, true)
  if (code === 3) return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
  const base = 2 ** (10 + (bytes[5]! >> 3))
  return base + (base / 8) * (bytes[5]! & 7)
}

/** Packs bytes by gzip, or undefined where this JavaScript engine lacks it (in pages). */
export function packBytes(bytes: Uint8Array): Uint8Array | undefined {
  return (zlib()?.['gzipSync'] as Pack | undefined)?.(bytes)
}

/** True where `packBytes` works. */
export function canPack(): boolean {
  return typeof zlib()?.['gzipSync'] === 'function'
}

let table: Uint32Array | undefined

/** CRC-32 (the polynomial of gzip), as an unsigned number; `before`: that of the bytes before these. Cost: zlib's where there is one, else about 0.4 GB/s. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const native = zlib()?.['crc32'] as ((bytes: Uint8Array, before: number) => number) | undefined
  if (native) return native(bytes, before)
  if (!table) {
    table = new Uint32Array(256)
    for (let i = 0; i < 256; i++) {
      let value = i
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
      table[i] = value
    }
  }
  let crc = ~before
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
