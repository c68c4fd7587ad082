// keyBy(…).process(…) as users write it: in the workers and beside them, its side outputs, what comes behind it, its state across restarts of a job.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { closeEngines, ConnectorError, count, from, read, seconds, sink, source, state, sum, tumble, write } from '../../src/index.ts'
import { everything } from '../fixtures/processes.mjs'
import { pagesInUse } from '../support/frames.ts'
import { naiveProcess, type NaiveState } from '../support/naive-process.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-process-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = { key: 'utf8?', time: 'timestamp[ms]', value: 'int32', op: 'int32' } as const
const chance = random(11)
const rows = Array.from({ length: 1_000 }, (_, i) => ({ key: chance.int(9) === 0 ? null : `key ${chance.int(30)}`, time: 10_000 + 3 * i + chance.int(90), value: chance.int(60), op: chance.int(13) }))
const boundMs = 60
const textOf = (key: unknown) => (key === null ? 'null' : String(key))

function expectedOf(given: readonly PlainRow[]): Map<string, string[]> {
  const spec = everything()
  const naive = Object.fromEntries(Object.entries(spec.state).map(([name, { shape, functions }]) => [name, { ...shape, ...functions } as unknown as NaiveState]))
  const watermarks = naiveWatermarks(given.map(row => ({ key: '', time: row.time as number, value: null })), boundMs)
  const last = Math.max(...given.map(row => row.time as number)) - boundMs - 1
  const all = naiveProcess(given, watermarks, last, row => textOf(row.key), row => row.key, naive, spec as never)
  return new Map([...all].map(([key, texts]) => [key, texts.filter(text => text.startsWith('{')).map(text => JSON.parse(text).text as string)]))
}

function byKey(emitted: Iterable<{ key: string | null; text: string }>): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { key, text } of emitted) (found.get(textOf(key)) ?? found.set(textOf(key), []).get(textOf(key))!).push(text)
  return found
}

describe('process', () => {
  const expected = expectedOf(rows)
  it.each([
    [1, 0],
    [7, 2],
    [1024, 3],
    [65_536, 1],
  ])('gives the same in batches of %i with %i workers, exported or not, of a stream or of rows that end', async (batchRows, workers) => {
    for (const functions of [everything, everything()]) {
      for (const mode of ['stream', 'batch'] as const) {
        const table = await from(rows, { schema }).watermark('time', { bound: boundMs }).keyBy('key').process(functions).collect({ workers, batchRows, mode })
        expect(byKey(table), `${typeof functions} ${mode}`).toEqual(expected)
      }
    }
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('says where it runs', () => {
    const keyed = from(rows, { schema }).keyBy('key')
    expect(keyed.process(everything).explain()).toContain('by key with everything of processes.mjs; last: value of int64; word: value of utf8?, for 400 ms of event time;')
    expect(keyed.process(everything).explain()).toContain('[per key]')
    expect(keyed.process({ onRow() {} }).explain()).toContain('by key with a function  [row function on the main thread: leaves the fast path]')
  })

  it('goes on from a checkpoint, and from a savepoint, with another number of workers', async () => {
    let open = () => {}
    const gate = new Promise<void>(resolve => (open = resolve))
    const events = source({
      name: 'events',
      schema,
      start: 0,
      splits: () => [{ id: '0' }],
      async *read(_, position: number) {
        for (let at = position; at < rows.length; at += 40) {
          if (at >= 600) await gate
          yield { rows: rows.slice(at, at + 40), position: at + 40 }
        }
      },
    })
    const got: { key: string | null; text: string }[] = []
    const end = sink({ name: 'end', delivery: 'append', write: batch => void got.push(...(batch.rows() as Iterable<never>)) })
    const job = from(events).watermark('time', { bound: boundMs }).keyBy('key').process(everything).to(end)
    const options = { mode: 'stream', batchRows: 100, checkpoint: { dir: join(folder, 'state'), every: '1h' } } as const
    const run = await job.start({ ...options, workers: 2 })
    while (run.metrics().rowsRead < 600) await new Promise(resolve => setTimeout(resolve, 5))
    await run.checkpoint()
    await run.savepoint(join(folder, 'saved'))
    await run.stop({ drain: false })
    const first = [...got]
    open()
    await job.run({ ...options, workers: 3 })
    expect(byKey(got)).toEqual(expected)
    got.splice(0, got.length, ...first)
    await job.run({ ...options, workers: 1, restore: join(folder, 'saved') })
    expect(byKey(got)).toEqual(expected)
    // Another job's state is refused by its name.
    const other = from(events).watermark('time', { bound: boundMs }).keyBy('key').process({ ...everything(), state: { ...everything().state, last: state.value('utf8') } })
    await expect(other.to(end).run({ ...options, restore: join(folder, 'saved') })).rejects.toMatchObject({
      code: 'STATE_INCOMPATIBLE',
      message: expect.stringContaining('process: the checkpoint doesn\'t fit this step: its state "last" is value of int64, and the job\'s is value of utf8'),
    })
  })

  it('goes on by itself behind a failure, and writes each row once', async () => {
    const fails = new Set([150, 420, 421, 900].map(at => rows[at]!.time))
    let rowsSeen = 0
    const events = source({
      name: 'events',
      schema,
      start: 0,
      bounded: true,
      splits: () => [{ id: '0' }],
      async *read(_, position: number) {
        for (let at = position; at < rows.length; at += 20) {
          await new Promise(resolve => setTimeout(resolve, 2))
          yield { rows: rows.slice(at, at + 20), position: at + 20 }
        }
      },
    })
    const spec = everything()
    const broken = {
      ...spec,
      onRow(row: { time: number }, call: unknown) {
        rowsSeen++
        // A call that fails leaves nothing behind, whatever it did before.
        spec.onRow(row, call)
        if (fails.delete(row.time)) throw new ConnectorError('AWAY', 'away for a moment', { retryable: true })
      },
    }
    const out = join(folder, 'once/')
    const job = from(events).watermark('time', { bound: boundMs }).keyBy('key').process(broken).to(write.ndjson(out))
    const run = await job.start({ mode: 'stream', workers: 0, batchRows: 50, checkpoint: { dir: join(folder, 'once-state'), every: '10ms' }, restart: { attempts: 5, backoff: '1ms' } })
    await run.done
    expect(fails.size).toBe(0)
    expect(rowsSeen).toBeGreaterThan(rows.length)
    const written = await read.ndjson(`${out}*.ndjson`, { schema: { key: 'utf8?', text: 'utf8' } }).collect()
    expect(byKey(written)).toEqual(expected)
  })

  it('infers rows, keys, state and what is emitted (the tour’s program)', async () => {
    const frame = from([{ account: 'a', amount: 1.5, dateTime: 0 }, { account: 'b', amount: 2, dateTime: 1_000 }, { account: 'a', amount: 4, dateTime: 61_000 }], { schema: { account: 'utf8', amount: 'float64', dateTime: 'timestamp[ms]' } })
    const scores = frame.watermark('dateTime', { bound: '0s' }).keyBy('account').process({
      state: { last: state.value('float64'), seen: state.list('int64', { ttl: '1h' }) },
      emits: { account: 'utf8', score: 'float64' },
      onRow(row, { state, timers, emit }) {
        emit({ account: row.account, score: row.amount - (state.last.get() ?? 0) })
        state.last.set(row.amount)
        state.seen.add(BigInt(row.dateTime))
        timers.eventTime(row.dateTime, seconds(60))
      },
      onTimer(time, { key, state, emit }) {
        emit({ account: key, score: -state.seen.size - time / 1e6 })
      },
    })
    const table = await scores.collect()
    expect(table.toArray()).toEqual([
      { account: 'a', score: 1.5 },
      { account: 'b', score: 2 },
      // The watermark is just before 61 s when a's last row comes: the timer of 60 s has fired, that of 61 s has not.
      { account: 'a', score: 2.5 },
      { account: 'a', score: -2.06 },
      { account: 'b', score: -1.061 },
      { account: 'a', score: -2.121 },
    ])
  })

  it('sends rows to side outputs, to sinks or as frames of their own, in time', async () => {
    const path = join(folder, 'odd.ndjson')
    const split = () =>
      from(rows, { schema }).watermark('time', { bound: boundMs }).keyBy('key').process({
        emits: { value: 'int32' },
        sides: { odd: { value: 'int32', time: 'timestamp[ms]' }, never: { x: 'utf8' } },
        onRow({ value, time }, { emit }) {
          if (value % 2 === 0) emit({ value })
          else emit.to('odd', { value, time })
        },
      })
    const odd = rows.filter(row => row.value % 2 === 1)
    const main = await split().side('odd', write.ndjson(path)).named('split').collect({ workers: 2 })
    expect(main.numRows).toBe(rows.length - odd.length)
    expect(readFileSync(path, 'utf8').trim().split('\n').map(line => JSON.parse(line).value).sort()).toEqual(odd.map(row => row.value).sort())
    const total = await split().side('odd').agg({ n: count(), total: sum('value') }).collect()
    expect(total.toArray()).toEqual([{ n: odd.length, total: BigInt(odd.reduce((s, row) => s + row.value, 0)) }])
    // What is late in windows behind one is judged row by row, as before it.
    const windows = async (batchRows: number, workers: number) => (await split().side('odd').groupBy(tumble('time', '40ms')).agg({ n: count() }).collect({ batchRows, workers, mode: 'stream' })).toArray()
    const expected = await windows(1, 0)
    expect(await windows(1024, 2)).toEqual(expected)
    expect(expected.reduce((s, { n }) => s + n, 0)).toBeLessThan(odd.length)
  })

  it('windows behind it count what timers emit, whatever the batches', async () => {
    const results = new Set<string>()
    for (const [batchRows, workers] of [[1, 0], [13, 2], [4_096, 0]] as const) {
      const emitted = from(rows, { schema }).watermark('time', { bound: boundMs }).keyBy('op').process({
        emits: { at: 'timestamp[ms]', late: 'bool' },
        onRow: ({ time }, { timers }) => timers.eventTime(time, 100),
        onTimer(at, { emit }) {
          emit({ at, late: false })
          emit({ at: at - 50, late: true })
        },
      })
      const table = await emitted.groupBy('late', tumble('at', '30ms')).agg({ n: count() }).collect({ batchRows, workers, mode: 'stream' })
      const found = table.toArray().map(row => ({ ...row, window_start: Number(row.window_start), window_end: 0 }))
      results.add(JSON.stringify(found.sort((a, b) => a.window_start - b.window_start || Number(a.late) - Number(b.late))))
      expect(found.filter(row => !row.late).reduce((s, { n }) => s + n, 0)).toBe(new Set(rows.map(row => `${row.op} ${row.time}`)).size)
    }
    expect(results.size).toBe(1)
  })

  it('keeps timers of the clock until it has come', async () => {
    const beats = source({
      name: 'beats',
      schema: { k: 'int32' },
      start: 0,
      splits: () => [{ id: '0' }],
      async *read() {
        yield { rows: [{ k: 1 }, { k: 2 }], position: 1 }
        await new Promise(() => {})
      },
    })
    const got: string[] = []
    let wake = () => {}
    const both = new Promise<void>(resolve => (wake = resolve))
    const run = await from(beats)
      .keyBy('k')
      .process({
        emits: { text: 'utf8' },
        onRow: (_, { timers, key }) => timers.processingTime(timers.now, 20 * key),
        onTimer: (time, { key, domain, emit, timers }) => emit({ text: `${key} ${domain} ${time <= timers.now}` }),
      })
      .to(sink({ name: 'end', delivery: 'append', write: batch => void (got.push(...[...batch.rows()].map(row => String(row.text))), got.length === 2 && wake()) }))
      .start()
    await both
    await run.stop({ drain: false })
    expect(got).toEqual(['1 processing true', '2 processing true'])
  })
})

describe('wrong use of process is told', () => {
  const frame = from(rows, { schema })
  const given = (spec: unknown) => () => frame.keyBy('key').process(spec as never)
  it.each([
    ['no functions', given(null), 'PROCESS', 'process: null given; give the functions'],
    ['no onRow', given({ onTimer() {} }), 'PROCESS', 'process: no onRow'],
    ['onRow and onBatch', given({ onRow() {}, onBatch() {} }), 'PROCESS', 'process: onRow and onBatch given'],
    ['an onTimer that is none', given({ onRow() {}, onTimer: 5 }), 'PROCESS', 'process: onTimer is number; give a function'],
    ['another option', given({ onrow() {} }), 'PROCESS', 'process: no option "onrow"; did you mean "onRow"?'],
    ['an option of a state', () => state.value('int32', { tll: '1h' } as never), 'STATE', 'state.value: no option "tll"; did you mean "ttl"?'],
    ['another time', () => state.value('int32', { ttl: '1h', by: 'events' as never }), 'TTL', `by is "events"; write 'clock' or 'event'`],
    ['another use', () => state.value('int32', { ttl: '1h', since: 'read' as never }), 'TTL', `since is "read"; write 'write' or 'use'`],
    ['a use without a time to live', () => state.list('int32', { since: 'use' }), 'TTL', 'state.list: since says of what time ttl is'],
    ['a time without a time to live', () => state.value('int32', { by: 'event' }), 'TTL', 'state.value: by says of what time ttl is'],
    ['a side output that isn’t there', () => frame.keyBy('key').process({ sides: { odd: { x: 'utf8' } }, onRow() {} }).side('od' as never), 'SIDE', 'process has no side output "od"; it has odd; did you mean "odd"?'],
    ['a side output of another step', () => (frame.limit(1) as unknown as { side(name: string): unknown }).side('odd'), 'SIDE', "side: only process() has side outputs of one's own; call it right after one, before limit"],
  ])('%s', (_, act, code, message) => {
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  it.each([
    ['a key that isn’t there', () => frame.keyBy('kye' as never).process({ onRow() {} }), 'NO_COLUMN', 'process: no column "kye"; the input has key, time, value, op; did you mean "key"?'],
    ['no keys', () => (frame.keyBy as (...keys: string[]) => ReturnType<typeof frame.keyBy>)().process({ onRow() {} }), 'PROCESS', 'process: no keys'],
    ['a key twice', () => frame.keyBy('key', 'key').process({ onRow() {} }), 'PROCESS', 'process: "key" is given twice'],
    ['a state that is none', () => frame.keyBy('key').process({ state: { n: 'int32' as never }, onRow() {} }), 'STATE', `process, state "n": it is no state; write state.value('float64')`],
    ['a type of a state', () => frame.keyBy('key').process({ state: { n: state.value('int33' as never) }, onRow() {} }), 'TYPE', 'process, state "n"'],
    ['a function that a state lacks', () => frame.keyBy('key').process({ state: { n: state.reducing('int32', undefined as never) }, onRow() {} }), 'STATE', 'process, state "n": reduce is undefined'],
    ['a type of what is emitted', () => frame.keyBy('key').process({ emits: { n: 'int33' as never }, onRow() {} }), 'TYPE', 'process, emits'],
    ['a type of a side output', () => frame.keyBy('key').process({ sides: { odd: { n: 'int33' as never } }, onRow() {} }), 'TYPE', 'process, side output "odd"'],
  ])('%s', async (_, frameOf, code, message) => {
    await expect(frameOf().collect()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('a timer of event time on a stream without a watermark', async () => {
    const endless = from(rows, { schema }).keyBy('key').process({ onRow: (row, { timers }) => timers.eventTime(row.time), onTimer() {} })
    await expect(endless.collect({ mode: 'stream' })).rejects.toMatchObject({ code: 'NO_WATERMARK', message: expect.stringContaining('call .watermark(') })
    expect((await endless.collect()).numRows).toBe(0)
  })
})
