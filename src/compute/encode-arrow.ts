// What Arrow's standard layouts need that columns have in another form.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Times of day in s and ms as 32-bit counts. */
export function narrowTimes(device: Device, arena: Arena, { values, length }: Column): number {
  const out = arena.allocate(4 * length)
  device.kernels.narrowI64(values, length, out)
  return out
}

/** Whether a column has a value in every row where `parent`, a validity, has one. */
export function allValid(device: Device, { validity, length }: Column, parent: number): boolean {
  if (validity === 0) return true
  if (parent === 0) return false
  const scratch = device.arena()
  try {
    const missing = scratch.allocate(bitmapBytes(length))
    device.kernels.andNotBits(parent, validity, length, missing)
    return device.kernels.countBits(missing, length) === 0
  } finally {
    scratch.release()
  }
}
