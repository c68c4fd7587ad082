import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, from } from '../../src/index.ts'
import { trainTestSplit } from '../../src/ml/index.ts'

afterAll(closeEngines)

const frame = from({ id: Int32Array.from({ length: 5000 }, (_, i) => i) })
const ids = async (part: typeof frame, options = {}) => (await part.collect(options)).toArray().map(r => r.id as number)

describe('trainTestSplit', () => {
  it('puts each row into exactly one side, by the seed, at any batch size', async () => {
    const [train, test] = trainTestSplit(frame, { test: 0.2, seed: 7 })
    const [left, right] = [await ids(train), await ids(test)]
    expect([...left, ...right].sort((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, i) => i))
    expect(Math.abs(right.length - 1000)).toBeLessThan(120)
    expect(await ids(test, { batchRows: 13 })).toEqual(right)
    expect(await ids(trainTestSplit(frame, { test: 0.2, seed: 8 })[1])).not.toEqual(right)
  })

  it('refuses shares and seeds that make no split', () => {
    expect(() => trainTestSplit(frame, { test: 1 })).toThrow('trainTestSplit: test is 1; give the share of rows to hold back')
    expect(() => trainTestSplit(frame, { seed: 0.5 })).toThrow('the seed is 0.5')
  })
})
