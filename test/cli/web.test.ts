// Commands on http(s) addresses: what they read, that of Parquet only what is needed is fetched, headers, and clear errors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { write } from '../../src/index.ts'
import { closeEngines, frame } from '../support/frames.ts'
import { RangeServer } from '../support/range-server.ts'
import { runCli } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-web-'))
const at = (name: string) => join(folder, name)
const server = new RangeServer()
const csv = `id,name\n${Array.from({ length: 50 }, (_, i) => `${i},n${i}`).join('\n')}\n`

beforeAll(async () => {
  await server.open()
  const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: i, name: `n${i % 7}`, noise: Math.sin(i) }))
  await frame(rows, { id: 'int32', name: 'utf8', noise: 'float64' }).to(write.parquet(at('big.parquet'), { rowGroupRows: 2_000, pageRows: 500 })).run()
  writeFileSync(at('small.csv'), csv)
  for (const name of ['small.parquet', 'small.arrow', 'small.ndjson']) await runCli(['convert', at('small.csv'), at(name), '-q'])
  for (const name of ['big.parquet', 'small.parquet', 'small.arrow', 'small.ndjson']) server.files[`/${name}`] = readFileSync(at(name))
  server.files['/small.csv'] = Buffer.from(csv)
  server.files['/small.tsv.gz'] = gzipSync(csv.replaceAll(',', '\t'))
  server.files['/bad.csv'] = Buffer.from('a,b\n1,2\n1,2,3\n')
})
beforeEach(() => {
  server.asked.length = 0
})
afterAll(async () => {
  await closeEngines()
  await server.close()
  rmSync(folder, { recursive: true })
})

describe('http(s) addresses', () => {
  it.each(['small.parquet', 'small.arrow', 'small.ndjson', 'small.csv', 'small.tsv.gz'])('are read by every command: %s', async name => {
    const url = `${server.url(`/${name}`)}?token=abc#part`
    expect((await runCli(['head', url, '-n', '1', '--json'])).out).toBe('{"id":0,"name":"n0"}\n')
    expect((await runCli(['tail', url, '-n', '1', '--json'])).out).toBe('{"id":49,"name":"n49"}\n')
    expect((await runCli(['sample', url, '-n', '50', '--json'])).out.split('\n')).toHaveLength(51)
    expect((await runCli(['count', url])).out).toBe('50\n')
    expect((await runCli(['schema', url, '--json'])).out).toContain('"name": "utf8')
    expect((await runCli(['types', url])).out).toContain("name: 'utf8")
    expect((await runCli(['stats', url, '--json'])).out).toContain('"max":"49"')
    expect((await runCli([url, '--json'])).out).toContain('{"id":9,"name":"n9"}')
    expect((await runCli(['diff', url, at('small.csv')])).out).toContain('equal: 50 rows')
    expect(await runCli(['validate', url])).toMatchObject({ code: 0, out: expect.stringContaining('ok, 50 rows') })
    expect(await runCli(['convert', url, at('out.csv'), '--cast', 'id:int64', '--overwrite', '-q'])).toMatchObject({ code: 0, error: '' })
    expect(readFileSync(at('out.csv'), 'utf8')).toBe(csv)
    const plan = await runCli(['convert', url, at('no.csv'), '--dry-run', '--filter', 'id > 3'])
    expect(plan).toMatchObject({ code: 0, out: expect.stringContaining('reads 1 file of') })
    expect(plan.out).not.toContain('token')
  })

  it('are inspected by what stands at their end', async () => {
    const { out, code } = await runCli(['inspect', server.url('/big.parquet'), '--json'])
    expect([code, JSON.parse(out).rowGroups.length]).toEqual([0, 10])
    expect(server.bytes).toBeLessThanOrEqual(66_000)
    const pages = JSON.parse((await runCli(['inspect', server.url('/big.parquet'), '--json', '--pages', '--select', 'id', '--row-group', '9'])).out)
    expect(pages.rowGroups).toMatchObject([{ rowGroup: 9, columns: [{ column: 'id', pages: [{ kind: 'dictionary', page: null }, { firstRow: 0, min: '18000' }, {}, {}, { firstRow: 1500, rows: 500, max: '19999' }] }] }])
    expect((await runCli(['inspect', server.url('/small.arrow')])).out).toContain('50 rows in batches: 1')
  })

  it('are fetched no further than columns and rows are needed', async () => {
    expect((await runCli(['head', server.url('/big.parquet'), '-n', '2', '--select', 'name', '--json'])).out).toBe('{"name":"n0"}\n{"name":"n1"}\n')
    expect(server.bytes).toBeLessThan(readFileSync(at('big.parquet')).length / 2)
  })

  it('get headers from a file, whose secrets nobody sees', async () => {
    const headers = at('headers.json')
    writeFileSync(headers, JSON.stringify({ authorization: { secret: 'MILLRACE_TEST_TOKEN' }, 'x-team': 'blue' }))
    process.env.MILLRACE_TEST_TOKEN = 'Bearer s3cr3t-t0ken'
    for (const command of ['count', 'inspect', 'validate']) {
      expect((await runCli([command, server.url('/small.parquet'), '--http-headers', headers])).code).toBe(0)
      expect(server.asked.at(-1)!.headers).toMatchObject({ authorization: 'Bearer s3cr3t-t0ken', 'x-team': 'blue' })
    }
    const missing = await runCli(['count', server.url('/none.parquet'), '--http-headers', headers])
    expect(missing).toMatchObject({ code: 1, error: expect.stringContaining('404') })
    expect(missing.error).not.toContain('s3cr3t')
    expect(await runCli(['count', at('small.csv'), '--http-headers', headers])).toMatchObject({ code: 2, error: expect.stringContaining('no input is an http(s) address') })
    writeFileSync(headers, '{"authorization": 7, "x": "s3cr3t"}')
    const odd = await runCli(['count', server.url('/small.csv'), '--http-headers', headers])
    expect(odd).toMatchObject({ code: 1, error: expect.stringContaining('the header "authorization" has no text') })
    expect(odd.error).not.toContain('s3cr3t')
    writeFileSync(headers, 'authorization: s3cr3t')
    expect((await runCli(['count', server.url('/small.csv'), '--http-headers', headers])).error).not.toContain('s3cr3t')
  })

  it('are named in errors as they are, without their query', async () => {
    const bad = await runCli(['validate', `${server.url('/bad.csv')}?token=abc`])
    expect(bad).toMatchObject({ code: 1, out: expect.stringContaining('/bad.csv?token=abc: line 3') })
    expect(bad.out).not.toContain(tmpdir())
    server.files['/cut.parquet'] = Buffer.from('PAR1 and no more')
    const cut = await runCli(['count', `${server.url('/cut.parquet')}?token=abc`])
    expect(cut).toMatchObject({ code: 1, error: expect.stringContaining('/cut.parquet') })
    expect(cut.error).not.toContain('token')
    expect(await runCli(['convert', at('small.csv'), server.url('/out.csv')])).toMatchObject({ code: 2, error: expect.stringContaining('which is read and not written') })
  })
})
