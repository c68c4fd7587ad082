// h2o.ai's db-benchmark, join (J1): a large table against one of a millionth, a thousandth and all of its rows. A tenth of the keys on
// either side has no partner. Keys come from a fixed permutation, so that every engine reads the same files.
import { hashOf, permutation, writeTable } from '../data.mjs'

export const name = 'join'
export const title = 'h2o join, rows in memory'
export const rowsDefault = 1e7
/** Results stay in the engine's memory. */
export const keeps = true

export function tables(rows) {
  return { x: `j1-${rows}-x.parquet`, small: `j1-${rows}-small.parquet`, medium: `j1-${rows}-medium.parquet`, big: `j1-${rows}-big.parquet` }
}

export async function generate(rows, path) {
  const sizes = [rows / 1e6, rows / 1e3, rows].map(size => Math.max(10, Math.round(size)))
  // n · 1.1 keys: the first nine tenths of n are on both sides, a tenth on the left only, a tenth on the right only.
  const keys = sizes.map((size, level) => {
    const all = permutation(Math.round(size * 1.1), level)
    const common = Math.round(size * 0.9)
    return { left: all.subarray(0, size), right: Int32Array.from([...all.subarray(0, common), ...all.subarray(size, 2 * size - common)]) }
  })
  const leftKey = (row, level) => {
    const { left } = keys[level]
    return row < left.length ? left[(row * 7919) % left.length] : left[hashOf(row, level) % left.length]
  }
  const value = salt => row => (hashOf(row, salt) % 100_000_000) / 1e6
  await writeTable(path('x'), { id1: 'int32', id2: 'int32', id3: 'int32', id4: 'utf8', id5: 'utf8', id6: 'utf8', v1: 'float64' }, rows, {
    id1: row => leftKey(row, 0),
    id2: row => leftKey(row, 1),
    id3: row => leftKey(row, 2),
    id4: row => `id${leftKey(row, 0)}`,
    id5: row => `id${leftKey(row, 1)}`,
    id6: row => `id${leftKey(row, 2)}`,
    v1: value(9),
  })
  for (const [level, table] of ['small', 'medium', 'big'].entries()) {
    const levels = Array.from({ length: level + 1 }, (_, i) => i)
    const key = i => row => (i === level ? keys[level].right[row] : keys[i].right[hashOf(row, 20 + i) % keys[i].right.length])
    const columns = Object.fromEntries(levels.flatMap(i => [[`id${i + 1}`, key(i)], [`id${i + 4}`, row => `id${key(i)(row)}`]]))
    const schema = Object.fromEntries([...levels.map(i => [`id${i + 1}`, 'int32']), ...levels.map(i => [`id${i + 4}`, 'utf8']), ['v2', 'float64']])
    await writeTable(path(table), schema, sizes[level], { ...columns, v2: value(10 + level) })
  }
}

const on = (left, right, how = 'inner') => ({ left, right, how, suffix: '_right' })
const sqlOf = (kind, table, key) => `select x.*, ${table}.* exclude (${key}) from x ${kind} join ${table} on x.${key} = ${table}.${key}`

export const cases = {
  q1: {
    check: ['v1', 'v2'],
    millrace: ({ x, small }) => x.join(small, on('id1', 'id1')),
    sql: sqlOf('inner', 'small', 'id1'),
    polars: "x.join(small, on='id1')",
  },
  q2: {
    check: ['v1', 'v2'],
    millrace: ({ x, medium }) => x.join(medium, on('id2', 'id2')),
    sql: sqlOf('inner', 'medium', 'id2'),
    polars: "x.join(medium, on='id2')",
  },
  q3: {
    check: ['v1', 'v2'],
    millrace: ({ x, medium }) => x.join(medium, on('id2', 'id2', 'left')),
    sql: sqlOf('left', 'medium', 'id2'),
    polars: "x.join(medium, on='id2', how='left')",
  },
  q4: {
    check: ['v1', 'v2'],
    millrace: ({ x, medium }) => x.join(medium, on('id5', 'id5')),
    sql: sqlOf('inner', 'medium', 'id5'),
    polars: "x.join(medium, on='id5')",
  },
  q5: {
    check: ['v1', 'v2'],
    millrace: ({ x, big }) => x.join(big, on('id3', 'id3')),
    sql: sqlOf('inner', 'big', 'id3'),
    polars: "x.join(big, on='id3')",
  },
}
