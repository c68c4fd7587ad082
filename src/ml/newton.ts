// Logistic regression by Newton's method (iteratively reweighted least squares): a pass over the rows gives loss, gradient and Hessian, a
// Cholesky solve the step; steps that don't lower the loss enough are halved. Method: Hastie et al., The Elements of Statistical Learning, 4.4.1.
import { DataError } from '../base/errors.ts'
import { addGradient, addGram, gradientBytes } from '../compute/logistic.ts'
import type { Fit, TrainingChunk, TrainingRows } from './training-rows.ts'

/** What to minimise: the sum of losses plus |weights|² · `penalty` / 2; the intercept, the weight at index `free` (-1: none), is not penalised. */
export interface NewtonOptions {
  readonly penalty: number
  readonly free: number
  /** Weights in use, intercept included. */
  readonly size: number
  readonly tolerance: number
  readonly iterationsMax: number
  readonly where: string
}

/** Sums over all rows under some weights, penalty included. */
interface Sums {
  readonly loss: number
  readonly gradient: Float64Array
  /** stride × stride, upper part. */
  readonly hessian: Float64Array
}

/**
 * The weights that minimise the loss, `stride` of them, to about 1e-10 relative: it stops when a step promises less than tolerance × loss.
 * Throws DataError SINGULAR where features depend on each other and nothing is penalised. Cost: 5–10 passes, each rows × stride² / 2
 * multiplications.
 */
export async function fitNewton(rows: TrainingRows, options: NewtonOptions): Promise<Fit> {
  const { iterationsMax, tolerance } = options
  let weights = new Float64Array(rows.stride)
  let sums = await sumsOf(rows, weights, options)
  for (let iterations = 1; iterations <= iterationsMax; iterations++) {
    const step = solve(sums, rows.stride, options)
    // Newton's decrement: twice what the step would gain if the loss were a parabola.
    const promised = sums.gradient.reduce((sum, g, i) => sum + g * step[i]!, 0)
    const isLast = promised <= 2 * tolerance * Math.max(sums.loss, 1e-3)
    for (let scale = 1; ; scale /= 2) {
      const moved = weights.map((w, i) => w - scale * step[i]!)
      const next = await sumsOf(rows, moved, options)
      const isBetter = next.loss <= sums.loss - (isLast ? 0 : 1e-4 * scale * promised)
      if (isBetter) {
        weights = moved
        sums = next
      }
      // Below a scale of 2^-20 rounding hides what there is to gain.
      if (isLast || (!isBetter && scale < 2 ** -20)) return { weights, loss: sums.loss, iterations, isConverged: true }
      if (isBetter) break
    }
  }
  return { weights, loss: sums.loss, iterations: iterationsMax, isConverged: false }
}

async function sumsOf(rows: TrainingRows, weights: Float64Array, { penalty, free, size }: NewtonOptions): Promise<Sums> {
  const { stride } = rows
  const sums = new Float64Array(2 + stride)
  const hessian = new Float64Array(stride * stride)
  for await (const chunk of rows.pass()) addChunk(chunk, weights, sums, hessian)
  let loss = sums[0]!
  const gradient = sums.subarray(2)
  for (let i = 0; i < size; i++) {
    if (i === free) continue
    loss += (penalty * weights[i]! ** 2) / 2
    gradient[i]! += penalty * weights[i]!
    hessian[i * stride + i]! += penalty
  }
  return { loss, gradient, hessian }
}

function addChunk(chunk: TrainingChunk, weights: Float64Array, sums: Float64Array, hessian: Float64Array): void {
  const { device, stride } = chunk
  const arena = device.arena()
  try {
    const model = arena.allocate(8 * stride)
    const curvature = arena.allocate(8 * chunk.rows)
    const out = arena.allocateZeroed(gradientBytes(stride))
    const gram = arena.allocateZeroed(8 * stride * stride)
    device.memory.float64s(model, stride).set(weights)
    addGradient(device, chunk, model, out, curvature)
    addGram(device, chunk, curvature, gram)
    device.memory.float64s(out, sums.length).forEach((value, i) => (sums[i]! += value))
    device.memory.float64s(gram, hessian.length).forEach((value, i) => (hessian[i]! += value))
  } finally {
    arena.release()
  }
}

// hessian · step = gradient, by Cholesky on a matrix scaled to a diagonal of ones, so that features of different size don't look dependent.
function solve({ gradient, hessian }: Sums, stride: number, { size, where }: NewtonOptions): Float64Array {
  const scales = Float64Array.from({ length: size }, (_, i) => 1 / Math.sqrt(hessian[i * stride + i]!))
  const lower = new Float64Array(size * size)
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = hessian[j * stride + i]! * scales[i]! * scales[j]!
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!
      if (i > j) lower[i * size + j] = sum / lower[j * size + j]!
      else if (sum > 1e-14) lower[j * size + j] = Math.sqrt(sum)
      else throw new DataError('SINGULAR', `${where}: feature ${j + 1} follows from the others or is constant, or the features tell the label apart without error, and nothing is penalised; drop it, or set a finite c`)
    }
  }
  const step = new Float64Array(stride)
  for (let i = 0; i < size; i++) {
    let sum = gradient[i]! * scales[i]!
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * step[k]!
    step[i] = sum / lower[i * size + i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = step[i]!
    for (let k = i + 1; k < size; k++) sum -= lower[k * size + i]! * step[k]!
    step[i] = sum / lower[i * size + i]!
  }
  return step.map((value, i) => (i < size ? value * scales[i]! : 0))
}
