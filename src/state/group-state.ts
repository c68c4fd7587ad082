// Keys with what is aggregated under each: the state of a window's pane, and of whatever else groups. It leaves as rows (keys, then partial
// states) and takes such rows in, which is how windows merge panes, and how checkpoints are written and restored.
import type { Batch, Column } from '../batch/batch.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { AggregateSpec } from '../compute/accumulator.ts'
import type { RowPlaces } from '../compute/aggregate-contract.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { GroupTable } from '../compute/group-table.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** What is grouped: the key fields, and an accumulator per name. */
export interface GroupShape {
  readonly keys: Fields
  readonly names: readonly string[]
  readonly specs: readonly AggregateSpec[]
}

/** Groups and their accumulators. Owns its memory until `close`. */
export class GroupState {
  readonly #shape: GroupShape
  readonly #table: GroupTable
  readonly #accumulators: Accumulators
  #rows = 0
  constructor(device: Device, shape: GroupShape) {
    this.#shape = shape
    this.#table = new GroupTable(device, shape.keys)
    this.#accumulators = createAccumulators(device, shape.specs)
  }

  /** Groups that have had rows. */
  get groupCount(): number {
    return this.#rows === 0 ? 0 : this.#table.groupCount
  }

  /** Takes rows: `inputs` has the columns that each aggregate reads, one undefined for a count of rows; `places` as in `Accumulator`. */
  add(arena: Arena, keys: readonly Column[], inputs: readonly (Column | undefined)[], rows: number, places: RowPlaces): void {
    if (rows === 0) return
    this.#rows += rows
    const gids = this.#table.find(arena, keys, rows)
    this.#accumulators.update(gids, inputs, rows, this.#table.groupCount, places)
  }

  /** Makes keys known without rows; they are the next groups, in order, where they weren't known. */
  know(arena: Arena, keys: readonly Column[], rows: number): void {
    this.#rows += rows
    this.#table.find(arena, keys, rows)
  }

  /** Takes rows of another state, as `rowsOf` gives them. */
  merge(arena: Arena, keys: readonly Column[], partial: readonly Column[], rows: number): void {
    if (rows === 0) return
    this.#rows += rows
    const gids = this.#table.find(arena, keys, rows)
    this.#accumulators.merge(gids, partial, rows, this.#table.groupCount)
  }

  /** The keys of all groups, in `arena`. */
  keyColumns(arena: Arena): Column[] {
    return this.#table.keyColumns(arena)
  }
  /** The partial states of all groups, in `arena`. */
  partialColumns(arena: Arena): Column[] {
    return this.#accumulators.partialColumns(arena, this.groupCount)
  }
  /** The results of all groups, in `arena`. Throws DataError SUM_OVERFLOW. */
  resultColumns(arena: Arena): Column[] {
    return this.#accumulators.resultColumns(arena, this.groupCount)
  }

  /** The fields of `rowsOf`. */
  fields(): Field[] {
    return [...this.#shape.keys, ...this.#accumulators.partialFields(this.#shape.names)]
  }
  /** All of it as rows in `arena`: keys, then partial states. */
  rowsOf(arena: Arena): Batch {
    return { fields: this.fields(), rowCount: this.groupCount, columns: [...this.keyColumns(arena), ...this.partialColumns(arena)], arena: arena.address }
  }

  /** Forgets all groups; the memory is kept for what comes next. */
  reset(): void {
    this.#rows = 0
    this.#table.reset()
    this.#accumulators.reset()
  }
  /** Gives the memory back. */
  close(): void {
    this.#table.close()
    this.#accumulators.close()
  }
}
