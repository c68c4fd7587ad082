// What the GPU test runs in a page: the package's own modules on shared WASM memory and the page's WebGPU. Posts its results to the test.
const post = result => fetch('/result', { method: 'POST', body: JSON.stringify(result, (_, value) => plain(value)) })
const plain = value => (typeof value === 'bigint' ? `${value}n` : ArrayBuffer.isView(value) ? Array.from(value, plain) : value)

try {
  const { createDevice } = await import('/dist/device/device.js')
  const { openGpu } = await import('/dist/device/gpu.js')
  const { chooseDevice } = await import('/dist/compute/choose-device.js')
  const kernels = {
    filter: (await import('/dist/compute/gpu-filter.js')).gpuFilter,
    aggregate: (await import('/dist/compute/gpu-aggregate.js')).gpuAggregate,
    window: (await import('/dist/compute/gpu-window.js')).gpuWindow,
    gemm: (await import('/dist/compute/gpu-gemm.js')).gpuGemm,
  }
  const device = await createDevice()
  const image = new Uint8Array(await (await fetch('/memory')).arrayBuffer())
  const arena = device.arena()
  const base = arena.allocate(image.byteLength)
  device.memory.write(base, image)
  let absence
  const gpu = await openGpu({ onAbsent: reason => (absence = reason) })
  if (!gpu) throw new Error(`no GPU in the page: ${absence}`)
  // Addresses in the jobs count from the image's start.
  const addresses = new Set(['values', 'validity', 'a', 'b', 'c'])
  const moved = args => Object.fromEntries(Object.entries(args).map(([name, value]) => [name, move(name, value)]))
  const move = (name, value) => (value && typeof value === 'object' ? moved(value) : addresses.has(name) && value !== 0 ? value + base : value)
  const results = []
  for (const { kernel, args } of await (await fetch('/jobs')).json()) {
    const found = await kernels[kernel](gpu, device.memory, moved(args))
    results.push(found ?? device.memory.float32s(args.c + base, args.rows * args.columns))
  }
  const auto = chooseDevice('auto', gpu, { family: 'gemm', work: 1e15 })
  const usedBytes = gpu.usedBytes()
  gpu.close()
  arena.release()
  await post({ isolated: crossOriginIsolated, shared: device.memory.wasm.buffer instanceof SharedArrayBuffer, info: gpu.info, auto, usedBytes, pages: device.pages.used(), results })
} catch (error) {
  await post({ error: `${error?.name}: ${error?.message}\n${error?.stack}` })
}
