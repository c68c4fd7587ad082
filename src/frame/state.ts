// State by key, as users declare it for `process`: `state.value('float64')` and its kin.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { TypeName } from '../batch/type-name.ts'
import type { StateFunctions, StateShape } from '../state/keyed-state.ts'
import type { Js } from './types.ts'

declare const handle: unique symbol

/** A state as declared; H is what functions get of it. */
export interface StateSpec<out H = unknown> {
  readonly shape: StateShape
  readonly functions: StateFunctions
  readonly [handle]?: H
}

/** What functions get of a step's states, for the key at hand. */
export type StateHandles<D> = { readonly [N in keyof D]: D[N] extends StateSpec<infer H> ? H : never }

/** How long what was written lasts. */
export interface StateOptions {
  /** Of the time since it was written last; of lists and maps each entry by itself. Then it is never seen again, and its memory is given back. For good unless given. */
  readonly ttl?: Duration
  /**
   * The time that `ttl` is of: the clock's ('clock', the default, as in Apache Flink), or the watermark's ('event'), by which a result depends on the rows alone.
   * What is written before there is a watermark lasts until it is written again.
   */
  readonly by?: 'clock' | 'event'
  /** 'use' where reading what is there prolongs it as writing does; 'write' unless given. */
  readonly since?: 'write' | 'use'
}

/** One value. */
export interface ValueState<in out V> {
  /** Undefined where there is none. */
  get(): V | undefined
  set(value: V): void
  clear(): void
}

/** A list of values in the order in which they were added. */
export interface ListState<in out V> {
  /** A copy; empty where there is none. */
  get(): V[]
  readonly size: number
  add(...values: V[]): void
  /** Replaces the list. */
  set(values: Iterable<V>): void
  clear(): void
}

/** A map, in the order in which its keys were set. */
export interface MapState<in out K, in out V> {
  /** Undefined where there is none. */
  get(key: K): V | undefined
  has(key: K): boolean
  readonly size: number
  set(key: K, value: V): void
  /** False where there was none. */
  delete(key: K): boolean
  clear(): void
  entries(): [K, V][]
  keys(): K[]
  values(): V[]
}

/** One value, of all that were added. */
export interface AddingState<in I, out V> {
  /** Undefined where nothing was added. */
  get(): V | undefined
  add(value: I): void
  clear(): void
}

/** How `state.aggregating` adds up: `update` returns the new state, or changes the one that it is given. */
export interface AddingFunctions<in out A, in I, out V> {
  init(): A
  update(state: A, value: I): A | void
  finish(state: A): V
}

/** The kinds of state by key. Types are written as in a schema; null is a value where the type allows it. Throws PlanError STATE, TTL, DURATION. */
export const state = {
  /** One value. */
  value: <const T extends TypeName>(type: T, options: StateOptions = {}): StateSpec<ValueState<Js<T>>> => spec({ kind: 'value', type }, options),
  /** A list of values. */
  list: <const T extends TypeName>(type: T, options: StateOptions = {}): StateSpec<ListState<Js<T>>> => spec({ kind: 'list', type }, options),
  /** A map; keys are numbers, texts, bools or times. */
  map: <const K extends TypeName, const T extends TypeName>(key: K, type: T, options: StateOptions = {}): StateSpec<MapState<Js<K>, Js<T>>> => spec({ kind: 'map', type, key }, options),
  /** All values as one, by a function of two: `state.reducing('int64', (a, b) => a + b)`. */
  reducing: <const T extends TypeName>(type: T, reduce: (a: Js<T>, b: Js<T>) => Js<T>, options: StateOptions = {}): StateSpec<AddingState<Js<T>, Js<T>>> => spec({ kind: 'reducing', type }, options, { reduce }),
  /** All values added up in a state of the type `type`, from which a result is made when it is asked for. */
  aggregating: <const T extends TypeName, I, V>(type: T, functions: AddingFunctions<Js<T>, I, V>, options: StateOptions = {}): StateSpec<AddingState<I, V>> =>
    spec({ kind: 'aggregating', type }, options, { init: functions?.init, update: functions?.update, finish: functions?.finish }),
}

const known = ['ttl', 'by', 'since']

function spec(shape: StateShape, options: StateOptions, functions: StateFunctions = {}): StateSpec<never> {
  const where = `state.${shape.kind}`
  const other = Object.keys(options).find(name => !known.includes(name))
  if (other !== undefined) throw new PlanError('STATE', `${where}: no option "${other}"${didYouMean(other, known)}; there are ${known.join(', ')}`)
  const { ttl, by, since } = options
  if (since !== undefined && since !== 'write' && since !== 'use') throw new PlanError('TTL', `${where}: since is ${JSON.stringify(since)}; write 'write' or 'use'`)
  if (by !== undefined && by !== 'clock' && by !== 'event') throw new PlanError('TTL', `${where}: by is ${JSON.stringify(by)}; write 'clock' or 'event'`)
  const lone = ttl === undefined && (by !== undefined ? 'by' : since !== undefined && 'since')
  if (lone) throw new PlanError('TTL', `${where}: ${lone} says of what time ttl is, and there is no ttl; give one, as in { ttl: '1h' }`)
  return { shape: { ...shape, ...(ttl !== undefined && { ttlMs: parseDuration(ttl, `${where}, ttl`), ttlBy: by ?? 'clock', ...(since === 'use' && { ttlSince: since }) }) }, functions }
}
