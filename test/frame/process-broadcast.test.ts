// Rows that every instance of a process step sees, the state that is made of them, and rows that go by it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Json } from '../../src/base/json.ts'
import type { SchemaLike } from '../../src/batch/schema.ts'
import { closeEngines, col, type Frame, from, sink, source, state } from '../../src/index.ts'
import { processBroadcastOperator, type ProcessParams } from '../../src/operators/process.ts'
import { limited } from '../fixtures/processes.mjs'
import { pagesInUse } from '../support/frames.ts'
import { type HarnessOptions, type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-broadcast-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const chance = random(5)
const kinds = ['card', 'transfer', 'cash', 'coin']
const schema = { key: 'int32', kind: 'utf8', amount: 'int32' } as const
const ruleSchema = { kind: 'utf8', limit: 'int32' } as const
const rows = Array.from({ length: 1_000 }, () => ({ key: chance.int(50), kind: kinds[chance.int(4)]!, amount: chance.int(1_000) }))
const rules = [{ kind: 'card', limit: 500 }, { kind: 'cash', limit: 100 }, { kind: 'transfer', limit: 900 }, { kind: 'cash', limit: -1 }, { kind: 'card', limit: 700 }]

type Emitted = { key: number; kind: string; amount: number; over: number; told: number }

function expected(): Map<number, Emitted[]> {
  const limits = new Map([['card', 700], ['transfer', 900]])
  const found = new Map<number, Emitted[]>()
  for (const row of rows) {
    if (row.amount <= (limits.get(row.kind) ?? Number.POSITIVE_INFINITY)) continue
    const own = found.get(row.key) ?? found.set(row.key, []).get(row.key)!
    own.push({ ...row, over: own.length + 1, told: rules.length })
  }
  return found
}

function byKey(emitted: Iterable<Emitted>): Map<number, Emitted[]> {
  const found = new Map<number, Emitted[]>()
  for (const row of emitted) (found.get(row.key) ?? found.set(row.key, []).get(row.key)!).push({ ...row })
  return found
}

describe('broadcast', () => {
  it.each([
    [1, 0],
    [7, 2],
    [1024, 3],
    [4_096, 1],
  ])('rows that end come first, in batches of %i with %i workers, exported or not', async (batchRows, workers) => {
    for (const mode of ['batch', 'stream'] as const) {
      const broadcast = from(rules, { schema: ruleSchema })
      const exported = from(rows, { schema }).keyBy('key').process(limited, { broadcast })
      const own = from(rows, { schema }).keyBy('key').process({ broadcast, ...limited() })
      for (const frame of [exported, own]) expect(byKey((await frame.collect({ workers, batchRows, mode })) as Iterable<Emitted>), mode).toEqual(expected())
    }
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('and rows of one source are both read', async () => {
    const all = from([...rules.map(rule => ({ ...rule, key: 0, amount: -1 })), ...rows.map(row => ({ ...row, limit: 0 }))], { schema: { ...schema, ...ruleSchema } }).filter(col('limit').ge(-1))
    const frame = all.filter(col('amount').ge(0)).keyBy('key').process(limited, { broadcast: all.filter(col('amount').lt(0)) })
    for (const workers of [0, 2]) expect((await frame.collect({ workers, batchRows: 100 })).numRows).toBeLessThanOrEqual(rows.length)
  })

  it('doesn’t hold event time back: timers fire while rules are silent', async () => {
    const silent = (name: string, given: readonly object[], fields: SchemaLike) =>
      source({
        name,
        schema: fields,
        start: 0,
        splits: () => [{ id: '0' }],
        async *read() {
          yield { rows: given as never, position: 1 }
          await new Promise(() => {})
        },
      } as never)
    const payments = from(silent('payments', [{ key: 1, at: 0 }, { key: 2, at: 5 }, { key: 3, at: 1_000 }], { key: 'int32', at: 'timestamp[ms]' })) as unknown as Frame<{ key: 'int32'; at: 'timestamp[ms]' }>
    const got: string[] = []
    let wake = () => {}
    const both = new Promise<void>(resolve => (wake = resolve))
    const frame = payments.watermark('at', { bound: 0 }).keyBy('key').process({
      broadcast: from(silent('rules', rules, ruleSchema)),
      shared: { n: state.value('int32') },
      emits: { text: 'utf8' },
      onBroadcast() {},
      onRow: ({ at }, { timers }) => timers.eventTime(at, 10),
      onTimer: (time, { key, emit }) => emit({ text: `${key} ${time}` }),
    })
    const end = sink({ name: 'end', delivery: 'append', write: batch => void (got.push(...[...batch.rows()].map(row => String(row.text))), got.length >= 2 && wake()) })
    const run = await frame.to(end).start({ mode: 'stream', workers: 0 })
    await both
    await run.stop({ drain: false })
    expect(got).toEqual(['1 10', '2 15'])
  })

  it('state goes on from a checkpoint with another number of workers', async () => {
    let open = () => {}
    const gate = new Promise<void>(resolve => (open = resolve))
    const payments = source({
      name: 'payments',
      schema,
      start: 0,
      splits: () => [{ id: '0' }],
      async *read(_, position: number) {
        for (let at = position; at < rows.length; at += 50) {
          if (at >= 500) await gate
          yield { rows: rows.slice(at, at + 50), position: at + 50 }
        }
      },
    })
    let reads = 0
    const told = source({
      name: 'rules',
      schema: ruleSchema,
      start: 0,
      bounded: true,
      splits: () => [{ id: '0' }],
      async *read(_, position: number) {
        for (let at = position; at < rules.length; at++, reads++) yield { rows: [rules[at]!], position: at + 1 }
      },
    })
    const got: Emitted[] = []
    const end = sink({ name: 'end', delivery: 'append', write: batch => void got.push(...([...batch.rows()] as never[])) })
    const job = from(payments).keyBy('key').process(limited, { broadcast: from(told) }).to(end)
    const options = { mode: 'stream', batchRows: 100, checkpoint: { dir: join(folder, 'state'), every: '1h' } } as const
    const run = await job.start({ ...options, workers: 2 })
    while (run.metrics().rowsRead < 500 + rules.length) await new Promise(resolve => setTimeout(resolve, 5))
    await run.checkpoint()
    await run.stop({ drain: false })
    open()
    await job.run({ ...options, workers: 3 })
    expect(byKey(got)).toEqual(expected())
    expect(reads).toBe(rules.length)
  })
})

interface Spec {
  readonly shared?: Record<string, { readonly shape: object }>
  readonly state?: Record<string, { readonly shape: object }>
  onBroadcast?(row: any, call: any): unknown
  onRow?(row: any, call: any): unknown
  onTimer?(time: number, call: any): unknown
}

function open(spec: Spec, options: HarnessOptions = {}): Promise<OperatorHarness> {
  const shapes = (of: Spec['state'] = {}) => Object.fromEntries(Object.entries(of).map(([name, one]) => [name, one.shape]))
  const params = { function: { closure: 'it' }, keys: ['key'], states: shapes(spec.state), shared: shapes(spec.shared), mode: 'mix', emits: { text: 'utf8' }, isTimed: true } as unknown as ProcessParams & Json
  return operatorHarness(processBroadcastOperator, params, [ruleSchema, schema], { where: 'process', bounded: false, ...options, userFunction: (() => spec) as never })
}

describe('shared state', () => {
  const spec: Spec = {
    shared: { limits: state.map('utf8', 'int32'), list: state.list('int32') },
    state: { n: state.value('int32') },
    onBroadcast({ kind, limit }, { state }) {
      state.limits.set(kind, limit)
      state.list.add(limit)
    },
    onRow({ key }, { state, shared, emit }) {
      state.n.set((state.n.get() ?? 0) + 1)
      emit({ text: `${key} ${state.n.get()} ${shared.limits.entries().join(' ')} ${shared.list.get()} ${shared.limits.size}` })
    },
  }

  it('is written once and given to every instance, whatever their number', async () => {
    const first = await Promise.all([0, 1].map(instance => open(spec, { instance, parallelism: 2 })))
    for (const it of first) it.push([{ kind: 'a', limit: 1 }, { kind: 'b', limit: 2 }], 0)
    first[0]!.push([{ key: 1, kind: '', amount: 0 }], 1)
    const runs = first.flatMap(it => it.snapshot())
    expect(runs.filter(run => run.table.startsWith('shared:')).length).toBe(2)
    for (const it of first) it.close()
    for (const instance of [0, 1, 2]) {
      const next = await open(spec, { instance, parallelism: 3 })
      next.restore(runs)
      next.push([{ key: 9, kind: '', amount: 0 }], 1)
      expect(next.close()).toEqual([{ text: '9 1 a,1 b,2 1,2 2' }])
    }
  })

  it('is shown to each key that has state or timers by forEachKey', async () => {
    const it = await open({
      state: { n: state.value('int32') },
      onBroadcast: ({ limit }, { forEachKey }) => forEachKey(({ key, state, emit, timers }: any) => {
        emit({ text: `${key} ${state.n.get()} ${limit}` })
        if (state.n.get() === undefined) timers.deleteEventTime(50)
        state.n.clear()
      }),
      onRow({ key, amount }, { state, timers }) {
        if (key !== 3) state.n.set(amount)
        if (key === 4) timers.eventTime(50)
      },
      onTimer() {},
    })
    it.push([1, 2, 3, 4].map(key => ({ key, kind: '', amount: 10 * key })), 1)
    it.push([{ kind: 'a', limit: 7 }, { kind: 'a', limit: 8 }, { kind: 'a', limit: 9 }], 0)
    expect(it.close().map(row => row.text)).toEqual(['1 10 7', '2 20 7', '4 40 7', '4 undefined 8'])
  })

  it('is not shown to keys whose state has ended', async () => {
    const it = await open({
      state: { n: state.value('int32', { ttl: 10, by: 'event' }) },
      onBroadcast: (_, { forEachKey, watermark }) => forEachKey(({ key, emit }: any) => emit({ text: `${key} at ${watermark}` })),
      onRow: ({ amount }, { state }) => state.n.set(amount),
    })
    it.advance(0)
    it.push([{ key: 1, kind: '', amount: 1 }], 1)
    it.advance(5)
    it.push([{ key: 2, kind: '', amount: 1 }], 1)
    it.advance(11)
    it.push([{ kind: 'a', limit: 7 }], 0)
    expect(it.close().map(row => row.text)).toEqual(['2 at 11'])
  })

  it.each([
    ['that is written in onRow', { ...spec, onRow: (_: unknown, { shared }: any) => shared.limits.set('a', 1) }, 'STATE_SHARED', 'process, key = 1: the shared state "limits" is written where only one instance would see it; write it in onBroadcast'],
    ['onBroadcast that throws', { ...spec, onBroadcast: () => { throw new Error('no') } }, 'USER_FUNCTION', 'process: onBroadcast threw for row {"kind":"a","limit":1}: no'],
  ])('%s is an error', async (_, wrong, code, message) => {
    const it = await open(wrong)
    const act = () => {
      it.push([{ kind: 'a', limit: 1 }], 0)
      it.push([{ key: 1, kind: '', amount: 0 }], 1)
    }
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
    it.operator.close!()
  })

  const frame = from(rows, { schema })
  const broadcast = from(rules, { schema: ruleSchema })
  it.each([
    ['broadcast that is no frame', { broadcast: [], onRow() {}, onBroadcast() {} }, 'PROCESS', 'process: broadcast is no frame'],
    ['no onBroadcast', { broadcast, onRow() {} }, 'PROCESS', 'process: broadcast without onBroadcast'],
    ['no broadcast', { onRow() {}, onBroadcast() {} }, 'PROCESS', 'process: onBroadcast without broadcast'],
    ['shared state without broadcast', { onRow() {}, shared: {} }, 'PROCESS', 'process: shared without broadcast'],
    ['shared state with a ttl', { broadcast, onRow() {}, onBroadcast() {}, shared: { n: state.value('int32', { ttl: '1h' }) } }, 'TTL', 'process, state "n": shared state has no ttl'],
    ['a name twice', { broadcast, onRow() {}, onBroadcast() {}, shared: { n: state.value('int32') }, state: { n: state.value('int32') } }, 'STATE', 'process, state "n": it is shared, and of each key'],
  ])('%s is told', async (_, given, code, message) => {
    await expect(async () => frame.keyBy('key').process(given as never).collect()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })
})
