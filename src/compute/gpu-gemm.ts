// Dense float32 matrix product on the GPU: C = A·B, row-major, any size. Matrices larger than a binding go in panels.
import { assert, DeviceError } from '../base/errors.ts'
import { shader } from '../device/assets.ts'
import type { Gpu, GpuBuffer } from '../device/gpu.ts'
import type { Memory } from '../device/memory.ts'

/** A is rows × depth at byte address `a`, B depth × columns at `b`; both float32, row-major, without gaps. */
export interface GpuGemm {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly a: number
  readonly b: number
  /** Where C, rows × columns, is written. It may be `a` or `b`. */
  readonly c: number
}

const bindings = ['read', 'read', 'write'] as const

/**
 * Writes A·B to C; zeros where depth is 0. Each value is a float32 sum in order of depth: within depth · 2^-23 · Σ|a·b|; GPUs may flush subnormals
 * to 0. Throws DeviceError GPU_LIMIT where one row of a matrix is larger than a binding, GPU_LOST, GPU_FAILED.
 */
export async function gpuGemm(gpu: Gpu, memory: Memory, gemm: GpuGemm): Promise<void> {
  const { rows, columns, depth } = gemm
  assert([rows, columns, depth].every(n => Number.isInteger(n) && n >= 0 && n < 2 ** 31), `gpu gemm of ${rows} × ${depth} × ${columns}`)
  if (rows === 0 || columns === 0) return
  const { bindingBytes } = gpu.limits
  const widest = Math.max(columns, depth)
  if (widest * 4 > bindingBytes) {
    throw new DeviceError('GPU_LIMIT', `gpu gemm: a row of ${widest} values is ${widest * 4} bytes; this GPU's bindings hold ${bindingBytes}; use device: 'wasm'`)
  }
  // The larger tile reads shared memory half as often; it pays once there are enough tiles to occupy the GPU.
  const tile = Math.min(rows, columns) >= 1024 ? 128 : 64
  const pipeline = await gpu.pipeline({ code: await shader('gemm'), entry: `gemm${tile}`, bindings })
  const perPanel = (width: number) => Math.floor(bindingBytes / 4 / Math.max(1, width))
  const rowStep = Math.min(perPanel(depth), perPanel(columns), tile * gpu.limits.workgroups)
  const depthStep = perPanel(columns)
  const held: GpuBuffer[] = []
  const upload = (address: number, count: number) => {
    const buffer = gpu.buffer(count * 4)
    held.push(buffer)
    gpu.write(buffer, 0, memory.float32s(address, count))
    return buffer
  }
  try {
    // Everything is uploaded before the first read, so that C may lie over A or B.
    const panelsA = panels(rows, rowStep).map(([start, count]) => upload(gemm.a + start * depth * 4, count * depth))
    const panelsB = panels(depth, depthStep).map(([start, count]) => upload(gemm.b + start * columns * 4, count * columns))
    const panelsC = panels(rows, rowStep).map(([, count], i) => {
      const c = gpu.buffer(count * columns * 4)
      held.push(c)
      panels(depth, depthStep).forEach(([start, part], j) => {
        const uniform = Uint32Array.of(count, columns, part, depth, start, Number(j > 0))
        gpu.dispatch(pipeline, uniform, [panelsA[i]!, panelsB[j]!, c], [Math.ceil(columns / tile), Math.ceil(count / tile)])
      })
      return c
    })
    for (const [i, [start, count]] of panels(rows, rowStep).entries()) {
      const values = new Uint8Array(await gpu.read(panelsC[i]!, count * columns * 4))
      memory.write(gemm.c + start * columns * 4, values)
    }
  } finally {
    for (const buffer of held) buffer.release()
  }
}

// [start, count] of each panel; one empty panel never exists.
function panels(length: number, step: number): [number, number][] {
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => [i * step, Math.min(step, length - i * step)])
}
