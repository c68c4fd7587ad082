import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { onlineLogisticOperator, type OnlineLogisticParams, optionsOf } from '../../src/operators/online-logistic.ts'
import { expectNear, plainFtrl } from '../compute/reference/logistic.ts'
import { openOperator } from '../support/operator-run.ts'

const device = await createDevice({ relaxed: false })
const schema = { id: 'int32', price: 'float64?', count: 'int64', isNew: 'bool', clicked: 'bool?' }
const params: OnlineLogisticParams = { features: ['price', 'count', 'isNew'], label: 'clicked', alpha: 0.5, standardize: true }

// clicked ⇔ price/1000 + count > 1.2, with a few unknown labels and features; prices are a thousand times the counts.
function rowsOf(length: number, seed = 5) {
  const chance = random(seed)
  return Array.from({ length }, (_, id) => {
    const [price, count] = [chance.float() * 1000, chance.int(3)]
    const odd = chance.int(40)
    return {
      id,
      price: odd === 0 ? null : odd === 1 ? Number.NaN : price,
      count,
      isNew: chance.int(2) === 1,
      clicked: odd === 2 ? null : price / 1000 + count > 1.2,
    }
  })
}

function run(rows: ReturnType<typeof rowsOf>, batchRows: number, given = params) {
  const opened = openOperator(device, onlineLogisticOperator, schema, given)
  const out = opened.push(rows, batchRows)
  const state = opened.snapshot().map(s => Buffer.from(s.bytes).toString('base64'))
  opened.close()
  return { out, state, counts: opened.counts }
}

afterAll(() => expect(device.pages.used(), 'pages in use after all').toBe(0))

describe('online logistic', () => {
  const rows = rowsOf(5000)
  const whole = run(rows, 5000)

  it('gives the same bits however rows are batched', () => {
    for (const batchRows of [1, 7, 1024]) {
      const other = run(rows, batchRows)
      expect(other.out).toEqual(whole.out)
      expect(other.state).toEqual(whole.state)
      expect(other.counts).toEqual(whole.counts)
    }
  })

  it('gives the same bits on both binaries', async ctx => {
    const relaxed = await createDevice({ relaxed: true }).catch(() => undefined)
    if (!relaxed) return ctx.skip('no relaxed SIMD here')
    const opened = openOperator(relaxed, onlineLogisticOperator, schema, params)
    expect(opened.push(rows, 100)).toEqual(whole.out)
    opened.close()
  })

  it('goes on from a snapshot as if it had never stopped, wherever it was cut', () => {
    for (const cut of [0, 1, 63, 1500, 5000]) {
      const first = openOperator(device, onlineLogisticOperator, schema, params)
      const before = first.push(rows.slice(0, cut), 100)
      const runs = first.snapshot()
      first.close()
      const second = openOperator(device, onlineLogisticOperator, schema, params, runs)
      expect([...before, ...second.push(rows.slice(cut), 333)]).toEqual(whole.out)
      expect(second.snapshot().map(s => Buffer.from(s.bytes).toString('base64'))).toEqual(whole.state)
      second.close()
    }
  })

  it('agrees with FTRL as the paper writes it', () => {
    const features = rows.map(r => [r.price, r.count, Number(r.isNew)])
    const labels = rows.map(r => (r.clicked === null ? null : Number(r.clicked)))
    const plain = plainFtrl(features, labels, { ...optionsOf(params) })
    expectNear(whole.out.map(r => r.probability), plain.probabilities)
    expect(whole.out.map(r => Number(r.model_version))).toEqual(plain.versions)
    expect(whole.counts).toEqual({ unlearnedRows: plain.unlearned })
  })

  it('scores a row by what it learned from the rows before: the first is a coin toss, the rest mostly right', () => {
    expect(whole.out[0]).toMatchObject({ id: 0, probability: 0.5, prediction: false, model_version: 0n })
    const late = whole.out.slice(2000).filter(r => r.prediction !== null && r.clicked !== null)
    const hits = late.filter(r => r.prediction === r.clicked).length
    expect(hits / late.length).toBeGreaterThan(0.97)
  })

  it('knows nothing of rows with a null, NaN, infinite or huge feature, and learns nothing from them', () => {
    const opened = openOperator(device, onlineLogisticOperator, schema, { ...params, standardize: false })
    const good = { id: 0, price: 1, count: 1, isNew: true, clicked: true }
    const out = opened.push([good, { ...good, price: null }, { ...good, price: Number.NaN }, { ...good, price: Number.NEGATIVE_INFINITY }, { ...good, price: 1e200 }, { ...good, clicked: null }, good])
    expect(out.map(r => r.model_version)).toEqual([0n, 1n, 1n, 1n, 1n, 1n, 1n])
    expect(out.map(r => r.prediction)).toEqual([false, null, null, null, null, true, true])
    expect(out.slice(1, 5).map(r => r.probability)).toEqual([null, null, null, null])
    expect(out[5]!.probability).toBe(out[6]!.probability)
    expect(opened.counts).toEqual({ unlearnedRows: 5 })
    opened.close()
  })

  it('stays finite on the largest features it takes', () => {
    const opened = openOperator(device, onlineLogisticOperator, schema, params)
    const out = opened.push(Array.from({ length: 50 }, (_, i) => ({ id: i, price: i % 2 === 0 ? 1e100 : -1e100, count: 0, isNew: true, clicked: i % 3 === 0 })))
    expect(out.every(r => Number.isFinite(r.probability))).toBe(true)
    opened.close()
  })

  it('pulls weights of noise to exactly 0 by l1', () => {
    const opened = openOperator(device, onlineLogisticOperator, { x: 'float64', noise: 'float64', y: 'int32' }, { features: ['x', 'noise'], label: 'y', l1: 60 })
    const chance = random(3)
    opened.push(Array.from({ length: 3000 }, () => {
      const x = chance.float() - 0.5
      return { x, noise: chance.float() - 0.5, y: Number(x > 0) }
    }))
    const again = openOperator(device, onlineLogisticOperator, { x: 'float64', noise: 'float64' }, { features: ['x', 'noise'], learn: false, l1: 60 }, opened.snapshot())
    const [neutral, noisy, telling] = again.push([{ x: 0, noise: 0 }, { x: 0, noise: 9 }, { x: 9, noise: 0 }])
    expect(noisy!.probability).toBe(neutral!.probability)
    expect(telling!.probability).toBeGreaterThan(0.9)
    opened.close()
    again.close()
  })

  it('starts from a model, and leaves it as it is with learn: false', () => {
    const model = { weights: [2, -1, 0], intercept: 0.5, version: 10 }
    const opened = openOperator(device, onlineLogisticOperator, schema, { features: params.features, learn: false, model })
    const out = opened.push([{ id: 0, price: 1, count: 1, isNew: false, clicked: true }, { id: 1, price: 0, count: 4, isNew: true, clicked: null }])
    expectNear(out.map(r => r.probability), [1.5, -3.5].map(s => 1 / (1 + Math.exp(-s))), 1e-15)
    expect(out.map(r => r.model_version)).toEqual([10n, 10n])
    expect(opened.counts).toEqual({})
    opened.close()
    const learning = openOperator(device, onlineLogisticOperator, schema, { features: params.features, label: 'clicked', l1: 0.5, l2: 2, model })
    const [first, second] = learning.push([{ id: 0, price: 0, count: 1, isNew: false, clicked: true }, { id: 1, price: 1, count: 0, isNew: false, clicked: true }])
    expectNear(first!.probability, 1 / (1 + Math.exp(0.5)), 1e-15)
    // The second row's price had no part in the first update: its weight is still 2, and the intercept has grown.
    expect(second!.probability).toBeGreaterThan(1 / (1 + Math.exp(-2.5)))
    learning.close()
  })

  it('passes rows on unchanged with score: false, learning all the same', () => {
    const opened = openOperator(device, onlineLogisticOperator, schema, { ...params, score: false })
    expect(opened.push(rows, 100)).toEqual(rows.map(r => ({ ...r, count: BigInt(r.count) })))
    expect(opened.snapshot().map(s => Buffer.from(s.bytes).toString('base64'))).toEqual(whole.state)
    opened.close()
  })
})

describe('online logistic refuses', () => {
  const open = (given: Partial<OnlineLogisticParams>, input: Record<string, string> = schema) => () => openOperator(device, onlineLogisticOperator, input, { ...params, ...given } as OnlineLogisticParams)

  it('columns that are missing, of the wrong type, or named twice', () => {
    expect(open({ features: ['prise'] })).toThrow('onlineLogistic: no column "prise"; the input has id, price, count, isNew, clicked; did you mean "price"?')
    expect(open({ features: ['name'] }, { ...schema, name: 'utf8' })).toThrow('feature "name" is utf8; features are numbers or bools')
    expect(open({ label: 'name' }, { ...schema, name: 'utf8' })).toThrow('label "name" is utf8')
    expect(open({ features: ['price', 'price'] })).toThrow('"price" is named twice')
    expect(open({ features: [] })).toThrow('no features are named')
    expect(open({ label: undefined })).toThrow('no label column is named')
    expect(open({}, { ...schema, probability: 'float64' })).toThrow('has a column "probability" already')
  })

  it('settings that cannot learn, and models of another width', () => {
    expect(open({ alpha: 0 })).toThrow('alpha is 0; give a number above 0')
    expect(open({ l2: Number.NaN })).toThrow('l2 is NaN')
    expect(open({ standardize: false, model: { weights: [1], intercept: 0 } })).toThrow('the model has 1 weights for 3 features')
    expect(open({ model: { weights: [1, 2, 3], intercept: 0 } })).toThrow('standardize: true')
  })

  it('labels that are neither 0 nor 1, naming the row', () => {
    const opened = openOperator(device, onlineLogisticOperator, { x: 'float64', y: 'int32?' }, { features: ['x'], label: 'y' })
    expect(() => opened.push([{ x: 1, y: 1 }, { x: 1, y: null }, { x: 1, y: 3 }])).toThrow('onlineLogistic: label "y" is 3 in row 2 of a batch; a label is a bool, 0 or 1')
    opened.close()
  })

  it('the state of other features', () => {
    const saved = openOperator(device, onlineLogisticOperator, schema, params)
    const runs = saved.snapshot()
    saved.close()
    const other = openOperator(device, onlineLogisticOperator, schema, { ...params, features: ['count', 'price', 'isNew'] })
    expect(() => other.operator.restore!(runs)).toThrow('the saved model has the features price, count, isNew, intercept; the job has count, price, isNew, intercept')
    other.close()
  })
})
