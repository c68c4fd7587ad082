// What the dictionary of a column chunk says of every value that comes from it, for steps that gain by it: bounds of numbers, numbers of texts. It is found in the
// dictionary itself: what a file's statistics promise is not to be built on.
import type { Column, ValueRange } from '../../batch/batch.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { ScanTexts, Texts } from './scan-texts.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** Bounds of the values, or of texts a dictionary of distinct ones and, at `numbers`, for each entry a u32: its place there. */
export interface AboutDictionary {
  readonly range?: ValueRange
  readonly texts?: Texts & { readonly numbers: number }
}

/** Larger dictionaries are not worth a look: steps that use numbers or bounds take few values. */
const entriesMax = 16_384

/** Looks at a dictionary's entries, as stored. Numbers of texts are by `texts`, and lie in `arena`. Cost: 1 to 30 ns an entry. */
export function aboutDictionary(device: Device, entries: Column, leaf: ParquetLeaf, texts: ScanTexts, arena: Arena): AboutDictionary {
  if (entries.length > entriesMax) return {}
  const { name, type } = leaf.field
  if (leaf.physical === 'BYTE_ARRAY' && (type.kind === 'utf8' || type.kind === 'binary')) {
    const numbers = arena.allocate(4 * entries.length)
    return { texts: { ...texts.of(name, type).number({ ...entries, type }, numbers), numbers } }
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
