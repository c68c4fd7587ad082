// Users' functions by key, with state and timers: keyBy(…).process(…).
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import type { Duration } from '../base/units.ts'
import type { KeyRows } from '../operators/keyed-batch.ts'
import type { ProcessFunctions, TimeDomain } from '../operators/process-calls.ts'
import type { Frame, FrameBatch } from './frame-type.ts'
import { MatchSteps } from './match-methods.ts'
import type { NodeEdge, SinkLike } from './node.ts'
import type { StateHandles, StateSpec } from './state.ts'
import type { Flat, Js, Names, Row, Schema, Take } from './types.ts'
import { functionOf } from './user-function.ts'
import { sideSink } from './write.ts'

/** A key as functions see it: the value of one column, or an object of several. */
export type KeyOf<S, N extends readonly string[]> = N extends readonly [infer One extends string] ? (One extends keyof S ? Js<S[One]> : any) : Flat<Row<Take<S, N[number]>>>

/** Timers of the key at hand. Each time is kept once; `plus` is added to it. Times are epoch milliseconds, or Dates. */
export interface Timers {
  /** Calls onTimer once the watermark has passed the time; for one that it has passed, right behind this call. Throws PlanError TIMER, NO_WATERMARK. */
  eventTime(at: number | Date, plus?: Duration): void
  /** Calls onTimer once the clock has reached the time. */
  processingTime(at: number | Date, plus?: Duration): void
  /** Takes a timer back; false where it wasn't set. */
  deleteEventTime(at: number | Date, plus?: Duration): boolean
  deleteProcessingTime(at: number | Date, plus?: Duration): boolean
  /** Event time: what the watermark was just before the row, or the timer's time; −Infinity before there is one. */
  readonly watermark: number
  /** The clock's time when the batch at hand came. */
  readonly now: number
}

/** Emits a row, or with `to` one of a side output. Its values are taken at once. */
export interface Emit<in out O, in out X> {
  (row: Row<O>): void
  to<const N extends keyof X & string>(side: N, row: Row<X[N]>): void
}

/** What functions are given. */
export interface ProcessCall<in out K, in out D, in out O, in out X, in out C = {}> {
  readonly key: K
  readonly state: StateHandles<D>
  /** What onBroadcast has written. */
  readonly shared: SharedHandles<C>
  readonly timers: Timers
  readonly emit: Emit<O, X>
}
/** What onTimer is given. */
export interface TimerCall<in out K, in out D, in out O, in out X, in out C = {}> extends ProcessCall<K, D, O, X, C> {
  /** The time by which the timer fired. */
  readonly domain: TimeDomain
}

/** State that is read only. */
export type SharedHandles<C> = { readonly [N in keyof C]: Omit<StateHandles<C>[N], 'set' | 'add' | 'delete' | 'clear'> }

/** What onBroadcast is given. It emits nothing itself, since every instance sees the row. */
export interface BroadcastCall<in out K, in out D, in out O, in out X, in out C> {
  /** The shared state, to be written. */
  readonly state: StateHandles<C>
  /** Calls a function for each key that has state or timers, as onRow is called for a row's. */
  forEachKey(visit: (call: ProcessCall<K, D, O, X, C>) => void): void
  /** Event time, and the clock's time when the batch at hand came. */
  readonly watermark: number
  readonly now: number
}

/** A batch whose rows lie key by key. */
export interface KeyedRows<in out S, out K> extends FrameBatch<S> {
  /** Each key and where its rows are: [start, end), in their order. While one is at hand `state` and `timers` are its. */
  groups(): Iterable<KeyRows & { readonly key: K }>
}

/** What `process` does. */
export interface ProcessSpec<S, K, D, E, X, C, B> {
  /** State by key, by name. */
  readonly state?: D
  /** The columns of emitted rows; those of the input unless given. */
  readonly emits?: E
  /** Side outputs by name, each with its columns. */
  readonly sides?: X
  /** Rows that every instance sees. Where they end by themselves they come before all others (unless both are of one source), else beside them. */
  readonly broadcast?: Frame<B>
  /** State that onBroadcast writes and the other functions read, by name; each instance has it whole. */
  readonly shared?: C
  /** Takes the rows of `broadcast`. Must do the same in every instance. */
  onBroadcast?(row: Row<B>, call: BroadcastCall<K, D, Out<S, E>, X, C>): void
  /** Takes the rows one by one. */
  onRow?(row: Row<S>, call: ProcessCall<K, D, Out<S, E>, X, C>): void
  /** Instead of onRow: takes rows as columns, the rows of each key together, as many as there are. How many come at once is not to be relied on. */
  onBatch?(rows: KeyedRows<S, K>, call: ProcessCall<K, D, Out<S, E>, X, C>): void
  /** Takes the timers that have come, in the order of their times. */
  onTimer?(time: number, call: TimerCall<K, D, Out<S, E>, X, C>): void
}

type Out<S, E> = [E] extends [never] ? S : E

/** The result of `process`, whose side outputs can be taken. */
export interface Processed<in out O, in out X> extends Frame<O> {
  /** The rows of a side output. */
  side<const N extends keyof X & string>(name: N): Frame<X[N]>
  /** Where the rows of a side output go. Those of a side output that nobody takes are dropped. */
  side<const N extends keyof X & string>(name: N, sink: SinkLike): Processed<O, X>
  named(id: string): Processed<O, X>
}

/** Rows by key. */
export interface Keyed<in out S, N extends readonly string[]> {
  /**
   * Calls functions with each row, with the state of the row's key, and at times that they set. Rows of a key come in source order; before each of them the timers
   * fire that the watermark had passed just before it, so results don't depend on batches, threads or restarts. Where the input ends all timers fire in order, and those
   * that are set meanwhile are left out (counted as 'timersLeftOut'). A function that makes the functions makes them afresh for each instance; as an exported
   * one (`udf`) it runs in the workers, each with keys of its own (what is broadcast is then given as an option); others run on the thread that made them. Leaves the fast path. Memory: the state of all keys.
   * Throws PlanError PROCESS, STATE, TTL; jobs DataError USER_FUNCTION, USER_RESULT, STATE_VALUE, and PlanError TIMER, NO_WATERMARK, SIDE, STATE_INCOMPATIBLE.
   */
  process<D extends Readonly<Record<string, StateSpec>> = {}, E extends Schema = never, X extends Readonly<Record<string, Schema>> = {}, C extends Readonly<Record<string, StateSpec>> = {}, B = any>(
    functions: ProcessSpec<S, KeyOf<S, N>, D, E, X, C, B> | (() => ProcessSpec<S, KeyOf<S, N>, D, E, X, C, B>),
    options?: { readonly broadcast?: Frame<B> },
  ): Processed<Out<S, E>, X>
}

/** The types of the family. */
export interface ProcessMethods<in out S> {
  /** Rows by the values of these columns, for `process`. */
  keyBy<const N extends readonly [Names<S>, ...Names<S>[]]>(...keys: N): Keyed<S, N>
}

interface GivenSpec extends ProcessFunctions {
  readonly state?: Readonly<Record<string, StateSpec>>
  readonly emits?: Record<string, string>
  readonly sides?: Record<string, Record<string, string>>
  readonly broadcast?: { readonly edge: NodeEdge }
  readonly shared?: Readonly<Record<string, StateSpec>>
}

const known = ['state', 'emits', 'sides', 'broadcast', 'shared', 'onRow', 'onBatch', 'onTimer', 'onBroadcast']

/** The run time of `Keyed`. */
export interface KeyedSteps<F> {
  process(functions: GivenSpec | (() => GivenSpec), options?: { readonly broadcast?: GivenSpec['broadcast'] }): F
}

/** The run time of the family. */
export class ProcessSteps extends MatchSteps {
  keyBy(...keys: string[]): KeyedSteps<this> {
    return {
      process: (given, options = {}) => {
        const spec = typeof given === 'function' ? given() : given
        checkSpec(spec)
        const broadcast = options.broadcast ?? spec.broadcast
        checkBroadcast(spec, broadcast)
        const { state = {}, shared, emits, sides } = spec
        const shapes = (of: Readonly<Record<string, StateSpec>>) => Object.fromEntries(Object.entries(of).map(([name, one]) => [name, one?.shape]))
        const params = { keys, states: shapes(state), ...(shared && { shared: shapes(shared) }), ...(emits && { emits }), ...(sides && { sides }) } as unknown as Json
        const inputs = broadcast ? [broadcast.edge, this.edge] : [this.edge]
        return this.next({ node: 'operator', label: 'process', kind: broadcast ? 'processBroadcast' : 'process', params, inputs, side: [], function: functionOf(typeof given === 'function' ? given : () => spec) })
      },
    }
  }

  side(name: string, sink?: SinkLike): this {
    const { node } = this.edge
    if (node.label !== 'process') throw new PlanError('SIDE', `side: only process() has side outputs of one's own; call it right after one, before ${node.label}`)
    const names = Object.keys((node.params as { sides?: object }).sides ?? {})
    if (!names.includes(name)) throw new PlanError('SIDE', `side: process has no side output "${name}"; ${names.length === 0 ? 'it has none' : `it has ${names.join(', ')}${didYouMean(name, names)}`}`)
    if (sink === undefined) return this.at({ node, port: name })
    return this.at({ ...this.edge, node: { ...node, side: [...node.side, { port: name, sink: sideSink(sink) }] } })
  }
}

function checkSpec(spec: GivenSpec): void {
  if (typeof spec !== 'object' || spec === null) throw new PlanError('PROCESS', `process: ${spec === null ? 'null' : typeof spec} given; give the functions, as in { onRow(row, { state, emit }) { … } }`)
  const other = Object.keys(spec).find(name => !known.includes(name))
  if (other !== undefined) throw new PlanError('PROCESS', `process: no option "${other}"${didYouMean(other, known)}; there are ${known.join(', ')}`)
  const { onRow, onBatch } = spec
  if (typeof onRow === 'function' && typeof onBatch === 'function') throw new PlanError('PROCESS', 'process: onRow and onBatch given; rows are taken by one of them')
  for (const name of ['onRow', 'onBatch', 'onTimer', 'onBroadcast'] as const) if (spec[name] !== undefined && typeof spec[name] !== 'function') throw new PlanError('PROCESS', `process: ${name} is ${typeof spec[name]}; give a function`)
  if (onRow === undefined && onBatch === undefined) throw new PlanError('PROCESS', 'process: no onRow; give the function that takes the rows')
}

function checkBroadcast({ shared, onBroadcast }: GivenSpec, broadcast: GivenSpec['broadcast']): void {
  const refuse = (what: string) => new PlanError('PROCESS', `process: ${what}`)
  if (broadcast !== undefined && !(broadcast as { edge?: unknown } | null)?.edge) throw refuse('broadcast is no frame; give the rows that every instance is to see, as in broadcast: rules')
  if (broadcast && !onBroadcast) throw refuse('broadcast without onBroadcast; give the function that takes its rows')
  if (!broadcast && (onBroadcast || shared)) throw refuse(`${onBroadcast ? 'onBroadcast' : 'shared'} without broadcast; give the frame whose rows every instance is to see`)
}
