// Joins as users write them, lowered: keys and bounds that are expressions become hidden columns; the right side becomes a table and the left streams past
// it, or the other way round where that was chosen; what may never end is stored on both sides.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Fields, visible } from '../batch/schema.ts'
import { describeExpression } from '../expr/describe.ts'
import { bindExpression } from '../expr/bind.ts'
import type { Expression } from '../expr/expression.ts'
import type { TimedSide } from '../operators/interval-join.ts'
import { windowColumns, windowRowsOperator, type WindowRowsParams } from '../operators/window-rows.ts'
import { isTimed, type WindowSpec } from '../window/window-spec.ts'
import type { LifeParams } from '../operators/join-life.ts'
import { type JoinParams, keyForms, orderField, orderForm, pairFields, boundCondition } from '../operators/join-fields.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { Edge, OperatorNode } from './plan.ts'
import { lowerWithin, type Within } from './lower-within.ts'
import { rangeCondition } from './range-conditions.ts'

type Columns = Readonly<Record<string, Expression>>
/** Parameters of the logical join: `computed` are its keys that are expressions, by the hidden names they have among the keys. */
export type LogicalJoin = JoinParams & { readonly computed?: { readonly left: Columns & Json; readonly right: Columns & Json }; readonly within?: Within } & LifeParams

interface Side {
  readonly edge: Edge
  readonly fields: Fields
}

/** The operators of a join. Throws PlanError UNBOUNDED_JOIN, and as its parts do. */
export function lowerJoin(node: OperatorNode, inputs: readonly EdgeFacts[]): OperatorNode[] {
  const [left, right] = inputs as [EdgeFacts, EdgeFacts]
  const { within, ttlMs, ...logical } = node.params as unknown as LogicalJoin
  const { params, sides, steps } = keyedSides(node, logical, inputs)
  if (params.lookup) {
    if (right.ends) return [...steps, ...tableJoin(node, params, sides)]
    throw new PlanError('LOOKUP', `${node.id}: the table that is looked up never ends, so that it would never be complete; join the two, or read it until its end`)
  }
  if (within) return [...steps, ...withinJoin(node, params, within, [left, right], sides)]
  const stored: OperatorNode = { ...node, params: params as unknown as Json, inputs: sides.map(side => side.edge) }
  if (!left.bounded || !right.bounded) {
    if (params.asOf) return [...steps, ...temporalJoin(node, params, [left, right], sides)]
    if (params.left.length === 0)
      throw new PlanError('UNBOUNDED_JOIN', `${node.id}: a join without keys needs inputs that end, and ${left.bounded ? 'the right one' : 'the left one'} doesn't; on streams join by keys, or read the source until its end`)
    const kept = { ...stored, params: { ...(stored.params as object), ...(ttlMs && { ttlMs }) } as Json }
    if (params.how !== 'inner' || inputs.some(({ changedBy }) => changedBy !== undefined)) return [...steps, { ...kept, kind: 'changingJoin' }]
    return [...steps, kept]
  }
  if (isOneFlow(left, right) && params.how === 'inner' && params.left.length > 0 && !params.asOf) return [...steps, stored]
  return [...steps, ...tableJoin(node, params, sides)]
}

// By event time where both sides have it. Without it a right side that ends is read first, whole.
function temporalJoin(node: OperatorNode, params: JoinParams, facts: readonly [EdgeFacts, EdgeFacts], sides: readonly [Side, Side]): OperatorNode[] {
  if (facts.every(({ watermarked }) => watermarked)) return [{ ...node, kind: 'asOfJoin', params: params as unknown as Json, inputs: sides.map(side => side.edge) }]
  if (facts[1].ends) return tableJoin(node, { ...params, lookup: true }, sides)
  const side = facts[0].watermarked ? 'right' : 'left'
  throw new PlanError('NO_WATERMARK', `${node.id}: asOf over streams needs a watermark on both sides to know which right row was the last before each left one, and the ${side} one has none; call .watermark("${params.asOf![side]}", { bound: '5s' }) before the join`)
}

// The sides with their keys as columns.
function keyedSides(node: OperatorNode, { computed, ...given }: LogicalJoin, inputs: readonly EdgeFacts[]): { params: JoinParams; sides: [Side, Side]; steps: OperatorNode[] } {
  const texts = (columns: Columns, names: readonly string[]) => names.map(name => (columns[name] ? describeExpression(columns[name]) : name))
  const params: JoinParams = computed ? { ...given, texts: { left: texts(computed.left, given.left), right: texts(computed.right, given.right) } } : given
  const steps: OperatorNode[] = []
  const side = (port: 0 | 1, part: 'left' | 'right') => computedSide(node, { edge: node.inputs[port]!, fields: inputs[port]!.fields }, part, computed?.[part] ?? {}, steps)
  return { params, sides: [side(0, 'left'), side(1, 'right')], steps }
}

/** The operators of a join of rows in the same windows: `window` is that of the left side, `rightTime` the time of the right one. Throws PlanError NO_WATERMARK, WINDOW, and as their parts do. */
export function lowerWindowJoin(node: OperatorNode, inputs: readonly EdgeFacts[]): OperatorNode[] {
  const { window, rightTime, ...logical } = node.params as unknown as LogicalJoin & { window: WindowSpec; rightTime?: string }
  if (!isTimed(window) || window.kind === 'global') throw new PlanError('WINDOW', `${node.id}: a ${window.kind} window has no bounds in event time; give tumble, hop, cumulate or session`)
  if (window.firing) throw new PlanError('WINDOW', `${node.id}: rows of a window meet once, so that it gives no other results; leave early, every, purge, evict and trigger out`)
  if (window.latenessMs) throw new PlanError('WINDOW', `${node.id}: rows of a window meet once, so that it can't have lateness; leave it out, or raise the bound of the watermark`)
  const { params, sides, steps } = keyedSides(node, logical, inputs)
  const hasWatermarks = inputs.every(({ watermarked }) => watermarked)
  if (!hasWatermarks && !inputs.every(({ bounded }) => bounded))
    throw new PlanError('NO_WATERMARK', `${node.id}: windows over streams need a watermark on both sides to know when they are complete; call .watermark("${window.time}", { bound: '5s' }) before the join`)
  if (window.kind === 'session') {
    if (window.gapMs === undefined) throw new PlanError('WINDOW', `${node.id}: rows of both sides make sessions together, so that their gap is one for all; give a duration, such as gap: '10s'`)
    const own = { ...params, times: [window.time, rightTime ?? window.time], gapMs: window.gapMs } as unknown as Json
    return [...steps, { ...node, kind: 'sessionJoin', params: own, inputs: sides.map(side => side.edge) }]
  }
  const windowed = sides.map(({ edge, fields }, port): Side => {
    const id = `${node.id}:${port === 0 ? 'left' : 'right'}-windows`
    const own: WindowRowsParams = { window: { ...window, ...(port === 1 && { time: rightTime ?? window.time }) } }
    steps.push({ node: 'operator', id, kind: windowRowsOperator.kind, params: own as unknown as Json, inputs: [edge] })
    return { edge: { node: id }, fields: windowRowsOperator.fields([fields], own, id) }
  }) as [Side, Side]
  const bounds = windowColumns.map(({ name }) => name)
  const texts = params.texts && { left: [...params.texts.left, ...bounds], right: [...params.texts.right, ...bounds] }
  const inWindows: JoinParams = { ...params, left: [...params.left, ...bounds], right: [...params.right, ...bounds], ...(texts && { texts }) }
  if (!hasWatermarks) return [...steps, ...tableJoin(node, inWindows, windowed)]
  const end: TimedSide = { time: 'window_end', timeMs: -1, until: { column: 'window_end', ms: -1 } }
  return [...steps, { ...node, kind: 'intervalJoin', params: { ...inWindows, times: [end, end], delayMs: 0, dropsLate: true } as unknown as Json, inputs: windowed.map(({ edge }) => edge) }]
}

// Joined as rows come wherever event time says how long each is needed, so that what is late doesn't depend on whether the input ends.
function withinJoin(node: OperatorNode, params: JoinParams, within: Within, facts: readonly [EdgeFacts, EdgeFacts], sides: readonly [Side, Side]): OperatorNode[] {
  const { where, times, computed, delayMs } = lowerWithin(node, within, params.where, facts)
  if (!facts.every(({ watermarked }) => watermarked)) {
    if (facts.every(({ bounded }) => bounded)) return tableJoin(node, { ...params, where }, sides, false)
    const side = facts[0].watermarked ? 'right' : 'left'
    throw new PlanError('NO_WATERMARK', `${node.id}: bounds of time need a watermark on both sides to know how long rows are needed, and the ${side} one has none; call .watermark("${times[side === 'left' ? 0 : 1].time}", { bound: '5s' }) before the join`)
  }
  const steps: OperatorNode[] = []
  const left = computedSide(node, sides[0], 'left-bounds', computed, steps)
  return [...steps, { ...node, kind: 'intervalJoin', params: { ...params, where, times, delayMs } as unknown as Json, inputs: [left.edge, sides[1].edge] }]
}

// Both sides come of one source in event time: rows are joined as they come, so that results, barriers and late rows flow before its end.
function isOneFlow(left: EdgeFacts, right: EdgeFacts): boolean {
  return left.watermarked && right.watermarked && [...left.sources].some(source => right.sources.has(source))
}

// One side becomes the table, the other streams past it; then the rows go back into left order, where that is to be. `safely`: see `rangeCondition`.
function tableJoin(node: OperatorNode, params: JoinParams, given: readonly [Side, Side], safely = params.left.length > 0): OperatorNode[] {
  const steps: OperatorNode[] = []
  const { turned, how, asOf } = params
  const names = ['left', 'right'] as const
  const [own, stored] = turned ? ([1, 0] as const) : ([0, 1] as const)
  const sides: [Side, Side] = [given[0], given[1]]
  const found = params.where && bounds(node, params, given, [own, stored], safely)
  if (found) for (const [at, columns] of [[own, found.own], [stored, found.stored]] as const) sides[at] = computedSide(node, sides[at], `${names[at]}-bounds`, columns, steps)
  const ranged: JoinParams = found ? { ...params, range: found.range, ...(found.rest && { rest: found.rest as Expression & Json }) } : params
  const form = asOf && orderForm(given[0].fields, given[1].fields, asOf, node.id)
  const marks = turned ? how !== 'inner' && how !== 'right' : how === 'right' || how === 'full'
  const build = {
    keys: turned ? params.left : params.right,
    forms: keyForms(given[0].fields, given[1].fields, params, node.id),
    marks,
    ...(params.lookup && { lookup: true }),
    ...(form && { time: { column: asOf!.right, form } }),
    ...(found && { range: found.range }),
  } as unknown as Json
  const table: OperatorNode = { node: 'operator', id: `${node.id}:${names[stored]}`, kind: 'joinBuild', params: build, inputs: [sides[stored].edge] }
  const probe: OperatorNode = { ...node, kind: 'joinProbe', params: ranged as unknown as Json, inputs: [sides[own].edge, { node: table.id }] }
  if (!turned?.ordered) return [...steps, table, probe]
  const keys = [{ column: orderField.name, descending: false }]
  const pairs = { ...probe, id: `${node.id}:pairs` }
  const runs: OperatorNode = { node: 'operator', id: `${node.id}:runs`, kind: 'sortRuns', params: { keys }, inputs: [{ node: pairs.id }] }
  return [...steps, table, pairs, runs, { node: 'operator', id: node.id, kind: 'sort', params: { keys, sorted: true }, inputs: [{ node: runs.id }] }]
}

function bounds(node: OperatorNode, { where }: JoinParams, given: readonly [Side, Side], [own, stored]: readonly [0 | 1, 0 | 1], safely: boolean) {
  // What is wrong with the condition is said of it as a whole.
  boundCondition(pairFields(visible(given[0].fields), visible(given[1].fields)), where!, node.id)
  const side = (at: 0 | 1) => ({ fields: visible(given[at].fields), prefix: at === 0 ? ('left.' as const) : ('right.' as const) })
  return rangeCondition(where!, side(own), side(stored), safely, node.id)
}

// A side with further columns, which nobody sees.
function computedSide(node: OperatorNode, side: Side, part: string, columns: Columns, steps: OperatorNode[]): Side {
  if (Object.keys(columns).length === 0) return side
  const id = `${node.id}:${part === 'left' || part === 'right' ? `${part}-keys` : part}`
  steps.push({ node: 'operator', id, kind: 'with', params: { columns } as unknown as Json, inputs: [side.edge] })
  const made = Object.entries(columns).map(([name, expression]) => {
    const { type, nullable } = bindExpression(expression, side.fields, node.id)
    return { name, type, nullable }
  })
  return { edge: { node: id }, fields: [...side.fields, ...made] }
}
