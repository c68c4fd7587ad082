// The join within bounds of time, row by row: what meets, what is kept until when, what comes out alone. Facts are those of Apache Flink's tests, by name.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { SchemaLike } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { intervalJoinOperator, type IntervalJoinParams } from '../../src/operators/interval-join.ts'
import { decodeRun } from '../../src/state/run-codec.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { callExpression, columnExpression, typedLiteral } from '../../src/expr/expression.ts'
import { ownersOf } from '../support/key-owners.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

const schemas: readonly SchemaLike[] = [{ key: 'utf8?', at: 'timestamp[ms]?', l: 'int32' }, { key: 'utf8?', time: 'timestamp[ms]?', r: 'int32' }]

function within(lower: number, upper: number, how: IntervalJoinParams['how'] = 'inner'): IntervalJoinParams {
  const end = (ms: number) => callExpression('add', [columnExpression('left.at'), typedLiteral('duration[ms]', `${ms}ms`)])
  const where = callExpression('and', [callExpression('ge', [columnExpression('right.time'), end(lower)]), callExpression('le', [columnExpression('right.time'), end(upper)])])
  return { left: ['key'], right: ['key'], how, where: where as never, times: [{ time: 'at', until: { column: 'at', ms: upper } }, { time: 'time', until: { column: 'time', ms: -lower } }], delayMs: Math.max(0, upper, -lower) }
}

// 'L3' a left row of time 3, 'R3:b' a right one of key b, 'W5' a watermark; the key is 'a' where none is said.
function feed(harness: OperatorHarness, steps: string): void {
  for (const step of steps.split(' ').filter(Boolean)) {
    const [, kind, time, key = 'a'] = /^([LRW])(-?\d+)(?::(\w+))?$/.exec(step)!
    if (kind === 'W') harness.advance(Number(time))
    else harness.push([kind === 'L' ? { key, at: Number(time), l: Number(time) } : { key, time: Number(time), r: Number(time) }], kind === 'L' ? 0 : 1)
  }
}

const pairs = (harness: OperatorHarness) => harness.rows().map(({ l, r }) => (r === undefined ? `${l}` : `${l}-${r}`))

// What is stored, by side.
function buffers(harness: OperatorHarness): string {
  const texts = ['left', 'right'].map(table => {
    const times = harness.snapshot().filter(run => run.table === table).flatMap(run => {
      const arena = harness.device.arena()
      const rows = decodeRun(harness.device, arena, run.bytes)
      const read = rowReader(harness.device.memory, rows)
      const found = Array.from({ length: rows.rowCount }, (_, row) => Number(read(row)[table === 'left' ? 'l' : 'r']))
      arena.release()
      return found
    })
    return times.sort((a, b) => a - b).join()
  })
  return texts.join(' | ')
}

const oneToFour = 'L1 R1 W1 L2 R2 W2 L3 R3 W3 L4 R4 W4'

describe('what meets within bounds, as in IntervalJoinOperatorTest', () => {
  it.each([
    ['testImplementationMirrorsCorrectly, left to right', 1, 3, '1-2 1-3 1-4 2-3 2-4 3-4'],
    ['testImplementationMirrorsCorrectly, right to left', -3, -1, '2-1 3-1 3-2 4-1 4-2 4-3'],
    ['testNegativeInclusiveAndNegativeInclusive', -2, -1, '2-1 3-1 3-2 4-2 4-3'],
    ['testNegativeInclusiveAndPositiveInclusive', -1, 1, '1-1 1-2 2-1 2-2 2-3 3-2 3-3 3-4 4-3 4-4'],
    ['testPositiveInclusiveAndPositiveInclusive', 1, 2, '1-2 1-3 2-3 2-4 3-4'],
    ['testNegativeExclusiveAndNegativeExlusive', -2, -2, '3-1 4-2'],
    ['testNegativeExclusiveAndPositiveExlusive', 0, 0, '1-1 2-2 3-3 4-4'],
    ['testPositiveExclusiveAndPositiveExlusive', 2, 2, '1-3 2-4'],
  ])('%s', async (_, lower, upper, expected) => {
    const harness = await operatorHarness(intervalJoinOperator, within(lower, upper), schemas)
    feed(harness, oneToFour)
    expect(pairs(harness).sort().join(' ')).toBe(expected)
    expect(harness.counts['lateRows']).toBeUndefined()
    harness.close()
  })
})

describe('what is kept until when, as in IntervalJoinOperatorTest', () => {
  it.each([
    ['testStateCleanupNegativeInclusiveNegativeInclusive', -1, 0, ['2,3,4,5 | 1,2,3,4,5', '5 | 4,5', ' | ']],
    ['testStateCleanupNegativePositiveNegativeExlusive', -1, 0, ['2,3,4,5 | 1,2,3,4,5', '5 | 4,5', ' | ']],
    ['testStateCleanupPositiveInclusivePositiveInclusive', 0, 1, ['1,2,3,4,5 | 2,3,4,5', '4,5 | 5', ' | ']],
    ['testStateCleanupPositiveExlusivePositiveExclusive', 0, 1, ['1,2,3,4,5 | 2,3,4,5', '4,5 | 5', ' | ']],
  ])('%s', async (_, lower, upper, kept) => {
    const harness = await operatorHarness(intervalJoinOperator, within(lower, upper), schemas)
    feed(harness, 'L1 L2 L3 L4 L5 R1 R2 R3 R4 R5')
    const seen = ['W1', 'W4', 'W6'].map(step => {
      feed(harness, step)
      return buffers(harness)
    })
    expect(seen).toEqual(kept)
    harness.close()
  })

  it('testRestoreFromSnapshot: goes on from a checkpoint', async () => {
    const first = await operatorHarness(intervalJoinOperator, within(-1, 1), schemas)
    feed(first, 'L1 R1 W1 L2 R2 W2 L3 R3 W3')
    const runs = first.snapshot()
    first.close()
    const second = await operatorHarness(intervalJoinOperator, within(-1, 1), schemas)
    second.restore(runs)
    feed(second, 'L4 R4 W4')
    expect(pairs(second).sort()).toEqual(['3-4', '4-3', '4-4'])
    second.close()
  })

  it('late rows leave by the side outputs of their sides, as in testLateData', async () => {
    const harness = await operatorHarness(intervalJoinOperator, within(-1, 1), schemas)
    feed(harness, 'L3 R3 W3 L1 L3 R2 L4 R4')
    expect(pairs(harness).sort()).toEqual(['3-3', '3-4', '4-3', '4-4'])
    expect(harness.rows('late').map(row => row['l'])).toEqual([1, 3])
    expect(harness.rows('lateRight').map(row => row['r'])).toEqual([2])
    expect(harness.counts['lateRows']).toBe(3)
    harness.close()
  })

  it('pairs have the watermark of their later row, as testReturnsCorrectTimestamp has its time', async () => {
    const hidden = [0, 1].map(() => [{ name: '$watermark', type: { kind: 'int64' }, nullable: false }] as const)
    const harness = await operatorHarness(intervalJoinOperator, within(-2, 2, 'left'), schemas, { hidden })
    harness.push([{ key: 'a', at: 10, l: 10, $watermark: 7n }, { key: 'b', at: 11, l: 11, $watermark: 7n }], 0)
    harness.push([{ key: 'a', time: 12, r: 12, $watermark: 9n }], 1)
    harness.advance(20)
    const marks = harness.batches().flatMap(batch => [...harness.device.memory.int64s(batch.columns.at(-1)!.values, batch.rowCount)])
    // 9, and for the row alone 11 + 2 − 1, both held back by the bound.
    expect(marks).toEqual([7n, 10n])
    expect(harness.operator.watermark!()).toBe(18)
    harness.close()
  })
})

// Its bounds are of the left time around the right one: a within [b − 20, b + 10] is b within [a − 10, a + 20].
describe('outer joins, as in RowTimeIntervalJoinTest', () => {
  it('testRowTimeInnerJoinWithNegativeBounds: only what lies before', async () => {
    const harness = await operatorHarness(intervalJoinOperator, within(7, 10), schemas)
    feed(harness, 'W1 R2 W2 L3 R3 R13 L6')
    expect(pairs(harness)).toEqual(['3-13', '6-13'])
    feed(harness, 'W10')
    expect(buffers(harness)).toBe('3,6 | ')
    feed(harness, 'W18')
    expect(buffers(harness)).toBe(' | ')
    expect(harness.operator.watermark!()).toBe(8)
    harness.close()
  })

  it.each([
    ['testRowTimeInnerJoinRealtimeCleanUp: comes alone once nothing can come', 'left', 'L1 R1:b W7', ['1-null']],
    ['testRowTimeLeftOuterJoin: late rows come alone', 'left', 'W18 L2 R2:b', ['2-null']],
    ['testRowTimeLeftOuterJoin', 'left', 'L19 L20 R26 R25 L21 R39:b R40:b L50:b L49:b R41:b W100', ['20-25', '21-25', '21-26', '49-40', '49-41', '50-41', '19-null']],
    ['testRowTimeRightOuterJoin: late rows come alone', 'right', 'W18 L2 R2:b', ['null-2']],
    ['testRowTimeRightOuterJoin', 'right', 'L19 L20 R26 R25 L21 R39:b R40:b L50:b L49:b R41:b W100', ['20-25', '21-25', '21-26', '49-40', '49-41', '50-41', 'null-39']],
    ['testRowTimeFullOuterJoin', 'full', 'L19 L20 R26 R25 L21 R39:b R40:b L50:b L49:b R41:b W100', ['20-25', '21-25', '21-26', '49-40', '49-41', '50-41', '19-null', 'null-39']],
    ['semi: each row once, however many it meets', 'semi', 'L20 R25 R25 R24 L21 L9 W100', ['20', '21']],
    ['anti: those that meet nothing, once it is sure', 'anti', 'L20 R25 L21 L9 W100', ['9']],
  ] as const)('%s', async (_, how, steps, expected) => {
    const harness = await operatorHarness(intervalJoinOperator, within(-9, 5, how), schemas)
    feed(harness, steps)
    expect(pairs(harness).sort()).toEqual([...expected].sort())
    harness.close()
  })
})

// Rows there carry the ends of their windows: what is late is late for all kinds of joins, because a window's result is final.
describe('joins of rows of the same windows, as in WindowJoinOperatorTest', () => {
  const steps = 'W1 L1 L3 L3 R3 L6 R9 W10 L12 L15 R15 R15 W13 W18'
  const times = [{ time: 'at', timeMs: -1, until: { column: 'at', ms: -1 } }, { time: 'time', timeMs: -1, until: { column: 'time', ms: -1 } }] as const
  const inWindows = (how: IntervalJoinParams['how']): IntervalJoinParams => ({ left: ['key', 'at'], right: ['key', 'time'], how, times, delayMs: 0, dropsLate: true })
  it.each([
    ['testSemiJoin', 'semi', ['3', '3', '15']],
    ['testAntiJoin', 'anti', ['6', '12']],
    ['testInnerJoin', 'inner', ['3-3', '3-3', '15-15', '15-15']],
    ['testLeftOuterJoin', 'left', ['3-3', '3-3', '6-null', '12-null', '15-15', '15-15']],
    ['testRightOuterJoin', 'right', ['3-3', '3-3', 'null-9', '15-15', '15-15']],
    ['testOuterJoin', 'full', ['3-3', '3-3', '6-null', 'null-9', '12-null', '15-15', '15-15']],
  ] as const)('%s', async (_, how, expected) => {
    const harness = await operatorHarness(intervalJoinOperator, inWindows(how), schemas)
    feed(harness, steps)
    expect(pairs(harness).sort()).toEqual([...expected].sort())
    expect(harness.counts['lateRows']).toBe(1)
    expect(buffers(harness)).toBe(' | ')
    harness.close()
  })
})

it('restarts at any point, at another parallelism, give the same rows', async () => {
  const chance = random(11)
  const rows = Array.from({ length: 240 }, (_, i) => ({ side: chance.int(2), key: chance.int(9) === 0 ? null : `key ${chance.int(8)} of some length`, time: 3 * i + chance.int(60), id: i }))
  const device = await createDevice({ relaxed: false })
  for (const how of ['inner', 'left', 'full', 'semi', 'anti'] as const) {
    const results: string[][] = []
    for (const restarts of [0, 1, 3]) {
      const got: string[] = []
      let parallelism = 1
      let runs: StateRun[] = []
      let fed = 0
      for (let life = 0; life <= restarts; life++) {
        const end = life === restarts ? rows.length : fed + chance.int(rows.length - fed)
        const instances: OperatorHarness[] = []
        for (let instance = 0; instance < parallelism; instance++) instances.push(await operatorHarness(intervalJoinOperator, within(-30, 50, how), schemas, { instance, parallelism, device: parallelism === 1 ? device : undefined }))
        for (const each of instances) each.restore(runs)
        const owners = ownersOf(device, rows.map(row => row.key), parallelism)
        for (; fed < end; fed++) {
          const { side, key, time, id } = rows[fed]!
          const owner = instances[owners[fed]!]!
          owner.push([side === 0 ? { key, at: time, l: id } : { key, time, r: id }], side)
          if (fed % 10 === 9) for (const each of instances) each.advance(3 * fed - 70)
        }
        if (life === restarts) for (const each of instances) for (const port of [0, 1]) each.finish(port)
        runs = instances.flatMap(each => each.snapshot())
        for (const each of instances) got.push(...pairs(each))
        for (const each of instances) each.close()
        parallelism = 1 + chance.int(3)
      }
      results.push(got.sort())
    }
    expect(results[0]!.length).toBeGreaterThan(30)
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  }
})
