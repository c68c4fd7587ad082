// The GPU as compute/ sees it: storage buffers filled from the shared memory, pipelines by shader and entry, dispatches, and reads that wait.
// Work is queued in order; errors and a lost device surface as DeviceError at the next call or read. Source: W3C WebGPU and WGSL.
import { asError, assert, DeviceError } from '../base/errors.ts'
import { describeAdapter, type GpuInfo, platformGpu } from './gpu-adapter.ts'

// GPUBufferUsage and GPUMapMode by value: Node has no such globals.
const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 }
const computeStage = 4
/** The most bytes of one binding, whatever the adapter offers: what every WebGPU device can bind. */
export const bindingBytesMax = 128 * 2 ** 20
// A write from shared memory goes through an array this large, which stays in cache: three times faster than mapping a new buffer.
const stagingBytes = 256 * 1024

/** A storage buffer on the GPU. It takes `bytes` (a multiple of 4) until `release`, or until the GPU is closed. */
export interface GpuBuffer {
  readonly bytes: number
  /** For device/ alone. */
  readonly raw: GPUBuffer
  /** Gives the memory back once the work queued so far is done. May be called twice. */
  release(): void
}

/** A shader's entry and how it binds: the uniform words at 0, then a storage buffer for each of `bindings`. */
export interface GpuShader {
  readonly code: string
  readonly entry: string
  readonly bindings: readonly ('read' | 'write')[]
  /** Values of the shader's `override`s, by name. */
  readonly constants?: Readonly<Record<string, number>>
}

/** A compiled entry. */
export interface GpuPipeline {
  readonly raw: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** What may be asked of the GPU at once. */
export interface GpuLimits {
  readonly bindingBytes: number
  readonly workgroups: number
}

/** One GPU, used from one thread. */
export interface Gpu {
  readonly info: GpuInfo
  readonly limits: GpuLimits
  /** Bytes in buffers that are not released. */
  usedBytes(): number
  /** A buffer of zeros, of at least 4 bytes. Throws DeviceError GPU_LIMIT past `limits.bindingBytes`. */
  buffer(bytes: number): GpuBuffer
  /** Copies a view, which may lie in shared memory, into a buffer at `offset`; both whole words. The view may be changed at once. */
  write(buffer: GpuBuffer, offset: number, view: ArrayBufferView): void
  /** Compiles an entry, or returns it from the cache. Throws DeviceError GPU_SHADER with the compiler's words. */
  pipeline(shader: GpuShader): Promise<GpuPipeline>
  /** Queues one pass: `uniform` words, the buffers in the order of the shader's bindings, and how many workgroups. */
  dispatch(pipeline: GpuPipeline, uniform: Uint32Array, buffers: readonly GpuBuffer[], workgroups: readonly [number, number?]): void
  /** The first `bytes` of a buffer, once all queued work is done. Throws DeviceError GPU_FAILED if any of it failed. */
  read(buffer: GpuBuffer, bytes?: number): Promise<ArrayBuffer>
  /** Resolves when all queued work is done; throws as `read` does. */
  idle(): Promise<void>
  /** True once the device is lost or closed. */
  isLost(): boolean
  /** Destroys the device and every buffer; from then on each call throws DeviceError GPU_LOST, and the process may exit. May be called twice. */
  close(): void
}

/** How to open a GPU. */
export interface GpuOptions {
  /** Told why there is no GPU, when `openGpu` resolves to undefined. */
  onAbsent?: (reason: string) => void
  /** Lowers `limits.bindingBytes`: a multiple of 256. */
  bindingBytes?: number
  /** Another source of adapters than the platform's. */
  source?: GPU
}

/** The fastest GPU of this machine, or undefined where there is none. Throws only for a device that is refused (DeviceError GPU_REFUSED). Cost: ~50 ms. */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu | undefined> {
  const source = options.source ?? (await platformGpu())
  if (typeof source === 'string') {
    options.onAbsent?.(source)
    return undefined
  }
  const adapter = await source.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    options.onAbsent?.('WebGPU finds no adapter on this machine: no GPU, no Vulkan, Metal or D3D12 driver, or a browser that blocks it')
    return undefined
  }
  const info = describeAdapter(adapter)
  const wanted = Math.min(options.bindingBytes ?? bindingBytesMax, bindingBytesMax, adapter.limits.maxStorageBufferBindingSize, adapter.limits.maxBufferSize)
  try {
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
    const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } })
    return new WebGpu(source, device, info, { bindingBytes: wanted - (wanted % 256), workgroups: device.limits.maxComputeWorkgroupsPerDimension })
  } catch (cause) {
    throw new DeviceError('GPU_REFUSED', `gpu: ${info.vendor} ${info.description} gives no device (${asError(cause).message}); use device: 'wasm'`, { cause })
  }
}

class WebGpu implements Gpu {
  readonly info: GpuInfo
  readonly limits: GpuLimits
  // Kept until close: in Node, the device dies with the object that made it.
  #source: GPU | undefined
  #device: GPUDevice
  #lost: string | undefined
  #usedBytes = 0
  readonly #staging = new Uint8Array(stagingBytes)
  readonly #failures = new Set<Promise<GPUError | null>>()
  readonly #pipelines = new Map<string, Promise<GpuPipeline>>()

  constructor(source: GPU, device: GPUDevice, info: GpuInfo, limits: GpuLimits) {
    this.#source = source
    this.#device = device
    this.info = info
    this.limits = limits
    void device.lost.then(({ message }) => {
      this.#lost ??= message || 'no reason given'
    })
  }

  usedBytes(): number {
    return this.#usedBytes
  }

  isLost(): boolean {
    return this.#lost !== undefined
  }

  buffer(bytes: number): GpuBuffer {
    assert(Number.isInteger(bytes) && bytes >= 0, `a GPU buffer of ${bytes} bytes`)
    const whole = Math.max(4, Math.ceil(bytes / 4) * 4)
    if (whole > this.limits.bindingBytes) {
      throw new DeviceError('GPU_LIMIT', `gpu: a buffer of ${whole} bytes is asked for; a binding holds ${this.limits.bindingBytes}; split the work or use device: 'wasm'`)
    }
    const raw = this.#checked(device => device.createBuffer({ size: whole, usage: usage.storage | usage.copySource | usage.copyTarget }))
    this.#usedBytes += whole
    let held = true
    return {
      bytes: whole,
      raw,
      release: () => {
        if (!held) return
        held = false
        this.#usedBytes -= whole
        raw.destroy()
      },
    }
  }

  write(buffer: GpuBuffer, offset: number, view: ArrayBufferView): void {
    assert(offset % 4 === 0 && view.byteLength % 4 === 0 && offset + view.byteLength <= buffer.bytes, `a GPU write of ${view.byteLength} bytes at ${offset} of ${buffer.bytes}`)
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    // Dawn in Node crashes the process on a view of shared memory; pages refuse it.
    const staging = this.#staging
    this.#checked(device => {
      for (let at = 0; at < bytes.byteLength; at += stagingBytes) {
        const part = bytes.subarray(at, at + stagingBytes)
        staging.set(part)
        device.queue.writeBuffer(buffer.raw, offset + at, staging, 0, part.byteLength)
      }
    })
  }

  pipeline(shader: GpuShader): Promise<GpuPipeline> {
    const key = JSON.stringify([shader.entry, shader.bindings, shader.constants ?? {}, shader.code])
    let pipeline = this.#pipelines.get(key)
    if (!pipeline) {
      pipeline = this.#compile(shader)
      this.#pipelines.set(key, pipeline)
      pipeline.catch(() => this.#pipelines.delete(key))
    }
    return pipeline
  }

  dispatch(pipeline: GpuPipeline, uniform: Uint32Array, buffers: readonly GpuBuffer[], workgroups: readonly [number, number?]): void {
    const [x, y = 1] = workgroups
    assert(x <= this.limits.workgroups && y <= this.limits.workgroups, `a dispatch of ${x} × ${y} workgroups`)
    if (x === 0 || y === 0) return
    this.#checked(device => {
      const words = device.createBuffer({ size: Math.ceil(uniform.byteLength / 16) * 16, usage: usage.uniform | usage.copyTarget })
      device.queue.writeBuffer(words, 0, uniform.slice())
      const entries = [words, ...buffers.map(b => b.raw)].map((buffer, binding) => ({ binding, resource: { buffer } }))
      const encoder = device.createCommandEncoder()
      const pass = encoder.beginComputePass()
      pass.setPipeline(pipeline.raw)
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.layout, entries }))
      pass.dispatchWorkgroups(x, y)
      pass.end()
      device.queue.submit([encoder.finish()])
      words.destroy()
    })
  }

  async read(buffer: GpuBuffer, bytes = buffer.bytes): Promise<ArrayBuffer> {
    assert(bytes % 4 === 0 && bytes <= buffer.bytes, `a GPU read of ${bytes} bytes of ${buffer.bytes}`)
    const target = this.#checked(device => {
      const raw = device.createBuffer({ size: Math.max(4, bytes), usage: usage.mapRead | usage.copyTarget })
      const encoder = device.createCommandEncoder()
      encoder.copyBufferToBuffer(buffer.raw, 0, raw, 0, Math.max(4, bytes))
      device.queue.submit([encoder.finish()])
      return raw
    })
    try {
      await this.#settled(target.mapAsync(usage.mapRead))
      return target.getMappedRange().slice(0, bytes)
    } finally {
      target.destroy()
    }
  }

  async idle(): Promise<void> {
    await this.#settled(this.#checked(device => device.queue.onSubmittedWorkDone()))
  }

  close(): void {
    if (this.#source === undefined) return
    this.#lost ??= 'it was closed'
    this.#source = undefined
    this.#pipelines.clear()
    this.#failures.clear()
    this.#usedBytes = 0
    this.#device.destroy()
  }

  async #compile(shader: GpuShader): Promise<GpuPipeline> {
    const types: Record<'read' | 'write', GPUBufferBindingType> = { read: 'read-only-storage', write: 'storage' }
    const kinds: GPUBufferBindingType[] = ['uniform', ...shader.bindings.map(access => types[access])]
    const entries = kinds.map((type, binding): GPUBindGroupLayoutEntry => ({ binding, visibility: computeStage, buffer: { type } }))
    this.#alive()
    const device = this.#device
    device.pushErrorScope('validation')
    const module = device.createShaderModule({ code: shader.code })
    const layout = device.createBindGroupLayout({ entries })
    const pipeline = device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: shader.entry, constants: shader.constants ?? {} },
    })
    const [made, checked] = await Promise.allSettled([pipeline, device.popErrorScope()])
    this.#alive()
    if (made.status === 'fulfilled' && checked.status === 'fulfilled' && checked.value === null) return { raw: made.value, layout }
    const { messages } = await module.getCompilationInfo()
    const errors = messages.filter(m => m.type === 'error').map(m => `line ${m.lineNum}: ${m.message}`)
    const reason = errors[0] ?? (made.status === 'rejected' ? asError(made.reason).message : 'the device refused it')
    throw new DeviceError('GPU_SHADER', `gpu: the shader entry "${shader.entry}" does not compile on ${this.info.vendor} ${this.info.description}; ${reason}; use device: 'wasm'`)
  }

  #alive(): void {
    if (this.#lost !== undefined) throw this.#lostError()
  }

  #lostError(): DeviceError {
    return new DeviceError('GPU_LOST', `gpu: the device is lost; ${this.#lost}; open the GPU again, or use device: 'wasm'`)
  }

  // Runs calls that can't throw but may fail later; `#settled` reports what failed.
  #checked<T>(queue: (device: GPUDevice) => T): T {
    this.#alive()
    const device = this.#device
    device.pushErrorScope('out-of-memory')
    device.pushErrorScope('internal')
    device.pushErrorScope('validation')
    try {
      return queue(device)
    } finally {
      for (let scope = 0; scope < 3; scope++) this.#failures.add(device.popErrorScope().catch(() => null))
    }
  }

  async #settled(work: Promise<unknown>): Promise<void> {
    // A failure stays listed until one reader has thrown it; readers at the same time all throw it, since each may be the one concerned.
    const failures = [...this.#failures]
    const [worked, found] = await Promise.all([work.then(() => undefined, asError), Promise.all(failures)])
    for (const failure of failures) this.#failures.delete(failure)
    // The rejection of a read may come just before the news of the lost device.
    if (worked) await Promise.race([this.#device.lost, new Promise(resolve => setTimeout(resolve))])
    this.#alive()
    const failed = found.find(f => f !== null) ?? worked
    if (failed) throw new DeviceError('GPU_FAILED', `gpu: queued work failed on ${this.info.vendor} ${this.info.description}; ${failed.message}; free GPU memory or use device: 'wasm'`, { cause: failed })
  }
}
