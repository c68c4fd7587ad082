import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines, col, from } from '../../src/index.ts'
import { evaluateBinary, load, LogisticModel, LogisticRegression, StandardScaler, StandardScalerModel } from '../../src/ml/index.ts'
import { sampleFeatures as features, sampleRows, sampleSchema as schema } from './sample-rows.ts'

const rows = sampleRows(800)
const frame = from(rows, { schema })
const model = await new LogisticRegression().fit(frame, { features, label: 'fraud' })
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-model-'))
})
afterAll(async () => {
  await rm(dir, { recursive: true, force: true })
  await closeEngines()
})

describe('LogisticModel', () => {
  it('predicts a row to the same bits as transform', async () => {
    const out = (await model.transform(frame).collect()).toArray()
    expect(out.map(({ prediction, probability }) => ({ prediction, probability }))).toEqual(rows.map(row => model.predict(row)))
    expect(out[5]).toMatchObject(rows[5]!)
  })

  it('takes bigints and bools as numbers, and gives null where it cannot know', () => {
    const row = rows[0]!
    expect(model.predict({ ...row, age: BigInt(row.age), isNew: Number(row.isNew) })).toEqual(model.predict(row))
    for (const price of [null, Number.NaN, Number.POSITIVE_INFINITY]) expect(model.predict({ ...row, price })).toEqual({ prediction: null, probability: null })
    expect(() => model.predict({ age: 1, prise: 1, ratio: 0, isNew: true })).toThrow('LogisticModel.predict: no column "price"; the input has age, prise, ratio, isNew; did you mean "prise"?')
    expect(() => model.predict({ ...row, age: '7' })).toThrow('feature "age" is string')
  })

  it('refuses frames without its features, and those that have its columns already', () => {
    expect(() => model.transform(frame.drop('age')).explain()).toThrow('LogisticModel.transform: no column "age"')
    expect(() => model.transform(model.transform(frame) as never).explain()).toThrow('the input has a column "prediction" already')
  })

  it("judges like scikit-learn's metrics", async () => {
    const scaler = await new StandardScaler({ columns: features }).fit(frame)
    const scaled = scaler.transform(frame)
    const fitted = await new LogisticRegression().fit(scaled, { features, label: 'fraud' })
    // LogisticRegression(tol=1e-12) on StandardScaler's output, of scikit-learn 1.9.1.
    const golden = [-0.5680580643376799, 2.1268611829436987, 0.192321829526963, 0.699000603175598]
    fitted.weights.forEach((w, i) => expect(w).toBeCloseTo(golden[i]!, 5))
    const evaluation = await fitted.evaluate(scaled)
    expect(evaluation.accuracy).toBe(0.78625)
    expect(evaluation.auc).toBeCloseTo(0.8632369578881207, 9)
    expect(evaluation.logLoss).toBeCloseTo(0.45511788640853523, 7)
    expect(evaluation.confusion).toEqual({ trueNegatives: 298, falsePositives: 72, falseNegatives: 99, truePositives: 331 })
    expect(evaluation.toString()).toContain('accuracy 0.7863 · auc 0.8632 · log-loss 0.4551 · 800 rows')
  })

  it('counts ties half, leaves rows without label or probability out, and refuses what is no label', async () => {
    const scored = (list: [number | null, number | null][]) => from(list.map(([label, probability]) => ({ label, probability })), { schema: { label: 'float64?', probability: 'float64?' } })
    const evaluation = await evaluateBinary(scored([[1, 0.9], [1, 0.4], [0, 0.4], [0, 0.1], [null, 0.5], [1, null], [Number.NaN, 0.5]]), 'label')
    expect(evaluation).toMatchObject({ rows: 4, skipped: 3, auc: 0.875, accuracy: 0.75 })
    expect((await evaluateBinary(scored([[1, 1], [1, 0.2]]), 'label')).auc).toBeNaN()
    await expect(evaluateBinary(scored([[1, 0.9], [4, 0.5]]), 'label')).rejects.toThrow('evaluate: label "label" is 4 in row 1')
    await expect(evaluateBinary(scored([[null, 0.9]]), 'label')).rejects.toMatchObject({ code: 'EMPTY' })
    await expect(evaluateBinary(frame as never, 'fraud')).rejects.toThrow('evaluate: no column "probability"')
  })
})

describe('saved models', () => {
  it('come back as they were', async () => {
    const path = join(dir, 'deep', 'fraud')
    await model.save(path)
    const again = await load<LogisticModel>(path)
    expect(again).toBeInstanceOf(LogisticModel)
    expect(again).toEqual(model)
    expect(rows.map(row => again.predict(row))).toEqual(rows.map(row => model.predict(row)))
    const scaler = await new StandardScaler({ columns: ['age', 'price'] }).fit(frame)
    await scaler.save(join(dir, 'scaler'))
    expect(await load(join(dir, 'scaler'))).toEqual(scaler)
  })

  it('are refused where files are missing, cut, changed or of another kind', async () => {
    const path = join(dir, 'bad')
    await expect(load(path)).rejects.toMatchObject({ code: 'DISK_MISSING' })
    await model.save(path)
    const json = await readFile(join(path, 'model.json'), 'utf8')
    const bytes = await readFile(join(path, 'weights.safetensors'))
    const refused = async (name: string, content: string | Uint8Array, message: string) => {
      await writeFile(join(path, name), content)
      await expect(load(path)).rejects.toThrow(message)
      await writeFile(join(path, 'model.json'), json)
      await writeFile(join(path, 'weights.safetensors'), bytes)
    }
    await refused('model.json', json.slice(0, 20), 'model.json is no JSON')
    await refused('model.json', '{}', 'model.json describes no model')
    await refused('model.json', json.replace('"version": 1', '"version": 9'), 'is of version 9, this Millrace reads 1')
    await refused('model.json', json.replace('logisticRegression', 'logisticRegresion'), 'is of kind "logisticRegresion" (near "logisticRegression")')
    await refused('model.json', json.replace('"age",', ''), 'has 4 values for "weights", 3 finite ones are needed')
    await refused('weights.safetensors', bytes.subarray(0, -1), 'is not the one that model.json was written with')
    await expect(load(path)).resolves.toEqual(model)
    await expect(load('')).rejects.toThrow('is no directory')
  })
})

describe('StandardScaler', () => {
  it("finds scikit-learn's means and scales, and leaves other columns alone", async () => {
    const scaler = await new StandardScaler({ columns: features }).fit(frame)
    const golden = { means: [48.43875, 1562.47491493477, 8.900633925128205e-7, 0.33125], scales: [17.240830851136494, 1661.8361524885045, 2.8907756088311426e-5, 0.4706627640891063] }
    scaler.means.forEach((mean, i) => expect(Math.abs(mean / golden.means[i]! - 1)).toBeLessThan(1e-13))
    scaler.scales.forEach((scale, i) => expect(Math.abs(scale / golden.scales[i]! - 1)).toBeLessThan(1e-13))
    const [first] = (await scaler.transform(frame).collect()).toArray()
    expect(first).toMatchObject({ weight: rows[0]!.weight, fraud: rows[0]!.fraud, age: (rows[0]!.age - scaler.means[0]!) / scaler.scales[0]! })
  })

  it('keeps nulls, does not divide constants, and says what it cannot learn from', async () => {
    const odd = from([{ x: 1, c: 0.1 }, { x: null, c: 0.1 }, { x: 4, c: 0.1 }], { schema: { x: 'int32?', c: 'float64' } })
    const scaler = await new StandardScaler({ columns: ['x', 'c'] }).fit(odd)
    expect(scaler).toMatchObject({ means: [2.5, 0.1], scales: [1.5, 1] })
    expect((await scaler.transform(odd).collect()).toArray()).toEqual([{ x: -1, c: 0 }, { x: null, c: 0 }, { x: 1, c: 0 }])
    expect(await new StandardScaler({ columns: ['x'], withMean: false, withStd: false }).fit(odd)).toEqual(new StandardScalerModel({ columns: ['x'], means: [0], scales: [1] }))
    await expect(new StandardScaler({ columns: ['x'] }).fit(odd.filter(col('c').gt(1)))).rejects.toThrow('StandardScaler.fit: column "x" has no value')
    await expect(new StandardScaler({ columns: ['y'] }).fit(odd)).rejects.toThrow('StandardScaler.fit: no column "y"')
    await expect(new StandardScaler({ columns: ['x'] }).fit(from([{ x: Number.POSITIVE_INFINITY }, { x: 1 }]))).rejects.toThrow('infinite')
    expect(() => new StandardScaler({ columns: [] })).toThrow('no columns are named')
  })
})
