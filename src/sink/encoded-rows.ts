// Rows that workers have encoded for a sink: a batch without columns, whose block is an address and a number of bytes.
import type { Batch } from '../batch/batch.ts'
import type { PackedBatch } from '../batch/pack-batch.ts'
import type { Device } from '../device/device.ts'

/** Encodes rows for a writer that puts what it gets one behind the other. */
export interface RowsEncoder {
  /** Takes a batch, which lives as long as the call. Gives batches for the sink, with a reference to the arena of each for the caller; none where the rows are kept for later. */
  encode(batch: Batch): PackedBatch[]
  /** What was kept, at the end of the input so far: encoded, or as it came. */
  flush?(): PackedBatch[]
  close?(): void
}

/** A batch of `rowCount` rows that are a copy of `parts`, one behind the other. The reference to its arena is the caller's. */
export function encodedBatch(device: Device, rowCount: number, parts: readonly Uint8Array[]): PackedBatch {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
  const arena = device.arena()
  const block = arena.allocate(16 + bytes)
  device.memory.float64s(block, 2).set([block + 16, bytes])
  const target = device.memory.bytes(block + 16, bytes)
  let at = 0
  for (const part of parts) {
    target.set(part, at)
    at += part.byteLength
  }
  return [rowCount, arena.address, block]
}

/** The bytes of an encoded batch, in place; undefined of one that has its columns. */
export function encodedBytes(device: Device, { block }: Batch): Uint8Array | undefined {
  if (block === undefined) return undefined
  const [address, bytes] = device.memory.float64s(block, 2) as unknown as [number, number]
  return device.memory.bytes(address, bytes)
}
