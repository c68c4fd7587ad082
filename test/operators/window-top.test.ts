import { afterEach, beforeAll, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { windowTopOperator } from '../../src/operators/window-top.ts'
import { EventRun } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

type Rows = { name: string | null; end: number; n: bigint | null }[]
const fields = parseSchema({ name: 'utf8?', end: 'timestamp[ms]', n: 'int64?' }, 'test')
const steps = [
  { type: windowTopOperator, params: { end: 'end', value: 'n', part: true } },
  { type: windowTopOperator, params: { end: 'end', value: 'n' } },
]
const rowsOf = (seed: number, count: number): Rows => {
  const r = random(seed)
  return Array.from({ length: count }, (_, i) => ({ name: r.int(9) ? `a name that is long ${r.int(500)}` : null, end: 10 * Math.floor(i / 200) + 10 * r.int(5), n: r.int(9) ? BigInt(r.int(40)) * 2n ** 55n : null }))
}
const key = (row: Record<string, unknown>) => `${row.end} ${row.n} ${row.name}`
function naive(rows: Rows): string[] {
  return rows.filter(row => row.n !== null && !rows.some(other => other.end === row.end && other.n !== null && other.n > row.n!)).map(key).sort()
}

test('the greatest rows of a window leave when it is complete, all of them on a tie', () => {
  const run = new EventRun(device, fields, steps)
  run.push([{ name: 'a', end: 10, n: 2n }, { name: 'b', end: 10, n: 3n }, { name: 'c', end: 20, n: 1n }])
  run.push([{ name: 'd', end: 10, n: 3n }, { name: 'e', end: 10, n: null }, { name: 'f', end: 30, n: null }])
  run.advance(8)
  expect(run.rows).toEqual([])
  run.advance(9)
  expect(run.rows).toEqual([{ name: 'b', end: 10, n: 3n }, { name: 'd', end: 10, n: 3n }])
  run.push([{ name: 'late', end: 10, n: 1n }])
  run.finish()
  expect(run.rows.slice(2)).toEqual([{ name: 'late', end: 10, n: 1n }, { name: 'c', end: 20, n: 1n }])
  run.close()
})

test('the result is that of a comparison with all others, whatever batches, instances and restarts', () => {
  const rows = rowsOf(5, 2_000)
  const expected = naive(rows)
  expect(expected.length).toBeGreaterThan(40)
  for (const size of [1, 7, 300, 2_000]) {
    for (const parallelism of [1, 3]) {
      const run = new EventRun(device, fields, steps, parallelism)
      for (let start = 0; start < rows.length; start += size) {
        run.push(rows.slice(start, start + size))
        run.advance(10 * Math.floor((start + size) / 200) - 2)
        if (start % 5 === 0) run.restart(1 + (start % 3))
      }
      run.finish()
      run.close()
      expect(run.rows.map(key).sort()).toEqual(expected)
    }
  }
})

test('many equal rows are kept, beaten ones are not', () => {
  const run = new EventRun(device, fields, steps)
  const row = (i: number) => ({ name: `the name of row number ${i}`, end: 10, n: BigInt(Math.floor(i / 5_000)) })
  for (let start = 0; start < 20_000; start += 1_000) run.push(Array.from({ length: 1_000 }, (_, i) => row(start + i)))
  expect(run.snapshot()[1]![0]!.bytes.length).toBeLessThan(2_000_000)
  run.finish()
  run.close()
  expect(run.rows.length).toBe(5_000)
  expect(new Set(run.rows.map(r => r.n))).toEqual(new Set([3n]))
  expect(new Set(run.rows.map(r => r.name)).size).toBe(5_000)
})

test('a value that has no whole order is refused', () => {
  const all = parseSchema({ end: 'timestamp[ms]', x: 'float64', s: 'utf8' }, 'test')
  expect(() => windowTopOperator.fields([all], { end: 'end', value: 'x' }, 'q5')).toThrow('q5: "x" is float64; the greatest is found among int32, int64 and timestamps')
  expect(() => windowTopOperator.fields([all], { end: 's', value: 'end' }, 'q5')).toThrow('q5: the time column "s" is utf8')
})
