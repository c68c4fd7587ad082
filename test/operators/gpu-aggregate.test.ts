import { afterAll, describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { allocateColumn } from '../../src/batch/batch.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { type SchemaLike, schemaText } from '../../src/batch/schema.ts'
import { GpuAccumulators, gpuGroupsMax } from '../../src/compute/gpu-accumulators.ts'
import { readyGpu } from '../../src/compute/ready-gpu.ts'
import { createDevice } from '../../src/device/device.ts'
import type { Gpu } from '../../src/device/gpu.ts'
import { type GpuAggregateParams, gpuAggregateOperator } from '../../src/operators/gpu-aggregate.ts'
import { type AggregateParams, finalAggregateOperator, partialAggregateOperator } from '../../src/operators/group-by.ts'
import { stateKind } from '../../src/plan/catalogue.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'
import { openTestGpu, skipReason } from '../support/software-gpu.ts'

const seed = Number(process.env.SEED ?? 1)
const opened = await openTestGpu()
// Tables of at most 1,365 groups of integers, and batches that go up in chunks of 4,096 rows.
const openedSmall = await openTestGpu({ bindingBytes: 32_768 })
const skipped = skipReason(opened)
const gpu = typeof opened === 'string' ? undefined! : opened
const smallGpu = typeof openedSmall === 'string' ? undefined! : openedSmall
const where = skipped ? `skipped, ${skipped}` : `on ${gpu.info.vendor} ${gpu.info.description}`
const device = await createDevice({ relaxed: false })

afterAll(() => {
  if (skipped) return
  gpu.close()
  smallGpu.close()
})

const schema: SchemaLike = { key: 'int32?', city: 'utf8?', n: 'int32?', wide: 'int64?', x: 'float64?', y: 'float64' }
const rowsOnly: AggregateParams['aggregates'] = [{ name: 'rows', fn: 'count' }]
const integers: AggregateParams['aggregates'] = [
  ...rowsOnly,
  { name: 'cities', fn: 'count', input: 'city' },
  { name: 'n', fn: 'sum', input: 'n' },
  { name: 'least', fn: 'min', input: 'n' },
  { name: 'most', fn: 'max', input: 'n' },
  { name: 'ns', fn: 'count', input: 'n' },
  { name: 'wide', fn: 'mean', input: 'wide' },
  { name: 'wides', fn: 'count', input: 'wide' },
]
const floats: AggregateParams['aggregates'] = [
  { name: 'xs', fn: 'count', input: 'x' },
  { name: 'x', fn: 'sum', input: 'x' },
  { name: 'top', fn: 'max', input: 'x' },
  { name: 'low', fn: 'min', input: 'x' },
  { name: 'y', fn: 'mean', input: 'y' },
]

function sampleRows(count: number, groups: number, chance = random(seed)) {
  const pick = <T>(list: readonly T[]): T => list[chance.int(list.length)]!
  return Array.from({ length: count }, () => ({
    key: chance.int(20) === 0 ? null : chance.int(groups) - (groups >> 1),
    city: pick([null, '', 'Rome', 'a city with a rather long name']),
    n: pick([null, 2 ** 31 - 1, -(2 ** 31), 0, chance.int(1000)]),
    wide: pick([null, 2n ** 62n, -(2n ** 62n), -1n, 7n, 2n ** 32n + 1n]),
    x: pick([null, 0.1, -2.5, 1e9, -1e-9]),
    y: chance.float() - 0.5,
  }))
}
type Rows = readonly Partial<ReturnType<typeof sampleRows>[number]>[]

async function open(params: AggregateParams, on: Gpu | undefined, choice: 'auto' | 'webgpu' = 'webgpu'): Promise<OperatorHarness> {
  if (!on) return operatorHarness(partialAggregateOperator, params, [schema], { device, where: 'groupBy' })
  return operatorHarness(gpuAggregateOperator, { ...params, device: choice } as GpuAggregateParams, [schema], {
    device,
    where: 'groupBy',
    gpu: await readyGpu(on),
  })
}

// What the final step makes of the partial states, ordered by keys.
async function finalRows(params: AggregateParams, partials: readonly OperatorHarness[]): Promise<PlainRow[]> {
  const states: PlainRow[] = []
  const { fields } = partials[0]!
  for (const partial of partials) {
    await partial.operator.settle?.(true)
    partial.finish()
    states.push(...partial.close())
  }
  const final = await operatorHarness(finalAggregateOperator, params, [schemaText(fields)], { device })
  final.push(states)
  final.finish()
  const textOf = (row: PlainRow) => JSON.stringify(params.keys.map(key => row[key]))
  return final.close().sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

async function run(params: AggregateParams, batches: readonly Rows[], on?: Gpu, choice?: 'auto' | 'webgpu') {
  const partial = await open(params, on, choice)
  for (const rows of batches) {
    await partial.operator.settle?.(false)
    partial.push(rows)
  }
  const rows = await finalRows(params, [partial])
  if (on) expect(on.usedBytes()).toBe(0)
  return { rows, leftOut: partial.counts.rowsNotOnGpu ?? 0 }
}

// float64 values are float32 on the GPU: each is off by 2^-24 of itself at most, so each sum by that of the sum of magnitudes.
function expectClose(found: readonly PlainRow[], expected: readonly PlainRow[], magnitude: number): void {
  expect(found.map(row => [row.key, row.xs])).toEqual(expected.map(row => [row.key, row.xs]))
  for (const [i, row] of found.entries()) {
    for (const name of ['x', 'top', 'low', 'y']) {
      const [value, wanted] = [row[name] as number | null, expected[i]![name] as number | null]
      if (wanted === null || !Number.isFinite(wanted)) expect(value).toBe(wanted)
      else expect(Math.abs(value! - wanted)).toBeLessThanOrEqual(magnitude * 2 ** -24)
    }
  }
}

describe.skipIf(skipped)(`gpuAggregate ${where}`, () => {
  test.each([0, 1, 15, 16, 17, 1000, 20_000])('gives for integers exactly what WASM gives, over %i rows with nulls and negative keys', async count => {
    const rows = sampleRows(count, 40)
    const batches = [rows.slice(0, count >> 1), rows.slice(count >> 1)]
    for (const keys of [[], ['key'], ['city', 'key']]) {
      const params = { keys, aggregates: integers }
      expect(await run(params, batches, gpu)).toEqual({ ...(await run(params, batches)), leftOut: 0 })
    }
  })

  test('gives floats within the rounding of their values, NaN and infinities included', async () => {
    const rows: Rows = sampleRows(5_000, 12)
    const magnitude = rows.reduce((sum, { x, y }) => sum + Math.abs(x ?? 0) + Math.abs(y!), 0)
    for (const keys of [[], ['key']]) {
      const params = { keys, aggregates: floats }
      expectClose((await run(params, [rows], gpu)).rows, (await run(params, [rows])).rows, magnitude)
    }
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1, null].flatMap((x, key) => [
      { key, x, y: 0 },
      { key, x: key === 4 ? 2 : x, y: 0 },
    ])
    const params = { keys: ['key'], aggregates: floats }
    expect(await run(params, [special], gpu)).toEqual(await run(params, [special]))
  })

  test('takes batches that bring further groups, in tables that grow', async () => {
    const chance = random(seed)
    const batches = [1, 3, 50, 700, 9_000].map(groups => sampleRows(groups, groups, chance))
    const params = { keys: ['key'], aggregates: integers }
    expect(await run(params, batches, gpu)).toEqual({ ...(await run(params, batches)), leftOut: 0 })
  })

  test('leaves rows behind its last group to the accumulators, and merges both', async () => {
    const chance = random(seed)
    const params = { keys: ['key'], aggregates: integers }
    const few = sampleRows(1_000, 100, chance)
    const many = sampleRows(9_000, 5_000, chance)
    expect(await run(params, [few, many, few], smallGpu)).toEqual({ ...(await run(params, [few, many, few])), leftOut: 10_000 })
    expect(new GpuAccumulators(await readyGpu(gpu), device.memory, [{ fn: 'count' }], [-1]).groupsMax).toBe(gpuGroupsMax)
  })

  test('goes through batches larger than a binding in chunks', async () => {
    const rows: Rows = sampleRows(9_001, 30)
    for (const aggregates of [integers, rowsOnly, floats.slice(0, 1)]) {
      const params = { keys: [], aggregates }
      expect(await run(params, [rows], smallGpu)).toEqual({ ...(await run(params, [rows])), leftOut: 0 })
    }
  })

  test('finds sums of int64 that overflow, as WASM does', async () => {
    const params: AggregateParams = { keys: [], aggregates: [{ name: 'wide', fn: 'sum', input: 'wide' }] }
    const top = { wide: 2n ** 63n - 1n, y: 0 }
    for (const on of [undefined, gpu]) {
      await expect(run(params, [[top, { wide: 1n, y: 0 }]], on)).rejects.toMatchObject({ code: 'SUM_OVERFLOW' })
      expect((await run(params, [[top, { wide: 5n, y: 0 }], [{ wide: -6n, y: 0 }]], on)).rows).toEqual([{ wide: 2n ** 63n - 2n }])
    }
  })

  test("on 'auto' leaves a software GPU alone", async () => {
    const rows = sampleRows(100, 5)
    for (const keys of [[], ['key']]) {
      const params = { keys, aggregates: integers }
      expect(await run(params, [rows], gpu, 'auto')).toEqual({ ...(await run(params, [rows])), leftOut: gpu.info.software ? 100 : expect.any(Number) })
    }
  })

  test('moves its state between devices, taken while rows are queued', async () => {
    const params = { keys: ['key'], aggregates: integers }
    const rows: Rows = sampleRows(3_000, 2_000)
    const expected = (await run(params, [rows])).rows
    expect(stateKind('gpuAggregate')).toBe(stateKind('partialAggregate'))
    for (const [from, to] of [
      [gpu, undefined],
      [undefined, gpu],
      [smallGpu, gpu],
      [gpu, smallGpu],
    ] as const) {
      const first = await open(params, from)
      first.push(rows.slice(0, 1_000))
      first.push(rows.slice(1_000, 1_500))
      await first.operator.settle?.(true)
      const runs: StateRun[] = first.snapshot()
      first.close()
      const second = await open(params, to)
      second.restore(runs)
      second.push(rows.slice(1_500))
      expect(await finalRows(params, [second])).toEqual(expected)
    }
  })

  test('is busy when much is queued, refuses rows when far too much is, and takes more after a wait', async () => {
    const arena = device.arena()
    const n = { ...allocateColumn(arena, { kind: 'int32' }, 1_000) }
    device.memory.int32s(n.values, 1_000).fill(2)
    const sums = new GpuAccumulators(await readyGpu(gpu), device.memory, [{ fn: 'sum', inputType: n.type }], [0], { busyBytes: 20_000, refuseBytes: 30_000 })
    const update = () => [sums.update(0, [n], 1_000, 1), sums.busy]
    expect([update(), update(), update()]).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ])
    await sums.idle()
    expect(update()).toEqual([true, false])
    const parts: (bigint | undefined)[] = []
    await sums.drain(partial => parts.push(...partial(arena, 1).map(column => device.memory.int64s(column.values, 1)[0])))
    expect(parts).toEqual([6_000n, 3_000n])
    expect(sums.pending).toBe(false)
    sums.close()
    arena.release()
    expect(gpu.usedBytes()).toBe(0)
  })

  test('gives everything back when it is closed with rows queued', async () => {
    const partial = await open({ keys: ['key'], aggregates: integers }, gpu)
    partial.push(sampleRows(1_000, 10))
    expect(gpu.usedBytes()).toBeGreaterThan(0)
    partial.close()
    expect(gpu.usedBytes()).toBe(0)
  })
})
