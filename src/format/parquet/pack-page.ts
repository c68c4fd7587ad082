// Page bodies to pages: packed by the codec, with their header in front.
import { compressLz4, lz4BytesMax, lz4TableBytes } from '../../compute/lz4.ts'
import { compressSnappy, snappyBytesMax, snappyTableBytes } from '../../compute/snappy.ts'
import { compressZstd, zstdBytesMax, zstdScratchBytes } from '../../compute/zstd.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { packBytes } from '../decompress.ts'
import type { EncoderScratch } from './encoder-scratch.ts'
import { PageStore } from './page-store.ts'
import { ThriftWriter } from './write-thrift.ts'

/** How pages are packed. */
export type ParquetCodec = 'none' | 'snappy' | 'gzip' | 'zstd' | 'lz4'

/** The number of a codec in the format; 'lz4' is LZ4_RAW. */
export const codecNumber: Record<ParquetCodec, number> = { none: 0, snappy: 1, gzip: 2, zstd: 6, lz4: 7 }

// More than any header takes: a few numbers of at most five bytes each.
const headerBytesMax = 64

// What zlib's deflateBound gives for its usual window, and more.
function gzipBytesMax(bytes: number): number {
  return bytes + (bytes >>> 10) + 64
}

/** A page as it lies in the file: valid until its packer is cleared. */
export interface PackedBody {
  readonly bytes: Uint8Array
  /** Header and unpacked body: what the footer's total counts. */
  readonly unpackedBytes: number
}

/** Packs pages of one column, and keeps them. */
export class PagePacker {
  readonly #device: Device
  readonly #codec: ParquetCodec
  readonly #shared: EncoderScratch
  readonly #pages: PageStore
  /** The last page got hardly smaller. */
  #isPoor = false
  constructor(device: Device, codec: ParquetCodec, shared: EncoderScratch) {
    this.#device = device
    this.#codec = codec
    this.#shared = shared
    this.#pages = new PageStore(device)
  }

  /** A data page (version 1) of the body at [start, start + bytes). `encoding`: the number of the values' encoding. */
  data(start: number, bytes: number, valueCount: number, encoding: number): PackedBody {
    return this.#page(start, bytes, 0, header => header.begin(5).i32(1, valueCount).i32(2, encoding).i32(3, 3).i32(4, 3).end())
  }

  /** A dictionary page of PLAIN values. */
  dictionary(start: number, bytes: number, valueCount: number): PackedBody {
    return this.#page(start, bytes, 2, header => header.begin(7).i32(1, valueCount).i32(2, 0).end())
  }

  /** Bytes that [start, start + bytes) pack to. */
  packedBytes(start: number, bytes: number): number {
    return this.#pack(start, bytes, this.#shared.compressed.ensure(this.#bytesMax(bytes)))
  }

  /** Gives up all pages so far. */
  clear(): void {
    this.#pages.clear()
  }

  /** Hands all pages over: they live as long as `arena`. */
  give(arena: Arena): void {
    this.#pages.give(arena)
  }

  // The header is written once it is known how long the body is, right in front of it.
  #page(start: number, bytes: number, type: number, describe: (header: ThriftWriter) => void): PackedBody {
    const body = this.#pages.reserve(headerBytesMax + this.#bytesMax(bytes)) + headerBytesMax
    const packed = this.#pack(start, bytes, body)
    const thrift = new ThriftWriter().i32(1, type).i32(2, bytes).i32(3, packed)
    describe(thrift)
    const header = thrift.finish()
    const address = body - header.byteLength
    this.#device.memory.write(address, header)
    return { bytes: this.#pages.add(address, header.byteLength + packed), unpackedBytes: header.byteLength + bytes }
  }

  #bytesMax(bytes: number): number {
    if (this.#codec === 'snappy') return snappyBytesMax(this.#device, bytes)
    if (this.#codec === 'zstd') return zstdBytesMax(this.#device, bytes)
    if (this.#codec === 'lz4') return lz4BytesMax(this.#device, bytes)
    return this.#codec === 'none' ? bytes : gzipBytesMax(bytes)
  }

  // Packs to `out`, which has room for the most that there can be. Returns the bytes.
  #pack(start: number, bytes: number, out: number): number {
    const device = this.#device
    if (this.#codec === 'snappy') {
      const packed = compressSnappy(device, start, bytes, out, this.#shared.codec.ensure(snappyTableBytes), this.#isPoor)
      this.#isPoor = packed > 0.97 * bytes
      return packed
    }
    if (this.#codec === 'zstd') return compressZstd(device, start, bytes, out, this.#shared.codec.ensure(zstdScratchBytes(device)))
    if (this.#codec === 'lz4') return compressLz4(device, start, bytes, out, this.#shared.codec.ensure(lz4TableBytes))
    const body = device.memory.bytes(start, bytes)
    const packed = this.#codec === 'none' ? body : (packBytes(body.slice()) ?? body)
    device.memory.write(out, packed)
    return packed.byteLength
  }
}
