// The h2o group-by questions q1 to q5 on preloaded data: three utf8 and three int32 keys, two int32 values and a float64 one, after
// the db-benchmark's generator (G1, K = 100, no nulls, unsorted), made here by a fixed hash.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mean, read, sum } from '../dist/index.js'
import { duckdb, machine, measure, sameNumbers } from './measure.mjs'

const queries = {
  q1: { sql: 'select id1, sum(v1) as v1 from x group by id1', frame: x => x.groupBy('id1').agg({ v1: sum('v1') }), check: ['v1'] },
  q2: { sql: 'select id1, id2, sum(v1) as v1 from x group by id1, id2', frame: x => x.groupBy('id1', 'id2').agg({ v1: sum('v1') }), check: ['v1'] },
  q3: { sql: 'select id3, sum(v1) as v1, mean(v3) as v3 from x group by id3', frame: x => x.groupBy('id3').agg({ v1: sum('v1'), v3: mean('v3') }), check: ['v1', 'v3'] },
  q4: {
    sql: 'select id4, mean(v1) as v1, mean(v2) as v2, mean(v3) as v3 from x group by id4',
    frame: x => x.groupBy('id4').agg({ v1: mean('v1'), v2: mean('v2'), v3: mean('v3') }),
    check: ['v1', 'v2', 'v3'],
  },
  q5: {
    sql: 'select id6, sum(v1) as v1, sum(v2) as v2, sum(v3) as v3 from x group by id6',
    frame: x => x.groupBy('id6').agg({ v1: sum('v1'), v2: sum('v2'), v3: sum('v3') }),
    check: ['v1', 'v2', 'v3'],
  },
}

/** Runs the questions on both sides and compares counts and column sums. */
export async function run({ rows = 1e7, workers, queries: only, peers, runs }) {
  const file = fileURLToPath(new URL(`data/g1-${rows}.parquet`, import.meta.url))
  const db = await duckdb(workers)
  if (!existsSync(file)) await generate(db, rows, file)
  const x = read.parquet(file).cache()
  await x.limit(1).collect({ workers })
  if (peers.includes('duckdb')) await db.run(`create table x as from '${file}'`)
  const figures = []
  for (const [name, { sql, frame, check }] of Object.entries(queries)) {
    if (only && !only.includes(name)) continue
    const ours = await measure(() => frame(x).collect({ workers }), runs)
    const summary = [ours.result.numRows, ...check.map(c => ours.result.column(c).toFloat64Array().reduce((a, b) => a + b, 0))]
    const figure = { query: name, groups: ours.result.numRows, millrace_s: ours.seconds, millrace_cpu_s: ours.cpuSeconds }
    if (peers.includes('duckdb')) {
      const theirs = await measure(() => db.run(`create or replace temp table ans as ${sql}`), runs)
      const [row] = (await db.runAndReadAll(`select count(*), ${check.map(c => `sum(${c})::double`).join(', ')} from ans`)).getRows()
      Object.assign(figure, { duckdb_s: theirs.seconds, ratio: ours.seconds / theirs.seconds, equal: sameNumbers(summary, row.map(Number)) })
    }
    figures.push(figure)
  }
  const total = { query: 'sum', millrace_s: figures.reduce((s, f) => s + f.millrace_s, 0) }
  if (peers.includes('duckdb')) {
    total.duckdb_s = figures.reduce((s, f) => s + f.duckdb_s, 0)
    total.ratio = total.millrace_s / total.duckdb_s
  }
  return { title: `h2o group-by, ${rows} rows in memory, ${workers} threads each`, machine: machine(), rows: [...figures, total] }
}

async function generate(db, rows, file) {
  const pick = (salt, count) => `(hash(i * 8 + ${salt}) % ${count})`
  const text = (salt, count, digits) => `'id' || lpad((1 + ${pick(salt, count)})::varchar, ${digits}, '0')`
  await db.run(`copy (select ${text(0, 100, 3)} as id1, ${text(1, 100, 3)} as id2, ${text(2, Math.max(1, rows / 100), 10)} as id3,
    (1 + ${pick(3, 100)})::int as id4, (1 + ${pick(4, 100)})::int as id5, (1 + ${pick(5, Math.max(1, rows / 100))})::int as id6,
    (1 + ${pick(6, 5)})::int as v1, (1 + ${pick(7, 15)})::int as v2, round((hash(i * 8 + 99) % 100000000)::double / 1e6, 6) as v3
    from range(${rows}) t(i)) to '${file}' (format parquet, compression snappy)`)
}
