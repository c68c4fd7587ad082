// Rows of either side of a join divided by their keys: equal keys are of one part, whatever types they have on both sides.
import type { Batch } from '../batch/batch.ts'
import { keyGroupCount } from '../base/hash.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { gatherBatch } from './gather.ts'
import { type JoinKeys, joinKeys, type KeyForm } from './join-keys.ts'

const partBits = 4
/** Parts that rows are divided into at once. */
export const joinParts = 2 ** partBits
/** How often parts can be divided again: the bits of the hash. */
export const joinLevelsMax = 7

/** The rows of each part, in order; undefined where there are none. `level` chooses the bits: parts of a part need the next ones. Without keys all rows are of part 0. */
export function divideRows(device: Device, arena: Arena, batch: Batch, keys: readonly number[], forms: readonly KeyForm[], level: number): (Batch | undefined)[] {
  const { kernels, memory } = device
  const rows = batch.rowCount
  const parts: (Batch | undefined)[] = new Array(joinParts).fill(undefined)
  if (keys.length === 0) return [batch, ...parts.slice(1)]
  const hashes = hashesOf(device, arena, joinKeys(device, arena, keys.map(i => batch.columns[i]!), forms, rows), rows)
  kernels.shiftHashes(hashes, rows, partBits * level)
  const table = arena.allocate(keyGroupCount)
  memory.bytes(table, keyGroupCount).forEach((_, group, bytes) => (bytes[group] = (group * joinParts) / keyGroupCount))
  const [counts, nexts, order] = [arena.allocateZeroed(4 * joinParts), arena.allocate(4 * joinParts), arena.allocate(4 * rows)]
  kernels.countInstances(hashes, rows, table, counts)
  let at = order
  const starts = [...memory.uint32s(counts, joinParts)].map(count => {
    at += 4 * count
    return { start: at - 4 * count, count }
  })
  memory.uint32s(nexts, joinParts).set(starts.map(({ start }) => start))
  kernels.scatterRows(hashes, rows, table, nexts)
  return starts.map(({ start, count }) => (count === 0 ? undefined : gatherBatch(device, arena, batch, start, count)))
}

function hashesOf(device: Device, arena: Arena, keys: JoinKeys, rows: number): number {
  const { kernels } = device
  const states = arena.allocateZeroed(8 * rows)
  kernels[keys.kind === 'int32' ? 'hashI32' : keys.kind === 'word' ? 'hashI64' : 'hashView'](keys.values, keys.validity, rows, 0, states)
  kernels.finishHash(states, rows, states)
  return states
}
