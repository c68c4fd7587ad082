// A list of values a key. Each of them lasts by itself, as in Apache Flink (TtlListState).
import type { Field } from '../batch/schema.ts'
import type { Value } from '../batch/value.ts'
import { keyAtHand, type Lifetime, lifetimeOf, type StateCursor, type StateEntries, type StateShape, type StateStore, StateType } from './keyed-state.ts'

/** Values in the order in which they were added, and when. */
interface Items {
  values: Value[]
  stamps: number[]
}

/** The state of kind `list`. Cost: `add` a push a value, `get` a copy of the list. */
export class ListStore implements StateStore {
  readonly handle: object
  readonly fields: readonly Field[]
  readonly #type: StateType
  readonly #lifetime: Lifetime | undefined
  #lists: (Items | undefined)[] = []

  constructor(cursor: StateCursor, name: string, shape: StateShape) {
    this.#type = new StateType(cursor, name, shape.type)
    const { type, nullable } = this.#type
    this.#lifetime = lifetimeOf(cursor, shape)
    this.fields = [{ name: '$value', type, nullable }, ...(this.#lifetime ? [this.#lifetime.field()] : [])]
    const at = () => keyAtHand(cursor, name)
    const size = () => this.#at(at())?.values.length ?? 0
    this.handle = {
      get: () => this.#copy(at()),
      add: (...values: unknown[]) => this.#add(at(), values),
      set: (values: Iterable<unknown>) => this.#set(at(), values),
      clear: () => void (this.#lists[at()] = undefined),
      get size() {
        return size()
      },
    }
  }

  #copy(gid: number): Value[] {
    const items = this.#at(gid)
    if (this.#lifetime?.isOfUse) items?.stamps.fill(this.#lifetime.stamp())
    return (items?.values ?? []).map(value => this.#type.given(value))
  }

  // All are checked before any is there.
  #add(gid: number, given: readonly unknown[]): void {
    const values = given.map(value => this.#type.taken(value))
    const stamp = this.#lifetime?.stamp()
    for (const value of values) this.#put(gid, value, stamp)
  }

  #set(gid: number, values: Iterable<unknown>): void {
    const all = [...values]
    const before = this.#lists[gid]
    this.#lists[gid] = undefined
    try {
      this.#add(gid, all)
    } catch (error) {
      this.#lists[gid] = before
      throw error
    }
  }

  #put(gid: number, value: Value, stamp: number | undefined): void {
    while (this.#lists.length <= gid) this.#lists.push(undefined)
    const items = (this.#lists[gid] ??= { values: [], stamps: [] })
    items.values.push(value)
    if (stamp !== undefined) items.stamps.push(stamp)
  }

  // What is there and hasn't ended.
  #at(gid: number): Items | undefined {
    const items = this.#lists[gid]
    const lifetime = this.#lifetime
    if (!items || !lifetime || !items.stamps.some(stamp => lifetime.hasEnded(stamp))) return items
    const lasts = (_: unknown, i: number) => !lifetime.hasEnded(items.stamps[i]!)
    const left = { values: items.values.filter(lasts), stamps: items.stamps.filter(lasts) }
    this.#lists[gid] = left.values.length === 0 ? undefined : left
    return this.#lists[gid]
  }

  mark(live: Uint8Array): void {
    this.#lists.forEach((items, gid) => {
      if (items) live[gid] = 1
    })
  }

  expire(): void {
    if (this.#lifetime) for (let gid = 0; gid < this.#lists.length; gid++) this.#at(gid)
  }

  renumber(kept: Int32Array): void {
    this.#lists = Array.from(kept, gid => this.#lists[gid])
  }

  entries(): StateEntries {
    this.expire()
    const gids: number[] = []
    const values: Value[] = []
    const stamps: number[] = []
    this.#lists.forEach((items, gid) => {
      if (!items) return
      for (const value of items.values) {
        gids.push(gid)
        values.push(value)
      }
      for (const stamp of items.stamps) stamps.push(stamp)
    })
    return { gids: Int32Array.from(gids), columns: [values, ...(this.#lifetime ? [stamps] : [])] }
  }

  restore(gids: ArrayLike<number>, [value, stamp]: readonly (((row: number) => Value) | undefined)[]): void {
    for (let row = 0; row < gids.length; row++) this.#put(gids[row]!, value!(row), this.#lifetime && (stamp ? (stamp(row) as number) : this.#lifetime.stamp()))
  }
}
