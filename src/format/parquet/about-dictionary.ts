// What the dictionary of a column chunk says of every value that comes from it, for steps that gain by it: bounds of numbers, numbers of texts. It is found in the
// dictionary itself: what a file's statistics promise is not to be built on.
import type { Column, ValueRange } from '../../batch/batch.ts'
import { isDistinct } from '../../compute/arrow-columns.ts'
import type { Device } from '../../device/device.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** Bounds of the values, or of texts a column of distinct ones and the arena it lives in. */
export interface AboutDictionary {
  readonly range?: ValueRange
  readonly texts?: { readonly dictionary: Column; readonly arena: number }
}

/** Larger dictionaries are not worth a look: steps that use numbers or bounds take few values. */
const entriesMax = 16_384

/** Looks at a dictionary's entries, as stored, which live in `arena`. Cost: 1 to 30 ns an entry. */
export function aboutDictionary(device: Device, entries: Column, leaf: ParquetLeaf, arena: number): AboutDictionary {
  if (entries.length > entriesMax) return {}
  const { type } = leaf.field
  if (leaf.physical === 'BYTE_ARRAY' && (type.kind === 'utf8' || type.kind === 'binary')) {
    const dictionary = { ...entries, type }
    return isDistinct(device, dictionary) ? { texts: { dictionary, arena } } : {}
  }
  if (!wholeKinds.includes(type.kind)) return {}
  const range = leaf.physical === 'INT32' ? boundsOf(device.memory.int32s(entries.values, entries.length)) : leaf.physical === 'INT64' ? wideBoundsOf(device.memory.int32s(entries.values, 2 * entries.length)) : undefined
  return range ? { range } : {}
}

// Unsigned ones are stored as signed ones, times of a day in another width; they go without.
const wholeKinds: readonly string[] = ['int8', 'int16', 'int32', 'int64', 'date', 'timestamp']

function boundsOf(values: Int32Array): ValueRange {
  let [min, max] = [values[0]!, values[0]!]
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

function wideBoundsOf(words: Int32Array): ValueRange | undefined {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1]! * 2 ** 32 + (words[i]! >>> 0)
    if (!Number.isSafeInteger(value)) return undefined
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}
