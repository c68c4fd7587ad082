// Group by dense keys on the GPU: count, sum, least and greatest value of each key 0..groups-1.
import { assert } from '../base/errors.ts'
import type { Gpu } from '../device/gpu.ts'
import type { Memory } from '../device/memory.ts'
import { type GpuColumn, type GpuSource, onGpu, wrongKind } from './gpu-column.ts'
import { type GpuGroups, runGroupTable } from './gpu-group-table.ts'

/** Keys are int32; `values` any numeric type, or left out to count rows. `extremes` asks for mins and maxs (not of int64). */
export interface GpuAggregate {
  readonly keys: GpuSource | GpuColumn
  readonly groups: number
  readonly values?: GpuSource | GpuColumn
  readonly extremes?: boolean
}

/**
 * Reduces the rows of each key. A row whose key or value is null counts nowhere; a key outside 0..groups-1 counts in `outsideCount` only.
 * Sums of int32 and int64 are exact modulo 2^64; of floats see GpuGroups. Throws DeviceError GPU_TYPE, GPU_LIMIT (too many groups), GPU_LOST, GPU_FAILED.
 */
export async function gpuAggregate(gpu: Gpu, memory: Memory, aggregate: GpuAggregate): Promise<GpuGroups> {
  assert(Number.isInteger(aggregate.groups) && aggregate.groups >= 0, `gpu aggregate over ${aggregate.groups} groups`)
  const keys = onGpu(gpu, memory, aggregate.keys)
  const values = aggregate.values === undefined ? undefined : onGpu(gpu, memory, aggregate.values)
  const extremes = aggregate.extremes ?? false
  try {
    if (keys.column.kind !== 'int32') throw wrongKind('aggregate', 'keys', keys.column.kind, 'int32')
    if (extremes && (values === undefined || values.column.kind === 'int64')) throw wrongKind('aggregate', 'extremes of values', values?.column.kind ?? 'none', 'int32, float32 or float64')
    return await runGroupTable(gpu, { stem: 'aggregate', family: [], groups: aggregate.groups, keys: keys.column, values: values?.column, extremes })
  } finally {
    keys.done()
    values?.done()
  }
}
