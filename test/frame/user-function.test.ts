import { afterAll, describe, expect, it } from 'vitest'
import { fromData } from '../../src/frame/from.ts'
import { functionOf, udf } from '../../src/frame/user-function.ts'
import { failing, misnamed, withHost, withThread } from '../fixtures/functions.mjs'
import { closeEngines, pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const rows = fromData(Array.from({ length: 1000 }, (_, id) => ({ id })), { schema: { id: 'int32' } })

describe('an exported function', () => {
  it('is named in the plan by its module and its name; a closure is not', () => {
    const own = udf('file:///m.js', 'own', (x: number) => x)
    expect(functionOf(own)).toEqual({ reference: { module: 'file:///m.js', name: 'own' } })
    expect(own(3)).toBe(3)
    const closure = () => 1
    expect(functionOf(closure)).toEqual({ closure })
    expect(withHost({ url: 'https://a.example/x' })).toEqual({ host: 'a.example' })
  })

  it('runs in the workers, in source order, and without workers on the caller’s thread', async () => {
    const frame = rows.map(withThread, { adds: { thread: 'int32' } })
    const table = await frame.collect({ workers: 2, batchRows: 10 })
    expect(table.column('id').toArray()).toEqual(Array.from({ length: 1000 }, (_, id) => id))
    const threads = new Set(table.column('thread').toArray())
    expect(threads.size).toBe(2)
    const { threadId } = await import('node:worker_threads')
    expect(threads.has(threadId)).toBe(false)
    expect(new Set((await frame.collect()).column('thread').toArray())).toEqual(new Set([threadId]))
    expect(frame.explain()).toContain('map with withThread of functions.mjs')
    expect(frame.explain()).not.toContain('leaves the fast path')
  })

  it.each([0, 2])('is missed by name when the job starts on %i workers', async workers => {
    const error = { code: 'FUNCTION_MISSING', message: expect.stringContaining('"nobodyExportsThis" of file://') }
    await expect(rows.map(misnamed, { schema: { id: 'int32' } }).collect({ workers })).rejects.toMatchObject(error)
    expect(await pagesInUse(workers)).toBe(0)
    expect((await rows.limit(1).collect({ workers })).numRows).toBe(1)
  })

  it.each([0, 2])('that throws ends the job with its step and its message on %i workers', async workers => {
    const error = { code: 'USER_FUNCTION', message: expect.stringMatching(/^map: the function threw for row \d+ of its batch: five hundred/) }
    await expect(rows.map(failing, { schema: { id: 'int32' } }).collect({ workers, batchRows: 64 })).rejects.toMatchObject(error)
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('may return what it adds alone: other columns stay as they are', async () => {
    const table = await rows.flatMap((row: { id: number }) => (row.id < 2 ? [{ copy: 1 }, { copy: 2 }] : []), { adds: { copy: 'int32' } }).collect()
    expect(table.toArray()).toEqual([{ id: 0, copy: 1 }, { id: 0, copy: 2 }, { id: 1, copy: 1 }, { id: 1, copy: 2 }])
  })

  it.each([
    ['no row', () => 5, 'USER_RESULT'],
    ['a row that doesn’t fit', () => ({ id: 'x' }), 'VALUE_TYPE'],
  ])('that returns %s is told so', async (_, fn, code) => {
    await expect(rows.map(fn, { schema: { id: 'int32' } }).collect()).rejects.toMatchObject({ code })
    expect(await pagesInUse(0)).toBe(0)
  })

  it('over batches must say which columns it adds', async () => {
    const adding = (batch: { withColumn(name: string, values: Float64Array): unknown; numRows: number }) => batch.withColumn('z', new Float64Array(batch.numRows))
    await expect(rows.mapBatches(adding).collect()).rejects.toMatchObject({ code: 'BATCH_COLUMNS', message: expect.stringContaining('"z"') })
    expect((await rows.mapBatches(adding, { adds: { z: 'float64' } }).limit(1).collect()).toArray()).toEqual([{ id: 0, z: 0 }])
    expect((await rows.mapBatches(adding, { schema: { z: 'float64' } }).limit(1).collect()).toArray()).toEqual([{ z: 0 }])
    expect(await pagesInUse(0)).toBe(0)
  })
})
