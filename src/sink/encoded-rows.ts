// Rows that workers have encoded for a sink: a batch without columns, whose block says where they are: how many parts, then the address and the bytes of each.
import type { Batch } from '../batch/batch.ts'
import type { PackedBatch } from '../batch/pack-batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Encodes rows for a writer that puts what it gets one behind the other. */
export interface RowsEncoder {
  /** Takes a batch, which lives as long as the call. Gives batches for the sink, with a reference to the arena of each for the caller; none where the rows are kept for later. */
  encode(batch: Batch): PackedBatch[]
  /** What was kept, at the end of the input so far: encoded, or as it came. */
  flush?(): PackedBatch[]
  close?(): void
}

/** Rows as bytes in an arena. */
export interface RowBytes {
  readonly address: number
  readonly bytes: number
}

/** A part of encoded rows: a place in the engine's memory, or bytes of the program's own, which are copied. */
export type EncodedPart = RowBytes | Uint8Array

/** The bytes of a part, in place. */
export function partBytes({ memory }: Device, part: EncodedPart): Uint8Array {
  return part instanceof Uint8Array ? part : memory.bytes(part.address, part.bytes)
}

/** A batch of `rowCount` rows that are the parts that `encode` gives, one behind the other; those in the engine's memory live as long as its arena. The reference to it goes to the caller with the batch. Cost: what is copied. */
export function encodedBatch(device: Device, rowCount: number, encode: (arena: Arena) => readonly EncodedPart[]): PackedBatch {
  const { memory } = device
  const arena = device.arena()
  try {
    const places = encode(arena).map(part => {
      if (!(part instanceof Uint8Array)) return [part.address, part.bytes] as const
      const address = arena.allocate(part.byteLength)
      memory.write(address, part)
      return [address, part.byteLength] as const
    })
    const block = arena.allocate(8 + 16 * places.length)
    memory.float64s(block, 1 + 2 * places.length).set([places.length, ...places.flat()])
    return [rowCount, arena.address, block]
  } catch (thrown) {
    arena.release()
    throw thrown
  }
}

/** The parts of an encoded batch, in place; undefined of one that has its columns. */
export function encodedParts({ memory }: Device, { block }: Batch): Uint8Array[] | undefined {
  if (block === undefined) return undefined
  const [count] = memory.float64s(block, 1) as unknown as [number]
  const places = memory.float64s(block + 8, 2 * count)
  return Array.from({ length: count }, (_, i) => memory.bytes(places[2 * i]!, places[2 * i + 1]!))
}
