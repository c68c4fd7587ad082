// Where a GPU comes from: the page's own WebGPU, or Dawn through the optional package "webgpu" in Node. Nothing is loaded until asked for.

/** What the platform calls its GPU. `software` marks one that runs on the processor: right for tests, never for speed. */
export interface GpuInfo {
  readonly vendor: string
  readonly architecture: string
  readonly description: string
  readonly software: boolean
}

// Dawn's instance, once made, stays: one that is collected while its events are processed leaves the thread waiting for a lock that is gone.
let dawn: GPU | undefined

/** The platform's WebGPU, or the reason why there is none. */
export async function platformGpu(): Promise<GPU | string> {
  if (typeof navigator !== 'undefined' && navigator.gpu) return navigator.gpu
  if (typeof process === 'undefined' || process.versions?.node === undefined) return 'this page has no navigator.gpu: the browser lacks WebGPU, or the page is not a secure context'
  try {
    const { create } = await import('webgpu')
    return (dawn ??= create([]))
  } catch (error) {
    return `the package "webgpu" can't be loaded (${(error as Error).message.split('\n')[0]}); npm install webgpu`
  }
}

/** An adapter's names, and whether it is software: by its own word, or by the names of the known ones. */
export function describeAdapter(adapter: GPUAdapter): GpuInfo {
  const { vendor, architecture, device, description } = adapter.info
  const names = `${vendor} ${architecture} ${device} ${description}`
  const fallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false
  return { vendor, architecture, description: description || device, software: fallback || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(names) }
}
