// Texts as numbers, dates and timestamps by the kernels, which are sure of nearly all there is; what they leave open is for their callers to read.
import type { Column } from '../batch/batch.ts'
import { type DataType, isInteger } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** What a time unit is called by the kernels. */
export const unitNumbers = { s: 0, ms: 1, us: 2, ns: 3 } as const
const scratchBytes = 128

/**
 * Reads utf8 `texts` into `out`, a column of the same rows, and sets a bit of `fits` for each row that is read; the others hold 0 and may still be a value
 * in a rarer form, or be null. False where there is no kernel for the type, and nothing is done. Cost: 10–20 ns a row.
 */
export function readTexts(device: Device, arena: Arena, texts: Column, out: Column, fits: number): boolean {
  const { kernels } = device
  const { type, length, values } = out
  switch (type.kind) {
    case 'float64':
      kernels.readF64Views(texts.values, length, arena.allocate(scratchBytes), fits, values)
      return true
    case 'decimal':
      kernels.readDecimalViews(type.scale, type.precision, texts.values, length, arena.allocate(scratchBytes), fits, values)
      return true
    case 'timestamp':
      kernels.readTimeViews(unitNumbers[type.unit], texts.values, length, fits, values)
      return true
    case 'date':
      kernels.readDayViews(texts.values, length, arena.allocate(scratchBytes), fits, values)
      return true
    default: {
      if (!isInteger(type)) return false
      const [bytes, least, most] = boundsOf(type)
      kernels.readWordViews(bytes, least, most, texts.values, length, fits, values)
      return true
    }
  }
}

// The kernel reads up to 18 digits, so bounds of 64 bits needn't be exact.
function boundsOf({ kind }: DataType): [bytes: number, least: number, most: number] {
  const bits = Number(/\d+/.exec(kind)![0])
  return kind.startsWith('uint') ? [bits / 8, 0, 2 ** bits - 1] : [bits / 8, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}
