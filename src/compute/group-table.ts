// Key columns to dense group numbers, and back: the first step of every group-by, keyed operator and join. One dictionary a column; with
// several columns their numbers are paired, column by column.
import type { Column } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { gatherColumn } from './gather.ts'
import { keyDictionary } from './any-key-dictionary.ts'
import { header, type KeyDictionary, Table } from './key-dictionary.ts'
import { OwnedMemory } from './owned-memory.ts'

/** Where a table takes its memory; several may share one. */
export interface GroupTableOptions {
  memory?: OwnedMemory
}

/**
 * A growing set of groups by the values of key columns. NaN equals NaN, −0 equals 0, null is a value. gids are 0 … groupCount − 1 in order
 * of first sight. Owns its memory, copies of long strings included, until `close`. Cost per row, in cache: dense numbers 1 ns, short
 * strings 2–4 ns, a further column 1–2 ns more (bench/kernels/group.mjs).
 */
export class GroupTable {
  readonly #memory: OwnedMemory
  readonly #ownsMemory: boolean
  readonly #device: Device
  readonly #dictionaries: KeyDictionary[]
  readonly #pairs: PairDictionary[]
  constructor(device: Device, keyFields: Fields, options: GroupTableOptions = {}) {
    this.#device = device
    this.#memory = options.memory ?? new OwnedMemory(device)
    this.#ownsMemory = options.memory === undefined
    this.#dictionaries = keyFields.map(field => keyDictionary(device, this.#memory, field.type))
    this.#pairs = keyFields.slice(1).map(() => new PairDictionary(device, this.#memory))
  }

  /** Groups known. Without key columns there is one. */
  get groupCount(): number {
    return (this.#pairs.at(-1) ?? this.#dictionaries[0])?.count ?? 1
  }
  /** Bytes held. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Bytes that it may take further, for a while at least, when `rows` more rows come. */
  growthBytes(rows: number): number {
    return [...this.#dictionaries, ...this.#pairs].reduce((sum, part) => sum + (part.growthBytes?.(rows) ?? 0), 0)
  }

  /** The address in `arena` of a u32 gid per row; new groups are appended. Columns as the key fields, each of `rows` rows. */
  find(arena: Arena, keyColumns: readonly Column[], rows: number): number {
    let gids = arena.allocate(4 * rows)
    if (keyColumns.length === 0) this.#device.memory.uint32s(gids, rows).fill(0)
    keyColumns.forEach((column, i) => {
      const dictionary = this.#dictionaries[i]!
      if (i === 0) return dictionary.find(arena, column, gids)
      const own = arena.allocate(4 * rows)
      dictionary.find(arena, column, own)
      const paired = arena.allocate(4 * rows)
      this.#pairs[i - 1]!.find(arena, gids, own, rows, paired, this.#countBefore(i), dictionary.count)
      gids = paired
    })
    return gids
  }

  /** As `find`, for known groups only: 0xffffffff for unknown keys and for rows with a null among them. */
  lookup(arena: Arena, keyColumns: readonly Column[], rows: number): number {
    let gids = arena.allocate(4 * rows)
    if (keyColumns.length === 0) this.#device.memory.uint32s(gids, rows).fill(0)
    keyColumns.forEach((column, i) => {
      if (i === 0) return this.#dictionaries[0]!.lookup(arena, column, gids)
      const own = arena.allocate(4 * rows)
      this.#dictionaries[i]!.lookup(arena, column, own)
      const paired = arena.allocate(4 * rows)
      this.#pairs[i - 1]!.lookup(arena, gids, own, rows, paired)
      gids = paired
    })
    return gids
  }

  /** The key columns of all groups in gid order, copied into `arena`. */
  keyColumns(arena: Arena): Column[] {
    const columns = this.#dictionaries.map(dictionary => dictionary.keys(arena))
    if (this.#pairs.length === 0) return columns
    const count = this.groupCount
    let first = 0
    for (let i = this.#pairs.length - 1; i >= 0; i--) {
      const { first: before, second } = this.#pairs[i]!.split(arena)
      columns[i + 1] = gatherColumn(this.#device, arena, columns[i + 1]!, this.#take(arena, second, first, count), count)
      first = this.#take(arena, before, first, count)
    }
    columns[0] = gatherColumn(this.#device, arena, columns[0]!, first, count)
    return columns
  }

  /** Forgets all groups; the memory is kept for what comes next. */
  reset(): void {
    for (const part of [...this.#dictionaries, ...this.#pairs]) part.reset()
  }

  /** Gives the memory back. */
  close(): void {
    if (this.#ownsMemory) return this.#memory.close()
    for (const part of [...this.#dictionaries, ...this.#pairs]) part.close()
  }

  #countBefore(i: number): number {
    return i === 1 ? this.#dictionaries[0]!.count : this.#pairs[i - 2]!.count
  }

  // values[indices[row]]; indices 0 is the identity.
  #take(arena: Arena, values: number, indices: number, count: number): number {
    if (indices === 0) return values
    const out = arena.allocate(4 * count)
    this.#device.kernels.gatherWord4(values, indices, count, out)
    return out
  }
}

const pairEntriesMax = 1 << 20

/** Pairs of group numbers as 64-bit words: an array while count × count is small, else hashed. */
class PairDictionary extends Table {
  #bits = 0
  #hashed = false
  constructor(device: Device, memory: OwnedMemory) {
    super(device, memory, 16, 8)
  }

  find(arena: Arena, first: number, second: number, rows: number, gids: number, firstCount: number, secondCount: number): void {
    const { kernels } = this.device
    if (!this.#hashed) this.#fit(firstCount, secondCount)
    let words = 0
    let row = 0
    while (row < rows) {
      let stopped: number
      if (this.#hashed) {
        if (words === 0) kernels.pairWords(first, second, rows, (words = arena.allocate(8 * rows)))
        stopped = kernels.findProbingI64(words, 0, row, rows, this.at, gids)
        if (stopped < rows) this.#hash(this.nextCapacity())
      } else {
        stopped = kernels.findPairs(first, second, row, rows, this.at, this.#bits, gids)
        if (stopped < rows) this.growKeys(Math.max(64, this.count * 4))
      }
      row = stopped
    }
  }

  lookup(arena: Arena, first: number, second: number, rows: number, gids: number): void {
    const { kernels } = this.device
    if (!this.#hashed) return kernels.lookupPairs(first, second, rows, this.at, this.#bits, gids)
    const words = arena.allocate(8 * rows)
    kernels.pairWords(first, second, rows, words)
    kernels.lookupI64(words, 0, rows, this.at, gids)
  }

  split(arena: Arena): { first: number; second: number } {
    const [first, second] = [arena.allocate(4 * this.count), arena.allocate(4 * this.count)]
    this.device.kernels.splitPairs(this.get(header.keys), this.count, first, second)
    return { first, second }
  }

  reset(): void {
    const direct = this.get(header.direct)
    if (direct !== 0) this.device.memory.zero(direct, 4 * this.get(header.directSize))
    this.clearTable()
  }

  // Makes the array cover firstCount × secondCount, with room to grow, or leaves it for hashing.
  #fit(firstCount: number, secondCount: number): void {
    const size = this.get(header.directSize)
    if (size > 0 && secondCount <= 2 ** this.#bits && firstCount * 2 ** this.#bits <= size) return
    const bits = Math.max(this.#bits, Math.ceil(Math.log2(Math.max(2, secondCount))))
    const entries = 2 ** Math.ceil(Math.log2(Math.max(2, firstCount))) * 2 ** bits
    const old = this.get(header.direct)
    this.memory.free(old, 4 * size)
    this.set(header.direct, 0)
    this.set(header.directSize, 0)
    if (entries > pairEntriesMax) {
      let capacity = 1 << 12
      while (this.limitOf(capacity) < this.get(header.limit)) capacity *= 4
      this.#hash(capacity)
      return
    }
    this.#bits = bits
    this.set(header.direct, this.memory.allocateZeroed(4 * entries))
    this.set(header.directSize, entries)
    this.device.kernels.rehashPairs(this.at, bits)
  }

  #hash(capacity: number): void {
    this.#hashed = true
    this.growSlots(capacity)
    this.growKeys(this.limitOf(capacity))
    this.device.kernels.rehashWords(this.at)
  }
}
