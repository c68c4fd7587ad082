// The online learner FTRL-proximal for logistic regression: a model in memory of its own that scores rows and learns from them one by one,
// in order, so that how rows are batched never shows. Method: McMahan et al., Ad Click Prediction (2013).
import { allocateColumn, type Column } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { allocateProbabilities, packColumn, packRows, strideOf } from './logistic.ts'
import { OwnedMemory } from './owned-memory.ts'

/** How the learner learns. alpha: step size; beta: smooths the first steps; l1, l2: pull weights to 0; the intercept is free. */
export interface FtrlOptions {
  readonly alpha: number
  readonly beta: number
  readonly l1: number
  readonly l2: number
  /** Features are taken by their mean and deviation (of the whole population) over the rows learned so far; 0 before the first. */
  readonly standardize: boolean
  readonly intercept: boolean
  /** False: the model stays as it is. */
  readonly learn: boolean
}

/** The model as plain numbers, a value per feature and then, with an intercept, the intercept's. */
export interface FtrlModel {
  /** Rows learned from. */
  readonly version: number
  readonly weights: Float64Array
  readonly z: Float64Array
  readonly n: Float64Array
  readonly means: Float64Array
  /** Sums of squared deviations from the mean. */
  readonly squares: Float64Array
}

const sliceRows = 1024
const headerValues = 4
const parts = ['weights', 'z', 'n', 'means', 'squares'] as const

/** A model of `width` features. Owned by one thread; `close` gives its memory back. */
export class FtrlLearner {
  readonly #device: Device
  readonly #options: FtrlOptions
  readonly #memory: OwnedMemory
  readonly #width: number
  readonly #stride: number
  readonly #state: number
  readonly #numbers: number
  readonly #rows: number
  readonly #labels: number

  constructor(device: Device, width: number, options: FtrlOptions) {
    this.#device = device
    this.#options = options
    this.#width = width
    this.#stride = strideOf(width, options.intercept)
    this.#memory = new OwnedMemory(device)
    this.#state = this.#memory.allocateZeroed(8 * (headerValues + (parts.length + 1) * this.#stride))
    this.#rows = this.#memory.allocate(8 * sliceRows * this.#stride)
    this.#labels = this.#memory.allocate(8 * sliceRows)
    this.#numbers = this.#memory.allocate(8 * 6)
    const { alpha, beta, l1, l2, standardize, learn } = options
    device.memory.float64s(this.#numbers, 6).set([alpha, beta, l1, l2, Number(standardize), Number(learn)])
  }

  /** Rows learned from. */
  get version(): number {
    return this.#device.memory.float64s(this.#state, 1)[0]!
  }

  /**
   * Takes the rows in order: each is scored by the model as it was before it, then learned from. `labels` are 0, 1, or null and NaN where unknown.
   * `features` (`width` of them) and `labels` are float64. Results in `arena`: `probability` is null where a feature is null, NaN, infinite
   * or above 1e100 in size; `version` counts the rows learned before; `unlearned` the rows that taught nothing. Cost: bench/README.md.
   */
  run(arena: Arena, features: readonly Column[], labels: Column | undefined, rowCount: number): { probability: Column; version: Column; unlearned: number } {
    const { kernels, memory } = this.#device
    const { intercept } = this.#options
    const probability = allocateProbabilities(arena, rowCount)
    const version = allocateColumn(arena, int64, rowCount)
    let unlearned = 0
    for (let start = 0; start < rowCount; start += sliceRows) {
      const rows = Math.min(sliceRows, rowCount - start)
      packRows(this.#device, features, start, rows, intercept, this.#rows)
      if (labels) packColumn(this.#device, labels, start, rows, 1, this.#labels)
      else memory.float64s(this.#labels, rows).fill(Number.NaN)
      const out = [probability.values + 8 * start, probability.validity + start / 8, version.values + 8 * start] as const
      unlearned += kernels.learnFtrlF64(this.#rows, this.#labels, rows, this.#stride, intercept ? this.#width : -1, this.#numbers, this.#state, ...out)
    }
    return { probability, version, unlearned }
  }

  /** A copy of the model. */
  model(): FtrlModel {
    const width = this.#width + (this.#options.intercept ? 1 : 0)
    const part = (index: number) => this.#part(index).slice(0, width)
    return { version: this.version, weights: part(0), z: part(1), n: part(2), means: part(3), squares: part(4) }
  }

  /** Goes on from `model`, which has this learner's width. */
  load(model: FtrlModel): void {
    this.#device.memory.float64s(this.#state, 1)[0] = model.version
    parts.forEach((name, index) => this.#part(index).fill(0).set(model[name]))
  }

  /**
   * Starts from given weights (features, then the intercept) as if no row had been seen: z is what makes FTRL-proximal compute them.
   * The learning rate starts afresh too, so early rows move them as far as they would move zeros.
   */
  start(weights: Float64Array, version: number): void {
    const { alpha, beta, l1, l2, intercept } = this.#options
    const z = weights.map((w, i) => {
      const isFree = intercept && i === this.#width
      return -(w * (beta / alpha + (isFree ? 0 : l2))) - (isFree ? 0 : Math.sign(w) * l1)
    })
    const zeros = new Float64Array(weights.length)
    this.load({ version, weights, z, n: zeros, means: zeros, squares: zeros })
  }

  #part(index: number): Float64Array {
    return this.#device.memory.float64s(this.#state + 8 * (headerValues + index * this.#stride), this.#stride)
  }

  close(): void {
    this.#memory.close()
  }
}
