// Filter and sum in one pass on the GPU: how many rows compare with a constant, and what another column (or the same) sums to over them.
import type { Gpu } from '../device/gpu.ts'
import type { Memory } from '../device/memory.ts'
import { type GpuColumn, type GpuSource, onGpu, wrongKind } from './gpu-column.ts'
import { runGroupTable } from './gpu-group-table.ts'

/** How a column compares with the constant. */
export type GpuCompare = 'lt' | 'le' | 'gt' | 'ge' | 'eq' | 'ne'

/** What to filter by and what to sum. `column` is int32 or float; `values` any numeric type; columns already on the GPU are not uploaded again. */
export interface GpuFilter {
  readonly column: GpuSource | GpuColumn
  readonly compare: GpuCompare
  readonly constant: number
  readonly values: GpuSource | GpuColumn
}

/** Rows that pass and have a value, and the sum of their values: a bigint for integers (exact modulo 2^64), a number for floats. */
export interface GpuFiltered {
  readonly count: number
  readonly sum: bigint | number
}

/**
 * Counts and sums the rows whose `column` compares with `constant`. Rows where either column is null are left out. A comparison with NaN is false,
 * but for `ne`; −0 equals 0. int32 and float32 columns compare exactly with any constant; a float64 column compares as float32 with the
 * constant rounded likewise. Float sums are within 40 · 2^-53 · Σ|value| of the float32 values. Throws DeviceError GPU_TYPE, GPU_LOST, GPU_FAILED.
 */
export async function gpuFilter(gpu: Gpu, memory: Memory, filter: GpuFilter): Promise<GpuFiltered> {
  const keys = onGpu(gpu, memory, filter.column)
  const values = filter.values === filter.column ? { column: keys.column, done: () => {} } : onGpu(gpu, memory, filter.values)
  try {
    if (keys.column.kind === 'int64') throw wrongKind('filter', 'the compared column', 'int64', 'int32, float32 or float64')
    const isFloat = keys.column.kind === 'float32'
    const range = isFloat ? floatRange(filter.compare, keys.column.rounded ? Math.fround(filter.constant) : filter.constant) : intRange(filter.compare, filter.constant)
    const family = [range.low, range.high, Number(range.inverted), Number(isFloat)]
    const { counts, sums } = await runGroupTable(gpu, { stem: 'filter', family, groups: 1, keys: keys.column, values: values.column, extremes: false })
    return { count: counts[0]!, sum: sums![0]! }
  } finally {
    keys.done()
    values.done()
  }
}

// Orders low ≤ order ≤ high as unsigned words, or all others.
interface OrderRange {
  readonly low: number
  readonly high: number
  readonly inverted: boolean
}

const empty: OrderRange = { low: 1, high: 0, inverted: false }

function rangeOf(low: number, high: number): OrderRange {
  return low <= high ? { low, high, inverted: false } : empty
}

function invert(range: OrderRange): OrderRange {
  return { ...range, inverted: !range.inverted }
}

function intRange(compare: GpuCompare, constant: number): OrderRange {
  if (Number.isNaN(constant)) return compare === 'ne' ? invert(empty) : empty
  if (compare === 'ne') return invert(intRange('eq', constant))
  const least = compare === 'gt' ? Math.floor(constant) + 1 : compare === 'ge' || compare === 'eq' ? Math.ceil(constant) : -(2 ** 31)
  const most = compare === 'lt' ? Math.ceil(constant) - 1 : compare === 'le' || compare === 'eq' ? Math.floor(constant) : 2 ** 31 - 1
  const low = Math.max(least, -(2 ** 31))
  const high = Math.min(most, 2 ** 31 - 1)
  return rangeOf(low + 2 ** 31, high + 2 ** 31)
}

function floatRange(compare: GpuCompare, constant: number): OrderRange {
  if (Number.isNaN(constant)) return compare === 'ne' ? invert(empty) : empty
  if (compare === 'ne') return invert(floatRange('eq', constant))
  const near = Math.fround(constant)
  const order = orderOfFloat(near)
  // The constant lies between two float32 values unless it is one: below and above are the nearest on either side, or itself.
  const below = near <= constant ? order : order - 1
  const above = near >= constant ? order : order + 1
  const first = orderOfFloat(Number.NEGATIVE_INFINITY)
  const last = orderOfFloat(Number.POSITIVE_INFINITY)
  switch (compare) {
    case 'lt':
      return rangeOf(first, near < constant ? order : order - 1)
    case 'le':
      return rangeOf(first, below)
    case 'gt':
      return rangeOf(near > constant ? order : order + 1, last)
    case 'ge':
      return rangeOf(above, last)
    case 'eq':
      return near === constant ? rangeOf(order, order) : empty
    default:
      return compare satisfies never
  }
}

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

function orderOfFloat(value: number): number {
  float[0] = value === 0 ? 0 : value
  return (word[0]! >>> 31 === 1 ? ~word[0]! : word[0]! ^ 0x8000_0000) >>> 0
}
