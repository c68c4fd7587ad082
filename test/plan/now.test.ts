import { describe, expect, it } from 'vitest'
import { fixNow } from '../../src/plan/now.ts'
import { col } from '../../src/frame/expr.ts'
import { from, make } from '../../src/index.ts'

describe('now()', () => {
  it('becomes one time in a plan, and leaves plans without it as they are', () => {
    const call = { kind: 'call', fn: 'now', args: [] }
    const plan = { nodes: [{ params: { columns: { a: call, b: { kind: 'call', fn: 'sub', args: [call, { kind: 'column', name: 'now' }] } } } }] }
    const time = { kind: 'literal', value: { as: 'timestamp[ms]', text: '1970-01-01T00:00:00.005Z' } }
    expect(fixNow(plan, 5)).toEqual({ nodes: [{ params: { columns: { a: time, b: { kind: 'call', fn: 'sub', args: [time, { kind: 'column', name: 'now' }] } } } }] })
    const other = { nodes: [{ params: { name: 'now', list: [1, null, 'x'] } }] }
    expect(fixNow(other, 5)).toBe(other)
  })

  it('is the same in all rows of a job', async () => {
    const before = Date.now()
    const rows = await from([{ a: 1 }, { a: 2 }, { a: 3 }], { schema: { a: 'int32' } })
      .with({ at: make.now(), age: make.now().sub(new Date(0)), list: make.list(col('a'), 7), both: make.struct({ a: col('a') }).toJson() })
      .collect()
    const after = Date.now()
    const times = [...rows].map(row => row.at)
    expect(new Set(times).size).toBe(1)
    expect(times[0]).toBeGreaterThanOrEqual(before)
    expect(times[0]).toBeLessThanOrEqual(after)
    expect([...rows].map(row => [row.age === row.at, row.list, row.both])).toEqual([1, 2, 3].map(a => [true, [a, 7], `{"a":${a}}`]))
  })
})
