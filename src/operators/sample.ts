// A share of the rows by chance. The draw of a row is a function of the seed and of its number in source order, so that two samples with one seed and
// adjoining ranges split the rows: each lands in exactly one.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { random } from '../base/random.ts'
import { float64 } from '../batch/data-type.ts'
import { andBits } from '../compute/bitmap.ts'
import { draws, repeatByChance } from '../compute/chance.ts'
import { compactBatch, share } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import { gatherBatch } from '../compute/gather.ts'
import { countState, restoredCount } from './counted.ts'
import type { OperatorType } from './operator.ts'

/**
 * Parameters of `sample`: rows whose draw in [0, 1) lies in [from, to); with `repeat` every row as often as a Poisson distribution of mean `to` says; with
 * `draw` all rows, with their draw in a column of that name.
 */
export interface SampleParams {
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly repeat?: boolean
  readonly draw?: string
  readonly [key: string]: Json | undefined
}

/** Keeps about (to - from) of the rows, in order. */
export const sampleOperator: OperatorType<SampleParams> = {
  kind: 'sample',
  inputCount: 1,
  placement: () => 'single',
  stateWeight: 0,
  fields([input], { seed, from, to, draw, repeat }, where) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) throw new PlanError('SAMPLE', `${where}: the seed is ${seed}; give a whole number from 0 below 2^32`)
    if (repeat ? !(to >= 0 && to <= 100) : !(from >= 0 && from <= to && to <= 1))
      throw new PlanError('SAMPLE', repeat ? `${where}: the fraction is ${to}; give a number from 0 to 100` : `${where}: the range is ${from} to ${to}; give 0 ≤ from ≤ to ≤ 1`)
    return draw === undefined ? input! : [...input!, { name: draw, type: float64, nullable: false }]
  },
  describe({ seed, from, to, repeat, draw }) {
    return draw !== undefined ? `a draw for each row, seed ${seed}` : repeat ? `rows ${to} times on average, seed ${seed}` : `rows drawn in ${from} to ${to}, seed ${seed}`
  },
  create(context, { seed, from, to, repeat, draw }, [input]) {
    let rows = 0
    const start = random(seed).uint32()
    return {
      push(batch, out) {
        const { device, arena } = context
        const drawn = draws(device, arena, start, rows, batch.rowCount)
        rows += batch.rowCount
        if (draw !== undefined) {
          const { columns, rowCount } = share(device, arena, batch)
          return out.emit({ fields: [...input!, { name: draw, type: float64, nullable: false }], rowCount, columns: [...columns, drawn], arena: arena.address })
        }
        if (repeat) {
          const repeated = repeatByChance(device, arena, drawn, to)
          return out.emit(gatherBatch(device, arena, batch, repeated.indices, repeated.rows))
        }
        const below = compare(device, arena, 'lt', drawn, { type: float64, value: to }).values
        const inside = from === 0 ? below : andBits(device, arena, below, compare(device, arena, 'ge', drawn, { type: float64, value: from }).values, batch.rowCount)
        const kept = compactBatch(device, arena, batch, inside)
        if (kept.rowCount > 0) out.emit(kept)
      },
      snapshot: () => countState(context, rows),
      restore(runs) {
        rows = restoredCount(context, runs)
      },
    }
  },
}
