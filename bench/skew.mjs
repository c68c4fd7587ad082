// Keys after Zipf (1.2) beside uniform ones, 100,000 of each: rows whose keys are skewed should group about as fast, however keys are found. Timed in turns on
// the engine; `rate` is that of skewed keys over that of uniform ones. Ints and texts with codes lie in memory (`cache()`); texts without codes are read
// from an Arrow file. Skewed and uniform columns have the same values beside them.
import { existsSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { col, count, generate, mean, read, sum, write } from '../dist/index.js'
import { machine, median } from './measure.mjs'

const keys = 100_000

// Ranks are scattered over the keys, so that frequent ones don't lie side by side.
function tableOf(rows) {
  const number = maker => generate.text('id%010d', maker)
  const made = generate.columns(
    {
      even: generate.uniform(1, keys + 1, { type: 'int32' }),
      rank: generate.zipf(keys, 1.2),
      evenText: number(generate.uniform(1, keys + 1, { type: 'int32' })),
      skewedText: number(generate.zipf(keys, 1.2)),
      v1: generate.uniform(1, 6, { type: 'int32' }),
      v2: generate.uniform(1, 16, { type: 'int32' }),
      v3: generate.uniform(0, 100),
    },
    { rows, seed: 1 },
  )
  return made.with({ skewed: col('rank').mul(48_271).mod(100_003).cast('int32') }).drop('rank')
}

const aggregates = {
  'sum (q1)': { v1: sum('v1') },
  'sum, mean (q3)': { v1: sum('v1'), v3: mean('v3') },
  'three sums (q5)': { v1: sum('v1'), v2: sum('v2'), v3: sum('v3') },
  count: { n: count() },
}

/** Runs each question on either kind of keys, in turns, with one thread and with `workers`. */
export async function run({ rows = 1e7, workers, runs, queries: only }) {
  const path = fileURLToPath(new URL(`data/skew-${rows}.arrow`, import.meta.url))
  if (!existsSync(path)) {
    await tableOf(rows).select('evenText', 'skewedText', 'v1', 'v2', 'v3').to(write.arrow(`${path}.part`, { overwrite: true })).run({ workers })
    renameSync(`${path}.part`, path)
  }
  const kept = tableOf(rows).cache()
  await kept.limit(1).collect({ workers })
  const sources = { int32: [kept, 'even', 'skewed'], 'utf8, codes': [kept, 'evenText', 'skewedText'], utf8: [read.arrow(path), 'evenText', 'skewedText'] }
  const figures = []
  for (const [keyType, [frame, even, skewed]] of Object.entries(sources)) {
    for (const [question, aggregate] of Object.entries(aggregates)) {
      if (only && !only.some(name => question.startsWith(name) || keyType === name)) continue
      for (const threads of new Set([1, workers])) {
        const [uniform, zipf] = await inTurns([even, skewed].map(key => () => frame.groupBy(key).agg(aggregate).collect({ workers: threads })), runs)
        const equal = totals(uniform.result, aggregate) === totals(zipf.result, aggregate)
        figures.push({ keys: keyType, question, threads, uniform_s: uniform.seconds, zipf_s: zipf.seconds, rate: uniform.seconds / zipf.seconds, cpu_rate: uniform.cpuSeconds / zipf.cpuSeconds, equal })
      }
    }
  }
  return { title: `keys after Zipf (1.2) beside uniform ones: ${rows} rows, ${keys} keys`, machine: machine(), rows: figures }
}

// Whole numbers add up to the same, whatever the groups.
function totals(table, aggregate) {
  const name = 'n' in aggregate ? 'n' : 'v1'
  return table.column(name).toFloat64Array().reduce((total, value) => total + value, 0)
}

async function inTurns(jobs, runs) {
  const figures = jobs.map(() => ({ walls: [], cpus: [], result: undefined }))
  for (let run = -1; run < runs; run++) {
    for (const [i, job] of jobs.entries()) {
      const [cpu, start] = [process.cpuUsage(), performance.now()]
      figures[i].result = await job()
      const used = process.cpuUsage(cpu)
      if (run < 0) continue
      figures[i].walls.push((performance.now() - start) / 1e3)
      figures[i].cpus.push((used.user + used.system) / 1e6)
    }
  }
  return figures.map(({ walls, cpus, result }) => ({ seconds: median(walls), cpuSeconds: median(cpus), result }))
}
