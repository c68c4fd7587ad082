// Millrace as the harness drives it: tables are read and kept by cache(), results are columns in the program's memory; or, where a suite says `keeps`
// because its results are as large as its tables, batches that stay where they are, as the peers' results do.
import { readFileSync } from 'node:fs'
import { closeEngines, col, from, generate, read, sink } from '../../dist/index.js'

export const isPresent = () => true

export async function open({ suite, rows, workers, tables, memory }) {
  const options = { workers, ...(memory && { memory }) }
  const frames = {}
  const keep = async (name, frame) => {
    frames[name] = frame.cache()
    await frames[name].limit(1).collect(options)
  }
  if (suite.millraceTables) for (const [name, frame] of Object.entries(suite.millraceTables({ rows, from, generate, col }))) await keep(name, frame)
  else if (suite.fromFiles) for (const [name, path] of Object.entries(tables)) frames[name] = read.parquet(path)
  else if (!suite.converts) for (const [name, path] of Object.entries(tables)) await keep(name, read.parquet(path))
  let result
  const kept = []
  return {
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    workers,
    async run(testCase, out) {
      if (suite.converts) return testCase.millrace({ ...tables, out }).run(options)
      result = undefined
      for (const batch of kept.splice(0)) batch.release()
      const frame = testCase.millrace({ ...frames, col })
      if (suite.keeps) await frame.to(sink({ name: 'keep', delivery: 'idempotent', write: batch => void kept.push(batch.retain()) })).run(options)
      else result = await frame.collect(options)
    },
    async check(testCase) {
      const parts = suite.keeps ? kept : [result]
      const sumOf = (part, name) => part.column(name).toFloat64Array().reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0)
      return [parts.reduce((sum, part) => sum + part.numRows, 0), ...testCase.check.map(name => parts.reduce((sum, part) => sum + sumOf(part, name), 0))]
    },
    close: closeEngines,
  }
}
