// Rows counted by key in windows of 10 s, from memory to memory on one thread, beside @kafkats/flow: the same rows, 1,000 keys, 10,000 rows a second of event time. Each side is handed
// rows as it likes them best: flow as Kafka messages that lie ready, its topology called as its consumer calls it, without a broker, changelog or codec of values; ours as
// columns that cache() keeps and, for comparison, as an array of objects. Flow tells every change of a count; the last of each is what must be equal.
import { col, count, from, generate, tumble } from '../dist/index.js'
import { isPresent } from './engines/kafkats-flow.mjs'
import { machine, measure } from './measure.mjs'

const keys = 1_000
const rowsPerMs = 10
const began = Date.UTC(2026, 0, 1)
const windowMs = 10_000

const keyOf = i => (i * 7_919) % keys
const timeOf = i => began + Math.floor(i / rowsPerMs)

/** The rows as columns that are kept. */
async function columnsOf(rows) {
  const made = generate.columns({ n: generate.sequence() }, { rows, seed: 1 })
  const kept = made.select({ key: col('n').mul(7_919).mod(keys).cast('utf8'), at: col('n').div(rowsPerMs).floor().cast('int64').add(began).cast('timestamp[ms]') }).cache()
  await kept.limit(1).collect({ workers: 0 })
  return kept
}

/** The rows as objects that lie ready; columns are made of them while they are counted. */
function objectsOf(rows) {
  const objects = Array.from({ length: rows }, (_, i) => ({ key: String(keyOf(i)), at: timeOf(i) }))
  return from(objects, { schema: { key: 'utf8', at: 'timestamp[ms]' } })
}

const counted = frame => frame.watermark('at', { bound: '1s' }).groupBy('key', tumble('at', '10s')).agg({ n: count() }).collect({ workers: 0, mode: 'stream' })

/** Runs all three; `timesFlow` by CPU time. */
export async function run({ rows = 1e6, runs }) {
  const [columns, objects] = [await columnsOf(rows), objectsOf(rows)]
  const figures = [await figured('columns in memory', () => counted(columns), rows, runs), await figured('objects in memory', () => counted(objects), rows, runs)]
  const title = `Rows counted by key in windows of 10 s: ${rows} rows, ${keys} keys, one thread, memory to memory`
  if (!isPresent()) return { title: `${title}; @kafkats/flow: not measured (npm run bench:setup installs it)`, machine: machine(), rows: figures.map(({ figure }) => figure) }
  const { messagesOf, countByFlow, version } = await import('./engines/kafkats-flow.mjs')
  const messages = messagesOf(rows, keyOf, timeOf)
  const theirs = await figured(`@kafkats/flow ${version()}`, () => countByFlow(messages, windowMs), rows, runs)
  for (const { figure, result, cpuSeconds } of figures) Object.assign(figure, { timesFlow: theirs.cpuSeconds / cpuSeconds, equal: sameCounts(result, theirs.result) })
  return { title, machine: machine(), rows: [...figures, theirs].map(({ figure }) => figure) }
}

async function figured(name, side, rows, runs) {
  const { result, seconds, cpuSeconds } = await measure(side, runs)
  return { result, cpuSeconds, figure: { case: name, results: result.numRows ?? result.size, seconds, rows_per_s: Math.round(rows / seconds), rows_per_s_core: Math.round(rows / cpuSeconds) } }
}

function sameCounts(table, counts) {
  const rows = table.toArray()
  return rows.length === counts.size && rows.every(({ key, window_start, n }) => counts.get(`${Number(window_start)}|${key}`) === Number(n))
}
