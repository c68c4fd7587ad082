// Which device does a piece of dense work: the one the user names, or on 'auto' the GPU only where it was measured to be faster.
import { DeviceError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { Gpu } from '../device/gpu.ts'

/** What a user may ask for. */
export type DeviceChoice = 'auto' | 'wasm' | 'webgpu'

/** The kernel families that both devices have. */
export type GpuFamily = 'filter' | 'aggregate' | 'window' | 'gemm'

/**
 * From how much work on 'auto' prefers the GPU: rows, or for gemm products (rows · columns · depth). `resident`: the columns lie on the GPU already;
 * `upload`: they come over the bus first. Infinity: no measured size was faster. Change a figure only with the output of bench/gpu.mjs beside it.
 */
export const gpuWorkMin: Readonly<Record<GpuFamily, { readonly resident: number; readonly upload: number }>> = {
  filter: { resident: Number.POSITIVE_INFINITY, upload: Number.POSITIVE_INFINITY },
  aggregate: { resident: Number.POSITIVE_INFINITY, upload: Number.POSITIVE_INFINITY },
  window: { resident: Number.POSITIVE_INFINITY, upload: Number.POSITIVE_INFINITY },
  gemm: { resident: Number.POSITIVE_INFINITY, upload: Number.POSITIVE_INFINITY },
}

/** A piece of work: how much of what, and whether its columns lie on the GPU. */
export interface DeviceWork {
  readonly family: GpuFamily
  readonly work: number
  readonly resident?: boolean
}

/** The choice as an option spells it. Throws PlanError DEVICE naming `where` for anything else. */
export function parseDevice(choice: unknown, where: string): DeviceChoice {
  if (choice === undefined) return 'auto'
  if (choice === 'auto' || choice === 'wasm' || choice === 'webgpu') return choice
  const names = ['auto', 'wasm', 'webgpu']
  throw new PlanError('DEVICE', `${where}: no device "${String(choice)}"; the devices are auto, wasm and webgpu${didYouMean(String(choice), names)}`)
}

/**
 * 'webgpu' or 'wasm' for a piece of work. 'webgpu' is kept, also on a software GPU, and throws DeviceError GPU_ABSENT with `absence` (why) when
 * `gpu` is undefined. 'auto' takes the GPU from `thresholds` on, and never one that is software, lost or absent.
 */
export function chooseDevice(choice: DeviceChoice, gpu: Gpu | undefined, work: DeviceWork, absence = 'none was opened', thresholds = gpuWorkMin): 'wasm' | 'webgpu' {
  if (choice === 'wasm') return 'wasm'
  if (choice === 'webgpu') {
    if (!gpu) throw new DeviceError('GPU_ABSENT', `device: 'webgpu' is asked for, and there is no GPU; ${absence}; use device: 'auto' or 'wasm'`)
    return 'webgpu'
  }
  if (!gpu || gpu.info.software || gpu.isLost()) return 'wasm'
  return work.work >= thresholds[work.family][work.resident ? 'resident' : 'upload'] ? 'webgpu' : 'wasm'
}
