// Page bodies to pages: packed by the codec, with their header in front.
import { compressLz4, lz4BytesMax, lz4TableBytes } from '../../compute/lz4.ts'
import { compressSnappy, snappyBytesMax, snappyTableBytes } from '../../compute/snappy.ts'
import { compressZstd, zstdBytesMax, zstdScratchBytes } from '../../compute/zstd.ts'
import type { Device } from '../../device/device.ts'
import { packBytes } from '../decompress.ts'
import type { EncoderScratch } from './encoder-scratch.ts'
import { PageStore } from './page-store.ts'
import { ThriftWriter } from './write-thrift.ts'

/** How pages are packed. */
export type ParquetCodec = 'none' | 'snappy' | 'gzip' | 'zstd' | 'lz4'

/** The number of a codec in the format; 'lz4' is LZ4_RAW. */
export const codecNumber: Record<ParquetCodec, number> = { none: 0, snappy: 1, gzip: 2, zstd: 6, lz4: 7 }

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
  constructor(device: Device, codec: ParquetCodec, shared: EncoderScratch) {
    this.#device = device
    this.#codec = codec
    this.#shared = shared
    this.#pages = new PageStore(device)
  }

  /** A data page (version 1) of the body at [start, start + bytes). `encoding`: the number of the values' encoding. */
  data(start: number, bytes: number, valueCount: number, encoding: number): PackedBody {
    const body = this.#pack(start, bytes)
    const header = new ThriftWriter().i32(1, 0).i32(2, bytes).i32(3, body.byteLength)
    header.begin(5).i32(1, valueCount).i32(2, encoding).i32(3, 3).i32(4, 3).end()
    return this.#kept(header.finish(), body, bytes)
  }

  /** A dictionary page of PLAIN values. */
  dictionary(start: number, bytes: number, valueCount: number): PackedBody {
    const body = this.#pack(start, bytes)
    const header = new ThriftWriter().i32(1, 2).i32(2, bytes).i32(3, body.byteLength)
    header.begin(7).i32(1, valueCount).i32(2, 0).end()
    return this.#kept(header.finish(), body, bytes)
  }

  /** Bytes that [start, start + bytes) pack to. */
  packedBytes(start: number, bytes: number): number {
    return this.#pack(start, bytes).byteLength
  }

  /** Gives up all pages so far. */
  clear(): void {
    this.#pages.clear()
  }

  /** Gives the memory back. */
  close(): void {
    this.#pages.close()
  }

  #kept(header: Uint8Array, body: Uint8Array, bytes: number): PackedBody {
    return { bytes: this.#pages.add(header, body), unpackedBytes: header.byteLength + bytes }
  }

  #pack(start: number, bytes: number): Uint8Array {
    const { memory } = this.#device
    const body = memory.bytes(start, bytes)
    if (this.#codec === 'none') return body
    if (this.#codec === 'gzip') return packBytes(body.slice()) ?? body
    if (this.#codec === 'zstd') {
      const scratch = this.#shared.codec.ensure(zstdScratchBytes(this.#device))
      const packed = this.#shared.compressed.ensure(zstdBytesMax(this.#device, bytes))
      return memory.bytes(packed, compressZstd(this.#device, start, bytes, packed, scratch))
    }
    if (this.#codec === 'lz4') {
      const table = this.#shared.codec.ensure(lz4TableBytes)
      const packed = this.#shared.compressed.ensure(lz4BytesMax(this.#device, bytes))
      return memory.bytes(packed, compressLz4(this.#device, start, bytes, packed, table))
    }
    const table = this.#shared.codec.ensure(snappyTableBytes)
    const out = this.#shared.compressed.ensure(snappyBytesMax(this.#device, bytes))
    return memory.bytes(out, compressSnappy(this.#device, start, bytes, out, table))
  }
}
