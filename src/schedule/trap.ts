// What becomes of a kernel that stopped in the middle: memory may be in any state, so that the engine takes no more jobs.
import { DeviceError } from '../base/errors.ts'

/** The code of the error that closes an engine. */
export const trapCode = 'KERNEL_TRAP'

/** A trap of a kernel as a DeviceError; any other error as it is. */
export function asTrap(thrown: unknown): unknown {
  if (!(thrown instanceof Error && thrown.name === 'RuntimeError')) return thrown
  return new DeviceError(trapCode, `device: a kernel stopped on a trap (${thrown.message}); the engine that ran it is closed, the next run gets a fresh one; please report what led to it`, { cause: thrown })
}
