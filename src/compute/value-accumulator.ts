// What accumulators have in common that keep one value a group, and whether there was any: their partial result is their result.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'

/** [value, any] per group, each half of an entry of `entryBytes`, 16 or 32. */
export abstract class ValueAccumulator implements Accumulator {
  protected readonly state: EntryState
  readonly #entryBytes: number
  constructor(device: Device, entryBytes: 16 | 32, fresh?: bigint) {
    this.#entryBytes = entryBytes
    this.state = new EntryState(device, entryBytes, fresh === undefined ? undefined : [fresh, 0n])
  }

  abstract update(gids: number, columns: readonly Column[], rows: number, groupCount: number): void
  /** The values of all entries from `state` on as a column; nulls are put in by the caller. */
  protected abstract valueColumn(arena: Arena, state: number, groupCount: number): Column

  get bytes(): number {
    return this.state.memory.bytes
  }
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.update(gids, partial, rows, groupCount)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.resultColumns(arena, groupCount)
  }
  resultColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const state = this.state.entries(arena, groups, of)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = this.state.device.kernels.maskWords(state + this.#entryBytes / 2, groupCount, Math.log2(this.#entryBytes), validity)
    return [{ ...this.valueColumn(arena, state, groupCount), validity: some === groupCount ? 0 : validity }]
  }
  reset(): void {
    this.state.reset()
  }
  close(): void {
    this.state.close()
  }

  /** The first words of all entries, one behind the other. */
  protected words(arena: Arena, state: number, groupCount: number): number {
    const words = arena.allocate(8 * groupCount)
    this.state.device.kernels.takeWords(state, groupCount, 4, words)
    return words
  }
}
