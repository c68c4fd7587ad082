// Which windows a time is in, as Apache Flink's tests of window assigners have it. Each case names its file and method; the numbers are theirs.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { sessionAggregateOperator } from '../../src/operators/session-aggregate.ts'
import { triggeredAggregateOperator } from '../../src/operators/triggered-aggregate.ts'
import { windowAggregateOperator } from '../../src/operators/window-aggregate.ts'
import { windowRowsOperator } from '../../src/operators/window-rows.ts'
import { cumulate, hop, session, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { EventRun } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const fields = parseSchema({ time: 'timestamp[ms]', gap: 'int64?' }, 'test')
type Bounds = readonly [start: number, end: number]

/** The windows of a row, by each operator that finds them. */
function windowsOf(window: WindowSpec, time: number, gap?: number): Bounds[][] {
  const aggregate = { keys: [], window, aggregates: [{ name: 'n', fn: 'count' }] }
  const isSession = window.kind === 'session'
  const steps = [
    { type: triggeredAggregateOperator, params: aggregate },
    ...(isSession ? [{ type: sessionAggregateOperator, params: aggregate }] : [{ type: windowAggregateOperator, params: aggregate }, { type: windowRowsOperator, params: { window } }]),
  ]
  return steps.map(step => {
    const run = new EventRun(device, fields, [step])
    run.push([{ time, gap: gap === undefined ? null : BigInt(gap) }])
    run.finish()
    run.close()
    return run.rows.map((row): Bounds => [row.window_start as number, row.window_end as number]).sort((a, b) => a[1] - b[1])
  })
}

const hops = (first: number, size: number, slide: number): Bounds[] => Array.from({ length: size / slide }, (_, i) => [first + i * slide, first + i * slide + size])
const grown = (start: number, firstEnd: number, lastEnd: number, step: number): Bounds[] => Array.from({ length: (lastEnd - firstEnd) / step + 1 }, (_, i) => [start, firstEnd + i * step])
const by = (offset: number) => ({ offset })

type Case = readonly [from: string, window: WindowSpec, time: number, windows: readonly Bounds[], gap?: number]
const perTime = (from: string, window: WindowSpec, times: readonly (readonly [time: number, windows: readonly Bounds[]])[]): Case[] => times.map(([time, windows]) => [from, window, time, windows])

// By offset: times and the starts of their windows of 7.
const starts: Record<string, readonly Bounds[]> = {
  0: [[1, 0], [6, 0], [7, 7], [8, 7]],
  3: [[1, -4], [2, -4], [3, 3], [9, 3], [10, 10]],
  '-2': [[1, -2], [-2, -2], [3, -2], [4, -2], [7, 5], [12, 12]],
}

const tumbling: readonly Case[] = [
  ...perTime('TumblingEventTimeWindowsTest.testWindowAssignment', tumble('time', 5000), [[0, [[0, 5000]]], [4999, [[0, 5000]]], [5000, [[5000, 10000]]]]),
  ...perTime('TumblingEventTimeWindowsTest.testWindowAssignmentWithGlobalOffset', tumble('time', 5000, by(100)), [[100, [[100, 5100]]], [5099, [[100, 5100]]], [5100, [[5100, 10100]]]]),
  ...perTime('TumblingEventTimeWindowsTest.testWindowAssignmentWithNegativeGlobalOffset', tumble('time', 5000, by(-100)), [[0, [[-100, 4900]]], [4899, [[-100, 4900]]], [4900, [[4900, 9900]]]]),
  ...perTime('TumblingEventTimeWindowsTest.testTimeUnits', tumble('time', '5s', { offset: '1s' }), [[1000, [[1000, 6000]]], [5999, [[1000, 6000]]], [6000, [[6000, 11000]]]]),
  ...Object.entries(starts).flatMap(([offset, times]) => perTime('TimeWindowTest.testGetWindowStartWithOffset', tumble('time', 7, by(Number(offset))), times.map(([time, start]) => [time, [[start, start + 7]]]))),
  ['TimeWindowTest.testGetWindowStartWithOffset', tumble('time', '1d', { offset: '-8h' }), 1_470_902_048_450, [[1_470_844_800_000, 1_470_931_200_000]]],
]

const hopping: readonly Case[] = [
  ...perTime('SlidingEventTimeWindowsTest.testWindowAssignment', hop('time', 5000, { slide: 1000 }), [[0, hops(-4000, 5000, 1000)], [4999, hops(0, 5000, 1000)], [5000, hops(1000, 5000, 1000)]]),
  ...perTime('SlidingEventTimeWindowsTest.testWindowAssignmentWithOffset', hop('time', 5000, { slide: 1000, offset: 100 }), [[100, hops(-3900, 5000, 1000)], [5099, hops(100, 5000, 1000)], [5100, hops(1100, 5000, 1000)]]),
  ...perTime('SlidingEventTimeWindowsTest.testWindowAssignmentWithNegativeOffset', hop('time', 5000, { slide: 1000, offset: -100 }), [[0, hops(-4100, 5000, 1000)], [4899, hops(-100, 5000, 1000)], [4900, hops(900, 5000, 1000)]]),
  ...perTime('SlidingEventTimeWindowsTest.testTimeUnits', hop('time', '5s', { slide: '1s', offset: '500ms' }), [[100, hops(-4500, 5000, 1000)], [5499, hops(500, 5000, 1000)], [5100, hops(500, 5000, 1000)]]),
]

const growing: readonly Case[] = [
  ...perTime('CumulativeWindowAssignerTest.testWindowAssignment', cumulate('time', 5000, { step: 1000 }), [[0, grown(0, 1000, 5000, 1000)], [4999, [[0, 5000]]], [5000, grown(5000, 6000, 10000, 1000)]]),
  ...perTime('CumulativeWindowAssignerTest.testWindowAssignmentWithOffset', cumulate('time', 5000, { step: 1000, offset: 100 }), [[100, grown(100, 1100, 5100, 1000)], [5099, [[100, 5100]]], [5100, grown(5100, 6100, 10100, 1000)]]),
]

const own: WindowSpec = { kind: 'session', time: 'time', gapColumn: 'gap' }
const sessions: readonly Case[] = [
  ...perTime('EventTimeSessionWindowsTest.testWindowAssignment', session('time', { gap: 5000 }), [[0, [[0, 5000]]], [4999, [[4999, 9999]]], [5000, [[5000, 10000]]]]),
  ...perTime('EventTimeSessionWindowsTest.testTimeUnits', session('time', { gap: '5s' }), [[0, [[0, 5000]]], [4999, [[4999, 9999]]], [5000, [[5000, 10000]]]]),
  ['DynamicEventTimeSessionWindowsTest.testWindowAssignment', own, 0, [[0, 5000]], 5000],
  ['DynamicEventTimeSessionWindowsTest.testWindowAssignment', own, 4999, [[4999, 8999]], 4000],
  ['DynamicEventTimeSessionWindowsTest.testWindowAssignment', own, 5000, [[5000, 14000]], 9000],
]

describe('the windows of a time', () => {
  test.each([...tumbling, ...hopping, ...growing, ...sessions].map(([from, window, time, windows, gap]) => ({ from, window, time, windows, gap })))('$from: $window.kind, $time', ({ from, window, time, windows, gap }) => {
    for (const found of windowsOf(window, time, gap)) expect(found, from).toEqual(windows)
  })
})

const zones = ['America/Los_Angeles', 'Asia/Shanghai'] as const
/** When the clock of a zone shows a text: away from changes, the zone's offset at that date is enough. */
const shownAt = (zone: string, text: string) => Date.parse(`${text}Z`) + (zone === 'Asia/Shanghai' ? -8 : 8) * 3_600_000

describe('slices of a zone: the end of the first window of a time', () => {
  type Slice = readonly [from: string, kind: (zone: string) => WindowSpec, time: string, end: string]
  const slices: readonly Slice[] = [
    ...([
      ['TumblingSliceAssignerTest', (zone: string, offset?: number) => tumble('time', '5h', { zone, ...(offset && { offset }) }), ['05:00:00', '10:00:00']],
      ['HoppingSliceAssignerTest', (zone: string, offset?: number) => hop('time', '5h', { slide: '1h', zone, ...(offset && { offset }) }), ['01:00:00', '06:00:00']],
    ] as const).flatMap(([file, kind, [first, last]]): Slice[] => [
      [`${file}.testSliceAssignment`, kind, '1970-01-01T00:00:00', `1970-01-01T${first}`],
      [`${file}.testSliceAssignment`, kind, '1970-01-01T04:59:59.999', '1970-01-01T05:00:00'],
      [`${file}.testSliceAssignment`, kind, '1970-01-01T05:00:00', `1970-01-01T${last}`],
      [`${file}.testSliceAssignmentWithOffset`, zone => kind(zone, 100), '1970-01-01T00:00:00.100', `1970-01-01T${first}.100`],
      [`${file}.testSliceAssignmentWithOffset`, zone => kind(zone, 100), '1970-01-01T05:00:00.099', '1970-01-01T05:00:00.100'],
      [`${file}.testSliceAssignmentWithOffset`, zone => kind(zone, 100), '1970-01-01T05:00:00.100', `1970-01-01T${last}.100`],
    ]),
    ['CumulativeSliceAssignerTest.testSliceAssignment', zone => cumulate('time', '1d', { step: '1h', zone }), '1970-01-01T00:00:00', '1970-01-01T01:00:00'],
    ['CumulativeSliceAssignerTest.testSliceAssignment', zone => cumulate('time', '1d', { step: '1h', zone }), '1970-01-02T22:59:59.999', '1970-01-02T23:00:00'],
    ['CumulativeSliceAssignerTest.testSliceAssignment', zone => cumulate('time', '1d', { step: '1h', zone }), '1970-01-02T23:00:00', '1970-01-03T00:00:00'],
    ['CumulativeSliceAssignerTest.testSliceAssignmentWithOffset', zone => cumulate('time', '5h', { step: '1h', zone, offset: 100 }), '1970-01-01T00:00:00.100', '1970-01-01T01:00:00.100'],
    ['CumulativeSliceAssignerTest.testSliceAssignmentWithOffset', zone => cumulate('time', '5h', { step: '1h', zone, offset: 100 }), '1970-01-01T05:00:00.099', '1970-01-01T05:00:00.100'],
    ['CumulativeSliceAssignerTest.testSliceAssignmentWithOffset', zone => cumulate('time', '5h', { step: '1h', zone, offset: 100 }), '1970-01-01T05:00:00.100', '1970-01-01T06:00:00.100'],
  ]
  test.each(slices.flatMap(([from, kind, time, end]) => zones.map(zone => [from, zone, time, end, kind(zone)] as const)))('%s: %s, %s', (from, zone, time, end, window) => {
    for (const found of windowsOf(window, shownAt(zone, time))) expect(found[0]![1], from).toBe(shownAt(zone, end))
  })
})

describe('where the clock of Los Angeles is changed', () => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Los_Angeles', dateStyle: 'short', timeStyle: 'medium' })
  const shown = (time: number) => Date.parse(`${format.format(time).replace(' ', 'T')}Z`)
  // An end in the hour that the clock leaves out shows as what it would have: a moment before it, and a moment on.
  const text = (time: number) => new Date(time).toISOString().slice(0, 16)
  const [spring, autumn] = [1_615_708_800_000, 1_636_268_400_000]
  const hours = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i * 3_600_000)
  const zone = 'America/Los_Angeles'
  const kinds = {
    'TumblingSliceAssignerTest.testDstSaving': [tumble('time', '4h', { zone }), [['14T00', '14T04'], ['14T00', '14T04'], ['14T00', '14T04'], ['14T04', '14T08']], [['07T00', '07T04'], ['07T00', '07T04'], ['07T00', '07T04'], ['07T00', '07T04'], ['07T00', '07T04'], ['07T04', '07T08']]],
    'HoppingSliceAssignerTest.testDstSaving': [hop('time', '4h', { slide: '1h', zone }), [['13T21', '14T01'], ['13T22', '14T02'], ['14T00', '14T04'], ['14T01', '14T05']], [['06T21', '07T01'], ['06T22', '07T02'], ['06T22', '07T02'], ['06T23', '07T03'], ['07T00', '07T04'], ['07T01', '07T05']]],
    'CumulativeSliceAssignerTest.testDstSaving': [cumulate('time', '4h', { step: '1h', zone }), [['14T00', '14T01'], ['14T00', '14T02'], ['14T00', '14T04'], ['14T04', '14T05']], [['07T00', '07T01'], ['07T00', '07T02'], ['07T00', '07T02'], ['07T00', '07T03'], ['07T00', '07T04'], ['07T04', '07T05']]],
  } as const
  const cases = Object.entries(kinds).flatMap(([from, [window, first, last]]) => [
    ...hours(spring, 4).map((time, i) => [from, time, `2021-03-${first[i]![0]}:00`, `2021-03-${first[i]![1]}:00`, window] as const),
    ...hours(autumn, 6).map((time, i) => [from, time, `2021-11-${last[i]![0]}:00`, `2021-11-${last[i]![1]}:00`, window] as const),
  ])
  test.each(cases)('%s: %i is in [%s, %s)', (from, time, start, end, window) => {
    for (const found of windowsOf(window, time)) expect([text(shown(found[0]![0])), text(shown(found[0]![1] - 1) + 1_000)], from).toEqual([start, end])
  })
})

describe('windows that make no sense', () => {
  test.each([
    ['TumblingEventTimeWindowsTest.testInvalidParameters', () => tumble('time', '-1s')],
    ['TumblingSliceAssignerTest.testInvalidParameters', () => tumble('time', -1_000)],
    ['SlidingEventTimeWindowsTest.testInvalidParameters, size', () => hop('time', '-2s', { slide: '1s' })],
    ['SlidingEventTimeWindowsTest.testInvalidParameters, slide', () => hop('time', '2s', { slide: '-1s' })],
    ['CumulativeWindowAssignerTest.testInvalidParameters1', () => cumulate('time', '-2s', { step: '1s' })],
    ['CumulativeWindowAssignerTest.testInvalidParameters2', () => cumulate('time', '2s', { step: '-1s' })],
    ['CumulativeWindowAssignerTest.testInvalidParameters3', () => cumulate('time', '5000s', { step: '2000s' })],
    ['EventTimeSessionWindowsTest.testInvalidParameters', () => session('time', { gap: '-1s' })],
    ['EventTimeSessionWindowsTest.testInvalidParameters, 0', () => session('time', { gap: 0 })],
    ['DynamicEventTimeSessionWindowsTest.testInvalidParameters', () => windowsOf(own, 1, -1)],
  ])('%s', (_, make) => expect(make).toThrow(/^(tumble|hop|cumulate|session|step 0): the (size|slide|step|gap) /))
  // Flink refuses offsets of a size or more; here they move windows as far as they say, which is where the rest of them would. And hops whose size is no multiple of the slide have slices, too.
  test('TumblingEventTimeWindowsTest.testInvalidParameters, SlidingEventTimeWindowsTest.testInvalidParameters, HoppingSliceAssignerTest.testInvalidParameters: offsets beyond a size, and sizes that are no multiple, are taken', () => {
    for (const found of windowsOf(tumble('time', '10s', { offset: '20s' }), 5)) expect(found).toEqual([[0, 10_000]])
    for (const found of windowsOf(tumble('time', '10s', { offset: '-11s' }), 5)) expect(found).toEqual([[-1_000, 9_000]])
    for (const found of windowsOf(hop('time', '20s', { slide: '10s', offset: '11s' }), 5)) expect(found).toEqual([[-19_000, 1_000], [-9_000, 11_000]])
    for (const found of windowsOf(hop('time', '5s', { slide: '2s' }), 5)) expect(found).toEqual([[-4_000, 1_000], [-2_000, 3_000], [0, 5_000]])
  })
})
