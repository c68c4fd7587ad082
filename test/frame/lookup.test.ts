// Tables that are looked up: read first, and then rows that may never end stream past them.
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, col, count, from, tumble } from '../../src/index.ts'
import { naiveJoin, rowTexts } from '../support/naive-join.ts'

afterAll(closeEngines)

const rows = Array.from({ length: 2_000 }, (_, i) => ({ id: i, key: i % 9 === 0 ? null : (i * 7) % 60, at: 10 * i }))
const table = Array.from({ length: 70 }, (_, i) => ({ code: i % 35 === 0 ? null : i % 50, name: `name number ${i}` }))
const tableFrame = () => from(table, { schema: { code: 'int32?', name: 'utf8' } })
function stream(endless: boolean) {
  const schema = { id: 'int32', key: 'int32?', at: 'timestamp[ms]' } as const
  async function* source() {
    for (const row of rows) yield row
  }
  return endless ? from(source(), { schema, bounded: false }) : from(rows, { schema })
}

describe('lookup in a table', () => {
  it.each(['inner', 'left', 'semi', 'anti'] as const)('%s: the rows of a join, in batch and on streams', async how => {
    const expected = rowTexts(naiveJoin({ left: rows, right: table, leftNames: ['id', 'key', 'at'], rightNames: ['code', 'name'], keys: [['key', 'code']], how })).sort()
    for (const [batchRows, workers, mode] of [[1024, 2, 'batch'], [7, 2, 'stream'], [1, 0, 'stream'], [100, 3, 'endless']] as const) {
      const got: object[] = []
      await stream(mode === 'endless').lookup(tableFrame(), { left: 'key', right: 'code', how }).forEach(row => void got.push({ ...(row as object), at: Number((row as { at: unknown }).at) }), { batchRows, workers, ...(mode === 'stream' && { mode }) })
      expect(rowTexts(got as never).sort(), `${mode}, ${workers} workers`).toEqual(expected)
    }
  })

  it('keeps event time, so that windows behind it are those of the rows', async () => {
    for (const [batchRows, workers] of [[7, 2], [1000, 0]] as const) {
      const looked = stream(true).watermark('at', { bound: '0s' }).lookup(tableFrame(), { left: 'key', right: 'code', how: 'left' })
      const got: string[] = []
      await looked.groupBy(tumble('at', '5s')).agg({ n: count() }).forEach(row => void got.push(`${Number(row.window_start)} ${row.n}`), { batchRows, workers })
      const expected = new Map<number, number>()
      for (const { key, at } of rows) expected.set(Math.floor(at / 5000) * 5000, (expected.get(Math.floor(at / 5000) * 5000) ?? 0) + Math.max(1, table.filter(({ code }) => code !== null && code === key).length))
      expect(got.sort()).toEqual([...expected].map(([start, n]) => `${start} ${n}`).sort())
    }
  })

  it('takes keys that are expressions, and conditions', async () => {
    const got = await stream(false).lookup(tableFrame(), { left: col('id').mod(10), right: 'code', where: (l, r) => l.id.lt(1_000).and(r.name.ne('name number 3')) }).collect({ mode: 'stream' })
    expect(got.numRows).toBe(rows.filter(({ id }) => id < 1_000).flatMap(({ id }) => table.filter(({ code, name }) => code === id % 10 && name !== 'name number 3')).length)
  })

  it('says what it needs', async () => {
    expect(() => stream(true).lookup(stream(true), { on: 'key', suffix: '_' }).explain()).toThrow(expect.objectContaining({ code: 'LOOKUP' }))
    expect(() => stream(true).lookup(tableFrame(), { left: 'key', right: 'code', how: 'full' as never })).toThrow(expect.objectContaining({ code: 'JOIN_HOW' }))
    expect(() => stream(true).lookup(tableFrame(), {})).toThrow(expect.objectContaining({ code: 'JOIN_KEYS' }))
    const large = from(Array.from({ length: 60_000 }, (_, code) => ({ code, name: `a name that takes some bytes, and more of them ${code}`.repeat(4) })), { schema: { code: 'int32', name: 'utf8' } })
    await expect(stream(false).lookup(large, { left: 'key', right: 'code' }).collect({ memory: '16MiB' })).rejects.toMatchObject({ code: 'LOOKUP_SIZE' })
  })
})
