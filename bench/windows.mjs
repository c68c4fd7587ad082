// Windows over numbers: sum and greatest of a value by 1,000 keys, 100,000 rows a second of event time, as a stream on one thread. Rows over CPU seconds of the
// whole process, the source's own work included. How many results there must be is known.
import { col, generate, hop, max, sink, sum, tumble } from '../dist/index.js'
import { machine, measure } from './measure.mjs'

const keys = 1_000
const rowsPerSecond = 1e5

const windows = {
  'tumble 10 s': { window: tumble('at', '10s'), size: 10, slide: 10 },
  'hop 10 s by 2 s': { window: hop('at', '10s', { slide: '2s' }), size: 10, slide: 2 },
  'tumble 1 h': { window: tumble('at', '1h'), size: 3_600, slide: 3_600 },
  'hop 1 h by 1 s': { window: hop('at', '1h', { slide: '1s' }), size: 3_600, slide: 1 },
}

/** Runs the windows; with 4e8 rows an hour is exceeded. */
export async function run({ rows = 4e8, queries: only, runs }) {
  const figures = []
  for (const [name, { window, size, slide }] of Object.entries(windows)) {
    if (only && !only.includes(name)) continue
    const numbers = generate.columns({ n: generate.sequence(), key: generate.sequence(), value: generate.uniform(0, 100) }, { rows, seed: 1 })
    const timed = numbers.with({ key: col('key').mod(keys).cast('int32'), at: col('n').div(rowsPerSecond / 1_000).cast('int64').cast('timestamp[ms]') }).watermark('at', { bound: '1s' })
    const frame = timed.groupBy('key', window).agg({ total: sum('value'), most: max('value') })
    const { result, seconds, cpuSeconds } = await measure(async () => {
      let results = 0
      const counting = sink({ name: 'counting', delivery: 'idempotent', write: batch => void (results += batch.numRows) })
      await frame.to(counting).run({ workers: 0, mode: 'stream' })
      return results
    }, runs)
    // Every window that has a row has one of every key, once there are as many rows.
    const last = Math.floor((rows - 1) / rowsPerSecond)
    const wanted = (Math.floor(last / slide) + size / slide) * keys
    figures.push({ window: name, results: result, seconds, rows_per_s: Math.round(rows / seconds), rows_per_s_core: Math.round(rows / cpuSeconds), ...(rows >= rowsPerSecond && { equal: result === wanted }) })
  }
  return { title: `Windows: ${rows} rows, ${keys} keys, ${rowsPerSecond} rows a second of event time`, machine: machine(), rows: figures }
}
