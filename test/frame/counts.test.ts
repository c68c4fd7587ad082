import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, col, count, desc, from, max, read, session, sum, tumble, write } from '../../src/index.ts'

const rows = Array.from({ length: 100 }, (_, i) => ({ key: i % 10 < 7 ? 'a' : 'b', value: BigInt(i), at: i * 100 }))
const frame = from(rows, { schema: { key: 'utf8', value: 'int64', at: 'timestamp[ms]' } })
const counted = frame.groupBy('key').agg({ n: count(), high: count().where(col('value').ge(50)) })
afterAll(closeEngines)

describe('a count', () => {
  it('is a number in rows, columns, batches and user functions, and int64 by name', async () => {
    const table = await counted.sort('key').collect()
    expect(table.schema).toEqual({ key: 'utf8', n: 'int64', high: 'int64' })
    expect(table.toArray()).toEqual([{ key: 'a', n: 70, high: 35 }, { key: 'b', n: 30, high: 15 }])
    expect(table.column('n').get(1)).toBe(30)
    for await (const batch of counted.batches()) expect(batch.column('n').toArray().every(n => typeof n === 'number')).toBe(true)
    const mapped = counted.map(row => ({ ...row, half: row.n / 2 }), { adds: { half: 'float64' } }).select('half').sort(desc('half'))
    expect((await mapped.collect()).toArray()).toEqual([{ half: 35 }, { half: 15 }])
  })

  it('stays one through windows, sessions, joins, orders and further groups', async () => {
    const timed = frame.watermark('at', { bound: '1s' })
    expect((await timed.groupBy(tumble('at', '5s')).agg({ n: count() }).collect()).column('n').toArray()).toEqual([50, 50])
    expect((await timed.groupBy('key', session('at', { gap: '1s' })).agg({ n: count() }).sort('n').collect()).column('n').toArray()).toEqual([30, 70])
    const joined = counted.join(counted.select({ who: col('key'), m: col('n') }), { left: 'key', right: 'who' }).sort('m').limit(1)
    expect((await joined.collect()).toArray()).toEqual([{ key: 'b', n: 30, high: 15, m: 30 }])
    expect((await counted.groupBy('n').agg({ k: count() }).sort('n').collect()).toArray()).toEqual([{ n: 30, k: 1 }, { n: 70, k: 1 }])
    expect((await counted.groupBy().agg({ most: max('n'), some: max('n').where(col('key').eq('b')) }).collect()).toArray()).toEqual([{ most: 70, some: 30n }])
  })

  it('makes int64 of what is computed of it, and of a schema that says int64', async () => {
    const made = counted.filter(col('key').eq('a')).select({ more: col('n').add(1), both: col('n').add(col('high')), less: col('n').neg(), filled: col('n').fillNull(0), part: col('n').div(7) })
    expect((await made.collect()).toArray()).toEqual([{ more: 71n, both: 105n, less: -70n, filled: 70n, part: 10 }])
    expect((await counted.groupBy().agg({ all: sum('n') }).collect()).toArray()).toEqual([{ all: 100n }])
    expect((await counted.filter(col('n').eq(30)).as({ n: 'int64' }).collect()).toArray()).toEqual([{ n: 30n }])
  })

  it('is int64 in Arrow tables and in files', async () => {
    const arrow = (await counted.sort('key').collect()).toArrow()
    expect(String(arrow.schema.fields[1]!.type)).toBe('Int64')
    expect([...arrow.getChild('n')!]).toEqual([70n, 30n])
    const folder = mkdtempSync(join(tmpdir(), 'millrace-counts-'))
    try {
      for (const kind of ['parquet', 'arrow'] as const) {
        const path = join(folder, `counts.${kind}`)
        await counted.sort('key').to(write[kind](path)).run()
        const table = await read[kind](path).collect()
        expect(table.schema).toEqual({ key: 'utf8', n: 'int64', high: 'int64' })
        expect(table.column('n').toArray()).toEqual([70n, 30n])
      }
      await counted.sort('key').to(write.ndjson(join(folder, 'counts.ndjson'))).run()
      expect(readFileSync(join(folder, 'counts.ndjson'), 'utf8')).toBe('{"key":"a","n":70,"high":35}\n{"key":"b","n":30,"high":15}\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
