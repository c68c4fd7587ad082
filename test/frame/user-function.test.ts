import { afterAll, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/batch/batch-view.ts'
import { col } from '../../src/frame/expr.ts'
import { fromData } from '../../src/frame/from.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { functionOf, udf } from '../../src/frame/user-function.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'
import { failing, misnamed, withHost, withThread, withThreads } from '../fixtures/functions.mjs'
import { closeEngines, pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const rows = fromData(Array.from({ length: 1000 }, (_, id) => ({ id })), { schema: { id: 'int32' } })

describe('an exported function', () => {
  it('is named in the plan by its module and its name; a closure is not', () => {
    const own = udf('file:///m.js', 'own', (x: number) => x)
    expect(functionOf(own)).toEqual({ reference: { module: 'file:///m.js', name: 'own' }, closure: own })
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

  it('over batches may say which columns it adds, or leaves', async () => {
    expect((await rows.mapBatches(adding, { adds: { z: 'float64' } }).limit(1).collect()).toArray()).toEqual([{ id: 0, z: 0 }])
    expect((await rows.mapBatches(adding, { schema: { z: 'float64' } }).limit(1).collect()).toArray()).toEqual([{ z: 0 }])
    expect(await pagesInUse(0)).toBe(0)
  })
})

const adding = (batch: BatchView) => batch.withColumn('z', new Float64Array(batch.numRows))
const typed = fromData([{ id: 1, name: 'a' }, { id: 2, name: null }], { schema: { id: 'int32', name: 'utf8?' } })

describe('mapBatches without a word about columns', () => {
  it('asks the function, by a batch without rows, and knows the columns before anything runs', async () => {
    expect((await rows.mapBatches(adding).limit(2).collect()).toArray()).toEqual([{ id: 0, z: 0 }, { id: 1, z: 0 }])
    expect(rows.mapBatches(adding).filter(col('z').gt(1)).explain()).toContain('z > 1')
    expect(() => rows.mapBatches(adding).filter(col('zz').gt(1)).explain()).toThrow(/no column "zz"; the input has id, z/)
    expect(await pagesInUse(0)).toBe(0)
  })

  it('reads columns, rows and types of a batch without rows', async () => {
    let seen: unknown
    const frame = typed.mapBatches((batch: BatchView) => {
      if (batch.numRows === 0) seen = [batch.columnNames, batch.column('name').type, batch.column('name').toArray(), [...batch.rows()], batch.column('id').toFloat64Array(), batch.retain().release()]
      return batch.withColumn('id', BigInt64Array.from(batch.column('id').toArray() as number[], v => BigInt(v))).withColumn('long', batch.column('name').toArray().map(v => String(v).length), 'int32')
    })
    expect((await frame.collect()).toArray()).toEqual([{ id: 1n, name: 'a', long: 1 }, { id: 2n, name: null, long: 4 }])
    expect(seen).toEqual([['id', 'name'], 'utf8', [], [], new Float64Array(), undefined])
  })

  it('calls the function once for that, however often the plan is looked at', async () => {
    let empty = 0
    const frame = rows.mapBatches((batch: BatchView) => {
      if (batch.numRows === 0) empty++
      return batch
    })
    frame.explain()
    await frame.select('id').collect()
    await frame.collect({ workers: 2 })
    expect(empty).toBe(1)
  })

  it.each([
    ['throws', () => { throw new RangeError('no rows') }, 'USER_FUNCTION', /mapBatches: the function threw for a batch without rows, .*: no rows; let it take one, or declare/],
    ['returns nothing', () => undefined, 'USER_RESULT', /returned undefined for a batch without rows/],
    ['returns a promise', async () => { throw new Error('later') }, 'USER_RESULT', /returned \[object Promise\]/],
    ['gives values of no type', (batch: BatchView) => batch.withColumn('z', []), 'USER_FUNCTION', /"z" can't be seen from its values; pass it as the third argument/],
  ])('says so where it %s', (_, fn, code, message) => { // biome-ignore format: a case a line
    expect(() => rows.mapBatches(fn).explain()).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('asks an exported function too, and runs it in the workers', async () => {
    const table = await rows.mapBatches(withThreads).collect({ workers: 2, batchRows: 10 })
    expect(new Set(table.column('thread').toArray()).size).toBe(2)
  })

  it('can’t ask in a plan that came without its functions', () => {
    const { plan, bindings } = buildPlan([rows.mapBatches(withThreads).edge.node])
    const others = new Map([...bindings].filter(([, bound]) => bound !== withThreads))
    expect(() => resolvePlan(plan, others)).toThrow(expect.objectContaining({ code: 'BATCH_COLUMNS', message: expect.stringMatching(/which columns withThreads of file:.* makes isn't known/) }))
  })

  it('refuses later batches that have other columns, other types, or nulls where there were to be none', async () => {
    const later = (name: string, values: (rows: number) => ArrayLike<unknown>) => rows.mapBatches((batch: BatchView) => (batch.numRows === 0 ? adding(batch) : batch.withColumn(name, values(batch.numRows))))
    await expect(later('y', n => new Float64Array(n)).collect()).rejects.toMatchObject({ code: 'BATCH_COLUMNS', message: expect.stringContaining('"y"') })
    await expect(later('z', n => new Int32Array(n)).collect()).rejects.toMatchObject({ code: 'BATCH_COLUMNS', message: expect.stringContaining('is int32, the schema says float64') })
    await expect(later('z', n => Array.from({ length: n }, (_, i) => i || null)).collect()).rejects.toMatchObject({ code: 'NULL_VALUE', message: expect.stringContaining('declare it as float64?') })
    expect(await pagesInUse(0)).toBe(0)
  })
})
