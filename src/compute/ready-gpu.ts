// A GPU that operators can queue work on without waiting: opened when the first job asks for it, its kernels compiled, and opened anew after
// a loss. One per engine, used from the engine's thread.
import { asError } from '../base/errors.ts'
import { type Gpu, type GpuOptions, type GpuPipeline, openGpu } from '../device/gpu.ts'
import { chooseDevice, type DeviceChoice, gpuWorkMin } from './choose-device.ts'
import { reducePipeline } from './gpu-group-table.ts'

/** An open GPU and the compiled kernel that reduces rows by group. */
export interface ReadyGpu {
  readonly gpu: Gpu
  readonly reduce: GpuPipeline
}

/** Compiles what operators use. Throws DeviceError GPU_SHADER, GPU_LOST. Cost: 10–100 ms the first time. */
export async function readyGpu(gpu: Gpu): Promise<ReadyGpu> {
  return { gpu, reduce: await reducePipeline(gpu, 'aggregate') }
}

/** The GPU of an engine, if it turns out to need one. */
export class LazyGpu {
  readonly #options: GpuOptions
  #opened: Promise<ReadyGpu | string> | undefined

  constructor(options: GpuOptions = {}) {
    this.#options = options
  }

  /**
   * The GPU that a job with this choice may use, or undefined. 'auto' opens none while no measured size is faster on a GPU (`thresholds`), and takes no
   * software one. 'webgpu' throws DeviceError GPU_ABSENT, GPU_REFUSED or GPU_SHADER where there is none to use. Cost: ~50 ms when it opens.
   */
  async for(choice: DeviceChoice, thresholds = gpuWorkMin): Promise<ReadyGpu | undefined> {
    if (choice === 'wasm' || (choice === 'auto' && !Number.isFinite(thresholds.aggregate.upload))) return undefined
    const found = choice === 'webgpu' ? await this.#open() : await this.#open().catch(error => asError(error).message)
    if (typeof found !== 'string') return choice === 'auto' && found.gpu.info.software ? undefined : found
    chooseDevice(choice, undefined, { family: 'aggregate', work: 0 }, found)
    return undefined
  }

  /** Closes the GPU; work that is still queued fails with DeviceError GPU_LOST. The next `for` opens it again. */
  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    const found = await opened?.catch(() => 'refused')
    if (found !== undefined && typeof found !== 'string') found.gpu.close()
  }

  async #open(): Promise<ReadyGpu | string> {
    const isFresh = this.#opened === undefined
    const opened = (this.#opened ??= openReady(this.#options))
    const forget = () => {
      if (this.#opened === opened) this.#opened = undefined
    }
    const found = await opened.catch(error => {
      forget()
      throw error
    })
    if (typeof found === 'string') forget()
    else if (!isFresh && found.gpu.isLost()) {
      forget()
      found.gpu.close()
      return this.#open()
    }
    return found
  }
}

async function openReady(options: GpuOptions): Promise<ReadyGpu | string> {
  let reason = 'no reason given'
  const gpu = await openGpu({ ...options, onAbsent: why => (reason = why) })
  if (!gpu) return reason
  try {
    return await readyGpu(gpu)
  } catch (error) {
    gpu.close()
    throw error
  }
}
