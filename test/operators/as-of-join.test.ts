// The temporal join of streams, row by row: what a left row meets, when it comes out, what is kept. Facts are those of Apache Flink's TemporalRowTimeJoinOperatorTest and
// TemporalJoinITCase, by name.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import type { SchemaLike } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { asOfJoinOperator } from '../../src/operators/as-of-join.ts'
import type { JoinParams } from '../../src/operators/join-fields.ts'
import { decodeRun } from '../../src/state/run-codec.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { ownersOf } from '../support/key-owners.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

const schemas: readonly SchemaLike[] = [{ key: 'utf8?', at: 'timestamp[ms]?', l: 'utf8' }, { key: 'utf8?', time: 'timestamp[ms]?', r: 'utf8' }]
const params = (how: 'inner' | 'left', tolerance?: number): JoinParams => ({ left: ['key'], right: ['key'], how, asOf: { left: 'at', right: 'time', direction: 'backward', ...(tolerance !== undefined && { tolerance }) } })

// 'L3' a left row of time 3, 'R3:k2:x' a right one of key k2 that says x, 'W5' a watermark; the key is 'k1' where none is said.
function feed(harness: OperatorHarness, steps: string): void {
  for (const step of steps.split(' ').filter(Boolean)) {
    const [, kind, time, key = 'k1', said] = /^([LRW])(-?\d+)(?::(\w+))?(?::(\w+))?$/.exec(step)!
    if (kind === 'W') harness.advance(Number(time))
    else harness.push([kind === 'L' ? { key, at: Number(time), l: said ?? time } : { key, time: Number(time), r: said ?? time }], kind === 'L' ? 0 : 1)
  }
}

const pairs = (harness: OperatorHarness) => harness.rows().map(({ l, r }) => `${l}-${r}`).join(' ')

// What is stored, by side.
function kept(harness: OperatorHarness): string {
  return ['left', 'right'].map(table => harness.snapshot().filter(run => run.table === table).flatMap(run => {
    const arena = harness.device.arena()
    const rows = decodeRun(harness.device, arena, run.bytes)
    const read = rowReader(harness.device.memory, rows)
    const found = Array.from({ length: rows.rowCount }, (_, row) => String(read(row)[table === 'left' ? 'l' : 'r']))
    arena.release()
    return found
  }).sort().join()).join(' | ')
}

// There, left rows that come late are joined with what happens to be kept still; here they are late.
const rowTime = 'W1 L1:k1:1a1 R2:k1:1a2 W2 L1:k1:1a1 L3:k1:1a3 R4:k2:2a4 W5 L6:k2:2a3 R7:k2:2a5 W8 L9:k2:5a11 L11:k2:5a12 R10:k2:2a6 W13'

describe('versions in event time, as in TemporalRowTimeJoinOperatorTest', () => {
  it.each([
    ['testRowTimeTemporalJoin', 'inner', rowTime, '1a3-1a2 2a3-2a4 5a11-2a5 5a12-2a6'],
    ['testRowTimeLeftTemporalJoin', 'left', `L1:k1:1a1 ${rowTime}`, '1a1-null 1a3-1a2 2a3-2a4 5a11-2a5 5a12-2a6'],
    ['testRowTimeTemporalJoinWithStateRetention, of two versions of one time the later one', 'left', 'R3 L6 W7 R8 R8:k1:again L9 W13 L15:k2 W15', '6-3 9-again 15-null'],
    ['versions that came after the row, but hold at its time', 'inner', 'L5 R4 R2 R6 W9', '5-4'],
    ['rows of one time meet the version of that time', 'inner', 'L5 R5 W5', '5-5'],
    ['rows come out by time, those of one time as they came', 'left', 'R1 L7 L3:k1:a L3:k1:b L5 W9', 'a-1 b-1 5-1 7-1'],
    ['nothing of other keys', 'left', 'R1:k2 L3 L3:k2:b W9', '3-null b-1'],
  ] as const)('%s', async (_, how, steps, expected) => {
    const harness = await operatorHarness(asOfJoinOperator, params(how), schemas)
    feed(harness, steps)
    expect(pairs(harness)).toBe(expected)
    harness.close()
  })

  it('rows wait for the watermark, and only the latest version below it is kept', async () => {
    const harness = await operatorHarness(asOfJoinOperator, params('left'), schemas)
    feed(harness, 'R1 R2 R3 R9 L2 L4 L8 R1:k2')
    expect([pairs(harness), kept(harness)]).toEqual(['', '2,4,8 | 1,1,2,3,9'])
    feed(harness, 'W2')
    expect([pairs(harness), kept(harness)]).toEqual(['2-2', '4,8 | 1,2,3,9'])
    feed(harness, 'W4')
    expect([pairs(harness), kept(harness)]).toEqual(['2-2 4-3', '8 | 1,3,9'])
    feed(harness, 'W20')
    expect([pairs(harness), kept(harness)]).toEqual(['2-2 4-3 8-3', ' | 1,9'])
    harness.close()
  })

  it('versions hold no longer than the tolerance, and go then', async () => {
    const harness = await operatorHarness(asOfJoinOperator, params('left', 5), schemas)
    feed(harness, 'R1 L6 L7 R1:k2 W7')
    expect([pairs(harness), kept(harness)]).toEqual(['6-1 7-null', ' | '])
    harness.close()
  })

  it('late rows leave by the side outputs of their sides, rows without a time or a key meet nothing', async () => {
    const harness = await operatorHarness(asOfJoinOperator, params('left'), schemas)
    feed(harness, 'R1 W4 L4 R3 L5 R5:k1:five')
    harness.push([{ key: null, at: 5, l: 'keyless' }, { key: 'k1', at: null, l: 'timeless' }], 0)
    harness.push([{ key: null, time: 5, r: 'keyless' }, { key: 'k1', time: null, r: 'timeless' }], 1)
    feed(harness, 'W6')
    expect(pairs(harness)).toBe('timeless-null 5-five keyless-null')
    expect(harness.rows('late').map(row => row['l'])).toEqual(['4'])
    expect(harness.rows('lateRight').map(row => row['r'])).toEqual(['3'])
    expect(harness.counts).toEqual({ lateRows: 2, nullTimeRows: 2 })
    harness.close()
  })

  it('rows have the watermark just before their time, and what is late goes by their own', async () => {
    const hidden = [0, 1].map(() => [{ name: '$watermark', type: { kind: 'int64' }, nullable: false }] as const)
    const harness = await operatorHarness(asOfJoinOperator, params('left'), schemas, { hidden })
    harness.push([{ key: 'k1', at: 10, l: 'a', $watermark: 7n }, { key: 'k1', at: 9, l: 'b', $watermark: 8n }, { key: 'k1', at: 9, l: 'late', $watermark: 9n }], 0)
    harness.push([{ key: 'k1', time: 8, r: 'x', $watermark: 7n }], 1)
    harness.advance(20)
    const out = harness.batches().filter(batch => batch.fields.at(-1)!.name === '$watermark')
    expect(out.flatMap(batch => [...harness.device.memory.int64s(batch.columns.at(-1)!.values, batch.rowCount)])).toEqual([8n, 9n])
    expect(pairs(harness)).toBe('b-x a-x')
    expect(harness.rows('late').map(row => row['l'])).toEqual(['late'])
    harness.close()
  })

  it.each(['s', 'us', 'ns'] as const)('times in %s on one side and milliseconds on the other', async unit => {
    const per = { s: 0.001, us: 1_000, ns: 1_000_000 }[unit]
    const harness = await operatorHarness(asOfJoinOperator, params('left'), [{ key: 'utf8?', at: `timestamp[${unit}]?`, l: 'utf8' }, schemas[1]!])
    const at = (ms: number) => BigInt(Math.floor(ms * per))
    harness.push([2000, 4000, 4999].map(ms => ({ key: 'k1', at: at(ms), l: String(ms) })), 0)
    feed(harness, 'R2000 R4001 R3999 W4000')
    expect(pairs(harness)).toBe(unit === 's' ? '2000-2000 4000-3999 4999-3999' : '2000-2000 4000-3999')
    feed(harness, 'W4999')
    expect(harness.rows().length).toBe(3)
    harness.close()
  })

  it('refuses what it can’t know yet, and times that are none', () => {
    const inputs = [[{ name: 'key', type: { kind: 'utf8' }, nullable: true }, { name: 'at', type: { kind: 'int64' }, nullable: true }], [{ name: 'key', type: { kind: 'utf8' }, nullable: true }, { name: 'time', type: { kind: 'int64' }, nullable: true }]] as const
    expect(() => asOfJoinOperator.fields(inputs, params('left'), 'rates')).toThrow(expect.objectContaining({ code: 'TIME_TYPE' }))
  })
})

it('restarts at any point, at another parallelism, give the same rows', async () => {
  const chance = random(5)
  const rows = Array.from({ length: 300 }, (_, i) => ({ side: chance.int(2), key: chance.int(9) === 0 ? null : `key ${chance.int(8)} of some length`, time: 3 * i + chance.int(60), id: i }))
  const device = await createDevice({ relaxed: false })
  for (const [how, tolerance] of [['inner', undefined], ['left', undefined], ['left', 70]] as const) {
    const results: string[][] = []
    for (const restarts of [0, 1, 3]) {
      const got: string[] = []
      let [parallelism, fed] = [1, 0]
      let runs: StateRun[] = []
      for (let life = 0; life <= restarts; life++) {
        const end = life === restarts ? rows.length : fed + chance.int(rows.length - fed)
        const instances: OperatorHarness[] = []
        for (let instance = 0; instance < parallelism; instance++) instances.push(await operatorHarness(asOfJoinOperator, params(how, tolerance), schemas, { instance, parallelism, device: parallelism === 1 ? device : undefined }))
        for (const each of instances) each.restore(runs)
        const owners = ownersOf(device, rows.map(row => row.key), parallelism)
        for (; fed < end; fed++) {
          const { side, key, time, id } = rows[fed]!
          instances[owners[fed]!]!.push([side === 0 ? { key, at: time, l: `${id}` } : { key, time, r: `${id}` }], side)
          if (fed % 10 === 9) for (const each of instances) each.advance(3 * fed - 70)
        }
        if (life === restarts) for (const each of instances) for (const port of [0, 1]) each.finish(port)
        runs = instances.flatMap(each => each.snapshot())
        for (const each of instances) got.push(...each.close().map(({ l, r }) => `${l}-${r}`))
        parallelism = [3, 1, 2][life % 3]!
      }
      results.push(got.sort())
    }
    expect(results[0]!.length).toBeGreaterThan(50)
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  }
})
