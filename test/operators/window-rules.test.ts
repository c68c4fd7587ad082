// The rules of windows, one by one: those of Apache Flink's WindowOperator and EvictingWindowOperator, and where ours say more.
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDevice, type Device } from '../../src/device/device.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import type { TriggerFunctions } from '../../src/window/trigger-functions.ts'
import { cumulate, globalWindow, hop, processingTime, session, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { handClock } from '../support/event-run.ts'
import { type FlinkRow, type FlinkStep, ones, operatorsOf, playScript } from '../support/flink-scripts.ts'
import { operatorHarness } from '../support/operator-harness.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const rows = (...times: number[]) => ones('a', ...times)
type More = { readonly late?: number; readonly trigger?: TriggerFunctions<any, number>; readonly show?: 'last' | 'sum'; readonly changes?: true }

/** Plays the steps with every operator that keeps such windows. */
function holds(window: WindowSpec, steps: readonly FlinkStep[], more: More = {}): void {
  const script = { from: 'rule', window, show: 'bounds' as const, steps, ...more }
  for (const type of operatorsOf(script)) playScript(device, script, type)
}

/** A trigger that says `says` of rows and keeps a log of its calls; its timers are those that it is told. */
function logged(says: TriggerFunctions<any, number>['onRow'], more: Partial<TriggerFunctions<any, number>> = {}): { log: string[]; trigger: TriggerFunctions<any, number> } {
  const log: string[] = []
  const name = ({ window }: { window: { start: number; end: number } }) => `[${window.start}, ${window.end})`
  return {
    log,
    trigger: {
      onRow: (row, call) => {
        log.push(`row ${name(call)}`)
        return says(row, call)
      },
      onEventTime: (time, call) => {
        log.push(`time ${time} ${name(call)}`)
        return more.onEventTime?.(time, call)
      },
      onMerge: (states, call) => {
        log.push(`merge ${states.length} ${name(call)}`)
        more.onMerge?.(states, call)
      },
      clear: call => void log.push(`clear ${name(call)}`),
    },
  }
}

describe('1. A window is [start, end), and its result is there when the watermark has come to end − 1', () => {
  it('a row at the start is in it, one at the end in the next', () => {
    holds(tumble('time', 10), [{ rows: rows(0, 9, 10), at: 8 }, { at: 9, out: [['a', 2, 0, 10]] }, { at: 18 }, { at: 19, out: [['a', 1, 10, 20]] }])
  })
})

describe('2. A row is late for a window once end − 1 + lateness ≤ watermark', () => {
  it('[0, 2) with a lateness of 20 takes rows at 20 and none at 21', () => {
    holds(tumble('time', 2, { lateness: 20, purge: true }), [{ at: 20 }, { rows: rows(0), out: [['a', 1, 0, 2]] }, { at: 21 }, { rows: rows(0) }], { late: 1 })
    holds(tumble('time', 2, { lateness: 20 }), [{ at: 20 }, { rows: rows(0), at: 21, out: [['a', 1, 0, 2]] }, { rows: rows(0) }], { late: 1 })
  })
})

describe('3. Late is a row that no window took, of which all are late, or that has none and whose own time is', () => {
  it('a row that one window took is not', () => {
    holds(hop('time', 4, { slide: 2 }), [{ at: 3 }, { rows: rows(2), at: 5, out: [['a', 1, 2, 6]] }])
  })
  it('a row between windows is counted where it is on time, and late where it isn’t', () => {
    const gaps = hop('time', 2, { slide: 10 })
    holds(gaps, [{ rows: rows(5), at: 4 }, { rows: rows(5) }, { at: 5 }, { rows: rows(5) }], { late: 1 })
    holds(hop('time', 2, { slide: 10, lateness: 3 }), [{ at: 7 }, { rows: rows(5) }, { at: 8 }, { rows: rows(5) }], { late: 1 })
  })
})

describe('4. A window is gone at end − 1 + lateness', () => {
  it('with its trigger’s state', () => {
    const { log, trigger } = logged((_, { window, timers }) => timers.eventTime(window.end - 1))
    holds(tumble('time', 10, { lateness: 5 }), [{ rows: rows(1), at: 13 }, { at: 14 }], { trigger })
    expect(log).toEqual(['row [0, 10)', 'time 9 [0, 10)', 'time 14 [0, 10)', 'clear [0, 10)'])
  })
  it('by the clock there is no lateness', () => {
    expect(JSON.stringify(processingTime.tumble(10, { lateness: 5 } as never))).not.toContain('lateness')
    holds(processingTime.tumble(10, { every: 9 }), [{ clock: 5, rows: rows(0) }, { clock: 10, rows: rows(0), out: [['a', 1, 0, 10]] }, { clock: 20, out: [['a', 1, 10, 20]] }])
  })
})

describe('5. Firing keeps what a window holds, purging drops it and keeps what the trigger remembers, and clear is called once', () => {
  const answers = (...list: ('fire' | 'purge' | 'fireAndPurge' | undefined)[]) => logged((_, { state }) => list[(state.n = (state.n ?? 0) + 1) - 1])
  it('fire', () => {
    holds(tumble('time', 10), [{ rows: rows(1), out: [['a', 1, 0, 10]] }, { rows: rows(2), out: [['a', 2, 0, 10]] }], { trigger: answers('fire', 'fire').trigger })
  })
  it('purge, and fire with it', () => {
    const { log, trigger } = answers(undefined, 'purge', 'fireAndPurge', 'fire')
    holds(tumble('time', 10), [{ rows: rows(1, 2) }, { restart: true, rows: rows(3), out: [['a', 1, 0, 10]] }, { rows: rows(4), out: [['a', 1, 0, 10]] }, { at: 9 }, { at: 30 }], { trigger })
    expect(log.filter(call => call.startsWith('clear'))).toEqual(['clear [0, 10)'])
  })
  it('a timer of a purged window still calls its trigger, and nothing comes of it; of one that is gone no timer does', () => {
    const { log, trigger } = logged((_, { timers }) => {
      timers.eventTime(5)
      timers.eventTime(50)
      return 'purge'
    }, { onEventTime: () => 'fire' })
    holds(tumble('time', 10), [{ rows: rows(1), at: 60 }], { trigger })
    expect(log).toEqual(['row [0, 10)', 'time 5 [0, 10)', 'time 9 [0, 10)', 'clear [0, 10)'])
  })
  it('clear is called for windows that others took over, too', () => {
    const { log, trigger } = logged(() => undefined)
    holds(session('time', { gap: 10 }), [{ rows: rows(0, 15, 8), at: 24 }], { trigger })
    expect(log.filter(call => call.startsWith('clear'))).toEqual(['clear [0, 10)', 'clear [15, 25)', 'clear [0, 25)'])
  })
})

describe('6. A trigger is called once for each row of each window, and windows of a key don’t interfere', () => {
  it('in windows that share rows', () => {
    const { log, trigger } = logged((_, { state, window }) => ((state.n = (state.n ?? 0) + 1) === 2 && window.start === 0 ? 'fireAndPurge' : undefined))
    holds(hop('time', 4, { slide: 2 }), [{ rows: rows(2) }, { rows: rows(3), out: [['a', 2, 0, 4]] }], { trigger })
    expect(log).toEqual(['row [0, 4)', 'row [2, 6)', 'row [0, 4)', 'row [2, 6)'])
    holds(hop('time', 4, { slide: 2, purge: true, every: 2 }), [{ rows: rows(2, 3, 4), out: [['a', 2, 0, 4], ['a', 2, 2, 6]] }, { at: 5, out: [['a', 1, 2, 6]] }])
  })
  it('of several keys', () => {
    holds(tumble('time', 10, { every: 2 }), [{ rows: [['a', 1, 0], ['b', 10, 0], ['a', 1, 0]], out: [['a', 2, 0, 10]] }, { restart: true, rows: [['b', 10, 0]], out: [['b', 20, 0, 10]] }])
  })
})

describe('7. Sessions that a row joins become one, and so do what they hold and what their triggers remember', () => {
  it('the trigger sees the whole session; timers of the others are gone', () => {
    const { log, trigger } = logged((_, { window, timers, state }) => {
      state.n = (state.n ?? 0) + 1
      timers.eventTime(window.end - 1)
    }, {
      onMerge: (states, { state }) => {
        state.n = states.reduce((sum, other) => sum + other.n!, 0)
      },
      onEventTime: (time, { window, state }) => (time === window.end - 1 && state.n === 3 ? 'fire' : undefined),
    })
    holds(session('time', { gap: 10 }), [{ rows: rows(0, 15) }, { restart: true, rows: rows(8), at: 23 }, { at: 24, out: [['a', 3, 0, 25]] }], { trigger })
    expect(log).toEqual(['row [0, 10)', 'row [15, 25)', 'merge 2 [0, 25)', 'clear [0, 10)', 'clear [15, 25)', 'row [0, 25)', 'time 24 [0, 25)', 'clear [0, 25)'])
  })
  it('a purged session is one that rows join all the same', () => {
    holds(session('time', { gap: 10, every: 1, purge: true }), [{ rows: rows(0), out: [['a', 1, 0, 10]] }, { rows: rows(9), out: [['a', 1, 0, 19]] }])
  })
  // Flink refuses an assigner that merges into a window that is late already; a session here never ends before those that it takes over.
  it('none ends before those that it takes over', () => {
    holds({ kind: 'session', time: 'time', gapColumn: 'gap' }, [{ rows: [['a', 1, 0, 100], ['a', 1, 5, 1]], at: 98 }, { at: 99, out: [['a', 2, 0, 100]] }])
  })
})

describe('8. A checkpoint keeps what windows hold, what triggers remember, timers, and which sessions there are', () => {
  it('at any moment, for any number of instances', () => {
    const ends = logged((_, { window, timers, state }) => {
      state.n = (state.n ?? 0) + 1
      timers.eventTime(window.end - 1)
    }, { onEventTime: (_, { state }) => (state.n === 3 ? 'fire' : undefined) })
    const keys = ['a', 'b', 'c', 'd', 'e'].map(key => (time: number): FlinkRow => [key, 1, time])
    const all = (time: number) => keys.map(row => row(time))
    holds(tumble('time', 10), [{ rows: all(0) }, { restart: true, rows: all(1) }, { restart: true, rows: all(2) }, { restart: true, at: 9, out: ['a', 'b', 'c', 'd', 'e'].map(key => [key, 3, 0, 10]) }], { trigger: ends.trigger })
    holds(session('time', { gap: 5 }), [{ rows: all(0) }, { restart: true, rows: all(9) }, { restart: true, rows: all(5) }, { restart: true, at: 13, out: ['a', 'b', 'c', 'd', 'e'].map(key => [key, 3, 0, 14]) }])
  })
})

describe('8, and how far event time has come', () => {
  it.each([tumble('time', 10), session('time', { gap: 10 }), hop('time', 10, { slide: 5 })])('what was late before a restart is late behind it, in $kind windows', window => {
    holds(window, [{ at: 50 }, { restart: true, rows: rows(0) }], { late: 1 })
  })
})

describe('9. A row that is late for one window counts in those that it isn’t late for', () => {
  it('and is dropped once where it is late for all', () => {
    const hops = hop('time', '3s', { slide: '1s' })
    holds(hops, [{ at: 3999 }, { rows: rows(3500), at: 4999, out: [['a', 1, 2000, 5000]] }, { at: 5999, out: [['a', 1, 3000, 6000]] }, { rows: rows(2999) }], { late: 1 })
  })
  it('windows begin before the epoch, too', () => {
    holds(hop('time', 10, { slide: 5 }), [{ rows: rows(-1), at: 100, out: [['a', 1, -10, 0], ['a', 1, -5, 5]] }])
  })
  it('for any pair of size and slide', () => {
    holds(hop('time', 5, { slide: 2 }), [{ rows: rows(4), at: 100, out: [['a', 1, 0, 5], ['a', 1, 2, 7], ['a', 1, 4, 9]] }])
    holds(hop('time', 2, { slide: 5 }), [{ rows: rows(1, 3, 6), at: 100, out: [['a', 1, 0, 2], ['a', 1, 5, 7]] }])
  })
})

describe('10. The watermark is the greatest time less the bound and 1 ms, the least over splits, those that are idle left out', () => {
  it('per split', async () => {
    const clock = handClock(0)
    const harness = await operatorHarness(watermarkOperator, { time: 'time', boundMs: 10, splitColumn: 'split', splitCount: 2, idleMs: 50 }, [{ time: 'timestamp[ms]', split: 'int32' }], { clock })
    const watermarkAfter = (time: number, split: number) => {
      harness.push([{ time, split }])
      return harness.operator.watermark!()
    }
    expect([watermarkAfter(100, 0), watermarkAfter(40, 1), watermarkAfter(200, 1), watermarkAfter(90, 0)]).toEqual([Number.NEGATIVE_INFINITY, 29, 89, 89])
    harness.tick(0)
    clock.set(60)
    watermarkAfter(300, 1)
    harness.tick(60)
    expect(harness.operator.watermark!()).toBe(289)
    harness.close()
  })
})

describe('11. A window of all rows never fires by itself; a trigger stands in the place of the one that fires at the end; evictors run before a result or behind it', () => {
  it('a window of all rows tells nothing until something says so', () => {
    expect(() => globalWindow({})).toThrow('a global window gives no result by itself')
    holds(globalWindow({ every: 3 }), [{ rows: rows(0, 1) }, { at: 1_000 }, { rows: rows(2), out: [['a', 3]] }], { show: 'sum' })
  })
  it('a trigger of one’s own is alone', () => {
    holds(tumble('time', 10), [{ rows: rows(1), at: 100 }], { trigger: logged(() => undefined).trigger })
  })
  it.each([
    [undefined, []], ['continue', []], ['fire', [['a', 1, 0, 10]]], ['fireAndPurge', [['a', 1, 0, 10]]], ['purge', []],
  ] as const)('a trigger says %s', (answer, out) => {
    holds(tumble('time', 10), [{ rows: rows(1), out }], { trigger: logged(() => answer).trigger })
  })
  it('an evictor before a result leaves rows out of it, one behind it out of those that follow', () => {
    const [before, behind] = [false, true].map(after => globalWindow({ every: 2, evict: { rows: 1, after } }))
    holds(before!, [{ rows: rows(0, 1), out: [['a', 1]] }, { restart: true, rows: rows(2, 3), out: [['a', 1]] }], { show: 'sum' })
    holds(behind!, [{ rows: rows(0, 1), out: [['a', 2]] }, { restart: true, rows: rows(2, 3), out: [['a', 3]] }], { show: 'sum' })
  })
  it('a window of which it leaves nothing tells nothing', () => {
    holds(tumble('time', 10, { evict: { rows: 0 } }), [{ rows: rows(1), at: 100 }])
  })
})

describe('12. A session ends a gap after its last row; windows that grow have their greatest size; all begin where offset and zone say', () => {
  it('rows exactly a gap apart are one session', () => {
    holds(session('time', { gap: 10 }), [{ rows: rows(0, 10, 21), at: 100, out: [['a', 2, 0, 20], ['a', 1, 21, 31]] }])
  })
  it('windows grow by steps to the whole size', () => {
    holds(cumulate('time', 6, { step: 2 }), [{ rows: rows(3), at: 100, out: [['a', 1, 0, 4], ['a', 1, 0, 6]] }])
  })
  const zoned = { zone: '+00:30', offset: '10m' } as const
  const [m, from] = [60_000, -20 * 60_000]
  it.each([
    [tumble('time', '1h', zoned), [[from, from + 60 * m]]],
    [hop('time', '1h', { slide: '30m', ...zoned }), [[from - 30 * m, from + 30 * m], [from, from + 60 * m]]],
    [cumulate('time', '1h', { step: '30m', ...zoned }), [[from, from + 30 * m], [from, from + 60 * m]]],
  ])('in $kind windows', (window, bounds) => {
    holds(window, [{ rows: rows(0), at: 1e9, out: bounds.map(one => ['a', 1, ...one]) }])
    holds({ ...window, firing: { everyRows: 9 } } as WindowSpec, [{ rows: rows(0), at: 1e9, out: bounds.map(one => ['a', 1, ...one]) }])
  })
  it('by the clock, too', () => {
    holds(processingTime.tumble('1h', zoned), [{ clock: 0, rows: rows(0) }, { clock: 1e7, out: [['a', 1, from, from + 60 * m]] }])
  })
})
