// NDJSON into columns in memory, with types given, beside DuckDB's CREATE TABLE on one thread each: Nexmark bids, flat and nested. Written by Millrace; what was decoded is
// checked by DuckDB: the number of rows, the sums of the numbers and times, the lengths of the texts.
import { statSync } from 'node:fs'
import { read, sink, write } from '../dist/index.js'
import { dataOf } from './data.mjs'
import { duckdb, machine, measure } from './measure.mjs'
import * as convert from './suites/convert.mjs'

const members = { auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', url: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' }
const types = { int64: 'BIGINT', utf8: 'VARCHAR', 'timestamp[ms]': 'TIMESTAMP' }
const typeTexts = open => Object.entries(members).map(([name, type]) => open(name, type)).join(', ')
const bids = {
  flat: { schema: members, columns: `{${typeTexts((name, type) => `${name}: '${types[type]}'`)}}`, unnested: '*' },
  nested: {
    schema: { event_type: 'int64', bid: `struct<${typeTexts((name, type) => `${name}: ${type}`)}>` },
    columns: `{event_type: 'BIGINT', bid: 'STRUCT(${typeTexts((name, type) => `${name} ${types[type]}`)})'}`,
    unnested: 'unnest(bid)',
  },
}

/** Decodes both files on each side. `rows`: bids; cpu_ratio is the fairer one on a machine that does other work too. */
export async function run({ rows = 2e6, queries: only, peers, runs }) {
  const files = await dataOf(convert, rows * 5)
  const figures = []
  for (const name of Object.keys(bids)) if (!only || only.includes(name)) figures.push(await decode(name, files[name], rows, peers, runs))
  return { title: `NDJSON into columns that are kept: ${rows} bids, 1 thread each`, machine: machine(), rows: figures }
}

async function decode(name, path, rows, peers, runs) {
  const { schema, columns, unnested } = bids[name]
  const frame = read.ndjson(path, { schema })
  const ours = await measure(() => keep(frame), runs)
  const rates = { millrace_s: ours.seconds, millrace_cpu_s: ours.cpuSeconds, MB_per_s: Math.round(statSync(path).size / ours.seconds / 1e6), rows_per_s: Math.round(rows / ours.seconds) }
  const figure = { bids: name, rows, ...rates, equal: ours.result === rows }
  if (!peers.includes('duckdb')) return figure
  const db = await duckdb(1)
  const theirs = await measure(() => db.run(`create or replace temp table bids as from read_json('${path}', format = 'newline_delimited', columns = ${columns})`), runs)
  const decoded = `${path}.decoded.parquet`
  await frame.to(write.parquet(decoded, { overwrite: true })).run()
  const equal = figure.equal && (await sums(db, `'${decoded}'`, unnested)) === (await sums(db, 'bids', unnested))
  const ratios = { ratio: ours.seconds / theirs.seconds, cpu_ratio: ours.cpuSeconds / theirs.cpuSeconds }
  return { ...figure, duckdb_s: theirs.seconds, duckdb_cpu_s: theirs.cpuSeconds, ...ratios, equal }
}

// All columns of all rows, kept until the last is there, as `cache()` keeps them.
async function keep(frame) {
  const kept = []
  let rows = 0
  const write = batch => {
    kept.push(batch.retain())
    rows += batch.numRows
  }
  await frame.to(sink({ name: 'keep', delivery: 'idempotent', write })).run({ workers: 0 })
  for (const batch of kept) batch.release()
  return rows
}

async function sums(db, from, unnested) {
  const columns = Object.entries(members).map(([name, type]) => (type === 'utf8' ? `sum(strlen(${name})), count(${name})` : type === 'int64' ? `sum(${name}), max(${name})` : `sum(epoch_ms(${name}::timestamp))`))
  const [row] = (await db.runAndReadAll(`select count(*), ${columns.join(', ')} from (select ${unnested} from ${from})`)).getRows()
  return row.map(String).join()
}
