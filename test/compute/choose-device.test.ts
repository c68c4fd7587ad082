import { describe, expect, test } from 'vitest'
import { chooseDevice, gpuWorkMin, parseDevice } from '../../src/compute/choose-device.ts'
import type { Gpu } from '../../src/device/gpu.ts'

const gpu = (software: boolean, lost = false) => ({ info: { vendor: 'acme', architecture: '', description: '', software }, isLost: () => lost }) as unknown as Gpu
const thresholds = Object.fromEntries(Object.keys(gpuWorkMin).map(family => [family, { resident: 1_000, upload: 5_000 }])) as unknown as typeof gpuWorkMin
const choose = (work: number, resident: boolean, on: Gpu | undefined) => chooseDevice('auto', on, { family: 'aggregate', work, resident }, undefined, thresholds)

describe('chooseDevice', () => {
  test("'auto' takes the GPU from the threshold on, earlier for columns that lie there", () => {
    expect([choose(999, true, gpu(false)), choose(1_000, true, gpu(false))]).toEqual(['wasm', 'webgpu'])
    expect([choose(4_999, false, gpu(false)), choose(5_000, false, gpu(false))]).toEqual(['wasm', 'webgpu'])
  })

  test("'auto' never takes a GPU that is software, lost or absent", () => {
    for (const on of [gpu(true), gpu(false, true), undefined]) expect(choose(1e12, true, on)).toBe('wasm')
  })

  test("'wasm' and 'webgpu' are kept whatever the size, also on a software GPU", () => {
    expect(chooseDevice('wasm', gpu(false), { family: 'gemm', work: 1e15 })).toBe('wasm')
    expect(chooseDevice('webgpu', gpu(true), { family: 'gemm', work: 1 })).toBe('webgpu')
  })

  test("'webgpu' without a GPU is an error that says why there is none", () => {
    const absent = () => chooseDevice('webgpu', undefined, { family: 'gemm', work: 1 }, 'no Vulkan driver')
    expect(absent).toThrow(expect.objectContaining({ name: 'DeviceError', code: 'GPU_ABSENT', message: expect.stringContaining('no Vulkan driver') }))
  })

  test('thresholds are never below one row', () => {
    for (const { resident, upload } of Object.values(gpuWorkMin)) expect(Math.min(resident, upload)).toBeGreaterThan(1)
  })
})

describe('parseDevice', () => {
  test('takes the three names, and auto for nothing', () => {
    expect(['auto', 'wasm', 'webgpu', undefined].map(name => parseDevice(name, 'run'))).toEqual(['auto', 'wasm', 'webgpu', 'auto'])
  })

  test('names the nearest device for another', () => {
    expect(() => parseDevice('webgp', 'run')).toThrow(expect.objectContaining({ code: 'DEVICE', message: expect.stringContaining('did you mean "webgpu"?') }))
  })
})
