// Nexmark q0, q1, q2, q5, q11 and q12 as streams: generated bids, a watermark 4 s behind, results into a sink that only counts. Figures are
// events (persons, auctions and bids) per second and per CPU second of the whole process, the generator's own included, as Nexmark counts.
// Where the query is plain SQL over the same bids, DuckDB answers it from a table in memory, and Millrace from its own memory beside it.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nexmarkQueries } from '../dist/examples/nexmark/queries.js'
import { generate, sink, write } from '../dist/index.js'
import { duckdb, machine, measure } from './measure.mjs'

/** The last part of the comparison: more bids would measure the copying of results. */
const comparedEventsMax = 2_000_000

// `check`: sums over the result that both sides must agree on to the last digit.
const compared = {
  q0: { sql: 'select auction, bidder, price, dateTime, extra from bids', check: ['count(*)', 'sum(auction)', 'sum(bidder)', 'sum(price)', 'sum(epoch_ms(dateTime))', 'sum(length(extra))'] },
  q1: {
    sql: 'select auction, bidder, price * 908 as price_thousandths, dateTime, extra from bids',
    check: ['count(*)', 'sum(auction)', 'sum(price_thousandths)', 'sum(epoch_ms(dateTime))', 'sum(length(extra))'],
  },
  q2: { sql: 'select auction, price from bids where auction % 123 = 0', check: ['count(*)', 'sum(auction)', 'sum(price)'] },
  q5: {
    sql: `with panes as (select auction, epoch_ms(dateTime) // 2000 as pane, count(*) as num from bids group by all),
      counts as (select auction, pane - k as start, sum(num)::bigint as num from panes, range(5) t(k) group by all),
      most as (select start, max(num) as most from counts group by start)
      select auction, num, make_timestamp_ms(start * 2000) as window_start from counts join most using (start) where num >= most`,
    check: ['count(*)', 'sum(auction)', 'sum(num)', 'sum(epoch_ms(window_start))'],
  },
}

/** Runs the queries as streams, and those that have a peer also over bids in memory. */
export async function run({ rows = 1e7, workers, queries: only, peers, runs }) {
  const figures = []
  for (const [query, frame] of Object.entries(nexmarkQueries(generate.nexmark({ events: rows, seed: 1 }).bids))) {
    if (only && !only.includes(query)) continue
    const ours = await measure(async () => {
      let results = 0
      const counting = sink({ name: 'counting', delivery: 'idempotent', write: batch => void (results += batch.numRows) })
      await frame.to(counting).run({ workers })
      return results
    }, runs)
    figures.push({ query, results: ours.result, seconds: ours.seconds, events_per_s: Math.round(rows / ours.seconds), events_per_s_core: Math.round(rows / ours.cpuSeconds) })
  }
  if (peers.includes('duckdb')) await compare(figures, Math.min(rows, comparedEventsMax), workers, runs)
  const beside = peers.includes('duckdb') ? `; batch_s and duckdb_s: the query over the bids of ${Math.min(rows, comparedEventsMax)} events in memory, result kept` : ''
  return { title: `Nexmark, ${rows} events at 100,000 events/s of event time, ${workers} threads${beside}`, machine: machine(), rows: figures }
}

// The same bids on both sides: written to Parquet by Millrace, read by DuckDB. Each keeps its result: a Table here, a temporary table there.
async function compare(figures, events, workers, runs) {
  const file = fileURLToPath(new URL(`data/nexmark-${events}.parquet`, import.meta.url))
  const bids = generate.nexmark({ events, seed: 1 }).bids.select('auction', 'bidder', 'price', 'dateTime', 'extra')
  await bids.to(write.parquet(file, { overwrite: true })).run({ workers })
  const db = await duckdb(workers)
  await db.run(`create table bids as from '${file}'`)
  const kept = bids.cache()
  await kept.limit(1).collect({ workers })
  for (const figure of figures) {
    const { sql, check } = compared[figure.query] ?? {}
    if (!sql) continue
    const frame = nexmarkQueries(kept)[figure.query]
    const ours = await measure(() => frame.collect({ workers }), runs)
    const theirs = await measure(() => db.run(`create or replace temp table ans as ${sql}`), runs)
    const sums = async from => (await db.runAndReadAll(`select ${check.join(', ')} from ${from}`)).getRows()[0].map(String)
    const answer = fileURLToPath(new URL(`data/nexmark-${figure.query}.parquet`, import.meta.url))
    await frame.to(write.parquet(answer, { overwrite: true })).run({ workers })
    const equal = (await sums(`'${answer}'`)).join() === (await sums('ans')).join() && ours.result.numRows === Number((await sums('ans'))[0])
    rmSync(answer)
    Object.assign(figure, { batch_s: ours.seconds, duckdb_s: theirs.seconds, ratio: ours.seconds / theirs.seconds, cpu_ratio: ours.cpuSeconds / theirs.cpuSeconds, equal })
  }
  rmSync(file)
}
