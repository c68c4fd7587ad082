// count() and count(column): rows, or values that aren't null.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { int64, rowCount64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, anything, type SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'

const shift = 3

/** Counts rows, or values that are not null. */
export const countAggregate: AggregateType = {
  fn: 'count',
  inputs: [anything],
  nulls: 'never',
  result: () => rowCount64,
  partial: (_, name) => [{ name: `${name}.count`, type: int64, nullable: false }],
  create: device => new CountAccumulator(device),
}

/** An int64 per group. */
class CountAccumulator implements Accumulator {
  readonly #state: EntryState
  constructor(device: Device) {
    this.#state = new EntryState(device, 8)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }
  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    this.#state.device.kernels.countGroups(gids, column?.validity ?? 0, rows, this.#state.ensure(groupCount), shift)
  }
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.#state.device.kernels.addWordsI64(gids, partial[0]!.values, rows, this.#state.ensure(groupCount), shift)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.resultColumns(arena, groupCount).map(column => ({ ...column, type: int64 }))
  }
  resultColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const out = allocateColumn(arena, rowCount64, groupCount)
    this.#state.device.kernels.takeWords(this.#state.entries(arena, groups, of), groupCount, shift, out.values)
    return [out]
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}
