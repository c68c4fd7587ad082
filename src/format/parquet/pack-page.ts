// Page bodies to pages: packed by the codec, with their header in front.
import { compressLz4, lz4BytesMax, lz4TableBytes } from '../../compute/lz4.ts'
import { compressSnappy, snappyBytesMax, snappyTableBytes } from '../../compute/snappy.ts'
import { compressZstd, zstdBytesMax, zstdScratchBytes } from '../../compute/zstd.ts'
import type { Device } from '../../device/device.ts'
import { packBytes } from '../decompress.ts'
import { Scratch } from '../scratch.ts'
import { ThriftWriter } from './write-thrift.ts'

/** How pages are packed. */
export type ParquetCodec = 'none' | 'snappy' | 'gzip' | 'zstd' | 'lz4'

/** The number of a codec in the format; 'lz4' is LZ4_RAW. */
export const codecNumber: Record<ParquetCodec, number> = { none: 0, snappy: 1, gzip: 2, zstd: 6, lz4: 7 }

/** A page as it lies in the file. */
export interface PackedBody {
  readonly bytes: Uint8Array
  /** Header and unpacked body: what the footer's total counts. */
  readonly unpackedBytes: number
}

/** Packs pages of one column. */
export class PagePacker {
  readonly #device: Device
  readonly #codec: ParquetCodec
  readonly #out: Scratch
  readonly #table: Scratch
  constructor(device: Device, codec: ParquetCodec) {
    this.#device = device
    this.#codec = codec
    this.#out = new Scratch(device)
    this.#table = new Scratch(device)
  }

  /** A data page (version 1) of the body at [start, start + bytes). `encoding`: the number of the values' encoding. */
  data(start: number, bytes: number, valueCount: number, encoding: number): PackedBody {
    const body = this.#pack(start, bytes)
    const header = new ThriftWriter().i32(1, 0).i32(2, bytes).i32(3, body.byteLength)
    header.begin(5).i32(1, valueCount).i32(2, encoding).i32(3, 3).i32(4, 3).end()
    return join(header.finish(), body, bytes)
  }

  /** A dictionary page of PLAIN values. */
  dictionary(start: number, bytes: number, valueCount: number): PackedBody {
    const body = this.#pack(start, bytes)
    const header = new ThriftWriter().i32(1, 2).i32(2, bytes).i32(3, body.byteLength)
    header.begin(7).i32(1, valueCount).i32(2, 0).end()
    return join(header.finish(), body, bytes)
  }

  /** Bytes that [start, start + bytes) pack to. */
  packedBytes(start: number, bytes: number): number {
    return this.#pack(start, bytes).byteLength
  }

  /** Gives the memory back. */
  close(): void {
    this.#out.close()
    this.#table.close()
  }

  #pack(start: number, bytes: number): Uint8Array {
    const { memory } = this.#device
    const body = memory.bytes(start, bytes)
    if (this.#codec === 'none') return body
    if (this.#codec === 'gzip') return packBytes(body.slice()) ?? body
    if (this.#codec === 'zstd') {
      const scratch = this.#table.ensure(zstdScratchBytes(this.#device))
      const packed = this.#out.ensure(zstdBytesMax(this.#device, bytes))
      return memory.bytes(packed, compressZstd(this.#device, start, bytes, packed, scratch))
    }
    if (this.#codec === 'lz4') {
      const table = this.#table.ensure(lz4TableBytes)
      const packed = this.#out.ensure(lz4BytesMax(this.#device, bytes))
      return memory.bytes(packed, compressLz4(this.#device, start, bytes, packed, table))
    }
    const table = this.#table.ensure(snappyTableBytes)
    const out = this.#out.ensure(snappyBytesMax(this.#device, bytes))
    return memory.bytes(out, compressSnappy(this.#device, start, bytes, out, table))
  }
}

function join(header: Uint8Array, body: Uint8Array, unpackedBytes: number): PackedBody {
  const bytes = new Uint8Array(header.byteLength + body.byteLength)
  bytes.set(header)
  bytes.set(body, header.byteLength)
  return { bytes, unpackedBytes: header.byteLength + unpackedBytes }
}
