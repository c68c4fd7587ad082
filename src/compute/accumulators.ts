// The aggregates of one group-by together: what `agg({ … })` lists. Kept as a set so that passes over the rows can be shared.
import type { Column } from '../batch/batch.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { RowPlaces } from './aggregate-contract.ts'
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
  /** One column per spec. Throws DataError SUM_OVERFLOW. */
  resultColumns(arena: Arena, groupCount: number): Column[]
  readonly bytes: number
  reset(): void
  close(): void
}

/** Accumulators for `specs`, in order. Throws as `createAccumulator`. */
export function createAccumulators(device: Device, specs: readonly AggregateSpec[]): Accumulators {
  const list: Accumulator[] = specs.map(spec => createAccumulator(device, spec))
  const widths = specs.map(spec => partialFieldsOf(spec, '').length)
  const starts = startsOf(specs)
  return {
    update(gids, columns, rows, groupCount, places) {
      list.forEach((accumulator, i) => accumulator.update(gids, columns.slice(starts[i], starts[i + 1]).filter(column => column !== undefined), rows, groupCount, places))
    },
    merge(gids, partial, rows, groupCount) {
      let at = 0
      list.forEach((accumulator, i) => accumulator.merge(gids, partial.slice(at, (at += widths[i]!)), rows, groupCount))
    },
    partialFields: names => specs.flatMap((spec, i) => partialFieldsOf(spec, names[i]!)),
    partialColumns: (arena, groupCount) => list.flatMap(accumulator => accumulator.partialColumns(arena, groupCount)),
    resultColumns: (arena, groupCount) => list.flatMap(accumulator => accumulator.resultColumns(arena, groupCount)),
    get bytes() {
      return list.reduce((sum, accumulator) => sum + accumulator.bytes, 0)
    },
    reset: () => list.forEach(accumulator => accumulator.reset()),
    close: () => list.forEach(accumulator => accumulator.close()),
  }
}

// Where each spec's columns begin among all that are read; one entry more than specs.
function startsOf(specs: readonly AggregateSpec[]): number[] {
  const starts = [0]
  for (const { argTypes } of specs) starts.push(starts.at(-1)! + 1 + (argTypes?.length ?? 0))
  return starts
}
