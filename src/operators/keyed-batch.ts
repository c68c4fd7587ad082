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
