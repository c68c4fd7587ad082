// Rows that workers have encoded for a sink: a batch without columns, whose block is an address and a number of bytes.
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'

/** Encodes rows for a writer that puts what it gets one behind the other. */
export interface RowsEncoder {
  /** Takes a batch, which lives as long as the call. Gives an encoded batch with a reference to its arena for the caller; undefined where the rows are kept for later. */
  encode(batch: Batch): Batch | undefined
  /** What was kept, at the end of the input so far. */
  flush?(): Batch | undefined
  close?(): void
}

/** A batch of `rowCount` rows that are a copy of `bytes` bytes at `address`. The reference to its arena is the caller's. */
export function encodedBatch(device: Device, fields: Fields, rowCount: number, address: number, bytes: number): Batch {
  const arena = device.arena()
  const block = arena.allocate(16 + bytes)
  device.memory.float64s(block, 2).set([block + 16, bytes])
  device.memory.bytes(block + 16, bytes).set(device.memory.bytes(address, bytes))
  return { fields, rowCount, columns: [], arena: arena.address, block }
}

/** The bytes of an encoded batch, in place; undefined of one that has its columns. */
export function encodedBytes(device: Device, { block }: Batch): Uint8Array | undefined {
  if (block === undefined) return undefined
  const [address, bytes] = device.memory.float64s(block, 2) as unknown as [number, number]
  return device.memory.bytes(address, bytes)
}
