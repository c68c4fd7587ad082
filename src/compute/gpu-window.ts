// Windows in event time on the GPU: count, sum, least and greatest value of each of a dense run of tumbling or hopping windows.
import { assert } from '../base/errors.ts'
import type { Gpu } from '../device/gpu.ts'
import type { Memory } from '../device/memory.ts'
import { type GpuColumn, type GpuSource, onGpu, uploadTimes, wrongKind } from './gpu-column.ts'
import { type GpuGroups, runGroupTable } from './gpu-group-table.ts'

/**
 * Window w covers [startMs + w · hopMs, startMs + w · hopMs + sizeMs); w < windows. Tumbling: hopMs = sizeMs. Times are int64 milliseconds, or int32
 * milliseconds since the first window's start (startMs 0). The last window ends less than 2^31 ms after the first one starts.
 */
export interface GpuWindow {
  readonly times: GpuSource | GpuColumn
  readonly startMs: number
  readonly sizeMs: number
  readonly hopMs: number
  readonly windows: number
  readonly values?: GpuSource | GpuColumn
  readonly extremes?: boolean
}

/**
 * Reduces the rows of each window. A row whose time or value is null counts nowhere; one that no window covers counts in `outsideCount` only.
 * Sums as in `gpuAggregate`. Throws DeviceError GPU_TYPE, GPU_LIMIT, GPU_LOST, GPU_FAILED. Cost: ceil(sizeMs / hopMs) additions a row.
 */
export async function gpuWindow(gpu: Gpu, memory: Memory, window: GpuWindow): Promise<GpuGroups> {
  const { startMs, sizeMs, hopMs, windows } = window
  const extremes = window.extremes ?? false
  assert([sizeMs, hopMs].every(ms => Number.isInteger(ms) && ms >= 1), `gpu windows of ${sizeMs} ms every ${hopMs} ms`)
  assert(Number.isInteger(windows) && windows >= 0 && Math.max(0, windows - 1) * hopMs + sizeMs < 2 ** 31, `${windows} gpu windows of ${sizeMs} ms every ${hopMs} ms`)
  const times = 'chunks' in window.times ? { column: window.times, done: () => {} } : uploaded(uploadTimes(gpu, memory, window.times, startMs))
  const values = window.values === undefined ? undefined : onGpu(gpu, memory, window.values)
  try {
    if (times.column.kind !== 'int32') throw wrongKind('window', 'times', times.column.kind, 'uploaded by uploadTimes')
    if (extremes && (values === undefined || values.column.kind === 'int64')) throw wrongKind('window', 'extremes of values', values?.column.kind ?? 'none', 'int32, float32 or float64')
    const job = { stem: 'window', family: [sizeMs, hopMs], groups: windows, keys: times.column, values: values?.column, extremes } as const
    return await runGroupTable(gpu, job)
  } finally {
    times.done()
    values?.done()
  }
}

function uploaded(column: GpuColumn): { column: GpuColumn; done: () => void } {
  return { column, done: column.release }
}
