// Event time, what comes too late for it, and the names of state.
import { PlanError } from '../base/errors.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { Json } from '../base/json.ts'
import { expressionOf } from './expression-of.ts'
import type { Frame } from './frame-type.ts'
import { JoinSteps } from './join-methods.ts'
import type { SinkLike } from './node.ts'
import type { AnyExpr } from './resolve-types.ts'
import type { Flat, Names, Row, TimeNames } from './types.ts'
import { functionOf } from './user-function.ts'
import { sideSink } from './write.ts'

/** How it is known that all rows up to a time have come. */
export interface WatermarkOptions<in S> {
  /** How much disorder to expect; none unless said. */
  readonly bound?: Duration
  /** A split that is silent so long, by the clock, is waited for no more. */
  readonly idle?: Duration
  /**
   * Watermarks of one `group` keep together: a source that is more than `drift` of event time ahead of the slowest of them is read no further, so that joins and windows behind them hold no
   * more than that of it. One that has ended, or is silent for its `idle`, holds nobody up.
   */
  readonly align?: { readonly group: string; readonly drift: Duration }
  /**
   * Up to which time all rows have come, as a row says it; null where it says nothing. An expression (`when(col('kind').eq('mark')).then(col('at')).otherwise(null)`), or a function of the row and of an object
   * in which it may keep plain data, one for each split, that checkpoints have; it returns a Date or milliseconds, and leaves the fast path.
   */
  readonly by?: AnyExpr | ((row: Row<S>, kept: Record<string, unknown>) => Date | number | bigint | null | undefined)
}

/** The types of the family. */
export interface StreamMethods<in out S> {
  /**
   * Says which column is the time of events, and how it is known that all rows up to a time have come: the watermark. With `bound` it follows the latest time by so much; without one
   * times only rise (a row of less than the latest is late). With `by` rows say it themselves.
   * Sources with splits (partitions, files) have one each, and the least counts.
   */
  watermark(time: TimeNames<S>, options?: WatermarkOptions<S>): Frame<S>
  /**
   * Where rows go that came too late for the window or the join by time before, of a join those of its left side or of its `'right'` one; without it they
   * are counted and dropped.
   */
  late(sink: SinkLike, side?: 'left' | 'right'): Frame<S>
  /**
   * Rows that change earlier ones, made rows that only add up: the first column says of each what it is: '+I' inserted, '-U' the row as it was before an update, '+U' as it is after it, '-D' deleted.
   * For sinks and steps that take nothing else.
   */
  changes<const N extends string = 'op'>(name?: N): Frame<Flat<{ [K in N]: 'utf8' } & S>>
  /** A stable name for the step's state, across versions of the job. */
  named(id: string): Frame<S>
  /** Puts rows that are a little out of order into the order of their times, as the watermark passes; ties by further columns. */
  orderByTime(time: TimeNames<S>, ...by: readonly Names<S>[]): Frame<S>
}

/** The run time of the family. */
export class StreamSteps extends JoinSteps {
  watermark(time: string, { bound, idle, align, by }: WatermarkOptions<any> = {}): this {
    const params = {
      time,
      boundMs: bound === undefined ? 0 : parseDuration(bound, 'watermark'),
      ...(idle !== undefined && { idleMs: parseDuration(idle, 'watermark') }),
      ...(align && { align: { group: align.group, driftMs: parseDuration(align.drift, 'watermark, align') } }),
    }
    if (typeof by === 'function') return this.next({ node: 'operator', label: 'watermark', kind: 'watermark', params, inputs: [this.edge], side: [], function: functionOf(by) })
    return this.operator('watermark', { ...params, ...(by !== undefined && { by: expressionOf(by, 'watermark, by') as unknown as Json }) })
  }
  changes(name = 'op'): this {
    return this.operator('changes', { name })
  }
  orderByTime(time: string, ...by: string[]): this {
    return this.operator('orderByTime', { time, by })
  }
  late(sink: SinkLike, side?: 'left' | 'right'): this {
    const { node } = this.edge
    const { window, within, asOf } = (node.params ?? {}) as { window?: unknown; within?: unknown; asOf?: unknown }
    const isJoin = node.kind === 'windowJoin' || (node.kind === 'join' && (within !== undefined || asOf !== undefined))
    if (!isJoin && node.kind !== 'match' && (node.kind !== 'groupBy' || window === undefined))
      throw new PlanError('LATE', `late: only a windowed groupBy().agg(), match(), a windowJoin, an asOf and a join within bounds of time have late rows; call it right after one, before ${node.label}`)
    if (side === 'right' && !isJoin) throw new PlanError('LATE', `late: ${node.label} has one side; leave 'right' out`)
    return this.at({ ...this.edge, node: { ...node, side: [...node.side, { port: side === 'right' ? 'lateRight' : 'late', sink: sideSink(sink) }] } })
  }
  named(name: string): this {
    if (!/^[\w][\w .-]*$/.test(name)) throw new PlanError('NAME', `named: "${name}" can't name a step; use letters, digits, space, dot, - and _`)
    return this.at({ ...this.edge, node: { ...this.edge.node, name } })
  }
}
