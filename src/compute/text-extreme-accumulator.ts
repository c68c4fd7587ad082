// min and max of strings and bytes, in byte order. The winners' bytes are copied into memory of the accumulator, which is compacted when
// more than half of it are losers.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'

const heapBytesMin = 4_096

/** [view, any, changed] per group. */
export class TextExtremeAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #fn: 'min' | 'max'
  readonly #type: DataType
  #heaps: { address: number; bytes: number; used: number }[] = []
  constructor(device: Device, fn: 'min' | 'max', type: DataType) {
    this.#fn = fn
    this.#type = type
    this.#state = new EntryState(device, 32)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const { values, validity } = column!
    const state = this.#state.ensure(groupCount)
    const changed = this.#state.scratch(4 * rows)
    const count = (this.#fn === 'min' ? kernels.minViews : kernels.maxViews)(gids, values, validity, rows, state, changed)
    if (count === 0) return
    const bytes = kernels.countChangedBytes(state, changed, count)
    const heaps = this.#heaps.length
    kernels.ownViews(state, changed, count, this.#room(bytes))
    if (heaps > 0 && this.#heaps.length > heaps) this.#compact(state, groupCount)
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.update(gids, partial, rows, groupCount)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.resultColumns(arena, groupCount)
  }

  resultColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const { kernels } = this.#state.device
    const state = this.#state.entries(arena, groups, of)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = kernels.maskWords(state + 16, groupCount, 5, validity)
    const out = allocateColumn(arena, this.#type, groupCount)
    kernels.takeViews(state, groupCount, out.values)
    kernels.copyViews(out.values, groupCount, out.values, arena.allocate(kernels.countViewBytes(out.values, groupCount)))
    return [{ ...out, validity: some === groupCount ? 0 : validity }]
  }

  reset(): void {
    this.#freeHeaps()
    this.#state.reset()
  }
  close(): void {
    this.#heaps = []
    this.#state.close()
  }

  #room(bytes: number): number {
    let heap = this.#heaps.at(-1)
    if (!heap || heap.used + bytes > heap.bytes) {
      const whole = Math.max(bytes, heapBytesMin, Math.min(1 << 22, 2 * (heap?.bytes ?? 0)))
      heap = { address: this.#state.memory.allocate(whole), bytes: whole, used: 0 }
      this.#heaps.push(heap)
    }
    heap.used += bytes
    return heap.address + heap.used - bytes
  }

  #compact(state: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const views = this.#state.scratch(16 * groupCount)
    kernels.takeViews(state, groupCount, views)
    const live = kernels.countViewBytes(views, groupCount)
    if (this.#heaps.reduce((sum, heap) => sum + heap.used, 0) < 2 * live) return
    const bytes = Math.max(live * 2, heapBytesMin)
    const address = this.#state.memory.allocate(bytes)
    kernels.repackViews(state, groupCount, address)
    this.#freeHeaps()
    this.#heaps.push({ address, bytes, used: live })
  }

  #freeHeaps(): void {
    for (const heap of this.#heaps) this.#state.memory.free(heap.address, heap.bytes)
    this.#heaps = []
  }
}
