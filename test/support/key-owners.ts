// Which instance of a keyed operator gets which rows: for tests that run several instances of one side by side.
import { keyGroupRange } from '../../src/base/hash.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { hashKeys } from '../../src/compute/hash.ts'
import type { Device } from '../../src/device/device.ts'

/** The instance, of `parallelism`, that owns each key of a type. */
export function ownersOf(device: Device, keys: readonly unknown[], parallelism: number, type = 'utf8?'): number[] {
  const arena = device.arena()
  const batch = buildBatch(device, arena, parseSchema({ key: type }, 'test'), keys.map(key => ({ key })), 'test')
  const groups = [...device.memory.uint32s(hashKeys(device, arena, batch, ['key'], 'test'), keys.length)].map(hash => hash >>> 25)
  arena.release()
  return groups.map(group => Array.from({ length: parallelism }, (_, i) => keyGroupRange(i, parallelism)).findIndex(({ start, end }) => group >= start && group < end))
}
