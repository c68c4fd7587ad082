// Timers, state and what is broadcast as Apache Flink's tests have them, each case named by its test. Flink's namespaces of timers have no counterpart: there it is one.
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { state } from '../../src/frame/state.ts'
import { processBroadcastOperator, processOperator, type ProcessParams } from '../../src/operators/process.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { handClock } from '../support/event-run.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

type Step =
  | readonly ['set' | 'delete', key: number, domain: 'event' | 'processing', at: number]
  | readonly ['chain', key: number, domain: 'event' | 'processing', at: number, next: number]
  | readonly ['ask', key: number]
  | readonly ['clock' | 'watermark' | 'restart', to: number]

const schema = { k: 'int32', act: 'utf8', domain: 'utf8', at: 'int32', next: 'int32' }
const spec = {
  state: { next: state.value('int32') },
  onRow({ act, domain, at, next }: any, { timers, state, emit }: any) {
    const name = domain === 'event' ? 'EventTime' : 'ProcessingTime'
    if (act === 'ask') emit({ text: `watermark ${timers.watermark} clock ${timers.now}` })
    else if (act === 'delete') timers[`delete${name}`](at)
    else timers[domain === 'event' ? 'eventTime' : 'processingTime'](at)
    if (act === 'chain') state.next.set(next)
  },
  onTimer(time: number, { key, domain, state, timers, emit }: any) {
    emit({ text: `${domain} ${key} ${time}` })
    const next = state.next.get()
    state.next.clear()
    if (next !== undefined) timers[domain === 'event' ? 'eventTime' : 'processingTime'](next)
  },
}
const params = { function: { closure: 'it' }, keys: ['k'], states: { next: spec.state.next.shape }, emits: { text: 'utf8' }, isTimed: true } as unknown as ProcessParams & Json

const cases: readonly [test: string, steps: readonly Step[], expected: readonly string[]][] = [
  ['InternalTimerServiceImplTest.testCurrentEventTime', [['ask', 1], ['watermark', 17], ['ask', 1], ['watermark', 42], ['ask', 1]], ['watermark -Infinity clock 0', 'watermark 17 clock 0', 'watermark 42 clock 0']],
  ['InternalTimerServiceImplTest.testCurrentProcessingTime', [['clock', 17], ['ask', 1], ['clock', 42], ['ask', 2]], ['watermark -Infinity clock 17', 'watermark -Infinity clock 42']],
  ['InternalTimerServiceImplTest.testSetAndFireEventTimeTimers', [['set', 1, 'event', 10], ['set', 2, 'event', 10], ['watermark', 9], ['watermark', 10], ['watermark', 11]], ['event 1 10', 'event 2 10']],
  ['InternalTimerServiceImplTest.testSetAndFireProcessingTimeTimers', [['set', 1, 'processing', 10], ['set', 2, 'processing', 10], ['clock', 9], ['clock', 10], ['clock', 11]], ['processing 1 10', 'processing 2 10']],
  ['InternalTimerServiceImplTest.testDeleteEventTimeTimers', [['set', 1, 'event', 10], ['set', 1, 'event', 11], ['set', 2, 'event', 10], ['set', 2, 'event', 11], ['delete', 1, 'event', 11], ['delete', 2, 'event', 10], ['watermark', 11]], ['event 1 10', 'event 2 11']],
  ['InternalTimerServiceImplTest.testDeleteProcessingTimeTimers', [['set', 1, 'processing', 10], ['set', 1, 'processing', 11], ['set', 2, 'processing', 10], ['set', 2, 'processing', 11], ['delete', 1, 'processing', 11], ['delete', 2, 'processing', 10], ['clock', 11]], ['processing 1 10', 'processing 2 11']],
  ['InternalTimerServiceImplTest.testOnlySetsOnePhysicalProcessingTimeTimer', [['set', 1, 'processing', 10], ['set', 1, 'processing', 20], ['set', 1, 'processing', 30], ['clock', 10], ['clock', 20], ['clock', 30], ['set', 1, 'processing', 40], ['clock', 39], ['clock', 40]], ['processing 1 10', 'processing 1 20', 'processing 1 30', 'processing 1 40']],
  ['InternalTimerServiceImplTest.testRegisterEarlierProcessingTimerMovesPhysicalProcessingTimer', [['set', 1, 'processing', 20], ['set', 1, 'processing', 10], ['clock', 10], ['clock', 20]], ['processing 1 10', 'processing 1 20']],
  ['InternalTimerServiceImplTest.testRegisteringProcessingTimeTimerInOnProcessingTimeDoesNotLeakPhysicalTimers', [['chain', 1, 'processing', 10, 20], ['clock', 10], ['clock', 19], ['clock', 20]], ['processing 1 10', 'processing 1 20']],
  ['InternalTimerServiceImplTest, the same where the clock has passed both', [['chain', 1, 'processing', 10, 20], ['clock', 30]], ['processing 1 10', 'processing 1 20']],
  ['InternalTimerServiceImplTest, the same in event time', [['chain', 1, 'event', 10, 20], ['set', 2, 'event', 15], ['watermark', 30]], ['event 1 10', 'event 2 15', 'event 1 20']],
  ['InternalTimerServiceImplTest.testSnapshotAndRestore', [['set', 1, 'processing', 10], ['set', 1, 'event', 10], ['set', 2, 'event', 10], ['set', 2, 'processing', 10], ['restart', 1], ['clock', 10], ['watermark', 10]], ['processing 1 10', 'processing 2 10', 'event 1 10', 'event 2 10']],
  ['InternalTimerServiceImplTest.testSnapshotAndRebalancingRestore', [['set', 1, 'processing', 10], ['set', 2, 'event', 10], ['restart', 3], ['set', 2, 'event', 10], ['clock', 10], ['watermark', 10], ['restart', 2], ['watermark', 20]], ['processing 1 10', 'event 2 10']],
]

describe('timers', () => {
  it.each(cases)('%s', async (_, steps, expected) => {
    const clock = handClock()
    const open = (instance: number, parallelism: number) => operatorHarness(processOperator, params, [schema], { where: 'process', bounded: false, clock, instance, parallelism, userFunction: (() => spec) as never })
    let all = [await open(0, 1)]
    const got: unknown[] = []
    const take = (one: OperatorHarness) => void got.push(...one.rows().map(row => row.text))
    // Which of the instances has a key.
    const owners = new Map<number, OperatorHarness>()
    for (const [act, key, domain = '', at = 0, next = 0] of steps) {
      if (act === 'clock' || act === 'watermark') {
        if (act === 'clock') clock.set(key)
        for (const one of all) act === 'clock' ? one.tick(key) : one.advance(key)
      } else if (act === 'restart') {
        const runs: StateRun[] = all.flatMap(one => one.snapshot())
        for (const one of all) {
          take(one)
          one.close()
        }
        owners.clear()
        all = await Promise.all(Array.from({ length: key }, (_, instance) => open(instance, key)))
        for (const one of all) one.restore(runs)
        // A key's instance is the one that keeps its timers.
        for (const one of all) for (const run of one.snapshot()) if (run.table.startsWith('timers')) owners.set(run.table.endsWith('event') ? 2 : 1, one)
      } else (owners.get(key) ?? all[0]!).push([{ k: key, act, domain, at, next }])
    }
    for (const one of all) {
      take(one)
      one.close()
    }
    // Instances come in no order.
    const isOne = !steps.some(([act, to]) => act === 'restart' && to > 1)
    expect(isOne ? got : [...got].sort()).toEqual(isOne ? expected : [...expected].sort())
  })
})

describe('broadcast', () => {
  const kept = {
    shared: { map: state.map('utf8', 'int32') },
    state: { list: state.list('utf8') },
    sides: { nonBr: { text: 'utf8' }, br: { text: 'utf8' } },
    onBroadcast({ n }: any, { state, forEachKey, watermark }: any) {
      state.map.set(`${n}.key`, n)
      if (n === 1) forEachKey(({ key, state, emit }: any) => emit({ text: `${key}: ${state.list.get().join()}` }))
      if (n === 5) forEachKey(({ emit }: any) => emit.to('br', { text: `BR:${n} WM:${watermark}` }))
    },
    onRow({ k }: any, { key, state, shared, timers, emit }: any) {
      expect(key).toBe(k)
      state.list.add(k)
      emit.to('nonBr', { text: `NON-BR:${k} WM:${timers.watermark} ${shared.map.size}` })
      timers.eventTime(41)
    },
    onTimer: (time: number, { key, shared, emit }: any) => emit({ text: `TIMER:${time} ${key} ${shared.map.entries().map((entry: unknown[]) => entry.join('=')).join()}` }),
  }
  const shapes = (of: Record<string, { shape: object }>) => Object.fromEntries(Object.entries(of).map(([name, one]) => [name, one.shape]))
  const both = { function: { closure: 'it' }, keys: ['k'], states: shapes(kept.state), shared: shapes(kept.shared), sides: kept.sides, emits: { text: 'utf8' }, mode: 'mix', isTimed: true } as unknown as ProcessParams & Json
  const open = (functions: object = kept, instance = 0, parallelism = 1) => operatorHarness(processBroadcastOperator, both, [{ n: 'int32' }, { k: 'utf8' }], { where: 'process', bounded: false, instance, parallelism, userFunction: (() => functions) as never })
  const rules = (it: OperatorHarness, ...ns: number[]) => it.push(ns.map(n => ({ n })), 0)
  const rows = (it: OperatorHarness, ...ks: string[]) => it.push(ks.map(k => ({ k })), 1)
  const texts = (it: OperatorHarness, port?: string) => it.rows(port).map(row => row.text)

  it('CoBroadcastWithKeyedOperatorTest.testKeyQuerying, testAccessToKeyedStateIt', async () => {
    const it = await open()
    rows(it, 'test1', 'test1', 'test2', 'test2', 'test2', 'test3', 'test3', 'test3', 'test2')
    rules(it, 1)
    expect(texts(it)).toEqual(['test1: test1,test1', 'test2: test2,test2,test2,test2', 'test3: test3,test3,test3'])
    it.close()
  })

  it('CoBroadcastWithKeyedOperatorTest.testFunctionWithTimer, testSideOutput', async () => {
    const it = await open()
    it.advance(10)
    rules(it, 5)
    it.advance(40)
    rows(it, '6', '6')
    rules(it, 5)
    expect(texts(it)).toEqual([])
    it.advance(50)
    expect(texts(it)).toEqual(['TIMER:41 6 5.key=5'])
    expect(texts(it, 'nonBr')).toEqual(['NON-BR:6 WM:40 1', 'NON-BR:6 WM:40 1'])
    // No instance tells of the row itself: those of its keys do.
    expect(texts(it, 'br')).toEqual(['BR:5 WM:40'])
    it.close()
  })

  it('CoBroadcastWithKeyedOperatorTest.testFunctionWithBroadcastState', async () => {
    const it = await open()
    it.advance(10)
    rules(it, 6, 34, 53, 12, 98)
    rows(it, 'k')
    rules(it, 51)
    it.advance(50)
    expect(texts(it, 'nonBr')).toEqual(['NON-BR:k WM:10 5'])
    expect(texts(it)).toEqual(['TIMER:41 k 6.key=6,34.key=34,53.key=53,12.key=12,98.key=98,51.key=51'])
    it.close()
  })

  it.each([
    ['testScaleUp', 2, 3],
    ['testScaleDown', 3, 2],
  ])('CoBroadcastWithKeyedOperatorTest.%s', async (_, before, after) => {
    const first = await Promise.all(Array.from({ length: before }, (_, i) => open(kept, i, before)))
    for (const it of first) rules(it, 3)
    const runs = first.flatMap(it => it.snapshot())
    for (const it of first) it.close()
    for (let i = 0; i < after; i++) {
      const it = await open(kept, i, after)
      it.restore(runs)
      rows(it, 'k')
      it.advance(41)
      expect(texts(it)).toEqual(['TIMER:41 k 3.key=3'])
      it.close()
    }
  })

  it('CoBroadcastWithKeyedOperatorTest.testNoKeyedStateOnBroadcastSide', async () => {
    let leaked: { list: { get(): unknown } } | undefined
    const it = await open({ ...kept, onRow: (_: unknown, { state }: any) => void (leaked = state), onBroadcast: () => leaked?.list.get() })
    rows(it, 'k')
    expect(() => rules(it, 1)).toThrow(expect.objectContaining({ code: 'STATE_KEY', message: expect.stringContaining('the state "list" is asked for where there is no key') }))
    it.operator.close!()
  })
})
