// `npm run bench -- NAME [options]`: measures Millrace beside its peers in one process and one run, checks that both gave the same
// results, and prints a table (and JSON with --json FILE). Benchmarks are the files beside this one.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { printTable } from './measure.mjs'

const benches = { groupby: './groupby.mjs', convert: './convert.mjs', nexmark: './nexmark.mjs' }
const help = `usage: npm run bench -- groupby|convert|nexmark [options]

  --rows N         rows or events (1e7 for groupby, 1e6 for the others); 1e5 is a smoke test
  --workers N      worker threads of Millrace and threads of its peers (2)
  --queries A,B    only these
  --peers A,B      duckdb (default) or none
  --runs N         timed runs after one warm-up; the median counts (5)
  --json FILE      the figures as JSON
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string' },
    workers: { type: 'string', default: '2' },
    queries: { type: 'string' },
    peers: { type: 'string', default: 'duckdb' },
    runs: { type: 'string', default: '5' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const [name] = positionals
if (values.help || !benches[name]) {
  process.stdout.write(help)
  process.exit(values.help ? 0 : 2)
}

const peers = values.peers === 'none' ? [] : values.peers.split(',')
if (peers.length > 0 && !existsSync(new URL('node_modules', import.meta.url))) {
  process.stderr.write('installing the peers into bench/node_modules\n')
  spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: new URL('.', import.meta.url), stdio: 'inherit' })
}
mkdirSync(new URL('data', import.meta.url), { recursive: true })

const bench = await import(benches[name])
const result = await bench.run({
  rows: values.rows === undefined ? undefined : Number(values.rows),
  workers: Number(values.workers),
  queries: values.queries?.split(','),
  peers,
  runs: Number(values.runs),
})
printTable(result)
if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`)
process.exit(result.rows.every(r => r.equal !== false) ? 0 : 1)
