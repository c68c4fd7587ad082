// Joins of rows in the same windows: equal to a nested loop over windows, whatever the batches, threads and mode.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, cumulate, from, hop, processingTime, session, tumble } from '../../src/index.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

afterAll(closeEngines)

const chance = random(5)
interface Event {
  readonly side: number
  readonly key: number | null
  readonly at: number | null
  readonly id: number
}
const events: Event[] = Array.from({ length: 900 }, (_, id) => ({ side: chance.int(2), key: chance.int(12) === 0 ? null : chance.int(9), at: chance.int(40) === 0 ? null : 10 * id + chance.int(700) - 350, id }))
const boundMs = 300
const watermarks = naiveWatermarks(events.map(({ at }) => ({ key: '', time: at, value: 0 })), boundMs)

const windows = {
  tumble: { spec: (time: string) => tumble(time as 'at', '500ms', { offset: '100ms' }), bounds: (at: number) => [[Math.floor((at - 100) / 500) * 500 + 100, Math.floor((at - 100) / 500) * 500 + 600]] },
  hop: { spec: (time: string) => hop(time as 'at', '500ms', { slide: '200ms' }), bounds: (at: number) => [0, 1, 2].map(i => Math.floor(at / 200) * 200 - 200 * i).filter(start => start + 500 > at).map(start => [start, start + 500]) },
  'hop with gaps': { spec: (time: string) => hop(time as 'at', '100ms', { slide: '250ms' }), bounds: (at: number) => [Math.floor(at / 250) * 250].filter(start => start + 100 > at).map(start => [start, start + 100]) },
  cumulate: { spec: (time: string) => cumulate(time as 'at', '600ms', { step: '200ms' }), bounds: (at: number) => [200, 400, 600].map(size => [Math.floor(at / 600) * 600, Math.floor(at / 600) * 600 + size]).filter(([, end]) => end! > at) },
} as const satisfies Record<string, { spec: (time: string) => unknown; bounds: (at: number) => readonly (readonly number[])[] }>
type How = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

type Placed = Event & { readonly start: number; readonly end: number }

function inWindows(bounds: (at: number) => readonly (readonly number[])[]): Placed[] {
  return events.flatMap(event => (event.at === null ? [] : bounds(event.at).map(([start, end]) => ({ ...event, start: start!, end: end! })))).filter(({ end, id }) => end - 1 > watermarks[id]!)
}

// The rows of a key, of both sides, that are at most a gap after the one before.
function inSessions(gapMs: number): Placed[] {
  const intime = events.filter(({ at, id }) => at !== null && at > watermarks[id]!).sort((a, b) => a.at! - b.at!)
  const sessions = new Map<number | null, Event[][]>()
  for (const event of intime) {
    const own = sessions.get(event.key) ?? []
    sessions.set(event.key, own)
    const last = own.at(-1)
    if (last && event.at! <= last.at(-1)!.at! + gapMs) last.push(event)
    else own.push([event])
  }
  return [...sessions.values()].flat().flatMap(session => session.map(event => ({ ...event, start: session[0]!.at!, end: session.at(-1)!.at! + gapMs })))
}

function expected(how: How, placed: readonly Placed[]): string[] {
  const [left, right] = [0, 1].map(side => placed.filter(event => event.side === side)) as [Placed[], Placed[]]
  const pairs = left.flatMap(l => right.filter(r => l.key !== null && l.key === r.key && l.start === r.start && l.end === r.end).map(r => [l, r] as const))
  const met = new Set(pairs.flat())
  const lone = (rows: Placed[]) => rows.filter(row => !met.has(row))
  const text = (l: Placed | undefined, r: Placed | undefined) => `${(l ?? r)!.key} ${l?.id ?? null} ${r?.id ?? null} ${(l ?? r)!.start} ${(l ?? r)!.end}`
  const single = (l: Placed) => `${l.key} ${l.id} undefined ${l.start} ${l.end}`
  if (how === 'semi') return left.filter(l => met.has(l)).map(single).sort()
  if (how === 'anti') return lone(left).map(single).sort()
  return [...pairs.map(([l, r]) => text(l, r)), ...(how === 'left' || how === 'full' ? lone(left).map(l => text(l, undefined)) : []), ...(how === 'right' || how === 'full' ? lone(right).map(r => text(undefined, r)) : [])].sort()
}

function sides(stream: boolean) {
  const schema = { side: 'int32', key: 'int32?', at: 'timestamp[ms]?', id: 'int32' } as const
  async function* source() {
    for (const event of events) yield event
  }
  const all = (stream ? from(source(), { schema, bounded: false }) : from(events, { schema })).watermark('at', { bound: `${boundMs}ms` })
  return { left: all.filter(col('side').eq(0)).select('key', 'at', 'id'), right: all.filter(col('side').eq(1)).rename({ at: 'time', id: 'other' }).select('key', 'time', 'other') }
}

const ways = [[1024, 0, 'batch'], [7, 2, 'stream'], [1, 0, 'endless'], [50, 3, 'endless']] as const
let turn = 0
const text = (row: Record<string, unknown>) => `${row['key']} ${row['id']} ${row['other']} ${Number(row['window_start'])} ${Number(row['window_end'])}`

const kinds = {
  ...Object.fromEntries(Object.entries(windows).map(([name, { spec, bounds }]) => [name, { spec, placed: inWindows(bounds) }])),
  session: { spec: (time: string) => session(time as 'at', { gap: '90ms' }), placed: inSessions(90) },
}

describe.each(Object.entries(kinds))('a join of the rows of %s windows', (_, { spec, placed }) => {
  it.each(['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)('%s', async how => {
    const rows = expected(how, placed)
    expect(rows.length).toBeGreaterThan(20)
    for (const [batchRows, workers, mode] of [ways[0]!, ways[1 + (turn++ % 3)]!]) {
      const { left, right } = sides(mode === 'endless')
      const got: string[] = []
      await left.windowJoin(right, { on: 'key', window: spec('at'), rightTime: 'time', how }).forEach(row => void got.push(text(row as never)), { batchRows, workers, ...(mode === 'stream' && { mode }) })
      expect(got.sort(), `${mode}, ${workers} workers`).toEqual(rows)
    }
  })
})

describe('windowJoin', () => {
  const schema = { id: 'int32', at: 'timestamp[ms]' } as const
  const [persons, sellers] = [from([{ id: 1, at: 10 }, { id: 2, at: 20 }, { id: 3, at: 900 }], { schema }), from([{ seller: 1, at: 990 }, { seller: 2, at: 1_020 }, { seller: 9, at: 30 }], { schema: { seller: 'int32', at: 'timestamp[ms]' } })]

  it('takes input that ends and has no watermark, with expressions as keys, or none', async () => {
    const rows = await persons.windowJoin(sellers, { left: 'id', right: 'seller', window: tumble('at', '1s'), suffix: '_sold' }).collect()
    expect(rows.toArray().map(row => [row.id, Number(row.window_start), Number(row.at_sold)])).toEqual([[1, 0, 990]])
    const computed = await persons.windowJoin(sellers, { left: col('id').mul(1), right: col('seller').mul(1), window: tumble('at', '1s'), suffix: '_sold' }).collect()
    expect(computed.numRows).toBe(1)
    expect((await persons.windowJoin(sellers, { window: tumble('at', '1s'), suffix: '_sold' }).collect()).numRows).toBe(6)
  })

  it('makes sessions without a watermark, without keys, with conditions', async () => {
    const meet = async (options: object) => (await persons.windowJoin(sellers, { window: session('at', { gap: '90ms' }), suffix: '_sold', ...options } as never).collect()).toArray().map(row => [row['id'], row['seller'], Number(row['window_start']), Number(row['window_end'])])
    expect(await meet({})).toEqual([[1, 9, 10, 120], [2, 9, 10, 120], [3, 1, 900, 1_110], [3, 2, 900, 1_110]])
    expect(await meet({ where: (l: any, r: any) => l.id.lt(r.seller), how: 'left' })).toEqual([[1, 9, 10, 120], [2, 9, 10, 120], [3, null, 900, 1_110]])
    expect(persons.windowJoin(sellers, { left: 'id', right: 'seller', window: session('at', { gap: '90ms' }), suffix: '_sold' }).explain()).toContain('id = seller, in sessions of at and at with gaps of 90 ms')
  })

  it('refuses windows of the clock, gaps by row, lateness, and streams without a watermark', () => {
    const join = (window: unknown, mode?: 'stream') => () => persons.windowJoin(sellers, { left: 'id', right: 'seller', window: window as never, suffix: '_sold' }).explain({ ...(mode && { mode }) })
    for (const wrong of [session('at', { gap: col('id') }), session('at', { gap: '1s', lateness: '1s' }), processingTime.tumble('1s'), tumble('at', '1s', { lateness: '1s' }), undefined, 'at']) expect(join(wrong)).toThrow(expect.objectContaining({ code: 'WINDOW' }))
    expect(join(tumble('at', '1s'), 'stream')).toThrow(expect.objectContaining({ code: 'NO_WATERMARK' }))
    expect(() => persons.rename({ id: 'window_end' }).windowJoin(sellers, { left: 'window_end', right: 'seller', window: tumble('at', '1s'), suffix: '_' }).explain()).toThrow(expect.objectContaining({ code: 'DUPLICATE_COLUMN' }))
  })
})
