// What goes wrong in the world: each a typed error or a counted policy; no page stays in use, and no half-written file is left.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { max } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { fromData, sink, source } from '../../src/frame/from.ts'
import { job } from '../../src/frame/job.ts'
import { read } from '../../src/frame/read.ts'
import { topic } from '../../src/frame/topic.ts'
import { write } from '../../src/frame/write.ts'
import { register } from '../../src/plan/catalogue.ts'
import { nodeOutputCalls } from '../../src/sink/output-calls.ts'
import { fileSink } from '../../src/sink/files.ts'
import { ndjsonFiles } from '../../src/sink/ndjson.ts'
import { closeEngines, frame, pagesInUse } from '../support/frames.ts'

let folder: string
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-bad-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  for (const workers of [0, 2]) expect(await pagesInUse(workers), `pages in use with ${workers} workers`).toBe(0)
})
afterAll(closeEngines)

/** What is in the output folder, hidden files included. */
const left = () => readdirSync(at('out'), { recursive: true, encoding: 'utf8' })
const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `name ${id}` }))
const schema = { id: 'int32', name: 'utf8' } as const
const untyped = (f: unknown) => f as FrameValue

describe.each([0, 2])('on %i workers', workers => {
  describe('a broken JSON record', () => {
    const lines = [...rows.slice(0, 500).map(row => JSON.stringify(row)), '{"id": 500, "name"', '{"id": "x", "name": "y"}', '{"id": null, "name": "z"}', JSON.stringify(rows[503])]
    const stored = (onError?: object | 'skip' | 'fail') => {
      writeFileSync(at('in.ndjson'), lines.join('\n'))
      return untyped(read.ndjson(at('in.ndjson'), { schema, ...(onError && { onError: onError as 'skip' }) }))
    }

    it('fails the job with its file and place, and nothing is written', async () => {
      await expect(stored().to(write.csv(at('out', 'all.csv'))).run({ workers })).rejects.toMatchObject({ name: 'DataError', message: expect.stringMatching(/in\.ndjson/) })
      expect(left()).toEqual([])
    })

    it('is left out and counted', async () => {
      const run = await stored('skip').to(write.csv(at('out', 'all.csv'))).run({ workers })
      expect(run.metrics()).toMatchObject({ rowsWritten: 501, counts: { badRecords: 3 } })
      expect(left()).toEqual(['all.csv'])
    })

    it('goes to the dead letters as it was, with the reason', async () => {
      await stored({ deadLetters: write.ndjson(at('out', 'bad/')) }).to(write.csv(at('out', 'all.csv'))).run({ workers })
      const letters = (await read.ndjson(at('out', 'bad/')).collect()).toArray()
      expect(letters.map(letter => [letter.value, letter.base64])).toEqual(lines.slice(500, 503).map(line => [line, null]))
      expect(String(letters[2]!.error)).toContain('NULL')
    })

    it('that is no text keeps its bytes beside the reason', async () => {
      const broken = Buffer.concat([Buffer.from('{"id": 1, "name": "a'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
      writeFileSync(at('in.ndjson'), Buffer.concat([broken, Buffer.from('\n{"id": 2}\n{"id": 3, "name": "ok"}\n')]))
      const source = (sink: object) => untyped(read.ndjson(at('in.ndjson'), { schema, onError: { deadLetters: sink as never } }))
      await source(write.ndjson(at('out', 'bad/'))).to(write.csv(at('out', 'all.csv'))).run({ workers })
      const letters = (await read.ndjson(at('out', 'bad/')).collect()).toArray()
      expect(letters.map(letter => [letter.value, letter.base64])).toEqual([[null, broken.toString('base64')], ['{"id": 2}', null]])
      await source(write.arrow(at('out', 'bad.arrow'))).to(write.csv(at('out', 'all.csv'), { overwrite: true })).run({ workers })
      const kept = (await read.arrow(at('out', 'bad.arrow')).collect()).toArray()
      expect(kept.map(letter => Buffer.from(letter.value as Uint8Array).toString('base64'))).toEqual([broken.toString('base64'), Buffer.from('{"id": 2}').toString('base64')])
    })

    it.each(['bad/', 'bad.ndjson', 'bad.csv'])('goes behind the dead letters of earlier runs in %s', async path => {
      const kind = path.endsWith('.csv') ? 'csv' : 'ndjson'
      for (const run of [1, 2, 3]) {
        await stored({ deadLetters: write[kind](at('out', path)) }).to(write.csv(at('out', 'all.csv'), { overwrite: true })).run({ workers })
        const letters = await read[kind](at('out', path)).collect()
        expect(letters.numRows).toBe(3 * run)
        expect(new Set(letters.column('error').toArray()).size).toBeLessThanOrEqual(3)
      }
      const failing = stored({ deadLetters: write[kind](at('out', path)) }).map(() => { throw new Error('no') }, { adds: {} }) // biome-ignore format: one line
      await expect(failing.to(write.csv(at('out', 'all.csv'), { overwrite: true })).run({ workers })).rejects.toMatchObject({ code: 'USER_FUNCTION' })
      expect((await read[kind](at('out', path)).collect()).numRows).toBe(9)
      await stored({ deadLetters: write[kind](at('out', path), { overwrite: true }) }).to(write.csv(at('out', 'all.csv'), { overwrite: true })).run({ workers })
      expect((await read[kind](at('out', path)).collect()).numRows).toBe(3)
      expect(left().filter(name => name.includes('.tmp'))).toEqual([])
    })

    it('in a topic is treated alike', async () => {
      const house = topic('house', { dir: at('log') })
      await house.append(lines.map(value => ({ value })))
      const records = (onError: 'fail' | 'skip') => untyped(read.topic(house, { format: 'json', schema, until: 'end', onError }))
      await expect(records('fail').collect({ workers })).rejects.toMatchObject({ name: 'DataError' })
      const table = await records('skip').collect({ workers })
      expect([table.numRows, table.stats.counts.badRecords]).toEqual([501, 3])
    })
  })

  describe('a schema that doesn’t match its file', () => {
    beforeEach(() => frame(rows, schema).to(write.parquet(at('in.parquet'))).run())

    it.each([
      ['another type', { id: 'utf8', name: 'utf8' }, 'SCHEMA_MISMATCH', 'column "id" is int32, the schema says utf8'],
      ['another name', { ide: 'int32' }, 'NO_COLUMN', 'did you mean "id"?'],
    ] as const)('by %s is refused before anything is read', async (_, wrong, code, message) => {
      const stored = untyped(read.parquet(at('in.parquet'), { schema: wrong as never }))
      await expect(stored.to(write.csv(at('out', 'x.csv'))).run({ workers })).rejects.toMatchObject({ name: 'PlanError', code, message: expect.stringContaining(message) })
      expect(left()).toEqual([])
    })

    it('by nulls that it doesn’t allow is refused when they come', async () => {
      await frame([{ a: null }], { a: 'int32?' }).to(write.parquet(at('nulls.parquet'))).run()
      await expect(untyped(read.parquet(at('nulls.parquet'), { schema: { a: 'int32' } })).collect({ workers })).rejects.toMatchObject({ code: 'NULL_VALUE' })
    })

    it('is a DataError where the file is none of its kind, or cut', async () => {
      const bytes = readFileSync(at('in.parquet'))
      writeFileSync(at('text.parquet'), 'not a parquet file, by any means')
      writeFileSync(at('cut.parquet'), bytes.subarray(0, bytes.length - 100))
      for (const file of ['text.parquet', 'cut.parquet']) {
        await expect(untyped(read.parquet(at(file))).collect({ workers })).rejects.toMatchObject({ name: 'DataError', message: expect.stringContaining(file) })
      }
    })
  })

  it.each(['csv', 'ndjson', 'parquet', 'arrow'] as const)('a %s file that is missing is named', async kind => {
    await expect(untyped(read[kind](at('nowhere'))).to(write.csv(at('out', 'x.csv'))).run({ workers })).rejects.toMatchObject({ name: expect.stringMatching(/^(Connector|Data|Plan)Error$/), message: expect.stringContaining('nowhere') })
    expect(left()).toEqual([])
  })

  it.each(['.ndjson', '/'])('a full disk ends the job and leaves no file (out%s)', async ending => {
    let room = 3
    const full = {
      ...nodeOutputCalls,
      write: (descriptor: number, bytes: Uint8Array, offset: number) => {
        if (room-- <= 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
        return nodeOutputCalls.write(descriptor, bytes.subarray(0, 70_000 + offset), offset)
      },
    }
    register({ sinks: [fileSink({ ...ndjsonFiles, kind: 'fullDisk' }, full)] as never })
    const many = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `name ${id} ${'x'.repeat(30)}` }))
    const ended = frame(many, schema).to({ sink: 'fullDisk', options: { path: at('out', `all${ending}`) } }).run({ workers, batchRows: 1_000 })
    await expect(ended).rejects.toMatchObject({ name: 'ConnectorError', code: 'DISK_FULL', retryable: true })
    expect(left().filter(name => name !== 'all')).toEqual([])
  })

  it('a misspelt column is refused before any file is made', async () => {
    await expect(frame(rows, schema).groupBy('nmae').agg({ top: max('id') }).to(write.csv(at('out', 'x.csv'))).run({ workers })).rejects.toMatchObject({ name: 'PlanError', code: 'NO_COLUMN' })
    expect(left()).toEqual([])
  })

  it.each([
    ['map', (f: FrameValue, fail: () => never) => f.map(fail, { schema })],
    ['filterRows', (f: FrameValue, fail: () => never) => f.filterRows(fail)],
    ['mapBatches', (f: FrameValue, fail: () => never) => f.mapBatches(fail, { adds: {} })],
  ] as const)('a function of %s that throws ends the job with the original as its cause', async (kind, step) => {
    const fail = () => {
      throw new RangeError('out of cheese')
    }
    const outputs = job({ a: step(frame(rows, schema), fail).to(write.csv(at('out', 'a.csv'))), b: frame(rows, schema).to(write.parquet(at('out', 'b/'))) })
    const error = await outputs.run({ workers, batchRows: 100 }).catch(e => e)
    expect(error).toMatchObject({ name: 'DataError', code: 'USER_FUNCTION', message: expect.stringContaining(`${kind}: the function threw for row 0`) })
    expect(error.message).toContain('out of cheese')
    expect(left().filter(name => name !== 'b')).toEqual([])
  })

  it.each([
    ['splits()', () => ({ splits: () => { throw new Error('no list') } }), 'USER_SOURCE', 'no list'],
    ['read()', () => ({ read: () => { throw new Error('no door') } }), 'USER_SOURCE', 'no door'],
    ['the generator', () => ({ async *read() { yield { rows: [{ id: 1, name: 'a' }], position: 1 }; throw new Error('no more') } }), 'USER_SOURCE', 'no more'],
    ['its rows', () => ({ async *read() { yield { rows: [{ id: 'x', name: 'a' }], position: 1 } } }), 'VALUE_TYPE', 'column "id"'],
    ['no rows', () => ({ async *read() { yield { position: 1 } } }), 'USER_RESULT', 'rows'],
  ] as const)('a source of one’s own that fails in %s is an error of its name', async (_, wrong, code, message) => { // biome-ignore format: a case a line
    const broken = source({ name: 'broken', schema, start: 0, bounded: true, splits: () => [{ id: '0' }], async *read() {}, ...(wrong() as object) })
    const error = await fromData(broken).to(write.csv(at('out', 'x.csv'))).run({ workers }).catch(e => e)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(left()).toEqual([])
  })

  it('an iterable that throws is an error of the source', async () => {
    function* broken() {
      yield rows[0]!
      throw new Error('no more')
    }
    await expect(fromData(broken(), { schema }).collect({ workers })).rejects.toMatchObject({ code: 'USER_SOURCE', message: "from: the source's iterable threw: no more; catch what can be retried inside it" })
  })

  it.each(['open', 'write', 'prepare', 'commit', 'close'])('a sink of one’s own that fails in %s is an error of its name', async part => {
    const fail = () => {
      throw new Error('no ink')
    }
    const broken = sink({ name: 'broken', delivery: 'transactional', write: () => {}, commit: () => {}, [part]: fail })
    await expect(frame(rows, schema).to(broken).run({ workers })).rejects.toMatchObject({ code: 'USER_SINK', message: expect.stringContaining(`${part} of sink "broken" threw: no ink`) })
  })

  it('an integer that overflows is an error, not another number', async () => {
    const big = frame([{ n: 2n ** 62n }, { n: 2n ** 62n }], { n: 'int64' })
    await expect(big.with({ m: col('n').mul(4) }).collect({ workers })).rejects.toMatchObject({ name: 'DataError', code: 'INT_OVERFLOW' })
  })
})

beforeEach(() => mkdirSync(at('out')))
