// Scans whose side outputs are kinds of rows: one scan for all that read it, and one a kind where that is better.
import { closeEngines, col, count, generate, job, sink, write } from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import type { FrameValue } from '../../src/frame/frame.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { neededColumns } from '../../src/plan/needed-columns.ts'
import { splitByPorts } from '../../src/plan/port-scans.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'

afterAll(closeEngines)

const house = () => generate.nexmark({ events: 3_000, seed: 4 })
type Roots = Parameters<typeof buildPlan>[0]
const scansOf = (roots: Roots, streams = false) => {
  const { plan, bindings } = buildPlan(roots)
  const split = splitByPorts(streams ? { ...plan, streams: true } : plan)
  const resolved = resolvePlan(split, bindings)
  const columns = Object.fromEntries(neededColumns(resolved))
  return { scans: resolved.nodes.flatMap(node => (node.node === 'scan' ? [[node.id, (node.options as { kind: string }).kind]] : [])), columns }
}
const edgeOf = (frame: unknown) => (frame as FrameValue).edge

describe('a scan of several kinds of rows', () => {
  it('of which one is read is a scan of that kind', () => {
    expect(scansOf([edgeOf(house().bids.select('price'))]).scans).toEqual([['nexmark.bids', 'bids']])
    expect(scansOf([edgeOf(house().persons)]).scans).toEqual([['nexmark.persons', 'persons']])
    expect(scansOf([edgeOf(house().events)]).scans).toEqual([['nexmark', 'events']])
  })

  it('is read once by several sinks, each kind with the columns that are needed', () => {
    const { bids, auctions } = house()
    const { roots } = job({ a: bids.select('price', 'url').to(write.csv('a.csv')), b: auctions.groupBy('seller').agg({ n: count() }).to(write.csv('b.csv')) })
    // What is read of the scan itself is nothing: no columns are named for it.
    expect(scansOf(roots)).toEqual({ scans: [['nexmark', 'events']], columns: { 'nexmark:bids': ['price', 'url'], 'nexmark:auctions': ['seller'] } })
  })

  it('is one a kind where they meet in a join, and one for all in a stream', () => {
    const { bids, auctions, events } = house()
    const joined = bids.join(auctions.select('id', 'category'), { left: 'auction', right: 'id' }).select('price', 'category')
    expect(scansOf([edgeOf(joined)]).scans).toEqual([['nexmark.auctions', 'auctions'], ['nexmark.bids', 'bids']])
    expect(scansOf([edgeOf(joined)], true).scans).toEqual([['nexmark', 'events']])
    const three = job({ a: joined.to(write.csv('a.csv')), b: events.to(write.ndjson('b.ndjson')) })
    expect(scansOf(three.roots).scans).toEqual([['nexmark.auctions', 'auctions'], ['nexmark.bids', 'bids'], ['nexmark', 'events']])
  })

  it('gives the rows that scans of each kind give, whatever the batches and workers', async () => {
    const alone = { bids: (await house().bids.collect()).toArray(), persons: (await house().persons.collect()).toArray() }
    for (const [batchRows, workers] of [[7, 1], [100, 2], [65_536, 3]] as const) {
      const { bids, persons, events } = house()
      const got: Record<string, unknown[]> = { bids: [], persons: [], kinds: [] }
      const into = (name: string) => sink({ name, delivery: 'idempotent', write: batch => void got[name]!.push(...batch.rows()) })
      await job({ a: bids.to(into('bids')), b: persons.to(into('persons')), c: events.select('event_type', 'dateTime', 'person').to(into('kinds')) }).run({ batchRows, workers })
      expect(got.bids).toEqual(alone.bids)
      expect(got.persons).toEqual(alone.persons)
      expect(got.kinds).toHaveLength(3_000)
      expect((got.kinds as { person: unknown; event_type: number }[]).filter(event => event.event_type === 0).map(event => event.person)).toEqual(alone.persons)
    }
  })

  it('is explained by the columns of what is read of it', () => {
    const { auctions, persons } = house()
    const text = auctions.join(persons.select('id', 'city'), { left: 'seller', right: 'id' }).explain({ mode: 'stream' })
    expect(text).toContain('side output persons\n        id: int64, name: utf8, emailAddress: utf8')
    expect(text).toContain('side output auctions\n      id: int64, itemName: utf8')
  })

  it('makes everything, whatever is read, where it is told to', async () => {
    const all = generate.nexmark({ events: 3_000, seed: 4, everything: true })
    expect(scansOf([edgeOf(all.bids.select('price'))]).scans).toEqual([['nexmark', 'events']])
    const [one, other] = [await house().bids.select('price', 'url').collect(), await all.bids.select('price', 'url').collect({ batchRows: 100 })]
    expect(other.toArray()).toEqual(one.toArray())
    expect((await all.events.select('auction').dropNull().collect()).numRows).toBe(180)
  })

  it('can be cached by kind', async () => {
    const kept = house().auctions.cache()
    expect((await kept.filter(col('id').gt(0)).collect()).numRows).toBe(180)
    expect((await kept.groupBy('category').agg({ n: count() }).collect()).numRows).toBe(5)
  })
})
