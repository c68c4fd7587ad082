// Logistic regression, plainly: scores, gradient, Gram matrix, and FTRL-proximal row by row. And their entries in the catalogue.
import { expect } from 'vitest'
import { float64 } from '../../../src/batch/data-type.ts'
import { FtrlLearner, type FtrlOptions } from '../../../src/compute/ftrl.ts'
import { addGradient, addGram, allocateProbabilities, findBadLabel, findUnusable, gradientBytes, packColumn, packRows, scoreRow, scoreRows, strideOf } from '../../../src/compute/logistic.ts'
import type { Random } from '../../../src/base/random.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { columnOf, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

type Feature = number | null
type FeatureRow = readonly Feature[]

const sigmoid = (score: number) => 1 / (1 + Math.exp(-score))
const isUsable = (row: FeatureRow): row is readonly number[] => row.every(x => x !== null && Math.abs(x) <= 1e100)
const withOne = (row: readonly number[], intercept: boolean) => (intercept ? [...row, 1] : row)
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

/** What an online learner knows after some rows. */
export interface PlainFtrl {
  weights: number[]
  z: number[]
  n: number[]
  means: number[]
  squares: number[]
  version: number
}

/** FTRL-proximal as the paper states it, with running standardisation: predict, then update. Gives a probability (null) and a version per row. */
export function plainFtrl(rows: readonly FeatureRow[], labels: readonly Feature[], options: FtrlOptions): { model: PlainFtrl; probabilities: (number | null)[]; versions: number[]; unlearned: number } {
  const width = (rows[0]?.length ?? 0) + (options.intercept ? 1 : 0)
  const zeros = () => Array<number>(width).fill(0)
  const model: PlainFtrl = { weights: zeros(), z: zeros(), n: zeros(), means: zeros(), squares: zeros(), version: 0 }
  const isFree = (i: number) => options.intercept && i === width - 1
  const probabilities: (number | null)[] = []
  const versions: number[] = []
  let unlearned = 0
  rows.forEach((row, at) => {
    versions.push(model.version)
    const label = labels[at]
    const features = isUsable(row) ? withOne(row, options.intercept) : undefined
    const deviation = (i: number) => (model.version > 0 ? Math.sqrt(model.squares[i]! / model.version) : 0)
    const x = features?.map((v, i) => (isFree(i) || !options.standardize ? v : deviation(i) > 0 ? (v - model.means[i]!) / deviation(i) : 0))
    const p = x ? sigmoid(dot(x, model.weights)) : null
    probabilities.push(p)
    if (!options.learn || p === null || label === null || label === undefined || Number.isNaN(label)) {
      unlearned++
      return
    }
    model.version++
    x!.forEach((v, i) => {
      const g = (p - label) * v
      const sigma = (Math.sqrt(model.n[i]! + g * g) - Math.sqrt(model.n[i]!)) / options.alpha
      model.z[i]! += g - sigma * model.weights[i]!
      model.n[i]! += g * g
      const [l1, l2] = isFree(i) ? [0, 0] : [options.l1, options.l2]
      const z = model.z[i]!
      model.weights[i] = Math.abs(z) <= l1 ? 0 : -(z - Math.sign(z) * l1) / ((options.beta + Math.sqrt(model.n[i]!)) / options.alpha + l2)
    })
    if (options.standardize) {
      features!.forEach((v, i) => {
        const before = model.means[i]!
        model.means[i]! += (v - before) / model.version
        model.squares[i]! += (v - before) * (v - model.means[i]!)
      })
    }
  })
  return { model, probabilities, versions, unlearned }
}

/** Within 1e-12 of the larger, or of 1; nulls and NaN as they are. */
export function expectNear(actual: unknown, expected: unknown, tolerance = 1e-12, path = ''): void {
  if (typeof expected === 'number' && typeof actual === 'number' && !Number.isNaN(expected)) {
    if (!(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)))) expect(actual, path).toBe(expected)
  } else if (typeof expected === 'object' && expected !== null) {
    expect(Object.keys(actual as object), path).toEqual(Object.keys(expected))
    for (const [key, value] of Object.entries(expected)) expectNear((actual as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`)
  } else expect(actual, path).toEqual(expected)
}

interface Sample {
  readonly rows: FeatureRow[]
  readonly width: number
  readonly labels: Feature[]
  readonly rowWeights: number[] | undefined
  readonly model: number[]
  readonly options: FtrlOptions
}

function sample(random: Random, length: number, shape: Shape): Sample {
  const width = random.int(10)
  const odd = [0, -0, null, Number.NaN, Number.POSITIVE_INFINITY, 1e101, 1e3, -1.5, 5e-324]
  const value = (): Feature => {
    if (shape === 'extreme' && random.int(4) === 0) return odd[random.int(odd.length)]!
    if (shape === 'allNull' || (shape === 'nulls' && random.int(9) === 0)) return null
    return shape === 'few' ? random.int(3) - 1 : (random.float() - 0.5) * 4
  }
  const rows = Array.from({ length }, () => Array.from({ length: width }, value))
  const labels = rows.map(row => (shape === 'nulls' && random.int(5) === 0 ? null : Number(dot(row.map(x => (x !== null && Math.abs(x) < 1e4 ? x : 0)), row.map(() => 1)) + random.float() > 0.5)))
  const flag = () => random.int(2) === 1
  const options = { alpha: 0.05 + random.float(), beta: 1, l1: flag() ? 0.3 : 0, l2: flag() ? 0.5 : 0, standardize: flag(), intercept: flag(), learn: random.int(5) > 0 }
  return { rows, width, labels, rowWeights: flag() ? rows.map(() => random.float()) : undefined, model: Array.from({ length: width + 1 }, () => random.float() - 0.5), options }
}

function columns(device: Device, arena: Arena, { rows, width }: Sample) {
  return Array.from({ length: width }, (_, i) => columnOf(device, arena, float64, rows.map(row => row[i]!)))
}

function doubles(device: Device, arena: Arena, values: readonly number[], count = values.length): number {
  const address = arena.allocateZeroed(8 * count)
  device.memory.float64s(address, values.length).set(values)
  return address
}

const numbers = (values: Iterable<number>) => Array.from(values, x => x)

const score = agreement({
  stem: 'logistic',
  kernels: ['packFeatureF64', 'fillFeatureF64', 'scoreLogisticF64', 'findUnusableF64', 'findBadLabelF64'],
  sample,
  reference: ({ rows, labels, model, options }) => ({
    probabilities: rows.map(row => (isUsable(row) ? sigmoid(dot(withOne(row, options.intercept), model)) : null)),
    unusable: rows.flatMap(row => (options.intercept ? [...row, 1] : row)).findIndex(x => !isUsable([x])),
    badLabel: labels.findIndex(label => label !== null && label !== 0 && label !== 1),
    badTwo: labels.length,
    sameAsRow: true,
  }),
  compute(device, arena, input) {
    const { rows, width, labels, model, options } = input
    const stride = strideOf(width, options.intercept)
    const weights = doubles(device, arena, options.intercept ? model : model.slice(0, width), stride)
    const out = allocateProbabilities(arena, rows.length)
    const packed = packRows(device, columns(device, arena, input), 0, rows.length, options.intercept, arena.allocate(8 * stride * rows.length))
    scoreRows(device, packed, weights, out, 0)
    const x = device.memory.float64s(packed.x, stride * rows.length)
    const dense = numbers(x.filter((_, i) => i % stride < width + Number(options.intercept)))
    const probabilities = valuesOf(device, out)
    const labelsAt = arena.allocate(8 * (rows.length + 1))
    packColumn(device, columnOf(device, arena, float64, labels), 0, rows.length, 1, labelsAt)
    const badLabel = findBadLabel(device, labelsAt, rows.length)
    device.memory.float64s(labelsAt, rows.length + 1)[rows.length] = 2
    const weightsHere = device.memory.float64s(weights, stride)
    return {
      probabilities,
      unusable: findUnusable(device, doubles(device, arena, dense), dense.length),
      badLabel,
      badTwo: findBadLabel(device, labelsAt, rows.length + 1),
      // Plain TypeScript scores a single row to the same bits.
      sameAsRow: rows.every((_, row) => scoreRow(x.slice(row * stride, (row + 1) * stride), weightsHere) === probabilities[row]),
    }
  },
  compare: (actual, expected) => expectNear(actual, expected),
})

const gradient = agreement({
  stem: 'logistic',
  kernels: ['addLogisticGradientF64', 'addGramF64'],
  sample: (random, length, shape) => {
    const drawn = sample(random, length, shape)
    const rows = drawn.rows.map(row => row.map(x => (x !== null && Math.abs(x) < 1e4 ? x : 0)))
    return { ...drawn, rows, labels: drawn.labels.map(label => label ?? 0) }
  },
  reference({ rows, width, labels, rowWeights, model, options }) {
    const size = width + Number(options.intercept)
    const result = { loss: 0, weight: 0, gradient: Array<number>(size).fill(0), gram: Array.from({ length: size }, (_, i) => Array<number>(size - i).fill(0)) }
    rows.forEach((row, at) => {
      const x = withOne(row, options.intercept)
      const weight = rowWeights ? rowWeights[at]! : 1
      const p = sigmoid(dot(x, model))
      result.loss -= weight * Math.log(labels[at] === 1 ? p : 1 - p)
      result.weight += weight
      x.forEach((v, i) => {
        result.gradient[i]! += weight * (p - labels[at]!) * v
        for (let j = i; j < size; j++) result.gram[i]![j - i]! += weight * p * (1 - p) * v * x[j]!
      })
    })
    return result
  },
  compute(device, arena, input) {
    const { rows, width, labels, rowWeights, model, options } = input
    const size = width + Number(options.intercept)
    const stride = strideOf(width, options.intercept)
    const out = arena.allocateZeroed(gradientBytes(stride))
    const gram = arena.allocateZeroed(8 * stride * stride)
    const curvature = arena.allocate(8 * rows.length)
    const packed = packRows(device, columns(device, arena, input), 0, rows.length, options.intercept, arena.allocate(8 * stride * rows.length))
    const labelled = { ...packed, labels: doubles(device, arena, labels as number[]), weights: rowWeights ? doubles(device, arena, rowWeights) : 0 }
    addGradient(device, labelled, doubles(device, arena, model.slice(0, size), stride), out, curvature)
    addGram(device, packed, curvature, gram)
    const sums = device.memory.float64s(out, 2 + size)
    const matrix = device.memory.float64s(gram, stride * stride)
    return { loss: sums[0]!, weight: sums[1]!, gradient: numbers(sums.subarray(2)), gram: Array.from({ length: size }, (_, i) => numbers(matrix.subarray(i * stride + i, i * stride + size))) }
  },
  compare: (actual, expected) => expectNear(actual, expected, 1e-10),
})

const ftrl = agreement({
  stem: 'logistic',
  kernels: ['learnFtrlF64'],
  sample,
  reference: ({ rows, labels, options, width }) => {
    const { model, ...rest } = plainFtrl(rows.length === 0 ? [] : rows, labels, options)
    const size = width + Number(options.intercept)
    const part = (values: number[]) => (rows.length === 0 ? Array<number>(size).fill(0) : values)
    return { weights: part(model.weights), z: part(model.z), n: part(model.n), version: model.version, ...rest }
  },
  compute(device, arena, input) {
    const learner = new FtrlLearner(device, input.width, input.options)
    try {
      const labels = columnOf(device, arena, float64, input.labels)
      const { probability, version, unlearned } = learner.run(arena, columns(device, arena, input), labels, input.rows.length)
      const model = learner.model()
      const parts = { weights: numbers(model.weights), z: numbers(model.z), n: numbers(model.n), version: model.version }
      return { ...parts, probabilities: valuesOf(device, probability) as (number | null)[], versions: valuesOf(device, version).map(Number), unlearned }
    } finally {
      learner.close()
    }
  },
  compare: (actual, expected) => expectNear(actual, expected),
})

export const logisticAgreements = [score, gradient, ftrl]
