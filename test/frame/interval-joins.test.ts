// Joins within bounds of time: what they give depends on the rows and their order at the source alone, not on batches and threads, in batch as on a stream.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, from, tumble, write } from '../../src/index.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

afterAll(closeEngines)

const boundMs = 300
const chance = random(7)
interface Event {
  readonly side: number
  readonly key: number | null
  readonly at: number | null
  readonly until: number | null
  readonly id: number
}
const events: Event[] = Array.from({ length: 1_000 }, (_, id) => {
  const at = chance.int(40) === 0 ? null : 10 * (id + chance.int(70) - 35)
  return { side: chance.int(2), key: chance.int(12) === 0 ? null : chance.int(15), at, until: at === null || chance.int(9) === 0 ? null : at + chance.int(900), id }
})
const watermarks = naiveWatermarks(events.map(({ at }) => ({ key: '', time: at, value: 0 })), boundMs)
const isLate = ({ at, id }: Event) => at !== null && at <= watermarks[id]!
const inTime = events.filter(event => !isLate(event))

type How = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'
type Meets = (left: Event, right: Event) => boolean

function expected(how: How, meets: Meets): string[] {
  const [left, right] = [0, 1].map(side => inTime.filter(event => event.side === side)) as [Event[], Event[]]
  const pairs = left.flatMap(l => right.filter(r => l.key !== null && l.key === r.key && meets(l, r)).map(r => [l, r] as const))
  const met = new Set(pairs.flat())
  const lone = (side: Event[]) => events.filter(event => event.side === (side === left ? 0 : 1) && !met.has(event))
  if (how === 'semi') return left.filter(l => met.has(l)).map(l => `${l.id}`).sort()
  if (how === 'anti') return lone(left).map(l => `${l.id}`).sort()
  return [
    ...pairs.map(([l, r]) => `${l.key} ${l.id} ${r.id}`),
    ...(how === 'left' || how === 'full' ? lone(left).map(l => `${l.key} ${l.id} null`) : []),
    ...(how === 'right' || how === 'full' ? lone(right).map(r => `${r.key} null ${r.id}`) : []),
  ].sort()
}

function sides(stream: boolean) {
  const schema = { side: 'int32', key: 'int32?', at: 'timestamp[ms]?', until: 'timestamp[ms]?', id: 'int32' } as const
  async function* source() {
    for (const event of events) yield event
  }
  const all = (stream ? from(source(), { schema, bounded: false }) : from(events, { schema })).watermark('at', { bound: `${boundMs}ms` })
  return {
    left: all.filter(col('side').eq(0)).select('key', 'at', 'until', 'id'),
    right: all.filter(col('side').eq(1)).rename({ at: 'time', id: 'other' }).select('key', 'time', 'other'),
  }
}

const between = (lower: number, upper: number): Meets => (l, r) => l.at !== null && r.at !== null && r.at >= l.at + lower && r.at <= l.at + upper
const bounds = {
  'on both sides': { within: ['-400ms', '500ms'], meets: between(-400, 500) },
  'all before': { within: ['-900ms', '-100ms'], meets: between(-900, -100) },
  'all after': { within: [200, '0.8s'], meets: between(200, 800) },
  'a moment': { within: [0, 0], meets: between(0, 0) },
  'to a time of the left row': { within: ['0ms', 'until'], meets: (l, r) => between(0, 1e9)(l, r) && l.until !== null && r.at! <= l.until },
  'of two times of the left row': { within: [col('at'), col('until').sub('PT0.1S')], meets: (l, r) => between(0, 1e9)(l, r) && l.until !== null && r.at! <= l.until - 100 },
} as const satisfies Record<string, { within: readonly [unknown, unknown]; meets: Meets }>
const hows = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const
const text = (row: Record<string, unknown>, how: How) => (how === 'semi' || how === 'anti' ? `${row['id']}` : `${row['key']} ${row['id']} ${row['other']}`)

const ways = [[1024, 0, 'batch'], [7, 2, 'stream'], [1, 0, 'stream'], [50, 3, 'endless']] as const
let turn = 0

describe.each(Object.entries(bounds))('a join within bounds: %s', (_, { within, meets }) => {
  it.each(hows)('%s', async how => {
    const rows = expected(how, meets)
    if (how === 'inner') expect(rows.length).toBeGreaterThan(5)
    for (const [batchRows, workers, mode] of [ways[0]!, ways[1 + (turn++ % 3)]!]) {
      const { left, right } = sides(mode === 'endless')
      const got: string[] = []
      await left.join(right, { on: 'key', within: within as never, how, time: { left: 'at', right: 'time' } }).forEach(row => void got.push(text(row as never, how)), { batchRows, workers, ...(mode === 'stream' && { mode }) })
      expect(got.sort(), `${mode}, ${workers} workers`).toEqual(rows)
    }
  })
})

describe('a join within bounds', () => {
  it('knows the times by the watermark, through projections', async () => {
    const { left, right } = sides(true)
    const joined = left.join(right, { on: 'key', within: ['-400ms', '500ms'] })
    expect(joined.explain()).toContain('rows kept until at + 500 ms and until time + 400 ms')
    const got: string[] = []
    await joined.forEach(row => void got.push(text(row as never, 'inner')))
    expect(got.sort()).toEqual(expected('inner', bounds['on both sides'].meets))
  })

  it('needs to know times, and watermarks where input never ends', () => {
    const { left, right } = sides(true)
    const plain = from([{ key: 1, time: 5, other: 2 }], { schema: { key: 'int32', time: 'timestamp[ms]', other: 'int32' } })
    const codes = { JOIN_TIME: [() => left.join(plain, { on: 'key', within: [0, 1] }).explain(), () => left.join(right, { on: 'key', time: 'at' } as never)], JOIN_WITHIN: [() => left.join(right, { on: 'key', within: [5, 1] }).explain(), () => left.join(right, { on: 'key', within: [5] as never }), () => left.join(right, { on: 'key', within: [0.5, 1] }), () => left.join(right, { on: 'key', within: ['0s', true as never] }), () => left.join(right, { on: 'key', within: ['0s', 'id' as never] }).explain()], NO_WATERMARK: [() => left.join(plain, { on: 'key', within: [0, 1], time: { left: 'at', right: 'time' } }).explain()], LATE: [() => left.late(write.ndjson('late/')), () => left.groupBy('key', tumble('at', '1s')).agg({ n: count() }).late(write.ndjson('late/'), 'right')] }
    for (const [code, wrong] of Object.entries(codes)) for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code }))
  })

  it('holds back the watermark, so that windows behind it, by the time of either side, take what it gives', async () => {
    for (const time of ['at', 'time'] as const) {
      const results: string[][] = []
      for (const [batchRows, workers] of [[1, 0], [64, 2], [4096, 3]] as const) {
        const { left, right } = sides(true)
        const got: string[] = []
        const windows = left.join(right, { on: 'key', within: ['-400ms', '500ms'], how: 'full' }).filter(col(time).isNotNull()).groupBy(tumble(time, '1s')).agg({ n: count() })
        await windows.forEach(row => void got.push(`${Number(row.window_start)} ${row.n}`), { batchRows, workers })
        results.push(got.sort())
      }
      expect(results[1]).toEqual(results[0])
      expect(results[2]).toEqual(results[0])
      const total = expected('full', bounds['on both sides'].meets)
      expect(results[0]!.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)).toBe(total.filter(line => {
        const id = line.split(' ')[time === 'at' ? 1 : 2]!
        return id !== 'null' && events[Number(id)]!.at !== null
      }).length)
    }
  })
})
