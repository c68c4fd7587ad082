// The Bloom filter of a chunk being written: hashes are kept until the chunk ends, since only then it is known how large the filter must be.
import { type Layout, layoutOf } from '../../batch/data-type.ts'
import { addToBloom, bloomBlockBytes, bloomRate, foldBloom, hashValues } from '../../compute/bloom.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import type { EncodedBloom } from './encoded-chunk.ts'
import type { StoredAs } from './column-type.ts'
import { ThriftWriter } from './write-thrift.ts'

const blocksMax = 2 ** 20

/** Gathers the values of a chunk. Memory: 8 bytes a value or, with a dictionary, a different one; and the filter. */
export class ChunkBloom {
  readonly #device: Device
  readonly #layout: Layout
  readonly #falsePositive: number
  readonly #hashes: Scratch
  readonly #filter: Scratch
  #count = 0

  /** `falsePositive`: the share of other values that the filter may let pass. */
  constructor(device: Device, { stored }: StoredAs, falsePositive: number) {
    this.#device = device
    this.#layout = layoutOf(stored)
    this.#falsePositive = falsePositive
    this.#hashes = new Scratch(device)
    this.#filter = new Scratch(device)
  }

  /** Takes `count` stored values. */
  add(values: number, count: number): void {
    if (count === 0) return
    const before = 8 * this.#count
    const place = this.#hashes.grow(before + 8 * count, before) + before
    hashValues(this.#device, this.#layout, values, count, place)
    this.#count += count
  }

  /** The filter; begins anew. Its size is a power of two, the smallest that lets no more pass than asked for, up to 32 MiB. */
  finish(): EncodedBloom {
    const device = this.#device
    // Of n values a filter of b bits lets (1 − e^(−8 n / b))^8 pass, about.
    const bits = (-8 * Math.max(1, this.#count)) / Math.log(1 - this.#falsePositive ** (1 / 8))
    let blocks = Math.min(blocksMax, 2 ** Math.max(0, Math.ceil(Math.log2(bits / 8 / bloomBlockBytes)) + 1))
    const filter = this.#filter.ensure(blocks * bloomBlockBytes)
    device.memory.zero(filter, blocks * bloomBlockBytes)
    addToBloom(device, this.#hashes.ensure(8 * this.#count), this.#count, filter, blocks)
    // Values that were there before set no more bits: the filter may be larger than it must be.
    while (blocks > 1 && bloomRate(device, filter, blocks, 2) <= this.#falsePositive) {
      foldBloom(device, filter, blocks)
      blocks /= 2
    }
    this.#count = 0
    const header = new ThriftWriter().i32(1, blocks * bloomBlockBytes)
    for (const union of [2, 3, 4]) header.begin(union).begin(1).end().end()
    return { header: header.finish(), filter: device.memory.bytes(filter, blocks * bloomBlockBytes).slice() }
  }

  /** Gives the memory back. */
  close(): void {
    this.#hashes.close()
    this.#filter.close()
  }
}
