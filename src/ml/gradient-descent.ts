// Logistic regression by gradient descent on mini-batches in the rows' order, with an elastic net applied after each step: the solver, the steps and
// the defaults of Flink ML's LogisticRegression.
import { addGradient, gradientBytes } from '../compute/logistic.ts'
import type { Fit, TrainingChunk, TrainingRows } from './training-rows.ts'

/** How to descend. `elasticNet`: the share of `reg` that goes to |weights|, the rest to weights². The weight at `free` (-1: none) is not pulled. */
export interface DescentOptions {
  readonly learningRate: number
  readonly reg: number
  readonly elasticNet: number
  readonly free: number
  /** Mini-batches to go through; the rows are begun again as often as needed. */
  readonly iterationsMax: number
  /** Stops when the mean loss of a mini-batch changes by less than this. */
  readonly tolerance: number
}

/** The weights after the last step, `stride` of them. Cost: one gradient of a mini-batch per step. */
export async function fitDescent(rows: TrainingRows, options: DescentOptions): Promise<Fit> {
  const weights = new Float64Array(rows.stride)
  let iterations = 0
  let loss = Number.POSITIVE_INFINITY
  let isConverged = false
  while (!isConverged && iterations < options.iterationsMax) {
    for await (const chunk of rows.pass()) {
      const isDone = isConverged || iterations === options.iterationsMax
      if (isDone && rows.isChecked) break
      // The first pass goes through all rows in any case, since it checks them.
      if (isDone) continue
      const before = loss
      loss = step(chunk, weights, options)
      iterations++
      isConverged = Math.abs(before - loss) < options.tolerance
    }
  }
  return { weights, loss, iterations, isConverged }
}

function step(chunk: TrainingChunk, weights: Float64Array, { learningRate, reg, elasticNet, free }: DescentOptions): number {
  const { device, stride } = chunk
  const arena = device.arena()
  try {
    const model = arena.allocate(8 * stride)
    const out = arena.allocateZeroed(gradientBytes(stride))
    device.memory.float64s(model, stride).set(weights)
    addGradient(device, chunk, model, out, 0)
    const sums = device.memory.float64s(out, 2 + stride)
    const total = sums[1]!
    if (total === 0) return 0
    for (let i = 0; i < stride; i++) {
      weights[i]! -= (learningRate / total) * sums[2 + i]!
      if (i !== free) weights[i]! -= learningRate * reg * (elasticNet * Math.sign(weights[i]!) + (1 - elasticNet) * weights[i]!)
    }
    return sums[0]! / total
  } finally {
    arena.release()
  }
}
