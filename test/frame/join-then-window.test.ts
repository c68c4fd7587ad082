// A window behind the join of two branches of a stream: what is late there depends on the rows alone, not on batches and threads.
import { afterAll, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, from, sum, tumble } from '../../src/index.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

afterAll(closeEngines)

const chance = random(3)
const events = Array.from({ length: 3_000 }, (_, i) => ({ side: chance.int(2), key: chance.int(40), time: 10 * i + chance.int(600), value: chance.int(100) }))
const boundMs = 200
const windowMs = 1_000

// Pairs come to be with their later row; late is a pair whose window was complete before it.
function expected(): { rows: string[]; late: number } {
  const watermarks = naiveWatermarks(events.map(({ time }) => ({ key: '', time, value: 0 })), boundMs)
  const windows = new Map<string, [number, number]>()
  let late = 0
  events.forEach((b, j) => {
    for (const a of events.slice(0, j)) {
      if (a.key !== b.key || a.side === b.side) continue
      const [left, right] = a.side === 0 ? [a, b] : [b, a]
      const start = Math.floor(left.time / windowMs) * windowMs
      if (start + windowMs - 1 <= watermarks[j]!) {
        late++
        continue
      }
      const [n, total] = windows.get(`${left.key} ${start}`) ?? [0, 0]
      windows.set(`${left.key} ${start}`, [n + 1, total + right.value])
    }
  })
  return { rows: [...windows].map(([window, [n, total]]) => `${window} ${n} ${total}`).sort(), late }
}

const { rows, late } = expected()

it.each([[1, 0], [7, 2], [256, 0], [1024, 2], [4096, 3]])('in batches of %i with %i workers', async (batchRows, workers) => {
  async function* source() {
    for (const event of events) yield event
  }
  const stream = from(source(), { schema: { side: 'int32', key: 'int32', time: 'timestamp[ms]', value: 'int32' }, bounded: false }).watermark('time', { bound: `${boundMs}ms` })
  const left = stream.filter(col('side').eq(0)).select('key', 'time')
  const right = stream.filter(col('side').eq(1)).select('key', 'value')
  const windows = left.join(right, { on: 'key' }).groupBy('key', tumble('time', `${windowMs}ms`)).agg({ n: count(), total: sum('value') })
  const got: string[] = []
  const run = windows.forEach(row => void got.push(`${row.key} ${Number(row.window_start)} ${row.n} ${row.total}`), { batchRows, workers })
  await run
  expect(got.sort()).toEqual(rows)
  expect(late).toBeGreaterThan(1_000)
})
