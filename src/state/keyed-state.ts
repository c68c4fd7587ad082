// State by key for users' functions: what its kinds have in common. A kind holds what all keys have, by the keys' numbers, and gives users one handle that
// reads and writes what the key at hand has. How long it lasts follows Apache Flink's StateTtlConfig: time since the last write (or read), what has ended is never seen.
import { DataError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { formatDuration } from '../base/units.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import type { Value } from '../batch/value.ts'
import { isShared, type Taking, takingOf } from './state-value.ts'

/** The kinds of state. */
export const stateKinds = ['value', 'list', 'map', 'reducing', 'aggregating'] as const

/** A state as plain data: `type` is that of its values (of `aggregating` of what it adds up in), `key` that of a map's keys. */
export interface StateShape {
  readonly kind: (typeof stateKinds)[number]
  readonly type: string
  readonly key?: string
  /** How long what was written lasts, and by which time: the clock's, or the watermark's. */
  readonly ttlMs?: number
  readonly ttlBy?: 'clock' | 'event'
  /** 'use' where reading prolongs it, too. */
  readonly ttlSince?: 'write' | 'use'
}

/** The functions of a state, which no plan can hold. */
export interface StateFunctions {
  /** Of `reducing`: two values as one. */
  readonly reduce?: (a: never, b: never) => unknown
  /** Of `aggregating`. */
  readonly init?: () => unknown
  readonly update?: (state: never, value: never) => unknown
  readonly finish?: (state: never) => unknown
}

/** What a call of a user's function is about: state is read and written for this key, at this time. */
export interface StateCursor {
  /** The key's number; −1 outside of calls. */
  gid: number
  /** Epoch milliseconds of the clock. */
  clock: number
  /** Event time; −Infinity before there is any. */
  watermark: number
  /** The step and the key, as messages begin. */
  place(): string
}

/** What a checkpoint holds of a state: a row per entry, of the key numbered `gids[row]`. `columns` are as `fields`. */
export interface StateEntries {
  readonly gids: Int32Array
  readonly columns: readonly ArrayLike<unknown>[]
}

/** What all keys have of one state. */
export interface StateStore {
  /** What users' functions get. */
  readonly handle: object
  /** Of the columns of `entries`. */
  readonly fields: readonly Field[]
  /** Marks the keys that have something. */
  mark(live: Uint8Array): void
  /** Lets go of what has ended by the cursor's times. Cost: a look at every entry. */
  expire(): void
  /** Gives keys new numbers: what `kept[gid]` was is `gid`; others are forgotten. */
  renumber(kept: Int32Array): void
  /** All that hasn't ended, in the order in which it was written. */
  entries(): StateEntries
  /** Takes entries back: rows of `columns` (as `fields`; one of times may be missing) by key. */
  restore(gids: ArrayLike<number>, columns: readonly (((row: number) => Value) | undefined)[]): void
}

const mapKeyKinds = new Set(['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'decimal', 'utf8', 'date', 'time', 'timestamp', 'duration'])

/** Throws PlanError STATE where a state isn't one. */
export function checkShape(name: string, shape: StateShape, where: string): void {
  const what = `${where}, state "${name}"`
  if (!stateKinds.includes(shape?.kind)) throw new PlanError('STATE', `${what}: it is no state; write state.value('float64'), or state.list, map, reducing or aggregating${didYouMean(String(shape?.kind), stateKinds)}`)
  parseType(shape.type, what)
  if (shape.key !== undefined) {
    const { type, nullable } = parseType(shape.key, `${what}, its keys`)
    if (nullable || !mapKeyKinds.has(type.kind)) throw new PlanError('STATE', `${what}: keys of a map can't be ${shape.key}; give numbers, texts, bools or times that are never null`)
  }
  if (shape.ttlMs !== undefined && !(shape.ttlMs > 0)) throw new PlanError('TTL', `${what}: ttl is ${shape.ttlMs} ms; give a time longer than 0`)
}

/** Throws PlanError STATE unless a state has the functions of its kind. */
export function checkFunctions(name: string, { kind }: StateShape, functions: StateFunctions, where: string): void {
  const needed = kind === 'reducing' ? (['reduce'] as const) : kind === 'aggregating' ? (['init', 'update', 'finish'] as const) : []
  for (const one of needed) if (typeof functions[one] !== 'function') throw new PlanError('STATE', `${where}, state "${name}": ${one} is ${typeof functions[one]}; give a function`)
}

/** A shape as `explain()` and messages have it. */
export function describeShape({ kind, type, key, ttlMs, ttlBy, ttlSince }: StateShape): string {
  return `${kind} of ${key === undefined ? '' : `${key} to `}${type}${ttlMs === undefined ? '' : `, for ${formatDuration(ttlMs)} ${ttlBy === 'event' ? 'of event time' : 'by the clock'}${ttlSince === 'use' ? ' since its use' : ''}`}`
}

/** What a state lasts: `stamp()` is written beside a value, and `hasEnded` says of a stamp whether its value is to be seen no more. */
export class Lifetime {
  readonly #cursor: StateCursor
  readonly #ms: number
  readonly #byEvent: boolean
  /** Reading is as good as writing. */
  readonly isOfUse: boolean
  constructor(cursor: StateCursor, { ttlMs, ttlBy, ttlSince }: StateShape & { readonly ttlMs: number }) {
    this.#cursor = cursor
    this.#ms = ttlMs
    this.#byEvent = ttlBy === 'event'
    this.isOfUse = ttlSince === 'use'
  }

  /** The time of a write. What is written before there is event time has none, and lasts until it is written again. */
  stamp(): number {
    if (!this.#byEvent) return this.#cursor.clock
    return Number.isFinite(this.#cursor.watermark) ? this.#cursor.watermark : Number.POSITIVE_INFINITY
  }
  hasEnded(stamp: number): boolean {
    return stamp + this.#ms <= (this.#byEvent ? this.#cursor.watermark : this.#cursor.clock)
  }
  /** The column of stamps, whose name says by which time they are. */
  field(): Field {
    return { name: this.#byEvent ? '$event' : '$clock', type: { kind: 'float64' }, nullable: false }
  }
}

/** The lifetime of a shape that has one. */
export function lifetimeOf(cursor: StateCursor, shape: StateShape): Lifetime | undefined {
  const { ttlMs } = shape
  return ttlMs === undefined ? undefined : new Lifetime(cursor, { ...shape, ttlMs })
}

/** The key's number. Throws PlanError STATE_KEY where no key is at hand. */
export function keyAtHand(cursor: StateCursor, name: string): number {
  if (cursor.gid < 0) throw new PlanError('STATE_KEY', `${cursor.place()}: the state "${name}" is asked for where there is no key; use it in onRow and onTimer, and in onBatch inside of rows.groups()`)
  return cursor.gid
}

/** The type of what a state holds: checks what is written, and copies what is read where its reader could change it. */
export class StateType {
  readonly type: DataType
  readonly nullable: boolean
  readonly #cursor: StateCursor
  readonly #name: string
  readonly #what: string
  readonly #take: Taking
  readonly #isShared: boolean
  /** `text` is the type as in a schema; `what`, for messages, what is of it, as in 'the key '. */
  constructor(cursor: StateCursor, name: string, text: string, what = '') {
    const { type, nullable } = parseType(text, name)
    this.type = type
    this.nullable = nullable
    this.#cursor = cursor
    this.#name = name
    this.#what = what
    this.#take = takingOf(type, nullable)
    this.#isShared = isShared(type)
  }

  /** The value as the state holds it. Throws DataError STATE_VALUE. */
  taken(value: unknown): Value {
    const taken = this.#take(value)
    if (taken !== undefined) return taken
    const { type, nullable } = this
    throw new DataError('STATE_VALUE', `${this.#cursor.place()}: the state "${this.#name}" was given ${this.#what}${shown(value)}, and is of ${typeName(type, nullable)}; give a value of that type${value === null || value === undefined ? `, or write '${typeName(type, true)}' to allow nulls` : ''}`)
  }
  /** A value of the state as its reader gets it. */
  given(value: Value): Value {
    return this.#isShared ? this.#take(value)! : value
  }
}

/** A value for messages, cut where it is long. */
export function shown(value: unknown): string {
  let text: string | undefined
  try {
    text = typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? String(value) : JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item instanceof Map ? [...item] : item))
  } catch {
    // Of a value that no text can be made of its kind is said.
  }
  text ??= String(value)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}
