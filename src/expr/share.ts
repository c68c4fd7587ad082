// Common subexpressions: equal parts of typed expressions become one object, so that evaluating them together computes each part once.
import type { Bound } from './function.ts'

/** Expressions that are evaluated over the same batches. `shared` are the calls that occur in more than one place. */
export interface SharedExpressions {
  readonly bounds: readonly Bound[]
  readonly shared: ReadonlySet<Bound>
}

/** Finds equal parts. Cost: the nodes of all expressions, once per plan. */
export function shareExpressions(bounds: readonly Bound[]): SharedExpressions {
  const known = new Map<string, { bound: Bound; id: number }>()
  const shared = new Set<Bound>()
  const visit = (bound: Bound): { bound: Bound; id: number } => {
    const args = bound.kind === 'call' ? bound.args.map(visit) : []
    const key = keyOf(bound, args.map(arg => arg.id))
    const found = known.get(key)
    if (found) {
      if (bound.kind === 'call') shared.add(found.bound)
      return found
    }
    const made = { bound: bound.kind === 'call' ? { ...bound, args: args.map(arg => arg.bound) } : bound, id: known.size }
    known.set(key, made)
    return made
  }
  return { bounds: bounds.map(bound => visit(bound).bound), shared }
}

function keyOf(bound: Bound, args: readonly number[]): string {
  const type = JSON.stringify(bound.type)
  switch (bound.kind) {
    case 'column':
      return `column ${bound.index} ${type}`
    case 'constant': {
      const { value } = bound.constant
      return `constant ${type} ${typeof value} ${value instanceof Uint8Array ? value.join() : Object.is(value, -0) ? '-0' : typeof value === 'object' ? JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)) : String(value)}`
    }
    case 'call':
      return `call ${bound.fn.name} ${args.join()} ${JSON.stringify(bound.options)} ${type}`
  }
}
