// A join and a sort of more than fits: under a cap the state goes to disk, and the result is the same. table.stats says how much.
import { col, count, desc, from, sum } from 'millrace'

const rows = 200_000
const mixed = (i: number) => (Math.imul(i, 0x9e3779b1) >>> 0) % rows
const orders = from({ id: Int32Array.from({ length: rows }, (_, i) => mixed(i)), amount: Float64Array.from({ length: rows }, (_, i) => (i % 1_000) / 4) })
const clients = from({ client: Int32Array.from({ length: rows }, (_, i) => i), region: Int32Array.from({ length: rows }, (_, i) => i % 7) })

const largest = orders
  .groupBy('id')
  .agg({ orders: count(), amount: sum('amount') })
  .join(clients, { left: 'id', right: 'client' })
  .sort(desc('amount'), 'id')

const free = await largest.collect()
const capped = await largest.collect({ memory: { total: '128MiB', state: '4MiB' } })
const spilled = Object.values(capped.stats.steps).reduce((bytes, step) => bytes + step.spilledBytes, 0)

console.log(capped.toString({ rows: 3 }))
console.log(`the same rows: ${JSON.stringify(free.toArray().slice(0, 1_000), (_, v) => String(v)) === JSON.stringify(capped.toArray().slice(0, 1_000), (_, v) => String(v))}`)
console.log(`written to disk: ${spilled > 1_000_000 ? 'more than 1 MB' : `${spilled} bytes`}`)
console.log(String(await largest.groupBy('region').agg({ amount: sum(col('amount')) }).sort('region').collect()))
