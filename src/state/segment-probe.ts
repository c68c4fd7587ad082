// Keys that ask segments for their rows. A segment's filter says which of them it may have, its index which blocks those would be in; the rows of these
// blocks then look themselves up among the keys.
import type { Batch, Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import { andBits } from '../compute/bitmap.ts'
import { passBloom, widenHashes } from '../compute/bloom.ts'
import { compactBatch } from '../compute/compact.ts'
import { gatherBatch, rowNumbers } from '../compute/gather.ts'
import { hashColumns } from '../compute/hash.ts'
import { JoinIndex } from '../compute/join-index.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { BlockCache } from './block-cache.ts'
import type { Segment, SegmentShape } from './segment.ts'
import type { StoredPairs } from './segmented-rows.ts'
import type { StateRun } from './state-run.ts'

const keyGroupShift = 25

/** The keys of a batch without those that have a null, and their numbers in it. */
export class SegmentProbe {
  readonly device: Device
  readonly arena: Arena
  readonly keyTypes: readonly DataType[]
  /** The keys, then the numbers of their rows. */
  readonly keys: Batch
  readonly #hashes: number
  readonly #wide: number

  constructor(device: Device, arena: Arena, columns: readonly Column[], keyTypes: readonly DataType[], rows: number) {
    this.device = device
    this.arena = arena
    this.keyTypes = keyTypes
    const fields = [...columns.map(({ type }, i): Field => ({ name: `key${i}`, type, nullable: false })), { name: 'row', type: { kind: 'uint32' }, nullable: false } as const]
    const all: Batch = { fields, rowCount: rows, columns: [...columns, { type: { kind: 'uint32' }, length: rows, values: rowNumbers(device, arena, rows), validity: 0 }], arena: arena.address }
    const mask = columns.reduce((bits, column) => andBits(device, arena, bits, column.validity, rows), 0)
    this.keys = mask === 0 ? all : compactBatch(device, arena, all, mask)
    this.#hashes = hashColumns(device, arena, this.keys.columns.slice(0, -1), this.keys.rowCount)
    this.#wide = widenHashes(device, arena, this.#hashes, this.keys.rowCount)
  }

  /** The numbers (u32, in `scratch`) of the keys that a segment may have, of the key groups `only`. */
  passed(scratch: Arena, segment: Segment, only: readonly StateRun['keyGroups'][] | undefined): { indices: number; rows: number } {
    const { address, blocks } = segment.filter
    const found = passBloom(this.device, scratch, this.#wide, this.keys.rowCount, address, blocks)
    if (!only || found.rows === 0) return found
    const indices = this.device.memory.uint32s(found.indices, found.rows)
    let rows = 0
    for (const index of indices) {
      const group = this.hashOf(index) >>> keyGroupShift
      if (only.some(({ start, end }) => start <= group && group < end)) indices[rows++] = index
    }
    return { indices: found.indices, rows }
  }

  /** The hash of key `index`. */
  hashOf(index: number): number {
    return this.device.words()[this.#hashes / 4 + index]! >>> 0
  }
}

/** The pairs of the probe's keys and a segment's rows, each valid until the next. */
export function* probeSegment(probe: SegmentProbe, segment: Segment, { keys, fields }: SegmentShape, cache: BlockCache, pairsMax: number, only?: readonly StateRun['keyGroups'][]): Generator<StoredPairs> {
  const { device, keyTypes } = probe
  const scratch = device.arena()
  let index: JoinIndex | undefined
  try {
    const { indices, rows } = probe.passed(scratch, segment, only)
    if (rows === 0) return
    const candidates = gatherBatch(device, scratch, { ...probe.keys, arena: 0 }, indices, rows)
    index = new JoinIndex(device, candidates.fields, keyTypes.map((_, i) => i), keyTypes)
    index.insert(scratch, candidates)
    const numbers = device.memory.uint32s(candidates.columns.at(-1)!.values, rows)
    for (const block of blocksOf(segment, Array.from(device.memory.uint32s(indices, rows), i => probe.hashOf(i)))) {
      const stored = { ...cache.read(segment, block), fields }
      for (const pairs of index.probe(scratch, keys.map(key => stored.columns[key]!), stored.rowCount, pairsMax)) {
        // What probed here was the block; outside it is the other way round.
        const left = device.memory.uint32s(pairs.right, pairs.count)
        for (let i = 0; i < left.length; i++) left[i] = numbers[left[i]!]!
        yield { left: pairs.right, right: pairs.left, count: pairs.count, rows: stored }
      }
    }
  } finally {
    index?.close()
    scratch.release()
  }
}

// The blocks in which rows with these hashes may be: a hash may end one block and begin the next.
function blocksOf({ blocks }: Segment, hashes: readonly number[]): number[] {
  const wanted = new Set<number>()
  for (const hash of hashes) {
    let [low, high] = [0, blocks.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (blocks[middle]!.first < hash) low = middle + 1
      else high = middle
    }
    if (low > 0) wanted.add(low - 1)
    for (let block = low; block < blocks.length && blocks[block]!.first === hash; block++) wanted.add(block)
  }
  return [...wanted].sort((a, b) => a - b)
}
