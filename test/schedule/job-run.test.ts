import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { col } from '../../src/frame/expr.ts'
import { fromData, sink } from '../../src/frame/from.ts'
import { closeEngines, frame, pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const rows = Array.from({ length: 1000 }, (_, i) => ({ id: i, name: i % 7 === 0 ? null : `name-${i}-${'x'.repeat(i % 20)}` }))
const schema = { id: 'int32', name: 'utf8?' }

describe.each([0, 1, 2])('a job on %i workers', workers => {
  test.each([1, 7, 1024])('keeps source order in batches of %i rows', async batchRows => {
    const table = await frame(rows, schema).filter(col('id').gt(99)).collect({ workers, batchRows })
    expect(table.toArray()).toEqual(rows.slice(100))
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('runs closures in source order between steps of the workers', async () => {
    const table = await frame(rows, schema)
      .filter(col('id').lt(50))
      .flatMap((row: { id: number }) => [{ id: row.id, half: row.id / 2 }], { schema: { id: 'int32', half: 'float64' } })
      .filter(col('half').ge(10))
      .collect({ workers, batchRows: 3 })
    expect(table.column('id').toArray()).toEqual(Array.from({ length: 30 }, (_, i) => i + 20))
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('gives every reader of a shared step all of its rows', async () => {
    const written: Record<string, number> = {}
    const counting = (name: string) => sink({ name, delivery: 'append', write: batch => void (written[name] = (written[name] ?? 0) + batch.numRows) })
    const shared = frame(rows, schema).filter(col('id').lt(10))
    const { job } = await import('../../src/frame/job.ts')
    await job({ all: shared.to(counting('all')), few: shared.filter(col('id').lt(3)).to(counting('few')) }).run({ workers })
    expect(written).toEqual({ all: 10, few: 3 })
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('fails with the typed error of a user function, releases all memory and runs on', async () => {
    const failing = frame(rows, schema).map(
      (row: { id: number }) => {
        if (row.id === 500) throw new RangeError('five hundred')
        return row
      },
      { schema },
    )
    await expect(failing.collect({ workers, batchRows: 10 })).rejects.toMatchObject({ code: 'USER_FUNCTION', message: expect.stringContaining('five hundred') })
    expect(await pagesInUse(workers)).toBe(0)
    expect((await frame(rows, schema).collect({ workers })).numRows).toBe(1000)
  })

  test('stops where its signal says so, and releases all memory', async () => {
    const abort = new AbortController()
    const endless = fromData(
      (async function* () {
        for (let i = 0; ; i++) yield { id: i }
      })(),
      { schema: { id: 'int32' } },
    )
    let seen = 0
    const run = endless.forEach(
      () => {
        if (++seen === 100) abort.abort()
      },
      { workers, signal: abort.signal, batchRows: 10 },
    )
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('stops an endless source when a limit is reached', async () => {
    const endless = fromData(
      (async function* () {
        for (let i = 0; ; i++) yield { id: i }
      })(),
      { schema: { id: 'int32' } },
    )
    const table = await endless.filter(col('id').ge(5)).limit(10).collect({ workers, batchRows: 7 })
    expect(table.column('id').toArray()).toEqual(Array.from({ length: 10 }, (_, i) => i + 5))
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('ends an endless source when the loop over its batches is left', async () => {
    const endless = fromData(
      (async function* () {
        for (let i = 0; ; i++) yield { id: i }
      })(),
      { schema: { id: 'int32' } },
    )
    let taken = 0
    for await (const batch of endless.batches({ workers, batchRows: 5 })) {
      taken += batch.numRows
      if (taken >= 50) break
    }
    expect(taken).toBe(50)
    expect(await pagesInUse(workers)).toBe(0)
  })
})

test('a job whose signal is aborted already does not begin', async () => {
  await expect(frame(rows, schema).collect({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await pagesInUse(0)).toBe(0)
})

test('what its signal says behind its end is none of a job’s business, and not in its audit log', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-'))
  try {
    const abort = new AbortController()
    await frame(rows, schema).to(sink({ name: 'nothing', delivery: 'append', write() {} })).run({ signal: abort.signal, audit: dir })
    const log = readFileSync(join(dir, 'audit.ndjson'), 'utf8')
    expect(log).toContain('"event":"stop"')
    abort.abort()
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(readFileSync(join(dir, 'audit.ndjson'), 'utf8')).toBe(log)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a sink that throws fails the job with its name', async () => {
  const broken = sink({
    name: 'broken',
    delivery: 'append',
    write() {
      throw new Error('no space')
    },
  })
  await expect(frame(rows, schema).to(broken).run()).rejects.toMatchObject({ code: 'USER_SINK', message: expect.stringContaining('no space') })
  expect(await pagesInUse(0)).toBe(0)
})

test('a misspelt column is an error that names the nearest one', async () => {
  await expect(frame(rows, schema).filter(col('nmae').eq('x')).collect()).rejects.toMatchObject({
    code: 'NO_COLUMN',
    message: 'filter: no column "nmae"; the input has id, name; did you mean "name"?',
  })
})

test('explain names every step without running any', () => {
  const text = frame(rows, schema).filter(col('id').gt(1)).map((r: object) => r, { schema }).explain()
  expect(text.split('\n').map(l => l.trim())).toEqual([
    'map  map with a function  [row function on the main thread: leaves the fast path]',
    'filter  filter id > 1',
    'from  1000 rows in memory',
    'id: int32, name: utf8?',
  ])
})
