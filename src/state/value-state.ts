// One value a key, in an array by the keys' numbers: of numbers and times flat, of other types plain. Reducing and aggregating state are one value, too.
import { DataError } from '../base/errors.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Value } from '../batch/value.ts'
import { keyAtHand, type Lifetime, lifetimeOf, type StateCursor, type StateEntries, type StateFunctions, type StateShape, type StateStore, StateType } from './keyed-state.ts'

type Cells = Float64Array | BigInt64Array | BigUint64Array | Value[]

const capacityMin = 16
const absent = 0
const present = 1
const isNull = 2

/** The state of kinds `value`, `reducing` and `aggregating`. Cost: an array access a read, a check of the type a write; 9 bytes a number and key. */
export class ValueStore implements StateStore {
  readonly handle: object
  readonly fields: readonly Field[]
  readonly #name: string
  readonly #type: StateType
  readonly #cursor: StateCursor
  readonly #lifetime: Lifetime | undefined
  #cells: Cells
  #kinds = new Uint8Array(capacityMin)
  #stamps: Float64Array | undefined

  constructor(cursor: StateCursor, name: string, shape: StateShape, functions: StateFunctions = {}) {
    this.#name = name
    this.#type = new StateType(cursor, name, shape.type)
    const { type, nullable } = this.#type
    this.#cursor = cursor
    this.#lifetime = lifetimeOf(cursor, shape)
    this.#cells = cellsOf(type, capacityMin)
    this.#stamps = this.#lifetime && new Float64Array(capacityMin)
    this.fields = [{ name: '$value', type, nullable }, ...(this.#lifetime ? [this.#lifetime.field()] : [])]
    this.handle = this.#handleOf(shape.kind, functions)
  }

  #handleOf(kind: StateShape['kind'], { reduce, init, update, finish }: StateFunctions): object {
    const call = this.#call.bind(this)
    const read = () => this.#get(keyAtHand(this.#cursor, this.#name))
    const write = (value: unknown) => this.#set(keyAtHand(this.#cursor, this.#name), value)
    const clear = () => this.#clear(keyAtHand(this.#cursor, this.#name))
    if (kind === 'value') return { get: read, set: write, clear }
    if (kind === 'reducing') {
      const add = (value: unknown) => {
        const before = read()
        write(before === undefined ? value : call('reduce', () => reduce!(before as never, this.#type.taken(value) as never)))
      }
      return { get: read, add, clear }
    }
    const get = () => {
      const before = read()
      return before === undefined ? undefined : call('finish', () => finish!(before as never))
    }
    const add = (value: unknown) => {
      const before = read() ?? call('init', () => init!())
      const after = call('update', () => update!(before as never, value as never))
      write(after === undefined ? before : after)
    }
    return { get, add, clear }
  }

  #call(what: string, call: () => unknown): unknown {
    const result = call()
    if (!(result instanceof Promise)) return result
    result.catch(() => {})
    throw new DataError('USER_RESULT', `${this.#cursor.place()}: ${what} of the state "${this.#name}" returned a promise; it doesn't wait, so return the value itself`)
  }

  #get(gid: number): Value | undefined {
    const kind = this.#kinds[gid]
    if (kind === undefined || kind === absent) return undefined
    if (this.#lifetime?.hasEnded(this.#stamps![gid]!)) {
      this.#clear(gid)
      return undefined
    }
    if (this.#lifetime?.isOfUse) this.#stamps![gid] = this.#lifetime.stamp()
    if (kind === isNull) return null
    return this.#type.given(this.#cells[gid]!)
  }

  #set(gid: number, value: unknown): void {
    this.#put(gid, this.#type.taken(value), this.#lifetime?.stamp())
  }

  #clear(gid: number): void {
    if (gid >= this.#kinds.length) return
    this.#kinds[gid] = absent
    if (Array.isArray(this.#cells)) this.#cells[gid] = null
  }

  #put(gid: number, value: Value, stamp: number | undefined): void {
    if (gid >= this.#kinds.length) this.#move(Math.max(gid + 1, 2 * this.#kinds.length), undefined)
    this.#kinds[gid] = value === null ? isNull : present
    if (value !== null) this.#cells[gid] = value as never
    if (stamp !== undefined) this.#stamps![gid] = stamp
  }

  // Moves all to arrays of `capacity` keys: those of `kept`, by their new numbers, or all as they are.
  #move(capacity: number, kept: Int32Array | undefined): void {
    const [cells, kinds, stamps] = [this.#cells, this.#kinds, this.#stamps]
    this.#cells = cellsOf(this.#type.type, capacity)
    this.#kinds = new Uint8Array(capacity)
    this.#stamps = stamps && new Float64Array(capacity)
    const count = kept ? kept.length : kinds.length
    for (let gid = 0; gid < count; gid++) {
      const from = kept ? kept[gid]! : gid
      const kind = kinds[from] ?? absent
      if (kind === absent) continue
      this.#kinds[gid] = kind
      if (kind === present) this.#cells[gid] = cells[from] as never
      if (stamps) this.#stamps![gid] = stamps[from]!
    }
  }

  mark(live: Uint8Array): void {
    const count = Math.min(live.length, this.#kinds.length)
    for (let gid = 0; gid < count; gid++) if (this.#kinds[gid] !== absent) live[gid] = 1
  }

  expire(): void {
    if (!this.#lifetime) return
    for (let gid = 0; gid < this.#kinds.length; gid++) {
      if (this.#kinds[gid] !== absent && this.#lifetime.hasEnded(this.#stamps![gid]!)) this.#clear(gid)
    }
  }

  renumber(kept: Int32Array): void {
    this.#move(Math.max(capacityMin, kept.length), kept)
  }

  entries(): StateEntries {
    this.expire()
    const gids: number[] = []
    for (let gid = 0; gid < this.#kinds.length; gid++) if (this.#kinds[gid] !== absent) gids.push(gid)
    return { gids: Int32Array.from(gids), columns: [this.#valuesOf(gids), ...(this.#stamps ? [Float64Array.from(gids, gid => this.#stamps![gid]!)] : [])] }
  }

  // Of numbers without nulls an array of numbers.
  #valuesOf(gids: readonly number[]): ArrayLike<unknown> {
    const cells = this.#cells
    if (Array.isArray(cells) || gids.some(gid => this.#kinds[gid] === isNull)) return gids.map(gid => (this.#kinds[gid] === isNull ? null : cells[gid]!))
    const values = new (cells.constructor as new (count: number) => Float64Array)(gids.length)
    for (let row = 0; row < gids.length; row++) values[row] = cells[gids[row]!] as number
    return values
  }

  restore(gids: ArrayLike<number>, [value, stamp]: readonly (((row: number) => Value) | undefined)[]): void {
    for (let row = 0; row < gids.length; row++) this.#put(gids[row]!, value!(row), this.#lifetime && (stamp ? (stamp(row) as number) : this.#lifetime.stamp()))
  }
}

// Numbers are kept as such where doubles have them all.
function cellsOf(type: DataType, capacity: number): Cells {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'float16':
    case 'float32':
    case 'float64':
    case 'date':
      return new Float64Array(capacity)
    case 'int64':
      return new BigInt64Array(capacity)
    case 'uint64':
      return new BigUint64Array(capacity)
    case 'time':
    case 'timestamp':
    case 'duration':
      return type.unit === 's' || type.unit === 'ms' ? new Float64Array(capacity) : new BigInt64Array(capacity)
    default:
      return new Array<Value>(capacity).fill(null)
  }
}
