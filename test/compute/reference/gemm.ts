// The matrix product, plainly, and its entry in the catalogue. The truth itself is gpu-gemm.ts's: one tolerance for every device.
import { expect } from 'vitest'
import { gemm } from '../../../src/compute/gemm.ts'
import { agreement } from '../agreement.ts'
import { referenceGemm } from './gpu-gemm.ts'

interface Product {
  readonly values: Float64Array
  readonly tolerance?: Float64Array
}

export const gemmAgreement = agreement<{ rows: number; columns: number; depth: number; a: Float32Array; b: Float32Array }, Product>({
  stem: 'gemm',
  kernels: ['gemmF32', 'gemmScratchBytes'],
  sample(random, length, shape) {
    // Each dimension in turn goes over the edges of tiles (6, 8) and blocks (120, 256, 1024).
    const [rows, columns, depth] = [[length, 1 + random.int(20), random.int(20)], [1 + random.int(20), length + 31, 3], [random.int(14), random.int(18), length]][random.int(3)] as [number, number, number]
    const value = () => (shape === 'extreme' ? [0, -0, 1e15, -1e15, 1e-38, 1][random.int(6)]! : shape === 'allNull' ? 0 : shape === 'few' ? random.int(3) - 1 : random.float() - 0.5)
    return { rows, columns, depth, a: Float32Array.from({ length: rows * depth }, value), b: Float32Array.from({ length: depth * columns }, value) }
  },
  reference({ rows, columns, depth, a, b }) {
    const { c, magnitudes } = referenceGemm(a, b, rows, columns, depth)
    return { values: c, tolerance: magnitudes.map(m => m * depth * 2 ** -23 + 1e-37) }
  },
  compute(device, arena, { rows, columns, depth, a, b }) {
    const [left, right, out] = [arena.allocate(4 * a.length), arena.allocate(4 * b.length), arena.allocate(4 * rows * columns)]
    device.memory.float32s(left, a.length).set(a)
    device.memory.float32s(right, b.length).set(b)
    device.memory.float32s(out, rows * columns).fill(Number.NaN)
    gemm(device, arena, { rows, columns, depth, a: left, b: right, c: out })
    return { values: Float64Array.from(device.memory.float32s(out, rows * columns)) }
  },
  compare(actual, { values, tolerance }) {
    expect(actual.values.length).toBe(values.length)
    values.forEach((value, i) => {
      if (!(Math.abs(actual.values[i]! - value) <= tolerance![i]!)) expect(actual.values[i], `value ${i}`).toBe(value)
    })
  },
})
