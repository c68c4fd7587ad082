// What expressions can't say: a function of a row, of a row to many, of whole columns, and an aggregate of one's own. They run on the main thread, and explain() says so.
import { agg, count, from } from 'millrace'

const pages = from([{ url: 'https://example.org/a?tag=x&tag=y', ms: 12.5 }, { url: 'https://example.com/b', ms: 80 }], { schema: { url: 'utf8', ms: 'float64' } })

const hosts = pages.map(row => ({ ...row, host: new URL(row.url).host }), { adds: { host: 'utf8' } })
console.log(String(await hosts.collect()))

const tags = pages.flatMap(row => new URL(row.url).searchParams.getAll('tag').map(tag => ({ tag })), { schema: { tag: 'utf8' } })
console.log(String(await tags.collect()))

const scored = pages.mapBatches(batch => batch.withColumn('score', batch.column('ms').toFloat64Array().map(Math.sqrt)), { adds: { score: 'float64?' } })
console.log(String(await scored.collect()))

// The geometric mean of a host's times: `update` takes a group's values of a batch, `merge` joins what batches made.
const geometricMean = agg.custom('ms', {
  init: () => ({ logs: 0, n: 0 }),
  update(state, values) {
    for (const ms of values) state.logs += Math.log(ms)
    state.n += values.length
  },
  merge: (a, b) => ({ logs: a.logs + b.logs, n: a.n + b.n }),
  finish: ({ logs, n }) => Math.round(Math.exp(logs / n)),
  type: 'int32',
})
const byHost = hosts.groupBy('host').agg({ pages: count(), ms: geometricMean }).sort('host')
console.log(String(await byHost.collect()))
console.log(byHost.explain())
