// Two frames out of one, by chance.
import { PlanError } from '../base/errors.ts'
import type { Frame } from '../frame/frame-type.ts'
import { applied, typed } from './frames.ts'

/** `test`: the share of rows to hold back, 0.25 by default; `seed`: 0 by default. */
export interface SplitOptions {
  readonly test?: number
  readonly seed?: number
}

/**
 * [train, test]: each row is in exactly one, by a draw from the seed and its number in source order; the same at any number of workers. Sizes are as
 * chance has it. Each frame runs its source by itself: `.cache()` it where that is dear. Throws PlanError SPLIT.
 */
export function trainTestSplit<S>(frame: Frame<S>, options: SplitOptions = {}): [train: Frame<S>, test: Frame<S>] {
  const { test = 0.25, seed = 0 } = options
  if (!(test > 0 && test < 1)) throw new PlanError('SPLIT', `trainTestSplit: test is ${test}; give the share of rows to hold back, above 0 and below 1`)
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) throw new PlanError('SPLIT', `trainTestSplit: the seed is ${seed}; give a whole number from 0 below 2^32`)
  const part = (from: number, to: number) => typed<S>(applied(frame as Frame, 'trainTestSplit', 'sample', { seed, from, to }))
  return [part(test, 1), part(0, test)]
}
