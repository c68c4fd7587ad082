// Text files that are packed as they are written: whole for every reader of gzip and zstd, the same text as unpacked, from any number of threads and restarts.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Json } from '../../src/base/json.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { closeEngines } from '../../src/engine.ts'
import { read, write } from '../../src/index.ts'
import { csvSink } from '../../src/sink/csv.ts'
import { jsonSink, ndjsonSink } from '../../src/sink/ndjson.ts'
import type { SinkContext, SinkType, SinkWriter } from '../../src/sink/sink.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
  expect(device.pages.used()).toBe(0)
})

const schema = parseSchema({ id: 'int32', name: 'utf8?' }, 'test')
const rowsFrom = (start: number, count: number) => Array.from({ length: count }, (_, i) => ({ id: start + i, name: i % 7 === 0 ? null : `name, ${(start + i) % 100}` }))
const unpack = (path: string) => {
  const bytes = readFileSync(path)
  return new TextDecoder().decode(path.endsWith('.gz') ? gunzipSync(bytes) : path.endsWith('.zst') ? decompress(bytes) : bytes)
}

async function open(sink: SinkType<never>, options: object, more: Partial<SinkContext> = {}): Promise<SinkWriter> {
  const context: SinkContext = { device, clock: systemClock, fields: schema, where: 'write', job: 'job', sink: 'out', signal: new AbortController().signal, epoch: 1, count: () => {}, ...more }
  sink.check(options as never, schema, 'write')
  return sink.open(context, options as never)
}

async function put(writer: SinkWriter, batch: readonly Record<string, unknown>[]): Promise<void> {
  const arena = device.arena()
  await writer.write(new BatchView(device, buildBatch(device, arena, schema, batch, 'test')), { epoch: 1 })
  arena.release()
}

const sinks = { csv: csvSink, ndjson: ndjsonSink, json: jsonSink } as unknown as Record<string, SinkType<never>>

describe.each(Object.entries(sinks))('packed %s', (kind, sink) => {
  it.each(['gz', 'zst'])('holds in .%s the text that a plain file has, in several members, and without rows too', async ending => {
    for (const batches of [[], [rowsFrom(0, 3)], [rowsFrom(0, 5), rowsFrom(5, 90_000), rowsFrom(90_005, 1)]]) {
      const texts = await Promise.all(
        ['', `.${ending}`].map(async more => {
          const path = join(folder, `same-${batches.length}.${kind}${more}`)
          const writer = await open(sink, { path, overwrite: true })
          for (const batch of batches) await put(writer, batch)
          await writer.close!(false)
          return unpack(path)
        }),
      )
      expect(texts[1] === texts[0]).toBe(true)
      expect(readFileSync(join(folder, `same-${batches.length}.${kind}.${ending}`)).length).toBeGreaterThan(8)
    }
  })

  it.each(['gz', 'zst'])('goes on in .%s from a checkpoint', async ending => {
    for (const before of [0, 4]) {
      const path = join(folder, `again-${before}.${kind}.${ending}`)
      const first = await open(sink, { path })
      if (before > 0) await put(first, rowsFrom(0, before))
      const handle = (await first.prepare!(1)) as Json
      await put(first, rowsFrom(100, 2))
      await first.close!(true)
      const second = await open(sink, { path }, { resumed: { epoch: 1, handle }, epoch: 2 })
      await put(second, rowsFrom(before, 3))
      await second.close!(false)
      const plain = await open(sink, { path: join(folder, 'plain'), overwrite: true })
      await put(plain, rowsFrom(0, before))
      await put(plain, rowsFrom(before, 3))
      await plain.close!(false)
      expect(unpack(path)).toBe(unpack(join(folder, 'plain')))
    }
  })
})

describe('write.… of packed text', () => {
  const source = join(folder, 'source.csv')
  writeFileSync(source, `id,name\n${rowsFrom(0, 120_000).map(row => `${row.id},"${row.name ?? ''}"\n`).join('')}`)

  it.each([1, 2])('is read back as it was, written by %i threads', async workers => {
    for (const ending of ['csv.gz', 'csv.zst', 'ndjson.gz', 'ndjson.zst', 'json.gz', 'json.zst']) {
      const kind = ending.split('.')[0] as 'csv' | 'ndjson' | 'json'
      const path = join(folder, `${workers}.${ending}`)
      await read.csv(source).to(write[kind](path)).run({ workers })
      const table = await read[kind](path).collect()
      expect([ending, table.numRows]).toEqual([ending, 120_000])
      expect([ending, table.toJSON()[119_999]]).toEqual([ending, { id: 119_999, name: 'name, 99' }])
      expect(readFileSync(path).length).toBeLessThan(readFileSync(source).length / 2)
    }
  })

  it('gives part files the ending, also in folders by values', async () => {
    await read.csv(source).to(write.ndjson(join(folder, 'parts/'), { compression: 'gzip' })).run()
    expect(readdirSync(join(folder, 'parts'))).toEqual(['part-00001-0.ndjson.gz'])
    await read.csv(source).limit(3).to(write.csv(join(folder, 'by/'), { compression: 'zstd', partitionBy: ['id'] })).run()
    expect(readdirSync(join(folder, 'by/id=2'))).toEqual(['part-00001-2.csv.zst'])
    expect((await read.csv(join(folder, 'by/')).collect()).toJSON()).toEqual([{ name: '', id: 0 }, { name: 'name, 1', id: 1 }, { name: 'name, 2', id: 2 }])
    await read.csv(source).limit(1).to(write.ndjson(join(folder, 'parts/'), { compression: 'gzip', append: true })).run()
    expect((await read.ndjson(join(folder, 'parts/')).collect()).numRows).toBe(120_001)
  })

  it('refuses what readers would not understand', async () => {
    const refused = (path: string, options: object) => expect(read.csv(source).to(write.csv(join(folder, path), options as never)).run()).rejects
    await refused('a.csv', { compression: 'gzip' }).toMatchObject({ name: 'PlanError', code: 'COMPRESSION', message: expect.stringMatching(/a\.csv has no \.gz at its end/) })
    await refused('a.csv.gz', { compression: 'zstd' }).toMatchObject({ code: 'COMPRESSION', message: expect.stringContaining('ends in .gz') })
    await refused('a.csv.zst', { compression: 'none' }).toMatchObject({ code: 'COMPRESSION' })
    await refused('a/', { compression: 'gzp' }).toMatchObject({ code: 'COMPRESSION', message: expect.stringContaining('did you mean "gzip"?') })
    await refused('a.csv.gz', { append: true }).toMatchObject({ code: 'APPEND', message: expect.stringContaining("rows can't be put behind a csv.gz file") })
  })
})
