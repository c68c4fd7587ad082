// Millrace as the harness drives it: tables are read and kept by cache(), results are columns in memory.
import { readFileSync } from 'node:fs'
import { closeEngines, col, from, generate, read } from '../../dist/index.js'

export const isPresent = () => true

export async function open({ suite, rows, workers, tables, memory }) {
  const options = { workers, ...(memory && { memory }) }
  const frames = {}
  const keep = async (name, frame) => {
    frames[name] = frame.cache()
    await frames[name].limit(1).collect(options)
  }
  if (suite.millraceTables) for (const [name, frame] of Object.entries(suite.millraceTables({ rows, from, generate, col }))) await keep(name, frame)
  else for (const [name, path] of Object.entries(tables)) await keep(name, read.parquet(path))
  let result
  return {
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    workers,
    async run(testCase) {
      result = undefined
      result = await testCase.millrace({ ...frames, col }).collect(options)
    },
    async check(testCase) {
      const sums = testCase.check.map(name => result.column(name).toFloat64Array().reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0))
      return [result.numRows, ...sums]
    },
    close: closeEngines,
  }
}
