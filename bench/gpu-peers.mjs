// The WASM side of bench/gpu.mjs: `node bench/gpu.mjs --wasm bench/gpu-peers.mjs`.
import { gemm as multiply } from '../dist/compute/gemm.js'

/** C = A·B on one thread. */
export function gemm(device, shape) {
  const arena = device.arena()
  multiply(device, arena, shape)
  arena.release()
}
