// Triggers of users' own: what they are given, what they may say, where they run, and that what they remember survives.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, count, from, globalWindow, processingTime, session, sum, tumble, udf } from '../../src/index.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { triggeredAggregateOperator } from '../../src/operators/triggered-aggregate.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import type { TriggerFunctions, TriggerLike } from '../../src/window/trigger-functions.ts'
import type { WindowSpec } from '../../src/window/window-spec.ts'
import { EventRun } from '../support/event-run.ts'

type Functions = TriggerFunctions<any, any>

const folder = mkdtempSync(join(tmpdir(), 'trigger-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = { user: 'utf8', at: 'timestamp[ms]', pages: 'int32' } as const
const rows = Array.from({ length: 500 }, (_, i) => ({ user: `u${i % 5}`, at: new Date(20 * i), pages: i % 4 }))
const visits = from(rows, { schema }).watermark('at', { bound: '1s' })
const texts = (found: Iterable<object>) => [...found].map(row => Object.values(row).map(value => (typeof value === 'string' ? value : Number(value))).join(' ')).sort()

/** As `every: count`, and at the end. */
const everyRows = (count: number): Functions => ({
  onRow(_, { window, state, timers }) {
    timers.eventTime(window.end - 1)
    state.rows = (state.rows ?? 0) + 1
    if (state.rows < count) return
    state.rows = 0
    return 'fire'
  },
  onEventTime: (time, { window }) => (time === window.end - 1 ? 'fire' : 'continue'),
  onMerge(states, { window, state, timers }) {
    state.rows = states.reduce((rows, other) => rows + (other.rows ?? 0), 0)
    timers.eventTime(window.end - 1)
  },
})

describe('a trigger', () => {
  it.each([
    ['of fixed windows', (options: object) => tumble('at', '3s', options)],
    ['of sessions', (options: object) => session('at', { gap: '150ms', ...options })],
  ])('does by hand what an option does: %s', async (_, window) => {
    const aggregates = () => ({ n: count(), pages: sum('pages') })
    const expected = texts(await visits.groupBy('user', window({ every: 7 })).agg(aggregates()).collect())
    expect(expected.length).toBeGreaterThan(50)
    for (const [mode, batchRows] of [['batch', 4096], ['stream', 7], ['stream', 1]] as const)
      expect(texts(await visits.groupBy('user', window({ trigger: everyRows(7) })).agg(aggregates()).collect({ mode, batchRows })), mode).toEqual(expected)
  })

  it('sees rows, and says whether a window gives a result and forgets its rows', async () => {
    const window = globalWindow({ trigger: { onRow: row => (row.pages === 3 ? 'fireAndPurge' : row.user === 'u1' ? 'purge' : undefined) } })
    const results = [...(await visits.groupBy('user', window).agg({ n: count(), pages: sum('pages') }).collect())]
    expect(results).toHaveLength(125)
    expect(results.filter(row => row.user === 'u1').map(row => row.n)).toEqual(new Array(25).fill(1))
    expect(results.filter(row => row.user === 'u2').map(row => Number(row.pages)).slice(1)).toEqual(new Array(24).fill(6))
  })

  it('has timers by event time, and by the clock', async () => {
    const calls: string[] = []
    const trigger: Functions = {
      onRow(_, { timers }) {
        timers.eventTime(new Date(100), '1s')
        timers.eventTime(5_000)
        timers.deleteEventTime(5_000)
        timers.processingTime(timers.now, '1h')
        timers.processingTime(timers.now, '2h')
        timers.deleteProcessingTime(timers.now, '2h')
      },
      onEventTime: (time, { timers }) => {
        calls.push(`event ${time} at ${timers.watermark}`)
        return 'fire'
      },
      onProcessingTime: () => {
        calls.push('clock')
        return 'fire'
      },
    }
    const results = await visits.groupBy(globalWindow({ time: 'at', trigger })).agg({ n: count() }).collect({ workers: 0, mode: 'stream', batchRows: 1 })
    expect([...new Set(calls)]).toEqual(['event 1100 at 1100', 'clock'])
    expect([...results].map(row => row.n).at(-1)).toBe(500)
  })

  it('by the clock fires at the end of the input what nothing else does', async () => {
    const window = processingTime.tumble('1d', { trigger: { onRow: (_, { timers, window: { end } }) => timers.processingTime(end - 1), onProcessingTime: () => 'fire' } })
    expect([...(await visits.groupBy(window).agg({ n: count() }).collect())].reduce((sum, row) => sum + row.n, 0)).toBe(500)
  })

  it('as an exported function runs in the workers, by key', async () => {
    const file = join(folder, 'trigger.mjs')
    const source = pathToFileURL(fileURLToPath(new URL('../../dist/index.js', import.meta.url))).href
    writeFileSync(file, `import { udf } from '${source}'
export const third = udf(import.meta.url, 'third', () => ({ onRow(row, { state }) { state.n = (state.n ?? 0) + 1; return state.n % 3 === 0 ? 'fire' : undefined } }))
`)
    const third = udf(pathToFileURL(file).href, 'third', (): Functions => ({ onRow: (_, { state }) => ((state.n = (state.n ?? 0) + 1) % 3 === 0 ? 'fire' : undefined) }))
    const frame = (trigger: TriggerLike<any, any>) => visits.groupBy('user', globalWindow({ trigger })).agg({ n: count() })
    const expected = texts(await frame(third).collect({ workers: 0 }))
    expect(expected).toHaveLength(5 * 33)
    expect(texts(await frame(third).collect({ workers: 2, batchRows: 50 }))).toEqual(expected)
    expect(texts(await frame({ onRow: third().onRow }).collect({ workers: 2 }))).toEqual(expected)
    expect(frame(third).explain()).toContain('global(all rows, by a trigger)')
  })
})

describe('what a trigger remembers', () => {
  it('goes on at any number of instances, with timers and merged sessions', async () => {
    const device = await createDevice()
    const fields = parseSchema(schema, 'test')
    const open = (trigger: Functions) => {
      const window: WindowSpec = { kind: 'session', time: 'at', gapMs: 150, firing: { custom: true } }
      const params = { keys: ['user'], window, aggregates: [{ name: 'n', fn: 'count' }], function: { module: 'm', name: 'f' } }
      // The context's arena changes from call to call.
      const type = { ...triggeredAggregateOperator, create: (context: object, ...rest: [never, never]) => triggeredAggregateOperator.create(Object.assign(context, { userFunction: () => () => trigger }) as never, ...rest) }
      return new EventRun(device, fields, [{ type: watermarkOperator, params: { time: 'at', boundMs: 60 } }, { type: type as never, params }], 2)
    }
    const given = (restarts: boolean) => {
      const run = open(everyRows(4))
      // Out of order, so that sessions join.
      const shaken = rows.map((row, i) => ({ ...row, at: 20 * (i ^ 3) }))
      for (let start = 0; start < shaken.length; start += 30) {
        run.push(shaken.slice(start, start + 30))
        if (restarts) run.restart(1 + ((start / 30) % 3))
      }
      run.finish()
      run.close()
      return texts(run.rows)
    }
    const whole = given(false)
    expect(whole.length).toBeGreaterThan(100)
    expect(given(true)).toEqual(whole)
    const strange = open({ onRow: (_, { state }) => void (state.seen = new Map()), onMerge: () => {} })
    strange.push([{ ...rows[0]!, at: 0 }])
    expect(() => strange.snapshot()).toThrow('step 1: the trigger remembers "seen", which is no plain data, so that a checkpoint can\'t hold it')
    strange.close()
    expect(device.pages.used()).toBe(0)
  })
})

describe('refuses', () => {
  const run = (onRow: (row: { pages: number }, call: never) => unknown) => visits.groupBy('user', globalWindow({ trigger: { onRow } as never })).agg({ n: count() }).collect()
  it('what is no trigger', () => {
    expect(() => tumble('at', '1s', { trigger: {} as never })).toThrow('trigger: onRow of the trigger is undefined; give a function')
    expect(() => tumble('at', '1s', { trigger: { onRow: () => {}, onEventTime: 3 } as never })).toThrow('onEventTime of the trigger is number; give a function')
    expect(() => session('at', { gap: '1s', trigger: { onRow: () => {} } })).toThrow('the trigger has no onMerge, and sessions become one')
    expect(() => tumble('at', '1s', { trigger: { onRow: () => {} }, every: 3 })).toThrow('tumble: a trigger decides alone when there is a result; leave early, every and purge out')
    expect(() => visits.groupBy({ ...tumble('at', '1s', { trigger: { onRow: () => {} } }) }).agg({ n: count() }).explain()).toThrow('the window goes by a trigger, and there is none')
  })
  it('what its functions answer, throw and set', async () => {
    await expect(run(() => 'maybe')).rejects.toThrow(`onRow of the trigger returned "maybe"; return 'fire', 'purge', 'fireAndPurge', 'continue' or nothing`)
    await expect(run(async () => 'fire')).rejects.toThrow('onRow of the trigger returned a promise')
    await expect(run(() => { throw new RangeError('too many') })).rejects.toThrow('onRow of the trigger threw: too many; catch it inside')
    const again = tumble('at', '1s', { trigger: { onRow: (_, { timers }) => timers.eventTime(5), onEventTime: (time, { timers }) => timers.eventTime(time) } })
    await expect(visits.groupBy(again).agg({ n: count() }).collect()).rejects.toThrow('the trigger, called at 5, sets a timer for 5, which would call it again at once; give a later time')
    await expect(run((_, { timers }: { timers: { eventTime(at: unknown): void } }) => timers.eventTime('soon'))).rejects.toThrow('the trigger sets a timer for soon; give whole milliseconds since the epoch, or a Date')
  })
})
