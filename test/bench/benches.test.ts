// Each benchmark at its smallest size: that it runs, that its results are right, and beside DuckDB (where bench/node_modules is there) the
// same. Times are not looked at.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isBuilt = existsSync(`${root}dist/bench/nexmark/queries.js`)
const hasPeers = existsSync(`${root}bench/node_modules/@duckdb/node-api`)
const peers = hasPeers ? 'duckdb' : 'none'
const absent = [...(isBuilt ? [] : ['dist/ is not built: npm run build']), ...(hasPeers ? [] : ['DuckDB is not installed in bench/'])].join(', ')

type Figure = Record<string, string | number | boolean | undefined>

interface SuiteRow {
  readonly case: string
  readonly engine: string
  readonly error?: string
  readonly equal?: boolean
  readonly checksum: string
  readonly seconds: { readonly median: number; readonly min: number; readonly max: number }
}

/** A suite of several engines: its rows, and its page. */
const known: Record<string, string> = { groupby: 'q1,q2,q3,q4,q5,q7,q10', join: 'q1,q2,q4,q5', filter: '0.02 %,25 %,98 %', 'groupby-parquet': 'q1,q4,q5' }
const allCases = ['expressions', 'clickbench', 'convert']

function suite(name: string, rows: string): { rows: SuiteRow[]; page: string } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const [json, html] = [join(folder, 'rows.json'), join(folder, 'page.html')]
    const args = ['bench/main.mjs', name, '--rows', rows, '--runs', '1', '--workers', '1', '--peers', peers, ...(allCases.includes(name) ? [] : ['--queries', known[name]!]), '--json', json, '--html', html]
    const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 110_000 })
    expect(status, stderr + stdout).toBe(0)
    const lines = readFileSync(json, 'utf8').trim().split('\n')
    return { rows: lines.map(line => JSON.parse(line) as SuiteRow), page: readFileSync(html, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function bench(name: string, rows = '1e4', options: readonly string[] = []): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const json = join(folder, 'figures.json')
    const args = ['bench/main.mjs', name, '--rows', rows, '--runs', '1', '--workers', '1', '--peers', peers, '--json', json, ...options]
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: options.length > 0 ? 290_000 : 110_000 })
    expect(status, stderr).toBe(0)
    return (JSON.parse(readFileSync(json, 'utf8')) as { rows: Figure[] }).rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe.skipIf(!isBuilt)(`the benchmarks${absent ? ` (${absent})` : ''}`, { timeout: 120_000 }, () => {
  it('nexmark gives the results of its queries', () => {
    const figures = bench('nexmark')
    expect(figures.map(f => f.query)).toEqual([...Array.from({ length: 24 }, (_, i) => `q${i}`), 'c0', 'c1', 'c2', 'c3', 'geometric mean of 20'])
    // 4,000 events of warm-up come before.
    const results = Object.fromEntries(figures.map(f => [f.query, f.results]))
    expect(results).toMatchObject({ q0: 12_880, q1: 12_880, q5: 5, q10: 12_880, q13: 12_880, q22: 12_880 })
    for (const query of ['q2', 'q3', 'q4', 'q7', 'q9', 'q14', 'q15', 'q16', 'q17', 'q18', 'q19', 'q20', 'q21']) expect(results[query], query).toBeGreaterThan(0)
    expect(results.q11).toBeGreaterThan(100)
    // A window of the clock may end while the bids pass: then a bidder has two.
    expect(results.q12).toBeGreaterThanOrEqual(Number(results.q11))
    for (const f of figures.slice(0, 28)) {
      expect(f.eventsPerSecondPerCore, String(f.query)).toBeGreaterThan(0)
      if (['q0', 'q1', 'q2', 'q5'].includes(String(f.query))) expect(f.equal, String(f.query)).toBe(hasPeers ? true : undefined)
    }
  })

  it.skipIf(!existsSync(`${root}bench/out/flink/lib`))('nexmark gives what Flink gives, where that is installed', { timeout: 300_000 }, () => {
    const [q6, q9, mean] = bench('nexmark', '2e4', ['--peers', 'flink', '--queries', 'q6,q9'])
    expect(q6).toMatchObject({ flinkHere: 'not measured' })
    expect(q9).toMatchObject({ equal: true, timesFlinkHere: expect.any(Number) })
    expect(mean).toMatchObject({ flinkQueries: 1 })
  })

  it('ndjson decodes flat and nested bids', () => {
    const figures = bench('ndjson')
    expect(figures.map(f => f.bids)).toEqual(['flat', 'nested'])
    for (const f of figures) expect(f).toMatchObject({ rows: 10_000, equal: true })
  })

  it('windows gives a row of each key for each window', () => {
    const figures = bench('windows')
    expect(figures.map(f => [f.window, f.results])).toEqual([['tumble 10 s', 1_000], ['hop 10 s by 2 s', 5_000], ['tumble 1 h', 1_000], ['hop 1 h by 1 s', 3_600_000]])
  })

  it('state joins as much with little memory as with enough, and goes on from where it was', () => {
    const [whole, capped, restart] = bench('state') as [Figure, Figure, Figure]
    expect(restart.case).toBe('first row after a restart')
    expect(whole.results).toBeGreaterThan(100)
    expect(capped).toMatchObject({ results: whole.results, equal: true })
  })

  it('latency sees every row, with checkpoints and without', () => {
    const [idle, ...figures] = bench('latency', '5e4') as [Figure, ...Figure[]]
    expect(idle.results).toBeGreaterThan(40_000)
    expect(figures.map(f => f.case)).toEqual(['filter, select', 'hop 10 s by 2 s'].flatMap(name => [name, `${name}, checkpoints every 1 s`]))
    for (const f of figures) expect(f, String(f.case)).toMatchObject({ equal: true })
    expect(figures[0]!.p50_ms).toBeGreaterThan(0)
  })

  it('flow counts as @kafkats/flow counts, where that is installed', () => {
    const figures = bench('flow', '3e4')
    const isInstalled = existsSync(`${root}bench/node_modules/@kafkats/flow`)
    expect(figures).toHaveLength(isInstalled ? 3 : 2)
    for (const f of figures) expect(f.results, String(f.case)).toBe(1_000)
    for (const f of figures.slice(0, 2)) expect(f.equal).toBe(isInstalled ? true : undefined)
  })

  it('brc groups lines of text, with temperatures as floats and as decimals', () => {
    const figures = bench('brc')
    expect(figures.map(f => f.temperatures)).toEqual(['float64', 'decimal(4, 1)'])
    for (const f of figures) {
      expect(f).toMatchObject({ rows: 10_000, stations: 413 })
      expect(f.equal).toBe(hasPeers ? true : undefined)
    }
  })

  it.each([['groupby', '1e4'], ['join', '1e4'], ['filter', '1e5'], ['expressions', '1e4'], ['clickbench', '1e4'], ['convert', '1e4'], ['groupby-parquet', '1e4']])('%s gives the results that its peers give, as rows and as a page', (name, size) => {
    const { rows, page } = suite(name, size)
    for (const row of rows) {
      expect(row.error, `${row.case}, ${row.engine}`).toBeUndefined()
      expect(row.equal, `${row.case}, ${row.engine}: ${row.checksum}`).toBe(row.engine === 'millrace' ? undefined : true)
      expect(row.seconds.min).toBeLessThanOrEqual(row.seconds.max)
    }
    expect(new Set(rows.map(r => r.engine))).toEqual(new Set(['millrace', ...(hasPeers ? ['duckdb'] : [])]))
    for (const { case: label } of rows) expect(page).toContain(`aria-label="${label}"`)
  })

  it('groupby sums the same values, however it groups them', () => {
    const sums = Object.fromEntries(suite('groupby', '1e4').rows.filter(r => r.engine === 'millrace').map(r => [r.case, r.checksum.split(' ').map(Number)]))
    expect(sums.q2![1]).toBe(sums.q1![1])
    expect(sums.q3![1]).toBe(sums.q1![1])
    expect(sums.q5![1]).toBe(sums.q1![1])
    expect(sums.q10![1]).toBeCloseTo(sums.q5![3]!, 3)
    expect(sums.q10![2]).toBe(10_000)
  })
})
