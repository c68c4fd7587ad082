// Which columns a fused pipeline reads.
import type { Bound } from '../expr/function.ts'
import type { FusedProgram } from './program.ts'

/** The numbers of the columns that a program reads, each once, in order. */
export function columnsRead({ conditions, keys, aggregates }: FusedProgram): number[] {
  const found = new Set(keys)
  const visit = (bound: Bound): void => {
    if (bound.kind === 'column') found.add(bound.index)
    else if (bound.kind === 'call') bound.args.forEach(visit)
  }
  for (const bound of [...conditions, ...aggregates.map(aggregate => aggregate.input)]) if (bound) visit(bound)
  return [...found].sort((a, b) => a - b)
}
