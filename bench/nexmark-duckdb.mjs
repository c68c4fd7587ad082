// Nexmark queries that are plain SQL over bids, answered by DuckDB from a table in memory, and by Millrace from its own memory beside it.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { queries } from '../dist/bench/nexmark/queries.js'
import { generate, write } from '../dist/index.js'
import { duckdb, measure } from './measure.mjs'

/** More bids would measure the copying of results. */
const eventsMax = 2_000_000

// `check`: sums over the result that both sides must agree on to the last digit.
const compared = {
  q0: { sql: 'select auction, bidder, price, dateTime, extra from bids', check: ['count(*)', 'sum(auction)', 'sum(bidder)', 'sum(price)', 'sum(epoch_ms(dateTime))', 'sum(length(extra))'] },
  q1: {
    sql: 'select auction, bidder, price::decimal(19, 0) * 0.908 as price, dateTime, extra from bids',
    check: ['count(*)', 'sum(auction)', 'sum(price)', 'sum(epoch_ms(dateTime))', 'sum(length(extra))'],
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

/**
 * Adds to the figures of queries that have SQL: seconds of both sides over the bids of up to 2e6 of `rows` events, and whether the results are equal. The same bids on both
 * sides: written to Parquet by Millrace, read by DuckDB. Each keeps its result: a Table here, a temporary table there.
 */
export async function compareWithDuckdb(figures, rows, workers, runs) {
  const events = Math.min(rows, eventsMax)
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
    const frame = queries[figure.query]({ bids: kept, persons: kept, auctions: kept })
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
