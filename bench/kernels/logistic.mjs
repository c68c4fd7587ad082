// Logistic regression on one thread: the online learner (exact row order), scoring, and a whole fit by Newton's method. `npm run build && node
// bench/kernels/logistic.mjs [rows] [width]` prints a line of JSON each: the fastest run, CPU time.
import { from, closeEngines } from '../../dist/index.js'
import { LogisticRegression } from '../../dist/ml/index.js'
import { createDevice } from '../../dist/device/device.js'
import { FtrlLearner } from '../../dist/compute/ftrl.js'
import { allocateProbabilities, packRows, scoreRows, strideOf } from '../../dist/compute/logistic.js'
import { random } from '../../dist/base/random.js'

const rows = Number(process.argv[2] ?? 200_000)
const width = Number(process.argv[3] ?? 39)
const repeats = Number(process.env.REPEATS ?? 5)
const float64 = { kind: 'float64' }
const device = await createDevice()
const arena = device.arena()
const chance = random(1)
const features = Array.from({ length: width }, () => ({ type: float64, length: rows, values: arena.allocate(8 * rows), validity: 0 }))
const labels = { type: float64, length: rows, values: arena.allocate(8 * rows), validity: 0 }
const scores = new Float64Array(rows)
for (const [i, { values }] of features.entries()) {
  const view = device.memory.float64s(values, rows)
  for (let row = 0; row < rows; row++) scores[row] += (view[row] = chance.float() - 0.5) * (i % 5)
}
device.memory.float64s(labels.values, rows).forEach((_, row, all) => (all[row] = Number(chance.float() < 1 / (1 + Math.exp(-scores[row])))))

async function fastestMs(work) {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < repeats; i++) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1e3)
  }
  return best
}
const show = (what, ms, more = {}) => console.log(JSON.stringify({ bench: 'kernels/logistic', what, rows, width, ms: Number(ms.toFixed(1)), rowsPerSecond: Math.round((rows / ms) * 1e3), ...more }))

for (const standardize of [false, true]) {
  let weights
  const ms = await fastestMs(() => {
    const learner = new FtrlLearner(device, width, { alpha: 0.1, beta: 1, l1: 0, l2: 0, standardize, intercept: true, learn: true })
    const out = device.arena()
    learner.run(out, features, labels, rows)
    weights = learner.model().weights
    out.release()
    learner.close()
  })
  show(standardize ? 'ftrl, standardized' : 'ftrl', ms, { hash: weights.reduce((a, b) => a + Math.abs(b)) })
}
const score = await fastestMs(() => {
  const out = device.arena()
  const stride = strideOf(width, true)
  const [model, x] = [out.allocateZeroed(8 * stride), out.allocate(8 * 1024 * stride)]
  const column = allocateProbabilities(out, rows)
  for (let at = 0; at < rows; at += 1024) scoreRows(device, packRows(device, features, at, Math.min(1024, rows - at), true, x), model, column, at)
  out.release()
})
show('score', score)
const names = features.map((_, i) => `f${i}`)
const frame = from({ ...Object.fromEntries(names.map((name, i) => [name, device.memory.float64s(features[i].values, rows).slice()])), y: device.memory.float64s(labels.values, rows).slice() })
let model
const fit = await fastestMs(async () => (model = await new LogisticRegression().fit(frame, { features: names, label: 'y' })))
show('fit', fit, { iterations: model.summary.iterations, hash: model.weights.reduce((a, b) => a + Math.abs(b)) })
arena.release()
await closeEngines()
