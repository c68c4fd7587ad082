// Timing, comparing and printing for all benchmarks.
import { cpus } from 'node:os'

/** Median wall and CPU seconds of `runs` calls after one warm-up, and the last result. */
export async function measure(run, runs) {
  let result = await run()
  const walls = []
  const cpu = []
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage()
    const start = performance.now()
    result = await run()
    walls.push((performance.now() - start) / 1e3)
    const used = process.cpuUsage(before)
    cpu.push((used.user + used.system) / 1e6)
  }
  return { seconds: median(walls), cpuSeconds: median(cpu), all: walls.map(w => Number(w.toFixed(4))), result }
}

/** The middle value. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

/** True where two summaries (lists of numbers) agree to 1e-9 relative. */
export function sameNumbers(a, b) {
  return a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) <= 1e-9 * Math.max(1, Math.abs(x), Math.abs(b[i])))
}

/** DuckDB in this process on `threads` threads; on one where Millrace has no workers. */
export async function duckdb(threads) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: String(Math.max(1, threads)) })
  return instance.connect()
}

/** What a figure is worth depends on where it was measured. */
export function machine() {
  const [first] = cpus()
  return { cpu: first?.model ?? 'unknown', cores: cpus().length, node: process.version }
}

/** Prints rows of figures under a title. */
export function printTable({ title, rows }) {
  const columns = [...new Set(rows.flatMap(r => Object.keys(r)))]
  const text = value => (typeof value === 'number' ? (Number.isInteger(value) ? String(value) : value.toPrecision(3)) : value === undefined ? '' : String(value))
  const widths = columns.map(c => Math.max(c.length, ...rows.map(r => text(r[c]).length)))
  const { cpu, cores, node } = machine()
  console.log(`${title}\n${cpu}, ${cores} cores, Node ${node}`)
  console.log(columns.map((c, i) => c.padEnd(widths[i])).join('  '))
  for (const row of rows) console.log(columns.map((c, i) => (typeof row[c] === 'number' ? text(row[c]).padStart(widths[i]) : text(row[c]).padEnd(widths[i]))).join('  '))
}
