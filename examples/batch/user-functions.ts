// What expressions can't say: a function of a row, of a row to many, and of whole columns. They run on the main thread, and explain() says so.
import { from } from 'millrace'

const pages = from([{ url: 'https://example.org/a?tag=x&tag=y', ms: 12.5 }, { url: 'https://example.com/b', ms: 80 }], { schema: { url: 'utf8', ms: 'float64' } })

const hosts = pages.map(row => ({ ...row, host: new URL(row.url).host }), { adds: { host: 'utf8' } })
console.log(String(await hosts.collect()))

const tags = pages.flatMap(row => new URL(row.url).searchParams.getAll('tag').map(tag => ({ tag })), { schema: { tag: 'utf8' } })
console.log(String(await tags.collect()))

const scored = pages.mapBatches(batch => batch.withColumn('score', batch.column('ms').toFloat64Array().map(Math.sqrt)), { adds: { score: 'float64?' } })
console.log(String(await scored.collect()))
console.log(hosts.explain())
