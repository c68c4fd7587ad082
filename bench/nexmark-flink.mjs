// Nexmark on a real Flink beside ours, on this machine: the same events (engines/flink/NexmarkEvents.java makes them bit for bit), queries in its SQL, a blackhole. Before a
// query is timed both sides run it over a few events, and the rows that are left at the end must be the same.
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { queries } from '../dist/bench/nexmark/queries.js'
import { generate } from '../dist/index.js'
import { isPresent, runFlink, stateStore } from './engines/flink.mjs'

/** Queries that have SQL. q6 orders an OVER by what is taken back later, which Flink refuses. */
const asked = [...readFileSync(new URL('engines/flink/nexmark.sql', import.meta.url), 'utf8').matchAll(/^-- (q\d+)$/gm)].map(([, name]) => name)
/** What the clock decides can't be compared. */
const byTheClock = ['q12']
/** 25 s of event time, so that windows end and the first bids are forgotten. */
const checked = { events: 100_000, rate: 4_000, seed: 1 }

/** For each of `names` that can be compared: how many rows both sides give, and how they differ if they do. Cost: about 3 s a query. */
export async function checkFlink(names, { side, folder, workers }) {
  const compared = names.filter(name => asked.includes(name) && !byTheClock.includes(name))
  const found = {}
  if (!isPresent() || compared.length === 0) return found
  for (const { query, columns, error } of await runFlink({ queries: compared.join(), check: true, threads: 1, folder, ...checked })) {
    if (error) {
      found[query] = { difference: error }
      continue
    }
    const file = join(folder, `${query}.txt`)
    const theirs = statSync(file).size === 0 ? [] : readFileSync(file, 'utf8').trimEnd().split('\n')
    rmSync(file)
    const table = await queries[query]({ ...generate.nexmark(checked), side }).collect({ workers, mode: 'stream' })
    found[query] = differenceOf(table.toArray().map(row => columns.split(',').map(name => shown(row[name])).join('|')), theirs)
  }
  return found
}

/** Runs a query as ours was run; `flinkHere` in thousands of events a second and core. */
export async function measureFlink(query, { rows, warmup, workers, folder }) {
  if (!isPresent() || !asked.includes(query)) return { flinkHere: 'not measured' }
  const [{ eventsPerSecondPerCore, peakMiB, error, version }] = await runFlink({ queries: query, events: rows, warmup, threads: Math.max(1, workers), folder })
  if (error) process.stderr.write(`flink, ${query}: ${error}\n`)
  return error ? { flinkHere: 'failed' } : { flinkHere: Number((eventsPerSecondPerCore / 1e3).toPrecision(4)), flinkMiB: peakMiB, flinkVersion: version }
}

/** What the title says of it. */
export function flinkNote(figures) {
  const version = figures.find(f => f.flinkVersion)?.flinkVersion
  return version ? `; flinkHere: Flink ${version} on this machine, state in ${stateStore}` : '; flinkHere: not measured (npm run bench:setup installs it where there are Java and Maven)'
}

// Whole numbers of a mean of whole numbers, as SQL has it; decimals without zeros at their end.
function shown(value) {
  if (typeof value === 'number') return String(Math.trunc(value))
  if (value instanceof Date) return String(value.getTime())
  const text = String(value)
  return /^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text
}

function differenceOf(ours, theirs) {
  ours.sort()
  theirs.sort()
  const rows = Math.max(ours.length, theirs.length)
  for (let i = 0; i < rows; i++) if (ours[i] !== theirs[i]) return { rows, difference: `${ours.length} rows, Flink has ${theirs.length}; ours: ${ours[i]}, theirs: ${theirs[i]}` }
  return { rows }
}
