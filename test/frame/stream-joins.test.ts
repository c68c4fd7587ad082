// Joins of streams by equal keys: as streams they come to what they are in batch, also where groups change below them.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, count, from, max, sum } from '../../src/index.ts'

afterAll(closeEngines)

const chance = random(4)
const left = from(Array.from({ length: 600 }, (_, id) => ({ id, key: chance.int(9) === 0 ? null : chance.int(80), price: chance.int(1000) })), { schema: { id: 'int32', key: 'int32?', price: 'int32' } })
const right = from(Array.from({ length: 150 }, (_, other) => ({ code: chance.int(9) === 0 ? null : chance.int(90), other, text: `a text of some length ${other % 7}` })), { schema: { code: 'int64?', other: 'int32', text: 'utf8' } })
const ways = [[1024, 0], [7, 2], [1, 0], [50, 3]] as const
const sorted = (table: Iterable<object>) => [...table].map(row => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))).sort()
let turn = 0

async function same(frame: { collect(options?: object): Promise<Iterable<object>> }): Promise<void> {
  const [batchRows, workers] = ways[turn++ % ways.length]!
  const expected = sorted(await frame.collect())
  expect(expected.length).toBeGreaterThan(10)
  expect(sorted(await frame.collect({ mode: 'stream', batchRows, workers })), `${batchRows} rows, ${workers} workers`).toEqual(expected)
}

describe('a join as a stream', () => {
  it.each(['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)('%s', async how => {
    await same(left.join(right, { left: 'key', right: 'code', how }) as never)
    await same(left.join(right, { left: 'key', right: 'code', how, where: (l, r) => l.price.gt(r.other) }) as never)
  })

  it('of groups that change, and of groups of such joins', async () => {
    const best = left.dropNull('key').groupBy('key').agg({ top: max('price'), n: count() })
    for (const how of ['inner', 'left', 'full'] as const) await same(right.join(best, { left: 'code', right: 'key', how }) as never)
    await same(best.join(right, { left: 'key', right: 'code', how: 'anti' }) as never)
    await same(left.join(right, { left: 'key', right: 'code', how: 'left' }).groupBy('text').agg({ total: sum('price'), n: count() }).filter(c => c.n.gt(0)).join(right, { on: 'text' }) as never)
  })

  it('of a source with itself', async () => {
    await same(left.join(left.rename({ id: 'twin', price: 'cost' }), { on: 'key', how: 'left' }) as never)
  })

  it('of rows with a time to live is the same while it lasts', async () => {
    for (const how of ['inner', 'left'] as const) await same(left.join(right, { left: 'key', right: 'code', how, ttl: { left: '1h', right: '2h' } }) as never)
    const best = left.dropNull('key').groupBy('key').agg({ top: max('price') })
    await same(right.join(best, { left: 'code', right: 'key', ttl: '1h' }) as never)
    expect(right.join(best, { left: 'code', right: 'key', ttl: '1h' }).explain({ mode: 'stream' })).toContain('both sides stored for 60m00s, as rows change')
    expect(left.join(right, { left: 'key', right: 'code', ttl: { right: '5s' } }).explain({ mode: 'stream' })).toContain('both sides stored, the right one for 5.0 s')
  })

  it('says what is wrong with a time to live', () => {
    const join = (ttl: unknown, more = {}) => () => left.join(right, { left: 'key', right: 'code', ttl: ttl as never, ...more })
    expect(join('0s')).toThrow(expect.objectContaining({ code: 'TTL', message: 'join: ttl is "0s"; give a time longer than 0' }))
    expect(join('1h', { within: ['0s', '1s'] })).toThrow(expect.objectContaining({ code: 'TTL' }))
    expect(join({ both: '1h' })).toThrow(expect.objectContaining({ code: 'OPTION' }))
    expect(join({ left: 'soon' })).toThrow(expect.objectContaining({ code: 'DURATION' }))
  })
})
