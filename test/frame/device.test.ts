import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { platformGpu } from '../../src/device/gpu-adapter.ts'
import { Engine } from '../../src/engine.ts'
import type { RunOptions } from '../../src/schedule/run-options.ts'
import { count, max, mean, min, sum } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { buildPlan, sinkNode } from '../../src/frame/node.ts'
import { closeEngines, frame, pagesInUse } from '../support/frames.ts'
import { openTestGpu, skipReason } from '../support/software-gpu.ts'

const seed = Number(process.env.SEED ?? 1)
const opened = await openTestGpu()
const skipped = skipReason(opened)
const where = skipped ? `skipped, ${skipped}` : `on ${(opened as Exclude<typeof opened, string>).info.description}`
if (typeof opened !== 'string') opened.close()
afterAll(closeEngines)

const schema = { key: 'int32?', city: 'utf8', n: 'int32?', wide: 'int64', x: 'float64?' }
const chance = random(seed)
const rows = Array.from({ length: 5_000 }, (_, i) => ({
  key: i % 11 === 0 ? null : chance.int(30) - 15,
  city: ['Rome', 'Oslo', 'a city with a rather long name'][chance.int(3)]!,
  n: i % 7 === 0 ? null : chance.int(2 ** 31),
  wide: 2n ** 60n - BigInt(chance.int(1000)),
  x: i % 5 === 0 ? null : chance.float() * 10,
}))
const integers = { rows: count(), ns: count('n'), n: sum('n'), least: min('n'), most: max('n'), wide: mean('wide'), before: sum(col('n').sub(1)) }
const floats = { x: sum('x'), top: max('x'), average: mean('x') }
const grouped = (aggregates: Parameters<ReturnType<FrameValue['groupBy']>['agg']>[0], keys: string[] = ['key']) => {
  const groups = frame(rows, schema)
    .filter(col('wide').gt(0))
    .groupBy(...keys)
    .agg(aggregates)
  return keys.length === 0 ? groups : groups.sort(...keys)
}

// A GPU whose device the test can break.
async function breakable(): Promise<{ source: GPU; breakIt(): void }> {
  const source = (await platformGpu()) as GPU
  let device: GPUDevice | undefined
  const watched = {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = (await source.requestAdapter(options))!
      const requestDevice = async (wanted?: GPUDeviceDescriptor) => (device = await adapter.requestDevice(wanted))
      return { info: adapter.info, limits: adapter.limits, features: adapter.features, requestDevice }
    },
  }
  return { source: watched as unknown as GPU, breakIt: () => device!.destroy() }
}

// Runs a frame on an engine of the test's own, and gives the batches' row counts.
async function runOn(engine: Engine, input: FrameValue, options: RunOptions): Promise<number> {
  let written = 0
  const bound = { name: 'rows', delivery: 'idempotent', write: (batch: { numRows: number }) => void (written += batch.numRows) }
  const { plan, bindings } = buildPlan([sinkNode(input.edge, { sink: 'user', options: null, bound })])
  await (await engine.start(plan, bindings, options)).done
  return written
}

describe('the option device', () => {
  test('is refused by name unless it is auto, wasm or webgpu', async () => {
    await expect(grouped(integers).collect({ device: 'webgp' as never })).rejects.toMatchObject({
      name: 'PlanError',
      code: 'DEVICE',
      message: expect.stringContaining('webgpu'),
    })
    expect(() => grouped(integers).explain({ device: 'gpu' as never })).toThrow(expect.objectContaining({ code: 'DEVICE' }))
  })

  test("'auto' opens no GPU and runs on WASM, as the default does", async () => {
    const source = { requestAdapter: () => expect.unreachable('an adapter was asked for') } as unknown as GPU
    const engine = await Engine.open({ gpu: { source } })
    expect(await runOn(engine, grouped(integers), { device: 'auto' })).toBe(31)
    expect(await runOn(engine, grouped(integers), { device: 'wasm' })).toBe(31)
    await engine.close()
    const [auto, wasm, left] = await Promise.all([
      grouped(floats).collect({ device: 'auto' }),
      grouped(floats).collect({ device: 'wasm' }),
      grouped(floats).collect(),
    ])
    expect(auto.toArray()).toEqual(wasm.toArray())
    expect(left.toArray()).toEqual(wasm.toArray())
    for (const table of [auto, wasm, left]) expect(new Set(Object.values(table.stats.steps).map(step => step.device))).toEqual(new Set(['wasm']))
  })

  test("'webgpu' without a GPU is DeviceError GPU_ABSENT with the reason, and the engine goes on", async () => {
    const source = { requestAdapter: async () => null } as unknown as GPU
    const engine = await Engine.open({ gpu: { source } })
    await expect(runOn(engine, grouped(integers), { device: 'webgpu' })).rejects.toMatchObject({
      name: 'DeviceError',
      code: 'GPU_ABSENT',
      message: expect.stringMatching(/no adapter.*'wasm'/),
    })
    expect(await runOn(engine, grouped(integers), {})).toBe(31)
    expect(engine.device.pages.used()).toBe(0)
    await engine.close()
  })

  test('explain marks the steps that go to the GPU', () => {
    const marked = (text: string) =>
      text
        .split('\n')
        .filter(line => line.includes('[gpu]'))
        .map(line => line.trim().split(' ')[0])
    expect(marked(grouped(integers).explain({ device: 'webgpu' }))).toEqual(['groupBy:partial'])
    expect(marked(grouped({ ...integers, ...floats }, []).explain({ device: 'webgpu' }))).toEqual(['groupBy:partial'])
    for (const aggregates of [{ city: min('city') }, { wide: max('wide') }]) expect(marked(grouped(aggregates).explain({ device: 'webgpu' }))).toEqual([])
    expect(marked(grouped(integers).explain())).toEqual([])
    expect(marked(grouped(integers).explain({ device: 'auto' }))).toEqual([])
  })
})

describe.skipIf(skipped)(`device: 'webgpu' ${where}`, () => {
  test.each([0, 1, 2])('gives what WASM gives, with %i workers', async workers => {
    for (const keys of [['key'], ['city', 'key'], []]) {
      for (const batchRows of [700, 65_536]) {
        const [gpu, wasm] = [
          await grouped(integers, keys).collect({ device: 'webgpu', workers, batchRows }),
          await grouped(integers, keys).collect({ workers, batchRows }),
        ]
        expect(gpu.toArray()).toEqual(wasm.toArray())
        expect(gpu.schema).toEqual(wasm.schema)
        expect(gpu.stats.steps['groupBy:partial']).toMatchObject({ rows: rows.length, device: 'webgpu' })
        expect(gpu.stats.steps.groupBy!.device).toBe('wasm')
        expect(gpu.stats.counts.rowsNotOnGpu).toBeUndefined()
      }
      const [gpu, wasm] = [await grouped(floats, keys).collect({ device: 'webgpu', workers }), await grouped(floats, keys).collect({ workers })]
      const close = (row: object) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, name in floats && value !== null ? expect.closeTo(value, 2) : value]))
      expect(gpu.toArray()).toEqual(wasm.toArray().map(close))
    }
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('gives one row or none over empty input, as WASM does', async () => {
    const empty = frame([], schema)
    expect((await empty.groupBy('key').agg(integers).collect({ device: 'webgpu' })).numRows).toBe(0)
    const whole = empty.groupBy().agg({ ...integers, ...floats })
    expect((await whole.collect({ device: 'webgpu' })).toArray()).toEqual((await whole.collect()).toArray())
  })

  test('aggregates what other steps of the same thread emit at their end', async () => {
    const twice = grouped(integers)
      .groupBy()
      .agg({ groups: count(), most: max('most'), rows: sum('rows') })
    const [gpu, wasm] = [await twice.collect({ device: 'webgpu' }), await twice.collect()]
    expect(gpu.toArray()).toEqual(wasm.toArray())
    expect(Object.values(gpu.stats.steps).filter(step => step.device === 'webgpu')).toHaveLength(2)
  })

  test('runs on WASM what the GPU can not do, and says so', async () => {
    const text = grouped({ city: min('city') })
    const gpu = await text.collect({ device: 'webgpu' })
    expect(gpu.toArray()).toEqual((await text.collect()).toArray())
    expect(Object.values(gpu.stats.steps).every(step => step.device === 'wasm')).toBe(true)
    expect(await grouped(integers).explain({ analyze: true, device: 'webgpu' })).toMatch(/groupBy:partial.*\[gpu\] {2}\(5000 rows/)
  })

  test('a GPU that is lost under way is DeviceError GPU_LOST; everything is released and the next run opens another', async () => {
    const { source, breakIt } = await breakable()
    const engine = await Engine.open({ gpu: { source } })
    let seen = 0
    const breaking = frame(rows, schema).filterRows(() => {
      if (++seen === 3_000) breakIt()
      return true
    })
    const groups = breaking.groupBy('key').agg(integers)
    await expect(runOn(engine, groups, { device: 'webgpu', batchRows: 100 })).rejects.toMatchObject({ name: 'DeviceError', code: 'GPU_LOST' })
    expect(engine.device.pages.used()).toBe(0)
    expect(await runOn(engine, groups, { device: 'webgpu', batchRows: 100 })).toBe(31)
    expect(engine.device.pages.used()).toBe(0)
    await engine.close()
    await expect(runOn(engine, groups, { device: 'webgpu' })).rejects.toMatchObject({ code: 'ENGINE_DEAD' })
  })

  const built = fileURLToPath(new URL('../../dist/index.js', import.meta.url))
  test.skipIf(!existsSync(built))('a process that has used the GPU ends by itself', () => {
    const script = `
      const { from, count, sum } = await import(${JSON.stringify(built)})
      const table = await from([{ k: 1, n: 2 }, { k: 1, n: 3 }], { schema: { k: 'int32', n: 'int32' } }).groupBy('k').agg({ n: sum('n') }).collect({ device: 'webgpu' })
      console.log(String(table.toArray()[0].n), table.stats.steps['groupBy:partial'].device)`
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000 })
    expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: '5 webgpu\n', stderr: expect.any(String) })
  })
})
