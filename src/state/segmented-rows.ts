// One side of a join of streams: rows by key, of which the newer lie in memory and all may lie in segments on disk. What doesn't fit is left to the
// segments, checkpoints store each segment once, and after a restart nothing is read but the blocks whose keys come.
import type { SpillStore } from '../base/spill.ts'
import type { Batch, Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { columnRange } from '../compute/gather.ts'
import { JoinIndex } from '../compute/join-index.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { cameField, cameNow, countOld, keepFresh } from '../compute/row-ages.ts'
import { RowStore } from '../compute/row-store.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { BlockCache } from './block-cache.ts'
import { joinedGroups, sharedRuns } from './lasting-runs.ts'
import { Segment, type SegmentShape } from './segment.ts'
import { probeSegment, SegmentProbe } from './segment-probe.ts'
import type { StateRun } from './state-run.ts'

/** What is stored. `keyGroups`: those of this instance. `bytesMax`: what it should hold in memory; Infinity where there is no bound. */
export interface SegmentedRowsOptions {
  readonly device: Device
  readonly spill: SpillStore
  readonly fields: Fields
  /** Positions of the keys among the fields, and what they are compared as. */
  readonly keys: readonly number[]
  readonly keyTypes: readonly DataType[]
  readonly table: string
  readonly keyGroups: StateRun['keyGroups']
  readonly bytesMax: number
  /** Rows that came so long ago, by the clock, are forgotten; unless said they are kept for good. */
  readonly life?: { readonly ms: number; readonly now: () => number }
  /** For errors. */
  readonly where: string
}

/** Pairs found by a probe: addresses of `count` u32 row numbers, `left` of the probing batch, `right` of `rows`. */
export interface StoredPairs {
  readonly left: number
  readonly right: number
  readonly count: number
  readonly rows: Batch
}

/** A segment, and where its rows lie in memory too, as long as they do. */
interface Sealed {
  readonly segment: Segment
  readonly from: number
  readonly to: number
  inMemory: boolean
  /** No row came later. */
  readonly newest: number
  /** Key groups whose rows count, where it may have others. */
  readonly only?: readonly StateRun['keyGroups'][]
}

/** Rows that are written at once while memory is short. */
const sealBytes = 32 << 20
const sealBytesMin = 1 << 20
/** So many segments of a size become one. */
const mergeCount = 8
/** Segments that make more rows together stay apart. */
const mergedRowsMax = 1 << 20
const cacheShare = 0.25
const copyRows = 65_536

/** Stored rows. Rows with a null among their keys match nothing and are not stored. Owns memory and files until `close`. */
export class SegmentedRows {
  readonly #options: SegmentedRowsOptions
  /** Those that are stored: where rows have an age, with when they came. */
  readonly #fields: Fields
  readonly #shape: SegmentShape
  readonly #cache: BlockCache
  #active: JoinIndex
  /** Rows of the active index that are in segments. */
  #sealedRows = 0
  #segments: Sealed[] = []
  /** Segments that became part of others, whose files a checkpoint may still read. */
  #retired: Segment[] = []
  #rowBytes = 64

  constructor(options: SegmentedRowsOptions) {
    this.#options = options
    this.#fields = options.life ? [...options.fields, cameField] : options.fields
    this.#shape = { device: options.device, fields: this.#fields, keys: options.keys, where: options.where }
    this.#active = this.#freshIndex()
    this.#cache = new BlockCache(options.device, Number.isFinite(options.bytesMax) ? options.bytesMax * cacheShare : 256 << 20)
  }

  get rowCount(): number {
    return this.#active.rowCount + this.#segments.reduce((sum, { segment, inMemory }) => sum + (inMemory ? 0 : segment.rowCount), 0)
  }
  /** Bytes of memory held. */
  get bytes(): number {
    return this.#active.bytes + this.#cache.bytes + this.#segments.reduce((sum, { segment }) => sum + segment.bytes, 0)
  }

  /** Stores copies of the rows of `batch`. `arena` holds what is needed on the way. Throws as `SpillFile`. */
  insert(arena: Arena, batch: Batch): void {
    const { bytesMax, device, life } = this.#options
    const came = life && cameNow(device, arena, batch.rowCount, life.now())
    this.#active.insert(arena, came ? { ...batch, fields: this.#fields, columns: [...batch.columns, came] } : batch)
    if (!Number.isFinite(bytesMax) || this.#active.rowCount === 0) return
    const room = Math.max(sealBytesMin, bytesMax * (1 - cacheShare) - this.#segments.reduce((sum, { segment }) => sum + segment.bytes, 0))
    this.#rowBytes = this.#active.bytes / this.#active.rowCount
    const unsealed = (this.#active.rowCount - this.#sealedRows) * this.#rowBytes
    // Written while there is room yet, so that no pause grows with the memory.
    if (this.#active.bytes > room / 2 && unsealed > Math.min(sealBytes, Math.max(sealBytesMin, room / 8))) this.#seal()
    if (this.#active.bytes > room) this.#letGo()
  }

  /** Yields the pairs of equal keys, at most `pairsMax` at a time, each valid until the next. No insert in between. Within a key rows come in order of arrival. */
  *probe(arena: Arena, keyColumns: readonly Column[], rows: number, pairsMax: number): Generator<StoredPairs> {
    const { device, life } = this.#options
    const since = life && life.now() - life.ms
    for (const found of this.#probeAll(arena, keyColumns, rows, pairsMax)) {
      const count = since === undefined ? found.count : keepFresh(device, found, found.rows.columns.at(-1)!, since)
      if (count > 0) yield { ...found, count }
    }
  }

  *#probeAll(arena: Arena, keyColumns: readonly Column[], rows: number, pairsMax: number): Generator<StoredPairs> {
    const onDisk = this.#segments.filter(({ inMemory }) => !inMemory)
    if (onDisk.length > 0 && rows > 0) {
      const { device, keyTypes } = this.#options
      const probe = new SegmentProbe(device, arena, keyColumns, keyTypes, rows)
      for (const { segment, only } of onDisk) yield* probeSegment(probe, segment, this.#shape, this.#cache, pairsMax, only)
    }
    if (this.#active.rowCount === 0) return
    const stored = this.#active.rows()
    for (const pairs of this.#active.probe(arena, keyColumns, rows, pairsMax)) yield { ...pairs, rows: stored }
  }

  /** Lets go of rows that are forgotten, where they are half of what memory has; segments whose rows all are go as a whole. */
  sweep(): void {
    const { device, life } = this.#options
    if (!life) return
    const since = life.now() - life.ms
    const stored = this.#active.rows()
    const old = stored.rowCount === 0 ? 0 : countOld(device, stored.columns.at(-1)!, since)
    if (2 * old >= Math.max(1, stored.rowCount)) this.#cut(old)
    for (const { segment } of this.#segments.filter(({ newest, inMemory }) => !inMemory && newest <= since)) this.#retire(segment)
    this.#segments = this.#segments.filter(({ newest, inMemory }) => inMemory || newest > since)
  }

  /** Freezes what there is: all of it as runs that stay. Throws as `SpillFile`. */
  snapshot(): StateRun[] {
    // The checkpoint that may have read them is complete, or the job has failed.
    for (const segment of this.#retired.splice(0)) segment.close()
    this.#seal()
    const { table, keyGroups } = this.#options
    return this.#segments.flatMap(({ segment, only }) => (only ?? [keyGroups]).map(groups => segment.run(table, groups)))
  }

  /** Takes over runs that `snapshot` made, of all instances: their indexes are read, and no rows. Throws DataError STATE_CORRUPT. */
  restore(runs: readonly StateRun[]): void {
    const { keyGroups, spill } = this.#options
    for (const { run, groups, isForeign } of sharedRuns(runs, keyGroups)) {
      this.#segments.push({ segment: Segment.open(this.#shape, spill, run), from: 0, to: 0, inMemory: false, newest: this.#now(), ...(isForeign && { only: joinedGroups(groups) }) })
    }
  }

  close(): void {
    this.#active.close()
    this.#cache.close()
    for (const { segment } of this.#segments.splice(0)) segment.close()
    for (const segment of this.#retired.splice(0)) segment.close()
  }

  #freshIndex(): JoinIndex {
    const { device, keys, keyTypes } = this.#options
    return new JoinIndex(device, this.#fields, keys, keyTypes)
  }

  // Memory forgets the first `old` rows, but for those of a segment that has others too; segments of such rows alone go.
  #cut(old: number): void {
    const { device } = this.#options
    const inMemory = this.#segments.filter(sealed => sealed.inMemory)
    const first = inMemory.find(({ from, to }) => from < old && old < to)?.from ?? old
    if (first === 0) return
    for (const { segment } of inMemory.filter(({ to }) => to <= first)) this.#retire(segment)
    this.#segments = this.#segments.filter(sealed => !sealed.inMemory || sealed.to > first).map(sealed => (sealed.inMemory ? { ...sealed, from: sealed.from - first, to: sealed.to - first } : sealed))
    this.#sealedRows = Math.max(0, this.#sealedRows - first)
    const before = this.#active
    const kept = before.rows()
    this.#active = this.#freshIndex()
    for (let at = first; at < kept.rowCount; at += copyRows) {
      const part = device.arena()
      try {
        const rows = Math.min(copyRows, kept.rowCount - at)
        this.#active.insert(part, { ...kept, rowCount: rows, columns: kept.columns.map(column => columnRange(device, part, column, at, at + rows)) })
      } finally {
        part.release()
      }
    }
    before.close()
  }

  #retire(segment: Segment): void {
    this.#cache.forget(segment)
    if (segment.isStored) this.#retired.push(segment)
    else segment.close()
  }

  #now(): number {
    return this.#options.life?.now() ?? 0
  }

  // What the segments don't have yet becomes one.
  #seal(): void {
    const { rowCount } = this.#active
    if (rowCount === this.#sealedRows) return
    this.#segments.push(this.#written(this.#sealedRows, rowCount))
    this.#sealedRows = rowCount
    while (this.#mergeNewest());
  }

  #written(from: number, to: number): Sealed {
    const { device, spill } = this.#options
    const stored = this.#active.rows()
    const scratch = device.arena()
    try {
      const rows = { ...stored, rowCount: to - from, columns: stored.columns.map(column => columnRange(device, scratch, column, from, to)) }
      return { segment: Segment.write(this.#shape, spill, rows), from, to, inMemory: true, newest: this.#now() }
    } finally {
      scratch.release()
    }
  }

  // Several of about one size at the end become one, from memory where they are there yet.
  #mergeNewest(): boolean {
    const last = this.#segments.slice(-mergeCount)
    if (last.length < mergeCount) return false
    const sizes = last.map(({ segment }) => segment.rowCount)
    const sum = sizes.reduce((a, b) => a + b, 0)
    if (sum > mergedRowsMax || Math.max(...sizes) * 2 > sum) return false
    const inMemory = last.every(sealed => sealed.inMemory)
    if (!inMemory && last.some(sealed => sealed.inMemory)) return false
    this.#segments.splice(-mergeCount, mergeCount, inMemory ? this.#written(last[0]!.from, last.at(-1)!.to) : this.#merged(last))
    for (const { segment } of last) this.#retire(segment)
    return true
  }

  #merged(parts: readonly Sealed[]): Sealed {
    const { device, fields, spill, keys, keyGroups, where } = this.#options
    const names = keys.map(key => fields[key]!.name)
    const store = new RowStore(device, this.#fields)
    try {
      for (const { segment, only = [keyGroups] } of parts) {
        for (const number of segment.blocks.keys()) {
          const arena = device.arena()
          try {
            const rows = segment.read(arena, number)
            for (const groups of only) store.append(rowsOfKeyGroups(device, arena, rows, names, groups, where))
          } finally {
            arena.release()
          }
        }
      }
      return { segment: Segment.write(this.#shape, spill, store.batch()), from: 0, to: 0, inMemory: false, newest: Math.max(...parts.map(({ newest }) => newest)) }
    } finally {
      store.close()
    }
  }

  // Memory forgets the rows; the segments have them.
  #letGo(): void {
    this.#seal()
    for (const sealed of this.#segments) sealed.inMemory = false
    this.#active.close()
    this.#active = this.#freshIndex()
    this.#sealedRows = 0
  }
}
