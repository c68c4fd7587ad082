// Many numbers of one column in one pass: quantiles, spread, distinct values, the best row of each group, and aggregates of some rows only.
import { agg, col, count, countDistinct, from, mean, median, quantile, stddev, topK } from 'millrace'

const responses = from(
  Array.from({ length: 1_000 }, (_, i) => ({ path: ['/', '/cart', '/search'][i % 3]!, ms: ((i * 7919) % 997) / 10, status: i % 50 === 0 ? 500 : 200, user: `u${i % 37}` })),
  { schema: { path: 'utf8', ms: 'float64', status: 'int32', user: 'utf8' } },
)

const byPath = responses
  .groupBy('path')
  .agg({
    n: count(),
    failed: count().where(col('status').ge(500)),
    users: countDistinct('user'),
    median: median('ms'),
    p99: quantile('ms', 0.99),
    spread: stddev('ms'),
    slowest: agg.argMax('user', 'ms'),
  })
  .sort('path')
console.log(String(await byPath.collect()))

const all = responses.agg({ top: topK('ms', 3), mean_ok: mean('ms').where(col('status').lt(500)), users: agg.approxCountDistinct('user'), correlation: agg.corr('ms', 'status') })
console.log(String(await all.collect()))
