// Files from one format to another, and NDJSON into columns in memory, beside DuckDB's COPY and CREATE TABLE. The rows are Nexmark bids,
// written once by Millrace; types are inferred by both, but for `ndjson decode`, where both are told. Every result is checked by DuckDB:
// the number of rows, the sums of the numbers and times, the lengths of the texts.
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generate, read, sink, write } from '../dist/index.js'
import { duckdb, machine, measure } from './measure.mjs'

const at = name => fileURLToPath(new URL(`data/${name}`, import.meta.url))
const schema = { auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', url: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' }
const duckTypes = "{auction: 'BIGINT', bidder: 'BIGINT', price: 'BIGINT', channel: 'VARCHAR', url: 'VARCHAR', dateTime: 'TIMESTAMP', extra: 'VARCHAR'}"
const readers = { csv: 'read_csv', ndjson: 'read_json', parquet: 'read_parquet' }
const options = { csv: 'format csv', ndjson: 'format json', parquet: 'format parquet, compression snappy' }
const conversions = [['csv', 'parquet'], ['ndjson', 'parquet'], ['parquet', 'csv']]

/** Runs the conversions on both sides, then the decoding of NDJSON on one thread each. */
export async function run({ rows = 1e6, workers, queries: only, peers, runs }) {
  const events = Math.round((rows * 50) / 46)
  const { bids } = generate.nexmark({ events, seed: 1 })
  const sources = Object.fromEntries(['csv', 'ndjson', 'parquet'].map(format => [format, at(`bids-${rows}.${format}`)]))
  for (const [format, path] of Object.entries(sources)) await bids.to(write[format](path, { overwrite: true })).run({ workers })
  const db = peers.includes('duckdb') ? await duckdb(workers) : undefined
  const count = (await read.parquet(sources.parquet).collect({ workers })).numRows
  const figures = []
  for (const [from, to] of conversions) {
    const name = `${from} to ${to}`
    if (only && !only.includes(name)) continue
    const bytes = statSync(sources[from]).size
    const target = at(`converted.${to}`)
    const ours = await measure(() => read[from](sources[from]).to(write[to](target, { overwrite: true })).run({ workers }), runs)
    const figure = { conversion: name, rows: count, ...rates(count, bytes, ours) }
    if (db) {
      const copy = `copy (select * from ${readers[from]}('${sources[from]}')) to '${at(`peer.${to}`)}' (${options[to]})`
      const theirs = await measure(() => db.run(copy), runs)
      Object.assign(figure, { ...beside(ours, theirs), equal: await sameFiles(db, target, at(`peer.${to}`), to) })
    } else figure.equal = (await read[to](target).collect({ workers })).numRows === count
    figures.push(figure)
  }
  if (!only || only.includes('ndjson decode')) figures.push(await decode(sources.ndjson, count, peers, runs))
  return { title: `conversions of ${count} bids, ${workers} threads each; ndjson decode: into columns that are kept, 1 thread each`, machine: machine(), rows: figures }
}

// All columns of all rows, kept until the last is there, as `cache()` keeps them.
async function decode(path, count, peers, runs) {
  const bids = read.ndjson(path, { schema })
  const ours = await measure(async () => {
    const kept = []
    let rows = 0
    const keep = batch => {
      kept.push(batch.retain())
      rows += batch.numRows
    }
    await bids.to(sink({ name: 'keep', delivery: 'idempotent', write: keep })).run({ workers: 0 })
    for (const batch of kept) batch.release()
    return rows
  }, runs)
  const figure = { conversion: 'ndjson decode', rows: ours.result, ...rates(count, statSync(path).size, ours), equal: ours.result === count }
  if (!peers.includes('duckdb')) return figure
  const db = await duckdb(1)
  const theirs = await measure(() => db.run(`create or replace temp table bids as from read_json('${path}', format = 'newline_delimited', columns = ${duckTypes})`), runs)
  const decoded = at('decoded.parquet')
  await bids.to(write.parquet(decoded, { overwrite: true })).run()
  const equal = figure.equal && (await sums(db, `'${decoded}'`)) === (await sums(db, 'bids'))
  return { ...figure, ...beside(ours, theirs), equal }
}

function rates(rows, bytes, { seconds, cpuSeconds }) {
  return { millrace_s: seconds, millrace_cpu_s: cpuSeconds, MB_per_s: Math.round(bytes / seconds / 1e6), rows_per_s: Math.round(rows / seconds) }
}

// cpu_ratio is the fairer one on a machine that does other work too.
function beside(ours, theirs) {
  return { duckdb_s: theirs.seconds, duckdb_cpu_s: theirs.cpuSeconds, ratio: ours.seconds / theirs.seconds, cpu_ratio: ours.cpuSeconds / theirs.cpuSeconds }
}

async function sameFiles(db, ours, theirs, format) {
  const [a, b] = [await sums(db, `${readers[format]}('${ours}')`), await sums(db, `${readers[format]}('${theirs}')`)]
  return a === b
}

async function sums(db, from) {
  const columns = Object.entries(schema).map(([name, type]) => (type === 'utf8' ? `sum(strlen(${name})), count(${name})` : type === 'int64' ? `sum(${name}), max(${name})` : `sum(epoch_ms(${name}::timestamp))`))
  const [row] = (await db.runAndReadAll(`select count(*), ${columns.join(', ')} from ${from}`)).getRows()
  return row.map(String).join()
}
