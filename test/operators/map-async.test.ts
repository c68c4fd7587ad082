// A function that answers later: bounded, in order or as answers come, with time limits, further attempts, checkpoints and nothing left behind.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { closeEngines, col, count, from, sink, sum, topic, tumble, write, read } from 'millrace'
import { AsyncCalls } from '../../src/operators/async-calls.ts'
import { later } from '../fixtures/functions.mjs'
import { pagesInUse } from '../support/frames.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-async-'))
afterEach(async () => {
  for (const workers of [0, 2]) expect(await pagesInUse(workers), `pages in use with ${workers} workers`).toBe(0)
})
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})

const rows = Array.from({ length: 500 }, (_, id) => ({ id, name: `n${id % 7}` }))
const frame = from(rows, { schema: { id: 'int32', name: 'utf8' } })
/** A call that others are let go before: answers come in another order than calls. */
const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise(resolve => setImmediate(resolve))
}

describe('mapAsync', () => {
  it.each([{ workers: 0 }, { workers: 2 }, { workers: 2, batchRows: 7 }, { workers: 0, batchRows: 64 }])('gives an answer for each row, in order, with at most so many calls at a time: %o', async options => {
    let [now, most, calls] = [0, 0, 0]
    const asked = frame.mapAsync(
      async ({ id }) => {
        calls++
        most = Math.max(most, ++now)
        await turns(id % 5)
        now--
        return { twice: id * 2 }
      },
      { capacity: 10, schema: { twice: 'int32' } },
    )
    const table = await asked.filter(col('twice').ge(0)).collect(options)
    expect(table.toArray()).toEqual(rows.map(({ id }) => ({ twice: id * 2 })))
    expect([calls, most]).toEqual([500, 10])
    expect(table.stats.steps['mapAsync']).toMatchObject({ rows: 500, rowsOut: 500 })
  })

  it('gives answers as they come where order does not matter, beside the columns of their rows', async () => {
    const order: number[] = []
    const asked = frame.mapAsync(
      async ({ id, name }) => {
        await turns(id === 3 ? 200 : id % 4)
        order.push(id)
        return { name: `${name}!`, seen: order.length }
      },
      { capacity: 20, ordered: false, adds: { name: 'utf8', seen: 'int32' } },
    )
    const table = await asked.collect({ batchRows: 50 })
    expect(table.column('id').toArray()).not.toEqual(rows.map(row => row.id))
    expect(table.toArray().sort((a, b) => a.id - b.id)).toEqual(rows.map(({ id, name }) => ({ id, name: `${name}!`, seen: order.indexOf(id) + 1 })))
  })

  it('takes answers that are there at once, and rows of columns of any type', async () => {
    const typed = from([{ at: new Date(5), tags: ['a'], big: 7n }, { at: null, tags: [], big: 8n }], { schema: { at: 'timestamp[ms]?', tags: 'list<utf8>', big: 'int64' } })
    const asked = typed.mapAsync(row => ({ ...row, more: row.tags.concat(String(row.big)) }), { schema: { at: 'timestamp[ms]?', more: 'list<utf8>' } })
    expect((await asked.collect()).toArray()).toEqual([{ at: 5, more: ['a', '7'] }, { at: null, more: ['8'] }])
    expect((await typed.filter(col('big').gt(9)).mapAsync(({ big }) => ({ big }), { schema: { big: 'int64' } }).collect()).numRows).toBe(0)
  })

  it('runs an exported function in a worker, two after another, and before and after other steps', async () => {
    const asked = frame.mapAsync(later, { adds: { thread: 'int32' } }).mapAsync(async row => ({ own: row.thread }), { adds: { own: 'int32' }, ordered: false })
    const table = await asked.groupBy('thread', 'own').agg({ n: count(), all: sum('id') }).collect({ workers: 2 })
    const { threadId } = await import('node:worker_threads')
    expect(table.numRows).toBe(1)
    expect(table.toArray()[0]).toMatchObject({ n: 500, all: 124_750n })
    expect(table.toArray()[0]!.thread).not.toBe(threadId)
    expect(asked.explain()).toContain('map later with later of functions.mjs, 100 at a time')
    expect(asked.explain()).toMatch(/map later with a function, 100 at a time, as they come .*main thread/)
  })

  it('tells functions to stop where nobody needs the rest', async () => {
    let calls = 0
    const asked = frame.mapAsync(async ({ id }) => (calls++, { id }), { capacity: 3, schema: { id: 'int32' } })
    expect((await asked.limit(5).collect({ batchRows: 5 })).numRows).toBe(5)
    expect(calls).toBeLessThan(500)
  })
})

describe('mapAsync that fails', () => {
  it('tries again, and tells which attempt it is', async () => {
    const attempts: number[] = []
    const asked = frame.limit(20).mapAsync(
      async ({ id }, { attempt }) => {
        attempts.push(attempt)
        if (id % 3 === 0 && attempt < 3) throw new Error('not now')
        return { id, attempt }
      },
      { retries: 2, backoff: 0, schema: { id: 'int32', attempt: 'int8' } },
    )
    expect((await asked.collect()).column('attempt').toArray()).toEqual(Array.from({ length: 20 }, (_, id) => (id % 3 === 0 ? 3 : 1)))
    expect(attempts.length).toBe(20 + 14)
  })

  it.each([{ workers: 0 }, { workers: 2 }])('names the row and the attempt, aborts all other calls, and leaves nothing: %o', async options => {
    let aborted = 0
    const asked = frame.mapAsync(
      async ({ id }, { signal }) => {
        if (id === 42) throw new RangeError('no such rate')
        if (id > 42) await new Promise(resolve => signal.addEventListener('abort', () => resolve(aborted++)))
        return { id }
      },
      { capacity: 50, retries: 1, backoff: 0, schema: { id: 'int32' } },
    )
    const error = await asked.collect({ ...options, batchRows: 30 }).catch(e => e)
    expect(error).toMatchObject({ name: 'ConnectorError', code: 'ASYNC_CALL', retryable: true, message: 'mapAsync: row 42, attempt 2 of 2: the function failed: no such rate; give more retries, or catch it inside' })
    expect(aborted).toBeGreaterThan(0)
  })

  it('does not try again what its error says is of no use', async () => {
    let calls = 0
    const asked = frame.limit(1).mapAsync(async () => { calls++; throw Object.assign(new Error('404'), { retryable: false }) }, { retries: 5, schema: { id: 'int32' } }) // biome-ignore format: one line
    await expect(asked.collect()).rejects.toMatchObject({ code: 'ASYNC_CALL', retryable: false, message: expect.stringContaining('row 0, attempt 1 of 6: the function failed: 404; its error says') })
    expect(calls).toBe(1)
  })

  it('gives an attempt its time, and aborts it', async () => {
    const seen: unknown[] = []
    const asked = frame.limit(3).mapAsync(
      ({ id }, { signal, attempt }) => {
        if (id !== 1) return { id }
        signal.addEventListener('abort', () => seen.push([attempt, (signal.reason as { code?: string }).code]))
        return new Promise<never>(() => {})
      },
      { timeout: 5, retries: 1, backoff: 1, schema: { id: 'int32' } },
    )
    await expect(asked.collect()).rejects.toMatchObject({ code: 'ASYNC_TIMEOUT', message: 'mapAsync: row 1, attempt 2 of 2: no answer within 5 ms; raise timeout, lower capacity, or give more retries' })
    expect(seen).toEqual([[1, 'ASYNC_TIMEOUT'], [2, 'ASYNC_TIMEOUT']])
  })

  it.each([
    ['nothing', undefined, 'USER_RESULT', 'the function gave undefined for row 0; give an object'],
    ['a number', 5, 'USER_RESULT', 'the function gave 5 for row 0'],
    ['a wrong type', { id: 'x' }, 'VALUE_TYPE', 'mapAsync, row 0, column "id"'],
    ['a null', { id: null }, 'NULL_VALUE', 'mapAsync, row 0'],
  ])('says so where the answer is %s', async (_, answer, code, message) => {
    await expect(frame.mapAsync(async () => answer as unknown as { id: number }, { schema: { id: 'int32' } }).collect()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it.each([{ workers: 0 }, { workers: 2 }])('ends with the job’s signal though no answer ever comes: %o', async options => {
    const stop = new AbortController()
    let calls = 0
    const asked = frame.mapAsync(() => { if (++calls === 100) stop.abort(); return new Promise<never>(() => {}) }, { schema: { id: 'int32' } }) // biome-ignore format: one line
    await expect(asked.collect({ ...options, signal: stop.signal, batchRows: 20 })).rejects.toMatchObject({ name: 'CancelledError' })
    expect(calls).toBe(100)
  })

  it.each([
    ['no function', () => frame.mapAsync(5 as never, { schema: { id: 'int32' } }), 'FUNCTION', 'mapAsync: number given'],
    ['no columns', () => frame.mapAsync(async ({ id }) => ({ id }), {} as never), 'ASYNC', 'give the columns of the function'],
    ['both', () => frame.mapAsync(async ({ id }) => ({ id }), { schema: { id: 'int32' }, adds: { id: 'int32' } } as { schema: { id: 'int32' } }), 'ASYNC', 'give the columns of the function'],
    ['no capacity', () => frame.mapAsync(async ({ id }) => ({ id }), { capacity: 0, schema: { id: 'int32' } }), 'ASYNC', 'capacity is 0; give a whole number from 1'],
    ['half a retry', () => frame.mapAsync(async ({ id }) => ({ id }), { retries: 0.5, schema: { id: 'int32' } }), 'ASYNC', 'retries is 0.5'],
    ['no time', () => frame.mapAsync(async ({ id }) => ({ id }), { timeout: 0, schema: { id: 'int32' } }), 'ASYNC', 'timeout is 0'],
    ['a time that is none', () => frame.mapAsync(async ({ id }) => ({ id }), { timeout: 'soon' as never, schema: { id: 'int32' } }), 'DURATION', '"soon"'],
    ['an order that is none', () => frame.mapAsync(async ({ id }) => ({ id }), { ordered: 'no' as never, schema: { id: 'int32' } }), 'ASYNC', 'ordered is no'],
    ['an unknown option', () => frame.mapAsync(async ({ id }) => ({ id }), { retrys: 3, schema: { id: 'int32' } } as { schema: { id: 'int32' } }), 'ASYNC', 'no option "retrys"; did you mean "retries"?'],
  ] as const)('refuses %s', (_, make, code, message) => { // biome-ignore format: a case a line
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  it.each([0, 2])('gives all memory back when it is cancelled while its last checkpoint waits for answers, on %i workers', async workers => {
    const silent = frame.mapAsync(() => new Promise<never>(() => {}), { adds: { answer: 'int32' } })
    const run = await silent.to(sink({ name: 'nothing', delivery: 'append', write() {} })).start({ name: 'silent', workers, checkpoint: { dir: join(root, `silent-${workers}`) } })
    while (run.metrics().rowsRead < 500) await turns(1)
    await turns(200)
    await run.stop({ drain: false })
    await expect(run.done).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('mapAsync in a stream', () => {
  it('holds rows and watermarks back until answers are there, and emits without further input', async () => {
    const bids = topic('async-bids')
    const at = (s: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString()
    await bids.append([1, 5, 12, 25, 31].map(s => ({ value: JSON.stringify({ id: s, at: at(s) }) })))
    const open: (() => void)[] = []
    const out: { id: bigint; n: number }[] = []
    const collected = sink({ name: 'out', delivery: 'idempotent', write: async batch => void out.push(...[...batch].map(row => ({ id: row['top'] as bigint, n: row['n'] as number }))) })
    const run = await read
      .topic(bids, { format: 'json', schema: { id: 'int32', at: 'timestamp[ms]' } })
      .watermark('at', { bound: 0 })
      .mapAsync(({ id }) => new Promise<{ top: number }>(resolve => (id < 10 ? open.push(() => resolve({ top: id })) : resolve({ top: id }))), { ordered: false, adds: { top: 'int32' } })
      .groupBy(tumble('at', '10s'))
      .agg({ n: count(), top: sum('top') })
      .to(collected)
      .start({})
    await expect.poll(() => open.length).toBe(2)
    // The window of the first ten seconds waits for its two rows, and so do all that follow.
    await expect.poll(() => run.metrics().rowsRead).toBe(5)
    expect(out).toEqual([])
    for (const answer of open) answer()
    await expect.poll(() => out.length).toBe(3)
    expect(out).toEqual([{ id: 6n, n: 2 }, { id: 12n, n: 1 }, { id: 25n, n: 1 }])
    await run.stop()
  })

  it.each([true, false])('lets no watermark pass a row whose answer is missing, so that windows behind it lose none; ordered: %s', async ordered => {
    const asked = from(Array.from({ length: 40 }, (_, id) => ({ id, at: id * 1000 })), { schema: { id: 'int32', at: 'timestamp[ms]' } })
      .watermark('at', { bound: '0s' })
      .mapAsync(async ({ id }) => (await turns(id % 2 ? 0 : 60), { twice: 2 * id }), { ordered, capacity: 40, adds: { twice: 'int32' } })
      .groupBy(tumble('at', '5s'))
      .agg({ n: count() })
    expect((await asked.collect({ batchRows: 1 })).column('n').toArray()).toEqual(Array(8).fill(5))
  })

  it('shows each row once, though jobs die with answers under way', async () => {
    const house = topic('async-house', { dir: join(root, 'log') })
    await house.append(Array.from({ length: 300 }, (_, id) => ({ value: JSON.stringify({ id }) })))
    const state = join(root, 'state')
    const job = (fail: number) =>
      read
        .topic(house, { format: 'json', schema: { id: 'int32' }, until: 'end' })
        .mapAsync(
          async ({ id }) => {
            await turns(id % 9)
            if (id === fail) throw new Error('service is down')
            return { id, half: id / 2 }
          },
          { capacity: 8, ordered: false, schema: { id: 'int32', half: 'float64' } },
        )
        .to(write.ndjson(`${join(root, 'once')}/`))
        .run({ name: 'once', batchRows: 20, checkpoint: { dir: state, every: 1 } })
    await expect(job(150)).rejects.toMatchObject({ code: 'ASYNC_CALL' })
    await expect(job(290)).rejects.toMatchObject({ code: 'ASYNC_CALL' })
    await job(-1)
    const written = readdirSync(join(root, 'once')).flatMap(name => readFileSync(join(root, 'once', name), 'utf8').trimEnd().split('\n'))
    expect(written.map(line => (JSON.parse(line) as { id: number }).id).sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, id) => id))
  })

  it('gives what is under way when it is stopped, without checkpoints too', async () => {
    const bids = topic('async-stop')
    await bids.append([1, 2, 3].map(id => ({ value: JSON.stringify({ id }) })))
    const got: number[] = []
    let [asked, answer] = [0, () => {}]
    const gate = new Promise<void>(resolve => (answer = resolve))
    const run = await read
      .topic(bids, { format: 'json', schema: { id: 'int32' } })
      .mapAsync(async ({ id }) => { asked++; await gate; return { id } }, { schema: { id: 'int32' } }) // biome-ignore format: one line
      .to(sink({ name: 'got', delivery: 'idempotent', write: async batch => void got.push(...(batch.column('id').toArray() as number[])) }))
      .start({})
    await expect.poll(() => asked).toBe(3)
    const stopped = run.stop({ drain: true })
    answer()
    await stopped
    expect(got).toEqual([1, 2, 3])
  })
})

describe('calls', () => {
  it('wait longer from attempt to attempt, up to a bound', async () => {
    const waits: number[] = []
    const clock: Clock = { now: () => 0, elapsed: () => 0, sleep: async ms => void waits.push(ms) }
    const calls = new AsyncCalls(async () => { throw new Error('no') }, { capacity: 1, retries: 10, backoffMs: 100 }, clock, 'test') // biome-ignore format: one line
    calls.start({}, 7, () => {})
    expect(calls.hasRoom).toBe(false)
    await calls.next()
    expect(() => calls.check()).toThrow('test: row 7, attempt 11 of 11: the function failed: no')
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000])
    expect([calls.count, calls.hasRoom]).toEqual([0, false])
    calls.close()
  })
})
