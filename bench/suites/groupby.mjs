// h2o.ai's db-benchmark, group-by (G1, K = 100, no nulls, unsorted): ten questions over three text keys, three integer keys, two integer
// values and a float one. Rows come from a fixed hash, not from the original's random numbers, so that every engine reads one file.
import * as millrace from '../../dist/index.js'
import { hashOf, writeTable } from '../data.mjs'

const { count, max, mean, min, sum } = millrace

export const name = 'groupby'
export const title = 'h2o group-by, rows in memory'
export const rowsDefault = 1e7

export function tables(rows) {
  return { x: `g1-${rows}.parquet` }
}

export async function generate(rows, path) {
  const names = Math.max(1, Math.round(rows / 100))
  const texts = (digits, length) => Array.from({ length }, (_, i) => `id${String(i + 1).padStart(digits, '0')}`)
  const [short, long] = [texts(3, 100), texts(10, names)]
  const schema = { id1: 'utf8', id2: 'utf8', id3: 'utf8', id4: 'int32', id5: 'int32', id6: 'int32', v1: 'int32', v2: 'int32', v3: 'float64' }
  const pick = (row, salt, length) => hashOf(row, salt) % length
  await writeTable(path('x'), schema, rows, {
    id1: row => short[pick(row, 0, 100)],
    id2: row => short[pick(row, 1, 100)],
    id3: row => long[pick(row, 2, names)],
    id4: row => 1 + pick(row, 3, 100),
    id5: row => 1 + pick(row, 4, 100),
    id6: row => 1 + pick(row, 5, names),
    v1: row => 1 + pick(row, 6, 5),
    v2: row => 1 + pick(row, 7, 15),
    v3: row => (hashOf(row, 8) % 100_000_000) / 1e6,
  })
}

/** A case for each engine; `check` names the result's columns whose sums must be equal. */
export const cases = {
  q1: {
    check: ['v1'],
    millrace: ({ x }) => x.groupBy('id1').agg({ v1: sum('v1') }),
    sql: 'select id1, sum(v1) as v1 from x group by id1',
    polars: "x.group_by('id1').agg(c('v1').sum())",
    arquero: ({ x, op }) => x.groupby('id1').rollup({ v1: op.sum('v1') }),
  },
  q2: {
    check: ['v1'],
    millrace: ({ x }) => x.groupBy('id1', 'id2').agg({ v1: sum('v1') }),
    sql: 'select id1, id2, sum(v1) as v1 from x group by id1, id2',
    polars: "x.group_by('id1', 'id2').agg(c('v1').sum())",
    arquero: ({ x, op }) => x.groupby('id1', 'id2').rollup({ v1: op.sum('v1') }),
  },
  q3: {
    check: ['v1', 'v3'],
    millrace: ({ x }) => x.groupBy('id3').agg({ v1: sum('v1'), v3: mean('v3') }),
    sql: 'select id3, sum(v1) as v1, mean(v3) as v3 from x group by id3',
    polars: "x.group_by('id3').agg(c('v1').sum(), c('v3').mean())",
    arquero: ({ x, op }) => x.groupby('id3').rollup({ v1: op.sum('v1'), v3: op.mean('v3') }),
  },
  q4: {
    check: ['v1', 'v2', 'v3'],
    millrace: ({ x }) => x.groupBy('id4').agg({ v1: mean('v1'), v2: mean('v2'), v3: mean('v3') }),
    sql: 'select id4, mean(v1) as v1, mean(v2) as v2, mean(v3) as v3 from x group by id4',
    polars: "x.group_by('id4').agg(c('v1', 'v2', 'v3').mean())",
    arquero: ({ x, op }) => x.groupby('id4').rollup({ v1: op.mean('v1'), v2: op.mean('v2'), v3: op.mean('v3') }),
  },
  q5: {
    check: ['v1', 'v2', 'v3'],
    millrace: ({ x }) => x.groupBy('id6').agg({ v1: sum('v1'), v2: sum('v2'), v3: sum('v3') }),
    sql: 'select id6, sum(v1) as v1, sum(v2) as v2, sum(v3) as v3 from x group by id6',
    polars: "x.group_by('id6').agg(c('v1', 'v2', 'v3').sum())",
    arquero: ({ x, op }) => x.groupby('id6').rollup({ v1: op.sum('v1'), v2: op.sum('v2'), v3: op.sum('v3') }),
  },
  q6: {
    check: ['median_v3', 'sd_v3'],
    millrace: ({ x }) => x.groupBy('id4', 'id5').agg({ median_v3: millrace.median('v3'), sd_v3: millrace.stddev('v3') }),
    sql: 'select id4, id5, quantile_cont(v3, 0.5) as median_v3, stddev(v3) as sd_v3 from x group by id4, id5',
    polars: "x.group_by('id4', 'id5').agg(c('v3').median().alias('median_v3'), c('v3').std().alias('sd_v3'))",
  },
  q7: {
    check: ['range_v1_v2'],
    millrace: ({ x, col }) =>
      x
        .groupBy('id3')
        .agg({ most: max('v1'), least: min('v2') })
        .select({ id3: col('id3'), range_v1_v2: col('most').sub(col('least')) }),
    sql: 'select id3, max(v1) - min(v2) as range_v1_v2 from x group by id3',
    polars: "x.group_by('id3').agg((c('v1').max() - c('v2').min()).alias('range_v1_v2'))",
  },
  q8: {
    check: ['largest2_v3'],
    millrace: ({ x }) => x.groupBy('id6').agg({ largest2_v3: millrace.topK('v3', 2) }).explode('largest2_v3'),
    sql: 'select id6, unnest(max(v3, 2)) as largest2_v3 from x where v3 is not null group by id6',
    polars: "x.drop_nulls('v3').group_by('id6').agg(c('v3').top_k(2).alias('largest2_v3')).explode('largest2_v3')",
  },
  q9: {
    check: ['r2'],
    millrace: ({ x, col }) =>
      x
        .groupBy('id2', 'id4')
        .agg({ r: millrace.corr('v1', 'v2') })
        .select({ id2: col('id2'), id4: col('id4'), r2: col('r').mul(col('r')) }),
    sql: 'select id2, id4, pow(corr(v1, v2), 2) as r2 from x group by id2, id4',
    polars: "x.group_by('id2', 'id4').agg((pl.corr('v1', 'v2') ** 2).alias('r2'))",
  },
  q10: {
    check: ['v3', 'count'],
    millrace: ({ x }) => x.groupBy('id1', 'id2', 'id3', 'id4', 'id5', 'id6').agg({ v3: sum('v3'), count: count() }),
    sql: 'select id1, id2, id3, id4, id5, id6, sum(v3) as v3, count(*) as count from x group by id1, id2, id3, id4, id5, id6',
    polars: "x.group_by('id1', 'id2', 'id3', 'id4', 'id5', 'id6').agg(c('v3').sum(), pl.len().alias('count'))",
  },
}
