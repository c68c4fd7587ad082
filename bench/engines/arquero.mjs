// arquero on one thread, over JavaScript arrays: it would decode texts again at every access of an Arrow column.
import { existsSync, readFileSync } from 'node:fs'
import { read } from '../../dist/index.js'

export const isPresent = () => existsSync(new URL('../node_modules/arquero', import.meta.url))

export async function open({ tables }) {
  const aq = await import('arquero')
  const loaded = {}
  for (const [name, path] of Object.entries(tables)) {
    const table = await read.parquet(path).collect()
    loaded[name] = aq.table(Object.fromEntries(table.columnNames.map(column => [column, table.column(column).toArray()])))
  }
  let result
  return {
    version: JSON.parse(readFileSync(new URL('../node_modules/arquero/package.json', import.meta.url), 'utf8')).version,
    workers: 1,
    async run(testCase) {
      result = testCase.arquero({ ...loaded, op: aq.op })
    },
    async check(testCase) {
      return [result.numRows(), ...testCase.check.map(name => Array.from({ length: result.numRows() }, (_, row) => Number(result.get(name, row))).reduce((a, b) => a + b, 0))]
    },
    close: async () => {},
  }
}
