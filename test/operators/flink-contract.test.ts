// What triggers are called for and what their answers do, by event time and by the clock, as Apache Flink's WindowOperatorContractTest has it. Each case names its method; its windows are
// here those of a hop, as a row is of two there, too.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createDevice, type Device } from '../../src/device/device.ts'
import type { TriggerAnswer, TriggerFunctions } from '../../src/window/trigger-functions.ts'
import { hop, processingTime, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { type FlinkStep, ones, operatorsOf, playScript } from '../support/flink-scripts.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

function play(from: string, window: WindowSpec, steps: readonly FlinkStep[], trigger?: TriggerFunctions<any, number>, late = 0): void {
  const script = { from, window, steps, show: 'bounds' as const, late, ...(trigger && { trigger }) }
  for (const type of operatorsOf(script)) playScript(device, script, type)
}

/** A row at a time, and that time has come to be, in a domain of time. */
const domains = {
  EventTime: { window: hop('time', 8, { slide: 4 }), row: (time: number): FlinkStep => ({ rows: ones('a', time) }), come: (time: number): FlinkStep => ({ at: time }) },
  ProcessingTime: { window: processingTime.hop(8, { slide: 4 }), row: (time: number): FlinkStep => ({ clock: time, rows: ones('a', 0) }), come: (time: number): FlinkStep => ({ clock: time + 1 }) },
} as const

/** A trigger that sets a timer at each row, and says `onTime` of timers, or `onRow` of rows; with all calls. */
function timed(domain: keyof typeof domains, timer: (state: Record<string, number>) => number, onTime: TriggerAnswer, onRow?: TriggerAnswer) {
  const calls = { rows: 0, timers: [] as number[], cleared: 0 }
  const onTimer = (time: number) => {
    calls.timers.push(time)
    return onTime
  }
  const trigger: TriggerFunctions<any, number> = {
    onRow(_, { timers, state }) {
      calls.rows++
      state.n = (state.n ?? 0) + 1
      if (domain === 'EventTime') timers.eventTime(timer(state))
      else timers.processingTime(timer(state))
      return onRow
    },
    onEventTime: onTimer,
    onProcessingTime: onTimer,
    clear: () => void calls.cleared++,
  }
  return { calls, trigger }
}

describe.each(Object.keys(domains) as (keyof typeof domains)[])('timers of %s', domain => {
  const { window, row, come } = domains[domain]
  const both = (rows: number) => [['a', rows, 0, 8], ['a', rows, 4, 12]]
  test.each([
    ['Continue', 'continue', [], []],
    ['Fire', 'fire', both(1), both(2)],
    ['FireAndPurge', 'fireAndPurge', both(1), both(1)],
    ['Purge', 'purge', [], []],
  ] as const)(`WindowOperatorContractTest.testOn${domain}%s`, (_, answer, first, second) => {
    const { calls, trigger } = timed(domain, ({ n }) => (n === 1 ? 5 : 6), answer)
    const steps = [row(4), { ...come(5), out: first }, { restart: true as const, ...row(6) }, { ...come(6), out: second }]
    play(`testOn${domain}`, window, steps, trigger)
    // Two windows, of two rows each; what is remembered goes on, and nothing is cleared before its end.
    expect([calls.rows, calls.timers, calls.cleared]).toEqual([4, [5, 5, 6, 6], 0])
    const whole = timed(domain, ({ n }) => (n === 1 ? 5 : 6), answer)
    play(`testOn${domain}, to the end`, window, [...steps, { ...come(11), out: answer === 'fire' ? both(2) : [] }, { ...come(90) }], whole.trigger)
    expect([whole.calls.timers, whole.calls.cleared]).toEqual([[5, 5, 6, 6, 7, 11], 2])
  })
  test(`WindowOperatorContractTest.testNo${domain}FiringForPurgedWindow`, () => {
    const { calls, trigger } = timed(domain, () => 5, 'fire', 'purge')
    play(`testNo${domain}FiringForPurgedWindow`, window, [row(4), come(5)], trigger)
    expect([calls.timers, calls.cleared]).toEqual([[5, 5], 0])
  })
  test.each([['Fire', 'fire', both(1), both(2)], ['FireAndPurge', 'fireAndPurge', both(1), both(1)], ['Continue', undefined, [], []], ['Purge', 'purge', [], []]] as const)(`WindowOperatorContractTest.testOnElement%s, of ${domain}`, (name, answer, first, second) => {
    const { calls, trigger } = timed(domain, () => 90, undefined, answer)
    play(`testOnElement${name}`, window, [{ ...row(4), out: first }, { restart: true, ...row(5), out: second }], trigger)
    expect([calls.rows, calls.cleared]).toEqual([4, 0])
  })
})

describe('rows and windows', () => {
  const fires: TriggerFunctions<any, number> = { onRow: () => 'fire' }
  const gaps = hop('time', 2, { slide: 10 })
  test('WindowOperatorContractTest.testNoLateSideOutputForSkippedWindows', () => play('testNoLateSideOutputForSkippedWindows', gaps, [{ at: 0 }, { rows: ones('a', 5) }]))
  test('WindowOperatorContractTest.testLateSideOutput', () => play('testLateSideOutput', tumble('time', 2), [{ at: 20 }, { rows: ones('a', 5) }, { rows: ones('a', 10) }], undefined, 2))
  test('WindowOperatorContractTest.testLateSideOutput, of no windows', () => play('testLateSideOutput', gaps, [{ at: 20 }, { rows: ones('a', 5) }], undefined, 1))
  test('WindowOperatorContractTest.testAssignerWithMultipleWindows', () => play('testAssignerWithMultipleWindows', hop('time', 4, { slide: 2 }), [{ rows: ones('a', 1), out: [['a', 1, -2, 2], ['a', 1, 0, 4]] }], fires))
  test('WindowOperatorContractTest.testOnElementCalledPerWindow', () => {
    const seen: unknown[] = []
    play('testOnElementCalledPerWindow', hop('time', 4, { slide: 2 }), [{ rows: [['a', 42, 1]] }], { onRow: (row, { window }) => void seen.push([Number(row.value), row.time, window.start, window.end]) })
    expect(seen).toEqual([[42, 1, -2, 2], [42, 1, 0, 4]])
  })
  test('WindowOperatorContractTest.testWindowsDontInterfere', () => {
    const second: TriggerFunctions<any, number> = { onRow: (_, { state }) => ((state.n = (state.n ?? 0) + 1) === 2 ? 'fire' : undefined) }
    play('testWindowsDontInterfere', tumble('time', 2), [{ rows: [['0', 0, 0], ['1', 1, 0]] }, { restart: true, rows: [['1', 1, 0]], out: [['1', 2, 0, 2]] }, { rows: [['0', 0, 0]], out: [['0', 0, 0, 2]] }], second)
  })
})
