import { afterAll, describe, expect, it } from 'vitest'
import { CancelledError } from '../../src/base/errors.ts'
import { count } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import { fromData, sink } from '../../src/frame/from.ts'
import { generate } from '../../src/frame/generate.ts'
import { desc } from '../../src/frame/orders.ts'
import { closeEngines, frame, pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const rows = Array.from({ length: 100 }, (_, id) => ({ id }))
const numbers = () => frame(rows, { id: 'int32' })
const nowhere = sink({ name: 'nowhere', delivery: 'idempotent', write: () => {} })

/** Every call of a logger, as text. */
function listener() {
  const calls: [level: string, details: Record<string, unknown>, message: string][] = []
  const level = (name: string) => (details: object, message: string) => void calls.push([name, { ...details }, message])
  return { calls, logger: { info: level('info'), error: level('error') } }
}

describe('progress', () => {
  it.each([
    [false, /^█+ 100 % · 100 rows · [^\r]*\n$/],
    [true, /\r\u001b\[K.*100 rows.*\n$/],
  ])('ends with a whole line where the terminal is %s', async (isTerminal, ending) => {
    const written: string[] = []
    await numbers().to(nowhere).run({ progress: { write: text => void written.push(text), isTerminal } })
    expect(written.join('')).toMatch(ending)
    if (!isTerminal) for (const text of written) expect(text.endsWith('\n')).toBe(true)
  })

  it('ends its line also when the job fails', async () => {
    const written: string[] = []
    const failing = numbers().filterRows(() => {
      throw new Error('no')
    })
    await expect(failing.to(nowhere).run({ progress: { write: text => void written.push(text), isTerminal: false } })).rejects.toThrow('no')
    expect(written.at(-1)).toMatch(/\n$/)
  })
})

describe('a logger', () => {
  it('hears of the start and the end, with the figures of the run', async () => {
    const { calls, logger } = listener()
    await numbers().to(nowhere).run({ name: 'quiet', logger })
    expect(calls.map(([level, , message]) => `${level} ${message}`)).toEqual(['info job started', 'info job finished'])
    expect(calls[1]![1]).toMatchObject({ job: 'quiet', rowsRead: 100, rowsWritten: 100 })
  })

  it('hears why a job failed', async () => {
    const { calls, logger } = listener()
    const failing = numbers().filterRows(() => {
      throw new Error('no')
    })
    await failing.to(nowhere).run({ name: 'loud', logger }).catch(() => {})
    expect(calls.at(-1)).toEqual(['error', { job: 'loud', code: 'USER_FUNCTION' }, expect.stringContaining('no')])
  })
})

describe('a run', () => {
  it('tells what it has done', async () => {
    const run = await numbers().filter(col('id').lt(10)).to(nowhere).run()
    expect(run.metrics()).toMatchObject({ rowsRead: 100, rowsWritten: 10, progress: 1, checkpoints: { completed: 1 } })
  })

  it.each([[0, 1], [2, 3]])('with %i workers says how long each of %i threads was busy', async (workers, threads) => {
    const frame = generate.columns({ k: generate.uniform(0, 10, { type: 'int32' }) }, { rows: 400_000 }).groupBy('k').agg({ n: count() })
    const { stats } = await frame.collect({ workers })
    expect(stats.busyMs).toHaveLength(threads)
    const inSteps = Object.values(stats.steps).reduce((total, { ms }) => total + ms, 0)
    expect(stats.busyMs.reduce((total, ms) => total + ms, 0)).toBeCloseTo(inSteps, 6)
    expect(stats.busyMs.slice(0, Math.max(1, workers)).every(ms => ms > 0)).toBe(true)
  })

  it('that is cancelled before it starts does nothing', async () => {
    await expect(numbers().collect({ signal: AbortSignal.abort() })).rejects.toThrow(CancelledError)
    expect(await pagesInUse(0)).toBe(0)
  })

  it.each([
    ['workers', { workers: 1.5 }, 'WORKERS'],
    ['batchRows', { batchRows: 0 }, 'BATCH_ROWS'],
    ['memory', { memory: 'plenty' }, 'BYTES'],
    ['checkpoint.every', { checkpoint: { dir: '/nowhere', every: 'often' as never } }, 'DURATION'],
  ])('refuses an option %s that is none', async (_, options, code) => {
    await expect(numbers().collect(options)).rejects.toMatchObject({ code })
  })

  it('hands over each row, waiting for a callback that waits', async () => {
    const seen: number[] = []
    await numbers().forEach(
      async (row: { id: number }) => {
        await Promise.resolve()
        seen.push(row.id)
      },
      { batchRows: 7 },
    )
    expect(seen).toEqual(rows.map(r => r.id))
  })

  it('gives batches that may be kept', async () => {
    const kept = []
    for await (const batch of numbers().batches({ batchRows: 40 })) kept.push(batch.retain())
    expect(kept.map(batch => batch.column('id').get(0))).toEqual([0, 40, 80])
    for (const batch of kept) batch.release()
    expect(await pagesInUse(0)).toBe(0)
  })

  it.each([0, 2])('bounds what is on its way to a slow reader, and tells the most memory that it took, on %i threads', async workers => {
    const many = frame(Array.from({ length: 60_000 }, (_, id) => ({ id, text: 'a text of more than twelve bytes' })), { id: 'int32', text: 'utf8' }).with({ longer: col('text').repeat(3) })
    const slowly = { sink: 'user', options: null, bound: { name: 'slow', delivery: 'idempotent', write: () => new Promise<void>(resolve => setImmediate(resolve)) } }
    const took = async (batches: string) => (await many.to(slowly).run({ workers, batchRows: 1_024, memory: { total: '64MiB', state: '16MiB', batches } })).metrics()
    const [wide, narrow] = [await took('32MiB'), await took('1MiB')]
    expect(narrow.rowsWritten).toBe(60_000)
    // What was begun before the bound was reached still comes.
    expect(narrow.memory.peakBatchBytes).toBeLessThan(2.5 * 2 ** 20)
    expect(wide.memory.peakBatchBytes).toBeGreaterThan(narrow.memory.peakBatchBytes)
    expect(narrow.memory.peakBytes).toBeGreaterThanOrEqual(narrow.memory.peakBatchBytes)
    expect(wide.memory.peakBytes).toBeLessThanOrEqual(64 * 2 ** 20)
    const table = await many.limit(10).collect({ workers })
    expect(table.stats.memory.peakBytes).toBeGreaterThan(0)
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('keeps what it caches for the next, and computes it once', async () => {
    let calls = 0
    const cached = numbers()
      .filterRows(() => ++calls > 0)
      .cache()
    expect((await cached.collect()).numRows).toBe(100)
    expect((await cached.groupBy().agg({ n: count() }).collect()).toArray()).toEqual([{ n: 100 }])
    expect(calls).toBe(100)
    await closeEngines()
    expect((await cached.collect()).numRows).toBe(100)
    expect(calls).toBe(200)
    await closeEngines()
  })

  it('keeps what other kept rows lead to, and what the optimizer turns around', async () => {
    const twice = numbers().cache().topK(2, desc('id')).cache()
    expect((await twice.with({ half: col('id').sub(1) }).collect()).toArray()).toEqual([{ id: 99, half: 98 }, { id: 98, half: 97 }])
    const filtered = numbers().join(numbers().rename({ id: 'other' }), { left: 'id', right: 'other', how: 'left' }).filter(col('id').lt(2)).cache()
    expect((await filtered.collect()).toArray()).toEqual([{ id: 0 }, { id: 1 }])
    await closeEngines()
  })
})

describe('explain', () => {
  it('knows the columns of what is cached, and runs nothing for it', () => {
    const cached = numbers().with({ double: col('id').mul(2) }).cache()
    expect(cached.cache().filter(col('double').gt(4)).explain()).toMatch(/^filter {2}filter double > 4\n +cache.*\n +id: int32, double: int32$/)
  })

  it('with analyze shows rows and time of each step', async () => {
    const text = await numbers().filter(col('id').lt(10)).limit(5).explain({ analyze: true })
    expect(text.replace(/\d+\.\d ms/g, '… ms')).toBe(
      ['limit  5 rows  [one instance, in order]  (10 rows in, 5 out, 20 B, … ms)', '  filter  filter id < 10  (100 rows in, 10 out, 40 B, … ms)', '    from  100 rows in memory', '        id: int32'].join('\n'),
    )
  })

  it('without it runs nothing', () => {
    const never = fromData(
      (function* () {
        yield Promise.reject(new Error('run'))
      })(),
      { schema: { a: 'int32' } },
    )
    expect(never.explain()).toContain('an iterable in memory')
  })
})
