// A map a key. Each of its entries lasts by itself, as in Apache Flink (TtlMapState).
import type { Field } from '../batch/schema.ts'
import type { Value } from '../batch/value.ts'
import { keyAtHand, type Lifetime, lifetimeOf, type StateCursor, type StateEntries, type StateShape, type StateStore, StateType } from './keyed-state.ts'

/** Entries in the order in which their keys came, and when each was written. */
interface Entries {
  readonly values: Map<Value, Value>
  readonly stamps: Map<Value, number>
}

/** The state of kind `map`. Cost: a look-up a call. */
export class MapStore implements StateStore {
  readonly handle: object
  readonly fields: readonly Field[]
  readonly #name: string
  readonly #type: StateType
  readonly #keyType: StateType
  readonly #cursor: StateCursor
  readonly #lifetime: Lifetime | undefined
  #maps: (Entries | undefined)[] = []

  constructor(cursor: StateCursor, name: string, shape: StateShape) {
    this.#name = name
    this.#type = new StateType(cursor, name, shape.type)
    this.#keyType = new StateType(cursor, name, shape.key!, 'the key ')
    const { type, nullable } = this.#type
    this.#cursor = cursor
    this.#lifetime = lifetimeOf(cursor, shape)
    this.fields = [{ name: '$key', type: this.#keyType.type, nullable: false }, { name: '$value', type, nullable }, ...(this.#lifetime ? [this.#lifetime.field()] : [])]
    this.handle = this.#handleOf()
  }

  #handleOf(): object {
    const at = () => keyAtHand(this.#cursor, this.#name)
    const size = () => this.#all(at())?.values.size ?? 0
    return {
      get: (key: unknown) => this.#get(at(), this.#keyType.taken(key)),
      has: (key: unknown) => this.#entry(at(), this.#keyType.taken(key)) !== undefined,
      set: (key: unknown, value: unknown) => this.#put(at(), this.#keyType.taken(key), this.#type.taken(value), this.#lifetime?.stamp()),
      delete: (key: unknown) => this.#delete(at(), this.#keyType.taken(key)),
      clear: () => void (this.#maps[at()] = undefined),
      entries: () => this.#list(at()),
      keys: () => this.#list(at()).map(([key]) => key),
      values: () => this.#list(at()).map(([, value]) => value),
      get size() {
        return size()
      },
    }
  }

  // The entries, where they have one of the key that hasn't ended.
  #entry(gid: number, key: Value): Entries | undefined {
    const entries = this.#maps[gid]
    if (!entries?.values.has(key)) return undefined
    if (!this.#lifetime?.hasEnded(entries.stamps.get(key)!)) {
      if (this.#lifetime?.isOfUse) entries.stamps.set(key, this.#lifetime.stamp())
      return entries
    }
    this.#drop(gid, entries, key)
    return undefined
  }

  #get(gid: number, key: Value): Value | undefined {
    const entries = this.#entry(gid, key)
    return entries && this.#type.given(entries.values.get(key)!)
  }

  #delete(gid: number, key: Value): boolean {
    const entries = this.#entry(gid, key)
    if (entries) this.#drop(gid, entries, key)
    return entries !== undefined
  }

  #drop(gid: number, { values, stamps }: Entries, key: Value): void {
    values.delete(key)
    stamps.delete(key)
    if (values.size === 0) this.#maps[gid] = undefined
  }

  #put(gid: number, key: Value, value: Value, stamp: number | undefined): void {
    // One that has ended is gone: what is written comes behind the others.
    this.#entry(gid, key)
    while (this.#maps.length <= gid) this.#maps.push(undefined)
    const { values, stamps } = (this.#maps[gid] ??= { values: new Map(), stamps: new Map() })
    values.set(key, value)
    if (stamp !== undefined) stamps.set(key, stamp)
  }

  #list(gid: number): [Value, Value][] {
    const entries = this.#all(gid)
    if (this.#lifetime?.isOfUse) for (const key of entries?.stamps.keys() ?? []) entries!.stamps.set(key, this.#lifetime.stamp())
    return [...(entries?.values ?? [])].map(([key, value]) => [key, this.#type.given(value)])
  }

  // What is there and hasn't ended.
  #all(gid: number): Entries | undefined {
    const entries = this.#maps[gid]
    if (entries && this.#lifetime) for (const [key, stamp] of entries.stamps) if (this.#lifetime.hasEnded(stamp)) this.#drop(gid, entries, key)
    return this.#maps[gid]
  }

  mark(live: Uint8Array): void {
    this.#maps.forEach((entries, gid) => {
      if (entries) live[gid] = 1
    })
  }

  expire(): void {
    if (this.#lifetime) for (let gid = 0; gid < this.#maps.length; gid++) this.#all(gid)
  }

  renumber(kept: Int32Array): void {
    this.#maps = Array.from(kept, gid => this.#maps[gid])
  }

  entries(): StateEntries {
    this.expire()
    const gids: number[] = []
    const columns: [Value[], Value[], number[]] = [[], [], []]
    this.#maps.forEach((entries, gid) => {
      for (const [key, value] of entries?.values ?? []) {
        gids.push(gid)
        columns[0].push(key)
        columns[1].push(value)
        if (this.#lifetime) columns[2].push(entries!.stamps.get(key)!)
      }
    })
    return { gids: Int32Array.from(gids), columns: columns.slice(0, this.fields.length) }
  }

  restore(gids: ArrayLike<number>, [key, value, stamp]: readonly (((row: number) => Value) | undefined)[]): void {
    for (let row = 0; row < gids.length; row++) this.#put(gids[row]!, key!(row), value!(row), this.#lifetime && (stamp ? (stamp(row) as number) : this.#lifetime.stamp()))
  }
}
