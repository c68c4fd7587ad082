// Windows behind joins and behind other windows: what is late there depends on the rows alone, not on batches and threads.
import { afterAll, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, cumulate, from, hop, session, sum, tumble } from '../../src/index.ts'
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

const ways = [[1, 0], [7, 2], [256, 0], [1024, 2], [4096, 3]] as const

function stream() {
  async function* source() {
    for (const event of events) yield event
  }
  return from(source(), { schema: { side: 'int32', key: 'int32', time: 'timestamp[ms]', value: 'int32' }, bounded: false }).watermark('time', { bound: `${boundMs}ms` })
}

it.each(ways)('behind a join, in batches of %i with %i workers', async (batchRows, workers) => {
  const all = stream()
  const left = all.filter(col('side').eq(0)).select('key', 'time')
  const right = all.filter(col('side').eq(1)).select('key', 'value')
  const windows = left.join(right, { on: 'key' }).groupBy('key', tumble('time', `${windowMs}ms`)).agg({ n: count(), total: sum('value') })
  const got: string[] = []
  await windows.forEach(row => void got.push(`${row.key} ${Number(row.window_start)} ${row.n} ${row.total}`), { batchRows, workers })
  expect(got.sort()).toEqual(rows)
  expect(late).toBeGreaterThan(1_000)
})

const seconds = () => stream().groupBy('key', tumble('time', '1s')).agg({ n: count() })
const chains = {
  'tumbling ones': () => seconds().groupBy(tumble('window_start', '10s')).agg({ rows: count() }),
  'sessions, whose rows come after their time': () => seconds().filter(col('n').gt(2)).groupBy('key', session('window_start', { gap: '1500ms' })).agg({ rows: count() }),
  'hopping ones behind growing ones': () => stream().groupBy('key', cumulate('time', '4s', { step: '1s' })).agg({ n: count() }).groupBy(hop('window_end', '8s', { slide: '2s' })).agg({ rows: count() }),
}

it.each(Object.entries(chains))('behind windows: %s', async (_, chain) => {
  const results: string[][] = []
  for (const [batchRows, workers] of ways) {
    const got: string[] = []
    await chain().forEach(row => void got.push(Object.values(row).map(Number).join()), { batchRows, workers })
    results.push(got.sort())
  }
  expect(results[0]!.length).toBeGreaterThan(3)
  for (const result of results.slice(1)) expect(result).toEqual(results[0])
})

// What is late goes by the watermark of the row's own input, whatever has come of the others.
it('behind a union: as if the parts had never been apart', async () => {
  const parts = () => {
    const all = stream()
    return [0, 1].map(side => all.filter(col('side').eq(side)).select('key', 'time', 'value'))
  }
  const texts = async (rows: ReturnType<typeof parts>[number], batchRows: number, workers: number) => {
    const got: string[] = []
    await rows.groupBy('key', tumble('time', '1s')).agg({ n: count(), total: sum('value') }).forEach(row => void got.push(Object.values(row).map(Number).join()), { batchRows, workers })
    return got.sort()
  }
  const whole = await texts(stream().select('key', 'time', 'value'), 1024, 0)
  for (const [batchRows, workers] of ways.slice(1, 4)) {
    const [left, right] = parts()
    expect(await texts(left!.union(right!), batchRows, workers), `${batchRows} rows, ${workers} workers`).toEqual(whole)
  }
})

it('behind a union of two sources: each row late by its own', async () => {
  const watermarks = [0, 1].map(side => naiveWatermarks(events.filter(event => event.side === side).map(({ time }) => ({ key: '', time, value: 0 })), boundMs))
  const seen = [0, 0]
  const wanted = new Map<number, number>()
  for (const { side, time } of events) {
    const watermark = watermarks[side]![seen[side]!++]!
    const start = Math.floor(time / 1_000) * 1_000
    if (start + 999 > watermark) wanted.set(start, (wanted.get(start) ?? 0) + 1)
  }
  for (const [batchRows, workers] of ways) {
    const [left, right] = [0, 1].map(side => {
      async function* source() {
        for (const event of events) if (event.side === side) yield event
      }
      return from(source(), { schema: { key: 'int32', time: 'timestamp[ms]' }, bounded: false }).watermark('time', { bound: `${boundMs}ms` })
    })
    const got = new Map<number, number>()
    await left!.union(right!).groupBy(tumble('time', '1s')).agg({ n: count() }).forEach(row => void got.set(Number(row.window_start), Number(row.n)), { batchRows, workers })
    expect(got, `${batchRows} rows, ${workers} workers`).toEqual(wanted)
  }
})
