import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowReader, type PlainRow } from '../../src/batch/read-values.ts'
import { releaseBatch } from '../../src/batch/batch.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { nexmarkScan as nexmark, type NexmarkScanOptions } from '../../src/source/nexmark.ts'
import { isPoison, nexmarkRecords } from '../../src/source/nexmark-json.ts'
import { exhaust } from '../support/exhaust.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterAll(() => expect(device.pages.used()).toBe(0))

function rowsOf(options: NexmarkScanOptions, batchRows = 1000, columns?: string[]): PlainRow[] {
  const rows: PlainRow[] = []
  const context = {
    device,
    where: 'test',
    batchRows,
    shared: 0,
    arena: () => device.arena(),
    emit: (batch: Parameters<typeof rowReader>[1]) => {
      const read = rowReader(device.memory, batch)
      expect(batch.rowCount).toBeLessThanOrEqual(batchRows)
      for (let row = 0; row < batch.rowCount; row++) rows.push(read(row))
      releaseBatch(device, batch)
    },
    count: () => {},
  }
  for (const split of nexmark.splits(options)) exhaust(nexmark.read(context, options, split, columns))
  return rows
}

describe('the Nexmark generator', () => {
  test('makes the same rows whatever the batches, and other rows for another seed', () => {
    const options = { events: 3_000, kind: 'bids' } as const
    const rows = rowsOf(options)
    expect(rowsOf(options, 7)).toEqual(rows)
    expect(rowsOf(options, 65_536)).toEqual(rows)
    expect(rowsOf({ ...options, seed: 2 })).not.toEqual(rows)
    expect(rowsOf(options, 100, ['price', 'url'])).toEqual(rows.map(({ price, url }) => ({ price, url })))
  })

  test('makes 1 person, 3 auctions and 46 bids of 50 events, with ids in order', () => {
    const persons = rowsOf({ events: 50_000, kind: 'persons' })
    const auctions = rowsOf({ events: 50_000, kind: 'auctions' })
    const bids = rowsOf({ events: 50_000, kind: 'bids' }, 4096, ['auction', 'bidder', 'dateTime'])
    expect([persons.length, auctions.length, bids.length]).toEqual([1_000, 3_000, 46_000])
    expect(persons.map(p => p.id)).toEqual(persons.map((_, i) => BigInt(1001 + i)))
    // The first event's id is 2: the auctions of the first cycle begin with the second.
    expect(auctions.slice(0, 4).map(a => a.id)).toEqual([1001n, 1002n, 1003n, 1004n])
    expect(bids[0]!.dateTime).toBe(1_436_918_400_000)
    expect(bids.at(-1)!.dateTime).toBe(1_436_918_400_000 + 499)
  })

  test('draws hot auctions, bidders and sellers and prices as the original does', () => {
    const bids = rowsOf({ events: 200_000, kind: 'bids' }, 65_536, ['auction', 'bidder', 'price', 'channel'])
    const share = (count: number) => count / bids.length
    expect(share(bids.filter(b => (b.auction as bigint) % 100n === 0n).length)).toBeGreaterThan(0.5)
    expect(share(bids.filter(b => (b.bidder as bigint) % 100n === 1n).length)).toBeCloseTo(0.75, 1)
    expect(share(bids.filter(b => ['Google', 'Facebook', 'Baidu', 'Apple'].includes(b.channel as string)).length)).toBeCloseTo(0.5, 1)
    const prices = bids.map(b => Number(b.price))
    expect(prices.every(price => price >= 100 && price <= 1e8)).toBe(true)
    const logs = prices.reduce((sum, p) => sum + Math.log10(p / 100), 0) / prices.length
    expect(logs).toBeCloseTo(3, 1)
    expect(bids.every(b => (b.bidder as bigint) >= 2000n)).toBe(true)
    const once = rowsOf({ events: 2_000, kind: 'bids', doubleBidderOffset: false })
    expect(once.map(b => (b.bidder as bigint) + 1000n)).toEqual(rowsOf({ events: 2_000, kind: 'bids' }).map(b => b.bidder))
  })

  test('writes texts of the right shapes and sizes', () => {
    const bids = rowsOf({ events: 20_000, kind: 'bids' })
    for (const bid of bids) {
      expect(bid.url).toMatch(/^https:\/\/www\.nexmark\.com\/[a-z_]{3,4}\/[a-z_]{3,4}\/[a-z_]{3,4}\/item\.htm\?query=1(&channel_id=-?\d+)?$/)
      expect(bid.extra).toMatch(/^[H-z]{54,81}$/)
    }
    expect(bids.some(b => (b.extra as string).includes('\\'))).toBe(true)
    for (const person of rowsOf({ events: 20_000, kind: 'persons' })) {
      expect(person.name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
      expect(person.creditCard).toMatch(/^\d{4} \d{4} \d{4} \d{4}$/)
      expect(person.emailAddress).toMatch(/^.*@.*\.com$/)
    }
    for (const auction of rowsOf({ events: 20_000, kind: 'auctions' })) {
      expect(auction.reserve as bigint).toBeGreaterThan(auction.initialBid as bigint)
      expect(auction.expires as number).toBeGreaterThan(auction.dateTime as number)
      expect((auction.description as string).length).toBeLessThan(100)
    }
  })

  test('with disorder makes the same event times, shuffled within groups', () => {
    const times = (disorder: number) => rowsOf({ events: 10_000, kind: 'bids', rate: 1000, disorder }, 999, ['dateTime']).map(r => r.dateTime as number)
    const shuffled = times(50)
    expect(shuffled).not.toEqual([...shuffled].sort((a, b) => a - b))
    expect(shuffled.every((time, i) => i === 0 || time > shuffled[i - 1]! - 100)).toBe(true)
  })

  test('refuses options that make no sense', () => {
    for (const wrong of [{ events: -1 }, { seed: 0.5 }, { rate: 0 }, { disorder: 0 }, { kind: 'bid' }]) {
      expect(() => nexmark.resolve({ events: 1, kind: 'bids', ...wrong } as NexmarkScanOptions, 'test')).toThrow(/^test: /)
    }
  })
})

describe('Nexmark as JSON', () => {
  const parse = (options: Parameters<typeof nexmarkRecords>[0], start: number, end: number) => {
    const records = nexmarkRecords(options, start, end)
    let at = 0
    return Array.from(records.valueLengths, length => new TextDecoder().decode(records.valueBytes.slice(at, (at += length))))
  }

  test('says what the columns say', () => {
    for (const [only, kind] of [
      ['bid', 'bids'],
      ['auction', 'auctions'],
      ['person', 'persons'],
    ] as const) {
      const rows = rowsOf({ events: 2_000, kind })
      const flat = parse({ events: 2_000, only }, 0, 2_000).map(text => JSON.parse(text))
      const read = flat.map(row =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            typeof value === 'number' ? BigInt(value) : name === 'dateTime' || name === 'expires' ? Date.parse(value as string) : value,
          ]),
        ),
      )
      expect(read).toEqual(rows)
    }
  })

  test('nests all kinds, however the range is cut', () => {
    const whole = parse({ events: 500, partitions: 3 }, 0, 500)
    expect([...parse({ events: 500 }, 0, 123), ...parse({ events: 500 }, 123, 500)]).toEqual(whole)
    const parsed = whole.map(text => JSON.parse(text))
    expect(parsed.filter(e => e.event_type === 2 && e.bid.price > 0)).toHaveLength(460)
    expect(parsed.filter(e => e.event_type === 1 && e.auction.id)).toHaveLength(30)
    expect(parsed.filter(e => e.event_type === 0 && e.person.name)).toHaveLength(10)
    expect([...nexmarkRecords({ events: 500, partitions: 3 }, 0, 6).partitions]).toEqual([0, 1, 2, 0, 1, 2])
  })

  test('breaks every n-th record when asked to', () => {
    const texts = parse({ events: 1_000, poisonEvery: 10 }, 0, 1_000)
    expect(texts).toHaveLength(1_000)
    texts.forEach((text, k) => {
      if (isPoison(k, 10)) expect(() => JSON.parse(text)).toThrow()
      else JSON.parse(text)
    })
  })
})
