// The table of a join, made once by one thread over all rows of the stored side, and probed by all threads at once: its description is plain data, its
// memory lives as long as its arena. Dense whole numbers address an array; other keys are hashed, with the key in the slot (kernels/join-table.ts).
import { assert } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { arrayBuckets, worthBuckets } from './join-buckets.ts'
import { type JoinKeys, joinKeys, keyKind, type KeyForm, makesKeyBytes } from './join-keys.ts'
import { chunkRowsMax, type ChunkStore, type StoredRows } from './join-store.ts'

const none = 0xffff_ffff
const headerBytes = 64
const scratchBytes = 1_536
// An array may have this many entries a row: 4 bytes each, against 32 or 64 bytes a row in slots.
const arrayEntriesPerRow = 4
// Of tables that lie in cache either way, as many as slots would take.
const smallRowsMax = 1 << 18
const smallEntriesPerRow = 16
const arrayEntriesMin = 65_536
const firstKeysMax = 65_536

/**
 * A table as plain data. kind: 'all' has no keys, each row meets every stored one. `links`: the address of the next row of each id, 0 where keys are
 * unique. `marks`: the address of a byte an id, where it is to be known which stored rows were met. `ended`: the address of an i32,
 * how many instances have probed to their end, where there are marks. `order`: the address of all ids in order of arrival.
 */
export interface TableData {
  readonly kind: 'array' | 'slots' | 'all'
  readonly keys: JoinKeys['kind']
  readonly forms: readonly KeyForm[]
  readonly header: number
  readonly links: number
  readonly marks: number
  readonly ended: number
  readonly order: number
  /** Its rows by a further value, where the join is for the nearest, or by bounds. */
  readonly sorted?: SortedRows
  readonly rows: StoredRows
  readonly arena: number
}

/** Addresses: positions of a key's rows by the number of its first row, and by position the value as a word and the id. */
export interface SortedRows {
  readonly starts: number
  readonly ends: number
  readonly words: number
  readonly order: number
  readonly count: number
  /** Of a second value: the address of a list of addresses, the words by position and what is the greatest of each 8 below. */
  readonly levels?: { readonly list: number; readonly count: number }
}

/** Pairs of row numbers of the probing side and ids of the stored side, by probing row; `row`: all rows before it are done. */
export interface Candidates {
  readonly left: number
  readonly right: number
  readonly count: number
  readonly row: number
}

/** Makes the table of a store by the key columns at `keys` (positions in its fields). The table's arena has one reference, the caller's, and keeps the store. */
export function buildTable(device: Device, store: ChunkStore, keys: readonly number[], forms: readonly KeyForm[], options: { marks: boolean }): TableData {
  const arena = device.arena()
  const scratch = device.arena()
  try {
    const rows = store.seal()
    arena.hold(rows.arena)
    const marks = options.marks ? arena.allocateZeroed(chunkRowsMax * rows.chunkRows.length) : 0
    const ended = options.marks ? arena.allocateZeroed(4) : 0
    const shared = { forms, marks, ended, rows, arena: arena.address }
    if (keys.length === 0) return { kind: 'all', keys: 'word', header: 0, links: 0, order: allIds(device, arena, scratch, rows), ...shared }
    const filler = new Filler(device, arena, scratch, rows)
    // Bytes that are made for the table live as long.
    const holder = makesKeyBytes(forms) ? arena : scratch
    const chunks = store.chunks().map(chunk => joinKeys(device, holder, keys.map(i => chunk.columns[i]!), forms, chunk.rowCount))
    const filled = filler.fill(chunks, keyKind(forms))
    return { ...filled, order: 0, ...shared }
  } catch (error) {
    arena.release()
    throw error
  } finally {
    scratch.release()
  }
}

function allIds(device: Device, arena: Arena, scratch: Arena, { chunkRows, rowCount }: StoredRows): number {
  const order = arena.allocate(4 * rowCount)
  let at = order
  chunkRows.forEach((rows, chunk) => {
    device.kernels.fillIndices(at, rows, (chunk << 16) | 0)
    at += 4 * rows
  })
  assert(scratch !== arena && at === order + 4 * rowCount, 'ids of all rows of a store')
  return order
}

class Filler {
  readonly #device: Device
  readonly #arena: Arena
  readonly #scratch: Arena
  readonly #rows: StoredRows
  readonly #header: number
  readonly #probeScratch: number
  #links = 0
  #slots: Arena | undefined
  #slotCount = 0
  constructor(device: Device, arena: Arena, scratch: Arena, rows: StoredRows) {
    this.#device = device
    this.#arena = arena
    this.#scratch = scratch
    this.#rows = rows
    this.#header = arena.allocateZeroed(headerBytes)
    this.#probeScratch = scratch.allocate(scratchBytes)
  }

  fill(chunks: readonly JoinKeys[], kind: JoinKeys['kind']): Pick<TableData, 'kind' | 'keys' | 'header' | 'links'> {
    const isArray = kind !== 'view' && this.#openArray(chunks, kind)
    if (!isArray) this.#openSlots(kind, Math.min(this.#rows.rowCount, firstKeysMax))
    const done = { rows: 0 }
    for (let chunk = chunks.length - 1; chunk >= 0; chunk--) {
      const keys = isArray || kind !== 'int32' ? chunks[chunk]! : widened(this.#device, this.#scratch, chunks[chunk]!, this.#rows.chunkRows[chunk]!)
      this.#fillChunk(keys, chunk, isArray, done)
    }
    if (this.#slots) this.#arena.hold(this.#slots.address)
    return { kind: isArray ? 'array' : 'slots', keys: isArray || kind === 'view' ? kind : 'word', header: this.#header, links: this.#links }
  }

  #fillChunk(keys: JoinKeys, chunk: number, isArray: boolean, done: { rows: number }): void {
    const { kernels, memory } = this.#device
    const words = () => memory.uint32s(this.#header, headerBytes / 4)
    let rows = this.#rows.chunkRows[chunk]!
    while (rows > 0) {
      const first = (chunk << 16) | 0
      let left: number
      if (isArray && worthBuckets(this.#rows.rowCount, rows)) {
        this.#fillByBuckets(keys, rows, first)
        return
      }
      if (isArray) left = kernels[keys.kind === 'int32' ? 'fillArrayI32' : 'fillArrayI64'](keys.values, keys.validity, rows, first, this.#header)
      else left = kernels[keys.kind === 'view' ? 'fillViews' : 'fillWords'](keys.values, keys.validity, rows, first, this.#header, this.#probeScratch)
      done.rows += rows - left
      rows = left
      if (left === 0) return
      if (!isArray && words()[9]! >= words()[10]!) this.#growSlots(keys.kind, done.rows)
      else this.#link()
    }
  }

  #fillByBuckets(keys: JoinKeys, rows: number, first: number): void {
    const arena = this.#device.arena()
    try {
      const buckets = arrayBuckets(this.#device, arena, keys, rows, this.#header)
      for (let left = buckets.count; left > 0; ) {
        left = this.#device.kernels.fillBuckets(this.#header, buckets.places, buckets.rows, left, first)
        if (left > 0) this.#link()
      }
    } finally {
      arena.release()
    }
  }

  // Whether the keys lie densely enough for an array; then it is there.
  #openArray(chunks: readonly JoinKeys[], kind: 'int32' | 'word'): boolean {
    const { kernels, memory } = this.#device
    const range = this.#scratch.allocate(24)
    memory.int64s(range, 3).set([2n ** 63n - 1n, -(2n ** 63n), 0n])
    chunks.forEach((keys, i) => kernels[kind === 'int32' ? 'keyRangeI32' : 'keyRangeI64'](keys.values, keys.validity, this.#rows.chunkRows[i]!, range))
    const [least, greatest, count] = memory.int64s(range, 3) as unknown as [bigint, bigint, bigint]
    const entries = count === 0n ? 1 : Number(greatest - least) + 1
    const perRow = count <= smallRowsMax ? smallEntriesPerRow : arrayEntriesPerRow
    if (entries > Math.max(arrayEntriesMin, perRow * Number(count))) return false
    const array = this.#arena.allocate(4 * entries)
    memory.uint32s(array, entries).fill(none)
    const words = memory.uint32s(this.#header, headerBytes / 4)
    words[3] = array
    words[4] = count === 0n ? 0 : entries
    memory.int64s(this.#header + 24, 1)[0] = count === 0n ? 0n : least
    return true
  }

  #openSlots(kind: JoinKeys['kind'], keys: number): void {
    const bits = Math.max(10, Math.ceil(Math.log2(2 * keys)))
    const count = 2 ** bits
    const size = kind === 'view' ? 32 : 16
    this.#slots = this.#device.arena()
    this.#slotCount = count
    const address = this.#slots.allocate(size * count)
    this.#device.memory.bytes(address, size * count).fill(0xff)
    const words = this.#device.memory.uint32s(this.#header, headerBytes / 4)
    words[0] = address
    words[1] = 64 - bits
    words[2] = count - 1
    words[10] = count / 2
  }

  // Rows seen so far tell how many keys there will be: nearly all different, or a part.
  #growSlots(kind: JoinKeys['kind'], rowsDone: number): void {
    const { kernels, memory } = this.#device
    const [old, used, count, arena] = [memory.uint32s(this.#header, 1)[0]!, memory.uint32s(this.#header, 10)[9]!, this.#slotCount, this.#slots!]
    const all = this.#rows.rowCount
    this.#openSlots(kind, Math.max(2 * used, Math.min(all, used > 0.5 * rowsDone ? all : 4 * used)))
    kernels[kind === 'view' ? 'moveViewSlots' : 'moveWordSlots'](old, count, this.#header)
    arena.release()
  }

  #link(): void {
    assert(this.#links === 0, 'a table that is linked twice')
    const ids = chunkRowsMax * this.#rows.chunkRows.length
    this.#links = this.#arena.allocate(4 * ids)
    this.#device.memory.uint32s(this.#links, ids).fill(none)
    this.#device.memory.uint32s(this.#header, headerBytes / 4)[8] = this.#links
  }
}

function widened(device: Device, arena: Arena, keys: JoinKeys, rows: number): JoinKeys {
  const values = arena.allocate(8 * rows)
  device.kernels.castI32ToI64(keys.values, rows, values)
  return { kind: 'word', values, validity: keys.validity }
}

/** The address in `arena` of a u32 a row: the id of the first stored row of an equal key, 0xffffffff where there is none. For tables with keys. */
export function probeTable(device: Device, arena: Arena, table: TableData, columns: readonly Column[], rows: number): number {
  const { kernels } = device
  const found = joinKeys(device, arena, columns, table.forms, rows)
  const heads = arena.allocate(4 * rows)
  const keys = found.kind === 'int32' && table.keys === 'word' ? widened(device, arena, found, rows) : found
  if (table.kind === 'array' && worthBuckets(table.rows.rowCount, rows)) {
    const buckets = arrayBuckets(device, arena, keys, rows, table.header)
    kernels.probeBuckets(table.header, buckets.places, buckets.rows, buckets.count, rows, heads)
  } else if (table.kind === 'array') kernels[keys.kind === 'int32' ? 'probeArrayI32' : 'probeArrayI64'](keys.values, keys.validity, rows, table.header, heads)
  else kernels[keys.kind === 'view' ? 'probeViews' : 'probeWords'](keys.values, keys.validity, rows, table.header, heads, arena.allocate(scratchBytes))
  return heads
}

/** True where a probing row meets one stored row at most. */
export function hasUniqueKeys(table: TableData): boolean {
  return table.kind !== 'all' && table.links === 0
}

/** All pairs of equal keys, at most `pairsMax` at a time, each valid until the next; at least one part, the last with all rows done. */
export function* candidatePairs(device: Device, arena: Arena, table: TableData, columns: readonly Column[], rows: number, pairsMax: number): Generator<Candidates> {
  const { kernels, memory } = device
  const [cursor, left, right] = [arena.allocate(8), arena.allocate(4 * pairsMax), arena.allocate(4 * pairsMax)]
  const heads = table.kind === 'all' ? 0 : probeTable(device, arena, table, columns, rows)
  memory.uint32s(cursor, 2).set([0, table.kind === 'all' ? 0 : none])
  for (;;) {
    const count =
      table.kind === 'all'
        ? kernels.expandRanges(0, 0, table.rows.rowCount, rows, table.order, cursor, left, right, pairsMax)
        : kernels.expandHeads(heads, rows, table.links, cursor, left, right, pairsMax)
    const row = memory.uint32s(cursor, 1)[0]!
    yield { left, right, count, row }
    if (row >= rows) return
  }
}

/** Says that one of `instances` has probed to its end; true for the last one, which alone knows all marks. From any thread, once each. */
export function isLastToEnd(device: Device, table: TableData, instances: number): boolean {
  return Atomics.add(device.memory.words(), table.ended / 4, 1) + 1 === instances
}
