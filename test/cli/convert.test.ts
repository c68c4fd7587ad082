// `millrace convert` with its flags, in this process, on real files.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { runCli } from '../support/run-cli.ts'

describe('convert', () => {
  let folder: string
  const rows = 'id,zip,at,price\n1,007,2026-01-02T03:04:05Z,1.5\n2,010,2026-01-03T00:00:00Z,2\n'
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    await writeFile(`${folder}/in.csv`, rows)
    await writeFile(`${folder}/bad.csv`, `${rows}3,011,2026-01-04T00:00:00Z,cheap\n`)
    await writeFile(`${folder}/in.ndjson`, '{"a":1,"n":"12"}\n{"a":300,"n":"many"}\n')
  })
  afterAll(async () => {
    await closeEngines()
    await rm(folder, { recursive: true, force: true })
  })
  const convert = (from: string, to: string, ...flags: string[]) => runCli(['convert', `${folder}/${from}`, `${folder}/${to}`, ...flags])
  const schema = async (file: string) => JSON.parse((await runCli(['schema', `${folder}/${file}`, '--json'])).out)
  const text = (file: string) => readFileSync(`${folder}/${file}`, 'utf8')

  describe('--cast', () => {
    it('gives columns other types: text keeps its spelling, and types may hold commas', async () => {
      expect(await convert('in.csv', 'cast.parquet', '--cast', 'id:utf8,price:decimal(12, 2),at:date,zip:int16', '-q')).toMatchObject({ code: 0, error: '' })
      expect(await schema('cast.parquet')).toEqual({ id: 'utf8', zip: 'int16', at: 'date', price: 'decimal(12, 2)' })
      expect((await runCli(['head', `${folder}/cast.parquet`, '--json'])).out.split('\n')[0]).toBe('{"id":"1","zip":7,"at":"2026-01-02","price":1.50}')
      await writeFile(`${folder}/numbers.csv`, 'code\n0012\n7\n')
      await convert('numbers.csv', 'codes.ndjson', '--cast', 'code:utf8', '-q')
      expect(text('codes.ndjson')).toBe('{"code":"0012"}\n{"code":"7"}\n')
    })

    it('tells the line or row, the column and the value that does not fit, and leaves no file', async () => {
      const byLine = await convert('bad.csv', 'never.parquet', '--cast', 'price:float64', '-q')
      expect(byLine.code).toBe(1)
      expect(byLine.error).toMatch(/bad\.csv, line 4, byte \d+: column "price" \(float64\).*found "3,011,.*,cheap\\n".*--on-error skip/)
      const byRow = await convert('in.ndjson', 'never.parquet', '--cast', 'n:int32', '-q')
      expect(byRow).toMatchObject({ code: 1, error: expect.stringContaining('in.ndjson, row 2, column "n": "many" is no int32') })
      await convert('in.ndjson', 'two.parquet', '-q')
      const ofParquet = await convert('two.parquet', 'never.parquet', '--cast', 'n:utf8,a:int8', '-q')
      expect(ofParquet).toMatchObject({ code: 1, error: expect.stringContaining('two.parquet, row 2, column "a": 300 is no int8') })
      expect(readdirSync(folder).filter(name => name.includes('never'))).toEqual([])
    })

    it('names the file of a bad value among several', async () => {
      await mkdir(`${folder}/many`)
      await writeFile(`${folder}/many/a.ndjson`, '{"n":"1"}\n{"n":"2"}\n')
      await writeFile(`${folder}/many/b.ndjson`, '{"n":"3"}\n{"n":null}\n{"n":"x"}\n')
      expect(await convert('many/*.ndjson', 'never.csv', '--cast', 'n:int64', '-q')).toMatchObject({ code: 1, error: expect.stringContaining('many/b.ndjson, row 3, column "n": "x" is no int64') })
    })

    it('refuses names and types that are not there', async () => {
      const bad = (cast: string) => convert('in.csv', 'never.csv', '--cast', cast)
      expect(await bad('prize:int32')).toMatchObject({ code: 2, error: expect.stringContaining('--cast: no column "prize"; the input has id, zip, at, price; did you mean "price"?') })
      expect(await bad('price:int33')).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "int32"?') })
      expect(await bad('price')).toMatchObject({ code: 2, error: expect.stringContaining('give columns and types') })
      expect(await bad('id:int8,id:int16')).toMatchObject({ code: 2, error: expect.stringContaining('"id" is named twice') })
      expect(await bad('at:list<int64>')).toMatchObject({ code: 2, error: expect.stringContaining('there is no cast from timestamp[ms] to list<int64>') })
    })

    it('takes names with commas and colons in quotes', async () => {
      await writeFile(`${folder}/odd.csv`, '"a,b:c",d\n5,6\n')
      await convert('odd.csv', 'odd.parquet', '--cast', '"a,b:c":int16,d:float32', '-q')
      expect(await schema('odd.parquet')).toEqual({ 'a,b:c': 'int16', d: 'float32' })
    })
  })

  describe('--schema', () => {
    it('takes what schema --json and types print', async () => {
      const wanted = { id: 'int32', zip: 'utf8', at: 'timestamp[ms]', price: 'float64' }
      await writeFile(`${folder}/s.json`, JSON.stringify(wanted))
      expect(await convert('in.csv', 'typed.parquet', '--schema', `${folder}/s.json`, '-q')).toMatchObject({ code: 0, error: '' })
      expect(await schema('typed.parquet')).toEqual(wanted)
      await writeFile(`${folder}/again.json`, (await runCli(['schema', `${folder}/typed.parquet`, '--json'])).out)
      await convert('in.csv', 'again.parquet', '--schema', `${folder}/again.json`, '--cast', 'id:int64', '-q')
      expect(await schema('again.parquet')).toEqual({ ...wanted, id: 'int64' })
      const { out } = await runCli(['types', `${folder}/typed.parquet`])
      await writeFile(`${folder}/typed.schema.mjs`, out.replace(/^import type.*$|^export type.*$| as const satisfies Schema/gm, ''))
      await convert('in.csv', 'module.parquet', '--schema', `${folder}/typed.schema.mjs`, '-q')
      expect(await schema('module.parquet')).toEqual(wanted)
    })

    it('checks files that have types of their own', async () => {
      await writeFile(`${folder}/other.json`, '{"id":"utf8","zip":"utf8","at":"timestamp[ms]","price":"float64"}')
      await convert('in.csv', 'own.parquet', '-q')
      expect(await convert('own.parquet', 'never.csv', '--schema', `${folder}/other.json`)).toMatchObject({ code: 2, error: expect.stringContaining('"id"') })
    })

    it('says what is wrong with the file', async () => {
      const bad = async (name: string, content: string) => {
        await writeFile(`${folder}/${name}`, content)
        return convert('in.csv', 'never.csv', '--schema', `${folder}/${name}`)
      }
      expect(await bad('cut.json', '{"a":')).toMatchObject({ code: 1, error: expect.stringContaining('it is no JSON') })
      expect(await bad('list.json', '["a"]')).toMatchObject({ code: 1, error: expect.stringContaining('it is no object of columns and types') })
      expect(await bad('type.json', '{"id":"int32","zip":"text"}')).toMatchObject({ code: 2, error: expect.stringContaining('type.json, column "zip": no type "text"') })
      expect(await bad('none.mjs', 'export const x = 1')).toMatchObject({ code: 2, error: expect.stringContaining('no export of it is a schema') })
      expect(await bad('two.mjs', "export const x = { a: 'utf8' }, y = { b: 'utf8' }")).toMatchObject({ code: 2, error: expect.stringContaining('the schemas x, y') })
      expect(await convert('in.csv', 'never.csv', '--schema', `${folder}/missing.json`)).toMatchObject({ code: 1, error: expect.stringContaining('there is no such file') })
    })
  })

  describe('--on-error', () => {
    it('skips bad lines and counts them, or writes them to a folder', async () => {
      const skipped = await convert('bad.csv', 'skipped.csv', '--cast', 'price:float64', '--on-error', 'skip')
      expect(skipped).toMatchObject({ code: 0, error: expect.stringMatching(/skipped\.csv: 2 rows in .*\n1 bad line skipped\n$/) })
      const kept = await convert('bad.csv', 'kept.csv', '--cast', 'price:float64', '--on-error', `${folder}/letters`)
      expect(kept).toMatchObject({ code: 0, error: expect.stringMatching(/kept\.csv: 2 rows in .*\n1 bad line written to .*letters\/\n$/) })
      const [letter] = readdirSync(`${folder}/letters`)
      expect(JSON.parse(text(`letters/${letter}`))).toMatchObject({ value: '3,011,2026-01-04T00:00:00Z,cheap\n', file: `${folder}/bad.csv`, error: expect.stringContaining('"price" (float64)') })
      await writeFile(`${folder}/cut.ndjson`, '{"a":1}\n{"a":\n{"a":3}\n')
      expect(await convert('cut.ndjson', 'cut.csv', '--on-error', 'skip')).toMatchObject({ code: 0, error: expect.stringContaining('1 bad line skipped') })
      expect(text('cut.csv')).toBe('a\n1\n3\n')
    })

    it('fails by default, and says so by name', async () => {
      const [plain, named] = [await convert('bad.csv', 'never.csv', '--cast', 'price:float64', '-q'), await convert('bad.csv', 'never.csv', '--cast', 'price:float64', '--on-error', 'error', '-q')]
      expect(plain.code).toBe(1)
      expect(named).toEqual(plain)
    })

    it('refuses words that are near, files, and formats without lines', async () => {
      const bad = (what: string, from = 'in.csv') => convert(from, 'never.csv', '--on-error', what)
      expect(await bad('skp')).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "skip"?') })
      expect(await bad(`${folder}/in.csv`)).toMatchObject({ code: 2, error: expect.stringContaining('that is a file') })
      await convert('in.csv', 'lines.parquet', '-q')
      expect(await bad('skip', 'lines.parquet')).toMatchObject({ code: 2, error: expect.stringContaining('parquet has no lines') })
    })
  })

  describe('--partition-by', () => {
    it('writes folders that are read back as columns', async () => {
      expect(await convert('in.csv', 'parts', '--to', 'parquet', '--partition-by', 'zip', '-q')).toMatchObject({ code: 0, error: '' })
      expect(readdirSync(`${folder}/parts`)).toEqual(['zip=007', 'zip=010'])
      await convert('parts/', 'back.csv', '--from', 'parquet', '--select', 'id,zip,at,price', '-q')
      expect(text('back.csv')).toBe(rows.replaceAll('Z', '.000Z'))
      expect(await convert('in.csv', 'parts/', '--to', 'parquet', '--partition-by', 'zip')).toMatchObject({ code: 1, error: expect.stringMatching(/2 part files are there, such as zip=007\/part-.*--overwrite/) })
      expect(await convert('in.csv', 'parts/', '--to', 'parquet', '--partition-by', 'id', '--overwrite', '-q')).toMatchObject({ code: 0 })
      expect(readdirSync(`${folder}/parts`)).toEqual(['id=1', 'id=2'])
    })

    it('writes part files into a folder without it', async () => {
      expect(await convert('in.csv', 'plain/', '--to', 'csv', '-q')).toMatchObject({ code: 0, error: '' })
      expect(readdirSync(`${folder}/plain`)).toEqual(['part-00001-0.csv'])
    })

    it('names the flag where a column is not there or a file is in the way', async () => {
      expect(await convert('in.csv', 'no/', '--to', 'csv', '--partition-by', 'zap')).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "zip"?') })
      expect(await convert('bad.csv', 'in.csv', '--partition-by', 'zip')).toMatchObject({ code: 1, error: expect.stringContaining('--partition-by writes a folder') })
    })
  })

  describe('--dry-run', () => {
    it('tells what would be read, done and written, and writes nothing', async () => {
      await convert('in.csv', 'plan.parquet', '--row-group-rows', '1', '-q')
      const before = readdirSync(folder)
      const { code, out, error } = await convert('plan.parquet', 'planned/', '--to', 'csv', '--partition-by', 'zip', '--filter', 'price > 1', '--cast', 'id:utf8', '--dry-run')
      expect([code, error]).toEqual([0, ''])
      expect(out).toMatch(/^reads 1 file of parquet, \d+ B\n/)
      expect(out).toMatch(/plan\.parquet +│ +\d+ B │ +2 │ +2 │/)
      expect(out).toMatch(/│ id +│ int64 +│/)
      expect(out).toMatch(/plan\nwrite\.csv .*planned\/ by zip\n/)
      expect(out).toMatch(/filter/)
      expect(out).toContain('planned/: csv part files, folders by zip')
      expect(out).toMatch(/writes .*\n(?:.*\n)*│ id +│ utf8 +│/)
      expect(out).toMatch(/nothing was written \(--dry-run\)\n$/)
      expect(readdirSync(folder)).toEqual(before)
    })

    it('tells of batches and bad lines too, and refuses what the run would', async () => {
      await convert('in.csv', 'plan.arrow', '-q')
      expect((await convert('plan.arrow', 'never.csv', '--dry-run')).out).toContain('batches')
      expect((await convert('in.csv', 'never.parquet', '--on-error', `${folder}/dead`, '--dry-run')).out).toContain(`bad lines: written to ${folder}/dead/`)
      expect(existsSync(`${folder}/dead`)).toBe(false)
      expect(await convert('in.csv', 'never.csv', '--select', 'zap', '--dry-run')).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "zip"?') })
    })
  })

  it('packs text by the ending, and part files by --compression', async () => {
    for (const name of ['in.csv.gz', 'in.csv.zst', 'in.tsv.gz', 'in.ndjson.gz', 'in.json.zst']) {
      expect(await convert('in.csv', `packed/${name}`, '-q')).toMatchObject({ code: 0, error: '' })
      await convert(`packed/${name}`, 'unpacked.csv', '--overwrite', '-q')
      expect([name, text('unpacked.csv')]).toEqual([name, rows.replaceAll('Z', '.000Z')])
    }
    await convert('in.csv', 'packed/parts/', '--to', 'csv', '--compression', 'gzip', '-q')
    expect(readdirSync(`${folder}/packed/parts`)).toEqual(['part-00001-0.csv.gz'])
    expect(await convert('in.csv', 'packed/parts/', '--to', 'csv', '--compression', 'gzip')).toMatchObject({ code: 1, error: expect.stringContaining('1 part file is there, such as part-00001-0.csv.gz, already') })
    expect(await convert('in.csv', 'x.csv', '--compression', 'gzip')).toMatchObject({ code: 2, error: expect.stringContaining('has no .gz at its end') })
    expect(await convert('in.csv', 'x.arrow', '--compression', 'zstd')).toMatchObject({ code: 2, error: expect.stringContaining('arrow is not compressed here') })
    expect(await convert('in.csv', 'x.ndjson.gz', '--compression', 'gzp')).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "gzip"?') })
  })

  it('reads and writes JSON arrays and tab-separated files by their endings', async () => {
    await convert('in.csv', 'rows.json', '-q')
    expect(JSON.parse(text('rows.json'))).toEqual([
      { id: 1, zip: '007', at: '2026-01-02T03:04:05.000Z', price: 1.5 },
      { id: 2, zip: '010', at: '2026-01-03T00:00:00.000Z', price: 2 },
    ])
    await convert('rows.json', 'rows.tsv', '-q')
    expect(text('rows.tsv')).toBe('id\tzip\tat\tprice\n1\t007\t2026-01-02T03:04:05.000Z\t1.5\n2\t010\t2026-01-03T00:00:00.000Z\t2\n')
    await convert('rows.tsv', 'tabs.csv', '-q')
    expect(text('tabs.csv')).toBe(rows.replaceAll('Z', '.000Z'))
    await writeFile(`${folder}/tabs.txt`, 'a,b\tc\n1\t2\n')
    expect((await runCli(['head', `${folder}/tabs.txt`, '--from', 'tsv', '--json'])).out).toBe('{"a,b":1,"c":2}\n')
  })
})
