// Runs a suite on several engines, each in a process of its own, in turns: a round of a case is one timing on every engine, so that a
// machine that slows down slows all of them. A time counts only where the engine's result equals Millrace's.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { dataOf } from './data.mjs'
import { sameNumbers } from './measure.mjs'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const python = here('.venv/bin/python')

/** The engines, by the names that `--peers` takes: how to start one, the property of a case that it runs, and whether it is installed. */
export const engines = {
  millrace: { needs: 'millrace', isPresent: () => true },
  duckdb: { needs: 'sql', isPresent: () => existsSync(here('node_modules/@duckdb/node-api')) },
  polars: { needs: 'polars', isPresent: () => existsSync(python), command: () => [python, here('engines/python-polars.py')] },
  'nodejs-polars': { needs: 'nodejsPolars', isPresent: () => existsSync(here('node_modules/nodejs-polars')) },
  hyparquet: { needs: 'hyparquet', isPresent: () => existsSync(here('node_modules/hyparquet')) },
  // Takes a minute and a half for a million rows.
  parquetjs: { needs: 'parquetjs', onRequest: true, isPresent: () => existsSync(here('../node_modules/parquetjs-lite')) },
  arquero: { needs: 'arquero', isPresent: () => existsSync(here('node_modules/arquero')) },
  // For nexmark alone, and takes a minute a query.
  flink: { needs: 'flink', onRequest: true, isPresent: () => existsSync(here('out/flink/lib')) },
  c: { needs: 'c', isPresent: () => ['/usr/bin/gcc', '/usr/bin/cc'].some(existsSync) },
}

/** Measures a suite; gives the rows of the JSON report. `say` is told what is going on. */
export async function runSuite(suite, { rows, workers, peers, queries, runs, memory, say = () => {} }) {
  const tables = suite.generate ? await dataOf(suite, rows) : {}
  const started = []
  const taking = peers.filter(name => Object.values(suite.cases).some(testCase => testCase[engines[name].needs] !== undefined))
  for (const name of ['millrace', ...taking]) {
    say(`loading ${name}`)
    const setup = { engine: name, suite: suite.name, rows, workers, tables, memory, converts: suite.converts, fromFiles: suite.fromFiles }
    started.push(engines[name].isPresent() ? await startEngine(name, setup) : { name, absent: 'it is not installed (npm run bench:setup)' })
  }
  const processes = started.filter(engine => !engine.absent)
  const results = []
  for (const [caseName, testCase] of Object.entries(suite.cases)) {
    if (queries && !queries.includes(caseName)) continue
    say(caseName)
    results.push(...(await runCase(suite, caseName, testCase, processes, { rows, runs })))
  }
  for (const engine of processes) engine.end()
  return [...results, ...started.filter(engine => engine.absent).map(({ name, absent }) => ({ suite: suite.name, case: '', engine: name, error: `not measured: ${absent}` }))]
}

async function runCase(suite, caseName, testCase, processes, { rows, runs }) {
  const entries = processes.filter(p => testCase[engines[p.name].needs] !== undefined).map(process => ({ process, seconds: [], cpuSeconds: [] }))
  const ask = async entry => {
    const out = suite.converts && outOf(entry, testCase)
    // Each writes a new file: replacing one takes the system 30 ms for 160 MB. And what one engine left for the disk, another one's fsync would wait for.
    if (out) rmSync(out, { force: true })
    if (out && process.platform !== 'win32') execFileSync('sync')
    const answer = await entry.process.ask({ run: caseName, query: testCase.polars, out })
    if (answer.error) entry.error = answer.error
    return answer
  }
  for (const entry of entries) await ask(entry)
  for (let run = 0; run < runs; run++) {
    for (const entry of entries) {
      if (entry.error) continue
      const { seconds, cpuSeconds } = await ask(entry)
      entry.seconds.push(seconds)
      entry.cpuSeconds.push(cpuSeconds)
    }
  }
  for (const entry of entries) {
    if (entry.error) continue
    Object.assign(entry, await entry.process.ask(suite.converts ? {} : { check: caseName, columns: testCase.check }))
    if (!suite.converts) continue
    Object.assign(entry, await suite.check(outOf(entry, testCase), caseName))
    rmSync(outOf(entry, testCase))
  }
  const [ours] = entries
  return entries.map(({ process, seconds, cpuSeconds, check, error, rssBytes, bytes }) => ({
    suite: suite.name,
    case: caseName,
    engine: process.name,
    version: process.version,
    workers: process.workers,
    rows,
    ...(error ? { error } : { seconds: spread(seconds), cpuSeconds: spread(cpuSeconds), rssBytes, ...(bytes && { bytes }), loadSeconds: process.loaded, results: check[0], checksum: check.map(n => n.toPrecision(9)).join(' ') }),
    ...(process.name !== 'millrace' && !error && ours.check && { equal: sameNumbers(ours.check, check) }),
  }))
}

// What an engine writes in a case.
function outOf({ process }, { to }) {
  return here(`data/written-by-${process.name}.${to}`)
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) }
}

async function startEngine(name, setup) {
  const [program, script] = engines[name].command?.() ?? [process.execPath, here('engine-process.mjs')]
  const child = spawn(program, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async command => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await lines.next()
    return done ? { error: `the process of ${name} ended` } : JSON.parse(value)
  }
  const { error, ...loaded } = await ask(setup)
  if (error) return { name, absent: error.split('\n')[0] }
  return { name, ...loaded, ask, end: () => child.stdin.end(`${JSON.stringify({ end: true })}\n`) }
}
