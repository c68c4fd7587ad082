// Predicate push-down: a filter moves towards the sources, past steps that would do work for rows it leaves out. A condition is cut at its ands; each
// part moves as far as it can by itself. Parts that a row can make fail pass only steps that leave no row out.
import type { Json } from '../../base/json.ts'
import { columnExpression, type Expression } from '../../expr/expression.ts'
import { allOf, columnsOf, conjunctsOf, isSafe, substitute } from '../../expr/rewrite.ts'
import type { PlanGraph } from '../graph.ts'
import type { OperatorNode } from '../plan.ts'

type FieldNames = (id: string) => ReadonlySet<string>

/** Moves what can move, until nothing does. `fieldsOf` gives the columns of a node of the plan as it was. */
export function pushFilters(graph: PlanGraph, fieldsOf: FieldNames): void {
  for (let moved = true; moved; ) moved = graph.nodes.some(node => node.node === 'operator' && node.kind === 'filter' && pushFilter(graph, node, fieldsOf))
}

const predicateOf = (node: OperatorNode) => (node.params as unknown as { predicate: Expression }).predicate
const withPredicate = (node: OperatorNode, predicate: Expression): OperatorNode => ({ ...node, params: { predicate: predicate as unknown as Json } })

function pushFilter(graph: PlanGraph, filter: OperatorNode, fieldsOf: FieldNames): boolean {
  const below = graph.operator(filter.inputs[0]!)
  if (!below || graph.readers(below.id) !== 1) return false
  if (below.kind === 'filter') {
    graph.replace(withPredicate(filter, allOf([...conjunctsOf(predicateOf(below)), ...conjunctsOf(predicateOf(filter))])))
    graph.remove(below)
    return true
  }
  const parts = conjunctsOf(predicateOf(filter)).map(part => ({ part, below: passes(below, part, fieldsOf) }))
  if (parts.every(p => p.below === undefined)) return false
  // Each part to the input that it is about.
  const targets = new Map<number, Expression[]>()
  for (const { below: found } of parts) if (found) targets.set(found.port, [...(targets.get(found.port) ?? []), found.condition])
  const stays = parts.filter(p => p.below === undefined).map(p => p.part)
  if (below.inputs.length === 1 && stays.length === 0) {
    graph.replace(withPredicate(filter, allOf(targets.get(0)!)))
    graph.swap(graph.operator({ node: filter.id })!, below)
    return true
  }
  const inputs = below.inputs.map((input, port) => {
    const conditions = targets.get(port)
    return conditions ? graph.add(withPredicate({ ...filter, id: `${filter.id}:${port}`, inputs: [input] }, allOf(conditions))) : input
  })
  graph.replace({ ...below, inputs })
  if (stays.length === 0) graph.remove(filter)
  else graph.replace(withPredicate(filter, allOf(stays)))
  return true
}

interface Passed {
  readonly port: number
  readonly condition: Expression
}

/** The condition as it reads below a step, and of which input; undefined where it can't pass. */
function passes(below: OperatorNode, condition: Expression, fieldsOf: FieldNames): Passed | undefined {
  const names = columnsOf(condition)
  const onSingle = (columns: ReadonlyMap<string, Expression>): Passed => ({ port: 0, condition: substitute(condition, columns) })
  switch (below.kind) {
    case 'drop':
    case 'sort':
      return onSingle(new Map())
    case 'rename': {
      const { names: renamed } = below.params as { names: Record<string, string> }
      return onSingle(new Map(Object.entries(renamed).map(([from, to]) => [to, columnExpression(from)])))
    }
    case 'with':
    case 'select': {
      const { columns } = below.params as unknown as { columns: Record<string, Expression> }
      const made = new Map(Object.entries(columns).filter(([name]) => names.has(name)))
      return [...made.values()].every(e => e.kind === 'column') ? onSingle(made) : undefined
    }
    case 'groupBy': {
      // Below several groupings, it would leave rows out of subtotals too.
      const { keys, window, sets } = below.params as unknown as { keys: readonly string[]; window?: unknown; sets?: unknown }
      return window === undefined && sets === undefined && isSafe(condition) && [...names].every(name => keys.includes(name)) && names.size > 0 ? onSingle(new Map()) : undefined
    }
    case 'join':
      return isSafe(condition) ? passesJoin(below, condition, names, fieldsOf) : undefined
    default:
      return undefined
  }
}

// To the side whose columns it reads. An outer join makes rows of nulls on its other side, which the condition must still see; of the nearest row it must not decide which that is.
function passesJoin(join: OperatorNode, condition: Expression, names: ReadonlySet<string>, fieldsOf: FieldNames): Passed | undefined {
  const { how = 'inner', right: rightKeys, suffix = '', asOf } = join.params as { how?: string; right?: readonly string[]; suffix?: string; asOf?: unknown }
  const [left, right] = join.inputs.map(e => (e.port === undefined ? fieldsOf(e.node) : new Set<string>())) as [ReadonlySet<string>, ReadonlySet<string>]
  if (names.size === 0) return undefined
  if ((how === 'inner' || how === 'left' || how === 'semi' || how === 'anti') && [...names].every(name => left.has(name))) return { port: 0, condition }
  if (how !== 'inner' || asOf !== undefined) return undefined
  const columns = new Map<string, Expression>()
  for (const name of right) if (!rightKeys?.includes(name)) columns.set(left.has(name) ? `${name}${suffix}` : name, columnExpression(name))
  return [...names].every(name => columns.has(name) && !left.has(name)) ? { port: 1, condition: substitute(condition, columns) } : undefined
}
