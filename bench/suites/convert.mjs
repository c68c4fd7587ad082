// Files from one format to another: h2o's group-by table (nine columns) between CSV, Parquet and Arrow, Nexmark bids as NDJSON, flat and nested (a fifth as many
// rows), to Parquet. Types are inferred by every engine, Parquet is compressed with Snappy on all sides. What each wrote is read again in the harness, by DuckDB
// (Arrow by Millrace): the number of rows, the sums of numbers and of the texts' lengths, and the file's size. parquetjs-lite reads no dictionaries: it gets a file of
// plain pages.
import { statSync } from 'node:fs'
import { closeEngines, col, generate as generated, lit, make, read, sum, write } from '../../dist/index.js'
import { duckdb } from '../measure.mjs'
import { engines } from '../run-suite.mjs'
import * as groupby from './groupby.mjs'

export const name = 'convert'
export const title = 'conversions of files, rows of the h2o table'
export const rowsDefault = 1e7
/** Cases write the file `out`; nothing is loaded before. */
export const converts = true

export function tables(rows) {
  const files = format => [format, `g1-${rows}.${format}`]
  return Object.fromEntries([...['csv', 'parquet', 'arrow'].map(files), ['flat', `bids-${bidsOf(rows)}.ndjson`], ['nested', `bids-nested-${bidsOf(rows)}.ndjson`], ['plain', `g1-plain-${rows}.parquet`]])
}

const bidColumns = ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra']
const bidsOf = rows => Math.ceil(rows / 5)

export async function generate(rows, path) {
  await groupby.generate(rows, () => path('parquet'))
  const table = read.parquet(path('parquet'))
  await table.to(write.csv(path('csv'), { overwrite: true })).run()
  await table.to(write.arrow(path('arrow'), { overwrite: true })).run()
  await table.to(write.parquet(path('plain'), { overwrite: true, dictionary: false, pageVersion: 1 })).run()
  // 46 of 50 events are bids.
  const made = generated.nexmark({ events: Math.ceil((bidsOf(rows) * 50) / 46) + 50, seed: 1 }).bids.limit(bidsOf(rows))
  // Letters only, as in the peers' own measurements: escapes cost each side something else.
  const bids = made.with({ extra: col('extra').replace('\\', 'a'), url: col('url').replace('\\', 'a'), channel: col('channel') })
  await bids.to(write.ndjson(path('flat'), { overwrite: true })).run()
  const members = Object.fromEntries(bidColumns.map(column => [column, col(column)]))
  await bids.select({ event_type: 2, bid: make.struct(members) }).to(write.ndjson(path('nested'), { overwrite: true })).run()
}

const [snappy, overwrite] = [{ compression: 'snappy', overwrite: true }, { overwrite: true }]
const toParquet = from => `copy (from ${from}) to`

/** A case for each engine that can: each writes `out`. */
export const cases = {
  'csv to parquet': {
    to: 'parquet',
    millrace: ({ csv, out }) => read.csv(csv).to(write.parquet(out, snappy)),
    sql: ({ csv, out }) => `${toParquet(`read_csv('${csv}')`)} '${out}' (format parquet, compression snappy)`,
    polars: "pl.scan_csv(csv).sink_parquet(out, compression='snappy')",
    parquetjs: ({ csv, out, fromCsv }) => fromCsv(csv, out, { id1: 'UTF8', id2: 'UTF8', id3: 'UTF8', id4: 'INT64', id5: 'INT64', id6: 'INT64', v1: 'INT64', v2: 'INT64', v3: 'DOUBLE' }),
  },
  'parquet to csv': {
    to: 'csv',
    millrace: ({ parquet, out }) => read.parquet(parquet).to(write.csv(out, overwrite)),
    sql: ({ parquet, out }) => `copy (from read_parquet('${parquet}')) to '${out}' (format csv, header)`,
    polars: 'pl.scan_parquet(parquet).sink_csv(out)',
    hyparquet: ({ parquet, out, toCsv }) => toCsv(parquet, out),
    parquetjs: ({ plain, out, toCsv }) => toCsv(plain, out),
  },
  'parquet to arrow': {
    to: 'arrow',
    millrace: ({ parquet, out }) => read.parquet(parquet).to(write.arrow(out, overwrite)),
    polars: 'pl.scan_parquet(parquet).sink_ipc(out)',
  },
  'arrow to parquet': {
    to: 'parquet',
    millrace: ({ arrow, out }) => read.arrow(arrow).to(write.parquet(out, snappy)),
    polars: "pl.scan_ipc(arrow).sink_parquet(out, compression='snappy')",
  },
  'ndjson to parquet': ndjson('flat'),
  'nested ndjson to parquet': ndjson('nested'),
}

function ndjson(table) {
  return {
    to: 'parquet',
    millrace: files => read.ndjson(files[table]).to(write.parquet(files.out, snappy)),
    sql: files => `${toParquet(`read_json('${files[table]}', format = 'newline_delimited')`)} '${files.out}' (format parquet, compression snappy)`,
    polars: `pl.scan_ndjson(${table}).sink_parquet(out, compression='snappy')`,
  }
}

const numbers = ['id4', 'id5', 'id6', 'v1', 'v2', 'v3']
const texts = ['id1', 'id2', 'id3']
const bidNumbers = ['auction', 'bidder', 'price']
const bidTexts = ['channel', 'url', 'extra']

/** What a file that a case wrote holds: numbers that are the same for every engine, and its size in bytes. */
export async function check(path, caseName) {
  const { to } = cases[caseName]
  const isNested = caseName.startsWith('nested')
  const [whole, text, times] = caseName.includes('ndjson') ? [bidNumbers, bidTexts, ['dateTime']] : [numbers, texts, []]
  const sums = to === 'arrow' || !engines.duckdb.isPresent() ? ourSums(read[to](path), isNested, whole, text, times) : duckSums(path, to, isNested, whole, text, times)
  return { check: (await sums).map(Number), bytes: statSync(path).size }
}

// Polars leaves times as texts.
async function duckSums(path, to, isNested, whole, text, times) {
  const db = await duckdb(2)
  const sums = [...whole, ...text.map(t => `strlen(${t})`), ...times.map(t => `epoch_ms(${t}::timestamp)`)].map(value => `sum(${value})`)
  const [row] = (await db.runAndReadAll(`select count(*), ${sums.join(', ')} from (select ${isNested ? 'unnest(bid)' : '*'} from read_${to}('${path}'))`)).getRows()
  db.closeSync()
  return row
}

async function ourSums(table, isNested, whole, text, times) {
  const value = name => (isNested ? col('bid').field(name) : col(name))
  const all = { rows: lit(1), ...Object.fromEntries(whole.map(n => [n, value(n)])), ...Object.fromEntries(text.map(t => [t, value(t).length()])), ...Object.fromEntries(times.map(t => [t, value(t).cast('timestamp[ms]').cast('int64')])) }
  const [row] = (await table.select(all).groupBy().agg(Object.fromEntries(Object.keys(all).map(n => [n, sum(n)]))).collect()).toArray()
  await closeEngines()
  return Object.values(row)
}
