// approxCountDistinct: how many different values there are, within 0.8 % (one standard error) at most 16 KiB a group, by HyperLogLog. Counts up to 1,536
// are as good as exact.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { binary, isFloat, rowCount64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, anything, type SomeGroups } from './aggregate-contract.ts'
import { gathered } from './gather.ts'
import { EntryHeaps } from './entry-heaps.ts'
import { EntryState } from './entry-state.ts'
import { equalForm } from './key-form.ts'
import { floatsOf, hasKeys, keysOf } from './widen.ts'

const heapBytesFirst = 16_384
const scratchBytes = 256

/** About how many different values there are. */
export const approxCountDistinctAggregate: AggregateType = {
  fn: 'approxCountDistinct',
  inputs: [anything],
  nulls: 'never',
  result: () => rowCount64,
  partial: (_, name) => [{ name: `${name}.sketch`, type: binary, nullable: false }],
  create: device => new SketchAccumulator(device),
}

/** A sketch per group, in heaps that are given up together. */
class SketchAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #heaps: EntryHeaps
  constructor(device: Device) {
    this.#state = new EntryState(device, 16)
    this.#heaps = new EntryHeaps(this.#state, heapBytesFirst, true)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    if (column!.type.kind === 'null') return
    const { device } = this.#state
    const state = this.#state.ensure(groupCount)
    const arena = device.arena()
    try {
      const hashes = this.#hashes(arena, column!)
      for (let row = 0; row < rows; ) {
        row = device.kernels.sketchHashes(gids, hashes, column!.validity, row, rows, state, this.#heaps.address)
        if (row < rows) this.#heaps.grow()
      }
    } finally {
      arena.release()
    }
  }

  #hashes(arena: Arena, column: Column): number {
    const { device } = this.#state
    const { kernels } = device
    const out = arena.allocate(8 * column.length)
    if (isFloat(column.type)) kernels.hashFloats64(floatsOf(device, arena, column), column.length, out)
    else if (hasKeys(column.type)) kernels.hashWords64(keysOf(device, arena, column), column.length, out)
    else {
      const form = equalForm(device, arena, column)
      if (hasKeys(form.type)) kernels.hashWords64(keysOf(device, arena, form), form.length, out)
      else kernels.hashViews64(form.values, form.length, out)
    }
    return out
  }

  merge(gids: number, [sketches]: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    for (let row = 0; row < rows; ) {
      row = kernels.mergeSketches(gids, sketches!.values, row, rows, state, this.#heaps.address)
      if (row < rows) this.#heaps.grow()
    }
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    const { kernels } = this.#state.device
    const out = allocateColumn(arena, binary, groupCount)
    kernels.sketchViews(this.#state.ensure(groupCount), groupCount, out.values)
    kernels.copyViews(out.values, groupCount, out.values, arena.allocate(kernels.countViewBytes(out.values, groupCount)))
    return [out]
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (of) return gathered(this.#state.device, arena, this.resultColumns(arena, groupCount), of)
    const out = allocateColumn(arena, rowCount64, groupCount)
    this.#state.device.kernels.estimateSketches(this.#state.ensure(groupCount), groupCount, arena.allocate(scratchBytes), out.values)
    return [out]
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
