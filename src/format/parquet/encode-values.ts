// A page's values from PLAIN to another encoding: delta-packed integers, byte arrays by lengths or prefixes, split streams.
import { type Layout, layoutOf } from '../../batch/data-type.ts'
import { deltaBytes, deltaBytesMax, deltaScratchBytes, encodeDelta, splitLengths, splitPrefixes, splitStreams } from '../../compute/parquet-delta.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import type { StoredAs } from './column-type.ts'

/** How a page's values lie where they have no dictionary. */
export type ValueForm = 'plain' | 'delta' | 'streams'

/** Encoded values: where they lie, and the number of their encoding. */
export interface EncodedValues {
  readonly address: number
  readonly bytes: number
  readonly encoding: number
}

/** Texts are told by their prefixes where those are so large a share of their bytes. */
const prefixShare = 0.15

/** Encodes the pages of one column. Memory: about a page. */
export class ValueEncoder {
  readonly #device: Device
  readonly #stored: StoredAs
  readonly #layout: Layout
  readonly #arena: Arena
  readonly #scratch: number
  readonly #out: Scratch
  readonly #lengths: Scratch
  constructor(device: Device, stored: StoredAs) {
    this.#device = device
    this.#stored = stored
    this.#layout = layoutOf(stored.stored)
    this.#arena = device.arena()
    this.#scratch = this.#arena.allocate(deltaScratchBytes)
    this.#out = new Scratch(device)
    this.#lengths = new Scratch(device)
  }

  /** About the bytes that `count` integers take as 'delta'. Cost: about 1 ns each. */
  deltaBytes(values: number, count: number): number {
    return deltaBytes(this.#device, values, count, this.#integerBytes, this.#scratch)
  }

  /** `count` PLAIN values of `bytes` bytes in a form that their type has. What it gives is valid until the next call. */
  encode(form: 'delta' | 'streams', plain: number, bytes: number, count: number): EncodedValues {
    if (form === 'streams') {
      const address = this.#out.ensure(bytes)
      if (count > 0) splitStreams(this.#device, plain, count, bytes / count, address)
      return { address, bytes, encoding: 9 }
    }
    return this.#layout === 'view' ? this.#byteArrays(plain, bytes, count) : this.#integers(plain, count)
  }

  /** Gives the memory back. */
  close(): void {
    this.#out.close()
    this.#lengths.close()
    this.#arena.release()
  }

  get #integerBytes(): 4 | 8 {
    return this.#layout === 'word4' ? 4 : 8
  }

  #integers(plain: number, count: number): EncodedValues {
    const width = this.#integerBytes
    const address = this.#out.ensure(deltaBytesMax(this.#device, count, width))
    return { address, bytes: encodeDelta(this.#device, plain, count, width, address, this.#scratch), encoding: 5 }
  }

  #byteArrays(plain: number, bytes: number, count: number): EncodedValues {
    const device = this.#device
    const width = this.#stored.width ?? 0
    const lengthsMax = deltaBytesMax(device, count, 4)
    const first = this.#lengths.ensure(8 * count)
    const second = first + 4 * count
    const address = this.#out.ensure(2 * lengthsMax + bytes)
    // The bytes go where the lengths can't reach, and are moved behind them then.
    const apart = address + 2 * lengthsMax
    const all = width > 0 ? bytes : bytes - 4 * count
    let left = splitPrefixes(device, plain, count, width, first, second, apart)
    const hasPrefixes = width > 0 || left < (1 - prefixShare) * all
    let at = address
    if (hasPrefixes) {
      at += encodeDelta(device, first, count, 4, at, this.#scratch)
      at += encodeDelta(device, second, count, 4, at, this.#scratch)
    } else {
      left = splitLengths(device, plain, count, first, apart)
      at += encodeDelta(device, first, count, 4, at, this.#scratch)
    }
    device.memory.bytes(address, 2 * lengthsMax + bytes).copyWithin(at - address, apart - address, apart - address + left)
    return { address, bytes: at - address + left, encoding: hasPrefixes ? 7 : 6 }
  }
}
