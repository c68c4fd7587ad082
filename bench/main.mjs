// `npm run bench -- SUITE [options]`: measures Millrace beside its peers in one run, checks that all gave the same results before a time counts,
// and prints a table (JSON with --json FILE, a page with plots with --html FILE). Suites are files in suites/, and the older benches beside this file.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { printTable } from './measure.mjs'
import { printComparison, writePage } from './report.mjs'
import { engines, runSuite } from './run-suite.mjs'

const suites = ['groupby', 'join', 'filter', 'tpch', 'expressions', 'clickbench', 'convert', 'groupby-parquet']
const benches = { brc: './brc.mjs', skew: './skew.mjs', ndjson: './ndjson.mjs', nexmark: './nexmark.mjs', windows: './windows.mjs', state: './state.mjs', latency: './latency.mjs', flow: './flow.mjs', soak: './soak.mjs' }
const help = `usage: npm run bench -- ${[...suites, ...Object.keys(benches)].join('|')} [options]

  --rows N         rows or events, such as 1e7; 1e4 is a smoke test
  --workers N      worker threads of Millrace and threads of its peers (2)
  --queries A,B    only these cases
  --peers A,B      ${Object.keys(engines).slice(1).join(', ')}, or none (default: those that are installed, but for parquetjs and flink)
  --runs N         timed runs after one warm-up; the median counts (5)
  --warmup N       nexmark: events before the measured ones (two fifths of them)
  --memory SIZE    Millrace's memory option, such as 512MiB
  --json FILE      the figures as JSON: {suite, case, engine, version, workers, rows, seconds: {median, min, max}, rssBytes, checksum}
  --html FILE      a page with plots

npm run bench:setup installs the peers.
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string' },
    workers: { type: 'string', default: '2' },
    queries: { type: 'string' },
    peers: { type: 'string' },
    runs: { type: 'string', default: '5' },
    warmup: { type: 'string' },
    memory: { type: 'string' },
    json: { type: 'string' },
    html: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const [name] = positionals
if (values.help || !(suites.includes(name) || benches[name])) {
  process.stdout.write(help)
  process.exit(values.help ? 0 : 2)
}
const installed = Object.keys(engines).filter(e => e !== 'millrace' && !engines[e].onRequest && engines[e].isPresent())
const peers = values.peers === 'none' ? [] : (values.peers?.split(',') ?? installed)
const unknown = peers.find(peer => !engines[peer])
if (unknown) {
  process.stderr.write(`no peer "${unknown}"; there are ${Object.keys(engines).slice(1).join(', ')}\n`)
  process.exit(2)
}
mkdirSync(new URL('data', import.meta.url), { recursive: true })
const options = { workers: Number(values.workers), queries: values.queries?.split(','), peers, runs: Number(values.runs), memory: values.memory }
const say = text => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${text}`)

process.exit(await (suites.includes(name) ? side() : alone()))

async function side() {
  const suite = await import(`./suites/${name}.mjs`)
  const rows = values.rows === undefined ? suite.rowsDefault : Number(values.rows)
  const results = await runSuite(suite, { ...options, rows, say })
  say('')
  const title = `${suite.title}: ${rows} rows, ${values.workers} threads each`
  printComparison(title, results)
  if (values.json) writeFileSync(values.json, `${results.map(r => JSON.stringify(r)).join('\n')}\n`)
  if (values.html) writePage(values.html, title, results)
  return results.some(r => r.equal === false || (r.engine === 'millrace' && r.error)) ? 1 : 0
}

async function alone() {
  const bench = await import(benches[name])
  const result = await bench.run({ ...options, rows: values.rows === undefined ? undefined : Number(values.rows), ...(values.warmup !== undefined && { warmup: Number(values.warmup) }) })
  printTable(result)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`)
  return result.rows.every(r => r.equal !== false) ? 0 : 1
}
