// The package as a page loads it: dist/page/ imports nothing, and runs where nothing of Node's is in sight and the page is not cross-origin isolated. Needs dist/.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

// A page's world, as far as Node can play it: what a page hasn't is gone, waiting is an error as on a page's thread, and the package's files come by fetch.
const world = `
  import { readFile } from 'node:fs/promises'
  import { createServer } from 'node:http'
  const log = text => realStdout.write(text)
  const realStdout = process.stdout
  const { fetch: fetchOfNode } = globalThis
  const fetched = []
  globalThis.fetch = async (url, options) => {
    if (!String(url).startsWith('file:')) return fetchOfNode(url, options)
    fetched.push(String(url).replace(/.*\\/dist\\//, ''))
    return new Response(await readFile(new URL(url)))
  }
  const server = await new Promise(resolve => {
    const made = createServer((request, response) => {
      const bytes = files.get(request.url)
      const [, start, end] = /bytes=(\\d+)-(\\d+)/.exec(request.headers.range ?? '') ?? [, 0, bytes.length - 1]
      const last = Math.min(Number(end), bytes.length - 1)
      ranges.push(request.headers.range)
      const [from, until] = request.headers.range?.startsWith('bytes=-') ? [Math.max(0, bytes.length - Number(request.headers.range.slice(7))), bytes.length] : [Number(start), last + 1]
      response.writeHead(206, { 'content-range': 'bytes ' + from + '-' + (until - 1) + '/' + bytes.length, 'content-length': until - from, etag: '"1"' })
      response.end(bytes.subarray(from, until))
    }).listen(0, '127.0.0.1', () => resolve(made))
  })
  const files = new Map()
  const ranges = []
  const address = 'http://127.0.0.1:' + server.address().port
  const { from: nodeFrom, write } = await import('millrace')
  const { mkdtemp, rm } = await import('node:fs/promises')
  const folder = await mkdtemp((await import('node:os')).tmpdir() + '/page-')
  const rows = Array.from({ length: 1000 }, (_, i) => ({ city: ['Rome', 'Oslo', 'Lima'][i % 3], n: i }))
  for (const ending of ['parquet', 'arrow', 'csv', 'ndjson']) {
    await nodeFrom(rows).to(write[ending](folder + '/t.' + ending)).run({ workers: 1 })
    files.set('/t.' + ending, await readFile(folder + '/t.' + ending))
  }
  await rm(folder, { recursive: true })
  // Node's own fetch looks for process when it is first used, and for Buffer always.
  files.set('/', new Uint8Array(1))
  await (await fetch(address)).arrayBuffer()
  ranges.length = 0
  for (const name of ['process', 'setImmediate', 'SharedArrayBuffer', 'global']) delete globalThis[name]
  Atomics.wait = () => { throw new TypeError('a page does not wait') }
  globalThis.location = { href: address + '/index.html' }
  const page = await import('./dist/page/index.js')
  const { read, col, count, sum, parquetMetadata, inferSchema } = page
  const fileOf = ending => new File([files.get('/t.' + ending)], 't.' + ending)
`

function printed(program: string): unknown {
  const end = `
  server.close()
  server.closeAllConnections()
`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', world + program + end], { cwd: root, encoding: 'utf8', timeout: 60_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('the package in a page', () => {
  it('imports nothing but its own files', () => {
    const names = readdirSync(`${root}dist/page`)
    expect(names).toContain('index.js')
    const imports = /\b(?:import|export)[\w\s{},*$]*\bfrom\s*["'`]([\w@.][^"'`]*)["'`]|\bimport\s*\(?\s*["'`]([\w@.][^"'`]*)["'`]/g
    const imported = names.flatMap(name => [...readFileSync(`${root}dist/page/${name}`, 'utf8').matchAll(imports)].map(match => match[1] ?? match[2]!))
    expect(imported.length).toBeGreaterThan(10)
    expect(imported.filter(name => !names.includes(name.replace('./', '')))).toEqual([])
  })

  it('reads what a user chose: Parquet, Arrow, CSV and NDJSON', () => {
    const agg = (ending: string) => `await read.${ending}(fileOf('${ending}')).groupBy('city').agg({ n: count(), total: sum('n') }).sort('city').collect()`
    const results = printed(`
      const tables = [${['parquet', 'arrow', 'csv', 'ndjson'].map(agg).join(', ')}]
      log(JSON.stringify(tables.map(table => table.toArray().map(row => [row.city, Number(row.n), Number(row.total)]))))
    `) as unknown[]
    expect(results).toEqual(Array.from({ length: 4 }, () => [['Lima', 333, 166_500], ['Oslo', 333, 166_167], ['Rome', 334, 166_833]]))
  })

  it('reads addresses by ranges, relative to its own', () => {
    expect(printed(`
      const table = await read.parquet('t.parquet').filter(col('n').ge(990)).select('n').collect()
      const about = await parquetMetadata('/t.parquet')
      log(JSON.stringify([table.toArray().map(row => Number(row.n)), Number(about.rows), ranges.length > 0 && ranges.every(range => range?.startsWith('bytes='))]))
    `)).toEqual([[990, 991, 992, 993, 994, 995, 996, 997, 998, 999], 1000, true])
  })

  it('tells what is only in Node by a typed error', () => {
    expect(printed(`
      const error = await page.from([{ a: 1 }]).to(page.write.csv('t.csv')).run().catch(error => error)
      log(JSON.stringify([error instanceof page.MillraceError, error.code, error.message]))
    `)).toEqual([true, 'NO_NODE', expect.stringMatching(/a page has no \w+ of node:/)])
  })
})
