// One side of a join: its rows, stored, and a multi-map from key to rows in order of arrival. The other side's batches probe it, chunk by chunk.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { compactBatch } from './compact.ts'
import { GroupTable } from './group-table.ts'
import { OwnedMemory } from './owned-memory.ts'
import { RowStore } from './row-store.ts'

const none = 0xffff_ffff

/** Pairs found by a probe: addresses of `count` u32 row numbers, `left` of the probing batch, `right` of the store. */
export interface Pairs {
  readonly left: number
  readonly right: number
  readonly count: number
}

/** The stored side. Rows with a null among their keys match nothing and are not stored. Owns its memory until `close`. */
export class JoinIndex {
  readonly #device: Device
  readonly #table: GroupTable
  readonly #store: RowStore
  readonly #memory: OwnedMemory
  readonly #keys: readonly number[]
  readonly #keyTypes: readonly DataType[]
  #first = 0
  #last = 0
  #groupCapacity = 0
  #next = 0
  #rowCapacity = 0
  /** `keys`: the positions of the key columns among `fields`; `keyTypes`: what they are compared as, their own types or int64 for int32. */
  constructor(device: Device, fields: Fields, keys: readonly number[], keyTypes: readonly DataType[] = keys.map(i => fields[i]!.type)) {
    this.#device = device
    this.#keys = keys
    this.#keyTypes = keyTypes
    this.#memory = new OwnedMemory(device)
    this.#table = new GroupTable(device, keys.map((i, k) => ({ ...fields[i]!, type: keyTypes[k]! })))
    this.#store = new RowStore(device, fields)
  }

  get rowCount(): number {
    return this.#store.rowCount
  }
  get bytes(): number {
    return this.#table.bytes + this.#store.bytes + this.#memory.bytes
  }

  /** The stored rows, in order of arrival; valid until the next insert. */
  rows(): Batch {
    return this.#store.batch()
  }

  /** Stores copies of the rows of `batch`. `arena` holds what is needed on the way. */
  insert(arena: Arena, batch: Batch): void {
    const mask = this.#keys.reduce((bits, i) => andBits(this.#device, arena, bits, batch.columns[i]!.validity, batch.rowCount), 0)
    const kept = mask === 0 ? batch : compactBatch(this.#device, arena, batch, mask)
    if (kept.rowCount === 0) return
    const gids = this.#table.find(arena, this.#widen(arena, this.#keys.map(i => kept.columns[i]!)), kept.rowCount)
    const start = this.#store.rowCount
    this.#store.append(kept)
    this.#grow()
    this.#device.kernels.linkRows(gids, start, kept.rowCount, this.#first, this.#last, this.#next)
  }

  /** Yields the pairs of equal keys, by probing row and then by arrival, at most `pairsMax` at a time; each is valid until the next. No insert in between. */
  *probe(arena: Arena, keyColumns: readonly Column[], rows: number, pairsMax: number): Generator<Pairs> {
    if (rows === 0 || this.#store.rowCount === 0) return
    const { kernels, memory } = this.#device
    const gids = this.#table.lookup(arena, this.#widen(arena, keyColumns), rows)
    const [cursor, left, right] = [arena.allocate(8), arena.allocate(4 * pairsMax), arena.allocate(4 * pairsMax)]
    memory.uint32s(cursor, 2).set([0, none])
    for (;;) {
      const count = kernels.probeChains(gids, rows, this.#first, this.#next, cursor, left, right, pairsMax)
      if (count > 0) yield { left, right, count }
      if (memory.uint32s(cursor, 1)[0]! >= rows) return
    }
  }

  /** Gives the memory back. */
  close(): void {
    this.#table.close()
    this.#store.close()
    this.#memory.close()
  }

  #widen(arena: Arena, columns: readonly Column[]): Column[] {
    return widenKeys(this.#device, arena, columns, this.#keyTypes)
  }

  #grow(): void {
    const groups = this.#table.groupCount
    if (groups > this.#groupCapacity) {
      const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(groups)))
      const old = this.#groupCapacity
      this.#first = this.#memory.grow(this.#first, 4 * old, 4 * old, 4 * capacity)
      this.#last = this.#memory.grow(this.#last, 4 * old, 4 * old, 4 * capacity)
      this.#device.memory.uint32s(this.#first + 4 * old, capacity - old).fill(none)
      this.#device.memory.uint32s(this.#last + 4 * old, capacity - old).fill(none)
      this.#groupCapacity = capacity
    }
    if (this.#store.rowCount > this.#rowCapacity) {
      const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(this.#store.rowCount)))
      this.#next = this.#memory.grow(this.#next, 4 * this.#rowCapacity, 4 * this.#rowCapacity, 4 * capacity)
      this.#rowCapacity = capacity
    }
  }
}

/** Key columns as what they are compared as: their own types, or int64 for int32. */
export function widenKeys({ kernels }: Device, arena: Arena, columns: readonly Column[], types: readonly DataType[]): Column[] {
  return columns.map((column, i) => {
    const type = types[i]!
    if (column.type.kind === type.kind) return column
    const out = { ...allocateColumn(arena, type, column.length), validity: column.validity }
    kernels.castI32ToI64(column.values, column.length, out.values)
    return out
  })
}

/** Keeps the pairs whose bit is 1 at `mask`, in place, in order; returns how many. */
export function keepPairs({ kernels }: Device, { left, right, count }: Pairs, mask: number): number {
  return kernels.keepPairs(left, right, count, mask)
}
