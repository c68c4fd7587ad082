// The join of rows in the same sessions, row by row: which rows make one, when they meet, what is kept until then.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { SchemaLike } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { sessionJoinOperator, type SessionJoinParams } from '../../src/operators/session-join.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { ownersOf } from '../support/key-owners.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

const schemas: readonly SchemaLike[] = [{ key: 'utf8?', at: 'timestamp[ms]?', l: 'int32' }, { key: 'utf8?', time: 'timestamp[ms]?', r: 'int32' }]
const params = (how: SessionJoinParams['how'] = 'inner'): SessionJoinParams => ({ left: ['key'], right: ['key'], how, times: ['at', 'time'], gapMs: 10 })

// 'L3' a left row of time 3, 'R3:b' a right one of key b, 'W5' a watermark; the key is 'a' where none is said.
function feed(harness: OperatorHarness, steps: string): void {
  for (const step of steps.split(' ').filter(Boolean)) {
    const [, kind, time, key = 'a'] = /^([LRW])(-?\d+)(?::(\w+))?$/.exec(step)!
    if (kind === 'W') harness.advance(Number(time))
    else harness.push([kind === 'L' ? { key, at: Number(time), l: Number(time) } : { key, time: Number(time), r: Number(time) }], kind === 'L' ? 0 : 1)
  }
}

const pairs = (harness: OperatorHarness) => harness.rows().map(({ l, r, window_start, window_end }) => `${l}-${r} in ${Number(window_start)}-${Number(window_end)}`)
const kept = (harness: OperatorHarness) => harness.snapshot().map(({ table }) => table).join()

describe('rows of the same session', () => {
  it.each([
    ['meet once the watermark has reached its end', 'inner', 'L1 R5 W14 W15', ['1-5 in 1-15']],
    ['are at most a gap after one another, on whichever side', 'inner', 'L1 R11 L21 R32 W42', ['1-11 in 1-31', '21-11 in 1-31']],
    ['may come in any order, and join two sessions', 'inner', 'L1 R20 W0 L10 W30', ['1-20 in 1-30', '10-20 in 1-30']],
    ['are of one key', 'inner', 'L1 R2:b L3:b R4 W99', ['1-4 in 1-14', '3-2 in 2-13']],
    ['of one side alone come out alone', 'full', 'L1 R50 L100 R101 W200', ['1-null in 1-11', 'null-50 in 50-60', '100-101 in 100-111']],
    ['once each in a semi join', 'semi', 'L1 L2 R3 R4 L50 W99', ['1-undefined in 1-14', '2-undefined in 1-14']],
    ['or not at all in an anti join', 'anti', 'L1 L2 R3 R4 L50 W99', ['50-undefined in 50-60']],
  ] as const)('%s', async (_, how, steps, expected) => {
    const harness = await operatorHarness(sessionJoinOperator, params(how), schemas)
    feed(harness, steps)
    expect(pairs(harness).sort()).toEqual([...expected].sort())
    expect(kept(harness)).toBe('')
    harness.close()
  })

  it('a row of the very end of a session is of it as long as it isn’t late', async () => {
    const harness = await operatorHarness(sessionJoinOperator, params(), schemas)
    feed(harness, 'L1 R2 W11 R12 W12 L23')
    expect(pairs(harness)).toEqual([])
    feed(harness, 'W22')
    expect(pairs(harness).sort()).toEqual(['1-12 in 1-22', '1-2 in 1-22'])
    expect(kept(harness)).toBe('left')
    harness.close()
  })

  it('late rows leave by the side outputs of their sides, rows without a time are in none, those without a key meet nothing', async () => {
    const harness = await operatorHarness(sessionJoinOperator, params('left'), schemas)
    feed(harness, 'W4 L4 R3 R5')
    harness.push([{ key: null, at: 5, l: 7 }, { key: 'a', at: null, l: 8 }], 0)
    harness.push([{ key: null, time: 5, r: 7 }, { key: 'a', time: null, r: 8 }], 1)
    feed(harness, 'L6 W99')
    expect(pairs(harness).sort()).toEqual(['6-5 in 5-16', '7-null in 5-15'])
    expect(harness.rows('late').map(row => row['l'])).toEqual([4])
    expect(harness.rows('lateRight').map(row => row['r'])).toEqual([3])
    expect(harness.counts).toEqual({ lateRows: 2, nullTimeRows: 2 })
    harness.close()
  })

  it('rows have the watermark just before their session was over', async () => {
    const hidden = [0, 1].map(() => [{ name: '$watermark', type: { kind: 'int64' }, nullable: false }] as const)
    const harness = await operatorHarness(sessionJoinOperator, params(), schemas, { hidden })
    harness.push([{ key: 'a', at: 10, l: 10, $watermark: 7n }], 0)
    harness.push([{ key: 'a', time: 12, r: 12, $watermark: 9n }, { key: 'a', time: 9, r: 9, $watermark: 9n }], 1)
    harness.advance(40)
    const out = harness.batches().filter(batch => batch.fields.at(-1)!.name === '$watermark')
    expect(out.flatMap(batch => [...harness.device.memory.int64s(batch.columns.at(-1)!.values, batch.rowCount)])).toEqual([21n])
    expect(harness.rows('lateRight').map(row => row['r'])).toEqual([9])
    harness.close()
  })

  it('gives the memory of sessions that are over back', async () => {
    // All left rows meet one, so that nothing comes out that would have to be kept here.
    const harness = await operatorHarness(sessionJoinOperator, params('anti'), schemas)
    const used: number[] = []
    for (let now = 0; now < 20_000; now += 100) {
      for (const port of [0, 1]) harness.push(Array.from({ length: 200 }, (_, i) => ({ key: `key ${now + i} of some length`, [port === 0 ? 'at' : 'time']: now + (i % 50), [port === 0 ? 'l' : 'r']: i })), port)
      harness.advance(now - 1)
      used.push(harness.device.pages.used())
    }
    expect(harness.batches()).toEqual([])
    expect(Math.max(...used.slice(100))).toBe(Math.max(...used.slice(30, 100)))
    harness.close()
  })
})

it('restarts at any point, at another parallelism, give the same rows', async () => {
  const chance = random(11)
  const rows = Array.from({ length: 240 }, (_, i) => ({ side: chance.int(2), key: chance.int(9) === 0 ? null : `key ${chance.int(8)} of some length`, time: 3 * i + chance.int(60), id: i }))
  const device = await createDevice({ relaxed: false })
  for (const how of ['inner', 'full', 'anti'] as const) {
    const results: string[][] = []
    for (const restarts of [0, 1, 3]) {
      const got: string[] = []
      let [parallelism, fed] = [1, 0]
      let runs: StateRun[] = []
      for (let life = 0; life <= restarts; life++) {
        const end = life === restarts ? rows.length : fed + chance.int(rows.length - fed)
        const instances: OperatorHarness[] = []
        for (let instance = 0; instance < parallelism; instance++) instances.push(await operatorHarness(sessionJoinOperator, params(how), schemas, { instance, parallelism, device: parallelism === 1 ? device : undefined }))
        for (const each of instances) each.restore(runs)
        const owners = ownersOf(device, rows.map(row => row.key), parallelism)
        for (; fed < end; fed++) {
          const { side, key, time, id } = rows[fed]!
          instances[owners[fed]!]!.push([side === 0 ? { key, at: time, l: id } : { key, time, r: id }], side)
          if (fed % 10 === 9) for (const each of instances) each.advance(3 * fed - 70)
        }
        if (life === restarts) for (const each of instances) for (const port of [0, 1]) each.finish(port)
        runs = instances.flatMap(each => each.snapshot())
        for (const each of instances) got.push(...each.close().map(({ l, r, window_start }) => `${l}-${r} in ${Number(window_start)}`))
        parallelism = [3, 1, 2][life % 3]!
      }
      results.push(got.sort())
    }
    expect(results[0]!.length).toBeGreaterThan(20)
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  }
})
