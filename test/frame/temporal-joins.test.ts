// asOf on streams, the temporal join: each row beside the version of its time, whatever the order in which both came, in whatever batches and threads. Facts of Apache Flink's
// TemporalJoinITCase, by name.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, from, sink, tumble } from '../../src/index.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

afterAll(closeEngines)

const boundMs = 250
const chance = random(8)
interface Event {
  readonly side: number
  readonly key: string | null
  readonly at: number | null
  readonly id: number
}
const events: Event[] = Array.from({ length: 1_200 }, (_, id) => ({ side: chance.int(2), key: chance.int(12) === 0 ? null : `key ${chance.int(9)} of some length`, at: chance.int(40) === 0 ? null : 10 * (id + chance.int(60) - 30), id }))
const watermarks = naiveWatermarks(events.map(({ at }) => ({ key: '', time: at, value: 0 })), boundMs)
const isLate = ({ at, id }: Event) => at !== null && at <= watermarks[id]!

// Each left row that isn't late beside the last version of its key that isn't, by time, then by arrival.
function expected(how: 'inner' | 'left', keyed: boolean, tolerance = Number.POSITIVE_INFINITY): string[] {
  const versions = events.filter(event => event.side === 1 && event.at !== null && !isLate(event))
  return events.filter(event => event.side === 0 && !isLate(event)).flatMap(left => {
    const before = versions.filter(({ key, at }) => left.at !== null && (!keyed || (key !== null && key === left.key)) && at! <= left.at && left.at - at! <= tolerance)
    const last = before.reduce<Event | undefined>((best, version) => (best && best.at! > version.at! ? best : version), undefined)
    return last || how === 'left' ? [`${left.id} ${last?.id ?? null}`] : []
  }).sort()
}

function sides(isEndless: boolean) {
  const schema = { side: 'int32', key: 'utf8?', at: 'timestamp[ms]?', id: 'int32' } as const
  async function* source() {
    for (const event of events) yield event
  }
  const all = (isEndless ? from(source(), { schema, bounded: false }) : from(events, { schema })).watermark('at', { bound: `${boundMs}ms` })
  return { left: all.filter(col('side').eq(0)).select('key', 'at', 'id'), right: all.filter(col('side').eq(1)).rename({ at: 'time', id: 'other' }).select('key', 'time', 'other') }
}

const ways = [[1024, 0, false], [7, 2, false], [1, 0, true], [50, 3, true]] as const

let turn = 0

describe('asOf as a stream', () => {
  it.each([
    ['inner', true, undefined],
    ['left', true, undefined],
    ['left', true, 130],
    ['left', false, 40],
    ['inner', false, undefined],
  ] as const)('%s, by key: %s, tolerance: %s', async (how, keyed, tolerance) => {
    const rows = expected(how, keyed, tolerance)
    expect(rows.filter(row => !row.endsWith('null')).length).toBeGreaterThan(60)
    for (const [batchRows, workers, isEndless] of [ways[turn % 4]!, ways[++turn % 4]!]) {
      const { left, right } = sides(isEndless)
      const joined = left.asOf(keyed ? right : right.drop('key') as never, { left: 'at', right: 'time', how, ...(keyed && { by: 'key' }), ...(tolerance !== undefined && { tolerance }) } as never)
      const got: string[] = []
      await joined.forEach(row => void got.push(`${row['id']} ${(row as { other?: number | null }).other}`), { batchRows, workers, ...(!isEndless && { mode: 'stream' }) })
      expect(got.sort(), `${batchRows} rows, ${workers} workers`).toEqual(rows)
    }
  })

  it('is what it is in batch where nothing is late', async () => {
    const schema = { key: 'utf8?', at: 'timestamp[us]', id: 'int32' } as const
    const draw = (count: number) => Array.from({ length: count }, (_, id) => ({ key: chance.int(20) === 0 ? null : `${chance.int(30)}`, at: BigInt(chance.int(40)) * 500n, id }))
    const left = from(draw(700), { schema }).watermark('at', { bound: '1m' })
    const right = from(draw(400), { schema }).rename({ at: 'time', id: 'other' }).watermark('time', { bound: '1m' })
    for (const options of [{ by: 'key' }, { by: 'key', tolerance: '3ms', how: 'inner' }] as const) {
      const joined = left.asOf(right, { left: 'at', right: 'time', ...options })
      const texts = async (how: object) => [...(await joined.collect(how))].map(row => `${row.id} ${row.other}`).sort()
      const whole = await texts({})
      for (const workers of [0, 2]) expect(await texts({ mode: 'stream', workers, batchRows: 64 })).toEqual(whole)
    }
  })

  it('windows behind it take all that it gives', async () => {
    for (const [batchRows, workers, isEndless] of ways) {
      const { left, right } = sides(isEndless)
      let total = 0
      await left.asOf(right, { left: 'at', right: 'time', by: 'key' }).filter(col('at').isNotNull()).groupBy(tumble('at', '1s')).agg({ n: count() }).forEach(row => void (total += Number(row.n)), { batchRows, workers, ...(!isEndless && { mode: 'stream' }) })
      expect(total).toBe(events.filter(event => event.side === 0 && event.at !== null && !isLate(event)).length)
    }
  })

  it('late rows go to sinks of their own', async () => {
    const { left, right } = sides(false)
    const lates: [number[], number[]] = [[], []]
    const into = (side: 0 | 1, name: 'id' | 'other') => sink({ name, delivery: 'append', write: batch => void lates[side].push(...[...batch].map(row => Number(row[name]))) })
    const joined = left.asOf(right, { left: 'at', right: 'time', by: 'key' }).late(into(0, 'id')).late(into(1, 'other'), 'right')
    await joined.forEach(() => {}, { workers: 0 })
    expect(lates).toEqual([[], []])
    await joined.forEach(() => {}, { mode: 'stream', workers: 0 })
    for (const side of [0, 1]) expect(lates[side]!.sort((a, b) => a - b)).toEqual(events.filter(event => event.side === side && isLate(event)).map(({ id }) => id))
    expect(lates[0].length * lates[1].length).toBeGreaterThan(100)
  })

  it('reads a right side without a watermark first, where it ends', async () => {
    const { left } = sides(true)
    const table = from([{ time: 0, from: 'the start' }, { time: 6_000, from: 'then' }], { schema: { time: 'timestamp[ms]', from: 'utf8' } })
    const got = new Map<string | null, number>()
    await left.asOf(table, { left: 'at', right: 'time' }).forEach(row => void got.set(row.from, (got.get(row.from) ?? 0) + 1))
    const rows = events.filter(({ side }) => side === 0)
    const between = (lower: number, upper: number) => rows.filter(({ at }) => at !== null && at >= lower && at < upper).length
    expect([got.get('the start'), got.get('then')]).toEqual([between(0, 6_000), between(6_000, 1e9)])
  })

  it('says what it can’t do', () => {
    const { left, right } = sides(true)
    expect(() => left.asOf(right, { left: 'at', right: 'time', by: 'key', direction: 'forward' }).explain()).toThrow(expect.objectContaining({ code: 'JOIN_DIRECTION', message: expect.stringContaining('needs inputs that end') as string }))
    expect(left.asOf(right, { left: 'at', right: 'time', by: 'key' }).explain()).toContain('key = key and time nearest to at, backward, as event time passes')
  })
})

describe('orders at the rate of their time, as in TemporalJoinITCase', () => {
  const at = (text: string) => new Date(`2020-08-${text}Z`)
  const orders = from(
    [
      { order: 1, currency: 'Euro', at: at('15T00:01:00') },
      { order: 3, currency: 'RMB', at: at('15T00:03:00') },
      { order: 4, currency: 'Euro', at: at('16T00:04:00') },
      { order: 2, currency: 'US Dollar', at: at('16T00:03:00') },
      { order: 5, currency: 'RMB', at: at('16T00:03:00') },
      { order: 7, currency: 'Yen', at: at('15T00:00:02') },
    ],
    { schema: { order: 'int32', currency: 'utf8', at: 'timestamp[ms]' } },
  ).watermark('at', { bound: '2d' })
  const history = from(
    [
      { currency: 'Euro', rate: 114, time: at('15T00:00:01') },
      { currency: 'US Dollar', rate: 102, time: at('15T00:00:02') },
      { currency: 'Yen', rate: 1, time: at('15T00:00:03') },
      { currency: 'RMB', rate: 702, time: at('15T00:00:04') },
      { currency: 'Euro', rate: 118, time: at('16T00:01:00') },
      { currency: 'US Dollar', rate: 102, time: at('16T00:02:00') },
      { currency: 'US Dollar', rate: 106, time: at('16T00:02:00') },
    ],
    { schema: { currency: 'utf8', rate: 'int32', time: 'timestamp[ms]' } },
  ).watermark('time', { bound: '1ms' })
  const on = { left: 'at', right: 'time', by: 'currency' } as const
  const cases = {
    'testEventTimeTemporalJoinWithDeduplicateLastView': { joined: orders.asOf(history, { ...on, how: 'inner' }), expected: ['1 114', '2 106', '3 702', '4 118', '5 702'] },
    'testEventTimeLeftTemporalJoin': { joined: orders.asOf(history, on), expected: ['1 114', '2 106', '3 702', '4 118', '5 702', '7 null'] },
    'testEventTimeTemporalJoinWithFilter': { joined: orders.asOf(history, { ...on, how: 'inner' }).filter(col('rate').lt(115)), expected: ['1 114', '2 106'] },
  }
  it.each(Object.entries(cases))('%s', async (_, { joined, expected: rates }) => {
    for (const options of [{}, { mode: 'stream', batchRows: 2 }] as const) expect([...(await joined.collect(options))].map(row => `${row.order} ${row.rate}`).sort()).toEqual(rates)
  })

  it('testEventTimeMultiTemporalJoin', async () => {
    const twice = orders.asOf(history, on).asOf(history.rename({ rate: 'again' }), on)
    const rows = [...(await twice.collect({ mode: 'stream', workers: 2 }))].map(row => `${row.order} ${row.rate} ${row.again}`).sort()
    expect(rows).toEqual(['1 114 114', '2 106 106', '3 702 702', '4 118 118', '5 702 702', '7 null null'])
  })
})
