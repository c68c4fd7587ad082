import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, from } from '../../src/index.ts'
import { LogisticRegression, type LogisticRegressionOptions } from '../../src/ml/index.ts'
import { sampleFeatures as features, sampleRows, sampleSchema as schema } from './sample-rows.ts'

const rows = sampleRows(800)
const frame = from(rows, { schema })
const columns = { features, label: 'fraud' } as const

afterAll(closeEngines)

function expectWeights(model: { weights: readonly number[]; intercept: number }, weights: readonly number[], intercept: number, within = 1e-6): void {
  const [actual, expected] = [[...model.weights, model.intercept], [...weights, intercept]]
  expect(actual.map((w, i) => Math.abs(w - expected[i]!) <= within * Math.max(1, Math.abs(expected[i]!))), `${actual} for ${expected}`).toEqual(expected.map(() => true))
}

describe('LogisticRegression.fit', () => {
  // Coefficients of scikit-learn 1.9.1, LogisticRegression(tol=1e-12, solver='newton-cholesky'), on the same rows.
  it.each<[string, LogisticRegressionOptions, 'weight' | undefined, number[], number]>([
    ['by default', {}, undefined, [-0.03302810846006508, 0.0013086215913343632, 0.0006771954447366869, 1.43690747847975], -0.41433066237006705],
    ['with a strong penalty and weights', { c: 0.01 }, 'weight', [-0.031706602567958014, 0.001173330874901842, 5.931920498100522e-6, 0.33335007737795946], 0.0467848366501329],
    ['without an intercept', { fitIntercept: false }, undefined, [-0.04023088416266849, 0.0012898086686587403, 0.0006935852018737374, 1.3735653461019521], 0],
    // scikit-learn can't do this one on raw features; it was fitted to standardized ones and scaled back.
    ['without a penalty', { c: Number.POSITIVE_INFINITY }, undefined, [-0.03397406148765481, 0.0013200460879770092, 6809.965957856688, 1.5180653094929812], -0.4172325322525102],
  ])('finds the coefficients of scikit-learn %s', async (_, options, weight, weights, intercept) => {
    const model = await new LogisticRegression(options).fit(frame, { ...columns, weight })
    expectWeights(model, weights, intercept)
    expect(model.summary).toMatchObject({ rows: 800, isConverged: true })
  })

  // Flink ML's ten rows and coefficients, of its LogisticRegressionTest: 20 steps, learning rate .1, reg .1, no intercept.
  it.each([
    [0, [0.484, -0.258, -0.388, -0.517]],
    [1, [0.417, -0.145, -0.312, -0.48]],
    [0.5, [0.451, -0.203, -0.351, -0.498]],
  ])("takes the steps of Flink ML's solver, elastic net %d", async (elasticNet, weights) => {
    const ten = [1, 2, 3, 4, 5, 11, 12, 13, 14, 15].map((a, i) => ({ a, b: 2, c: 3, d: 4, weight: (i % 5) + 1, label: i < 5 ? 0 : 1 }))
    const model = await new LogisticRegression({ solver: 'sgd', reg: 0.1, elasticNet, fitIntercept: false }).fit(from(ten), { features: ['a', 'b', 'c', 'd'], label: 'label', weight: 'weight' })
    expectWeights(model, weights, 0, 1e-3)
    expect(model.summary.iterations).toBe(20)
  })

  it('gives the same bits at any batch size, and when rows are read again in each pass', async () => {
    const many = from(sampleRows(20_000, 3), { schema })
    const fits = await Promise.all([{}, { batchRows: 7 * 8192 }, { batchRows: 999 }, { keepBytes: 0, batchRows: 5000 }, { keepBytes: 1_000_000 }].map(options => new LogisticRegression().fit(many, columns, options)))
    for (const model of fits.slice(1)) expect(model.weights).toEqual(fits[0]!.weights)
    const steps = await Promise.all([{ batchRows: 20_000 }, { batchRows: 10, keepBytes: 0 }].map(options => new LogisticRegression({ solver: 'sgd', batchRows: 100, maxIter: 300, tol: 0 }).fit(frame, { features: ['isNew'], label: 'fraud' }, options)))
    expect(steps[0]).toEqual(steps[1])
  })

  it('counts a row of weight 2 as two rows', async () => {
    const doubled = await new LogisticRegression().fit(from([...rows, ...rows.slice(0, 400)], { schema }), columns)
    const weighted = await new LogisticRegression().fit(from(rows.map((r, i) => ({ ...r, weight: i < 400 ? 2 : 1 })), { schema }), { ...columns, weight: 'weight' })
    expectWeights(weighted, doubled.weights, doubled.intercept, 1e-9)
  })

  it('gives back all memory', async () => {
    const { sharedEngine } = await import('../../src/engine.ts')
    const engine = await sharedEngine({})
    const before = engine.device.pages.used()
    await new LogisticRegression().fit(frame, columns)
    await expect(new LogisticRegression().fit(from([{ x: 1, y: 3 }]), { features: ['x'], label: 'y' })).rejects.toThrow('label')
    expect(engine.device.pages.used()).toBe(before)
  })
})

describe('LogisticRegression.fit refuses', () => {
  const learn = (data: object[], given: object = {}, options: LogisticRegressionOptions = {}) => new LogisticRegression(options).fit(from(data), { features: ['x'], label: 'y', ...given })
  const good = [{ x: 1, y: 1 }, { x: 2, y: 0 }]

  it('columns that are missing or of the wrong type, by name', async () => {
    await expect(learn(good, { features: ['xx'] })).rejects.toThrow('LogisticRegression.fit: no column "xx"; the input has x, y; did you mean "x"?')
    await expect(learn(good, { features: [] })).rejects.toThrow('LogisticRegression.fit: no features are named')
    await expect(learn(good, { label: undefined })).rejects.toThrow('no label column is named')
    await expect(learn([{ x: 'a', y: 1 }])).rejects.toThrow('feature "x" is utf8; features are numbers or bools')
    await expect(learn([{ x: 1, y: 'yes' }])).rejects.toThrow('label "y" is utf8')
    await expect(new LogisticRegression().fit([] as never, { features: ['x'], label: 'y' })).rejects.toThrow('object given; give a frame')
  })

  it('values that cannot be learned from, by row', async () => {
    await expect(learn([...good, { x: Number.NaN, y: 1 }])).rejects.toThrow('LogisticRegression.fit: feature "x" is null or NaN in row 2; it must be a finite number')
    await expect(learn([...good, { x: null, y: 1 }])).rejects.toThrow('feature "x" is null or NaN in row 2')
    await expect(learn([{ x: Number.NEGATIVE_INFINITY, y: 1 }])).rejects.toThrow('feature "x" is -Infinity in row 0')
    await expect(learn([...good, { x: 1, y: 2 }])).rejects.toThrow('label "y" is 2 in row 2; it must be true, false, 0 or 1')
    await expect(learn([...good, { x: 1, y: null }])).rejects.toThrow('label "y" is null or NaN in row 2')
    await expect(learn(good.map(r => ({ ...r, w: -1 })), { weight: 'w' })).rejects.toThrow('weight "w" is -1 in row 0; it must be a finite number from 0')
  })

  it('frames that are empty, of one class, or of dependent features without a penalty', async () => {
    await expect(new LogisticRegression().fit(from([], { schema: { x: 'float64', y: 'bool' } }), { features: ['x'], label: 'y' })).rejects.toMatchObject({ code: 'EMPTY', message: expect.stringContaining('no rows') })
    await expect(learn([{ x: 1, y: 1 }, { x: 2, y: 1 }])).rejects.toMatchObject({ code: 'ONE_CLASS', message: expect.stringContaining('label "y" is true (1) in all 2 rows') })
    const dependent = rows.map(r => ({ x: r.age, z: 2 * r.age, y: r.fraud }))
    await expect(learn(dependent, { features: ['x', 'z'] }, { c: Number.POSITIVE_INFINITY })).rejects.toMatchObject({ code: 'SINGULAR' })
    await expect(learn(dependent, { features: ['x', 'z'] })).resolves.toBeDefined()
  })

  it('options that make no sense, by name', () => {
    expect(() => new LogisticRegression({ c: 0 })).toThrow('LogisticRegression: c is 0; it must be above 0')
    expect(() => new LogisticRegression({ elasticNet: 2 })).toThrow('elasticNet is 2; it must be from 0 to 1')
    expect(() => new LogisticRegression({ maxIter: 1.5 })).toThrow('a whole number from 1')
    expect(() => new LogisticRegression({ solver: 'lbfgs' as never })).toThrow('solver is lbfgs; it is one of newton, sgd')
    expect(() => new LogisticRegression({ alfa: 1 } as never)).toThrow('no option "alfa"; did you mean "alpha"?')
  })
})

describe('LogisticRegression.fitStream', () => {
  const stream = () => new LogisticRegression({ online: 'ftrl', alpha: 0.5, standardize: true }).fitStream(frame, columns)

  it('scores each row before it learns from it, and gets better', async () => {
    const table = await stream().score(frame).collect()
    const out = table.toArray()
    expect(out).toHaveLength(800)
    expect(out[0]).toMatchObject({ ...rows[0], prediction: false, probability: 0.5, model_version: 0n })
    expect(out[799]!.model_version).toBe(799n)
    const hits = (part: typeof out) => part.filter(r => r.prediction === r.fraud).length / part.length
    // scikit-learn's accuracy on the rows it was fitted to is .786.
    expect(hits(out.slice(200))).toBeGreaterThan(0.75)
  })

  it('gives the same rows at any batch size and with workers', async () => {
    const whole = (await stream().frame.collect()).toArray()
    expect((await stream().frame.collect({ batchRows: 7 } as never)).toArray()).toEqual(whole)
    expect((await stream().frame.collect({ workers: 1 })).toArray()).toEqual(whole)
  })

  it('refuses to score another stream, and columns that are not there', async () => {
    expect(() => stream().score(from(rows, { schema }))).toThrow('another frame than the one it learns from')
    // @ts-expect-error: no such column
    expect(() => new LogisticRegression().fitStream(frame, { features: ['agee'], label: 'fraud' }).frame.explain()).toThrow('LogisticRegression.fitStream: no column "agee"')
  })
})
