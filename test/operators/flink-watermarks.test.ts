// Watermarks as Apache Flink's tests of its watermark generators have them. Each case names its file and method; the numbers are theirs.
import { describe, expect, test } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { handClock } from '../support/event-run.ts'
import { operatorHarness } from '../support/operator-harness.ts'

const schema = { time: 'timestamp[ms]', split: 'int32' }
const fields = parseSchema(schema, 'test')

describe('the watermark behind rows', () => {
  test.each([
    ['BoundedOutOfOrdernessWatermarksTest.testWatermarkBeforeRecords', 10, [], Number.NEGATIVE_INFINITY],
    ['BoundedOutOfOrdernessWatermarksTest.testWatermarkAfterEvent', 10, [1337], 1326],
    ['BoundedOutOfOrdernessWatermarksTest.testWatermarkAfterNonMonotonousEvents', 10, [12345, 12300, 12340, 12280], 12334],
    ['BoundedOutOfOrdernessWatermarksTest.testRepeatedProbe', 10, [723456], 723445],
    ['AscendingTimestampsWatermarksTest.testWatermarkBeforeRecords', 0, [], Number.NEGATIVE_INFINITY],
    ['AscendingTimestampsWatermarksTest.testWatermarkAfterEvent', 0, [1337], 1336],
    ['AscendingTimestampsWatermarksTest.testWatermarkAfterEventWithLowerTimestamp', 0, [12345, 12340], 12344],
  ] as const)('%s', async (_, boundMs, times, expected) => {
    const harness = await operatorHarness(watermarkOperator, { time: 'time', boundMs }, [schema], { clock: handClock() })
    if (times.length > 0) harness.push(times.map(time => ({ time, split: 0 })))
    for (const probe of [1, 2]) {
      expect(harness.operator.watermark!(), `probe ${probe}`).toBe(expected)
      harness.tick(probe)
    }
    harness.close()
  })
})

describe('idleness: whether a silent split is waited for', () => {
  const quiet = async (idleMs: number) => {
    const clock = handClock(0)
    const harness = await operatorHarness(watermarkOperator, { time: 'time', boundMs: 0, splitColumn: 'split', splitCount: 2, idleMs }, [schema], { clock })
    const push = (time: number, split = 0) => harness.push([{ time, split }])
    const wait = (ms: number) => {
      clock.set(clock.now() + ms)
      harness.tick(clock.now())
      return harness.operator.watermark!()
    }
    return { push, wait, close: () => harness.close() }
  }
  test('WatermarksWithIdlenessTest.testInitiallyActive, testIdleWithoutEvents', async () => {
    const { push, wait, close } = await quiet(10)
    push(5_000)
    expect(wait(0)).toBe(Number.NEGATIVE_INFINITY)
    push(5_001)
    expect(wait(11)).toBe(5_000)
    close()
  })
  test('WatermarksWithIdlenessTest.testRepeatedIdleChecks', async () => {
    const { push, wait, close } = await quiet(122)
    wait(0)
    push(5_000)
    expect(wait(123)).toBe(4_999)
    expect(wait(0)).toBe(4_999)
    push(6_000)
    expect(wait(100)).toBe(5_999)
    close()
  })
  test('WatermarksWithIdlenessTest.testActiveAfterIdleness, testIdleActiveIdle', async () => {
    const { push, wait, close } = await quiet(122)
    wait(0)
    push(5_000)
    expect(wait(123)).toBe(4_999)
    push(5_500, 1)
    push(9_000)
    expect(wait(0)).toBe(5_499)
    push(9_001)
    expect(wait(123)).toBe(9_000)
    close()
  })
  test('WatermarksWithIdlenessTest.testNegativeTimeout', () => {
    expect(() => watermarkOperator.fields([fields], { time: 'time', boundMs: 0, idleMs: -1 }, 'watermark')).toThrow('watermark: the idle is -1 ms; give 0 or more whole milliseconds')
  })
})
