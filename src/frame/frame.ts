// What users write: a lazy, immutable description of rows. Every method makes a node; nothing runs before collect, batches, forEach,
// run or start. The types are those of `frame-type.ts`; this class is their run time.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import type { WindowSpec } from '../window/window-spec.ts'
import { expressionOf, fromCallback } from './expression-of.ts'
import { Job } from './job.ts'
import { type FrameNode, type NodeEdge, type SinkLike, sinkNode, buildPlan } from './node.ts'
import { type Order, orderOf } from './orders.ts'
import { analyzeFrame, collectTable, explainFrame, iterateBatches, type JobOptions } from './run.ts'
import type { Table } from './table.ts'
import { functionOf } from './user-function.ts'

type RowFunction = (row: never) => unknown
interface FunctionOptions {
  readonly adds?: Record<string, string>
  readonly schema?: Record<string, string>
}

/** The run time of `Frame`. Arguments are checked when the plan is resolved, where the columns are known. */
export class FrameValue {
  readonly edge: NodeEdge

  constructor(edge: NodeEdge) {
    this.edge = edge
  }

  filter(predicate: unknown): FrameValue {
    return this.#operator('filter', { predicate: expressionOf(fromCallback(predicate), 'filter') as unknown as Json })
  }
  with(columns: unknown): FrameValue {
    return this.#operator('with', { columns: expressions(columns, 'with') })
  }
  select(...columns: unknown[]): FrameValue {
    const names = columns.every(c => typeof c === 'string')
    const picked = names ? Object.fromEntries((columns as string[]).map(name => [name, { kind: 'column', name }])) : expressions(columns[0], 'select')
    return this.#operator('select', { columns: picked as Json })
  }
  rename(names: Record<string, string>): FrameValue {
    return this.#operator('rename', { names })
  }
  drop(...names: string[]): FrameValue {
    return this.#operator('drop', { names })
  }
  map(fn: RowFunction, options: FunctionOptions = {}): FrameValue {
    return this.#userFunction('map', fn, options)
  }
  flatMap(fn: RowFunction, options: FunctionOptions = {}): FrameValue {
    return this.#userFunction('flatMap', fn, options)
  }
  filterRows(fn: RowFunction): FrameValue {
    return this.#userFunction('filterRows', fn, {})
  }
  mapBatches(fn: (batch: never) => unknown, options: FunctionOptions = {}): FrameValue {
    return this.#userFunction('mapBatches', fn, options)
  }
  groupBy(...keys: unknown[]): { agg(aggregates: Record<string, unknown>): FrameValue } {
    const names = keys.filter(k => typeof k === 'string') as string[]
    const windows = keys.filter(k => typeof k !== 'string') as WindowSpec[]
    if (windows.length > 1) throw new PlanError('TWO_WINDOWS', 'groupBy: two windows given; a group has one window; group the result again for another')
    return {
      agg: aggregates => {
        const calls = Object.fromEntries(Object.entries(aggregates).map(([name, a]) => [name, (a as { call: AggregateCall }).call ?? a]))
        return this.#operator('groupBy', { keys: names, aggregates: calls, ...(windows[0] && { window: windows[0] }) } as unknown as Json)
      },
    }
  }
  sort(...keys: (string | Order)[]): FrameValue {
    return this.#operator('sort', { keys: keys.map(orderOf) } as unknown as Json)
  }
  limit(count: number, options: { offset?: number } = {}): FrameValue {
    const whole = (value: number, name: string) => {
      if (!Number.isSafeInteger(value) || value < 0) throw new PlanError('LIMIT', `limit: the ${name} is ${value}; give a whole number from 0`)
      return value
    }
    return this.#operator('limit', { offset: whole(options.offset ?? 0, 'offset'), count: whole(count, 'count') })
  }
  join(right: FrameValue, on: { left: string | readonly string[]; right: string | readonly string[]; how?: string; suffix?: string }): FrameValue {
    if (on.how !== undefined && on.how !== 'inner') throw new PlanError('JOIN_HOW', `join: how "${on.how}" is unknown; this version joins 'inner'`)
    const list = (names: string | readonly string[]) => (typeof names === 'string' ? [names] : [...names])
    const params = { left: list(on.left), right: list(on.right), ...(on.suffix !== undefined && { suffix: on.suffix }) }
    if (params.left.length !== params.right.length || params.left.length === 0)
      throw new PlanError('JOIN_KEYS', `join: ${params.left.length} left keys and ${params.right.length} right ones; give as many of each, at least one`)
    return this.#next({ node: 'operator', label: 'join', kind: 'join', params, inputs: [this.edge, right.edge], side: [] })
  }
  watermark(time: string, options: { bound: Duration; idle?: Duration }): FrameValue {
    const boundMs = parseDuration(options.bound, 'watermark')
    return this.#operator('watermark', { time, boundMs, ...(options.idle !== undefined && { idleMs: parseDuration(options.idle, 'watermark') }) })
  }
  orderByTime(time: string, ...by: string[]): FrameValue {
    return this.#operator('orderByTime', { time, by })
  }
  late(sink: SinkLike): FrameValue {
    if (this.edge.node.kind !== 'groupBy' || (this.edge.node.params as { window?: unknown }).window === undefined)
      throw new PlanError('LATE', `late: only a windowed groupBy().agg() has late rows; call it right after agg, before ${this.edge.node.label}`)
    return this.#withNode({ ...this.edge.node, side: [...this.edge.node.side, { port: 'late', sink }] })
  }
  named(name: string): FrameValue {
    if (!/^[\w][\w .-]*$/.test(name)) throw new PlanError('NAME', `named: "${name}" can't name a step; use letters, digits, space, dot, - and _`)
    return this.#withNode({ ...this.edge.node, name })
  }
  /** Adds an operator of any kind in the catalogue: how other rooms (ml) extend frames. */
  apply(kind: string, params: Json): FrameValue {
    return this.#operator(kind, params)
  }
  as(schema: Record<string, string>): FrameValue {
    return this.#operator('as', { schema })
  }
  cache(): FrameValue {
    const { plan, bindings } = buildPlan([this.edge.node])
    const id = `cache#${++cacheCount}`
    return this.#next({ node: 'scan', label: 'cache', kind: 'cached', params: { id }, inputs: [], side: [], bound: { plan, bindings } })
  }

  to(sink: SinkLike): Job {
    return new Job([sinkNode(this.edge, sink)])
  }
  collect(options: JobOptions = {}): Promise<Table> {
    return collectTable(this.edge, options)
  }
  batches(options: JobOptions = {}): AsyncGenerator<BatchView> {
    return iterateBatches(this.edge, options)
  }
  async forEach(callback: (row: never) => unknown, options: JobOptions = {}): Promise<void> {
    for await (const batch of this.batches(options)) for (const row of batch.rows()) await callback(row as never)
  }
  explain(options?: { device?: JobOptions['device'] }): string
  explain(options: JobOptions & { analyze: true }): Promise<string>
  explain(options?: JobOptions & { analyze?: boolean }): string | Promise<string> {
    return options?.analyze ? analyzeFrame(this.edge, options) : explainFrame(this.edge.node, options?.device)
  }

  #operator(kind: string, params: Json): FrameValue {
    return this.#next({ node: 'operator', label: kind, kind, params, inputs: [this.edge], side: [] })
  }
  #userFunction(kind: string, fn: unknown, options: FunctionOptions): FrameValue {
    if (typeof fn !== 'function') throw new PlanError('FUNCTION', `${kind}: ${typeof fn} given; give a function`)
    const params = { ...(options.adds && { adds: options.adds }), ...(options.schema && { schema: options.schema }) }
    return this.#next({ node: 'operator', label: kind, kind, params, inputs: [this.edge], side: [], function: functionOf(fn) })
  }
  #next(node: FrameNode): FrameValue {
    return new FrameValue({ node })
  }
  #withNode(node: FrameNode): FrameValue {
    return new FrameValue({ ...this.edge, node })
  }
}

let cacheCount = 0

function expressions(columns: unknown, where: string): Json {
  const given = typeof columns === 'function' ? (fromCallback(columns) as Record<string, unknown>) : (columns as Record<string, unknown>)
  return Object.fromEntries(Object.entries(given).map(([name, e]) => [name, expressionOf(e, where)])) as unknown as Json
}

/** A frame over a node: how sources are made. */
export function frameOf(node: FrameNode): FrameValue {
  return new FrameValue({ node })
}
