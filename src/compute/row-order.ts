// The places of rows among all rows of a job, for aggregates that are about order. They come from the numbers of the messages that bring the rows,
// which rise in the order of the source at any parallelism; after a restart new rows go behind those that restored states remember.
import type { Batch } from '../batch/batch.ts'
import type { Device } from '../device/device.ts'
import { orderSuffix, type RowPlaces } from './aggregate-contract.ts'

/** Hands out places. */
export class RowOrder {
  #base = 0n
  /** Places of rows that follow each other, or stand at the numbers `rows` (an address) behind the first, which is `place` of those since the start. */
  from(place: bigint, rows = 0): RowPlaces {
    return { first: this.#base + place, rows }
  }

  /** Takes notice of a restored state. All instances must see all states, so that they agree. */
  restored(device: Device, { fields, columns, rowCount }: Batch): void {
    fields.forEach(({ name }, i) => {
      if (!name.endsWith(orderSuffix) || rowCount === 0) return
      const arena = device.arena()
      try {
        const out = arena.allocate(16)
        const { values, validity } = columns[i]!
        if (device.kernels.rangeI64(values, validity, 0, rowCount, out) === 0) return
        const last = device.memory.int64s(out, 2)[1]!
        if (last >= this.#base) this.#base = last + 1n
      } finally {
        arena.release()
      }
    })
  }
}
