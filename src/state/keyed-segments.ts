// What is kept of keys that come and change, as rows in segments on disk: a segment has all rows of its keys as they were when it was written, so that of those that know
// a key the newest counts. Checkpoints store each segment once; after a restart, and where memory is short, a key's rows are read when it comes again.
import type { SpillStore } from '../base/spill.ts'
import type { Batch, Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { hashColumns } from '../compute/hash.ts'
import { RowStore } from '../compute/row-store.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { BlockCache } from './block-cache.ts'
import { joinedGroups, sharedRuns } from './lasting-runs.ts'
import { Segment, type SegmentShape } from './segment.ts'
import { probeSegment, SegmentProbe } from './segment-probe.ts'
import type { StateRun } from './state-run.ts'

/** What is kept. `keys`: their positions among the fields, none nullable. `keyGroups`: those of this instance. `cacheBytes`: of blocks that were read. */
export interface KeyedSegmentsOptions {
  readonly device: Device
  readonly spill: SpillStore
  readonly fields: Fields
  readonly keys: readonly number[]
  readonly table: string
  readonly keyGroups: StateRun['keyGroups']
  readonly cacheBytes: number
  /** For errors. */
  readonly where: string
}

/** Rows of keys, those of a key together and in their order: `numbers` is the address of u32, which of the keys asked for each row is of. */
export interface KeptRows {
  readonly numbers: number
  readonly rows: Batch
  /** Keys whose rows were in what was put last. */
  readonly newest: number
}

interface Kept {
  readonly segment: Segment
  /** Of two that know a key the greater counts; those of one number have different keys. */
  readonly number: number
  readonly rowCount: number
  /** Key groups whose rows count, where it may have others. */
  readonly only?: readonly StateRun['keyGroups'][]
}

/** So many segments of about one size become one. */
const mergeCount = 8
/** Rows that are merged at once. */
const mergedRowsMax = 1 << 20
const foundMax = 65_536
const keyGroupShift = 25

/** Rows by key on disk. Owns memory and files until `close`. Cost: of a key that isn't there a look at a filter for each segment; of one that is, a block. */
export class KeyedSegments {
  readonly #options: KeyedSegmentsOptions
  readonly #shape: SegmentShape
  readonly #keyTypes: readonly DataType[]
  readonly #cache: BlockCache
  /** The oldest first. */
  #segments: Kept[] = []
  /** Segments that became part of others, whose files a checkpoint may still read. */
  #retired: Segment[] = []

  constructor(options: KeyedSegmentsOptions) {
    this.#options = options
    this.#shape = { device: options.device, fields: options.fields, keys: options.keys, where: options.where }
    this.#keyTypes = options.keys.map(key => options.fields[key]!.type)
    this.#cache = new BlockCache(options.device, options.cacheBytes)
  }

  /** Rows in segments, older ones of keys that have newer ones among them. */
  get rowCount(): number {
    return this.#segments.reduce((sum, { rowCount }) => sum + rowCount, 0)
  }
  /** Bytes of memory held. */
  get bytes(): number {
    return this.#cache.bytes + this.#segments.reduce((sum, { segment }) => sum + segment.bytes, 0)
  }

  /** Stores all rows of the keys that they are of, those of a key in order; what was stored of these before counts no more. Throws as `SpillFile`. */
  put(rows: Batch): void {
    if (rows.rowCount === 0) return
    this.#add(rows, 1 + Math.max(0, ...this.#segments.map(({ number }) => number)))
    while (this.#mergeNewest());
  }

  /** The rows of keys (each once), in `arena`. Throws DataError STATE_CORRUPT or STATE_SHAPE. */
  take(arena: Arena, keyColumns: readonly Column[], count: number): KeptRows {
    const { device, fields } = this.#options
    const store = new RowStore(device, fields)
    const numbers: number[] = []
    try {
      const newest = this.#find(arena, keyColumns, count, store, numbers)
      const order = arena.allocate(4 * numbers.length + 4)
      // Almost in order already, but for keys whose hashes are equal and those of different segments.
      device.memory.uint32s(order, numbers.length).set(Uint32Array.from(numbers.keys()).sort((a, b) => numbers[a]! - numbers[b]! || a - b))
      const sorted = arena.allocate(4 * numbers.length + 4)
      device.memory.uint32s(sorted, numbers.length).set(numbers.sort((a, b) => a - b))
      return { numbers: sorted, rows: gatherOwned(device, arena, store.batch(), order, numbers.length), newest }
    } finally {
      store.close()
    }
  }

  /** Forgets the rows that count no more. Cost: all are read, and those that count written anew, a million at a time. */
  compact(): void {
    if (this.#segments.length === 0) return
    const ranges = Math.max(1, Math.ceil(this.rowCount / mergedRowsMax))
    const number = this.#segments.at(-1)!.number
    const parts = this.#segments.splice(0)
    for (let range = 0; range < ranges; range++) this.#merge(parts, number, Math.floor((range * 2 ** 32) / ranges), Math.floor(((range + 1) * 2 ** 32) / ranges))
    this.#retire(parts)
  }

  /** All segments, as runs that stay. What was retired before is given back: the checkpoint that may have read it is complete, or the job has failed. */
  runs(): StateRun[] {
    for (const segment of this.#retired.splice(0)) segment.close()
    const { table, keyGroups } = this.#options
    return this.#segments.flatMap(({ segment, only }) => (only ?? [keyGroups]).map(groups => segment.run(table, groups)))
  }

  /** Takes over runs that `runs` gave, of all instances: their indexes are read, and no rows. Throws DataError STATE_CORRUPT. */
  restore(runs: readonly StateRun[]): void {
    const { keyGroups, spill } = this.#options
    for (const { run, groups, isForeign } of sharedRuns(runs, keyGroups)) {
      const number = Segment.numberOf(this.#shape, run.lasting.id)
      const segment = Segment.open(this.#shape, spill, run)
      this.#segments.push({ segment, number, rowCount: segment.rowCount, ...(isForeign && { only: joinedGroups(groups) }) })
    }
    this.#segments.sort((a, b) => a.number - b.number)
  }

  close(): void {
    this.#cache.close()
    for (const { segment } of this.#segments.splice(0)) segment.close()
    for (const segment of this.#retired.splice(0)) segment.close()
  }

  #add(rows: Batch, number: number): void {
    this.#segments.push({ segment: Segment.write(this.#shape, this.#options.spill, rows, number), number, rowCount: rows.rowCount })
  }

  // The newest segment that knows a key has all of its rows; older ones are asked for the rest. Gives how many keys the newest had.
  #find(arena: Arena, keyColumns: readonly Column[], count: number, store: RowStore, numbers: number[]): number {
    const { device } = this.#options
    const names: Fields = keyColumns.map((column, i) => ({ name: `key${i}`, type: column.type, nullable: false }))
    let wanted = Uint32Array.from({ length: count }, (_, i) => i)
    let probe: SegmentProbe | undefined
    const last = this.#segments.at(-1)?.number
    let newest = 0
    for (const { segment, number, only } of this.#segments.toReversed()) {
      if (wanted.length === 0) break
      if (!probe) {
        const indices = arena.allocate(4 * wanted.length)
        device.memory.uint32s(indices, wanted.length).set(wanted)
        const asked = wanted.length === count ? keyColumns : gatherBatch(device, arena, { fields: names, columns: [...keyColumns], rowCount: count, arena: 0 }, indices, wanted.length).columns
        probe = new SegmentProbe(device, arena, asked, this.#keyTypes, wanted.length)
      }
      const found = new Uint8Array(wanted.length)
      for (const pairs of probeSegment(probe, segment, this.#shape, this.#cache, foundMax, only)) {
        const left = device.memory.uint32s(pairs.left, pairs.count)
        for (const i of left) {
          found[i] = 1
          numbers.push(wanted[i]!)
        }
        this.#append(store, pairs.rows, pairs.right, pairs.count)
      }
      if (!found.includes(1)) continue
      const left = wanted.filter((_, i) => found[i] === 0)
      if (number === last) newest += wanted.length - left.length
      wanted = left
      probe = undefined
    }
    return newest
  }

  #append(store: RowStore, rows: Batch, indices: number, count: number): void {
    const scratch = this.#options.device.arena()
    try {
      store.append(gatherBatch(this.#options.device, scratch, { ...rows, arena: 0 }, indices, count))
    } finally {
      scratch.release()
    }
  }

  // Several of about one size at the end become one.
  #mergeNewest(): boolean {
    const last = this.#segments.slice(-mergeCount)
    if (last.length < mergeCount) return false
    const sizes = last.map(({ rowCount }) => rowCount)
    const sum = sizes.reduce((a, b) => a + b, 0)
    if (sum > mergedRowsMax || Math.max(...sizes) * 2 > sum) return false
    this.#segments.splice(-mergeCount)
    this.#merge(last, last.at(-1)!.number)
    this.#retire(last)
    return true
  }

  // One segment of what counts in the parts, the oldest of them first, of keys whose hashes are from `low` on and below `high`.
  #merge(parts: readonly Kept[], number: number, low = 0, high = 2 ** 32): void {
    const { device, fields, keys, keyGroups } = this.#options
    const seen = new GroupTable(device, keys.map(key => fields[key]!))
    const store = new RowStore(device, fields)
    try {
      // A file may have rows of groups that another instance has now.
      for (const { segment, only = [keyGroups] } of parts.toReversed()) {
        const newer = seen.groupCount
        for (const [block, { first }] of segment.blocks.entries()) {
          if (first >= high || (segment.blocks[block + 1]?.first ?? low) < low) continue
          const arena = device.arena()
          try {
            const all = segment.read(arena, block)
            const hashes = device.memory.uint32s(hashColumns(device, arena, keys.map(key => all.columns[key]!), all.rowCount), all.rowCount)
            // Rows that are others' say nothing of keys.
            const own = this.#chosen(arena, all, row => hashes[row]! >= low && hashes[row]! < high && isOf(only, hashes[row]! >>> keyGroupShift))
            const gids = device.memory.uint32s(seen.find(arena, keys.map(key => own.columns[key]!), own.rowCount), own.rowCount)
            store.append(this.#chosen(arena, own, row => gids[row]! >= newer))
          } finally {
            arena.release()
          }
        }
      }
      if (store.rowCount > 0) this.#add(store.batch(), number)
    } finally {
      store.close()
      seen.close()
    }
  }

  // The memory may have grown meanwhile: `isChosen` must not be asked behind it.
  #chosen(arena: Arena, rows: Batch, isChosen: (row: number) => boolean): Batch {
    const chosen: number[] = []
    for (let row = 0; row < rows.rowCount; row++) if (isChosen(row)) chosen.push(row)
    if (chosen.length === rows.rowCount) return rows
    const indices = arena.allocate(4 * chosen.length + 4)
    this.#options.device.memory.uint32s(indices, chosen.length).set(chosen)
    return gatherBatch(this.#options.device, arena, { ...rows, arena: 0 }, indices, chosen.length)
  }

  #retire(parts: readonly Kept[]): void {
    for (const { segment } of parts) {
      this.#cache.forget(segment)
      this.#retired.push(segment)
    }
  }
}

function isOf(ranges: readonly StateRun['keyGroups'][], group: number): boolean {
  return ranges.some(({ start, end }) => start <= group && group < end)
}
