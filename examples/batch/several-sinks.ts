// One pass over the data, three results: a file of the rich rows, a file of totals, and the lines that could not be read.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { col, job, read, sum, write } from 'millrace'

const folder = await mkdtemp(join(tmpdir(), 'millrace-example-'))
await writeFile(join(folder, 'bids.ndjson'), ['{"bidder": "ann", "price": 120}', '{"bidder": "bob", "price": 80}', '{"bidder": "ann", "price": "a lot"}', '{"bidder": "bob", "price": 300}', ''].join('\n'))

const bids = read.ndjson(join(folder, 'bids.ndjson'), {
  schema: { bidder: 'utf8', price: 'int64' },
  onError: { deadLetters: write.ndjson(join(folder, 'bad.ndjson')) },
})
const done = await job({
  rich: bids.filter(col('price').gt(100)).to(write.csv(join(folder, 'rich.csv'))),
  totals: bids.groupBy('bidder').agg({ total: sum('price') }).sort('bidder').to(write.ndjson(join(folder, 'totals.ndjson'))),
}).run()

console.log(`${done.metrics().rowsRead} rows were read`)
for (const name of ['rich.csv', 'totals.ndjson', 'bad.ndjson']) console.log(`\n${name}\n${(await readFile(join(folder, name), 'utf8')).trim()}`)
await rm(folder, { recursive: true })
