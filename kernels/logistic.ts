// Logistic regression over row-major float64 features: scores, gradients, Gram matrices, and the online learner FTRL-proximal (McMahan et
// al., Ad Click Prediction: a View from the Trenches, 2013). A row has `stride` values, a multiple of 4: the features, a 1 where there is an
// intercept, zeros. Nothing here is fused or relaxed, and sums have one order, so that results are the same bits from every binary.

/** The greatest magnitude of a feature that counts as a value: sums of squares of such features stay finite. */
const magnitudeMax: f64 = 1e100

// @ts-ignore: decorator
@inline function at(start: usize, index: i32): usize {
  return start + (<usize>index << 3)
}

// e^x for x ≤ 0: 2^k · e^r by a Taylor polynomial, within 1 ulp; 0 below -708. src/compute/logistic.ts has the same steps.
// @ts-ignore: decorator
@inline function expNegative(x: f64): f64 {
  if (x < -708.0) return 0
  const k = nearest<f64>(x * 1.4426950408889634)
  const r = x - k * 6.93147180369123816490e-1 - k * 1.90821492927058770002e-10
  let p: f64 = 1.0 / 6227020800.0
  p = p * r + 1.0 / 479001600.0
  p = p * r + 1.0 / 39916800.0
  p = p * r + 1.0 / 3628800.0
  p = p * r + 1.0 / 362880.0
  p = p * r + 1.0 / 40320.0
  p = p * r + 1.0 / 5040.0
  p = p * r + 1.0 / 720.0
  p = p * r + 1.0 / 120.0
  p = p * r + 1.0 / 24.0
  p = p * r + 1.0 / 6.0
  p = p * r + 0.5
  p = p * r + 1.0
  p = p * r + 1.0
  return p * reinterpret<f64>((<i64>k + 1023) << 52)
}

// @ts-ignore: decorator
@inline function sigmoid(score: f64): f64 {
  const e = expNegative(-abs<f64>(score))
  return score >= 0 ? 1.0 / (1.0 + e) : e / (1.0 + e)
}

// @ts-ignore: decorator
@inline function setBit(bits: usize, row: i32): void {
  const byte = bits + (row >> 3)
  store<u8>(byte, <u8>(<i32>load<u8>(byte) | (1 << (row & 7))))
}

// Four sums side by side, joined as (0 + 2) + (1 + 3).
// @ts-ignore: decorator
@inline function dot(a: usize, b: usize, stride: i32): f64 {
  let low = f64x2.splat(0)
  let high = low
  const end = at(a, stride)
  for (; a < end; a += 32) {
    low = f64x2.add(low, f64x2.mul(v128.load(a), v128.load(b)))
    high = f64x2.add(high, f64x2.mul(v128.load(a, 16), v128.load(b, 16)))
    b += 32
  }
  const sum = f64x2.add(low, high)
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

// @ts-ignore: decorator
@inline function isUsable(x: usize, stride: i32): bool {
  const limit = f64x2.splat(magnitudeMax)
  let ok = f64x2.eq(limit, limit)
  for (const end = at(x, stride); x < end; x += 16) ok = v128.and(ok, f64x2.le(f64x2.abs(v128.load(x)), limit))
  return i64x2.all_true(ok)
}

/** Puts rows [start, start + rows) of a column into rows: out[i × stride] = the value, NaN where `validity` (0: none is null) says null. */
export function packFeatureF64(values: usize, validity: usize, start: i32, rows: i32, stride: i32, out: usize): void {
  for (let row = start; row < start + rows; row++) {
    const valid = validity == 0 || (load<u8>(validity + (row >> 3)) >> <u8>(row & 7)) & 1
    store<f64>(out, valid ? load<f64>(at(values, row)) : NaN)
    out += <usize>stride << 3
  }
}

/** out[row × stride] = value. */
export function fillFeatureF64(value: f64, rows: i32, stride: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<f64>(out, value)
    out += <usize>stride << 3
  }
}

/** The index of the first of `count` values that is NaN, infinite or above 1e100 in size; -1 where all can be learned from. */
export function findUnusableF64(values: usize, count: i32): i32 {
  for (let i = 0; i < count; i++) if (!(abs<f64>(load<f64>(at(values, i))) <= magnitudeMax)) return i
  return -1
}

/** The index of the first label that is neither 0, 1 nor NaN; -1 where there is none. */
export function findBadLabelF64(labels: usize, count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const label = load<f64>(at(labels, i))
    if (label != 0 && label != 1 && label == label) return i
  }
  return -1
}

/** out = the probability of label 1 per row; `valid` (zeroed before) gets a 1 bit for each row whose features are all usable, out is 0 for the others. */
export function scoreLogisticF64(x: usize, rows: i32, stride: i32, weights: usize, out: usize, valid: usize): void {
  for (let row = 0; row < rows; row++) {
    const isValid = isUsable(x, stride)
    store<f64>(at(out, row), isValid ? sigmoid(dot(x, weights, stride)) : 0)
    if (isValid) setBit(valid, row)
    x = at(x, stride)
  }
}

/**
 * Adds to out[0] the weighted log-loss of the rows, to out[1] their weights, to out[2 … 2 + stride) the gradient by `weights`. `rowWeights` 0 counts
 * each row once. `curvature`, where not 0, gets weight × p × (1 - p) per row.
 */
export function addLogisticGradientF64(x: usize, labels: usize, rowWeights: usize, rows: i32, stride: i32, weights: usize, out: usize, curvature: usize): void {
  let loss = load<f64>(out)
  let total = load<f64>(out, 8)
  for (let row = 0; row < rows; row++) {
    const score = dot(x, weights, stride)
    const label = load<f64>(at(labels, row))
    const weight = rowWeights == 0 ? 1.0 : load<f64>(at(rowWeights, row))
    const p = sigmoid(score)
    loss += weight * (Math.log1p(expNegative(-abs<f64>(score))) + max<f64>(score, 0) - label * score)
    total += weight
    if (curvature != 0) store<f64>(at(curvature, row), weight * p * (1.0 - p))
    const residual = f64x2.splat(weight * (p - label))
    let to = out + 16
    for (const end = at(x, stride); x < end; x += 16) {
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(residual, v128.load(x))))
      to += 16
    }
  }
  store<f64>(out, loss)
  store<f64>(out, total, 8)
}

/** Adds Σ scale[row] · xᵢ · xⱼ to out[i × stride + j] for j ≥ i rounded down to even; what lies below is left. `rows` that are left over from 4 go one by one. */
export function addGramF64(x: usize, scale: usize, rows: i32, stride: i32, out: usize): void {
  const rowBytes = <usize>stride << 3
  let row = 0
  for (; row + 4 <= rows; row += 4) {
    const x1 = x + rowBytes
    const x2 = x1 + rowBytes
    const x3 = x2 + rowBytes
    for (let i: usize = 0; i < rowBytes; i += 8) {
      const s0 = f64x2.splat(load<f64>(at(scale, row)) * load<f64>(x + i))
      const s1 = f64x2.splat(load<f64>(at(scale, row), 8) * load<f64>(x1 + i))
      const s2 = f64x2.splat(load<f64>(at(scale, row), 16) * load<f64>(x2 + i))
      const s3 = f64x2.splat(load<f64>(at(scale, row), 24) * load<f64>(x3 + i))
      const to = out + i * <usize>stride
      for (let j = i & ~15; j < rowBytes; j += 16) {
        const left = f64x2.add(f64x2.mul(s0, v128.load(x + j)), f64x2.mul(s1, v128.load(x1 + j)))
        const right = f64x2.add(f64x2.mul(s2, v128.load(x2 + j)), f64x2.mul(s3, v128.load(x3 + j)))
        v128.store(to + j, f64x2.add(v128.load(to + j), f64x2.add(left, right)))
      }
    }
    x = x3 + rowBytes
  }
  for (; row < rows; row++) {
    for (let i: usize = 0; i < rowBytes; i += 8) {
      const s = f64x2.splat(load<f64>(at(scale, row)) * load<f64>(x + i))
      const to = out + i * <usize>stride
      for (let j = i & ~15; j < rowBytes; j += 16) v128.store(to + j, f64x2.add(v128.load(to + j), f64x2.mul(s, v128.load(x + j))))
    }
    x += rowBytes
  }
}

// The row with means taken off and divided by deviations of the rows before; 0 where there are none. The intercept's 1 stays.
function standardizeRow(x: usize, stride: i32, intercept: i32, state: usize, out: usize): void {
  const count = load<f64>(state)
  const means = at(state, 4 + 3 * stride)
  const squares = at(means, stride)
  for (let i = 0; i < stride; i++) {
    const deviation = count > 0 ? sqrt<f64>(load<f64>(at(squares, i)) / count) : 0
    const value = load<f64>(at(x, i))
    store<f64>(at(out, i), i == intercept ? 1 : deviation > 0 ? (value - load<f64>(at(means, i))) / deviation : 0)
  }
}

// Welford's update of means and squared deviations; `count` includes the row.
function addToMoments(x: usize, stride: i32, state: usize, count: f64): void {
  const means = at(state, 4 + 3 * stride)
  const squares = at(means, stride)
  for (let i = 0; i < stride; i++) {
    const value = load<f64>(at(x, i))
    const mean = load<f64>(at(means, i))
    const moved = mean + (value - mean) / count
    store<f64>(at(squares, i), load<f64>(at(squares, i)) + (value - mean) * (value - moved))
    store<f64>(at(means, i), moved)
  }
}

// One FTRL-proximal update of all weights for a residual p - label; the intercept is not pulled to 0.
// @ts-ignore: decorator
@inline function updateFtrl(x: usize, residual: f64, stride: i32, intercept: i32, options: usize, state: usize): void {
  const alpha = f64x2.splat(load<f64>(options))
  const beta = f64x2.splat(load<f64>(options, 8))
  const l1 = f64x2.splat(load<f64>(options, 16))
  const l2 = f64x2.splat(load<f64>(options, 24))
  const r = f64x2.splat(residual)
  const sign = f64x2.splat(-0.0)
  const size = <usize>stride << 3
  let weights = at(state, 4)
  for (const end = weights + size; weights < end; weights += 16) {
    const zs = weights + size
    const ns = zs + size
    const gradient = f64x2.mul(r, v128.load(x))
    const before = v128.load(ns)
    const after = f64x2.add(before, f64x2.mul(gradient, gradient))
    const root = f64x2.sqrt(after)
    const sigma = f64x2.div(f64x2.sub(root, f64x2.sqrt(before)), alpha)
    const z = f64x2.sub(f64x2.add(v128.load(zs), gradient), f64x2.mul(sigma, v128.load(weights)))
    const shrunk = f64x2.sub(f64x2.abs(z), l1)
    const magnitude = f64x2.div(shrunk, f64x2.add(f64x2.div(f64x2.add(beta, root), alpha), l2))
    const signed = v128.xor(magnitude, v128.andnot(sign, z))
    v128.store(weights, v128.and(signed, f64x2.gt(shrunk, f64x2.splat(0))))
    v128.store(zs, z)
    v128.store(ns, after)
    x += 16
  }
  if (intercept < 0) return
  const zs = at(state, 4 + stride + intercept)
  const root = sqrt<f64>(load<f64>(zs + size))
  store<f64>(zs - size, -load<f64>(zs) / ((load<f64>(options, 8) + root) / load<f64>(options)))
}

/**
 * Row by row, in order: the probability of label 1 by the model as it was before the row, then an update with the row's label. A row with an unusable
 * feature has probability 0 and no `valid` bit (zeroed before); it teaches nothing, nor does a NaN label. `versions` gets the rows learned before
 * each, as int64; where it is 0 nothing but the model is written. `intercept` is the column of ones, or -1.
 * options: alpha, beta, l1, l2, 1 to standardize, 1 to learn. state: [rows learned, 0, 0, 0], then `stride` values each: weights, z, n, means, squared
 * deviations, scratch. Returns the rows that taught nothing.
 */
export function learnFtrlF64(x: usize, labels: usize, rows: i32, stride: i32, intercept: i32, options: usize, state: usize, out: usize, valid: usize, versions: usize): i32 {
  const standardizes = load<f64>(options, 32) != 0
  const learns = load<f64>(options, 40) != 0
  const weights = at(state, 4)
  const scaled = at(state, 4 + 5 * stride)
  let learned = load<f64>(state)
  let skipped = 0
  for (let row = 0; row < rows; row++) {
    const isValid = isUsable(x, stride)
    let features = x
    let p: f64 = 0
    if (isValid) {
      if (standardizes) {
        standardizeRow(x, stride, intercept, state, scaled)
        features = scaled
      }
      p = sigmoid(dot(features, weights, stride))
    }
    if (versions != 0) {
      store<f64>(at(out, row), p)
      store<i64>(at(versions, row), <i64>learned)
      if (isValid) setBit(valid, row)
    }
    const label = load<f64>(at(labels, row))
    if (!learns || !isValid || label != label) skipped++
    else {
      updateFtrl(features, p - label, stride, intercept, options, state)
      learned += 1
      if (standardizes) addToMoments(x, stride, state, learned)
      store<f64>(state, learned)
    }
    x = at(x, stride)
  }
  return skipped
}
