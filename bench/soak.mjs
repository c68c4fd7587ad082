// A job of bounded state that runs for long: does its memory stay what it is? Rows come by the clock for ever; sliding windows, a join within bounds of time, the first of
// rows that come twice (forgotten after a while), checkpoints every 5 s to disk. Every few seconds the process is looked at; the last third is compared with the one before.
//   npm run bench -- soak [--rows 20000 (a second)] [--warmup 30 (minutes)]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { col, count, generate, hop, sink, sum } from '../dist/index.js'
import { machine } from './measure.mjs'

const minuteMs = 60_000
const mib = bytes => Math.round(bytes / 2 ** 20)

/** Runs for `minutes` at `rows` a second, half of them on each side. */
export async function run({ rows = 20_000, warmup: minutes = 30, workers }) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-'))
  const jobs = []
  try {
    const side = seed =>
      generate
        .columns({ at: generate.sequence('2026-01-01', `${Math.max(1, Math.round(2_000 / rows))}ms`), key: generate.uniform(0, 1_000, { type: 'int32' }), value: generate.uniform(0, 100, { type: 'int32' }) }, { rate: rows / 2, seed })
        .watermark('at', { bound: '1s', align: { group: 'sides', drift: '5s' } })
    const left = side(1)
    const right = side(2).select({ key: col('key'), at_right: col('at'), value_right: col('value') })
    const frames = {
      windows: left.groupBy('key', hop('at', '10s', { slide: '1s' })).agg({ n: count(), total: sum('value') }),
      join: left.join(right, { on: 'key', within: ['-1s', '1s'], time: { left: 'at', right: 'at_right' } }).groupBy('value').agg({ n: count() }, { ttl: '1m' }),
    }
    let given = 0
    for (const [name, frame] of Object.entries(frames)) {
      const out = sink({ name, delivery: 'idempotent', changes: true, write: batch => void (given += batch.numRows) })
      jobs.push(await frame.to(out).start({ workers, name, mode: 'stream', checkpoint: { dir: join(folder, name), every: '5s' } }))
    }
    const looks = []
    const began = performance.now()
    for (let at = 0; at < minutes * minuteMs; at = performance.now() - began) {
      await Promise.race([sleep(Math.min(5_000, (minutes * minuteMs) / 60)), ...jobs.map(job => job.done)])
      const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
      looks.push({ at, rss, heapUsed, arrayBuffers, checkpoint: jobs.reduce((bytes, job) => bytes + (job.metrics().checkpoints.lastBytes ?? 0), 0) })
    }
    const thirds = [1, 2].map(third => looks.slice(Math.floor((third * looks.length) / 3), Math.floor(((third + 1) * looks.length) / 3)))
    const read = jobs.reduce((sum, job) => sum + job.metrics().rowsRead, 0)
    const figures = thirds.map((part, i) => ({ minutes: `${Math.round((minutes * (i + 1)) / 3)}–${Math.round((minutes * (i + 2)) / 3)}`, rssMiB: mib(median(part, 'rss')), rssMostMiB: mib(Math.max(...part.map(look => look.rss))), heapMiB: mib(median(part, 'heapUsed')), buffersMiB: mib(median(part, 'arrayBuffers')), checkpointKiB: Math.round(median(part, 'checkpoint') / 1024) }))
    return { title: `Soak: ${minutes} minutes, ${read} rows read, ${given} results, ${workers} threads`, machine: machine(), rows: figures }
  } finally {
    for (const job of jobs) await job.stop({ drain: false }).catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

function median(looks, what) {
  const values = looks.map(look => look[what]).sort((a, b) => a - b)
  return values[values.length >> 1] ?? 0
}
