// Dense float32 matrix product on one thread: C = A·B, row-major, any size. `gpu-gemm.ts` is its sibling for large ones.
import { assert } from '../base/errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** A is rows × depth at byte address `a`, B depth × columns at `b`, C rows × columns at `c`; all float32, row-major, without gaps. */
export interface Gemm {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly a: number
  readonly b: number
  /** Where C is written; it may overlap neither A nor B. A part of the rows is a product of its own: threads may share C by rows. */
  readonly c: number
}

/**
 * Writes A·B to C; zeros where depth is 0. Each value is a float32 sum in order of depth, within depth · 2^-23 · Σ|a·b|; with relaxed SIMD products are
 * fused, so that the last bits differ between machines. Scratch of 1.2 MB comes from `arena`. Cost: 53 GFLOP/s at 1024³ fused, 27 without
 * (bench/kernels/gemm.mjs).
 */
export function gemm(device: Device, arena: Arena, { rows, columns, depth, a, b, c }: Gemm): void {
  assert([rows, columns, depth].every(n => Number.isInteger(n) && n >= 0) && Math.max(rows * columns, rows * depth, depth * columns) < 2 ** 30, `gemm of ${rows} × ${depth} × ${columns}`)
  if (rows === 0 || columns === 0) return
  device.kernels.gemmF32(a, b, c, rows, columns, depth, arena.allocate(device.kernels.gemmScratchBytes()))
}
