// The aggregates of one group-by together: what `agg({ … })` lists. Kept as a set so that passes over the rows can be shared.
import type { Column } from '../batch/batch.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { RowPlaces, SomeGroups } from './aggregate-contract.ts'
import { FusedSums, fusedKind, isWorthFusing } from './fused-sums.ts'
import { rowNumbers } from './gather.ts'
import { type Accumulator, type AggregateSpec, createAccumulator, partialFieldsOf } from './accumulator.ts'

/** Several accumulators over the same groups; see `Accumulator` for what holds of each. */
export interface Accumulators {
  /** `columns`: those that each spec reads, one after the other, one undefined for a count of rows. `places` as in `Accumulator`. */
  update(gids: number, columns: readonly (Column | undefined)[], rows: number, groupCount: number, places: RowPlaces): void
  /** `partial`: the columns of `partialColumns`, in that order. */
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void
  /** The fields of `partialColumns`; `names`: one per spec. */
  partialFields(names: readonly string[]): Field[]
  partialColumns(arena: Arena, groupCount: number): Column[]
  /** One column per spec, with a row per group, or for each of the groups `of`. Throws DataError SUM_OVERFLOW. */
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[]
  readonly bytes: number
  reset(): void
  close(): void
}

/** Accumulators for `specs`, in order. Throws as `createAccumulator`. */
export function createAccumulators(device: Device, specs: readonly AggregateSpec[]): Accumulators {
  return new AccumulatorSet(device, specs)
}

class AccumulatorSet implements Accumulators {
  readonly #device: Device
  readonly #specs: readonly AggregateSpec[]
  readonly #list: readonly Accumulator[]
  readonly #widths: readonly number[]
  readonly #starts: readonly number[]
  /** The specs that are fused, by number, while no input of theirs has had nulls and no state was merged: then each goes on by itself. */
  readonly #fusable: readonly number[]
  #fused: FusedSums | undefined
  #groups = 0
  constructor(device: Device, specs: readonly AggregateSpec[]) {
    this.#device = device
    this.#specs = specs
    this.#list = specs.map(spec => createAccumulator(device, spec))
    this.#widths = specs.map(spec => partialFieldsOf(spec, '').length)
    this.#starts = startsOf(specs)
    this.#fusable = [...specs.keys()].filter(i => fusedKind(specs[i]!) !== undefined)
    this.#fuse()
  }

  get bytes(): number {
    return this.#list.reduce((sum, accumulator) => sum + accumulator.bytes, this.#fused?.bytes ?? 0)
  }

  update(gids: number, columns: readonly (Column | undefined)[], rows: number, groupCount: number, places: RowPlaces): void {
    if (this.#fused) {
      const inputs = this.#fusable.map(i => columns[this.#starts[i]!])
      if (inputs.some(column => column && column.validity !== 0)) this.#part()
      else {
        this.#fused.update(gids, inputs, rows, groupCount)
        this.#groups = groupCount
      }
    }
    this.#list.forEach((accumulator, i) => {
      if (this.#isFused(i)) return
      const inputs = columns.slice(this.#starts[i], this.#starts[i + 1]).filter(column => column !== undefined)
      accumulator.update(gids, inputs, rows, groupCount, places)
    })
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.#part()
    let at = 0
    this.#list.forEach((accumulator, i) => accumulator.merge(gids, partial.slice(at, (at += this.#widths[i]!)), rows, groupCount))
  }

  partialFields(names: readonly string[]): Field[] {
    return this.#specs.flatMap((spec, i) => partialFieldsOf(spec, names[i]!))
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.#list.flatMap((accumulator, i) => (this.#isFused(i) ? this.#fused!.partialColumns(arena, this.#fusable.indexOf(i), groupCount) : accumulator.partialColumns(arena, groupCount)))
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    return this.#list.flatMap((accumulator, i) => (this.#isFused(i) ? [this.#fused!.resultColumn(arena, this.#fusable.indexOf(i), groupCount, of)] : accumulator.resultColumns(arena, groupCount, of)))
  }

  reset(): void {
    for (const accumulator of this.#list) accumulator.reset()
    this.#fused?.reset()
    this.#groups = 0
  }
  close(): void {
    for (const accumulator of this.#list) accumulator.close()
    this.#fused?.close()
  }

  #isFused(spec: number): boolean {
    return this.#fused !== undefined && this.#fusable.includes(spec)
  }

  #fuse(): void {
    const specs = this.#fusable.map(i => this.#specs[i]!)
    if (isWorthFusing(specs)) this.#fused = new FusedSums(this.#device, specs)
  }

  // From here on each spec has its own state.
  #part(): void {
    if (!this.#fused) return
    const arena = this.#device.arena()
    try {
      const groups = this.#groups
      const gids = rowNumbers(this.#device, arena, groups)
      this.#fusable.forEach((i, fused) => groups > 0 && this.#list[i]!.merge(gids, this.#fused!.partialColumns(arena, fused, groups), groups, groups))
    } finally {
      arena.release()
    }
    this.#fused.close()
    this.#fused = undefined
  }
}

// Where each spec's columns begin among all that are read; one entry more than specs.
function startsOf(specs: readonly AggregateSpec[]): number[] {
  const starts = [0]
  for (const { argTypes } of specs) starts.push(starts.at(-1)! + 1 + (argTypes?.length ?? 0))
  return starts
}
