// Nexmark as it is measured elsewhere: events of all kinds per second and core, every column made, by a source whose own work counts, into a sink that does
// nothing, checkpoints to disk every 30 s, event time at 100,000 events/s. A core is a CPU second of the whole process, all threads. Beside it: what others have
// published on their machines, and a fixed loop in C on this one. Where a query is plain SQL over bids, DuckDB answers it from memory, too.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { q10Files, queries } from '../dist/bench/nexmark/queries.js'
import { generate, read, sink } from '../dist/index.js'
import { fixedLoopSeconds } from './engines/c.mjs'
import { machine } from './measure.mjs'
import { compareWithDuckdb } from './nexmark-duckdb.mjs'
import { checkFlink, flinkNote, measureFlink } from './nexmark-flink.mjs'

/** Thousands of events per second and core: Flink by its V2 rules (2 s mini-batches), and Feldera, each on its own machine. */
const published = {
  q0: [379, 436], q1: [395], q2: [414], q3: [219], q4: [28, 265], q5: [75, 412], q7: [23, 196], q8: [162, 415], q9: [14, 57], q12: [194], q13: [188],
  q14: [259], q15: [168], q16: [45, 51], q17: [161], q18: [65, 85], q19: [43, 75], q20: [18, 85], q21: [147], q22: [212],
}
const sampleMs = 20

/** Runs the queries: `warmup` events, then `rows` that count; fewer beside Flink, which needs minutes. */
export async function run({ peers, rows = peers.includes('flink') ? 5e6 : 5e7, warmup = Math.round(0.4 * rows), workers, queries: only, runs }) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'))
  const figures = []
  try {
    const side = join(folder, 'side.csv')
    writeFileSync(side, `key,value\n${Array.from({ length: 10_000 }, (_, i) => `${i},${i}`).join('\n')}\n`)
    const names = Object.keys(queries).filter(name => !only || only.includes(name))
    const table = read.csv(side, { schema: { key: 'int64', value: 'utf8' } })
    const checked = peers.includes('flink') ? await checkFlink(names, { side: table, folder, workers }) : {}
    for (const name of names) {
      const house = { ...generate.nexmark({ events: warmup + rows, seed: 1, everything: true }), side: table }
      const figure = await measured(name, house, { folder: join(folder, name), rows, warmup, workers })
      if (peers.includes('flink')) Object.assign(figure, await besideFlink(name, figure, checked[name], { rows, warmup, workers, folder }))
      figures.push(figure)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (peers.includes('duckdb')) await compareWithDuckdb(figures, rows, workers, runs)
  const means = only && !figures.some(f => f.timesFlinkHere) ? [] : [geometricMean(figures)]
  const title = `Nexmark, ${rows} events after ${warmup} of warm-up, 100,000 events/s of event time, ${workers} threads; flink and feldera: thousands of events/s/core, published${peers.includes('flink') ? flinkNote(figures) : ''}`
  return { title, machine: machine(), rows: [...figures, ...means] }
}

async function measured(query, house, { folder, rows, warmup, workers }) {
  const loop = fixedLoopSeconds()
  let results = 0
  const blackhole = sink({ name: 'blackhole', delivery: 'idempotent', changes: true, write: batch => void (results += batch.numRows) })
  const frame = queries[query](house)
  const mode = modeOf(frame)
  const job = query === 'q10' ? q10Files(house, join(folder, 'files/')) : frame.to(blackhole)
  const began = { at: performance.now(), cpu: process.cpuUsage(), events: 0 }
  const started = await job.start({ workers, mode, checkpoint: { dir: join(folder, 'state'), every: '30s' }, name: query })
  let latest
  let warm = warmup === 0 ? began : undefined
  const sample = setInterval(() => {
    const { rowsRead, latency } = started.metrics()
    if (warm && latency) latest = latency
    const events = rowsRead / readShare(query)
    if (!warm && events >= warmup) warm = { at: performance.now(), cpu: process.cpuUsage(), events }
  }, sampleMs)
  await started.done.finally(() => clearInterval(sample))
  // A run that was over before it was looked at twice counts as a whole.
  if (!warm || warmup + rows - warm.events < rows / 2) warm = began
  const cpu = process.cpuUsage(warm.cpu)
  const seconds = (performance.now() - warm.at) / 1e3
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  const counted = warmup + rows - warm.events
  const { rowsWritten, memory, checkpoints, latency = latest } = started.metrics()
  const [flink, feldera] = published[query] ?? []
  return {
    query,
    mode,
    results: query === 'q10' ? rowsWritten : results,
    seconds,
    cpuSeconds,
    eventsPerSecond: Math.round(counted / seconds),
    eventsPerSecondPerCore: Math.round(counted / cpuSeconds),
    // Of the last minute, from reading to the sink; results of input that ended have none.
    latencyMs: latency && round(latency.p50Ms),
    latencyP99Ms: latency && round(latency.p99Ms),
    checkpoints: checkpoints.completed,
    peakMiB: Math.round(memory.peakBytes / 2 ** 20),
    loopSeconds: loop,
    flink,
    feldera,
    timesFlink: flink && counted / cpuSeconds / 1e3 / flink,
  }
}

const round = ms => Math.round(10 * ms) / 10

async function besideFlink(query, { eventsPerSecondPerCore }, checked, options) {
  if (checked?.difference) {
    process.stderr.write(`flink, ${query}: ${checked.difference}\n`)
    return { flinkHere: 'differs', equal: false }
  }
  const figure = await measureFlink(query, options)
  const times = figure.flinkMiB && eventsPerSecondPerCore / 1e3 / figure.flinkHere
  // A run takes long: what is known is said.
  if (times) process.stderr.write(`${query}: ${Math.round(eventsPerSecondPerCore / 1e3)} thousand events/s/core, flink ${figure.flinkHere}: ${times.toPrecision(3)} times\n`)
  return { ...figure, ...(times && { timesFlinkHere: times }), ...(checked && { equal: true }) }
}

// What can't run as a stream yet runs over input that ends.
function modeOf(frame) {
  try {
    frame.explain({ mode: 'stream' })
    return 'stream'
  } catch {
    return 'batch'
  }
}

// Of 50 events, those of the kinds that a query reads.
function readShare(query) {
  const [persons, auctions, bids] = [1, 3, 46]
  const read = { q3: persons + auctions, q8: persons + auctions, q4: auctions + bids, q6: auctions + bids, q9: auctions + bids, q20: auctions + bids, q23: persons + auctions + bids }
  return (read[query] ?? bids) / 50
}

function geometricMean(figures) {
  const counted = figures.filter(({ flink }) => flink !== undefined)
  const here = counted.filter(f => f.timesFlinkHere !== undefined)
  const mean = values => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
  return {
    query: `geometric mean of ${counted.length}`,
    eventsPerSecondPerCore: Math.round(mean(counted.map(f => f.eventsPerSecondPerCore))),
    flink: Math.round(mean(counted.map(f => f.flink))),
    ...(here.length > 0 && { flinkHere: mean(here.map(f => f.flinkHere)), timesFlinkHere: mean(here.map(f => f.timesFlinkHere)), flinkQueries: here.length }),
  }
}
