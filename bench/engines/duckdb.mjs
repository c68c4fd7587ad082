// DuckDB's own package for Node. Tables are created from the files, results are temporary tables: columns in memory on both sides.
import { existsSync } from 'node:fs'

export const isPresent = () => existsSync(new URL('../node_modules/@duckdb/node-api', import.meta.url))

export async function open({ suite, rows, workers, tables }) {
  const { DuckDBInstance, version } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: String(Math.max(1, workers)) })
  const db = await instance.connect()
  if (suite.sqlTables) for (const [name, sql] of Object.entries(suite.sqlTables(rows))) await db.run(`create table ${name} as ${sql}`)
  else if (!suite.converts) for (const [name, path] of Object.entries(tables)) await db.run(`create ${suite.fromFiles ? 'view' : 'table'} ${name} as ${await withoutZones(db, path)}`)
  return {
    version: String(typeof version === 'function' ? version() : version).replace(/^v/, ''),
    workers,
    async run(testCase, out) {
      if (suite.converts) return db.run(testCase.sql({ ...tables, out }))
      await db.run(`create or replace temp table ans as ${testCase.sql}`)
    },
    async check(testCase) {
      const [row] = (await db.runAndReadAll(`select count(*), ${testCase.check.map(c => `coalesce(sum(${c}::double) filter (not isnan(${c}::double)), 0)`).join(', ')} from ans`)).getRows()
      await db.run('drop table ans')
      return row.map(Number)
    },
    close: async () => db.closeSync(),
  }
}

// Files say of times without a zone that they are in UTC; here they have none either.
async function withoutZones(db, path) {
  const columns = (await db.runAndReadAll(`describe from '${path}'`)).getRows()
  const zoned = columns.filter(([, type]) => type === 'TIMESTAMP WITH TIME ZONE').map(([name]) => `"${name}"::timestamp as "${name}"`)
  return zoned.length === 0 ? `from '${path}'` : `select * replace (${zoned.join(', ')}) from '${path}'`
}
