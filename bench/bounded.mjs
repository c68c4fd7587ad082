// Large work in little memory: each case runs in a process of its own, whose peak of resident memory is taken.
//   node bench/bounded.mjs q10 [--rows 1e7] [--memory 512MiB] [--workers 2]     h2o q10 from an Arrow file to an Arrow file
//   node bench/bounded.mjs generated [--rows 1e9] [--workers 2]                 rows made by the workers, grouped by 100 keys
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { dataOf } from './data.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string' }, memory: { type: 'string' }, workers: { type: 'string', default: '2' }, to: { type: 'string', default: 'arrow' }, inner: { type: 'boolean' }, input: { type: 'string' } },
})
const [name] = positionals
const workers = Number(values.workers)
const mib = bytes => Math.round(bytes / 2 ** 20)

const cases = {
  async q10() {
    const { count, read, sum, write } = await import('../dist/index.js')
    const out = join(tmpdir(), `bounded-${process.pid}.${values.to}`)
    const frame = read.arrow(values.input).groupBy('id1', 'id2', 'id3', 'id4', 'id5', 'id6').agg({ v3: sum('v3'), n: count() })
    const run = await frame.to(write[values.to](out, { overwrite: true })).start({ workers, ...(values.memory && { memory: values.memory }) })
    await run.done
    const seconds = process.uptime()
    const metrics = run.metrics()
    const check = await read[values.to](out).agg({ groups: count(), rows: sum('n'), v3: sum('v3') }).collect({ memory: '256MiB' })
    rmSync(out)
    return { seconds, metrics, check: check.toArray()[0] }
  },
  async generated() {
    const { count, generate, max, mean, sum } = await import('../dist/index.js')
    const key = values.input === 'by an int32' ? generate.uniform(0, 100, { type: 'int32' }) : generate.text('key-%02d', generate.uniform(0n, 100n))
    const made = generate.columns({ key, price: generate.uniform(0, 1000), pieces: generate.uniform(1, 6, { type: 'int32' }) }, { rows: Number(values.rows ?? 1e9), seed: 1 })
    const frame = made.groupBy('key').agg({ n: count(), price: mean('price'), top: max('price'), pieces: sum('pieces') })
    const begin = performance.now()
    const groups = await frame.collect({ workers, ...(values.memory && { memory: values.memory }) })
    const seconds = (performance.now() - begin) / 1000
    const { userCPUTime, systemCPUTime } = process.resourceUsage()
    const rows = groups.toArray()
    return { seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, check: { groups: rows.length, rows: rows.reduce((total, row) => total + row.n, 0), pieces: rows.reduce((total, row) => total + Number(row.pieces), 0) } }
  },
}

if (values.inner) {
  const peak = { before: process.resourceUsage().maxRSS }
  const { seconds, cpuSeconds, metrics, check } = await cases[name]()
  console.log(JSON.stringify({ seconds, cpuSeconds, check, maxRss: process.resourceUsage().maxRSS * 1024, base: peak.before * 1024, spilled: metrics?.spilledBytes }, (_, v) => (typeof v === 'bigint' ? Number(v) : v)))
  process.exit(0)
}

async function inputOf() {
  const rows = Number(values.rows ?? 1e7)
  const arrow = fileURLToPath(new URL(`data/g1-${rows}.arrow`, import.meta.url))
  if (existsSync(arrow)) return arrow
  const { x } = await dataOf(await import('./suites/groupby.mjs'), rows)
  const { read, write } = await import('../dist/index.js')
  await read.parquet(x).to(write.arrow(arrow)).run()
  return arrow
}

function runCase(memory) {
  const given = [name, '--inner', '--workers', String(workers), '--to', values.to, ...(memory ? ['--memory', memory] : []), ...(values.input ? ['--input', values.input] : []), ...(values.rows ? ['--rows', values.rows] : [])]
  const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...given], { encoding: 'utf8', maxBuffer: 1 << 24 })
  if (status !== 0) throw new Error(`${name} failed: ${stderr}${stdout}`)
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

if (name === 'generated') {
  for (const key of ['by an int32', 'by a text of 100']) {
    values.input = key
    const { seconds, cpuSeconds, check, maxRss } = runCase(values.memory)
    console.log(`${name}, ${key}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU, ${(check.rows / seconds / 1e6).toFixed(0)} M rows/s, peak ${mib(maxRss)} MiB resident, ${JSON.stringify(check)}`)
  }
  process.exit(0)
}
values.input = await inputOf()
console.log(`input ${mib(statSync(values.input).size)} MiB`)
for (const memory of [undefined, values.memory ?? '512MiB']) {
  const { seconds, check, maxRss } = runCase(memory)
  console.log(`${name}, ${memory ?? 'no cap'}: ${seconds.toFixed(2)} s, peak ${mib(maxRss)} MiB resident, ${JSON.stringify(check)}`)
}
