// The dictionary of the column chunk being written, and the numbers that the page at hand has instead of values.
import { type Layout, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { encodeDictionary, encodeHybrid, hybridBytesMax, plainBytes, usedCodes } from '../../compute/parquet-encode.ts'
import { gatherDictionary } from '../../compute/parquet.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import type { StoredAs } from './column-type.ts'
import { dictionaryMost, DictionaryRoom } from './dictionary-room.ts'
import { dictionaryPays, dictionaryShare } from './dictionary-worth.ts'
import type { EncoderScratch } from './encoder-scratch.ts'

/** Values between two looks at what there is room for. */
const stepValues = 1_024

/** Values of one column by number, each once. Memory: a few numbers of each value of a page, and up to 2.5 MiB. */
export class ChunkDictionary {
  readonly #device: Device
  readonly #stored: StoredAs
  readonly #layout: Layout
  readonly #room: DictionaryRoom
  readonly #codes: Scratch
  readonly #shared: EncoderScratch
  #known = 0

  constructor(device: Device, stored: StoredAs, shared: EncoderScratch) {
    this.#device = device
    this.#stored = stored
    this.#layout = layoutOf(stored.stored)
    this.#codes = new Scratch(device)
    this.#shared = shared
    this.#room = new DictionaryRoom(device, this.#layout, valueBytes(stored.stored, 1))
  }

  /** Values known so far, at `values`, as the column stores them. */
  get known(): number {
    return this.#known
  }
  get values(): number {
    return this.#room.place.values
  }

  /** Numbers `count` values of the page, behind `before` others. False where the dictionary is full: then they are not taken. */
  append(values: number, count: number, before: number): boolean {
    const codes = this.#codes.grow(4 * (before + count), 4 * before) + 4 * before
    const width = valueBytes(this.#stored.stored, 1)
    let known = this.#known
    for (let at = 0; at < count; at += stepValues) {
      const step = Math.min(stepValues, count - at)
      const from = values + width * at
      this.#room.reserve(known, step, this.#layout === 'view' ? plainBytes(this.#device, from, step) : 0)
      known = encodeDictionary(this.#device, this.#room.place, from, step, known, codes + 4 * at)
      if (known < 0) return false
    }
    this.#known = known
    return true
  }

  /** Whether a chunk gets smaller by it, told from the `seen` values so far. `last`: values of the chunk before, 0 where there was none. */
  isWorth(seen: number, last: number): boolean {
    if (seen < 1_024) return true
    const bytes = this.#valueBytes()
    return dictionaryPays(this.#known, seen, bytes, this.#layout === 'view' ? Math.min(dictionaryMost.count, dictionaryMost.heapBytes / bytes) : dictionaryMost.count, last)
  }

  /** Bytes of the dictionary that `count` of the chunk's values answer for, as `isWorth` estimates it. */
  share(count: number, seen: number, last: number): number {
    return dictionaryShare(this.#known, seen, last) * this.#valueBytes() * count
  }

  /** The page's first `count` values again; the address is valid until the next call. Cost: .5 ns a value. */
  expand(count: number): number {
    return this.#gather(this.#codes.ensure(4 * count), count)
  }

  /** The different values of the page's first `count`: their address, valid until the next call, and how many. Cost: .5 ns a value. */
  used(count: number): { readonly address: number; readonly count: number } {
    const out = this.#shared.used.ensure(4 * count + 4)
    const used = usedCodes(this.#device, this.#codes.ensure(4 * count), count, this.#room.marks, out)
    return { address: this.#gather(out, used), count: used }
  }

  /** The most bytes that `writeCodes` writes. */
  codeBytesMax(count: number): number {
    return 1 + hybridBytesMax(this.#device, count, this.#width())
  }

  /** The page's numbers at `out`, as RLE_DICTIONARY has them. Returns the bytes. */
  writeCodes(count: number, out: number): number {
    const width = this.#width()
    this.#device.memory.bytes(out, 1)[0] = width
    return 1 + encodeHybrid(this.#device, this.#codes.ensure(4 * count), count, width, out + 1)
  }

  /** Where the values lie as PLAIN, and their bytes. */
  plain(): { readonly address: number; readonly bytes: number } {
    const { values, heap, heapBytes } = this.#room.place
    if (this.#layout !== 'view') return { address: values, bytes: valueBytes(this.#stored.stored, this.#known) }
    // Values added by a slice that then went PLAIN lie behind the known ones.
    return { address: heap, bytes: Math.min(plainBytes(this.#device, values, this.#known), heapBytes) }
  }

  /** Forgets all values. */
  clear(): void {
    this.#known = 0
    this.#room.clear()
  }

  /** Gives the memory back. */
  close(): void {
    this.#codes.close()
    this.#room.close()
  }

  #valueBytes(): number {
    return this.#layout === 'view' ? this.#device.memory.uint32s(this.#room.place.heapUsed, 1)[0]! / this.#known : valueBytes(this.#stored.stored, 1)
  }

  #width(): number {
    return this.#known <= 1 ? 0 : 32 - Math.clz32(this.#known - 1)
  }

  #gather(codes: number, count: number): number {
    const values = this.#shared.expanded.ensure(valueBytes(this.#stored.stored, count))
    gatherDictionary(this.#device, this.#layout, codes, count, this.#room.place.values, this.#known, values)
    return values
  }
}
