import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { scoreRow } from '../../src/compute/logistic.ts'
import { logisticScoreOperator } from '../../src/operators/logistic-score.ts'
import { openOperator } from '../support/operator-run.ts'

const device = await createDevice({ relaxed: false })
const schema = { age: 'int32?', price: 'float64' }
const params = { features: ['price', 'age'], weights: [0.25, -0.5], intercept: 1 }

afterAll(() => expect(device.pages.used(), 'pages in use after all').toBe(0))

describe('logistic score', () => {
  it('gives the bits that scoring a single row gives, over many slices', () => {
    const opened = openOperator(device, logisticScoreOperator, schema, params)
    const rows = Array.from({ length: 3000 }, (_, i) => ({ age: i % 90, price: Math.sin(i) * 100 }))
    const out = opened.push(rows, 2500)
    const expected = rows.map(r => scoreRow(Float64Array.of(r.price, r.age, 1, 0), Float64Array.of(0.25, -0.5, 1, 0)))
    expect(out.map(r => r.probability)).toEqual(expected)
    expect(out.map(r => r.prediction)).toEqual(expected.map(p => p! > 0.5))
    opened.close()
  })

  it('is null where a feature is null or no finite number', () => {
    const opened = openOperator(device, logisticScoreOperator, schema, params)
    const out = opened.push([{ age: null, price: 1 }, { age: 1, price: Number.NaN }, { age: 2, price: 0 }])
    expect(out.map(r => r.prediction)).toEqual([null, null, false])
    expect(out.map(r => r.probability)).toEqual([null, null, 0.5])
    opened.close()
  })

  it('refuses weights that do not fit the features', () => {
    expect(() => openOperator(device, logisticScoreOperator, schema, { ...params, weights: [1] })).toThrow('logisticScore: the model has 1 weights for 2 features')
    expect(() => openOperator(device, logisticScoreOperator, schema, { ...params, features: ['price', 'agee'] })).toThrow('did you mean "age"?')
  })
})
