// first, last, argMin and argMax: the value of one row stands for its group. Which one is found by kernels/pick.ts; values of any type are kept in
// slots. Places of rows decide between equals, so results are the same at any parallelism.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, anything, orderSuffix, type RowPlaces, type SomeGroups } from './aggregate-contract.ts'
import { countNulls } from './bitmap.ts'
import { ColumnStore } from './column-store.ts'
import { EntryState } from './entry-state.ts'
import { nullColumn } from './null-column.ts'
import { rankable, TopRowsAccumulator, topRowsFields } from './top-rows-accumulator.ts'
import { hasKeys, keysOf } from './widen.ts'

type Fn = 'first' | 'last' | 'argMin' | 'argMax'

function byPlace(fn: 'first' | 'last' | 'anyValue'): AggregateType {
  return {
    fn,
    inputs: [anything],
    result: ({ inputType }) => inputType!,
    partial: ({ inputType }, name) => [
      { name: `${name}.value`, type: inputType!, nullable: true },
      { name: `${name}${orderSuffix}`, type: int64, nullable: true },
    ],
    create: (device, { inputType }) => new PickAccumulator(device, fn === 'last' ? 'last' : 'first', inputType!),
  }
}

/** The first value in source order. */
export const firstAggregate = byPlace('first')
/** The last value in source order. */
export const lastAggregate = byPlace('last')
/** Some value: the first, which costs the least. */
export const anyValueAggregate = byPlace('anyValue')

// The column that is compared comes first: it is what conditions leave out.
function byKey(fn: 'argMin' | 'argMax'): AggregateType {
  return {
    fn,
    inputs: [rankable, anything],
    result: ({ argTypes }) => argTypes![0]!,
    partial: ({ inputType, argTypes }, name) =>
      hasKeys(inputType!)
        ? [
            { name: `${name}.value`, type: argTypes![0]!, nullable: true },
            { name: `${name}${orderSuffix}`, type: int64, nullable: true },
            { name: `${name}.key`, type: int64, nullable: true },
          ]
        : topRowsFields(inputType!, argTypes![0]!, name),
    create: (device, { inputType, argTypes }) =>
      hasKeys(inputType!)
        ? new PickAccumulator(device, fn, argTypes![0]!)
        : new TopRowsAccumulator(device, inputType!, argTypes![0]!, { k: 1, least: fn === 'argMin', single: true }),
  }
}

/** The second column where the first is least. */
export const argMinAggregate = byKey('argMin')
/** The second column where the first is greatest. */
export const argMaxAggregate = byKey('argMax')

/** Slots that lost their group are given up once they are this many and more than half of all, or once the pieces are this many. */
const deadSlotsMax = 4_096
const partsMax = 64

/** [key, place, slot, any] per group, and the values in slots. */
class PickAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #store: ColumnStore
  readonly #fn: Fn
  readonly #type: DataType
  readonly #flip: number
  constructor(device: Device, fn: Fn, type: DataType) {
    this.#fn = fn
    this.#type = type
    this.#flip = fn === 'argMax' ? -1 : 0
    this.#state = new EntryState(device, 32)
    this.#store = new ColumnStore(device, type)
  }
  get bytes(): number {
    return this.#state.memory.bytes + this.#store.bytes
  }
  get #byKey(): boolean {
    return this.#fn === 'argMin' || this.#fn === 'argMax'
  }

  update(gids: number, inputs: readonly Column[], rows: number, groupCount: number, places: RowPlaces): void {
    const { device } = this.#state
    const arena = device.arena()
    try {
      const [by, value] = this.#byKey ? [inputs[0]!, inputs[1]!] : [inputs[0]!, inputs[0]!]
      this.#pick(arena, gids, this.#byKey ? keysOf(device, arena, by) : 0, by.validity, value, rows, groupCount, places, 0)
    } finally {
      arena.release()
    }
  }

  merge(gids: number, [value, order, key]: readonly Column[], rows: number, groupCount: number): void {
    const arena = this.#state.device.arena()
    try {
      this.#pick(arena, gids, key?.values ?? 0, order!.validity, value!, rows, groupCount, { first: 0n, rows: 0 }, order!.values)
    } finally {
      arena.release()
    }
  }

  #pick(arena: Arena, gids: number, keys: number, validity: number, value: Column, rows: number, groupCount: number, places: RowPlaces, placesAt: number): void {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const [wonGids, wonRows] = [arena.allocate(4 * rows), arena.allocate(4 * rows)]
    const some = value.type.kind === 'null' ? value.validity : validity
    const won = kernels.pickRows(gids, keys, some, rows, this.#flip, this.#fn === 'last' ? 1 : 0, places.first, places.rows, placesAt, state, wonGids, wonRows)
    if (won === 0) return
    if (this.#store.rowCount === 0) this.#store.append(nullColumn(arena, this.#type, 1), arena.allocateZeroed(4), 1)
    kernels.settlePicks(wonGids, won, this.#store.append(value, wonRows, won), state)
    if (this.#store.rowCount > 2 * groupCount + deadSlotsMax || this.#store.parts > partsMax) this.#repack(arena, state, groupCount)
  }

  #repack(arena: Arena, state: number, groupCount: number): void {
    const slots = arena.allocate(4 * groupCount + 4)
    this.#store.keep(slots, this.#state.device.kernels.repackPicks(state, groupCount, slots))
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const [order, key] = [arena.allocate(8 * groupCount), this.#byKey ? arena.allocate(8 * groupCount) : 0]
    const value = this.#take(arena, groupCount, order, key)
    const validity = arena.allocateZeroed(bitmapBytes(groupCount))
    this.#state.device.kernels.maskPicks(this.#state.ensure(groupCount), groupCount, validity)
    const word = (values: number): Column => ({ type: int64, length: groupCount, values, validity })
    return [value, word(order), ...(key === 0 ? [] : [word(key)])]
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    return [this.#take(arena, groupCount, arena.allocate(8 * (of?.rows ?? groupCount)), 0, of)]
  }

  // The value of each group. Slot 0 holds null, for groups that have no row.
  #take(arena: Arena, groups: number, order: number, key: number, of?: SomeGroups): Column {
    const { device } = this.#state
    const groupCount = of?.rows ?? groups
    const state = this.#state.entries(arena, groups, of)
    const slots = arena.allocate(4 * groupCount)
    device.kernels.takePicks(state, groupCount, this.#flip, slots, order, key)
    if (this.#store.rowCount === 0) return nullColumn(arena, this.#type, groupCount)
    const value = this.#store.take(arena, slots, groupCount)
    return countNulls(device, value) === 0 ? { ...value, validity: 0 } : value
  }

  reset(): void {
    this.#state.reset()
    this.#store.clear()
  }
  close(): void {
    this.#state.close()
    this.#store.clear()
  }
}
