// One device per thread: the shared memory, this thread's instance of the kernels over it, and what allocates from it.
// The engine's thread creates the memory; workers join it with what `share()` returns.
import { DeviceError } from '../base/errors.ts'
import type * as KernelExports from '../../dist/kernels/relaxed.d.ts'
import { Arena } from './arena.ts'
import { kernelBinary, kernelNames } from './assets.ts'
import { Memory } from './memory.ts'
import { pageBytes, type Pages, pagesOf } from './pages.ts'

/** The kernels as TypeScript sees them: pointers and counts in, a number out; they never allocate and never throw. */
export type Kernels = Omit<Awaited<ReturnType<typeof KernelExports.instantiate>>, 'memory'>

/** What a worker needs to join: both parts can be posted. */
export interface DeviceShare {
  wasm: WebAssembly.Memory
  module: WebAssembly.Module
  relaxed: boolean
}

/** The machine as one thread sees it. */
export interface Device {
  readonly memory: Memory
  readonly pages: Pages
  readonly kernels: Kernels
  /** True where the kernels use relaxed SIMD (fused multiply-add: other rounding in float products). */
  readonly relaxed: boolean
  words(): Int32Array
  /** A new arena with one reference. */
  arena(): Arena
  share(): DeviceShare
}

/** How to make a device. `memoryMax` is bytes, at most 4 GiB, which is also the default. */
export interface DeviceOptions {
  memoryMax?: number
  /** False forces the binary without relaxed SIMD. */
  relaxed?: boolean
}

/** A device over a fresh memory. Throws DeviceError NO_SIMD, KERNELS_STALE, NO_SHARED_MEMORY. Cost: ~10 ms the first time, then 1 ms. */
export async function createDevice(options: DeviceOptions = {}): Promise<Device> {
  const relaxed = options.relaxed ?? hasRelaxedSimd()
  const module = await compiled(relaxed)
  let wasm: WebAssembly.Memory
  try {
    wasm = new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared: true })
  } catch (cause) {
    throw new DeviceError('NO_SHARED_MEMORY', 'device: this place has no shared WebAssembly memory; in a page, serve it cross-origin isolated (COOP and COEP headers)', { cause })
  }
  const limitPages = Math.floor((options.memoryMax ?? 65_536 * pageBytes) / pageBytes)
  pagesOf(wasm, limitPages)
  return joinDevice({ wasm, module, relaxed })
}

/** The device of a further thread over a shared memory. */
export function joinDevice(share: DeviceShare): Device {
  const memory = new Memory(share.wasm)
  const instance = new WebAssembly.Instance(share.module, { env: { memory: share.wasm, abort: kernelAbort } })
  const pages = pagesOf(share.wasm)
  const device: Device = {
    memory,
    pages,
    kernels: instance.exports as unknown as Kernels,
    relaxed: share.relaxed,
    words: () => memory.words(),
    arena: () => new Arena(device),
    share: () => share,
  }
  return device
}

const modules = new Map<boolean, Promise<WebAssembly.Module>>()

function compiled(relaxed: boolean): Promise<WebAssembly.Module> {
  let module = modules.get(relaxed)
  if (!module) modules.set(relaxed, (module = compile(relaxed)))
  return module
}

async function compile(relaxed: boolean): Promise<WebAssembly.Module> {
  const [binary, names] = await Promise.all([kernelBinary(relaxed), kernelNames()])
  const module = await WebAssembly.compile(binary).catch(cause => {
    throw new DeviceError('NO_SIMD', 'device: this JavaScript engine has no WASM SIMD; use Node 20.19 or newer, or a current browser', { cause })
  })
  const exported = new Set(WebAssembly.Module.exports(module).map(e => e.name))
  const missing = names.find(name => !exported.has(name))
  if (missing) throw new DeviceError('KERNELS_STALE', `device: the kernels have no export "${missing}"; they are older than their sources; run npm run build`)
  return module
}

// (func (param v128 v128 v128) (result v128) f32x4.relaxed_madd): valid only where relaxed SIMD is on.
function hasRelaxedSimd(): boolean {
  const probe = [0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11]
  return WebAssembly.validate(new Uint8Array(probe))
}

function kernelAbort(): never {
  throw new DeviceError('KERNEL_TRAP', 'device: a kernel stopped on a trap; the engine that ran it must be closed')
}
