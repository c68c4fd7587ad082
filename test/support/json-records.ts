// JSON records in the engine's memory, end to end, so that a record that is cut off finds its neighbour's bytes where its own should be.
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'

/** The records, as decoders take them. */
export function laidOut(device: Device, arena: Arena, records: readonly Uint8Array[]): { readonly pairs: number; readonly count: number } {
  const pairs = arena.allocate(8 * records.length)
  let at = arena.allocate(records.reduce((sum, record) => sum + record.length, 0))
  records.forEach((record, i) => {
    device.memory.write(at, record)
    device.memory.uint32s(pairs + 8 * i, 2).set([at, record.length])
    at += record.length
  })
  return { pairs, count: records.length }
}
