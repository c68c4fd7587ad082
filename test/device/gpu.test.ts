import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { platformGpu } from '../../src/device/gpu-adapter.ts'
import { type Gpu, openGpu } from '../../src/device/gpu.ts'
import { openTestGpu, skipReason } from '../support/software-gpu.ts'

const opened = await openTestGpu()
const skipped = skipReason(opened)
const gpu = typeof opened === 'string' ? undefined! : opened
const where = skipped ? `skipped, ${skipped}` : `on ${gpu.info.vendor} ${gpu.info.description}`

afterAll(() => {
  if (!skipped) gpu.close()
})

const doubling = {
  code: '@group(0) @binding(0) var<uniform> by: vec4u; @group(0) @binding(1) var<storage, read_write> c: array<u32>; @compute @workgroup_size(1) fn main(@builtin(workgroup_id) w: vec3u) { c[w.x] *= by.x; }',
  entry: 'main',
  bindings: ['write'],
} as const

async function run(on: Gpu): Promise<number[]> {
  const buffer = on.buffer(12)
  on.write(buffer, 0, Uint32Array.of(1, 2, 3))
  on.dispatch(await on.pipeline(doubling), Uint32Array.of(2, 0, 0, 0), [buffer], [3])
  const found = [...new Uint32Array(await on.read(buffer))]
  buffer.release()
  return found
}

describe('openGpu', () => {
  test('resolves to undefined and says why where no adapter is found', async () => {
    const reasons: string[] = []
    const source = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU
    expect(await openGpu({ source, onAbsent: reason => reasons.push(reason) })).toBeUndefined()
    expect(reasons[0]).toContain('no adapter')
  })

  test('names the adapter whose device is refused', async () => {
    const adapter = { info: { vendor: 'acme', architecture: '', device: '', description: 'X1' }, limits: {}, requestDevice: () => Promise.reject(new Error('busy')) }
    const source = { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU
    await expect(openGpu({ source })).rejects.toMatchObject({ name: 'DeviceError', code: 'GPU_REFUSED', message: expect.stringMatching(/acme X1.*busy/) })
  })
})

describe.skipIf(skipped)(`gpu ${where}`, () => {
  test('runs a shader over a buffer and reads it back', async () => {
    expect(await run(gpu)).toEqual([2, 4, 6])
    expect(gpu.usedBytes()).toBe(0)
  })

  test('copies views of shared memory, longer than its staging array', async () => {
    const memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true })
    const view = new Uint32Array(memory.buffer, 64, 150_000).map((_, i) => i)
    new Uint32Array(memory.buffer, 64, 150_000).set(view)
    const buffer = gpu.buffer(600_004)
    gpu.write(buffer, 4, new Uint32Array(memory.buffer, 64, 150_000))
    const found = new Uint32Array(await gpu.read(buffer))
    expect(found[0]).toBe(0)
    expect(found.subarray(1)).toEqual(view)
    buffer.release()
  })

  test('compiles a shader once for its text, entry, bindings and constants', async () => {
    expect(await gpu.pipeline(doubling)).toBe(await gpu.pipeline({ ...doubling }))
    const other = { ...doubling, code: `${doubling.code} override unused: u32 = 1;`, constants: { unused: 2 } }
    expect(await gpu.pipeline(other)).not.toBe(await gpu.pipeline({ ...other, constants: { unused: 3 } }))
  })

  test('says what the compiler said about a wrong shader, and goes on working', async () => {
    const wrong = { ...doubling, code: 'fn main() { let x: u32 = 1.5; }' }
    await expect(gpu.pipeline(wrong)).rejects.toMatchObject({ name: 'DeviceError', code: 'GPU_SHADER', message: expect.stringMatching(/"main".*line 1: .*u32/) })
    await expect(gpu.pipeline({ ...doubling, entry: 'other' })).rejects.toMatchObject({ code: 'GPU_SHADER' })
    expect(await run(gpu)).toEqual([2, 4, 6])
  })

  test('refuses a buffer larger than a binding, and binds at most 128 MiB', () => {
    expect(gpu.limits.bindingBytes).toBeLessThanOrEqual(128 * 2 ** 20)
    expect(() => gpu.buffer(gpu.limits.bindingBytes + 4)).toThrow(expect.objectContaining({ code: 'GPU_LIMIT' }))
  })

  test('reports work that failed at the next read, once, also when a buffer was released too early', async () => {
    const released = gpu.buffer(12)
    const kept = gpu.buffer(12)
    released.release()
    released.release()
    gpu.dispatch(await gpu.pipeline(doubling), Uint32Array.of(2, 0, 0, 0), [released], [3])
    await expect(gpu.read(kept)).rejects.toMatchObject({ name: 'DeviceError', code: 'GPU_FAILED' })
    await expect(gpu.read(kept)).resolves.toHaveProperty('byteLength', 12)
    kept.release()
    expect(gpu.usedBytes()).toBe(0)
  })

  test('a device that is lost between a dispatch and its result is DeviceError GPU_LOST, then and later', async () => {
    const source = (await platformGpu()) as GPU
    let device: GPUDevice | undefined
    const watched = {
      requestAdapter: async (options?: GPURequestAdapterOptions) => {
        const adapter = (await source.requestAdapter(options))!
        const requestDevice = async (wanted?: GPUDeviceDescriptor) => (device = await adapter.requestDevice(wanted))
        return { info: adapter.info, limits: adapter.limits, features: adapter.features, requestDevice }
      },
    } as unknown as GPU
    const losing = (await openGpu({ source: watched }))!
    const buffer = losing.buffer(12)
    const reading = losing.read(buffer)
    device!.destroy()
    await expect(reading).rejects.toMatchObject({ name: 'DeviceError', code: 'GPU_LOST' })
    expect(losing.isLost()).toBe(true)
    expect(() => losing.write(buffer, 0, Uint32Array.of(1))).toThrow(expect.objectContaining({ code: 'GPU_LOST' }))
    losing.close()
  })

  test('after close every call is DeviceError GPU_LOST, and close may be called again', async () => {
    const closing = (await openTestGpu()) as Gpu
    expect(await run(closing)).toEqual([2, 4, 6])
    closing.close()
    closing.close()
    expect(() => closing.buffer(4)).toThrow(expect.objectContaining({ code: 'GPU_LOST', message: expect.stringContaining('closed') }))
    await expect(closing.idle()).rejects.toMatchObject({ code: 'GPU_LOST' })
    await expect(closing.pipeline(doubling)).rejects.toMatchObject({ code: 'GPU_LOST' })
    expect(closing.usedBytes()).toBe(0)
  })

  const built = fileURLToPath(new URL('../../dist/device/gpu.js', import.meta.url))
  test.skipIf(!existsSync(built))('a process that closes its GPU exits by itself', () => {
    const script = `
      const { openGpu } = await import(${JSON.stringify(built)})
      const gpu = await openGpu()
      const buffer = gpu.buffer(8)
      gpu.write(buffer, 0, Uint32Array.of(4, 5))
      console.log([...new Uint32Array(await gpu.read(buffer))].join(' '))
      gpu.close()`
    const { status, stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000 })
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: '4 5\n' })
  })
})
