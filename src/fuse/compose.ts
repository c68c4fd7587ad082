// Several steps as one: expressions over what a step gives become expressions over what the first step reads.
import type { Bound } from '../expr/function.ts'

/** `bound` with `columns` in the place of the columns that it reads, by number; a lambda's variables lie behind them and stay. */
export function substitute(bound: Bound, columns: readonly Bound[]): Bound {
  if (bound.kind === 'column') return columns[bound.index] ?? bound
  if (bound.kind === 'constant') return bound
  return { ...bound, args: bound.args.map(arg => substitute(arg, columns)) }
}
