// The package for pages reads Files, Blobs and addresses on one thread, without cross-origin isolation: one program, in Node without Node's globals, and in chromium where there is one.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { from, write } from '../../src/index.ts'
import { runPage } from '../support/chromium.ts'
import { closeEngines } from '../support/frames.ts'
import { RangeServer } from '../support/range-server.ts'
import { findChromium } from '../support/software-gpu.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = existsSync(`${root}dist/page/index.js`)
const folder = mkdtempSync(join(tmpdir(), 'page-'))
let trips: Uint8Array
const cities = ['Basel', 'Bern', 'Zürich']

beforeAll(async () => {
  const rows = Array.from({ length: 30_000 }, (_, i) => ({ id: BigInt(i), city: cities[i % 3]! }))
  await from(rows, { schema: { id: 'int64', city: 'utf8' } }).to(write.parquet(join(folder, 'trips.parquet'), { rowGroupRows: 10_000, compression: 'zstd' })).run()
  trips = new Uint8Array(readFileSync(join(folder, 'trips.parquet')))
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const expected = {
  isolated: false,
  file: cities.map(city => [city, 10_000]),
  address: cities.map(city => [city, 10_000]),
  several: cities.map(city => [city, 40_000]),
  threads: 10,
  csv: [[1, 'a'], [2, 'b\n c']],
  ndjson: [[1, 2], []],
  schema: { id: 'int64', city: 'utf8' },
  rows: 30_000,
  made: [142_858],
  missing: 'ConnectorError FILE_MISSING',
  broken: 'DataError PARQUET_MAGIC',
  batches: 30_000,
}

describe.skipIf(!built)('the package for pages', () => {
  it('reads Files, Blobs and addresses without anything of Node’s', async () => {
    const server = await new RangeServer().open()
    try {
      server.files['/trips.parquet'] = trips
      const page = pathToFileURL(`${root}test/browser/files-page.js`).href
      const child = spawn(process.execPath, [`${root}test/browser/as-page.mjs`, page, server.url('/index.html')], { stdio: ['ignore', 'pipe', 'pipe'] })
      let out = ''
      let err = ''
      child.stdout.on('data', data => (out += data))
      child.stderr.on('data', data => (err += data))
      await new Promise(done => child.once('close', done))
      expect(err).toBe('')
      expect(JSON.parse(out)).toEqual(expected)
      expect(server.asked.filter(({ range }) => range !== undefined).length).toBeGreaterThan(3)
    } finally {
      await server.close()
    }
  })

  const chromium = findChromium()
  const skipped = typeof chromium === 'string' ? chromium : undefined
  it.skipIf(skipped)(`reads them in a browser, not isolated${skipped ? ` (skipped, ${skipped})` : ''}`, { timeout: 120_000 }, async () => {
    const result = await runPage({ chromium: (chromium as { path: string }).path, module: 'test/browser/files-page.js', bodies: { '/trips.parquet': trips }, isolated: false })
    expect(result).toEqual(expected)
  })
})
