// Functions that were encoded at run time (wasm-code.ts), over the memory of a device: compiled once a thread and kept, so that the machine code that the
// JavaScript engine makes of them gets better from job to job.
import { DeviceError } from '../base/errors.ts'
import type { Device } from './device.ts'

/** A compiled function: it takes the address of its arguments and gives a number. */
export type Compiled = (address: number) => number

/** A function, and what whoever encoded it wants to know of it later. */
export interface CompiledFunction<About> {
  readonly run: Compiled
  readonly about: About
}

/** Functions kept for a device; beyond it the oldest goes. */
const keptMax = 256

const kept = new WeakMap<Device, Map<string, CompiledFunction<unknown> | undefined>>()

/**
 * The function that `encode` makes the module of; undefined where it makes none. Kept under `key`, which says all that it depends on. Throws DeviceError
 * COMPILE where the module isn't valid, which would be a fault of the encoder. Cost: about 0.5 ms the first time.
 */
export function compiledFunction<About>(device: Device, key: string, encode: () => { readonly module: Uint8Array<ArrayBuffer>; readonly about: About } | undefined): CompiledFunction<About> | undefined {
  let known = kept.get(device)
  if (!known) kept.set(device, (known = new Map()))
  if (!known.has(key)) {
    if (known.size >= keptMax) known.delete(known.keys().next().value!)
    const encoded = encode()
    known.set(key, encoded && { run: instantiate(device, encoded.module), about: encoded.about })
  }
  return known.get(key) as CompiledFunction<About> | undefined
}

function instantiate(device: Device, bytes: Uint8Array<ArrayBuffer>): Compiled {
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: device.memory.wasm } })
    return instance.exports['run'] as Compiled
  } catch (cause) {
    throw new DeviceError('COMPILE', `device: a fused pipeline is no valid module (${(cause as Error).message}); run with { fuse: 'never' } and report it`, { cause })
  }
}
