// What Millrace writes goes through another engine and comes back the same: DuckDB, Polars and pyarrow read our files and write their own, which we read. They are those of the
// bench (npm run bench:setup); a peer that isn't there is shown as skipped.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseType } from '../../src/batch/type-name.ts'
import type { WriteParquetOptions } from '../../src/frame/write.ts'
import { col, read, write } from '../../src/index.ts'
import { keyText, sampleValues, type Shape } from '../support/samples.ts'
import { closeEngines, frame } from '../support/frames.ts'

const bench = (path: string) => fileURLToPath(new URL(`../../bench/${path}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-peers-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

type Format = 'parquet' | 'csv' | 'ndjson' | 'arrow'
interface Peer {
  readonly isThere: boolean
  readonly formats: readonly Format[]
  /** Types that it has no equal of. */
  readonly lacks: RegExp
  copy(from: string, to: string, format: Format): Promise<void>
}

const duckdbModule = bench('node_modules/@duckdb/node-api/lib/index.js')
const python = bench('.venv/bin/python')
// By default DuckDB takes a quoted empty text for null.
const duckdbOptions = { parquet: '', csv: ', allow_quoted_nulls = false', ndjson: '', arrow: '' }
const duckdbReaders = { parquet: 'read_parquet', csv: 'read_csv', ndjson: 'read_json', arrow: '' }
const duckdbWriters = { parquet: 'format parquet, compression zstd', csv: 'format csv, header', ndjson: 'format json', arrow: '' }
const polarsReaders = { parquet: 'read_parquet', csv: 'read_csv', ndjson: 'read_ndjson', arrow: 'read_ipc' }
const polarsWriters = { parquet: "write_parquet('TO', compression='lz4')", csv: "write_csv('TO')", ndjson: "write_ndjson('TO')", arrow: "write_ipc('TO')" }

function hasPyarrow(): boolean {
  try {
    return existsSync(python) && execFileSync(python, ['-c', 'import pyarrow.parquet'], { stdio: 'ignore' }) !== undefined
  } catch {
    return false
  }
}

const peers: Record<string, Peer> = {
  duckdb: {
    isThere: existsSync(duckdbModule),
    formats: ['parquet', 'csv', 'ndjson'],
    lacks: /^(float16|null|duration|interval|binary\(|timestamp.*,|decimal.38)/,
    async copy(from, to, format) {
      const { DuckDBInstance } = (await import(pathToFileURL(duckdbModule).href)) as { DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<{ run(sql: string): Promise<unknown> }> }> } }
      const connection = await (await DuckDBInstance.create(':memory:')).connect()
      await connection.run(`copy (select * from ${duckdbReaders[format]}('${from}'${duckdbOptions[format]})) to '${to}' (${duckdbWriters[format]})`)
    },
  },
  polars: {
    isThere: existsSync(python),
    formats: ['parquet', 'arrow', 'ndjson', 'csv'],
    lacks: /^(null|duration|interval|time\[(s|ms|us)|fixed|binary\(|timestamp\[ns|float16)/,
    copy: async (from, to, format) => void execFileSync(python, ['-c', `import polars as pl\npl.${polarsReaders[format]}('${from}').${polarsWriters[format].replace('TO', to)}`]),
  },
  pyarrow: {
    isThere: hasPyarrow(),
    formats: ['parquet'],
    lacks: /^(duration|interval)/,
    copy: async (from, to) => void execFileSync(python, ['-c', `import pyarrow.parquet as pq\npq.write_table(pq.read_table('${from}'), '${to}', compression='zstd')`]),
  },
}

// Lists, structs and maps, which only files of their own have a place for.
const nested = ['list<int64?>', 'list<utf8>', 'list<bool?>', 'list<list<int32?>?>', 'struct<a: int16, b: utf8?>', 'struct<"a b": list<struct<x: int8, y: bool?>>, z: decimal(18, 3)?>', 'map<utf8, int64?>', 'map<int32, list<utf8?>?>', 'list<map<utf8, struct<a: float64, b: list<date>>?>?>', 'struct<a: struct<b: struct<c: float64?>?>?>']
const flat = ['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'decimal(9, 2)', 'decimal(18, 0)', 'decimal(38, 10)', 'utf8', 'binary', 'binary(3)', 'date', 'time[us]', 'timestamp[ms]', 'timestamp[us]', 'timestamp[ms, Europe/Berlin]', 'duration[ms]', 'interval', 'null']
// What text can say of a type, so that it comes back.
const inText = /^(bool|int32|int64|float64|utf8|date|timestamp\[ms\])/

function table(seed: number, types: readonly string[], shape: Shape) {
  const chance = random(seed)
  const schema = Object.fromEntries(types.map((type, i) => [`c${i} ${type}`, `${type}${type === 'null' || shape !== 'full' ? '?' : ''}`]))
  const columns = Object.entries(schema).map(([name, type]) => [name, sampleValues(chance, parseType(type, 'test').type, 300, shape)] as const)
  const rows = Array.from({ length: 300 }, (_, i) => Object.fromEntries(columns.map(([name, values]) => [name, values[i]])))
  return { schema, rows }
}

const text = (rows: readonly Readonly<Record<string, unknown>>[]) => rows.map(row => Object.values(row).map(value => keyText(value as never)).join(' | '))

describe.each(Object.entries(peers))('%s', (name, peer) => {
  describe.skipIf(!peer.isThere).each(peer.formats)('%s: what it reads of ours and writes is what we wrote', format => {
    it.each(['full', 'nulls'] as const)('%s', { timeout: 120_000 }, async shape => {
      const types = flat.filter(type => !peer.lacks.test(type) && (format === 'parquet' || format === 'arrow' || inText.test(type)))
      const { schema, rows } = table(shape.length, types, shape)
      const [ours, theirs] = [join(folder, `${name}-ours-${shape}.${format}`), join(folder, `${name}-theirs-${shape}.${format}`)]
      await frame(rows, schema).to(write[format](ours)).run({ workers: 1 })
      await peer.copy(ours, theirs, format)
      const back = format === 'csv' || format === 'ndjson' ? read[format](theirs, { schema: schema as never }) : read[format as 'parquet'](theirs)
      // Units and widths may have become others.
      const cast = (back as any).with(Object.fromEntries(Object.entries(schema).map(([column, type]) => [column, (col(column) as any).cast(type.replace('?', ''))])))
      expect(text((await cast.collect({ workers: 1 })).toArray())).toEqual(text((await frame(rows, schema).collect({ workers: 1 })).toArray()))
    })
  })
})

// What `write.parquet` can be asked for beyond its defaults.
const asked = {
  lz4: { compression: 'lz4' },
  delta: { encoding: 'delta', compression: 'zstd' },
  streams: { encoding: 'byte-stream-split', dictionary: false },
  'small pages': { pageRows: 37, rowGroupRows: 170 },
} as const satisfies Record<string, WriteParquetOptions>

describe.each(Object.entries(peers))('%s', (name, peer) => {
  describe.skipIf(!peer.isThere).each(Object.entries(asked))('parquet: what it reads of ours with %s and writes is what we wrote', (what, options) => {
    it.each(['nulls', 'few', 'extreme'] as const)('%s', { timeout: 120_000 }, async shape => {
      const types = [...flat, ...nested].filter(type => !peer.lacks.test(type) && !(name === 'polars' && type.includes('map')))
      const { schema, rows } = table(what.length, types, shape)
      const [ours, theirs] = [join(folder, `${name}-ours-${what}-${shape}.parquet`), join(folder, `${name}-theirs-${what}-${shape}.parquet`)]
      await frame(rows, schema).to(write.parquet(ours, options)).run({ workers: 1 })
      await peer.copy(ours, theirs, 'parquet')
      const cast = (read.parquet(theirs) as any).with(Object.fromEntries(Object.entries(schema).filter(([, type]) => !nested.includes(type.replace(/\?$/, ''))).map(([column, type]) => [column, (col(column) as any).cast(type.replace('?', ''))])))
      expect(text((await cast.collect({ workers: 1 })).toArray())).toEqual(text((await frame(rows, schema).collect({ workers: 1 })).toArray()))
    })
  })
})

describe.each(Object.entries(peers))('%s', (name, peer) => {
  describe.skipIf(!peer.isThere)('parquet: nested columns that it reads of ours and writes are what we wrote', () => {
    it.each(['full', 'nulls', 'allNull', 'few'] as const)('%s', { timeout: 120_000 }, async shape => {
      const types = nested.filter(type => !(name === 'polars' && type.includes('map')))
      const { schema, rows } = table(shape.length, types, shape)
      const [ours, theirs] = [join(folder, `${name}-ours-nested-${shape}.parquet`), join(folder, `${name}-theirs-nested-${shape}.parquet`)]
      await frame(rows, schema).to(write.parquet(ours, { rowGroupRows: 110 })).run({ workers: 1 })
      await peer.copy(ours, theirs, 'parquet')
      expect(text((await read.parquet(theirs).collect({ workers: 1 })).toArray())).toEqual(text((await frame(rows, schema).collect({ workers: 1 })).toArray()))
    })
  })
})
