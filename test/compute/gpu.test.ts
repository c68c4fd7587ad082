import { afterAll, describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { gpuAggregate } from '../../src/compute/gpu-aggregate.ts'
import { type GpuSourceKind, uploadColumn, uploadTimes } from '../../src/compute/gpu-column.ts'
import { type GpuCompare, gpuFilter } from '../../src/compute/gpu-filter.ts'
import { gpuGemm } from '../../src/compute/gpu-gemm.ts'
import type { GpuGroups } from '../../src/compute/gpu-group-table.ts'
import { gpuWindow } from '../../src/compute/gpu-window.ts'
import { ColumnMemory, sampleValues } from '../support/gpu-columns.ts'
import { openTestGpu, skipReason } from '../support/software-gpu.ts'
import { referenceGemm } from './reference/gpu-gemm.ts'
import { coveringWindows, passes, type ReferenceGroup, referenceGroups, type Values } from './reference/gpu-groups.ts'

const seed = Number(process.env.SEED ?? 1)
const opened = await openTestGpu()
// Chunks of 4,096 rows, so that a few thousand rows go through several.
const openedSmall = await openTestGpu({ bindingBytes: 32_768 })
const skipped = skipReason(opened)
const gpu = typeof opened === 'string' ? undefined! : opened
const smallGpu = typeof openedSmall === 'string' ? undefined! : openedSmall
const where = skipped ? `skipped, ${skipped}` : `on ${gpu.info.vendor} ${gpu.info.description}`
const lengths = [0, 1, 15, 16, 17, 255, 256, 257, 65_537]

afterAll(() => {
  if (skipped) return
  gpu.close()
  smallGpu.close()
})

function expectGroups(found: GpuGroups, expected: { groups: ReferenceGroup[]; outsideCount: number }, isFloat: boolean): void {
  expect([...found.counts]).toEqual(expected.groups.map(g => g.count))
  expect(found.outsideCount).toBe(expected.outsideCount)
  if (found.mins) {
    expect([...found.mins]).toEqual(expected.groups.map(g => g.min))
    expect([...found.maxs!]).toEqual(expected.groups.map(g => g.max))
  }
  if (isFloat) for (const [i, group] of expected.groups.entries()) expectFloatSum(found.sums![i] as number, group)
  else expect([...found.sums!]).toEqual(expected.groups.map(g => g.sum))
}

// The reference adds in float64, one after the other: its own error is the larger one.
function expectFloatSum(found: number, group: ReferenceGroup): void {
  if (!Number.isFinite(group.sum as number)) expect(found).toBe(group.sum)
  else expect(Math.abs(found - (group.sum as number))).toBeLessThanOrEqual((group.count + 40) * 2 ** -53 * group.magnitude)
}

const isFloatKind = (kind: GpuSourceKind) => kind.startsWith('float')

describe.skipIf(skipped)(`filter ${where}`, () => {
  const compares: GpuCompare[] = ['lt', 'le', 'gt', 'ge', 'eq', 'ne']

  async function check(columnKind: GpuSourceKind, column: Values, valuesKind: GpuSourceKind, values: Values, compare: GpuCompare, constant: number, on = gpu) {
    const lies = new ColumnMemory()
    const found = await gpuFilter(on, lies.memory, { column: lies.column(columnKind, column), compare, constant, values: lies.column(valuesKind, values) })
    const expected = referenceGroups(column, values, 1, isFloatKind(valuesKind), key => (passes(key, compare, constant) ? [0] : [])).groups[0]!
    expect(found.count).toBe(expected.count)
    if (isFloatKind(valuesKind)) expectFloatSum(found.sum as number, expected)
    else expect(found.sum).toBe(expected.sum)
  }

  test.each(lengths)('agrees with the reference over %i rows with and without nulls', async length => {
    const chance = random(seed).fork(length)
    for (const [columnKind, valuesKind] of [['int32', 'int32'], ['float32', 'float32'], ['float32', 'int64'], ['int32', 'float64']] as const) {
      const nulls = chance.int(2) * 0.3
      const column = sampleValues(chance, columnKind, length, nulls)
      await check(columnKind, column, valuesKind, sampleValues(chance, valuesKind, length, nulls), compares[chance.int(6)]!, chance.int(200) - 100)
    }
  })

  test.each(compares)('%s treats NaN, infinities, −0, subnormals and fractions exactly', async compare => {
    const floats = [Number.NaN, -Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, Math.fround(1e-42), -Math.fround(1e-42), Math.fround(0.1), 1, -1, null]
    const ints = [2 ** 31 - 1, -(2 ** 31), 0, 1, -1, 2, null, 3, 4, 5, 6, 7]
    const ones = ints.map(() => 1)
    for (const constant of [0, -0, 0.1, Math.fround(0.1), 1e-42, 1e-60, 1e300, -1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) await check('float32', floats, 'int32', ones, compare, constant)
    for (const constant of [2.5, 2, -0.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 40), Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) await check('int32', ints, 'int32', ones, compare, constant)
  })

  test('rounds float64 columns and their constant to float32', async () => {
    const lies = new ColumnMemory()
    const column = lies.column('float64', [0.1, 0.2, 0.1 + 2 ** -50])
    expect(await gpuFilter(gpu, lies.memory, { column, compare: 'eq', constant: 0.1, values: column })).toEqual({ count: 2, sum: 2 * Math.fround(0.1) })
  })

  test('sums integers beyond 2^53 exactly, and keeps NaN and infinities in sums of floats', async () => {
    await check('int32', Array(70_000).fill(0), 'int32', Array(70_000).fill(2 ** 31 - 1), 'eq', 0)
    await check('int32', Array(70_000).fill(0), 'int32', Array(70_000).fill(-(2 ** 31)), 'eq', 0)
    await check('int32', [0, 0, 0], 'int64', [2n ** 63n - 1n, 1n, -5n], 'eq', 0)
    for (const values of [[1, Number.NaN], [1, Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], [-1, Number.NEGATIVE_INFINITY]]) await check('int32', [0, 0], 'float32', values, 'eq', 0)
  })

  test('sums floats exactly where their magnitudes differ widely', async () => {
    await check('int32', [0, 0, 0], 'float32', [3e38, 1, -3e38].map(Math.fround), 'eq', 0)
    const lies = new ColumnMemory()
    const column = lies.column('float32', [2 ** 60, 1, -(2 ** 60)])
    expect(await gpuFilter(gpu, lies.memory, { column, compare: 'ne', constant: 0, values: column })).toEqual({ count: 3, sum: 1 })
  })

  test('refuses to compare int64 columns', async () => {
    const lies = new ColumnMemory()
    const column = lies.column('int64', [1n])
    await expect(gpuFilter(gpu, lies.memory, { column, compare: 'eq', constant: 1, values: column })).rejects.toMatchObject({ code: 'GPU_TYPE' })
  })

  test('goes through columns larger than a binding in chunks, and leaves nothing on the GPU', async () => {
    const chance = random(seed)
    for (const kind of ['int32', 'int64', 'float32', 'float64'] as const) {
      await check('int32', sampleValues(chance, 'int32', 20_001, 0.1), kind, sampleValues(chance, kind, 20_001, 0.1), 'lt', 3, smallGpu)
    }
    expect(smallGpu.usedBytes()).toBe(0)
  })
})

describe.skipIf(skipped)(`aggregate ${where}`, () => {
  // Up to 1 group in local tables of any sort, 700 in the local table of integers only, 5,000 in the shared one.
  test.each(lengths)('agrees with the reference over %i rows, keys out of range and nulls among them', async length => {
    const chance = random(seed).fork(length)
    for (const kind of ['int32', 'float32', 'int64', 'float64'] as const) {
      const groups = [1, 7, 600, 5_000][chance.int(4)]!
      const keys = Array.from({ length }, () => (chance.int(20) === 0 ? null : chance.int(groups + 2) - 1))
      const values = sampleValues(chance, kind, length, chance.int(2) * 0.3)
      const lies = new ColumnMemory()
      const extremes = kind !== 'int64'
      const found = await gpuAggregate(gpu, lies.memory, { keys: lies.column('int32', keys), groups, values: lies.column(kind, values), extremes })
      expectGroups(found, referenceGroups(keys, values, groups, isFloatKind(kind), key => [key]), isFloatKind(kind))
    }
  })

  test.each([1, 3, 341, 342, 2_000])('agrees with the reference over %i groups in local and shared tables', async groups => {
    const chance = random(seed).fork(groups)
    for (const kind of ['int32', 'float32'] as const) {
      const keys = Array.from({ length: 40_000 }, () => chance.int(groups))
      const values = sampleValues(chance, kind, 40_000, 0.1)
      const lies = new ColumnMemory()
      const found = await gpuAggregate(gpu, lies.memory, { keys: lies.column('int32', keys), groups, values: lies.column(kind, values), extremes: true })
      expectGroups(found, referenceGroups(keys, values, groups, isFloatKind(kind), key => [key]), isFloatKind(kind))
    }
  })

  test('gives the same float sums in any order of rows', async () => {
    const chance = random(seed)
    const values = sampleValues(chance, 'float32', 30_000, 0)
    const sums = async (rows: Values) => {
      const lies = new ColumnMemory()
      const keys = lies.column('int32', rows.map(value => (Number(value) > 0 ? 1 : 0)))
      return (await gpuAggregate(gpu, lies.memory, { keys, groups: 2, values: lies.column('float32', rows) })).sums
    }
    expect(await sums([...values].reverse())).toEqual(await sums(values))
  })

  test('orders NaN last and −0 before 0 in least and greatest values', async () => {
    const lies = new ColumnMemory()
    const keys = lies.column('int32', [0, 0, 1, 1, 2, 3, 3])
    const values = lies.column('float32', [Number.NaN, 1, 0, -0, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
    const { mins, maxs } = await gpuAggregate(gpu, lies.memory, { keys, groups: 4, values, extremes: true })
    expect([...mins!]).toEqual([1, -0, Number.NaN, Number.NEGATIVE_INFINITY])
    expect([...maxs!]).toEqual([Number.NaN, 0, Number.NaN, Number.POSITIVE_INFINITY])
  })

  test('counts rows when there is no value column', async () => {
    const lies = new ColumnMemory()
    const { counts, sums } = await gpuAggregate(gpu, lies.memory, { keys: lies.column('int32', [0, 2, null, 2]), groups: 3 })
    expect([[...counts], sums]).toEqual([[1, 0, 2], undefined])
  })

  test('uses columns that lie on the GPU any number of times', async () => {
    const lies = new ColumnMemory()
    const keys = uploadColumn(gpu, lies.memory, lies.column('int32', [0, 1, 0]))
    const values = uploadColumn(gpu, lies.memory, lies.column('int32', [5, 6, 7]))
    for (let i = 0; i < 2; i++) expect([...(await gpuAggregate(gpu, lies.memory, { keys, groups: 2, values })).sums!]).toEqual([12n, 6n])
    keys.release()
    values.release()
    expect(gpu.usedBytes()).toBe(0)
  })

  test('refuses more groups than a binding holds, and extremes of int64', async () => {
    const lies = new ColumnMemory()
    const keys = lies.column('int32', [0])
    await expect(gpuAggregate(smallGpu, lies.memory, { keys, groups: 10_000, values: keys })).rejects.toMatchObject({ code: 'GPU_LIMIT' })
    await expect(gpuAggregate(gpu, lies.memory, { keys, groups: 1, values: lies.column('int64', [0n]), extremes: true })).rejects.toMatchObject({ code: 'GPU_TYPE' })
    expect(smallGpu.usedBytes()).toBe(0)
  })

  test('goes through many chunks', async () => {
    const chance = random(seed)
    const keys = Array.from({ length: 9_000 }, () => chance.int(50))
    for (const kind of ['int32', 'int64', 'float32'] as const) {
      const values = sampleValues(chance, kind, 9_000, 0.2)
      const lies = new ColumnMemory()
      const found = await gpuAggregate(smallGpu, lies.memory, { keys: lies.column('int32', keys), groups: 50, values: lies.column(kind, values) })
      expectGroups(found, referenceGroups(keys, values, 50, isFloatKind(kind), key => [key]), isFloatKind(kind))
    }
  })
})

describe.skipIf(skipped)(`window ${where}`, () => {
  const shapes = [{ sizeMs: 10, hopMs: 10 }, { sizeMs: 30, hopMs: 7 }, { sizeMs: 3, hopMs: 10 }, { sizeMs: 1, hopMs: 1 }]

  test.each(lengths)('agrees with the reference over %i rows in tumbling, hopping and gapped windows', async length => {
    const chance = random(seed).fork(length)
    for (const { sizeMs, hopMs } of shapes) {
      for (const kind of ['int32', 'float32'] as const) {
        const windows = [5, 40][chance.int(2)]!
        const startMs = chance.int(2) * 1_700_000_000_000
        const times = Array.from({ length }, () => (chance.int(20) === 0 ? null : startMs + chance.int(windows * hopMs + 40) - 20))
        const values = sampleValues(chance, kind, length, 0.2)
        const lies = new ColumnMemory()
        const source = lies.column(startMs === 0 ? 'int32' : 'int64', times)
        const found = await gpuWindow(gpu, lies.memory, { times: source, startMs, sizeMs, hopMs, windows, values: lies.column(kind, values), extremes: true })
        expectGroups(found, referenceGroups(times, values, windows, isFloatKind(kind), t => coveringWindows(t, startMs, sizeMs, hopMs, windows)), isFloatKind(kind))
      }
    }
  })

  test('leaves out times at the ends of int32 and int64', async () => {
    const lies = new ColumnMemory()
    const wide = lies.column('int64', [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n, 2n ** 31n - 2n, -1n, 0n])
    const narrow = lies.column('int32', [-(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 2, 0])
    const window = { startMs: 0, sizeMs: 2 ** 31 - 1, hopMs: 1, windows: 1 }
    expect(await gpuWindow(gpu, lies.memory, { ...window, hopMs: 2 ** 31 - 1, times: wide })).toMatchObject({ counts: Uint32Array.of(2), outsideCount: 4 })
    expect(await gpuWindow(gpu, lies.memory, { ...window, hopMs: 2 ** 31 - 1, times: narrow })).toMatchObject({ counts: Uint32Array.of(2), outsideCount: 2 })
  })

  test('takes times that were uploaded before', async () => {
    const lies = new ColumnMemory()
    const times = uploadTimes(gpu, lies.memory, lies.column('int64', [1_000_000_000_000n, 1_000_000_000_005n]), 1_000_000_000_000)
    expect([...(await gpuWindow(gpu, lies.memory, { times, startMs: 1_000_000_000_000, sizeMs: 5, hopMs: 5, windows: 2 })).counts]).toEqual([1, 1])
    times.release()
  })
})

describe.skipIf(skipped)(`gemm ${where}`, () => {
  async function check(rows: number, columns: number, depth: number, on = gpu) {
    const chance = random(seed).fork(rows * columns + depth)
    const lies = new ColumnMemory()
    const [a, b, c] = [rows * depth, depth * columns, rows * columns].map(count => lies.allocate(count * 4)) as [number, number, number]
    const left = lies.memory.float32s(a, rows * depth)
    const right = lies.memory.float32s(b, depth * columns)
    for (const values of [left, right]) for (let i = 0; i < values.length; i++) values[i] = chance.float() - 0.5
    lies.memory.float32s(c, rows * columns + 1).fill(7)
    await gpuGemm(on, lies.memory, { rows, columns, depth, a, b, c })
    const { c: expected, magnitudes } = referenceGemm(left, right, rows, columns, depth)
    const found = lies.memory.float32s(c, rows * columns + 1)
    const wrong = expected.findIndex((value, i) => !(Math.abs(found[i]! - value) <= depth * 2 ** -23 * magnitudes[i]!))
    expect(wrong).toBe(-1)
    expect(found[rows * columns]).toBe(7)
  }

  test.each([[0, 5, 5], [5, 0, 5], [5, 5, 0], [1, 1, 1], [15, 16, 17], [64, 64, 16], [63, 65, 33], [1, 257, 255], [257, 1, 3], [130, 70, 100]])('agrees with the reference over %i × %i × %i', (rows, columns, depth) => check(rows, columns, depth))

  test('uses the larger tiles past their edges', () => check(1_030, 1_025, 9))

  test('goes in panels where matrices are larger than a binding', async () => {
    await check(100, 200, 300, smallGpu)
    expect(smallGpu.usedBytes()).toBe(0)
  })

  test('refuses rows larger than a binding', async () => {
    const lies = new ColumnMemory()
    await expect(gpuGemm(smallGpu, lies.memory, { rows: 1, columns: 10_000, depth: 1, a: 0, b: 0, c: 0 })).rejects.toMatchObject({ code: 'GPU_LIMIT' })
  })
})
