// The four GPU kernels against plain JavaScript loops on one thread, and WASM kernels where a module brings them: with the upload, and on
// columns that lie on the GPU already. Checks the results, prints one JSON object. Needs dist/ (npm run build) and a GPU for WebGPU.
//
//   node bench/gpu.mjs [--rows 1e5,1e6,1e7,1e8] [--gemm 256,512,1024,2048,4096] [--repeats 5] [--wasm ./peers.mjs]
//
// A --wasm module exports functions named as the families of `plain` below, (device, columns) => the same flat list of numbers, and gemm,
// (device, { rows, columns, depth, a, b, c }) => nothing. Their times count for the crossovers.
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { random } from '../dist/base/random.js'
import { gpuAggregate } from '../dist/compute/gpu-aggregate.js'
import { uploadColumn } from '../dist/compute/gpu-column.js'
import { gpuFilter } from '../dist/compute/gpu-filter.js'
import { gpuGemm } from '../dist/compute/gpu-gemm.js'
import { gpuWindow } from '../dist/compute/gpu-window.js'
import { shader } from '../dist/device/assets.js'
import { createDevice } from '../dist/device/device.js'
import { openGpu } from '../dist/device/gpu.js'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1e5,1e6,1e7,1e8' },
    gemm: { type: 'string', default: '256,512,1024,2048,4096' },
    repeats: { type: 'string', default: '5' },
    wasm: { type: 'string' },
  },
})
const numbers = text => text.split(',').filter(Boolean).map(Number)
const repeats = Number(options.repeats)

let absence = ''
const gpu = await openGpu({ onAbsent: reason => (absence = reason) })
if (!gpu) {
  console.log(JSON.stringify({ bench: 'gpu', absent: absence }))
  process.exit(1)
}
const device = await createDevice()
const peers = options.wasm ? await import(pathToFileURL(options.wasm).href) : {}

// Median, least and greatest milliseconds; the first run warms pipelines and code up and does not count.
async function timed(run, count = repeats) {
  let result = await run()
  const times = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    result = await run()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const round = ms => Number(ms.toPrecision(4))
  return { result, ms: { median: round(times[times.length >> 1]), min: round(times[0]), max: round(times.at(-1)) } }
}

const groups = 1_000
const window = { startMs: 0, sizeMs: 10_000, hopMs: 5_000, windows: 400 }

function makeColumns(rows) {
  const arena = device.arena()
  const make = (kind, value) => {
    const values = arena.allocate(rows * 4)
    const view = kind === 'float32' ? device.memory.float32s(values, rows) : device.memory.int32s(values, rows)
    for (let i = 0; i < rows; i++) view[i] = value(i)
    return { kind, length: rows, values, validity: 0 }
  }
  const chance = random(rows)
  const columns = {
    keys: make('int32', () => chance.int(groups)),
    times: make('int32', i => Math.floor((i / rows) * 2_000_000)),
    ints: make('int32', () => chance.int(20_001) - 10_000),
    floats: make('float32', () => chance.float() * 100),
  }
  return { arena, rows, ...columns }
}

const intsOf = column => device.memory.int32s(column.values, column.length)
const floatsOf = column => device.memory.float32s(column.values, column.length)

// What plain JavaScript does for each family; sums of integers stay below 2^53 here.
const plain = {
  filter({ floats, ints }) {
    const [compared, values] = [floatsOf(floats), intsOf(ints)]
    let count = 0
    let sum = 0
    for (let i = 0; i < compared.length; i++) {
      if (compared[i] < 50) {
        count++
        sum += values[i]
      }
    }
    return [count, sum]
  },
  filterFloat({ floats }) {
    const values = floatsOf(floats)
    let count = 0
    let sum = 0
    for (let i = 0; i < values.length; i++) {
      if (values[i] < 50) {
        count++
        sum += values[i]
      }
    }
    return [count, sum]
  },
  aggregate({ keys, ints }) {
    const [at, values, counts, sums] = [intsOf(keys), intsOf(ints), new Uint32Array(groups), new Float64Array(groups)]
    for (let i = 0; i < at.length; i++) {
      counts[at[i]]++
      sums[at[i]] += values[i]
    }
    return [...counts, ...sums]
  },
  aggregateFloat({ keys, floats }) {
    const [at, values, counts, sums] = [intsOf(keys), floatsOf(floats), new Uint32Array(groups), new Float64Array(groups)]
    for (let i = 0; i < at.length; i++) {
      counts[at[i]]++
      sums[at[i]] += values[i]
    }
    return [...counts, ...sums]
  },
  window({ times, ints }) {
    const [at, values, counts, sums] = [intsOf(times), intsOf(ints), new Uint32Array(window.windows), new Float64Array(window.windows)]
    for (let i = 0; i < at.length; i++) {
      for (let w = Math.floor(at[i] / window.hopMs); w >= 0 && at[i] - w * window.hopMs < window.sizeMs; w--) {
        if (w >= window.windows) continue
        counts[w]++
        sums[w] += values[i]
      }
    }
    return [...counts, ...sums]
  },
}

const onGpu = {
  filter: ({ floats, ints }) => gpuFilter(gpu, device.memory, { column: floats, compare: 'lt', constant: 50, values: ints }).then(r => [r.count, Number(r.sum)]),
  filterFloat: ({ floats }) => gpuFilter(gpu, device.memory, { column: floats, compare: 'lt', constant: 50, values: floats }).then(r => [r.count, r.sum]),
  aggregate: ({ keys, ints }) => gpuAggregate(gpu, device.memory, { keys, groups, values: ints }).then(flat),
  aggregateFloat: ({ keys, floats }) => gpuAggregate(gpu, device.memory, { keys, groups, values: floats }).then(flat),
  window: ({ times, ints }) => gpuWindow(gpu, device.memory, { ...window, times, values: ints }).then(flat),
}
const used = { filter: ['floats', 'ints'], filterFloat: ['floats'], aggregate: ['keys', 'ints'], aggregateFloat: ['keys', 'floats'], window: ['times', 'ints'] }

const flat = ({ counts, sums }) => [...counts, ...Array.from(sums, Number)]

function checkEqual(family, found, expected) {
  const wrong = expected.findIndex((value, i) => !(Math.abs(found[i] - value) <= Math.abs(value) * 1e-9))
  if (found.length !== expected.length || wrong >= 0) throw new Error(`${family}: value ${wrong} is ${found[wrong]}, plain JavaScript says ${expected[wrong]}`)
}

const hash = values => createHash('sha256').update(values.map(v => v.toPrecision(9)).join()).digest('hex').slice(0, 12)

async function benchRows(rows) {
  const columns = makeColumns(rows)
  const results = []
  const copied = new Uint8Array(rows * 4)
  const copy = await timed(() => copied.set(device.memory.bytes(columns.ints.values, rows * 4)))
  const upload = await timed(async () => {
    const column = uploadColumn(gpu, device.memory, columns.ints)
    await gpu.idle()
    column.release()
  })
  const gigabytes = ms => Number(((rows * 4) / ms / 1e6).toPrecision(3))
  results.push({ family: 'transfer', rows, copyGBs: gigabytes(copy.ms.median), uploadGBs: gigabytes(upload.ms.median) })
  for (const family of Object.keys(plain)) {
    const js = await timed(() => plain[family](columns))
    const uploading = await timed(() => onGpu[family](columns))
    const resident = { ...columns }
    for (const name of used[family]) resident[name] = uploadColumn(gpu, device.memory, columns[name])
    const there = await timed(() => onGpu[family](resident))
    for (const name of used[family]) resident[name].release()
    checkEqual(family, uploading.result, js.result)
    checkEqual(family, there.result, js.result)
    const wasm = peers[family] ? await timed(() => peers[family](device, columns)) : undefined
    if (wasm) checkEqual(`${family} (wasm)`, wasm.result, js.result)
    results.push({ family, rows, hash: hash(js.result), jsMs: js.ms, wasmMs: wasm?.ms, gpuUploadMs: uploading.ms, gpuResidentMs: there.ms })
  }
  columns.arena.release()
  return results
}

async function benchGemm(n) {
  const arena = device.arena()
  const [a, b, c] = [0, 0, 0].map(() => arena.allocate(n * n * 4))
  const chance = random(n)
  for (const address of [a, b]) {
    const values = device.memory.float32s(address, n * n)
    for (let i = 0; i < values.length; i++) values[i] = chance.float() - 0.5
  }
  const gemm = { rows: n, columns: n, depth: n, a, b, c }
  const whole = await timed(() => gpuGemm(gpu, device.memory, gemm))
  const [left, right, product] = [a, b, c].map(address => device.memory.float32s(address, n * n))
  for (let i = 0; i < 200; i++) {
    const [row, column] = [chance.int(n), chance.int(n)]
    let [sum, magnitude] = [0, 0]
    for (let k = 0; k < n; k++) {
      sum += left[row * n + k] * right[k * n + column]
      magnitude += Math.abs(left[row * n + k] * right[k * n + column])
    }
    if (!(Math.abs(product[row * n + column] - sum) <= n * 2 ** -23 * magnitude)) throw new Error(`gemm ${n}: C[${row}, ${column}] is ${product[row * n + column]}, it should be ${sum}`)
  }
  const kernels = {}
  const buffers = [a, b, c].map(address => {
    const buffer = gpu.buffer(n * n * 4)
    gpu.write(buffer, 0, device.memory.float32s(address, n * n))
    return buffer
  })
  for (const tile of [64, 128]) {
    const pipeline = await gpu.pipeline({ code: await shader('gemm'), entry: `gemm${tile}`, bindings: ['read', 'read', 'write'] })
    // Several in a row, so that submitting and waiting do not count.
    const inRow = 4
    const run = () => {
      for (let i = 0; i < inRow; i++) gpu.dispatch(pipeline, Uint32Array.of(n, n, n, n, 0, 0), buffers, [Math.ceil(n / tile), Math.ceil(n / tile)])
      return gpu.idle()
    }
    const ms = (await timed(run)).ms.median / inRow
    kernels[`gemm${tile}`] = { ms: Number(ms.toPrecision(4)), gflops: Math.round((2 * n ** 3) / ms / 1e6) }
  }
  for (const buffer of buffers) buffer.release()
  const js = n <= 512 ? await timed(() => plainGemm(left, right, n), 1) : undefined
  const wasm = peers.gemm ? await timed(() => peers.gemm(device, gemm)) : undefined
  arena.release()
  return { family: 'gemm', n, gpuUploadMs: whole.ms, gflops: Math.round((2 * n ** 3) / whole.ms.median / 1e6), kernels, jsMs: js?.ms, wasmMs: wasm?.ms }
}

function plainGemm(a, b, n) {
  const c = new Float32Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const value = a[i * n + k]
      for (let j = 0; j < n; j++) c[i * n + j] += value * b[k * n + j]
    }
  }
  return c
}

// The smallest size from which the GPU's slowest run beats the processor's fastest, at this and every larger size; null: never.
function crossovers(results) {
  const found = {}
  for (const family of ['filter', 'filterFloat', 'aggregate', 'aggregateFloat', 'window', 'gemm']) {
    const sizes = results.filter(r => r.family === family).sort((a, b) => (b.rows ?? b.n) - (a.rows ?? a.n))
    const from = of => {
      let least = null
      for (const r of sizes) {
        const processor = Math.min(r.jsMs?.min ?? Number.POSITIVE_INFINITY, r.wasmMs?.min ?? Number.POSITIVE_INFINITY)
        if (!of(r) || !Number.isFinite(processor)) continue
        if (of(r).max >= processor) break
        least = r.rows ?? r.n ** 3
      }
      return least
    }
    found[family] = { resident: from(r => r.gpuResidentMs), upload: from(r => r.gpuUploadMs) }
  }
  return found
}

const results = []
for (const rows of numbers(options.rows)) {
  results.push(...(await benchRows(rows)))
  console.error(`rows ${rows}: done`)
}
for (const n of numbers(options.gemm)) {
  results.push(await benchGemm(n))
  console.error(`gemm ${n}: done`)
}
console.log(JSON.stringify({ bench: 'gpu', gpu: gpu.info, node: process.version, cpu: cpus()[0]?.model, wasmPeers: Object.keys(peers), crossovers: crossovers(results), results }, undefined, 1))
gpu.close()
