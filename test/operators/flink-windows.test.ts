// What Apache Flink's tests of its window operators put in and get out, by every operator here that keeps such windows. Each case names its file and method; the numbers are theirs.
import { afterEach, beforeAll, describe, expect } from 'vitest'
import { createDevice, type Device } from '../../src/device/device.ts'
import { cumulate, hop, session, tumble } from '../../src/window/window-spec.ts'
import { type FlinkRow, type FlinkScript, type FlinkStep, ones, testScripts } from '../support/flink-scripts.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const play = (scripts: readonly FlinkScript[]) => testScripts(() => device, scripts)
const unordered = [...ones('key2', 3999, 3000), ...ones('key1', 20, 0, 999), ...ones('key2', 1998, 1999, 1000)]
const nothing: readonly FlinkStep[] = [{ at: 6999 }, { at: 7999 }]

describe('fixed windows', () => {
  const hopping: readonly FlinkStep[] = [
    { rows: unordered, at: 999, out: [['key1', 3, 999]] },
    { at: 1999, out: [['key1', 3, 1999], ['key2', 3, 1999]] },
    { at: 2999, out: [['key1', 3, 2999], ['key2', 3, 2999]] },
    { restart: true, at: 3999, out: [['key2', 5, 3999]] },
    { at: 4999, out: [['key2', 2, 4999]] },
    { at: 5999, out: [['key2', 2, 5999]] },
    ...nothing,
  ]
  const tumbling: readonly FlinkStep[] = [
    { rows: unordered, at: 999 },
    { at: 1999 },
    { restart: true, at: 2999, out: [['key1', 3, 2999], ['key2', 3, 2999]] },
    { at: 3999 },
    { at: 4999 },
    { at: 5999, out: [['key2', 2, 5999]] },
    ...nothing,
  ]
  play([
    { from: 'WindowOperatorTest.testSlidingEventTimeWindowsReduce', window: hop('time', '3s', { slide: '1s' }), show: 'last', steps: hopping },
    { from: 'WindowOperatorTest.testTumblingEventTimeWindowsReduce', window: tumble('time', '3s'), show: 'last', steps: tumbling },
    {
      from: 'SlicingWindowAggOperatorTest.testEventTimeHoppingWindows', window: hop('time', '3s', { slide: '1s' }), show: 'bounds', late: 1,
      steps: [
        { rows: unordered, at: 999, out: [['key1', 3, -2000, 1000]] },
        { at: 1999, out: [['key1', 3, -1000, 2000], ['key2', 3, -1000, 2000]] },
        { at: 2999, out: [['key1', 3, 0, 3000], ['key2', 3, 0, 3000]] },
        { restart: true, at: 3999, out: [['key2', 5, 1000, 4000]] },
        // Late for [1000, 4000), not for the others.
        { rows: ones('key2', 3500), at: 4999, out: [['key2', 3, 2000, 5000]] },
        { rows: ones('key1', 2999), at: 5999, out: [['key2', 3, 3000, 6000]] },
        ...nothing,
      ],
    },
    {
      from: 'SlicingWindowAggOperatorTest.testEventTimeCumulativeWindows', window: cumulate('time', '3s', { step: '1s' }), show: 'bounds', late: 1,
      steps: [
        { rows: [...ones('key2', 2999, 3000), ...ones('key1', 20, 0, 999), ...ones('key2', 1998, 1999, 1000)], at: 999, out: [['key1', 3, 0, 1000]] },
        { at: 1999, out: [['key1', 3, 0, 2000], ['key2', 3, 0, 2000]] },
        // Late for [0, 2000), which gives no result again.
        { restart: true, rows: ones('key2', 1000), at: 1999 },
        { at: 2999, out: [['key1', 3, 0, 3000], ['key2', 5, 0, 3000]] },
        { at: 3999, out: [['key2', 1, 3000, 4000]] },
        { rows: [['key1', 2, 3500]], at: 4999, out: [['key2', 1, 3000, 5000], ['key1', 2, 3000, 5000]] },
        { rows: ones('key1', 2999), at: 5999, out: [['key2', 1, 3000, 6000], ['key1', 2, 3000, 6000]] },
        ...nothing,
      ],
    },
    {
      from: 'SlicingWindowAggOperatorTest.testEventTimeTumblingWindows', window: tumble('time', '3s'), show: 'bounds', late: 2,
      steps: [
        { rows: unordered, at: 999 },
        { at: 1999 },
        { restart: true, at: 2999, out: [['key1', 3, 0, 3000], ['key2', 3, 0, 3000]] },
        { at: 3999 },
        { rows: ones('key1', 2500), at: 4999 },
        { rows: ones('key2', 2999), at: 5999, out: [['key2', 2, 3000, 6000]] },
        ...nothing,
      ],
    },
    {
      from: 'WindowOperatorTest.testSideOutputDueToLatenessTumbling', window: tumble('time', '2s'), show: 'last', late: 1,
      steps: [
        { rows: ones('key2', 1000), at: 1985 },
        { rows: ones('key2', 1980), at: 1999, out: [['key2', 2, 1999]] },
        { rows: ones('key2', 1998, 2001), at: 2999 },
        { at: 3999, out: [['key2', 1, 3999]] },
      ],
    },
    {
      from: 'WindowOperatorTest.testSideOutputDueToLatenessSliding', window: hop('time', '3s', { slide: '1s' }), show: 'last', late: 1,
      steps: [
        { rows: ones('key2', 1000), at: 1999, out: [['key2', 1, 1999]] },
        { rows: ones('key2', 2000), at: 3000, out: [['key2', 2, 2999]] },
        {
          rows: [...ones('key1', 3001), ...ones('key2', 2400, 2400), ...ones('key1', 3001), ...ones('key2', 3900)], at: 6000,
          out: [['key2', 5, 3999], ['key1', 2, 3999], ['key2', 4, 4999], ['key1', 2, 4999], ['key2', 1, 5999], ['key1', 2, 5999]],
        },
        { rows: ones('key1', 3001), at: 25000 },
      ],
    },
    {
      from: 'WindowOperatorTest.testLateness', window: tumble('time', '2s', { lateness: 500, purge: true }), show: 'last', late: 1,
      steps: [
        { rows: ones('key2', 500), at: 1500 },
        { rows: ones('key2', 1300), at: 2300, out: [['key2', 2, 1999]] },
        // 1 and not 3: what was told is forgotten.
        { rows: ones('key2', 1997), at: 6000, out: [['key2', 1, 1999]] },
        { rows: ones('key2', 1998), at: 7000 },
      ],
    },
    ...['testCleanupTimerWithEmptyListStateForTumblingWindows', 'testCleanupTimerWithEmptyReduceStateForTumblingWindows'].map((method): FlinkScript => ({
      from: `WindowOperatorTest.${method}`, window: tumble('time', '2s', { lateness: 1, ...(method.includes('List') && { evict: { rows: 9 } }) }), show: 'last',
      steps: [{ rows: ones('key2', 1000), at: 1599 }, { at: 1999, out: [['key2', 1, 1999]] }, { at: 2000 }, { at: 5000 }],
    })),
    {
      from: 'WindowOperatorTest.testCleanupTimerWithEmptyListStateForTumblingWindows2', window: tumble('time', '2s', { lateness: 100 }), show: 'last',
      steps: [{ rows: ones('key2', 1000), at: 1599 }, { at: 1999, out: [['key2', 1, 1999]] }, { at: 2100 }, { at: 5000 }],
    },
  ])
})

describe('sessions', () => {
  const simple = (from: string, restartAt: 'before' | 'after'): FlinkScript => ({
    from, window: session('time', { gap: '3s' }), show: 'bounds',
    steps: [
      { rows: [['key2', 1, 0], ['key2', 2, 1000], ['key2', 3, 2500], ...(restartAt === 'after' ? ([['key1', 1, 10], ['key1', 2, 1000]] as FlinkRow[]) : [])] },
      {
        restart: true, at: 12000, out: [['key1', 6, 10, 5500], ['key2', 6, 0, 5500], ['key2', 20, 5501, 9050]],
        rows: [...(restartAt === 'before' ? ([['key1', 1, 10], ['key1', 2, 1000]] as FlinkRow[]) : []), ['key1', 3, 2500], ['key2', 4, 5501], ['key2', 5, 6000], ['key2', 5, 6000], ['key2', 6, 6050]],
      },
      { rows: [['key2', 10, 15000], ['key2', 20, 15000]], at: 17999, out: [['key2', 30, 15000, 18000]] },
    ],
  })
  // The same rows to begin with, then what lateness makes of one that comes late.
  const joined: readonly FlinkStep[] = [
    { rows: ones('key2', 1000), at: 1999 },
    { rows: ones('key2', 2000), at: 4998 },
    { rows: ones('key2', 4500, 8500), at: 7400 },
    { rows: ones('key2', 7000), at: 11501, out: [['key2', 5, 1000, 11500]] },
    { rows: ones('key2', 11600), at: 14600, out: [['key2', 1, 11600, 14600]] },
  ]
  const late = (method: string, lateness: number, purge: boolean, steps: readonly FlinkStep[], lateRows = 0): FlinkScript => ({
    from: `WindowOperatorTest.${method}`, window: session('time', { gap: '3s', lateness, ...(purge && { purge }) }), show: 'bounds', late: lateRows, steps: [...joined, ...steps, { at: 100_000 }],
  })
  play([
    simple('WindowOperatorTest.testSessionWindows', 'after'),
    simple('WindowOperatorTest.testReduceSessionWindows', 'before'),
    late('testDropDueToLatenessSessionZeroLatenessPurgingTrigger', 0, true, [{ rows: ones('key2', 10000, 10100, 14500), at: 20000, out: [['key2', 1, 14500, 17500]] }], 2),
    late('testDropDueToLatenessSessionZeroLateness', 0, false, [{ rows: ones('key2', 10000, 14500), at: 20000, out: [['key2', 1, 14500, 17500]] }], 1),
    late('testDropDueToLatenessSessionWithLatenessPurgingTrigger', 10, true, [
      { rows: ones('key2', 10000), out: [['key2', 1, 10000, 14600]] },
      { rows: ones('key2', 14500), at: 20000, out: [['key2', 1, 10000, 17500]] },
    ]),
    late('testNotSideOutputDueToLatenessSessionWithLateness', 10, false, [
      { rows: ones('key2', 10000, 14500), out: [['key2', 2, 10000, 14600]] },
      { at: 20000, out: [['key2', 3, 10000, 17500]] },
    ]),
    late('testNotSideOutputDueToLatenessSessionWithHugeLatenessPurgingTrigger', 10_000, true, [
      { rows: ones('key2', 10000), out: [['key2', 1, 1000, 14600]] },
      { rows: ones('key2', 14500), at: 20000, out: [['key2', 1, 1000, 17500]] },
    ]),
    late('testNotSideOutputDueToLatenessSessionWithHugeLateness', 10_000, false, [
      { rows: ones('key2', 10000), out: [['key2', 7, 1000, 14600]] },
      { rows: ones('key2', 14500), at: 20000, out: [['key2', 8, 1000, 17500]] },
    ]),
    ...['testCleanupTimerWithEmptyListStateForSessionWindows', 'testCleanupTimerWithEmptyReduceStateForSessionWindows'].map((method): FlinkScript => ({
      from: `WindowOperatorTest.${method}`, window: session('time', { gap: '3s', lateness: 10, ...(method.includes('List') && { evict: { rows: 9 } }) }), show: 'bounds',
      steps: [{ rows: ones('key2', 1000), at: 4998, out: [['key2', 1, 1000, 4000]] }, { at: 14600 }],
    })),
    {
      from: 'WindowOperatorTest.testDynamicEventTimeSessionWindows', window: { kind: 'session', time: 'time', gapColumn: 'gap' }, show: 'bounds',
      steps: [
        { rows: [['key1', 3, 10, 3000], ['key2', 4, 5000, 2000], ['key2', 5, 6000, 2000]], at: 8999, out: [['key1', 3, 10, 3010], ['key2', 9, 5000, 8000]] },
        { rows: [['key2', 1, 9000, 2000], ['key2', 2, 10000, 2000], ['key2', 10, 10500, 1000]], at: 12999, out: [['key2', 13, 9000, 12000]] },
        { rows: [['key2', 10, 13000, 1000], ['key2', 10, 13500, 1000], ['key2', 1, 14000, 2000]], at: 16999, out: [['key2', 21, 13000, 16000]] },
      ],
    },
    {
      from: 'UnslicingWindowAggOperatorTest.testEventTimeSessionWindows', window: session('time', { gap: '3s' }), show: 'bounds', late: 1,
      steps: [
        { rows: unordered, at: 999 },
        { at: 1999 },
        { restart: true, at: 2999 },
        { at: 3999, out: [['key1', 3, 0, 3999]] },
        { rows: ones('key2', 3500), at: 4999 },
        { rows: ones('key1', 999), at: 5999 },
        { at: 6999, out: [['key2', 6, 1000, 6999]] },
        { at: 7999 },
        { at: 8999 },
      ],
    },
    {
      from: 'table WindowOperatorTest.testEventTimeSessionWindows', window: session('time', { gap: '3s' }), show: 'bounds', late: 1,
      steps: [
        { rows: [['key2', 1, 0], ['key2', 2, 1000], ['key2', 3, 2500], ['key1', 1, 10], ['key1', 2, 1000]] },
        { restart: true, rows: [['key1', 3, 2500], ['key2', 4, 5501], ['key2', 5, 6000], ['key2', 5, 6000], ['key2', 6, 6050]], at: 12000, out: [['key1', 6, 10, 5500], ['key2', 6, 0, 5500], ['key2', 20, 5501, 9050]] },
        { rows: [['key1', 3, 4000], ['key2', 10, 15000], ['key2', 20, 15000]], at: 17999, out: [['key2', 30, 15000, 18000]] },
      ],
    },
  ])
})

describe('sessions that become one, told at each row', () => {
  // Rows are windows: a start, and a gap up to its end. What came is the window that the row went into.
  const adds = (from: string, windows: readonly (readonly [start: number, end: number, rows: number, into: readonly [number, number]])[]): FlinkScript => ({
    from, window: { kind: 'session', time: 'time', gapColumn: 'gap', firing: { everyRows: 1 } }, show: 'bounds',
    steps: windows.map(([start, end, count, into], i) => ({ ...(i % 3 === 2 && { restart: true as const }), rows: [['a', 1, start, end - start]], out: [['a', count, ...into]] })),
  })
  play([
    adds('MergingWindowSetTest.testIncrementalMerging', [
      [0, 4, 1, [0, 4]], [0, 4, 2, [0, 4]], [3, 5, 3, [0, 5]], [4, 6, 4, [0, 6]], [1, 4, 5, [0, 6]], [0, 4, 6, [0, 6]], [3, 5, 7, [0, 6]], [4, 6, 8, [0, 6]],
      [11, 14, 1, [11, 14]], [10, 13, 2, [10, 14]], [12, 15, 3, [10, 15]], [11, 14, 4, [10, 15]],
    ]),
    adds('MergingWindowSetTest.testLateMerging', [
      [0, 3, 1, [0, 3]], [5, 8, 1, [5, 8]], [10, 13, 1, [10, 13]], [8, 10, 3, [5, 13]], [5, 8, 4, [5, 13]], [8, 10, 5, [5, 13]], [10, 13, 6, [5, 13]], [3, 5, 8, [0, 13]],
    ]),
    adds('MergingWindowSetTest.testMergeLargeWindowCoveringSingleWindow', [[1, 2, 1, [1, 2]], [0, 3, 2, [0, 3]]]),
    adds('MergingWindowSetTest.testMergeLargeWindowCoveringMultipleWindows', [[1, 3, 1, [1, 3]], [5, 8, 1, [5, 8]], [10, 13, 1, [10, 13]], [0, 13, 4, [0, 13]]]),
    adds('MergingWindowSetTest.testPersist', [[1, 2, 1, [1, 2]], [17, 42, 1, [17, 42]]]),
    adds('MergingWindowSetTest.testAddingIdenticalWindows', [[1, 2, 1, [1, 2]], [1, 2, 2, [1, 2]]]),
    ...(['EventTimeSessionWindowsTest', 'DynamicEventTimeSessionWindowsTest'] as const).flatMap(file => [
      adds(`${file}.testMergeSingleWindow`, [[0, 1, 1, [0, 1]]]),
      adds(`${file}.testMergeConsecutiveWindows`, [[0, 1, 1, [0, 1]], [1, 2, 2, [0, 2]], [2, 3, 3, [0, 3]], [4, 5, 1, [4, 5]], [5, 6, 2, [4, 6]]]),
      adds(`${file}.testMergeCoveringWindow`, [[0, 2, 1, [0, 2]], [4, 7, 1, [4, 7]], [5, 6, 2, [4, 7]]]),
    ]),
  ])
})
