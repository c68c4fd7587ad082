// The exchange's half of the work on columns: rows to the instances that own their keys.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { compactBatch, share } from './compact.ts'
import { gatherBatch } from './gather.ts'
import { hashKeys } from './hash.ts'
import { blockAt, rowsInGroups } from './row-block.ts'

/**
 * One batch per instance with the rows whose key group it owns (see `keyGroupRange`), in source order; undefined where it has none.
 * The results live in `arena`; a batch whose rows all go to one instance is shared, not copied. Throws PlanError NO_COLUMN.
 */
export function partitionBatch(device: Device, arena: Arena, batch: Batch, keys: readonly string[], parallelism: number, where = 'exchange'): (Batch | undefined)[] {
  const parts: (Batch | undefined)[] = new Array(parallelism).fill(undefined)
  if (batch.rowCount === 0) return parts
  if (parallelism === 1) return [share(device, arena, batch)]
  const instances = new Uint8Array(keyGroupCount)
  for (let instance = 0; instance < parallelism; instance++) {
    const { start, end } = keyGroupRange(instance, parallelism)
    instances.fill(instance, start, end)
  }
  rowsByPart(device, arena, hashKeys(device, arena, batch, keys, where), batch.rowCount, instances, parallelism).forEach(({ indices, rows }, instance) => {
    if (rows === batch.rowCount) parts[instance] = share(device, arena, batch)
    else if (rows > 0) parts[instance] = gatherBatch(device, arena, batch, indices, rows)
  })
  return parts
}

/** For each of `parts` parts the address in `arena` of the u32 numbers of its rows, rising. A row is of the part that `partOf` has for the top seven bits of its hash. */
export function rowsByPart(device: Device, arena: Arena, hashes: number, rowCount: number, partOf: Uint8Array, parts: number): { indices: number; rows: number }[] {
  const { kernels, memory } = device
  const table = arena.allocate(keyGroupCount)
  const counts = arena.allocateZeroed(4 * parts)
  const nexts = arena.allocate(4 * parts)
  let at = arena.allocate(4 * rowCount)
  memory.write(table, partOf)
  kernels.countInstances(hashes, rowCount, table, counts)
  const found = [...memory.uint32s(counts, parts)].map(rows => {
    const indices = at
    at += 4 * rows
    return { indices, rows }
  })
  memory.uint32s(nexts, parts).set(found.map(part => part.indices))
  kernels.scatterRows(hashes, rowCount, table, nexts)
  return found
}

/** As `partitionBatch`; without `keys` every instance gets all rows. */
export function distributeBatch(device: Device, arena: Arena, batch: Batch, keys: readonly string[] | undefined, parallelism: number): (Batch | undefined)[] {
  if (batch.block !== undefined) return blockParts(device, batch, parallelism)
  if (keys) return partitionBatch(device, arena, batch, keys, parallelism)
  return batch.rowCount === 0 ? [] : new Array(parallelism).fill(share(device, arena, batch))
}

// Each instance gets the block, and takes the rows of its key groups.
function blockParts(device: Device, batch: Batch, parallelism: number): (Batch | undefined)[] {
  const block = blockAt(device, batch.block!)
  return Array.from({ length: parallelism }, (_, instance) => {
    const { start, end } = keyGroupRange(instance, parallelism)
    const rowCount = rowsInGroups(device, block, start, end)
    return rowCount === 0 ? undefined : { ...batch, rowCount }
  })
}

/** The rows of a batch whose key group is in [start, end), in order: how a restoring instance leaves other instances' rows alone. */
export function rowsOfKeyGroups(device: Device, arena: Arena, batch: Batch, keys: readonly string[], range: { start: number; end: number }, where = 'restore'): Batch {
  if (range.start === 0 && range.end === keyGroupCount) return share(device, arena, batch)
  const hashes = hashKeys(device, arena, batch, keys, where)
  const mask = arena.allocate(bitmapBytes(batch.rowCount))
  device.kernels.maskKeyGroups(hashes, batch.rowCount, range.start, range.end, mask)
  return compactBatch(device, arena, batch, mask)
}
