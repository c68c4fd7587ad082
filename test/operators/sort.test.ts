import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { type SortParams, sortOperator } from '../../src/operators/sort.ts'
import { operatorHarness } from '../support/operator-harness.ts'

const by = (...keys: string[]): SortParams => ({ keys: keys.map(key => ({ column: key.replace('-', ''), descending: key.startsWith('-') })) })

describe('sort', () => {
  it('orders by several columns, keeps the order of equal rows, and puts NaN and nulls last in either direction', async () => {
    const rows = [[2, 'b'], [null, 'a'], [1, 'b'], [Number.NaN, 'a'], [2, 'a'], [2, 'b']].map(([x, s], n) => ({ x, s, n }))
    const order = async (params: SortParams) => {
      const harness = await operatorHarness(sortOperator, params, [{ x: 'float64?', s: 'utf8', n: 'int32' }])
      harness.push(rows.slice(0, 2))
      harness.push(rows.slice(2))
      harness.finish()
      return harness.close().map(row => row.n)
    }
    expect(await order(by('x'))).toEqual([2, 0, 4, 5, 3, 1])
    expect(await order(by('-x'))).toEqual([0, 4, 5, 2, 3, 1])
    expect(await order(by('s', '-x'))).toEqual([4, 3, 1, 0, 5, 2])
  })

  it('continues from a snapshot, drops hidden columns, and emits batches of bounded size', async () => {
    const chance = random(3)
    const rows = Array.from({ length: 70_000 }, () => ({ s: `a string longer than twelve bytes ${chance.int(1000)}`, n: chance.int(10) }))
    const hidden = [[{ name: '$watermark', type: { kind: 'int64' }, nullable: true }]] as const
    const first = await operatorHarness(sortOperator, by('n', '-s'), [{ s: 'utf8', n: 'int32' }], { hidden })
    first.push(rows.slice(0, 30_000))
    const runs = first.snapshot()
    first.close()
    const second = await operatorHarness(sortOperator, by('n', '-s'), [{ s: 'utf8', n: 'int32' }], { hidden })
    second.restore(runs)
    second.push(rows.slice(30_000))
    second.finish()
    expect(second.batchSizes()).toEqual([65_536, 4_464])
    expect(second.fields.map(f => f.name)).toEqual(['s', 'n'])
    expect(second.close()).toEqual(rows.toSorted((a, b) => a.n - b.n || (a.s < b.s ? 1 : a.s > b.s ? -1 : 0)))
  })

  it('emits nothing for no rows, and refuses unknown columns and no columns', async () => {
    const none = await operatorHarness(sortOperator, by('n'), [{ n: 'int32' }])
    none.finish()
    expect(none.close()).toEqual([])
    await expect(operatorHarness(sortOperator, by('m'), [{ n: 'int32' }])).rejects.toMatchObject({ code: 'NO_COLUMN' })
    await expect(operatorHarness(sortOperator, by(), [{ n: 'int32' }])).rejects.toMatchObject({ code: 'SORT_KEYS' })
  })
})
