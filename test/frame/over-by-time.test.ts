// Window functions on streams in the order of event time: rows come out once, in their order, with what they have in batch; late rows are left out.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { denseRank } from '../../src/frame/window-functions.ts'
import { closeEngines, col, count, first, from, lag, last, max, mean, median, min, rank, rowNumber, sum, tumble } from '../../src/index.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

afterAll(closeEngines)

const boundMs = 400
const chance = random(12)
const schema = { key: 'utf8?', at: 'timestamp[ms]?', id: 'int32', n: 'int32?', price: 'float64?', cost: 'decimal(9, 2)?', text: 'utf8?' } as const
const maybe = <T>(value: T) => (chance.int(7) === 0 ? null : value)
const events = Array.from({ length: 900 }, (_, id) => ({ key: maybe(`key ${chance.int(9)} of some length`), at: chance.int(50) === 0 ? null : 20 * (Math.floor(id / 2) + chance.int(40) - 20), id, n: maybe(chance.int(100)), price: maybe(chance.int(4000) / 8), cost: maybe(`${chance.int(900)}.25`), text: maybe(`a text of some length, number ${chance.int(40)}`) }))
const watermarks = naiveWatermarks(events.map(({ at }) => ({ key: '', time: at, value: 0 })), boundMs)
const intime = events.filter(({ at }, i) => at !== null && at > watermarks[i]!)

function stream(rows: readonly object[], isEndless = true) {
  async function* source() {
    for (const row of rows) yield row as never
  }
  return (isEndless ? from(source(), { schema, bounded: false }) : from(rows as never, { schema })).watermark('at', { bound: `${boundMs}ms` }) as unknown as ReturnType<typeof typed>
}
const typed = () => from(events as never, { schema })

const over = { by: 'key', orderBy: 'at' } as const
const near = { ...over, frame: { rows: [-3, 0] } } as const
const lately = { ...over, frame: { range: ['-150ms', 0] } } as const
const cases = {
  'running ones': () => ({ k: rowNumber().over(over), r: rank().over(over), d: denseRank().over(over), c: count().over(over), m: count('n').over(over), s: sum('n').over(over), p: sum('price').over(over), a: mean('price').over(over), b: mean('n').over(over), e: mean('cost').over(over), t: sum('cost').over(over), lo: min('text').over(over), hi: max('price').over(over), f: first('text').over(over), l: last('n').over(over) }),
  'running ones by rows': () => ({ s: sum('price').over({ ...over, frame: { rows: ['unbounded', 0] } }), c: count('text').over({ ...over, frame: { rows: ['unbounded', 0] } }), a: mean('n').over({ ...over, frame: { rows: ['unbounded', 0] } }), f: max('text').over({ ...over, frame: { rows: ['unbounded', 0] } }) }),
  'over some rows before': () => ({ s: sum('n').over(near), p: mean('price').over(near), m: median('n').over(near), l: lag('text', 2).over(over), x: max('text').over(near), o: sum('cost').over({ ...over, frame: { rows: [-2, -1] } }) }),
  'over a time before': () => ({ s: sum('n').over(lately), c: count().over(lately), f: first('text').over(lately), m: min('price').over({ ...over, frame: { range: ['-90ms', '-20ms'] } }) }),
  'of all rows, by further keys': () => ({ k: rowNumber().over({ orderBy: ['at', 'id'] }), s: sum('price').over({ orderBy: ['at', 'n', 'id'] }), l: lag('id').over({ orderBy: ['at', 'id'] }) }),
}
const ways = [[1024, 0], [7, 2], [1, 0], [50, 3]] as const
let turn = 0
const text = (row: object) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value))

describe('window functions in the order of event time', () => {
  it.each(Object.entries(cases))('%s', async (_, functions) => {
    const expected = [...(await from(intime as never, { schema }).with(functions() as never).collect())].map(text).sort()
    expect(expected.length).toBeGreaterThan(500)
    expect(expected.length).toBeLessThan(events.length - 100)
    for (const [batchRows, workers] of [ways[turn % 4]!, ways[++turn % 4]!, ways[2]!]) {
      const got: { readonly at: unknown; readonly text: string }[] = []
      const frame = stream(events).with(functions() as never)
      expect(frame.explain()).toContain('as event time passes')
      await frame.forEach(row => void got.push({ at: (row as { at: unknown }).at, text: text(row) }), { batchRows, workers })
      expect(got.map(row => row.text).sort(), `${batchRows} rows, ${workers} workers`).toEqual(expected)
      if (workers === 0) expect(got.map(row => Number(row.at))).toEqual(got.map(row => Number(row.at)).sort((a, b) => a - b))
    }
  })

  it('windows behind them take all that they give', async () => {
    for (const [batchRows, workers] of ways) {
      let total = 0
      await stream(events).with({ k: rowNumber().over(over) }).groupBy(tumble('at', '100ms')).agg({ n: count() }).forEach(row => void (total += Number(row.n)), { batchRows, workers })
      expect(total).toBe(intime.length)
    }
  })

  it('takes nothing back, unlike others', () => {
    const explained = (functions: object) => stream(events).with(functions as never).explain()
    expect(explained({ k: rowNumber().over({ by: 'key', orderBy: 'n' }) })).toContain('as rows come')
    expect(explained({ k: sum('n').over({ by: 'key' }) })).toContain('as rows come')
    expect(explained({ k: sum('n').over({ ...over, frame: { rows: [-1, 1] } }) })).toContain('as rows come')
    expect(explained({ k: rowNumber().over(over), s: sum('n').over({ by: 'id', orderBy: 'at' }) })).not.toContain('as rows come')
    expect(explained({ k: rowNumber().over(over), s: sum('n').over({ by: 'id' }) })).not.toContain('as event time passes')
    expect(typed().with({ k: rowNumber().over(over) }).explain({ mode: 'stream' })).toContain('as rows come')
    expect(stream(events).with({ later: col('at').add('PT1S') }).with({ k: rowNumber().over({ orderBy: 'later' }) } as never).explain()).toContain('as rows come')
  })
})
