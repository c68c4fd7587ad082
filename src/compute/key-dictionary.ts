// One key column's values to dense numbers (gids) in order of first sight, and back. Built on kernels/group.ts and group-views.ts, which
// do the rows; this file owns the table's memory and grows it.
import { allocateColumn, type Codes, type Column } from '../batch/batch.ts'
import { type DataType, layoutOf } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { filledBits } from './bitmap.ts'
import type { OwnedMemory } from './owned-memory.ts'

/** A column's distinct values. All addresses are of u32 per row. */
export interface KeyDictionary {
  readonly count: number
  /** Fills gids; unknown values are appended, null is a value like others. */
  find(arena: Arena, column: Column, gids: number): void
  /** Fills gids of known values, 0xffffffff for unknown ones and nulls. */
  lookup(arena: Arena, column: Column, gids: number): void
  /** The distinct values in gid order, copied into `arena`. */
  keys(arena: Arena): Column
  /** Bytes that it may take further, for a while at least, when `rows` more values come. */
  growthBytes?(rows: number): number
  /** Forgets everything; the memory is kept for what comes next. */
  reset(): void
  /** Gives the memory back. */
  close(): void
}

/** Header words, as kernels/group.ts has them. */
export const header = { slots: 0, shift: 1, mask: 2, count: 3, limit: 4, keys: 5, nullGid: 6, heapNext: 7, heapEnd: 8, direct: 9, directSize: 10, minimum: 12, bytes: 64 + 512 + 64 } as const

const capacityFirst = 64
/** A direct array of at most this many entries is made without asking how many rows there are. */
const directEntriesFirst = 1 << 18
const directEntriesMax = 1 << 26
/** A dictionary of at most this many values is mapped at first sight. */
const mapLengthFree = 4_096

/** A dictionary for values of one of the types that `equalForm` gives, or of timestamps. */
export function formDictionary(device: Device, memory: OwnedMemory, type: DataType): KeyDictionary {
  return layoutOf(type) === 'view' ? new ViewDictionary(device, memory, type) : new WordDictionary(device, memory, type)
}

/** What tables of both kinds share: the header, the slots and the keys in gid order. */
export abstract class Table {
  protected readonly device: Device
  protected readonly memory: OwnedMemory
  protected readonly at: number
  readonly #entryBytes: number
  readonly #keyBytes: number
  #capacity = 0
  constructor(device: Device, memory: OwnedMemory, entryBytes: number, keyBytes: number) {
    this.device = device
    this.memory = memory
    this.at = memory.allocateZeroed(header.bytes)
    this.#entryBytes = entryBytes
    this.#keyBytes = keyBytes
  }
  get count(): number {
    return this.get(header.count)
  }
  protected get(word: number): number {
    return this.device.memory.words()[this.at / 4 + word]! >>> 0
  }
  protected set(word: number, value: number): void {
    this.device.memory.words()[this.at / 4 + word] = value
  }

  close(): void {
    this.freeSlots()
    this.memory.free(this.get(header.keys), this.get(header.limit) * this.#keyBytes)
    this.memory.free(this.get(header.direct), 4 * this.get(header.directSize))
    this.memory.free(this.at, header.bytes)
  }

  /** Room for `limit` keys. */
  protected growKeys(limit: number): void {
    const old = this.get(header.limit)
    if (limit <= old) return
    this.set(header.keys, this.memory.grow(this.get(header.keys), old * this.#keyBytes, this.count * this.#keyBytes, limit * this.#keyBytes))
    this.set(header.limit, limit)
  }

  /** Keys that so many slots may hold: sparse while that costs little memory, since a key at home is found without a mispredicted branch. */
  protected limitOf(capacity: number): number {
    return capacity > 1 << 16 ? capacity / 2 : capacity / 4
  }

  growthBytes(rows: number): number {
    const needed = this.count + rows
    if (needed <= this.get(header.limit)) return 0
    if (this.get(header.direct) !== 0) return 4 * this.count * this.#keyBytes
    let capacity = this.nextCapacity()
    while (this.limitOf(capacity) < needed) capacity *= 4
    return (capacity - this.#capacity) * this.#entryBytes + this.limitOf(capacity) * this.#keyBytes
  }

  /** New slots, zeroed; the caller enters the keys again. `capacity` is a power of two and at least twice the limit. */
  protected growSlots(capacity: number): void {
    this.freeSlots()
    const slots = this.memory.allocateZeroed(capacity * this.#entryBytes)
    this.#capacity = capacity
    this.set(header.slots, slots)
    this.set(header.shift, 64 - Math.log2(capacity))
    this.set(header.mask, capacity - 1)
  }
  protected freeSlots(): void {
    this.memory.free(this.get(header.slots), this.#capacity * this.#entryBytes)
    this.set(header.slots, 0)
    this.#capacity = 0
  }
  /** Slots, used or not. */
  protected get capacity(): number {
    return this.#capacity
  }
  protected nextCapacity(): number {
    if (this.#capacity === 0) return capacityFirst
    return this.#capacity === capacityFirst ? 4_096 : this.#capacity * (this.#capacity < 1 << 16 ? 8 : 4)
  }
  protected clearTable(): void {
    this.set(header.count, 0)
    this.set(header.nullGid, 0)
    if (this.#capacity > 0) this.device.memory.zero(this.get(header.slots), this.#capacity * this.#entryBytes)
  }
  /** The validity of the keys: one null, or none. */
  protected keyValidity(arena: Arena): number {
    const nullGid = this.get(header.nullGid)
    if (nullGid === 0) return 0
    const validity = filledBits(this.device, arena, this.count, true)
    this.device.memory.bytes(validity + ((nullGid - 1) >>> 3), 1)[0]! &= ~(1 << ((nullGid - 1) & 7))
    return validity
  }
}

/** Numbers, times and bools as 64-bit words: direct addressing while their range is small, else probing. */
export class WordDictionary extends Table implements KeyDictionary {
  readonly #type: DataType
  #rowsSeen = 0
  constructor(device: Device, memory: OwnedMemory, type: DataType) {
    super(device, memory, 16, 8)
    this.#type = type
  }

  find(arena: Arena, column: Column, gids: number): void {
    const { kernels } = this.device
    const rows = column.length
    const values = this.#words(arena, column)
    const { validity } = column
    const kind = this.#type.kind
    const narrow = kind === 'int32' || kind === 'bool'
    const direct = narrow ? kernels.findDirectI32 : kernels.findDirectI64
    const probing = narrow ? kernels.findProbingI32 : kind === 'float64' ? kernels.findProbingF64 : kernels.findProbingI64
    this.#rowsSeen += rows
    if (rows > 0 && this.get(header.limit) === 0) this.#makeRoom(arena, column, values, 0)
    let row = 0
    while (row < rows) {
      const stopped = (this.get(header.direct) !== 0 ? direct : probing)(values, validity, row, rows, this.at, gids)
      if (stopped < rows) this.#makeRoom(arena, column, values, stopped)
      row = stopped
    }
  }

  lookup(arena: Arena, column: Column, gids: number): void {
    const { kernels } = this.device
    const kind = this.#type.kind
    if (this.get(header.direct) === 0 && this.capacity === 0) this.growSlots(capacityFirst)
    const lookup = kind === 'int32' || kind === 'bool' ? kernels.lookupI32 : kind === 'float64' ? kernels.lookupF64 : kernels.lookupI64
    lookup(this.#words(arena, column), column.validity, column.length, this.at, gids)
  }

  keys(arena: Arena): Column {
    const { kernels, memory } = this.device
    const { count } = this
    const words = this.get(header.keys)
    const out = { ...allocateColumn(arena, this.#type, count), validity: this.keyValidity(arena) }
    if (this.#type.kind === 'bool') kernels.packWords(words, count, out.values)
    else if (this.#type.kind === 'int32') kernels.narrowI64(words, count, out.values)
    else memory.bytes(out.values, 8 * count).set(memory.bytes(words, 8 * count))
    return out
  }

  reset(): void {
    const direct = this.get(header.direct)
    if (direct !== 0) this.device.memory.zero(direct, 4 * this.get(header.directSize))
    this.clearTable()
  }

  #words(arena: Arena, column: Column): number {
    if (this.#type.kind !== 'bool') return column.values
    const words = arena.allocate(4 * column.length)
    this.device.kernels.expandBits(column.values, column.length, words)
    return words
  }

  // The kernel stopped: keys or slots are full, or a value lies outside the direct array.
  #makeRoom(arena: Arena, column: Column, values: number, row: number): void {
    const full = this.count >= this.get(header.limit)
    const wasDirect = this.get(header.direct) !== 0
    if ((wasDirect && !full) || (this.count === 0 && this.capacity === 0)) {
      if (this.#type.kind !== 'float64' && this.#growDirect(arena, column, values, row)) return
    }
    if (wasDirect && full && this.count < directEntriesMax) return this.growKeys(Math.max(capacityFirst, this.count * 4))
    if (wasDirect) this.#freeDirect()
    let capacity = this.nextCapacity()
    while (this.limitOf(capacity) < this.get(header.limit)) capacity *= 4
    this.growSlots(capacity)
    this.growKeys(this.limitOf(capacity))
    this.device.kernels.rehashWords(this.at)
  }

  // A direct array over what is known and what the rest of the column holds, if that is dense enough: by the column's range, or by looking.
  #growDirect(arena: Arena, { range, length, validity }: Column, values: number, row: number): boolean {
    if (range && this.#cover(range.min, range.max)) return true
    const out = arena.allocate(16)
    const { kernels, memory } = this.device
    const narrow = this.#type.kind === 'int32' || this.#type.kind === 'bool'
    if ((narrow ? kernels.rangeI32 : kernels.rangeI64)(values, validity, row, length, out) === 0) return false
    return this.#cover(signed(memory.words(), out / 4), signed(memory.words(), out / 4 + 2))
  }

  #cover(from: number, to: number): boolean {
    const { kernels, memory } = this.device
    let [least, most] = [from, to]
    const size = this.get(header.directSize)
    if (size > 0) {
      const minimum = signed(memory.words(), this.at / 4 + header.minimum)
      least = Math.min(least, minimum)
      most = Math.max(most, minimum + size - 1)
    }
    const range = most - least + 1
    if (!Number.isSafeInteger(least) || !Number.isSafeInteger(most) || range > Math.min(directEntriesMax, Math.max(directEntriesFirst, 4 * this.#rowsSeen))) return false
    // Half as much again on the side that grew, so that a rising key does not grow the array each time.
    const slack = size > 0 ? Math.min(range >>> 1, directEntriesMax - range) : 0
    if (size > 0 && least < signed(memory.words(), this.at / 4 + header.minimum)) least -= slack
    const entries = range + slack
    this.#freeDirect()
    const direct = this.memory.allocateZeroed(4 * entries)
    this.set(header.direct, direct)
    this.set(header.directSize, entries)
    const words = memory.words()
    words[this.at / 4 + header.minimum] = least
    words[this.at / 4 + header.minimum + 1] = Math.floor(least / 2 ** 32)
    if (this.get(header.limit) === 0) this.growKeys(capacityFirst)
    kernels.rehashWords(this.at)
    return true
  }

  #freeDirect(): void {
    this.memory.free(this.get(header.direct), 4 * this.get(header.directSize))
    this.set(header.direct, 0)
    this.set(header.directSize, 0)
  }
}

/** Strings and bytes by their views, or by codes of kept dictionaries; long ones are copied into memory of the table. */
export class ViewDictionary extends Table implements KeyDictionary {
  readonly #type: DataType
  #heaps: { address: number; bytes: number }[] = []
  readonly #maps = new Map<number, { address: number; bytes: number; dictionary: Column }>()
  #rowsSeen = 0
  constructor(device: Device, memory: OwnedMemory, type: DataType) {
    super(device, memory, 16, 16)
    this.#type = type
  }

  find(arena: Arena, column: Column, gids: number): void {
    const { kernels } = this.device
    const { validity, length: rows, codes } = column
    const map = codes ? this.#mapOf(arena, codes, rows) : 0
    if (codes?.kept && map !== 0 && this.capacity === 0 && this.#maps.size === 1) return this.#number(codes, map, validity, rows, gids)
    if (this.capacity === 0 && rows > 0) this.#growTable()
    let row = 0
    while (row < rows) {
      const stopped =
        codes && map !== 0
          ? kernels.findCodes(codes.values, validity, row, rows, this.at, codes.dictionary.values, map, gids)
          : kernels.findViews(column.values, validity, row, rows, this.at, gids)
      if (stopped < rows) {
        if (this.count >= this.get(header.limit)) this.#growTable()
        else this.#growHeap(codes && map !== 0 ? codes.dictionary.values + 16 * this.device.memory.uint32s(codes.values + 4 * stopped, 1)[0]! : column.values + 16 * stopped)
      }
      row = stopped
    }
  }

  lookup(arena: Arena, column: Column, gids: number): void {
    const { kernels } = this.device
    const { validity, length: rows, codes } = column
    if (this.capacity === 0) this.#growTable()
    const map = codes ? this.#mapOf(arena, codes, rows) : 0
    if (codes && map !== 0) kernels.lookupCodes(codes.values, validity, rows, this.at, codes.dictionary.values, map, gids)
    else kernels.lookupViews(column.values, validity, rows, this.at, gids)
  }

  keys(arena: Arena): Column {
    const { kernels } = this.device
    const { count } = this
    const out = allocateColumn(arena, this.#type, count)
    const views = this.get(header.keys)
    kernels.copyViews(views, count, out.values, arena.allocate(kernels.countViewBytes(views, count)))
    return { ...out, validity: this.keyValidity(arena), ...this.#codesOfKeys(arena) }
  }

  // While all keys come from one kept dictionary, they have codes of their own.
  #codesOfKeys(arena: Arena): { codes?: Codes } {
    const [map] = this.#maps.values()
    if (!map || this.capacity > 0 || this.#maps.size > 1) return {}
    const values = arena.allocateZeroed(4 * this.count)
    this.device.kernels.invertMap(map.address, map.dictionary.length, values)
    return { codes: { values, dictionary: map.dictionary, kept: true } }
  }

  override close(): void {
    for (const heap of this.#heaps) this.memory.free(heap.address, heap.bytes)
    for (const { address, bytes } of this.#maps.values()) this.memory.free(address, bytes)
    super.close()
  }

  reset(): void {
    for (const { address, bytes } of this.#maps.values()) this.device.memory.zero(address, bytes)
    for (const heap of this.#heaps) this.memory.free(heap.address, heap.bytes)
    this.#heaps = []
    this.set(header.heapNext, 0)
    this.set(header.heapEnd, 0)
    this.clearTable()
  }

  // Keys of one kept dictionary need no slots: they are made when other keys come.
  #number({ values, dictionary }: Codes, map: number, validity: number, rows: number, gids: number): void {
    let row = 0
    while (row < rows) {
      row = this.device.kernels.numberCodes(values, validity, row, rows, this.at, dictionary.values, map, gids)
      if (row < rows) this.growKeys(Math.max(capacityFirst, Math.min(dictionary.length + 1, 4 * this.count)))
    }
  }

  // Where gids by code are kept, for a dictionary that isn't kept during the call; 0 where a map would cost more than it saves.
  #mapOf(arena: Arena, { dictionary, kept }: Codes, rows: number): number {
    if (!kept) return 4 * dictionary.length > rows ? 0 : arena.allocateZeroed(4 * dictionary.length)
    this.#rowsSeen += rows
    const known = this.#maps.get(dictionary.values)
    if (known) return known.address
    const bytes = 4 * dictionary.length
    if (dictionary.length > Math.max(mapLengthFree, 32 * this.#rowsSeen)) return 0
    const address = this.memory.allocateZeroed(bytes)
    this.#maps.set(dictionary.values, { address, bytes, dictionary })
    return address
  }

  #growTable(): void {
    let capacity = this.nextCapacity()
    while (this.limitOf(capacity) < this.get(header.limit)) capacity *= 4
    this.growSlots(capacity)
    this.growKeys(this.limitOf(capacity))
    this.device.kernels.rehashViews(this.at)
  }

  // Room for the bytes of a view, and more.
  #growHeap(view: number): void {
    const bytes = this.device.memory.uint32s(view, 1)[0]!
    const last = this.#heaps.at(-1)?.bytes ?? 512
    const whole = Math.max(bytes, Math.min(1 << 24, last * 2))
    const address = this.memory.allocate(whole)
    this.#heaps.push({ address, bytes: whole })
    this.set(header.heapNext, address)
    this.set(header.heapEnd, address + whole)
  }
}

// A 64-bit number as a double: exact within ±2^53, and outside of it no longer a safe integer.
function signed(words: Int32Array, at: number): number {
  return words[at + 1]! * 2 ** 32 + (words[at]! >>> 0)
}
