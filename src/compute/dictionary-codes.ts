// Numbers for the values of a column that is kept: one dictionary over all its batches, so that whoever groups by it finds an array index where
// it would have hashed texts.
import type { Codes, Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { keyDictionary } from './any-key-dictionary.ts'
import { OwnedMemory } from './owned-memory.ts'

/** A column of up to so many distinct values gets numbers whatever its length. */
const distinctMin = 1_024
/** Above that, each value must come so often on average. */
const repeatsMin = 8

/**
 * Codes for each of `parts`, the batches of one utf8 or binary column, by a dictionary that they share, in `arena`, which must outlive every run that
 * sees them; undefined where values repeat too rarely. Yields between parts, each of which costs 4–10 ns a row (see `GroupTable`).
 */
export function* dictionaryCodes(device: Device, arena: Arena, parts: readonly Column[]): Generator<void, Codes[] | undefined> {
  const memory = new OwnedMemory(device)
  try {
    const rows = parts.reduce((sum, part) => sum + part.length, 0)
    const distinctMax = Math.max(distinctMin, rows / repeatsMin)
    const dictionary = keyDictionary(device, memory, parts[0]?.type ?? { kind: 'utf8' })
    const found: number[] = []
    for (const part of parts) {
      const values = memory.allocate(4 * part.length)
      // What lies behind a null is an empty text, which does no harm in the dictionary.
      dictionary.find(arena, { ...part, validity: 0 }, values)
      found.push(values)
      if (dictionary.count > distinctMax) return undefined
      yield
    }
    const keys = dictionary.keys(arena)
    return parts.map((part, i) => {
      const values = arena.allocate(4 * part.length)
      device.memory.bytes(values, 4 * part.length).set(device.memory.bytes(found[i]!, 4 * part.length))
      return { values, dictionary: keys, kept: true }
    })
  } finally {
    memory.close()
  }
}
