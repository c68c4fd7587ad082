// Latency at 100,000 rows a second, source to sink, in one process. Each row has a time at which it is due by the schedule, whenever the source came to it: its latency is the
// time at which the sink's write sees it less that, so that nothing is hidden while the job stands still. A window's result is due when the first row is that lets the
// watermark pass its end. First the same schedule without an engine: what the machine and its timers allow at the moment. Then each case without checkpoints and with one a second.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeEngines, col, count, from, hop, sink, source, sum } from '../dist/index.js'
import { machine } from './measure.mjs'

const rowsPerMs = 100
const keys = 1_000
const boundMs = 100
/** What is due before is warm-up, code that isn't fast yet: 5 s, less where a case is short. */
const warmMs = rows => Math.min(5_000, rows / rowsPerMs / 6)
/** The most rows that the source hands out at once; it comes to more only when it was held up. */
const rowsAtOnce = 8_192

/** Milliseconds since 1970 with their fractions. */
const now = () => performance.timeOrigin + performance.now()

/** Hands rows out as they are due, from `began` on, every millisecond those of the last one: `rowOf` says what row i is. */
async function* paced(began, rows, rowOf) {
  for (let first = 0; first < rows; ) {
    const due = Math.min(rows, Math.floor((now() - began) * rowsPerMs))
    const made = Array.from({ length: Math.min(due - first, rowsAtOnce) }, (_, i) => rowOf(first + i))
    first += made.length
    yield { rows: made, position: first }
    if (due === first) await sleep(1)
  }
}

/** The rows of a schedule that begins when the source is opened; `schedule.began` says when that was. */
function clocked(rows, schedule) {
  const rowOf = i => {
    const due = schedule.began + i / rowsPerMs
    return { at: Math.floor(due), key: (i * 7_919) % keys, value: i % 100, due }
  }
  const read = () => {
    schedule.began = now()
    return paced(schedule.began, rows, rowOf)
  }
  return from(source({ name: 'clock', schema: { at: 'timestamp[ms]', key: 'int32', value: 'int32', due: 'float64' }, bounded: true, start: 0, splits: () => [{ id: 'all' }], read }))
}

const cases = {
  'filter, select': {
    frame: rows => rows.filter(col('value').lt(50)).select('key', 'value', 'due'),
    dueOf: batch => batch.column('due').toFloat64Array(),
    // Half of the values pass.
    counted: batch => batch.numRows,
    share: 0.5,
  },
  'hop 10 s by 2 s': {
    frame: rows => rows.watermark('at', { bound: boundMs }).groupBy('key', hop('at', '10s', { slide: '2s' })).agg({ rows: count(), total: sum('value') }),
    // The watermark is the greatest time less the bound and a millisecond, and a window's last millisecond is the one before its end.
    dueOf: batch => batch.column('window_end').toFloat64Array().map(end => end + boundMs),
    // Every row is in five windows.
    counted: batch => batch.column('rows').toFloat64Array().reduce((sum, n) => sum + n, 0),
    share: 5,
  },
}

/** Latencies, in milliseconds, of the rows that were due behind the warm-up and before the schedule's end. */
class Latencies {
  #values = new Float64Array(1 << 16)
  count = 0

  add(dues, schedule, rows) {
    const seen = now()
    const from = schedule.began + warmMs(rows)
    for (const due of dues) {
      if (due < from || due > schedule.began + rows / rowsPerMs) continue
      if (this.count === this.#values.length) this.#grow()
      this.#values[this.count++] = seen - due
    }
  }

  #grow() {
    const grown = new Float64Array(2 * this.#values.length)
    grown.set(this.#values)
    this.#values = grown
  }

  figures() {
    const sorted = this.#values.subarray(0, this.count).sort()
    const at = share => (sorted.length === 0 ? undefined : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))])
    return { results: sorted.length, p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), p9999_ms: at(0.9999), max_ms: sorted.at(-1) }
  }
}

/** The schedule alone: rows are made and looked at, and that is all. */
async function withoutEngine(rows) {
  const schedule = { began: now() }
  const latencies = new Latencies()
  for await (const batch of paced(schedule.began, rows, i => ({ due: schedule.began + i / rowsPerMs }))) latencies.add(batch.rows.map(row => row.due), schedule, rows)
  return latencies.figures()
}

async function measured({ frame, dueOf, counted, share }, rows, workers, checkpoint) {
  const schedule = {}
  const latencies = new Latencies()
  let all = 0
  const write = batch => {
    latencies.add(dueOf(batch), schedule, rows)
    all += counted(batch)
  }
  const watching = sink({ name: 'watching', delivery: 'idempotent', write })
  const began = process.cpuUsage()
  const run = await frame(clocked(rows, schedule)).to(watching).start({ workers, mode: 'stream', checkpoint })
  await run.done
  const { user, system } = process.cpuUsage(began)
  const { checkpoints } = run.metrics()
  return { ...latencies.figures(), cpu_share: (user + system) / 1e3 / (rows / rowsPerMs), ...(checkpoint && { checkpoints: checkpoints.completed }), equal: all === share * rows }
}

/** Runs the cases over `rows` rows each, 100 a millisecond. */
export async function run({ rows = 3e6, workers, queries: only }) {
  const figures = [{ case: 'no engine', ...(await withoutEngine(rows)) }]
  const dir = mkdtempSync(join(tmpdir(), 'millrace-latency-'))
  try {
    for (const [name, testCase] of Object.entries(cases)) {
      if (only && !only.includes(name)) continue
      const without = await measured(testCase, rows, workers)
      const withThem = await measured(testCase, rows, workers, { dir: join(dir, String(figures.length)), every: '1s' })
      figures.push({ case: name, ...without }, { case: `${name}, checkpoints every 1 s`, ...withThem, p99_ratio: withThem.p99_ms / without.p99_ms })
    }
  } finally {
    await closeEngines()
    rmSync(dir, { recursive: true })
  }
  return { title: `Latency at ${rowsPerMs * 1_000} rows a second, ${rows} rows a case, ${workers} threads; the first ${warmMs(rows) / 1_000} s don't count`, machine: machine(), rows: figures }
}
