import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { referenceGemm } from '../compute/reference/gpu-gemm.ts'
import { coveringWindows, type ReferenceGroup, referenceGroups } from '../compute/reference/gpu-groups.ts'
import { runPage } from '../support/chromium.ts'
import { ColumnMemory, sampleValues } from '../support/gpu-columns.ts'
import { findChromium, skipReason } from '../support/software-gpu.ts'

const built = existsSync(fileURLToPath(new URL('../../dist/compute/gpu-gemm.js', import.meta.url)))
const chromium = findChromium()
const skipped = skipReason(built ? chromium : 'dist/ is not built (npm run build)')

interface PageResult {
  error?: string
  isolated: boolean
  shared: boolean
  info: { software: boolean }
  auto: string
  usedBytes: number
  pages: number
  results: [{ count: number; sum: string }, Groups, Groups, number[]]
}
interface Groups {
  counts: number[]
  sums: (string | number)[]
  mins: number[]
  maxs: number[]
  outsideCount: number
}

function expectGroups(found: Groups, expected: { groups: ReferenceGroup[]; outsideCount: number }): void {
  expect(found.counts).toEqual(expected.groups.map(g => g.count))
  expect(found.outsideCount).toBe(expected.outsideCount)
  // JSON has no −0.
  expect(found.mins).toEqual(expected.groups.map(g => g.min + 0))
  expect(found.maxs).toEqual(expected.groups.map(g => g.max + 0))
  expected.groups.forEach((g, i) => {
    if (typeof g.sum === 'bigint') expect(found.sums[i]).toBe(`${g.sum}n`)
    else expect(Math.abs((found.sums[i] as number) - g.sum)).toBeLessThanOrEqual((g.count + 40) * 2 ** -53 * g.magnitude)
  })
}

test.skipIf(skipped)(`a page runs the four kernels on shared WASM memory and WebGPU${skipped ? ` (skipped, ${skipped})` : ''}`, { timeout: 120_000 }, async () => {
  const chance = random(Number(process.env.SEED ?? 1))
  const length = 20_001
  const lies = new ColumnMemory()
  const keys = Array.from({ length }, () => (chance.int(20) === 0 ? null : chance.int(102) - 1))
  const ints = sampleValues(chance, 'int32', length, 0.1)
  const floats = sampleValues(chance, 'float32', length, 0.1)
  const [rows, columns, depth] = [70, 65, 33]
  const [a, b, c] = [rows * depth, depth * columns, rows * columns].map(count => lies.allocate(count * 4)) as [number, number, number]
  const left = lies.memory.float32s(a, rows * depth).map(() => chance.float() - 0.5)
  const right = lies.memory.float32s(b, depth * columns).map(() => chance.float() - 0.5)
  lies.memory.float32s(a, left.length).set(left)
  lies.memory.float32s(b, right.length).set(right)
  const [keyColumn, intColumn, floatColumn] = [lies.column('int32', keys), lies.column('int32', ints), lies.column('float32', floats)]
  const jobs = [
    { kernel: 'filter', args: { column: floatColumn, compare: 'gt', constant: 1, values: intColumn } },
    { kernel: 'aggregate', args: { keys: keyColumn, groups: 100, values: intColumn, extremes: true } },
    { kernel: 'window', args: { times: keyColumn, startMs: 0, sizeMs: 20, hopMs: 10, windows: 9, values: floatColumn, extremes: true } },
    { kernel: 'gemm', args: { rows, columns, depth, a, b, c } },
  ]
  const image = lies.memory.bytes(0, lies.memory.wasm.buffer.byteLength).slice()
  const bodies = { '/memory': image, '/jobs': JSON.stringify(jobs) }
  const page = (await runPage({ chromium: (chromium as { path: string }).path, module: 'test/browser/gpu-page.js', bodies })) as PageResult

  expect(page.error).toBeUndefined()
  expect(page).toMatchObject({ isolated: true, shared: true, usedBytes: 0, pages: 0 })
  if (page.info.software) expect(page.auto).toBe('wasm')
  const [filtered, aggregated, windowed, product] = page.results
  const passed = referenceGroups(floats, ints, 1, false, value => (value > 1 ? [0] : [])).groups[0]!
  expect(filtered).toEqual({ count: passed.count, sum: `${passed.sum}n` })
  expectGroups(aggregated, referenceGroups(keys, ints, 100, false, key => [key]))
  expectGroups(windowed, referenceGroups(keys, floats, 9, true, time => coveringWindows(time, 0, 20, 10, 9)))
  const expected = referenceGemm(left, right, rows, columns, depth)
  for (const [i, value] of expected.c.entries()) expect(Math.abs(product[i]! - value)).toBeLessThanOrEqual(depth * 2 ** -23 * expected.magnitudes[i]!)
})
