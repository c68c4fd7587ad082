// Results that are updated, as users meet them: who takes changes, who is refused, and what is left at the end.
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, col, count, desc, from, max, sink, sum, tumble, write } from '../../src/index.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import { buildPlan, type SinkLike } from '../../src/frame/node.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'

afterAll(closeEngines)

const bids = from([['a', 3], ['b', 5], ['a', 4], ['a', 1], ['b', 5], ['c', 9]].map(([item, price]) => ({ item, price })), { schema: { item: 'utf8', price: 'int32' } })
const best = bids.groupBy('item').agg({ bids: count(), best: max('price') })
const live = { mode: 'stream', batchRows: 2, workers: 0 } as const
const rowsOf = (table: Iterable<object>) => [...table].map(row => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))).sort()

describe('rows that change', () => {
  it('come one by one to who takes them, and only those that hold to who collects', async () => {
    const lines: string[] = []
    for await (const batch of best.batches({ ...live, changes: true })) [...batch.rows()].forEach((row, i) => lines.push(`${['+I', '-U', '+U', '-D'][batch.changes![i]!]} ${row.item} ${row.bids} ${row.best}`))
    expect(lines).toEqual(['+I a 1 3', '+I b 1 5', '-U a 1 3', '+U a 3 4', '-U b 1 5', '+U b 2 5', '+I c 1 9'])
    expect(rowsOf(await best.collect(live))).toEqual(rowsOf(await best.collect()))
    for await (const batch of best.batches()) expect(batch.changes).toBeUndefined()
  })

  it('are refused where rows only add up, with a word on what to do', async () => {
    const refused = { code: 'CHANGES', message: expect.stringContaining('call .changes("op") before it') }
    await expect(best.to(sink({ name: 'mine', delivery: 'append', write() {} })).run(live)).rejects.toMatchObject(refused)
    await expect(best.to(write.ndjson('never/')).run(live)).rejects.toMatchObject(refused)
    await expect(best.forEach(() => {}, live)).rejects.toMatchObject(refused)
    expect(() => best.sort('best').explain({ mode: 'stream' })).toThrow(/sort needs input that ends/)
  })

  it('reach a sink of one’s own that says so', async () => {
    const held = new Map<string, unknown>()
    const keep = sink({
      name: 'keep', delivery: 'idempotent', changes: true,
      write(batch) {
        const { changes } = batch
        ;[...batch.rows()].forEach((row, i) => (changes![i]! % 2 ? held.delete(String(row['item'])) : held.set(String(row['item']), row['best'])))
      },
    })
    await best.to(keep).run(live)
    expect([...held].sort()).toEqual([['a', 4], ['b', 5], ['c', 9]])
  })

  it('are rows with a word each behind changes()', async () => {
    const told = await best.changes().collect(live)
    expect(told.toArray().map(row => `${row.op} ${row.item} ${row.bids}`)).toEqual(['+I a 1', '+I b 1', '-U a 1', '+U a 3', '-U b 1', '+U b 2', '+I c 1'])
    expect((await best.changes('what').collect()).toArray().map(row => row.what)).toEqual(['+I', '+I', '+I'])
    expect(() => best.changes('best').explain()).toThrow('there is a column "best" already')
  })

  it('go through filters, expressions, unions and columns made rows', async () => {
    const steps = [
      best.filter(col('best').gt(3)).with({ twice: col('best').mul(2) }).groupBy('twice').agg({ n: count() }),
      best.select('item', 'best').union(bids.rename({ price: 'best' })).groupBy('item').agg({ n: count(), best: sum('best') }),
      bids.rename({ price: 'best' }).union(best.select('item', 'best')),
      best.with({ more: col('best').add(1) }).unpivot({ on: ['best', 'more'], index: ['item'] }),
      best.topK(2, desc('best'), { rank: 'place' }),
      best.dedup({ by: 'best', keep: 'last', orderBy: 'item' }),
      best.select('best').distinct(),
    ] as readonly Frame[]
    for (const frame of steps) for (const batchRows of [1, 2, 7]) expect(rowsOf(await frame.collect({ ...live, batchRows }))).toEqual(rowsOf(await frame.collect()))
  })
})

describe('a time to live', () => {
  it('is of groups without a window, and longer than nothing', async () => {
    const timed = from([{ at: 0, item: 'a' }], { schema: { at: 'timestamp[ms]', item: 'utf8' } })
    expect(() => timed.groupBy('item', tumble('at', '1s')).agg({ n: count() }, { ttl: '1d' })).toThrow('agg: ttl is given for groups of a window')
    expect(() => timed.groupBy('item').agg({ n: count() }, { ttl: 0 })).toThrow('agg: ttl is 0; give a time longer than 0')
    expect((await timed.groupBy('item').agg({ n: count() }, { ttl: '1d' }).collect(live)).toArray()).toEqual([{ item: 'a', n: 1 }])
  })
})

describe('sinks by key', () => {
  const kinds = (frame: Frame, sinkOptions: SinkLike) => {
    const { plan, bindings } = buildPlan(frame.to(sinkOptions).roots)
    const { nodes } = resolvePlan({ ...plan, streams: true }, bindings)
    return nodes.map(node => node.kind).slice(1)
  }
  const kafka = (key?: string) => write.kafka({ brokers: ['localhost:9092'], topic: 'best', ...(key !== undefined && { key }) })
  it('take the rows of groups by the groups’ keys as they come, and others in order of their keys', () => {
    expect(kinds(best, kafka('item'))).toEqual(['updatingAggregate', 'kafka'])
    expect(kinds(best, kafka('best'))).toEqual(['updatingAggregate', 'updatingTop', 'kafka'])
    expect(kinds(best.filter(col('best').gt(1)), kafka('item'))).toEqual(['updatingAggregate', 'filter', 'updatingTop', 'kafka'])
    expect(kinds(bids.rename({ price: 'p' }).dedup({ by: 'item', keep: 'last' }), kafka('item'))).toEqual(['rename', 'updatingTop', 'kafka'])
    expect(kinds(best, write.elasticsearch({ node: 'http://localhost:9200', index: 'best', id: ['item'] }))).toEqual(['updatingAggregate', 'elasticsearch'])
  })
  it('are refused without a key, and with one that may be null', () => {
    expect(() => kinds(best, kafka())).toThrow(/takes rows that only add up/)
    expect(() => kinds(bids.groupBy('item').agg({ least: max('price').where(col('price').gt(3)) }), kafka('least'))).toThrow('the key "least" may be null')
  })
})
