// What Apache Flink's tests of triggers, evictors, windows of all rows and windows by the clock put in and get out. Each case names its file and method; the numbers are theirs.
import { afterEach, beforeAll, describe, expect } from 'vitest'
import { createDevice, type Device } from '../../src/device/device.ts'
import { countWindow, globalWindow, processingTime, session, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { continuousTrigger, countTrigger, type FlinkScript, type FlinkStep, ones, testScripts } from '../support/flink-scripts.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const play = (scripts: readonly FlinkScript[]) => testScripts(() => device, scripts)


describe('triggers', () => {
  const [first, second] = [ones('a', 0), ones('a', 2)]
  const tumbling = (firing: object) => tumble('time', 2, { lateness: 100, ...firing })
  play([
    {
      from: 'EventTimeTriggerTest.testWindowSeparationAndFiring', window: tumble('time', 2), show: 'bounds',
      steps: [{ rows: ones('a', 0, 0, 0, 2, 2) }, { at: 2, out: [['a', 3, 0, 2]] }, { at: 4, out: [['a', 2, 2, 4]] }],
    },
    { from: 'EventTimeTriggerTest.testLateElementTriggersImmediately', window: tumbling({ purge: true }), show: 'bounds', steps: [{ at: 2 }, { rows: first, out: [['a', 1, 0, 2]] }, { at: 50 }] },
    { from: 'EventTimeTriggerTest.testMergingWindows', window: session('time', { gap: 2 }), show: 'bounds', steps: [{ rows: [...first, ...second] }, { at: 4, out: [['a', 2, 0, 4]] }, { at: 9 }] },
    {
      from: 'CountTriggerTest.testWindowSeparationAndFiring', window: tumble('time', 2), show: 'bounds', trigger: countTrigger(3),
      steps: [{ rows: [...first, ...second, ...first] }, { rows: first, out: [['a', 3, 0, 2]] }, { restart: true, rows: second }, { rows: second, out: [['a', 3, 2, 4]] }, { at: 9 }],
    },
    {
      from: 'CountTriggerTest.testWindowSeparationAndFiring, with every: 3', window: tumble('time', 2, { every: 3 }), show: 'bounds',
      steps: [{ rows: [...first, ...second, ...first] }, { rows: first, out: [['a', 3, 0, 2]] }, { restart: true, rows: second }, { rows: second, out: [['a', 3, 2, 4]] }],
    },
    {
      from: 'WindowOperatorTest.testSessionWindowsWithCountTrigger', window: session('time', { gap: '3s' }), show: 'bounds', trigger: countTrigger(4, true),
      steps: [
        { rows: [['key2', 1, 0], ['key2', 2, 1000], ['key2', 3, 2500], ['key2', 4, 3500], ['key1', 1, 10], ['key1', 2, 1000]], out: [['key2', 10, 0, 6500]] },
        { restart: true, rows: [['key1', 3, 2500], ['key1', 1, 6000], ['key1', 2, 6500], ['key1', 3, 7000]] },
        // Two sessions of three rows each become one of seven.
        { rows: [['key1', 10, 4500]], out: [['key1', 22, 10, 10000]] },
      ],
    },
    ...[undefined, continuousTrigger(3_600_000)].flatMap((trigger): FlinkScript[] => {
      const hourly = (options: object = {}) => tumble('time', 2, trigger ? options : { every: '1h', ...options })
      const by = trigger ? 'by a trigger' : "with every: '1h'"
      return [
        {
          from: `ContinuousEventTimeTriggerTest.testWindowSeparationAndFiring, ${by}`, window: hourly(), show: 'bounds', ...(trigger && { trigger }),
          steps: [{ rows: ones('a', 0, 0, 0, 2, 2) }, { at: 2, out: [['a', 3, 0, 2]] }, { at: 4, out: [['a', 2, 2, 4]] }],
        },
        { from: `ContinuousEventTimeTriggerTest.testLateElementTriggersImmediately, ${by}`, window: hourly({ lateness: 100 }), show: 'bounds', ...(trigger && { trigger }), steps: [{ at: 2 }, { rows: first, out: [['a', 1, 0, 2]] }, { at: 20 }] },
      ]
    }),
    { from: 'ContinuousEventTimeTriggerTest.testMergingWindows', window: session('time', { gap: 2, every: '1h' }), show: 'bounds', steps: [{ rows: [...first, ...second] }, { restart: true, at: 4, out: [['a', 2, 0, 4]] }, { at: 9 }] },
    { from: 'ContinuousEventTimeTriggerTest.testTriggerHandlesAllOnTimerCalls', window: tumble('time', 2, { every: '5ms', lateness: 18 }), show: 'bounds', steps: [{ at: 10 }, { rows: first, out: [['a', 1, 0, 2]] }, { at: 20 }] },
    {
      from: 'PurgingTriggerTest.testForwarding', window: tumble('time', 2), show: 'sum',
      trigger: {
        onRow(row, { state, timers }) {
          state.n = (state.n ?? 0) + 1
          if (state.n === 5) for (const time of [1, 2, 3, 4]) timers.eventTime(time - 5)
          return ([undefined, 'fireAndPurge', 'fireAndPurge', 'purge'] as const)[state.n - 1]
        },
        onEventTime: time => ([undefined, 'fireAndPurge', 'fireAndPurge', 'purge'] as const)[time + 4],
      },
      // What forgets its rows tells nothing until there are more.
      steps: [{ rows: first }, { rows: first, out: [['a', 2]] }, { rows: first, out: [['a', 1]] }, { rows: first }, { rows: first }, { at: -4 }, { at: -3, out: [['a', 1]] }, { at: -2 }, { at: -1 }],
    },
  ])
})

describe('windows of all rows', () => {
  const continuous = (trigger: boolean): readonly FlinkStep[] => [
    { rows: [...ones('key1', 0), ...ones('key2', 3000, 3999), ...ones('key1', 20, 999), ...ones('key2', 1998, 1999, 1000)], at: 1000 },
    { at: 2000 },
    { at: 3000, out: [['key1', 3]] },
    { at: 4000 },
    { at: 5000 },
    // Flink's trigger tells of key1 again, though no row came; `every` tells of what has changed.
    { at: 6000, out: [['key2', 5], ...(trigger ? [['key1', 3]] : [])] },
    { at: 7000 },
    { at: 8000 },
  ]
  const counted: readonly FlinkStep[] = [
    { rows: [...ones('key2', 3000, 3999), ...ones('key1', 20, 0, 999), ...ones('key2', 1998, 1999)], out: [['key2', 4]] },
    { restart: true, rows: ones('key2', 1000) },
    { rows: [...ones('key1', 10999), ...ones('key2', 1000, 1000, 1000)], out: [['key1', 4], ['key2', 4]] },
  ]
  play([
    { from: 'WindowOperatorTest.testContinuousWatermarkTrigger, by a trigger', window: { kind: 'global', time: 'time', firing: { custom: true } }, show: 'sum', trigger: continuousTrigger(3000), steps: continuous(true) },
    { from: 'WindowOperatorTest.testContinuousWatermarkTrigger, with every', window: globalWindow({ time: 'time', every: '3s' }), show: 'sum', steps: continuous(false) },
    { from: 'WindowOperatorTest.testCountTrigger, by a trigger', window: { kind: 'global', firing: { custom: true } }, show: 'sum', trigger: countTrigger(4, true), steps: counted },
    { from: 'WindowOperatorTest.testCountTrigger, with every and purge', window: globalWindow({ every: 4, purge: true }), show: 'sum', steps: counted },
    { from: 'WindowOperatorTest.testCountTrigger, as countWindow(4)', window: countWindow(4), show: 'sum', steps: counted },
  ])
})

describe('evictors', () => {
  const given = [...ones('key2', 3000, 3999), ...ones('key1', 20, 0, 999), ...ones('key2', 1998, 1999, 1000)]
  const evicting = (evict: object, time?: 'time') => globalWindow({ every: 2, evict: evict as never, ...(time && { time }) })
  play([
    {
      from: 'EvictingWindowOperatorTest.testCountEvictorEvictAfter', window: evicting({ rows: 4, after: true }), show: 'sum',
      steps: [
        { rows: given, out: [['key2', 2], ['key2', 4], ['key1', 2]] },
        { restart: true, rows: [...ones('key1', 10999), ...ones('key2', 1000)], out: [['key1', 4], ['key2', 6]] },
        { rows: ones('key2', 1000, 1000), out: [['key2', 6]] },
      ],
    },
    {
      from: 'EvictingWindowOperatorTest.testTimeEvictorEvictAfter', window: evicting({ last: '2s', after: true }, 'time'), show: 'sum',
      steps: [
        { rows: [...ones('key2', 1000, 4000), ...ones('key1', 20, 0, 999), ...ones('key2', 3500, 2001, 1001)], out: [['key2', 2], ['key1', 2], ['key2', 3]] },
        { restart: true, rows: [...ones('key1', 10999), ...ones('key2', 1002)], out: [['key1', 4], ['key2', 5]] },
      ],
    },
    {
      from: 'EvictingWindowOperatorTest.testTimeEvictorEvictBefore', window: tumble('time', '4s', { evict: { last: '2s' } }), show: 'last', trigger: countTrigger(2),
      steps: [
        { rows: [...ones('key2', 1000, 3999), ...ones('key1', 20, 0, 999, 5999), ...ones('key2', 3500, 2001, 1001)], out: [['key2', 1, 3999], ['key1', 2, 3999], ['key2', 3, 3999]] },
        { restart: true, rows: [...ones('key1', 6500), ...ones('key2', 1002)], out: [['key1', 2, 7999], ['key2', 3, 3999]] },
      ],
    },
    {
      // Of key2 alone: Flink's test takes its rows' differences with their signs, which keeps a 5 before a 3; here they have none.
      from: 'EvictingWindowOperatorTest.testDeltaEvictorEvictBefore', window: evicting({ delta: 2, column: 'value' }), show: 'sum',
      steps: [
        { rows: [['key2', 1, 3000], ['key2', 4, 3999], ['key2', 5, 1998], ['key2', 6, 1999], ['key2', 1, 1000]], out: [['key2', 4], ['key2', 11]] },
        { restart: true, rows: [['key2', 10, 1000]], out: [['key2', 10]] },
      ],
    },
    {
      from: 'EvictingWindowOperatorTest.testDeltaEvictorEvictAfter', window: evicting({ delta: 2, column: 'value', after: true }), show: 'sum',
      steps: [
        { rows: [['key2', 1, 3000], ['key2', 4, 3999], ['key1', 1, 20], ['key1', 1, 0], ['key1', 5, 999], ['key2', 5, 1998], ['key2', 6, 1999], ['key2', 1, 1000]], out: [['key2', 5], ['key2', 15], ['key1', 2]] },
        { restart: true, rows: [['key1', 9, 10999], ['key2', 10, 1000]], out: [['key1', 16], ['key2', 22]] },
      ],
    },
    ...[['testCountTrigger', evicting({ rows: 4 })], ['testCountTriggerWithApply', countWindow(4, { slide: 2 })]].map(([method, window]): FlinkScript => ({
      from: `EvictingWindowOperatorTest.${method as string}`, window: window as WindowSpec, show: 'sum',
      steps: [
        { rows: given.slice(0, -1), out: [['key2', 2], ['key2', 4], ['key1', 2]] },
        { restart: true, rows: [...given.slice(-1), ...ones('key1', 10999), ...ones('key2', 1000)], out: [['key1', 4], ['key2', 4]] },
      ],
    })),
    {
      from: 'EvictingWindowOperatorTest.testTumblingWindowWithApply', window: tumble('time', '4s', { evict: { rows: 4 } }), show: 'last',
      steps: [{ rows: ones('key1', 10, 100), at: 1999 }, { rows: [...ones('key1', 1997, 1998, 2310, 2310), ...ones('key2', 2310, 2310)], at: 3999, out: [['key1', 4, 3999], ['key2', 2, 3999]] }],
    },
  ])
})

describe('windows by the clock', () => {
  const [key1, key2] = [ones('key1', 7000), ones('key2', 7000)]
  const h = (day: number, hour: number) => Date.UTC(1970, 0, day, hour - 8)
  const zone = 'Asia/Shanghai'
  const tumbling: readonly FlinkStep[] = [
    { clock: 3, rows: [...key2, ...key2, ...key2, ...key1, ...key1] },
    { restart: true, clock: 5000, out: [['key2', 3, 2999], ['key1', 2, 2999]] },
    { rows: [...key1, ...key1, ...key1] },
    { clock: 7000, out: [['key1', 3, 5999]] },
  ]
  const sessions: readonly FlinkStep[] = [
    { clock: 3, rows: key2 },
    { restart: true, clock: 1000, rows: key2 },
    { clock: 5000, rows: [...key2, ...key2, ...key1, ...key1, ...key1], out: [['key2', 2, 3999]] },
    { clock: 10000, out: [['key2', 2, 7999], ['key1', 3, 7999]] },
  ]
  play([
    { from: 'WindowOperatorTest.testProcessingTimeTumblingWindows', window: processingTime.tumble('3s'), show: 'last', steps: tumbling },
    { from: 'table WindowOperatorTest.testProcessingTimeTumblingWindows', window: processingTime.tumble('3s', { every: 1_000 }), show: 'last', steps: tumbling },
    {
      from: 'WindowOperatorTest.testProcessingTimeSlidingWindows', window: processingTime.hop('3s', { slide: '1s' }), show: 'last',
      steps: [
        { clock: 3, rows: key2 },
        { clock: 1000, rows: [...key2, ...key2], out: [['key2', 1, 999]] },
        { restart: true, clock: 2000, rows: [...key1, ...key1], out: [['key2', 3, 1999]] },
        { clock: 3000, rows: [...key1, ...key1, ...key1], out: [['key2', 3, 2999], ['key1', 2, 2999]] },
        { clock: 7000, out: [['key2', 2, 3999], ['key1', 5, 3999], ['key1', 5, 4999], ['key1', 3, 5999]] },
      ],
    },
    { from: 'WindowOperatorTest.testProcessingTimeSessionWindows', window: processingTime.session({ gap: '3s' }), show: 'last', steps: sessions },
    { from: 'table WindowOperatorTest.testProcessingTimeSessionWindows', window: processingTime.session({ gap: '3s', every: 1_000 }), show: 'last', steps: sessions },
    {
      from: 'SlicingWindowAggOperatorTest.testProcessingTimeTumblingWindows', window: processingTime.tumble('5h', { zone }), show: 'bounds',
      steps: [
        { clock: h(1, 0) + 3, rows: [...key2, ...key2, ...key2, ...key1, ...key1] },
        { clock: h(1, 5), rows: [...key1, ...key1, ...key1], out: [['key2', 3, h(1, 0), h(1, 5)], ['key1', 2, h(1, 0), h(1, 5)]] },
        { clock: h(1, 10) + 1_000, out: [['key1', 3, h(1, 5), h(1, 10)]] },
      ],
    },
    {
      from: 'SlicingWindowAggOperatorTest.testProcessingTimeHoppingWindows', window: processingTime.hop('3h', { slide: '1h', zone }), show: 'bounds',
      steps: [
        { clock: h(1, 0) + 3, rows: key2 },
        { clock: h(1, 1), rows: [...key2, ...key2], out: [['key2', 1, h(1, -2), h(1, 1)]] },
        { clock: h(1, 2), rows: [...key1, ...key1], out: [['key2', 3, h(1, -1), h(1, 2)]] },
        { clock: h(1, 3), rows: [...key1, ...key1, ...key1], out: [['key2', 3, h(1, 0), h(1, 3)], ['key1', 2, h(1, 0), h(1, 3)]] },
        { clock: h(1, 7), out: [['key2', 2, h(1, 1), h(1, 4)], ['key1', 5, h(1, 1), h(1, 4)], ['key1', 5, h(1, 2), h(1, 5)], ['key1', 3, h(1, 3), h(1, 6)]] },
      ],
    },
    {
      from: 'SlicingWindowAggOperatorTest.testProcessingTimeCumulativeWindows', window: processingTime.cumulate('1d', { step: '8h', zone }), show: 'bounds',
      steps: [
        { clock: h(1, 0) + 3, rows: key2 },
        { clock: h(1, 8), rows: [...key2, ...key2], out: [['key2', 1, h(1, 0), h(1, 8)]] },
        { clock: h(1, 16), rows: [...key1, ...key1], out: [['key2', 3, h(1, 0), h(1, 16)]] },
        { clock: h(2, 0), rows: [...key1, ...key2, ...key1], out: [['key2', 3, h(1, 0), h(2, 0)], ['key1', 2, h(1, 0), h(2, 0)]] },
        { clock: h(3, 8), out: [h(2, 8), h(2, 16), h(3, 0)].flatMap(end => [['key1', 2, h(2, 0), end], ['key2', 1, h(2, 0), end]]) },
      ],
    },
    {
      from: 'UnslicingWindowAggOperatorTest.testProcessingTimeSessionWindows', window: processingTime.session({ gap: '3s' }), show: 'bounds',
      steps: [
        { clock: 3000, rows: [...key2, ...key2, ...key2, ...key1, ...key1] },
        { restart: true, clock: 6000, out: [['key2', 3, 3000, 6000], ['key1', 2, 3000, 6000]] },
        { clock: 7000, rows: key1 },
        { clock: 8000, rows: key1 },
      ],
    },
  ])
})

describe('early and late results as changes', () => {
  const [insert, before, after] = [0, 1, 2]
  const update = (key: string, sum: number, ...bounds: [number, number]) => [[before, key, sum - 1, ...bounds], [after, key, sum, ...bounds]]
  const early: readonly FlinkStep[] = [
    { clock: 0, rows: ones('key2', 3999, 3000) },
    { clock: 1, rows: [...ones('key1', 20, 0, 999), ...ones('key2', 1998, 1999, 1000)] },
    // Flink's clock calls at 1000 what was to be called then; here it is once the clock has passed it.
    { clock: 1001, at: 999, out: [[insert, 'key2', 2, 3000, 6000]] },
    { clock: 1002, out: [[insert, 'key1', 3, 0, 3000], [insert, 'key2', 3, 0, 3000]] },
    { clock: 2001, at: 1999 },
    // What comes at the end is as it was told early.
    { restart: true, clock: 3001, at: 2999 },
    { rows: ones('key2', 4999), at: 3999 },
    { clock: 4002, out: update('key2', 3, 3000, 6000) },
  ]
  const end: readonly FlinkStep[] = [{ clock: 5100, rows: ones('key2', 5122), at: 4999 }, { at: 5999, out: update('key2', 4, 3000, 6000) }, { clock: 6101 }, { at: 6999 }, { at: 7999 }]
  play([
    {
      from: 'table WindowOperatorTest.testEventTimeTumblingWindowsWithEarlyFiring', window: tumble('time', '3s', { early: '1s' }), show: 'bounds', changes: true, late: 4,
      steps: [...early, { rows: [...ones('key2', 2001), ...ones('key1', 2030)] }, ...end, { rows: [...ones('key2', 2877), ...ones('key1', 2899)] }],
    },
    {
      from: 'table WindowOperatorTest.testEventTimeTumblingWindowsWithEarlyAndLateFirings', window: tumble('time', '3s', { early: '1s', lateness: '3s' }), show: 'bounds', changes: true, late: 2,
      steps: [
        ...early,
        { rows: ones('key2', 2001), out: update('key2', 4, 0, 3000) },
        { rows: ones('key1', 2030), out: update('key1', 4, 0, 3000) },
        ...end,
        { at: 10000, rows: [] },
        { rows: ones('key2', 6222, 7222), out: [[insert, 'key2', 1, 6000, 9000], ...update('key2', 2, 6000, 9000)] },
        { rows: [...ones('key2', 2877), ...ones('key1', 2899)] },
      ],
    },
  ])
})
