// Rewrite rules: logical operators, as users write them, become physical ones, once the fields of their inputs are known.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type AggregateCall, lowerAggregates } from '../expr/aggregate-calls.ts'
import { bindExpression } from '../expr/bind.ts'
import { describeExpression } from '../expr/describe.ts'
import { callExpression, columnExpression, type Expression } from '../expr/expression.ts'
import { isInteger, isNumeric } from '../batch/data-type.ts'
import { visible } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { textStatistics } from '../operators/describe-rows.ts'
import { isTimed, isTriggered, type WindowSpec } from '../window/window-spec.ts'
import type { AggregateParam } from '../operators/group-by.ts'
import type { EdgeFacts } from './edge-facts.ts'
import { expandSelectors } from './expand-selectors.ts'
import { type CustomGroupParams, lowerCustomGroup } from './lower-custom.ts'
import { lowerJoin, lowerWindowJoin } from './lower-join.ts'
import { type PlanAround, rowRules } from './lower-rows.ts'
import { lowerWatermark } from './lower-watermark.ts'
import type { Edge, OperatorNode } from './plan.ts'

/** Parameters of the logical `groupBy`. */
export interface GroupByParams extends CustomGroupParams {
  readonly window?: WindowSpec
  /** Several groupings at once: sets of the keys, and the column of the set's number. */
  readonly sets?: readonly (readonly string[])[]
  readonly id?: string
  /** Whether a further result of a window takes back the one before it. */
  readonly changes?: true
  /** How long groups of a stream are kept that get no rows. */
  readonly ttlMs?: number
}

/** The physical operators that do a logical one's work; the last has its id. A physical operator is returned as it is. */
export function lowerOperator(given: OperatorNode, inputs: readonly EdgeFacts[], around: PlanAround): OperatorNode[] {
  const node = expandSelectors(given, inputs[0]?.fields ?? [])
  switch (node.kind) {
    case 'groupBy':
      return lowerGroupBy(node, inputs[0]!)
    case 'describe':
      return lowerDescribe(node, inputs[0]!)
    case 'join':
      return lowerJoin(node, inputs)
    case 'windowJoin':
      return lowerWindowJoin(node, inputs)
    case 'watermark':
      return lowerWatermark(node, inputs[0]!)
    case 'windowTop':
      return lowerWindowTop(node)
    default:
      return lowerRows(node, inputs, around)
  }
}

function lowerGroupBy(node: OperatorNode, input: EdgeFacts): OperatorNode[] {
  const { keys, window, sets, id, ttlMs, changes, aggregates, function: functions } = node.params as unknown as GroupByParams
  if (functions !== undefined && !window && !sets) return lowerCustomGroup(node, input)
  const lowered = lowerAggregates(input.fields, aggregates, node.id)
  const steps: OperatorNode[] = []
  let source = node.inputs[0]!
  const gap = window && sessionGap(window, input, node.id)
  const columns = gap ? { ...lowered.columns, [gapColumn]: gap } : lowered.columns
  if (Object.keys(columns).length > 0) {
    steps.push({ node: 'operator', id: `${node.id}:inputs`, kind: 'with', params: { columns } as unknown as Json, inputs: [source] })
    source = { node: `${node.id}:inputs` }
  }
  const params = { keys, aggregates: lowered.aggregates } as unknown as Json
  if (window) {
    if (!input.bounded && !input.watermarked && isTimed(window))
      throw new PlanError('NO_WATERMARK', `${node.id}: a window over a stream needs a watermark to know when it is complete; call .watermark("${window.time}", { bound: '5s' }) before groupBy`)
    const { gap: _, ...bare } = window as { gap?: Json }
    const physical = (gap ? { ...bare, gapColumn } : window) as unknown as Json
    return [...steps, { node: 'operator', id: node.id, kind: windowKind(window, changes), params: { ...(params as object), window: physical, ...(changes && { changes: input.bounded ? 'net' : 'each' }), ...('firing' in window && window.firing?.custom && { function: functions }) } as Json, inputs: [source] }]
  }
  if (!input.bounded && sets)
    throw new PlanError('UNBOUNDED_GROUP', `${node.id}: several groupings at once need input that ends, and this stream doesn't; group by each set of keys by itself, or read the source until its end`)
  if (!input.bounded) return [...steps, { node: 'operator', id: node.id, kind: 'updatingAggregate', params: { ...(params as object), ...(ttlMs !== undefined && { ttlMs }) } as Json, inputs: [source] }]
  const partial: OperatorNode = { node: 'operator', id: `${node.id}:partial`, kind: 'partialAggregate', params, inputs: [source] }
  if (sets) {
    const expanded: OperatorNode = { node: 'operator', id: `${node.id}:sets`, kind: 'expandSets', params: { keys, sets, id: id! }, inputs: [{ node: partial.id }] }
    const final = { keys: [...keys, id!], aggregates: lowered.aggregates } as unknown as Json
    return [...steps, partial, expanded, { node: 'operator', id: node.id, kind: 'finalAggregate', params: final, inputs: [{ node: expanded.id }] }]
  }
  const counted = onlyDistinct(lowered.aggregates)
  if (counted !== undefined) return [...steps, ...lowerDistinctCounts(node, keys, lowered.aggregates, counted, source)]
  return [
    ...steps,
    partial,
    { node: 'operator', id: node.id, kind: 'finalAggregate', params, inputs: [{ node: `${node.id}:partial` }] },
  ]
}

// The operator of a window: what gives one result, and what late rows make of it, is kept by panes or sessions; all else window by window.
function windowKind(window: WindowSpec, changes: true | undefined): string {
  if (changes || isTriggered(window)) return 'triggeredAggregate'
  return window.kind === 'session' || window.kind === 'processingSession' ? 'sessionAggregate' : 'windowAggregate'
}

const gapColumn = '$gap'

// The gap of each row of a session, as int64 of milliseconds or as it is, a duration.
function sessionGap(window: WindowSpec, { fields }: EdgeFacts, id: string): Expression | undefined {
  if (window.kind !== 'session' || window.gap === undefined) return undefined
  const gap = window.gap as unknown as Expression
  const { type } = bindExpression(gap, fields, `${id}, gap`)
  if (type.kind === 'duration') return gap
  if (!isInteger(type)) throw new PlanError('WINDOW', `${id}: the gap ${describeExpression(gap)} is ${typeName(type)}; give whole milliseconds, or a duration`)
  return callExpression('cast', [gap], { to: 'int64' })
}

// The column of which all aggregates count the distinct values, if they do nothing else.
function onlyDistinct(aggregates: readonly AggregateParam[]): string | undefined {
  const [first] = aggregates
  return first?.input !== undefined && aggregates.every(({ fn, input, args }) => fn === 'countDistinct' && input === first.input && args === undefined) ? first.input : undefined
}

// Pairs of keys and value are grouped as any keys are, on all threads; then each group's pairs are counted, a null among the values not.
function lowerDistinctCounts(node: OperatorNode, keys: readonly string[], aggregates: readonly AggregateParam[], counted: string, source: Edge): OperatorNode[] {
  const pairs = { keys: [...new Set([...keys, counted])], aggregates: [] } as unknown as Json
  const counts = { keys, aggregates: aggregates.map(aggregate => ({ ...aggregate, fn: 'count' })) } as unknown as Json
  const step = (id: string, kind: string, params: Json, input: Edge): OperatorNode => ({ node: 'operator', id, kind, params, inputs: [input] })
  return [
    step(`${node.id}:pairs:partial`, 'partialAggregate', pairs, source),
    step(`${node.id}:pairs`, 'finalAggregate', pairs, { node: `${node.id}:pairs:partial` }),
    step(`${node.id}:partial`, 'partialAggregate', counts, { node: `${node.id}:pairs` }),
    step(node.id, 'finalAggregate', counts, { node: `${node.id}:partial` }),
  ]
}

// describe(): what can be told of each column by aggregates, values as text; then a row per column.
function lowerDescribe(node: OperatorNode, input: EdgeFacts): OperatorNode[] {
  const columns = visible(input.fields)
  const calls: Record<string, AggregateCall> = { rows: { fn: 'count' } }
  const texts: Record<string, Expression> = {}
  columns.forEach(({ name, type }, i) => {
    const tell = (statistic: string, call: AggregateCall) => {
      calls[`${i}.${statistic}`] = call
      if ((textStatistics as readonly string[]).includes(statistic)) texts[`${i}.${statistic}`] = callExpression('cast', [columnExpression(`${i}.${statistic}`)], { to: 'utf8' })
    }
    tell('count', { fn: 'count', input: name })
    if (isNumeric(type)) {
      tell('mean', { fn: 'mean', input: name })
      tell('stddev', { fn: 'stddev', input: name })
    }
    const isMeasured = isNumeric(type) || ['date', 'time', 'timestamp', 'duration'].includes(type.kind)
    if (isMeasured) for (const [statistic, q] of [['q25', 0.25], ['median', 0.5], ['q75', 0.75]] as const) tell(statistic, { fn: 'quantile', input: name, options: { q } })
    if (isMeasured || type.kind === 'bool' || type.kind === 'utf8') for (const fn of ['min', 'max']) tell(fn, { fn, input: name })
  })
  const whole = { ...node, id: `${node.id}:aggregates`, params: { keys: [], aggregates: calls } as unknown as Json }
  const shown: OperatorNode = { node: 'operator', id: `${node.id}:texts`, kind: 'with', params: { columns: texts } as unknown as Json, inputs: [{ node: whole.id }] }
  const told = { columns: columns.map(({ name, type, nullable }) => ({ name, type: typeName(type, nullable) })) }
  return [...lowerGroupBy(whole, input), shown, { ...node, kind: 'describeRows', params: told, inputs: [{ node: shown.id }] }]
}

// Where rows are made most of them are beaten already; only the rest moves.
function lowerWindowTop(node: OperatorNode): OperatorNode[] {
  const part = { ...node, id: `${node.id}:part`, params: { ...(node.params as object), part: true } }
  return [part, { ...node, inputs: [{ node: part.id }] }]
}

// What a rule makes a groupBy of is lowered as one.
function lowerRows(node: OperatorNode, inputs: readonly EdgeFacts[], around: PlanAround): OperatorNode[] {
  const lowered = rowRules[node.kind]?.(node, inputs, around) ?? [node]
  return lowered.flatMap(made => (made.kind === 'groupBy' ? lowerGroupBy(made, inputs[0]!) : [made]))
}
