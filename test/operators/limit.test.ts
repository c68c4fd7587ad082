import { describe, expect, it } from 'vitest'
import { limitOperator } from '../../src/operators/limit.ts'
import { operatorHarness } from '../support/operator-harness.ts'

const rows = Array.from({ length: 300 }, (_, n) => ({ n, s: n % 7 ? `row number ${n} of three hundred` : null, b: n % 3 === 0 }))
const schema = { n: 'int32', s: 'utf8?', b: 'bool' }

describe('limit', () => {
  it('keeps the rows from offset to offset + count at any batch size', async () => {
    for (const [offset, count] of [[0, 10], [0, 0], [64, 100], [130, 1], [5, 1000], [300, 5], [1000, 1]] as const) {
      for (const batchRows of [1, 64, 100, 300]) {
        const harness = await operatorHarness(limitOperator, { offset, count }, [schema])
        for (let at = 0; at < rows.length; at += batchRows) harness.push(rows.slice(at, at + batchRows))
        harness.finish()
        expect(harness.close()).toEqual(rows.slice(offset, offset + count))
      }
    }
  })

  it('goes on counting after a restart', async () => {
    const first = await operatorHarness(limitOperator, { offset: 10, count: 100 }, [schema])
    first.push(rows.slice(0, 50))
    const runs = first.snapshot()
    const before = first.close()
    const second = await operatorHarness(limitOperator, { offset: 10, count: 100 }, [schema])
    second.restore(runs)
    second.push(rows.slice(50))
    expect([...before, ...second.close()]).toEqual(rows.slice(10, 110))
  })
})
