// What process promises, case by case: timers in both times, keys, emitting, batches, state that is incompatible, memory. Facts of cases that name one come from Apache Flink's tests.
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import type { SchemaLike } from '../../src/batch/schema.ts'
import { state } from '../../src/frame/state.ts'
import { processOperator, type ProcessParams } from '../../src/operators/process.ts'
import { watermarkField } from '../../src/operators/watermark.ts'
import { handClock } from '../support/event-run.ts'
import { type HarnessOptions, type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

/** Functions whose arguments need no types here. */
interface Spec {
  readonly state?: Record<string, { readonly shape: object; readonly functions?: object }>
  readonly emits?: SchemaLike
  readonly sides?: Record<string, SchemaLike>
  onRow?(row: any, call: any): unknown
  onBatch?(rows: any, call: any): unknown
  onTimer?(time: number, call: any): unknown
}

const schema = { k: 'int32', v: 'int32' }
const texts = { text: 'utf8' }

function open(spec: Spec, options: HarnessOptions & { schema?: SchemaLike; keys?: readonly string[] } = {}): Promise<OperatorHarness> {
  const params = {
    function: { closure: 'it' },
    keys: options.keys ?? ['k'],
    states: Object.fromEntries(Object.entries(spec.state ?? {}).map(([name, one]) => [name, one.shape])),
    ...(spec.emits && { emits: spec.emits }),
    ...(spec.sides && { sides: spec.sides }),
    isTimed: true,
  } as unknown as ProcessParams & Json
  return operatorHarness(processOperator, params, [options.schema ?? schema], { where: 'process', bounded: false, ...options, userFunction: (() => spec) as never })
}

const emitted = (harness: OperatorHarness) => harness.rows().map(row => row.text)

describe('timers', () => {
  it('KeyedProcessOperatorTest.testTimestampAndWatermarkQuerying, testTimestampAndProcessingTimeQuerying', async () => {
    const clock = handClock()
    const it = await open({ emits: texts, onRow: ({ v }, { timers, emit }) => emit({ text: `${v} ${timers.watermark} ${timers.now}` }) }, { clock })
    it.push([{ k: 1, v: 4 }])
    clock.set(17)
    it.advance(17)
    it.push([{ k: 1, v: 5 }])
    it.advance(42)
    clock.set(43)
    it.push([{ k: 2, v: 6 }])
    expect(it.close().map(row => row.text)).toEqual(['4 -Infinity 0', '5 17 17', '6 42 43'])
  })

  const both = (domain: 'event' | 'processing'): Spec => ({
    state: { seen: state.value('int32') },
    emits: texts,
    onRow({ v }, { state, timers, emit }) {
      emit({ text: `INPUT:${v}` })
      state.seen.set(v)
      if (domain === 'event') timers.eventTime(timers.watermark, 5)
      else timers.processingTime(timers.now, '5ms')
    },
    onTimer: (time, { state, emit, domain: own, key }) => emit({ text: `${own}:${time}:${state.seen.get()}:${key}` }),
  })

  it('KeyedProcessOperatorTest.testEventTimeTimers, testEventTimeTimerWithState', async () => {
    const it = await open(both('event'))
    it.advance(1)
    it.push([{ k: 17, v: 170 }])
    it.advance(2)
    it.push([{ k: 42, v: 420 }])
    it.advance(5)
    expect(emitted(it)).toEqual(['INPUT:170', 'INPUT:420'])
    it.advance(6)
    expect(emitted(it).slice(2)).toEqual(['event:6:170:17'])
    it.advance(7)
    expect(it.close().map(row => row.text).slice(3)).toEqual(['event:7:420:42'])
  })

  it('KeyedProcessOperatorTest.testProcessingTimeTimers, testProcessingTimeTimerWithState', async () => {
    const clock = handClock(1)
    const it = await open(both('processing'), { clock })
    it.push([{ k: 17, v: 170 }])
    clock.set(2)
    it.push([{ k: 42, v: 420 }])
    it.tick(5)
    expect(emitted(it)).toEqual(['INPUT:170', 'INPUT:420'])
    it.tick(6)
    expect(emitted(it).slice(2)).toEqual(['processing:6:170:17'])
    // They fire between batches, too, where no tick came.
    clock.set(9)
    it.push([{ k: 1, v: 10 }])
    expect(it.close().map(row => row.text).slice(3)).toEqual(['processing:7:420:42', 'INPUT:10'])
  })

  it('KeyedProcessOperatorTest.testSnapshotAndRestore: of both times', async () => {
    const spec: Spec = {
      emits: texts,
      onRow(_, { timers }) {
        timers.processingTime(5)
        timers.eventTime(6)
      },
      onTimer: (time, { emit, domain }) => emit({ text: `${domain}:${time}` }),
    }
    const first = await open(spec)
    first.push([{ k: 5, v: 12 }])
    const runs = first.snapshot()
    first.close()
    const second = await open(spec)
    second.restore(runs)
    second.tick(5)
    second.advance(6)
    expect(second.close().map(row => row.text)).toEqual(['processing:5', 'event:6'])
  })

  // InternalTimerServiceImplTest.testSetAndFireEventTimeTimers, testDeleteEventTimeTimers, testDeleteProcessingTimeTimers
  it('are kept once a key and time, fire in order, and can be taken back', async () => {
    const it = await open({
      emits: texts,
      onRow({ k, v }, { timers, emit }) {
        if (v >= 0) {
          timers.eventTime(v)
          timers.eventTime(new Date(v))
          timers.processingTime(v)
        } else emit({ text: `${k} ${timers.deleteEventTime(-v)} ${timers.deleteProcessingTime(-v, 0)} ${timers.deleteEventTime(-v)}` })
      },
      onTimer: (time, { key, emit, domain }) => emit({ text: `${domain} ${key} ${time}` }),
    })
    it.push([[1, 30], [2, 10], [1, 20], [2, 20], [1, 20], [1, -30], [2, -30], [3, -10]].map(([k, v]) => ({ k, v })))
    expect(emitted(it)).toEqual(['1 true true false', '2 false false false', '3 false false false'])
    it.advance(20)
    it.tick(100)
    expect(it.close().map(row => row.text).slice(3)).toEqual(['event 2 10', 'event 1 20', 'event 2 20', 'processing 2 10', 'processing 1 20', 'processing 2 20'])
  })

  it('of a time that has passed fire right behind their call', async () => {
    const it = await open({ emits: texts, onRow: ({ v }, { timers }) => timers.eventTime(v), onTimer: (time, { emit, timers }) => emit({ text: `${time} at ${timers.watermark}` }) })
    it.advance(100)
    it.push([{ k: 1, v: 50 }, { k: 1, v: 101 }, { k: 1, v: 100 }])
    it.advance(101)
    expect(it.close().map(row => row.text)).toEqual(['50 at 100', '100 at 100', '101 at 101'])
  })

  it('of the clock may set such of event time, which fire behind them', async () => {
    const it = await open({ emits: texts, onRow: (_, { timers }) => timers.processingTime(5), onTimer: (time, { emit, timers, domain }) => (emit({ text: `${domain} ${time} at ${timers.watermark}` }), domain === 'processing' && [3, 12].forEach(at => timers.eventTime(at))) })
    it.push([{ k: 1, v: 0 }])
    it.advance(10)
    it.tick(5)
    it.advance(12)
    expect(it.close().map(row => row.text)).toEqual(['processing 5 at 10', 'event 3 at 10', 'event 12 at 12'])
  })

  it('at the end all fire in order, piece by piece; those set meanwhile are left out, and counted (BatchExecutionInternalTimeService)', async () => {
    const spec: Spec = {
      onRow({ v }, { timers }) {
        timers.eventTime(v)
        timers.processingTime(1e6 - v)
      },
      onTimer(time, { emit, timers, key, domain }) {
        emit({ k: key, v: domain === 'event' ? time : -time })
        timers.eventTime(time, 10)
      },
    }
    const it = await open(spec, { bounded: true })
    const count = 70_000
    it.push(Array.from({ length: count }, (_, i) => ({ k: i % 1_000, v: count - i })))
    it.advance(10)
    expect(it.rows().length).toBe(10)
    it.advance(Number.POSITIVE_INFINITY)
    it.finish()
    const values = it.rows().map(row => row.v as number)
    expect(values.length).toBe(2 * count + 10)
    expect(values.slice(0, count).every((v, i) => i === 0 || v >= values[i - 1]!)).toBe(true)
    expect(values.slice(-count).every((v, i, all) => v < 0 && (i === 0 || v < all[i - 1]!))).toBe(true)
    expect(Math.max(...it.batchSizes())).toBeLessThanOrEqual(65_536)
    expect(it.counts).toEqual({ timersLeftOut: 2 * count })
    it.close()
  })

  it('of the clock wait for the end where the input ends', async () => {
    const it = await open({ emits: texts, onRow: ({ v }, { timers, emit }) => (timers.processingTime(-5), emit({ text: `row ${v}` })), onTimer: (time, { emit }) => emit({ text: `timer ${time}` }) }, { bounded: true })
    it.push([{ k: 1, v: 1 }])
    it.push([{ k: 1, v: 2 }])
    it.finish()
    expect(it.close().map(row => row.text)).toEqual(['row 1', 'row 2', 'timer -5'])
  })
})

describe('keys', () => {
  const samples: readonly [type: string, values: readonly unknown[]][] = [
    ['bool', [true, false]],
    ['int64', [1n, -(2n ** 63n)]],
    ['float64', [Number.NaN, 1.5]],
    ['decimal(9,2)', ['1.50', '-2.00']],
    ['utf8?', ['a key that is longer than twelve bytes', null, '']],
    ['binary', [Uint8Array.of(1), Uint8Array.of()]],
    ['date', [0, 86_400_000]],
    ['timestamp[us]', [1n, 2n]],
    ['duration[s]', [1_000, 2_000]],
    ['list<int32?>', [[1, null], []]],
    ['struct<a: int32, b: utf8?>', [{ a: 1, b: null }, { a: 1, b: 'x' }]],
  ]
  it.each(samples)('of %s have state each, through restarts to other numbers of instances', async (type, values) => {
    const spec: Spec = { state: { n: state.value('int32') }, emits: { k: type, n: 'int32' }, onRow: (_, { key, state, emit }) => (state.n.set((state.n.get() ?? 0) + 1), emit({ k: key, n: state.n.get() })) }
    const first = await open(spec, { schema: { k: type, v: 'int32' } })
    first.push([...values, ...values].map(k => ({ k, v: 0 })))
    expect(first.rows()).toEqual([...values.map(k => ({ k, n: 1 })), ...values.map(k => ({ k, n: 2 }))])
    const runs = first.snapshot()
    first.close()
    const counts: unknown[] = []
    let held = 0
    for (const instance of [0, 1, 2]) {
      const next = await open(spec, { schema: { k: type, v: 'int32' }, instance, parallelism: 3 })
      next.restore(runs)
      const again = next.snapshot()
      held += again.length
      for (const k of values) {
        next.push([{ k, v: 0 }])
        counts.push(next.rows().at(-1)!.n)
      }
      next.close()
    }
    // Each key is with one of the three.
    expect(counts.filter(n => n === 3).length).toBe(values.length)
    expect(counts.filter(n => n === 1).length).toBe(2 * values.length)
    expect(held).toBeGreaterThan(0)
  })

  it('of several columns are objects of them', async () => {
    const it = await open({ state: { n: state.reducing('int32', (a, b) => a + b) }, emits: { text: 'utf8' }, onRow: ({ v }, { key, state, emit }) => (state.n.add(v), emit({ text: `${JSON.stringify(key)} ${state.n.get()}` })) }, { schema: { a: 'utf8', b: 'int32?', v: 'int32' }, keys: ['b', 'a'] })
    it.push([{ a: 'x', b: 1, v: 1 }, { a: 'x', b: null, v: 2 }, { a: 'x', b: 1, v: 3 }, { a: 'y', b: 1, v: 4 }])
    expect(it.close().map(row => row.text)).toEqual(['{"b":1,"a":"x"} 1', '{"b":null,"a":"x"} 2', '{"b":1,"a":"x"} 4', '{"b":1,"a":"y"} 4'])
  })

  it('that have nothing left are forgotten', async () => {
    const spec: Spec = {
      state: { short: state.list('int32', { ttl: 100, by: 'event' }), kept: state.value('int32') },
      onRow({ v }, { state, timers }) {
        state.short.add(v)
        if (v % 1_000 === 0) state.kept.set(v)
        if (v % 1_000 === 1) timers.eventTime(1e9)
      },
      onTimer: (_, { key, state, emit }) => emit({ k: key, v: state.short.size + (state.kept.get() ?? 0) }),
    }
    const it = await open(spec)
    it.advance(0)
    const used = () => it.device.pages.used()
    const before = used()
    const peaks: number[] = []
    const keyOf = (n: number) => Math.imul(n, 0x9e3779b1)
    for (let round = 0; round < 40; round++) {
      it.push(Array.from({ length: 2_000 }, (_, i) => ({ k: keyOf(round * 2_000 + i), v: i })))
      it.advance(1_000 * round)
      peaks.push(used() - before)
    }
    // Eighty thousand keys came; each round's are gone with the next.
    expect(Math.max(...peaks.slice(20))).toBeLessThanOrEqual(Math.max(...peaks.slice(0, 20)))
    const rowsIn = (runs: readonly StateRun[], table: string) => runs.filter(run => run.table === table).map(run => new DataView(run.bytes.buffer, run.bytes.byteOffset).getUint32(12, true))
    expect(rowsIn(it.snapshot(), 'list:short')).toEqual([])
    expect(rowsIn(it.snapshot(), 'value:kept')).toEqual([80])
    it.advance(1e9)
    expect(it.rows()).toEqual(Array.from({ length: 80 }, (_, i) => ({ k: keyOf(1_000 * i + 1), v: 0 })))
    it.close()
  })
})

it('what has lasted its time by the clock is given up as the clock goes on, and is in no checkpoint', async () => {
  const clock = handClock()
  const it = await open({ state: { seen: state.list('utf8', { ttl: '1s' }) }, emits: texts, onRow: ({ v }, { state, emit }) => (state.seen.add(`${v}`), emit({ text: state.seen.get().join() })) }, { clock })
  const entries = () => it.snapshot().reduce((sum, run) => sum + new DataView(run.bytes.buffer, run.bytes.byteOffset).getUint32(12, true), 0)
  it.push([{ k: 1, v: 1 }])
  clock.set(600)
  it.push([{ k: 1, v: 2 }, { k: 2, v: 3 }])
  it.tick(999)
  expect(entries()).toBe(3)
  it.tick(1_000)
  expect(entries()).toBe(2)
  clock.set(1_599)
  it.push([{ k: 1, v: 4 }])
  it.tick(1_600)
  expect(entries()).toBe(1)
  it.push([{ k: 1, v: 5 }, { k: 2, v: 6 }])
  expect(it.close().map(row => row.text)).toEqual(['1', '1,2', '3', '2,4', '4,5', '6'])
})

describe('what is emitted', () => {
  it('has the input’s columns unless said, is taken at once, and goes to side outputs by name', async () => {
    const it = await open({
      sides: { even: { v: 'int32', list: 'list<int32>' } },
      onRow(row, { emit }) {
        const list = [row.v]
        if (row.v % 2 === 0) emit.to('even', { v: row.v, list })
        list.push(9)
        emit(row)
        row.v = 100
        emit(row)
        row.v = 200
      },
    })
    it.push([{ k: 1, v: 1 }, { k: 1, v: 2 }])
    expect(it.rows('even')).toEqual([{ v: 2, list: [2] }])
    expect(it.close()).toEqual([{ k: 1, v: 1 }, { k: 1, v: 100 }, { k: 1, v: 2 }, { k: 1, v: 100 }])
  })

  it('has the watermark of its row, or the one just before its timer', async () => {
    const it = await open({ onRow: (row, { emit, timers }) => (emit(row), timers.eventTime(row.v)), onTimer: (time, { emit, key }) => emit({ k: key, v: time }) }, { hidden: [[watermarkField]] })
    it.push([{ k: 1, v: 50, $watermark: 10n }, { k: 2, v: 5, $watermark: 20n }, { k: 1, v: 90, $watermark: 60n }])
    const marks = it.batches().flatMap(batch => {
      const at = batch.fields.findIndex(field => field.name === '$watermark')
      return Array.from(it.device.memory.int64s(batch.columns[at]!.values, batch.rowCount), Number)
    })
    expect(it.rows().map((row, i) => [row.v, marks[i]])).toEqual([[50, 10], [5, 20], [5, 20], [50, 49], [90, 60]])
    it.close()
  })

  it('is many rows in batches of a size', async () => {
    const it = await open({ onRow: (row, { emit }) => Array.from({ length: 40_000 }, () => emit(row)) && undefined })
    it.push([1, 2, 3, 4].map(v => ({ k: v, v })))
    expect(it.batchSizes()).toEqual([65_536, 65_536, 28_928])
    it.close()
  })
})

describe('onBatch', () => {
  it('takes the rows of each key together, in columns, and gives each key its state', async () => {
    const it = await open({
      state: { sum: state.value('float64') },
      emits: texts,
      onBatch(rows, { state, emit }) {
        const values = rows.column('v').toFloat64Array()
        for (const { key, start, end } of rows.groups()) {
          let sum = state.sum.get() ?? 0
          for (let i = start; i < end; i++) sum += values[i]
          state.sum.set(sum)
          emit({ text: `${key}: ${end - start} of ${rows.numRows}, ${sum}` })
        }
      },
    })
    it.push([[1, 1], [2, 10], [1, 2], [3, 100], [2, 20]].map(([k, v]) => ({ k, v })))
    it.push([[3, 1], [1, 4]].map(([k, v]) => ({ k, v })))
    expect(it.close().map(row => row.text)).toEqual(['1: 2 of 5, 3', '2: 2 of 5, 30', '3: 1 of 5, 100', '3: 1 of 2, 101', '1: 1 of 2, 7'])
  })

  it('is called in parts where timers fire between rows', async () => {
    const it = await open(
      {
        emits: texts,
        onBatch(rows, { emit, timers }) {
          for (const { key, start, end } of rows.groups()) {
            emit({ text: `${key}: ${rows.column('v').toArray().slice(start, end).join()} at ${timers.watermark}` })
            if (timers.watermark < 20) timers.eventTime(30)
          }
        },
        onTimer: (time, { key, emit }) => emit({ text: `${key} ${time}` }),
      },
      { hidden: [[watermarkField]] },
    )
    it.push([[1, 1, 10n], [2, 2, 15n]].map(([k, v, w]) => ({ k, v, $watermark: w })))
    it.push([[1, 3, 20n], [2, 4, 25n], [1, 5, 40n], [3, 6, 41n], [1, 7, 42n]].map(([k, v, w]) => ({ k, v, $watermark: w })))
    expect(it.close().map(row => row.text)).toEqual(['1: 1 at 10', '2: 2 at 15', '1: 3 at 20', '2: 4 at 25', '1 30', '2 30', '1: 5,7 at 42', '3: 6 at 41'])
  })
})

describe('wrong use is told, with the step and the key', () => {
  const kept: { emit?: (row: object) => void } = {}
  const cases: readonly [title: string, spec: Spec, code: string, message: string | RegExp][] = [
    ['a function that throws', { onRow: () => { throw new Error('no') } }, 'USER_FUNCTION', 'process, k = 7: onRow threw for row {"k":7,"v":1}: no; catch it inside'],
    ['a timer’s function that throws', { onRow: (_, { timers }) => timers.eventTime(5), onTimer: () => { throw new Error('no') } }, 'USER_FUNCTION', 'process, k = 7: onTimer threw for its timer of 1970-01-01T00:00:00.005Z: no'],
    ['a batch’s function that throws', { onBatch: () => { throw new Error('no') } }, 'USER_FUNCTION', 'process: onBatch threw for a batch of 1 rows: no'],
    ['a promise', { onRow: async () => {} }, 'USER_RESULT', 'process, k = 7: onRow returned a promise'],
    ['what is emitted too late', { state: {}, onRow: (_, { emit }) => void (kept.emit = emit), onTimer() {} }, 'EMIT', 'process: a row is emitted when no function is called'],
    ['no row', { onRow: (_, { emit }) => emit(5) }, 'USER_RESULT', 'process, k = 7: emit was given 5; give an object with a property per column: k, v'],
    ['a value of another type', { onRow: (_, { emit }) => emit({ k: 1, v: 'x' }) }, 'VALUE_TYPE', 'process, k = 7, an emitted row, column "v": "x" is no int32'],
    ['a missing value', { onRow: (_, { emit }) => emit({ k: 1 }) }, 'NULL_VALUE', 'process, k = 7, an emitted row, column "v": null'],
    ['a side output that isn’t there', { sides: { alerts: texts }, onRow: (_, { emit }) => emit.to('alert', { text: '' }) }, 'SIDE', 'process, k = 7: no side output "alert"; this step has alerts; did you mean "alerts"?'],
    ['a state’s value', { state: { last: state.value('int32') }, onRow: (_, { state }) => state.last.set(1.5) }, 'STATE_VALUE', 'process, k = 7: the state "last" was given 1.5, and is of int32'],
    ['state without a key', { state: { last: state.value('int32') }, onBatch: (_, { state }) => state.last.get() }, 'STATE_KEY', 'process: the state "last" is asked for where there is no key'],
    ['a key where there is none', { onBatch: (_, { key }) => key }, 'STATE_KEY', 'process: a key is asked for where there is none'],
    ['a timer without a time', { onRow: (_, { timers }) => timers.eventTime(timers.watermark, 5), onTimer() {} }, 'TIMER', 'process, k = 7: a timer is set for -Infinity plus 5; give whole milliseconds'],
    ['a timer of part of a millisecond', { onRow: (_, { timers }) => timers.processingTime(1.5), onTimer() {} }, 'TIMER', 'a timer is set for 1.5; give whole milliseconds'],
    ['a timer in other units', { onRow: (_, { timers }) => timers.eventTime(5n), onTimer() {} }, 'TIMER', 'a timer is set for 5n;'],
    ['a timer at a wrong distance', { onRow: (_, { timers }) => timers.eventTime(1, '5x'), onTimer() {} }, 'DURATION', 'process, k = 7: a timer: "5x" is not a duration'],
    ['a timer that nobody takes', { onRow: (_, { timers }) => timers.eventTime(1) }, 'TIMER', 'a timer is set, and there is no onTimer'],
  ]
  it.each(cases)('%s', async (_, spec, code, message) => {
    const it = await open(spec)
    const act = () => {
      it.push([{ k: 7, v: 1 }])
      it.advance(10)
      kept.emit?.({ k: 1, v: 1 })
    }
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message as string) }))
    it.operator.close!()
  })

  it.each([
    ['a state of another type', { n: state.value('float64') }, 'process: the checkpoint doesn\'t fit this step: its state "n" is value of int32, and the job\'s is value of float64'],
    ['a state of another kind', { n: state.list('int32') }, 'its state "n" is value of int32, and the job\'s is list of int32'],
    ['a state that isn’t there', { m: state.value('int32') }, 'it holds the state "n", value of int32, and the job has no such state'],
    ['other keys', undefined, "its keys are k: int32, and the job's are v: int32"],
  ])('%s in a checkpoint', async (_, states, message) => {
    const onRow = (_row: unknown, { state: { n } }: any) => n?.set(1)
    const first = await open({ state: { n: state.value('int32') }, onRow })
    first.push([{ k: 7, v: 1 }])
    const runs = first.snapshot()
    first.close()
    const second = await open({ state: states ?? { n: state.value('int32') }, onRow }, { ...(!states && { keys: ['v'] }) })
    expect(() => second.restore(runs)).toThrow(expect.objectContaining({ code: 'STATE_INCOMPATIBLE', message: expect.stringContaining(message) }))
    second.close()
  })

  it('a state that is new, allows nulls now, or lasts another time goes on', async () => {
    const first = await open({ state: { n: state.value('int32', { ttl: 10 }) }, onRow: ({ v }, { state }) => state.n.set(v) })
    first.push([{ k: 7, v: 1 }])
    const runs = first.snapshot()
    first.close()
    const second = await open({ state: { n: state.value('int32?', { ttl: 1_000, by: 'event' }), m: state.list('utf8') }, emits: { n: 'int32?', m: 'int32' }, onRow: (_, { state, emit }) => emit({ n: state.n.get(), m: state.m.size }) })
    second.restore(runs)
    second.push([{ k: 7, v: 1 }])
    expect(second.close()).toEqual([{ n: 1, m: 0 }])
  })
})
