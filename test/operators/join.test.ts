import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { schemaText } from '../../src/batch/schema.ts'
import { joinOperator } from '../../src/operators/join.ts'
import type { JoinParams } from '../../src/operators/join-fields.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { handClock } from '../support/event-run.ts'
import { operatorHarness } from '../support/operator-harness.ts'

const bids = { auction: 'int64?', channel: 'utf8', price: 'float64' }
const auctions = { id: 'int32?', channel: 'utf8', item: 'utf8?' }
const params = (keys = 1): JoinParams => ({
  left: ['auction', 'channel'].slice(0, keys),
  right: ['id', 'channel'].slice(0, keys),
  how: 'inner',
  ...(keys === 1 && { suffix: '_right' }),
})

function sample(count: number, seed: number) {
  const chance = random(seed)
  const channel = () => ['web', 'a channel with a long name'][chance.int(2)]!
  const id = () => (chance.int(8) === 0 ? null : chance.int(count / 4))
  return {
    left: Array.from({ length: count }, (_, i) => {
      const auction = id()
      return { auction: auction === null ? null : BigInt(auction), channel: channel(), price: i }
    }),
    right: Array.from({ length: count / 2 }, (_, i) => ({ id: id(), channel: channel(), item: i % 5 ? `item number ${i} has a long name` : null })),
  }
}

function naive({ left, right }: ReturnType<typeof sample>, keys: number): PlainRow[] {
  return left.flatMap(l =>
    right.flatMap(r => {
      if (l.auction === null || r.id === null || l.auction !== BigInt(r.id)) return []
      if (keys === 1) return [{ ...l, channel_right: r.channel, item: r.item }]
      return l.channel === r.channel ? [{ ...l, item: r.item }] : []
    }),
  )
}

const text = (rows: readonly PlainRow[]) => rows.map(row => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)))

describe('join', () => {
  it('meets what came first on either side, by one key and two, with a condition', async () => {
    for (const keys of [1, 2]) {
      const data = sample(200, keys)
      const where = { kind: 'call', fn: 'gt', args: [{ kind: 'column', name: 'left.price' }, { kind: 'literal', value: 100 }] } as const
      for (const condition of [undefined, where]) {
        const harness = await operatorHarness(joinOperator, { ...params(keys), ...(condition && { where: condition as never }) }, [bids, auctions])
        for (let at = 0; at < data.right.length; at += 30) harness.push(data.right.slice(at, at + 30), 1)
        for (let at = 0; at < data.left.length; at += 70) harness.push(data.left.slice(at, at + 70), 0)
        expect(text(harness.close())).toEqual(text(naive(data, keys).filter(row => !condition || (row.price as number) > 100)))
      }
    }
  })

  it('emits every pair once however the sides arrive, and over restarts with another parallelism', async () => {
    const data = sample(160, 9)
    const expected = text(naive(data, 1)).sort()
    for (const [seed, parallelism] of [[1, 1], [2, 2], [3, 3]] as const) {
      const chance = random(seed)
      let [left, right] = [0, 0]
      let harness = await operatorHarness(joinOperator, params(), [bids, auctions], { bounded: false })
      const found: PlainRow[] = []
      while (left < data.left.length || right < data.right.length) {
        const size = chance.int(20)
        if (chance.int(3) > 0) harness.push(data.left.slice(left, (left += size)), 0)
        else harness.push(data.right.slice(right, (right += size)), 1)
      }
      found.push(...harness.rows())
      // The state moves into instances that own a part of the keys each; a second copy of both sides must find everything stored.
      const runs: StateRun[] = harness.snapshot()
      harness.close()
      expect(text(found).sort()).toEqual(expected)
      const again: PlainRow[] = []
      for (let instance = 0; instance < parallelism; instance++) {
        harness = await operatorHarness(joinOperator, params(), [bids, auctions], { instance, parallelism })
        harness.restore(runs)
        harness.push(data.left, 0)
        again.push(...harness.close())
      }
      expect(text(again).sort()).toEqual(expected)
    }
  })

  it.each([Number.POSITIVE_INFINITY, 1 << 21])('rows older than their time to live meet nothing, with %s bytes for state, over restarts', async stateBytesMax => {
    const chance = random(6)
    const clock = handClock()
    const lives = { left: 300, right: 120 }
    const open = () => operatorHarness(joinOperator, { ...params(), ttlMs: lives }, [bids, auctions], { bounded: false, stateBytesMax, clock })
    let harness = await open()
    const past = new Map<number, { side: number; now: number; id: string }[]>()
    const [found, expected]: [string[], string[]] = [[], []]
    for (let now = 0; now < 2_000; now += 20) {
      clock.set(now)
      harness.tick(now)
      const side = chance.int(2)
      const rows = Array.from({ length: 400 }, (_, i) => ({ side, now, key: chance.int(5_000), id: `${now + i / 1000} ${'x'.repeat(200)}` }))
      harness.push(rows.map(({ key, id }, i) => (side === 0 ? { auction: BigInt(key), channel: id, price: i } : { id: key, channel: 'c', item: id })), side)
      for (const row of rows) for (const other of past.get(row.key) ?? []) if (other.side !== side && now - other.now < lives[side === 0 ? 'right' : 'left']) expected.push([row, other].sort((a, b) => a.side - b.side).map(({ id }) => id).join('-'))
      for (const row of rows) past.set(row.key, [...(past.get(row.key) ?? []), row])
      if (now % 700 !== 680) continue
      found.push(...harness.rows().map(row => `${row['channel'] as string}-${row['item'] as string}`))
      const runs = harness.snapshot()
      if (stateBytesMax < 1e9) expect(harness.spilledBytes()).toBeGreaterThan(0)
      harness.close()
      harness = await open()
      harness.restore(runs)
    }
    found.push(...harness.close().map(row => `${row['channel'] as string}-${row['item'] as string}`))
    expect(expected.length).toBeGreaterThan(500)
    expect(found.sort()).toEqual(expected.sort())
  })

  it('rows that are forgotten give memory and disk back', async () => {
    for (const stateBytesMax of [Number.POSITIVE_INFINITY, 1 << 21]) {
      const clock = handClock()
      const harness = await operatorHarness(joinOperator, { ...params(), ttlMs: { left: 100 } }, [bids, auctions], { bounded: false, stateBytesMax, clock })
      const used: number[] = []
      for (let now = 0; now < 30_000; now += 50) {
        clock.set(now)
        harness.tick(now)
        harness.push(Array.from({ length: 200 }, (_, i) => ({ auction: BigInt(now + i), channel: 'a text of some length'.repeat(5), price: i })), 0)
        used.push(harness.device.pages.used())
        if (now % 5_000 === 0) harness.snapshot()
      }
      expect(Math.max(...used.slice(300))).toBe(Math.max(...used.slice(100, 300)))
      harness.close()
    }
  })

  it('emits matches of a heavy key in batches of bounded size', async () => {
    const harness = await operatorHarness(joinOperator, params(), [bids, auctions])
    harness.push(Array.from({ length: 300 }, (_, i) => ({ id: 1, channel: 'c', item: `${i}` })), 1)
    harness.push(Array.from({ length: 300 }, (_, i) => ({ auction: 1n, channel: 'c', price: i })), 0)
    expect(harness.batchSizes()).toEqual([32_768, 32_768, 24_464])
    expect(harness.close().at(-1)).toEqual({ auction: 1n, channel: 'c', price: 299, channel_right: 'c', item: '299' })
  })

  it('gives each pair the watermark of its row that came later, whichever the operator met first', async () => {
    const hidden = [0, 1].map(() => [{ name: '$watermark', type: { kind: 'int64' }, nullable: false }] as const)
    const seen = async (restarts: boolean) => {
      let harness = await operatorHarness(joinOperator, params(), [bids, auctions], { hidden, bounded: false })
      harness.push([{ auction: 1n, channel: 'c', price: 1, $watermark: 90n }, { auction: 2n, channel: 'c', price: 2, $watermark: -5n }], 0)
      if (restarts) {
        const runs = harness.snapshot()
        harness.close()
        harness = await operatorHarness(joinOperator, params(), [bids, auctions], { hidden, bounded: false })
        harness.restore(runs)
      }
      harness.push([{ id: 1, channel: 'd', item: 'x', $watermark: 10n }, { id: 2, channel: 'd', item: 'y', $watermark: 20n }], 1)
      expect(harness.fields.at(-1)!.name).toBe('$watermark')
      const marks = harness.batches().flatMap(batch => [...harness.device.memory.int64s(batch.columns.at(-1)!.values, batch.rowCount)])
      harness.close()
      return marks
    }
    expect(await seen(false)).toEqual([90n, 20n])
    expect(await seen(true)).toEqual([90n, 20n])
  })

  it('drops the right key and hidden columns, and needs a suffix for other names that both sides have', async () => {
    const hidden = [[{ name: '$watermark', type: { kind: 'int64' }, nullable: true }]] as const
    const harness = await operatorHarness(joinOperator, params(), [bids, auctions], { hidden })
    expect(schemaText(harness.fields)).toEqual({ auction: 'int64?', channel: 'utf8', price: 'float64', channel_right: 'utf8', item: 'utf8?' })
    expect(harness.fields.length).toBe(5)
    harness.close()
    await expect(operatorHarness(joinOperator, { left: ['auction'], right: ['id'], how: 'inner' }, [bids, auctions])).rejects.toMatchObject({ code: 'JOIN_CLASH' })
    await expect(operatorHarness(joinOperator, { left: ['price'], right: ['id'], suffix: '_', how: 'inner' }, [bids, auctions])).rejects.toMatchObject({ code: 'JOIN_TYPE' })
    await expect(operatorHarness(joinOperator, { left: ['auktion'], right: ['id'], suffix: '_', how: 'inner' }, [bids, auctions])).rejects.toMatchObject({ code: 'NO_COLUMN' })
  })
})
