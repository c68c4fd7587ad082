// Polars' package for Node.
import { existsSync, readFileSync } from 'node:fs'

export const isPresent = () => existsSync(new URL('../node_modules/nodejs-polars', import.meta.url))

export async function open({ tables, workers }) {
  process.env.POLARS_MAX_THREADS = String(Math.max(1, workers))
  const { default: pl } = await import('nodejs-polars')
  const frames = Object.fromEntries(Object.entries(tables).map(([name, path]) => [name, pl.readParquet(path)]))
  let result
  return {
    version: JSON.parse(readFileSync(new URL('../node_modules/nodejs-polars/package.json', import.meta.url), 'utf8')).version,
    workers,
    async run(testCase) {
      result = await testCase.nodejsPolars({ ...frames, pl })
    },
    async check(testCase) {
      return [result.height, ...testCase.check.map(name => Number(result.getColumn(name).sum()))]
    },
    close: async () => {},
  }
}
