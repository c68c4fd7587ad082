// quantile with { approximate: true }: a t-digest per group, at most 8 KiB each. The share of values below the result is within 0.5 % of q in the middle, and
// closer at the ends; of up to 512 values the result is as good as exact.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { binary, bitmapBytes, float64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, SomeGroups } from './aggregate-contract.ts'
import { gathered } from './gather.ts'
import { EntryHeaps } from './entry-heaps.ts'
import { EntryState } from './entry-state.ts'
import { floatsOf } from './widen.ts'

const heapBytesFirst = 32_768

/** A digest per group, in heaps that are given up together. Takes numbers; NaN don't count. */
export class DigestAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #heaps: EntryHeaps
  readonly #q: number
  constructor(device: Device, q: number) {
    this.#q = q
    this.#state = new EntryState(device, 16)
    this.#heaps = new EntryHeaps(this.#state, heapBytesFirst, false)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.#state
    const state = this.#state.ensure(groupCount)
    const arena = device.arena()
    try {
      const values = floatsOf(device, arena, column!)
      for (let row = 0; row < rows; ) {
        row = device.kernels.digestF64(gids, values, column!.validity, row, rows, state, this.#heaps.address)
        if (row < rows) this.#heaps.grow()
      }
    } finally {
      arena.release()
    }
  }
  merge(gids: number, [digests]: readonly Column[], rows: number, groupCount: number): void {
    const state = this.#state.ensure(groupCount)
    for (let row = 0; row < rows; ) {
      row = this.#state.device.kernels.mergeDigests(gids, digests!.values, row, rows, state, this.#heaps.address)
      if (row < rows) this.#heaps.grow()
    }
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const { kernels } = this.#state.device
    const out = allocateColumn(arena, binary, groupCount)
    kernels.digestViews(this.#state.ensure(groupCount), groupCount, out.values)
    kernels.copyViews(out.values, groupCount, out.values, arena.allocate(kernels.countViewBytes(out.values, groupCount)))
    return [out]
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (of) return gathered(this.#state.device, arena, this.resultColumns(arena, groupCount), of)
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const out = allocateColumn(arena, float64, groupCount)
    kernels.digestQuantiles(state, groupCount, this.#q, out.values)
    const validity = arena.allocate(bitmapBytes(groupCount))
    return [{ ...out, validity: kernels.maskWords(state, groupCount, 4, validity) === groupCount ? 0 : validity }]
  }
  reset(): void {
    this.#heaps.reset()
    this.#state.reset()
  }
  close(): void {
    this.#heaps.close()
    this.#state.close()
  }
}
