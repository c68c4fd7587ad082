// Data of the benchmarks: columns by functions of the row's number, the same on every machine, written to Parquet once by Millrace.
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { col, from, write } from '../dist/index.js'

const folder = fileURLToPath(new URL('data/', import.meta.url))

/** 32 well-mixed bits of a row's number and a salt. */
export function hashOf(row, salt) {
  let h = Math.imul(row ^ Math.imul(salt + 1, 0x9e3779b9), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16) ^ Math.imul(salt, 0x27d4eb2f), 0x165667b1)
  return (h ^ (h >>> 15)) >>> 0
}

/** The numbers 1 to `length` in an order that depends on the salt only. */
export function permutation(length, salt) {
  const list = Int32Array.from({ length }, (_, i) => i + 1)
  for (let i = length - 1; i > 0; i--) {
    const j = hashOf(i, 100 + salt) % (i + 1)
    ;[list[i], list[j]] = [list[j], list[i]]
  }
  return list
}

const chunkRows = 262_144
const arrays = { int32: Int32Array, int64: BigInt64Array, float64: Float64Array }

/** Writes a table whose columns are functions of the row's number; `finish` may make others of them. */
export async function writeTable(path, schema, rows, columns, finish = frame => frame) {
  async function* chunks() {
    for (let start = 0; start < rows; start += chunkRows) {
      const length = Math.min(chunkRows, rows - start)
      yield Object.fromEntries(
        Object.entries(columns).map(([name, value]) => {
          const values = new (arrays[schema[name]] ?? Array)(length)
          for (let i = 0; i < length; i++) values[i] = value(start + i)
          return [name, values]
        }),
      )
    }
  }
  await finish(from(chunks(), { schema, bounded: true }), col).to(write.parquet(path, { overwrite: true, compression: 'snappy' })).run()
}

/** The paths of a suite's files by table, generated where one is missing. */
export async function dataOf(suite, rows) {
  mkdirSync(folder, { recursive: true })
  const names = suite.tables(rows)
  const paths = Object.fromEntries(Object.entries(names).map(([table, file]) => [table, folder + file]))
  if (!Object.values(paths).every(path => existsSync(path))) {
    process.stderr.write(`generating ${Object.values(names).join(', ')}\n`)
    await suite.generate(rows, table => `${paths[table]}.part`)
    for (const path of Object.values(paths)) renameSync(`${path}.part`, path)
  }
  return paths
}
