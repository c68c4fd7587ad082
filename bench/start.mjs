// What a small job costs: a process that imports Millrace and takes the result of 1,000 rows, and the same job again and again. CPU time is of
// all threads of the process; on a busy machine it says more.
//   node bench/start.mjs [--runs 9]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from './measure.mjs'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '9' } } })
const index = fileURLToPath(new URL('../dist/index.js', import.meta.url))
const program = `const cpuMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e3 }
const [start, startCpu] = [performance.now(), cpuMs()]
const { col, from, sum } = await import(${JSON.stringify(index)})
const [imported, importedCpu] = [performance.now(), cpuMs()]
const rows = Array.from({ length: 1000 }, (_, i) => ({ key: 'k' + (i % 10), value: i }))
const job = () => from(rows).filter(col('value').gt(10)).groupBy('key').agg({ total: sum('value') }).collect()
const table = await job()
const [first, firstCpu] = [performance.now(), cpuMs()]
if (table.numRows !== 10) throw new Error('wrong result')
const again = []
for (let i = 0; i < 200; i++) { const at = performance.now(); await job(); again.push(performance.now() - at) }
again.sort((a, b) => a - b)
console.log(JSON.stringify({ importMs: imported - start, firstMs: first - start, importCpuMs: importedCpu - startCpu, firstCpuMs: firstCpu - startCpu, againMs: again[100] }))
process.exit(0)`
const runs = Array.from({ length: Number(values.runs) }, () => JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout))
for (const [name, text] of [['importMs', 'import'], ['firstMs', 'import to first result of 1,000 rows'], ['importCpuMs', 'import, CPU time'], ['firstCpuMs', 'import to first result, CPU time'], ['againMs', 'the same job again, median of 200']]) {
  const list = runs.map(run => run[name])
  console.log(`${text}: ${median(list).toFixed(1)} ms (${Math.min(...list).toFixed(1)}–${Math.max(...list).toFixed(1)})`)
}
