// A batch whose rows lie key by key, as `onBatch` sees it.
import type { Batch } from '../batch/batch.ts'
import { BatchView } from '../batch/batch-view.ts'
import type { Value } from '../batch/read-values.ts'
import type { Device } from '../device/device.ts'

/** The rows of one key in a `KeyedBatch`: [start, end). */
export interface KeyRows {
  readonly key: Value
  readonly start: number
  readonly end: number
}

/** Rows grouped by key, those of a key in their order. Lives until the next step. */
export class KeyedBatch extends BatchView {
  readonly #groups: () => Generator<KeyRows>
  constructor(device: Device, batch: Batch, groups: () => Generator<KeyRows>) {
    super(device, batch)
    this.#groups = groups
  }

  /** The keys, each with where its rows are. While one is at hand, `state` and `timers` are those of its key. */
  groups(): Generator<KeyRows> {
    return this.#groups()
  }
}

/** Row numbers key by key: those of the key `gids[i]` are `rows` from `starts[i]` to `starts[i + 1]`, rising. */
export interface RowsByKey {
  readonly gids: readonly number[]
  readonly starts: Uint32Array
  readonly rows: Uint32Array
}

/** Groups the rows [start, end) by their keys' numbers, which are below `keyCount`; keys in the order of their first rows. Cost: two passes over flat arrays. */
export class RowGrouper {
  /** A key's place among those of the rows at hand, plus 1. */
  #places = new Uint32Array(0)

  group(keys: Uint32Array, start: number, end: number, keyCount: number): RowsByKey {
    if (this.#places.length < keyCount) this.#places = new Uint32Array(2 * keyCount)
    const places = this.#places
    const gids: number[] = []
    for (let row = start; row < end; row++) if (places[keys[row]!] === 0) places[keys[row]!] = gids.push(keys[row]!)
    const starts = new Uint32Array(gids.length + 1)
    for (let row = start; row < end; row++) starts[places[keys[row]!]!]!++
    for (let i = 0; i < gids.length; i++) starts[i + 1]! += starts[i]!
    const next = starts.slice()
    const rows = new Uint32Array(end - start)
    for (let row = start; row < end; row++) rows[next[places[keys[row]!]! - 1]!++] = row
    for (const gid of gids) places[gid] = 0
    return { gids, starts, rows }
  }
}
