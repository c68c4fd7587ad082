// The least and the greatest value of a column: found once where a column is kept (batch.ts › ValueRange), and then known to whoever reads it.
import type { Column, ValueRange } from '../batch/batch.ts'
import type { DataType, Kind } from '../batch/data-type.ts'
import type { Device } from '../device/device.ts'

/** Bounds of whole numbers, both included. */
export interface Bounds {
  readonly min: bigint
  readonly max: bigint
}

// Bits as the kernel knows them: unsigned ones below 0.
const wordBits: Partial<Record<Kind, number>> = { int8: 8, int16: 16, int32: 32, int64: 64, uint8: -8, uint16: -16, uint32: -32, date: 32, time: 64, timestamp: 64, duration: 64 }

/** Bounds as a column carries them, where numbers hold them exactly. */
export function rangeOf({ min, max }: Bounds): { range?: ValueRange } {
  return min >= -BigInt(Number.MAX_SAFE_INTEGER) && max <= BigInt(Number.MAX_SAFE_INTEGER) ? { range: { min: Number(min), max: Number(max) } } : {}
}

/** True for types whose columns may have a range: numbers but uint64, dates, times and durations; decimals have one with narrow values (narrow.ts). */
export function hasRange({ kind }: DataType): boolean {
  return wordBits[kind] !== undefined || kind === 'float64' || kind === 'float32'
}

/** A column with the range of its values, of a type that `hasRange`; as it is where one is NaN, infinite or beyond 2^53. Cost: 0.2–1 ns a row. */
export function ranged(device: Device, column: Column): Column {
  const { type, values, validity, length } = column
  const bits = wordBits[type.kind]
  if (column.range || !hasRange(type)) return column
  if (bits !== undefined) return { ...column, ...rangeOf(wordBounds(device, values, bits, validity, length)) }
  const range = floatRange(device, column)
  return range ? { ...column, range } : column
}

/** The bounds of decimals that aren't null; zeros where there are none; undefined where one has more than 64 bits. */
export function decimalBounds(device: Device, { values, validity, length }: Column): Bounds | undefined {
  return withScratch(device, out => (device.kernels.boundD128(values, validity, length, out) === 0 ? undefined : boundsAt(device, out)))
}

/** The bounds of signed integers of `bits`, or unsigned ones of -`bits`, that aren't null; zeros where there are none. */
export function wordBounds(device: Device, values: number, bits: number, validity: number, rows: number): Bounds {
  return withScratch(device, out => {
    device.kernels.boundWords(values, bits, validity, rows, out)
    return boundsAt(device, out)
  })
}

function floatRange(device: Device, column: Column): ValueRange | undefined {
  const arena = device.arena()
  try {
    const out = arena.allocate(16)
    const floats = column.type.kind === 'float64' ? column.values : arena.allocate(8 * column.length)
    if (column.type.kind === 'float32') device.kernels.widenF32(column.values, column.length, floats)
    if (device.kernels.boundF64(floats, column.validity, column.length, out) === 0) return undefined
    const [min, max] = device.memory.float64s(out, 2) as unknown as [number, number]
    return { min, max }
  } finally {
    arena.release()
  }
}

function boundsAt(device: Device, at: number): Bounds {
  const [min, max] = device.memory.int64s(at, 2) as unknown as [bigint, bigint]
  return { min, max }
}

function withScratch<T>(device: Device, use: (at: number) => T): T {
  const scratch = device.arena()
  try {
    return use(scratch.allocate(16))
  } finally {
    scratch.release()
  }
}
