// Group-by at the level of kernels: the h2o questions q1–q5 over columns generated in WASM memory, each step timed on one thread, then all of it
// on two. `npm run build && node bench/kernels/group.mjs [rows]` prints a line of JSON per question: medians, the best (of a busy machine), the merge
// of the two threads' states, and nanoseconds a row per step, the median over slices. Results are hashed and compared. Texts have codes, as those of
// cached frames do; CODES=0 groups by the texts themselves.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { createDevice, joinDevice } from '../../dist/device/device.js'
import { createAccumulators } from '../../dist/compute/accumulators.js'
import { sliceColumn } from '../../dist/batch/batch.js'
import { dictionaryCodes } from '../../dist/compute/dictionary-codes.js'
import { GroupTable } from '../../dist/compute/group-table.js'
import { random } from '../../dist/base/random.js'

const int32 = { kind: 'int32' }
const float64 = { kind: 'float64' }
const utf8 = { kind: 'utf8' }
const sliceRows = Number(process.env.SLICE ?? 16_384)
const questions = {
  q1: { keys: ['id1'], aggregates: [['sum', 'v1']] },
  q2: { keys: ['id1', 'id2'], aggregates: [['sum', 'v1']] },
  q3: { keys: ['id3'], aggregates: [['sum', 'v1'], ['mean', 'v3']] },
  q4: { keys: ['id4'], aggregates: [['mean', 'v1'], ['mean', 'v2'], ['mean', 'v3']] },
  q5: { keys: ['id6'], aggregates: [['sum', 'v1'], ['sum', 'v2'], ['sum', 'v3']] },
}

function generate(device, rows) {
  const pages = bytes => device.pages.allocate(Math.ceil((bytes + 64) / 65_536))
  const numbers = (below, seed) => {
    const chance = random(seed)
    const values = pages(4 * rows)
    const view = device.memory.int32s(values, rows)
    for (let i = 0; i < rows; i++) view[i] = 1 + Math.floor((chance.uint32() / 2 ** 32) * below)
    return { type: int32, length: rows, values, validity: 0 }
  }
  const texts = (digits, below, seed) => {
    const chance = random(seed)
    const values = pages(16 * rows)
    const words = device.memory.uint32s(values, 4 * rows)
    const known = new Uint32Array(4 * below)
    for (let k = 0; k < below; k++) {
      const bytes = new TextEncoder().encode(`id${String(k + 1).padStart(digits, '0')}`)
      known[4 * k] = bytes.length
      new Uint8Array(known.buffer, 16 * k + 4, 12).set(bytes)
    }
    for (let i = 0; i < rows; i++) {
      const k = 4 * Math.floor((chance.uint32() / 2 ** 32) * below)
      words[4 * i] = known[k]
      words[4 * i + 1] = known[k + 1]
      words[4 * i + 2] = known[k + 2]
      words[4 * i + 3] = known[k + 3]
    }
    return coded(device, { type: utf8, length: rows, values, validity: 0 })
  }
  const v3 = { type: float64, length: rows, values: pages(8 * rows), validity: 0 }
  const chance = random(9)
  const view = device.memory.float64s(v3.values, rows)
  for (let i = 0; i < rows; i++) view[i] = Math.round((chance.uint32() / 2 ** 32) * 1e8) / 1e6
  const many = Math.max(1, Math.round(rows / 100))
  return { id1: texts(3, 100, 1), id2: texts(3, 100, 2), id3: texts(10, many, 3), id4: numbers(100, 4), id6: numbers(many, 6), v1: numbers(5, 7), v2: numbers(15, 8), v3 }
}

function coded(device, column) {
  if (process.env.CODES === '0') return column
  const making = dictionaryCodes(device, device.arena(), [column])
  let step = making.next()
  while (!step.done) step = making.next()
  return { ...column, codes: step.value[0] }
}

// Slices begin at multiples of 64 rows, as `sliceColumn` asks for.
const slice = (column, start, end) => sliceColumn(column, start, end)

/** Groups and aggregates rows [start, end); with `times` the steps are timed one by one. */
function partial(device, columns, { keys, aggregates }, start, end, times) {
  const table = new GroupTable(device, keys.map(name => ({ name, type: columns[name].type, nullable: false })))
  const set = createAccumulators(device, aggregates.map(([fn, name]) => ({ fn, inputType: columns[name].type })))
  for (let at = start; at < end; at += sliceRows) {
    const stop = Math.min(end, at + sliceRows)
    const arena = device.arena()
    const t0 = times ? performance.now() : 0
    const gids = table.find(arena, keys.map(name => slice(columns[name], at, stop)), stop - at)
    const t1 = times ? performance.now() : 0
    set.update(gids, aggregates.map(([, name]) => slice(columns[name], at, stop)), stop - at, table.groupCount, { first: 0n, rows: 0 })
    if (times && stop - at === sliceRows) {
      times.find.push(t1 - t0)
      times.update.push(performance.now() - t1)
    }
    arena.release()
  }
  const arena = device.arena()
  const state = { rows: table.groupCount, keys: table.keyColumns(arena), values: set.partialColumns(arena, table.groupCount), arena: arena.address }
  table.close()
  set.close()
  return { state, arena }
}

/** Merges partial states; returns a hash of the result. */
function merge(device, columns, { keys, aggregates }, states) {
  const table = new GroupTable(device, keys.map(name => ({ name, type: columns[name].type, nullable: false })))
  const set = createAccumulators(device, aggregates.map(([fn, name]) => ({ fn, inputType: columns[name].type })))
  const arena = device.arena()
  for (const state of states) set.merge(table.find(arena, state.keys, state.rows), state.values, state.rows, table.groupCount)
  const results = set.resultColumns(arena, table.groupCount)
  let hash = table.groupCount
  for (const { type, values, length } of results) {
    const view = type.kind === 'float64' ? device.memory.float64s(values, length) : device.memory.int64s(values, length)
    let sum = 0
    for (const value of view) sum += Number(value)
    hash += sum
  }
  arena.release()
  table.close()
  set.close()
  return { groups: results[0].length, hash }
}

const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]

async function main() {
  const rows = Number(process.argv[2] ?? 1e7)
  const device = await createDevice({ relaxed: false })
  const columns = generate(device, rows)
  const half = Math.ceil(rows / 2 / 64) * 64
  const control = new Int32Array(new SharedArrayBuffer(64))
  const worker = new Worker(new URL(import.meta.url), { workerData: { share: device.share(), columns, control, half, rows } })
  await new Promise(resolve => worker.once('message', resolve))
  const repeats = Number(process.env.REPEATS ?? 7)
  for (const [name, question] of Object.entries(questions)) {
    const ones = []
    const twos = []
    const mergeTimes = []
    let times
    let result
    for (let i = 0; i <= repeats; i++) {
      times = { find: [], update: [] }
      const start = performance.now()
      const { state, arena } = partial(device, columns, question, 0, rows, times)
      result = merge(device, columns, question, [state])
      arena.release()
      if (i > 0) ones.push(performance.now() - start)
    }
    for (let i = 0; i <= repeats; i++) {
      const start = performance.now()
      const other = new Promise(resolve => worker.once('message', resolve))
      worker.postMessage(name)
      const { state, arena } = partial(device, columns, question, 0, half)
      const theirs = await other
      const merging = performance.now()
      const both = merge(device, columns, question, [state, theirs])
      arena.release()
      worker.postMessage('release')
      if (i > 0) {
        twos.push(performance.now() - start)
        mergeTimes.push(performance.now() - merging)
      }
      if (Math.abs(both.hash - result.hash) > 1e-9 * Math.abs(result.hash)) throw new Error(`${name}: two threads give ${both.hash}, one ${result.hash}`)
    }
    const ns = list => Number(((median(list) * 1e6) / sliceRows).toFixed(2))
    const seconds = ms => Number((ms / 1e3).toFixed(4))
    console.log(JSON.stringify({ bench: 'kernels/group', question: name, rows, groups: result.groups, s1: seconds(median(ones)), s1Best: seconds(Math.min(...ones)), s2: seconds(median(twos)), s2Best: seconds(Math.min(...twos)), merge: seconds(Math.min(...mergeTimes)), findNsPerRow: ns(times.find), updateNsPerRow: ns(times.update), hash: result.hash }))
  }
  await worker.terminate()
}

function work() {
  const { share, columns, half, rows } = workerData
  const device = joinDevice(share)
  let kept
  parentPort.on('message', name => {
    if (name === 'release') return kept.arena.release()
    kept = partial(device, columns, questions[name], half, rows)
    parentPort.postMessage(kept.state)
  })
  parentPort.postMessage('ready')
}

if (isMainThread) await main()
else work()
