// Filter and sum over rows in memory at three selectivities, beside a C program: `sum(v) where k < bound` over an int32 and a float64 column.
//.
import { count, sum } from '../../dist/index.js'

export const name = 'filter'
export const title = 'filter and sum, rows in memory'
export const rowsDefault = 1e8

export const tables = () => ({})
const chunkRows = 1 << 18

async function* chunks(rows) {
  for (let start = 0; start < rows; start += chunkRows) {
    const length = Math.min(chunkRows, rows - start)
    const [k, v] = [new Int32Array(length), new Float64Array(length)]
    for (let i = 0; i < length; i++) {
      const mixed = ((start + i + 1) * 48_271) % 2_147_483_647
      k[i] = mixed % 1_000_000
      v[i] = (mixed % 65_536) / 100
    }
    yield { k, v }
  }
}

export const millraceTables = ({ rows, from }) => ({ x: from(chunks(rows), { schema: { k: 'int32', v: 'float64' }, bounded: true }) })
export const sqlTables = rows => ({
  x: `select (m % 1000000)::int as k, (m % 65536)::double / 100 as v from (select (i + 1) * 48271 % 2147483647 as m from range(${rows}) t(i))`,
})

const filtered = bound => ({
  check: ['s', 'n'],
  millrace: ({ x, col }) => x.filter(col('k').lt(bound)).groupBy().agg({ s: sum('v'), n: count() }),
  sql: `select sum(v) as s, count(*) as n from x where k < ${bound}`,
  c: bound,
})

export const cases = { '0.02 %': filtered(200), '25 %': filtered(250_000), '98 %': filtered(980_000) }
