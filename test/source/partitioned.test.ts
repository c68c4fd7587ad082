// Columns that the folders of files name, whoever wrote them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, col, count, from, read, write } from 'millrace'

const root = mkdtempSync(join(tmpdir(), 'millrace-hive-'))
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})
let made = 0
/** A folder of files by path. */
function folder(files: Record<string, string>): string {
  const path = join(root, String(++made))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

const events = {
  'year=2025/city=Oslo/a.ndjson': '{"n": 1}\n{"n": 2}\n',
  'year=2025/city=New%20York/a.ndjson': '{"n": 3}\n',
  'year=2026/city=__HIVE_DEFAULT_PARTITION__/a.ndjson': '{"n": 4}\n',
}
const rowsOf = async (frame: { collect(): Promise<{ toArray(): unknown[] }> }) => (await frame.collect()).toArray()

describe('folders that are named for values', () => {
  it('are columns behind those of the files, of the type that all values look like', async () => {
    const frame = read.ndjson(folder(events), { onError: 'fail' })
    expect(await rowsOf(frame)).toEqual([
      { n: 3n, year: 2025n, city: 'New York' },
      { n: 1n, year: 2025n, city: 'Oslo' },
      { n: 2n, year: 2025n, city: 'Oslo' },
      { n: 4n, year: 2026n, city: null },
    ])
    expect(await rowsOf(frame.groupBy('year').agg({ n: count() }).sort('year'))).toEqual([{ year: 2025n, n: 3 }, { year: 2026n, n: 1 }])
    expect(await rowsOf(frame.filter(col('city').isNull()).select('year'))).toEqual([{ year: 2026n }])
  })

  it('are of a schema’s types, in its order, where it names them, and else left out', async () => {
    const path = folder(events)
    expect(await rowsOf(read.ndjson(`${path}/**/*.ndjson`, { schema: { city: 'utf8?', n: 'int32', year: 'int16' } }))).toEqual([
      { city: 'New York', n: 3, year: 2025 },
      { city: 'Oslo', n: 1, year: 2025 },
      { city: 'Oslo', n: 2, year: 2025 },
      { city: null, n: 4, year: 2026 },
    ])
    expect((await rowsOf(read.ndjson(path, { schema: { n: 'int32' } }))).length).toBe(4)
    expect((await read.ndjson(path, { schema: { n: 'int32', year: 'utf8' } }).collect()).column('year').get(0)).toBe('2025')
  })

  it('are looked for below the folder or the fixed part of the pattern alone', async () => {
    const path = folder({ 'run=5/day=2026-01-02/a.csv': 'x\n1\n' })
    expect(await rowsOf(read.csv(path))).toEqual([{ x: 1n, run: 5n, day: Date.UTC(2026, 0, 2) }])
    expect(await rowsOf(read.csv(join(path, 'run=5')))).toEqual([{ x: 1n, day: Date.UTC(2026, 0, 2) }])
    expect(await rowsOf(read.csv(join(path, 'run=5', 'day=*', '*.csv')))).toEqual([{ x: 1n, day: Date.UTC(2026, 0, 2) }])
    expect(await rowsOf(read.csv(join(path, 'run=5', 'day=2026-01-02', 'a.csv')))).toEqual([{ x: 1n }])
    expect(await rowsOf(read.csv(path, { partitions: false }))).toEqual([{ x: 1n }])
  })

  it('give way to a file’s own column', async () => {
    expect(await rowsOf(read.csv(folder({ 'x=9/a.csv': 'x,y\n1,2\n' })))).toEqual([{ x: 1n, y: 2n }])
  })

  it('are null for files in other folders', async () => {
    const path = folder({ 'k=a/x.csv': 'n\n1\n', 'y.csv': 'n\n2\n', 'k=b/deep/z.csv': 'n\n3\n' })
    expect(await rowsOf(read.csv(path))).toEqual([{ n: 1n, k: 'a' }, { n: 3n, k: 'b' }, { n: 2n, k: null }])
  })

  it('hold for many batches and splits of a file, and dead letters besides', async () => {
    const lines = Array.from({ length: 5_000 }, (_, n) => (n === 77 ? 'no json' : JSON.stringify({ n })))
    const path = folder({ 'k=1/a.ndjson': lines.join('\n'), 'k=2/a.ndjson': '{"n": 0}\n' })
    const frame = read.ndjson(path, { schema: { n: 'int32', k: 'int8' }, onError: { deadLetters: write.ndjson(join(path, '_bad/')) } })
    for (const options of [{ batchRows: 64 }, { batchRows: 64, workers: 2 }]) {
      const table = await frame.groupBy('k').agg({ n: count() }).sort('k').collect(options)
      expect(table.toArray()).toEqual([{ k: 1, n: 4_999 }, { k: 2, n: 1 }])
    }
    expect((await read.ndjson(join(path, '_bad/')).collect()).numRows).toBe(2)
  })

  it('are read with record batches of Arrow and row groups of Parquet', async () => {
    for (const kind of ['arrow', 'parquet'] as const) {
      const path = `${join(root, `${kind}-groups`)}/`
      await from(Array.from({ length: 3_000 }, (_, n) => ({ n, k: `k${n % 2}` })), { schema: { n: 'int32', k: 'utf8' } }).to(write[kind](path, { partitionBy: ['k'] })).run()
      const table = await read[kind](path, { schema: { k: 'utf8', n: 'int32' } }).sort('n').collect({ batchRows: 64 })
      expect(table.toArray()).toEqual(Array.from({ length: 3_000 }, (_, n) => ({ k: `k${n % 2}`, n })))
    }
  })

  it('must be of the schema’s type', async () => {
    const path = folder({ 'k=1/a.csv': 'n\n1\n', 'k=x/a.csv': 'n\n1\n', 'b.csv': 'n\n1\n' })
    const of = (type: 'int32?' | 'utf8' | 'binary') => () => read.csv(path, { schema: { n: 'int32', k: type } }).explain()
    expect(of('int32?')).toThrow(expect.objectContaining({ code: 'PARTITION_VALUE', message: expect.stringMatching(/k=x\/a\.csv, column "k": the path has "x", and the schema says int32\?; correct the schema, or pass partitions: false/) }))
    expect(of('utf8')).toThrow(/b\.csv, column "k": there is no value in the path, and the schema says utf8/)
    expect(of('binary')).toThrow(/names of folders can't be read as binary; read them as utf8/)
  })
})
