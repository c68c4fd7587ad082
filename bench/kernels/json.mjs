// Parsing on one core: Nexmark-like bids as NDJSON (nested, flat, and flat with backslashes as Nexmark's text pool has them) into seven columns,
// fully checked, in batches as a scan makes them. Beside it JSON.parse, and DuckDB on one thread where @duckdb/node-api is installed.
// Times are CPU milliseconds of the whole process, the least of some runs, so that a busy machine falsifies them less.
// Run: node bench/kernels/json.mjs [--rows 1000000] [--duckdb PATH_OF_node-api]
import { writeFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseSchema } from '../../dist/batch/schema.js'
import { CsvDecoder, plainDialect } from '../../dist/compute/csv.js'
import { JsonDecoder, splitLines } from '../../dist/compute/json.js'
import { jsonFields } from '../../dist/compute/json-tables.js'
import { random } from '../../dist/base/random.js'
import { CsvReader } from '../../dist/format/csv/csv-reader.js'
import { createDevice } from '../../dist/device/device.js'

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, duckdb: { type: 'string', default: '@duckdb/node-api' } } })
const rows = Number(options.rows)
const runs = 15

// The same shapes as the peers' generator; `backslashes` puts them among the extra column's letters at 1.9 %.
function bids(nested, backslashes) {
  const r = random(7)
  const below = n => Math.floor(r.float() * n)
  const channels = ['Google', 'Facebook', 'Baidu', 'Apple', ...Array.from({ length: 1000 }, (_, i) => `channel-${i}`)]
  const letter = () => (backslashes && r.float() < 0.019 ? '\\\\' : String.fromCharCode(97 + below(26)))
  const extras = Array.from({ length: 5000 }, () => Array.from({ length: 30 + below(60) }, letter).join(''))
  const plain = extras.map(e => e.replaceAll('\\', 'a'))
  const parts = []
  let ms = Date.UTC(2026, 0, 1)
  for (let i = 0; i < rows; i++) {
    const c = r.float() < 0.5 ? below(4) : 4 + below(1000)
    const e = below(5000)
    ms += below(3)
    const time = new Date(ms).toISOString().slice(0, -1).replace('T', ' ')
    const price = Math.floor(Math.exp(r.float() * Math.log(1e7))) + 100
    const url = `https://www.nexmark.com/abc/${plain[e].slice(0, 5)}/item.htm?query=1&channel_id=${c}`
    const body = `"auction":${1000 + below(100000)},"bidder":${1000 + below(50000)},"price":${price},"channel":"${channels[c]}","url":"${url}","dateTime":"${time}","extra":"${extras[e]}"`
    parts.push(nested ? `{"event_type":2,"bid":{${body}}}\n` : `{"event_type":2,${body}}\n`)
  }
  return Buffer.from(parts.join(''))
}

const columns = { auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', url: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' }
const device = await createDevice()
const chunkBytes = 4 << 20

// As a scan does it: read a chunk into an arena, find the lines, decode them, carry the rest over.
function decodeAll(decoder, bytes) {
  let count = 0
  let prices = 0n
  for (let at = 0; at < bytes.length; ) {
    const arena = device.arena()
    const part = bytes.subarray(at, at + chunkBytes)
    const address = arena.allocate(part.length)
    device.memory.write(address, part)
    const lines = splitLines(device, arena, address, part.length, at + part.length === bytes.length, 65536)
    const { batch, errors } = decoder.decode(device, arena, lines)
    if (errors.length > 0) throw new Error(errors[0].message)
    prices += device.memory.int64s(batch.columns[2].values, batch.rowCount)[batch.rowCount - 1]
    count += batch.rowCount
    at += lines.taken
    arena.release()
  }
  return { count, prices }
}

async function cpuMs(work) {
  const ms = []
  for (let i = 0; i < runs; i++) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    ms.push((user + system) / 1e3)
  }
  return Math.min(...ms)
}

const duckdb = await import(options.duckdb).catch(() => undefined)
const connection = duckdb && (await (await duckdb.DuckDBInstance.create(':memory:', { threads: '1' })).connect())
const sql = statement => connection && cpuMs(() => connection.run(statement))

function readByDuckdb(file, nested) {
  const fields = 'auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR, "dateTime" TIMESTAMP, extra VARCHAR'
  const types = nested
    ? `{event_type: 'INTEGER', bid: 'STRUCT(${fields})'}`
    : `{event_type: 'INTEGER', auction: 'BIGINT', bidder: 'BIGINT', price: 'BIGINT', channel: 'VARCHAR', url: 'VARCHAR', "dateTime": 'TIMESTAMP', extra: 'VARCHAR'}`
  const source = `read_json('${file}', format='newline_delimited', columns=${types})`
  const wanted = nested ? 'unnest(bid)' : 'auction, bidder, price, channel, url, "dateTime", extra'
  return sql(`create or replace temp table t as select ${wanted} from ${source}`)
}

for (const [name, nested, backslashes] of [
  ['nested', true, false],
  ['flat', false, false],
  ['flat, 1.9 % backslashes', false, true],
]) {
  const bytes = bids(nested, backslashes)
  const schema = parseSchema(columns, 'bench')
  const paths = nested ? { paths: Object.fromEntries(Object.keys(columns).map(c => [c, `bid.${c}`])) } : {}
  const decoder = new JsonDecoder(jsonFields(schema, paths, 'bench'), 'bench')
  const { count } = decodeAll(decoder, bytes)
  if (count !== rows) throw new Error(`${count} rows`)
  const ours = await cpuMs(() => decodeAll(decoder, bytes))
  const lines = bytes
    .subarray(0, bytes.length / 10)
    .toString()
    .split('\n')
    .slice(0, -1)
  const parsed = await cpuMs(() => lines.forEach(line => JSON.parse(line)))
  const mbs = (size, ms) => `${Math.round(size / 1e3 / ms)} MB/s`
  const row = { bids: name, rows, bytes: bytes.length, millrace: mbs(bytes.length, ours), 'JSON.parse': mbs(bytes.length / 10, parsed) }
  const file = join(tmpdir(), `millrace-bids-${process.pid}.ndjson`)
  writeFileSync(file, bytes)
  try {
    const theirs = await readByDuckdb(file, nested)
    row['DuckDB, 1 thread'] = theirs === undefined ? 'not installed' : mbs(bytes.length, theirs)
  } finally {
    rmSync(file)
  }
  console.log(JSON.stringify(row))
}

// CSV: the flat bids again.
{
  const cells = Object.keys(columns)
  const lines = bids(false, true)
    .toString()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const bytes = Buffer.from(`${cells.join(',')}\n${lines.map(line => cells.map(c => line[c]).join(',')).join('\n')}\n`)
  const decoder = new CsvDecoder(parseSchema(columns, 'bench'), cells, plainDialect, 'bench')
  const read = () => {
    let count = 0
    const reader = new CsvReader(device, decoder, { where: 'bench', begin: bytes.indexOf(10) + 1 })
    for (let at = 0; at < bytes.length || reader.carried > 0; ) {
      const arena = device.arena()
      const part = bytes.subarray(at, at + Math.max(0, chunkBytes - reader.carried))
      device.memory.write(reader.reserve(arena, part.length), part)
      at += part.length
      const { batch, errors } = reader.take(arena, part.length, at === bytes.length, 65536)
      if (errors.length > 0) throw new Error(errors[0].message)
      count += batch.rowCount
      arena.release()
    }
    if (count !== rows) throw new Error(`${count} rows`)
  }
  const ours = await cpuMs(read)
  const file = join(tmpdir(), `millrace-bids-${process.pid}.csv`)
  writeFileSync(file, bytes)
  const types = `{auction: 'BIGINT', bidder: 'BIGINT', price: 'BIGINT', channel: 'VARCHAR', url: 'VARCHAR', "dateTime": 'TIMESTAMP', extra: 'VARCHAR'}`
  try {
    const theirs = await sql(`create or replace temp table t as select * from read_csv('${file}', header=true, columns=${types})`)
    console.log(
      JSON.stringify({
        bids: 'CSV',
        rows,
        bytes: bytes.length,
        millrace: `${Math.round(bytes.length / 1e3 / ours)} MB/s`,
        'DuckDB, 1 thread': theirs === undefined ? 'not installed' : `${Math.round(bytes.length / 1e3 / theirs)} MB/s`,
      }),
    )
  } finally {
    rmSync(file)
  }
}
