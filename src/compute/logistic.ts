// Logistic regression on columns: packing features into rows, scoring, gradients with curvature, and the online learner. A packed row has
// `stride` float64 values: the features, a 1 for the intercept, zeros up to a multiple of 4. Weights lie the same way.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { type DataType, float64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { cast } from './cast.ts'

/** Rows ready for the kernels at `x`, row-major. */
export interface PackedRows {
  readonly x: number
  readonly rows: number
  readonly stride: number
}

/** Values per packed row of `width` features and, with `intercept`, a 1. */
export function strideOf(width: number, intercept: boolean): number {
  return Math.ceil((width + (intercept ? 1 : 0)) / 4) * 4
}

/** Whether a column can be a feature or a label: bool, int32, int64 or float64. */
export function isFeatureType(type: DataType): boolean {
  return type.kind === 'bool' || type.kind === 'int32' || type.kind === 'int64' || type.kind === 'float64'
}

/** A feature column as float64 in `arena`; int64 beyond 2^53 is rounded. Nothing is copied where it is float64 already. */
export function featureColumn(device: Device, arena: Arena, column: Column): Column {
  return cast(device, arena, column, float64, false, { where: 'features', active: 0 })
}

/** Rows [start, start + rows) of float64 columns, packed at `x` (rows × stride × 8 bytes). Nulls become NaN. */
export function packRows(device: Device, columns: readonly Column[], start: number, rows: number, intercept: boolean, x: number): PackedRows {
  const { kernels } = device
  const stride = strideOf(columns.length, intercept)
  columns.forEach((column, i) => packColumn(device, column, start, rows, stride, x + 8 * i))
  for (let i = columns.length; i < stride; i++) kernels.fillFeatureF64(intercept && i === columns.length ? 1 : 0, rows, stride, x + 8 * i)
  return { x, rows, stride }
}

/** Rows [start, start + rows) of one float64 column, `stride` values apart, at `out`; nulls become NaN. */
export function packColumn(device: Device, column: Column, start: number, rows: number, stride: number, out: number): void {
  assert(start + rows <= column.length, `rows ${start} to ${start + rows} of ${column.length}`)
  device.kernels.packFeatureF64(column.values, column.validity, start, rows, stride, out)
}

/** The first of `count` values at `values` that can't be learned from (NaN, infinite, above 1e100 in size), or -1. */
export function findUnusable(device: Device, values: number, count: number): number {
  return device.kernels.findUnusableF64(values, count)
}

/** The first of `count` labels that is neither 0, 1 nor NaN (unknown), or -1. */
export function findBadLabel(device: Device, labels: number, count: number): number {
  return device.kernels.findBadLabelF64(labels, count)
}

/** A float64 column of probabilities for `rows` rows in `arena`: null until scored. */
export function allocateProbabilities(arena: Arena, rows: number): Column {
  return allocateColumn(arena, float64, rows, true)
}

/** Scores packed rows into `out` from row `start`, a multiple of 8; `weights` has `stride` values. A row with an unusable feature stays null. */
export function scoreRows(device: Device, { x, rows, stride }: PackedRows, weights: number, out: Column, start: number): void {
  device.kernels.scoreLogisticF64(x, rows, stride, weights, out.values + 8 * start, out.validity + start / 8)
}

/** Labels (0 or 1) of packed rows at `labels`, and their weights at `weights`; 0: each row counts once. */
export interface LabelledRows extends PackedRows {
  readonly labels: number
  readonly weights: number
}

/** Bytes of the sums that `addGradient` adds to: the loss, the weight of the rows, and `stride` gradient values. */
export function gradientBytes(stride: number): number {
  return 8 * (2 + stride)
}

/**
 * Adds to `out` the log-loss of the rows under `model` (stride values), their weight, and the gradient. `curvature`, where not 0, gets a value a row
 * for `addGram`. Cost: about 1.7 ns a value.
 */
export function addGradient(device: Device, rows: LabelledRows, model: number, out: number, curvature: number): void {
  device.kernels.addLogisticGradientF64(rows.x, rows.labels, rows.weights, rows.rows, rows.stride, model, out, curvature)
}

/** Adds Σ scale[row] · xᵢ · xⱼ for j ≥ i to the stride × stride matrix at `out`; what lies below the diagonal is undefined. Cost: 0.2 ns a product. */
export function addGram(device: Device, { x, rows, stride }: PackedRows, scale: number, out: number): void {
  device.kernels.addGramF64(x, scale, rows, stride, out)
}

const magnitudeMax = 1e100

/**
 * The probability of label 1 of one row, in plain TypeScript and the same bits as `scoreRows` gives; null where a feature is unusable.
 * `features` and `weights` have `stride` values. Cost: about 4 ns a feature.
 */
export function scoreRow(features: Float64Array, weights: Float64Array): number | null {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let i = 0; i < features.length; i += 4) {
    for (let j = i; j < i + 4; j++) if (!(Math.abs(features[j]!) <= magnitudeMax)) return null
    a += features[i]! * weights[i]!
    b += features[i + 1]! * weights[i + 1]!
    c += features[i + 2]! * weights[i + 2]!
    d += features[i + 3]! * weights[i + 3]!
  }
  const score = a + c + (b + d)
  const e = expNegative(-Math.abs(score))
  return score >= 0 ? 1 / (1 + e) : e / (1 + e)
}

// 1/n! for n = 13 … 0, as kernels/logistic.ts has them.
const coefficients = [6227020800, 479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1].map(factorial => 1 / factorial)
const power = new Float64Array(1)
const powerWords = new Int32Array(power.buffer)
// Adding and taking off 1.5 · 2^52 rounds to a whole number, halves to even, as WASM's f64.nearest does.
const roundingShift = 6755399441055744

function expNegative(x: number): number {
  if (x < -708) return 0
  const k = x * 1.4426950408889634 + roundingShift - roundingShift
  const r = x - k * 6.9314718036912381649e-1 - k * 1.90821492927058770002e-10
  let p = coefficients[0]!
  for (let i = 1; i < coefficients.length; i++) p = p * r + coefficients[i]!
  powerWords[1] = (k + 1023) << 20
  return p * power[0]!
}
