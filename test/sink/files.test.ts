// File sinks: rows appear by renaming, once, whatever dies in between; nothing half-written is ever visible.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Json } from '../../src/base/json.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { arrowSink } from '../../src/sink/arrow.ts'
import { csvSink } from '../../src/sink/csv.ts'
import { nodeOutputCalls, type OutputCalls } from '../../src/sink/output-calls.ts'
import { type FileSinkOptions, fileSink } from '../../src/sink/files.ts'
import { ndjsonFiles, ndjsonSink } from '../../src/sink/ndjson.ts'
import { parquetFiles, parquetSink } from '../../src/sink/parquet.ts'
import type { SinkContext, SinkType, SinkWriter } from '../../src/sink/sink.ts'
import { readArrowRows, readParquet } from '../support/format-files.ts'

const device = await createDevice()
const root = mkdtempSync(join(tmpdir(), 'millrace-'))
let folder = ''
beforeEach(() => {
  folder = join(root, String(Math.random()))
  mkdirSync(folder)
})
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))
afterAll(() => rmSync(root, { recursive: true }))

const schema = parseSchema({ id: 'int32', name: 'utf8?' }, 'test')
const rowsOf = (start: number, end: number) =>
  Array.from({ length: end - start }, (_, i) => ({ id: start + i, name: (start + i) % 3 === 0 ? null : `name, ${start + i}` }))

function open(sink: SinkType<never>, options: FileSinkOptions, more: Partial<SinkContext> = {}): Promise<SinkWriter> {
  const context: SinkContext = {
    device,
    clock: systemClock,
    fields: schema,
    where: 'write',
    job: 'my job',
    sink: 'out',
    signal: new AbortController().signal,
    epoch: 1,
    count: () => {},
    ...more,
  }
  return sink.open(context, options as never)
}

async function write(writer: SinkWriter, epoch: number, rows: Record<string, unknown>[]): Promise<void> {
  const arena = device.arena()
  try {
    await writer.write(new BatchView(device, buildBatch(device, arena, schema, rows, 'test')), { epoch })
  } finally {
    arena.release()
  }
}

const visible = () =>
  readdirSync(folder)
    .filter(name => !name.startsWith('.'))
    .sort()
const hidden = () => readdirSync(folder).filter(name => name.startsWith('.'))
const formats = [
  ['parquet', parquetSink, (path: string) => readParquet(device, new Uint8Array(readFileSync(path)))],
  ['arrow', arrowSink, (path: string) => readArrowRows(device, new Uint8Array(readFileSync(path)))],
  [
    'ndjson',
    ndjsonSink,
    (path: string) =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as unknown),
  ],
  ['csv', csvSink, (path: string) => readCsv(readFileSync(path, 'utf8'))],
] as unknown as [string, SinkType<never>, (path: string) => unknown[]][]

// These rows only: a number, a comma, an empty or a quoted text with one comma in it.
function readCsv(text: string): unknown[] {
  const [header, ...lines] = text.trimEnd().split('\n')
  expect(header).toBe('id,name')
  return lines.map(line => ({ id: Number(line.split(',')[0]), name: /"(.*)"/.exec(line)?.[1] ?? null }))
}

describe.each(formats)('write.%s', (kind, sink, read) => {
  it('shows a single file at the end, whole', async () => {
    const path = join(folder, `rows.${kind}`)
    const writer = await open(sink, { path })
    await write(writer, 1, rowsOf(0, 100))
    await writer.commit!(1, JSON.parse(JSON.stringify(await writer.prepare!(1))) as Json)
    await write(writer, 2, rowsOf(100, 150))
    expect(visible()).toEqual([])
    await writer.commit!(2, await writer.prepare!(2))
    await writer.close!(false)
    expect(visible()).toEqual([`rows.${kind}`])
    expect(hidden()).toEqual([])
    expect(read(path)).toEqual(rowsOf(0, 150))
  })

  it('replaces part files that were there when the first epoch is committed, by whichever process, and again', async () => {
    for (const name of [`part-00001-0.${kind}`, `part-00007-0.${kind}`]) writeFileSync(join(folder, name), 'old')
    const first = await open(sink, { path: `${folder}/`, overwrite: true })
    await write(first, 1, rowsOf(0, 10))
    const handle = await first.prepare!(1)
    await first.close!(true)
    expect(visible()).toHaveLength(2)
    for (let time = 0; time < 2; time++) {
      const next = await open(sink, { path: `${folder}/`, overwrite: true }, { resumed: { epoch: 1, handle }, epoch: 2 })
      await next.commit!(1, handle)
      await next.close!(false)
      expect(visible()).toEqual([`part-00001-0.${kind}`])
      expect(read(join(folder, `part-00001-0.${kind}`))).toEqual(rowsOf(0, 10))
    }
  })

  it('shows a part file for each epoch with rows, when it is committed', async () => {
    const writer = await open(sink, { path: `${folder}/` })
    await write(writer, 1, rowsOf(0, 10))
    const first = await writer.prepare!(1)
    expect(visible()).toEqual([])
    await write(writer, 2, rowsOf(10, 30))
    await writer.commit!(1, first)
    expect(visible()).toEqual([`part-00001-0.${kind}`])
    await writer.commit!(1, first)
    await writer.commit!(2, await writer.prepare!(2))
    await writer.commit!(3, await writer.prepare!(3))
    await writer.close!(false)
    expect(visible()).toEqual([`part-00001-0.${kind}`, `part-00002-0.${kind}`])
    expect(hidden()).toEqual([])
    expect(visible().flatMap(name => read(join(folder, name)))).toEqual(rowsOf(0, 30))
  })

  it('cuts a single file to its checkpoint when a run is resumed', async () => {
    const path = join(folder, `rows.${kind}`)
    const killed = await open(sink, { path })
    await write(killed, 1, rowsOf(0, 100))
    const handle = JSON.parse(JSON.stringify(await killed.prepare!(1))) as Json
    await killed.commit!(1, handle)
    await write(killed, 2, rowsOf(500, 900))
    await killed.prepare!(2)
    await killed.close!(true)
    expect(visible()).toEqual([])
    const writer = await open(sink, { path }, { resumed: { epoch: 1, handle }, epoch: 2 })
    await write(writer, 2, rowsOf(100, 120))
    await writer.commit!(2, await writer.prepare!(2))
    await writer.close!(false)
    expect(hidden()).toEqual([])
    expect(read(path)).toEqual(rowsOf(0, 120))
    const again = await open(sink, { path }, { resumed: { epoch: 1, handle }, epoch: 2 })
    await write(again, 2, rowsOf(100, 130))
    await again.close!(false)
    expect(read(path)).toEqual(rowsOf(0, 130))
  })

  it('commits the resumed epoch of a directory, and removes what came after it', async () => {
    const killed = await open(sink, { path: `${folder}/` })
    await write(killed, 1, rowsOf(0, 10))
    const handle = JSON.parse(JSON.stringify(await killed.prepare!(1))) as Json
    await write(killed, 2, rowsOf(90, 99))
    await killed.prepare!(2)
    // The process dies here: neither epoch was committed, the checkpoint of the first is durable.
    const writer = await open(sink, { path: `${folder}/` }, { resumed: { epoch: 1, handle }, epoch: 2 })
    expect(visible()).toEqual([`part-00001-0.${kind}`])
    expect(hidden()).toEqual([])
    await write(writer, 2, rowsOf(10, 12))
    await writer.commit!(2, await writer.prepare!(2))
    await writer.close!(false)
    expect(visible().flatMap(name => read(join(folder, name)))).toEqual(rowsOf(0, 12))
  })

  it('leaves nothing behind when the run fails before its first checkpoint', async () => {
    for (const path of [join(folder, 'rows'), `${folder}/`]) {
      const writer = await open(sink, { path })
      await write(writer, 1, rowsOf(0, 100))
      await writer.close!(true)
      expect(readdirSync(folder)).toEqual([])
    }
  })

  it('leaves an existing file alone, unless it is to be overwritten', async () => {
    const path = join(folder, `rows.${kind}`)
    writeFileSync(path, 'old')
    await expect(open(sink, { path })).rejects.toThrow(expect.objectContaining({ code: 'FILE_EXISTS', name: 'ConnectorError' }))
    const failed = await open(sink, { path, overwrite: true })
    await write(failed, 1, rowsOf(0, 5))
    await failed.close!(true)
    expect(readFileSync(path, 'utf8')).toBe('old')
    const writer = await open(sink, { path, overwrite: true })
    await write(writer, 1, rowsOf(0, 5))
    await writer.close!(false)
    expect(read(path)).toEqual(rowsOf(0, 5))
  })

  it('leaves existing part files alone, unless they are to be replaced', async () => {
    for (const epoch of [1, 7]) writeFileSync(join(folder, `part-0000${epoch}-0.${kind}`), 'old')
    await expect(open(sink, { path: `${folder}/` })).rejects.toThrow(expect.objectContaining({ code: 'FILE_EXISTS' }))
    const writer = await open(sink, { path: `${folder}/`, overwrite: true })
    await write(writer, 1, rowsOf(0, 5))
    expect(visible().length).toBe(2)
    await writer.commit!(1, await writer.prepare!(1))
    await writer.close!(false)
    expect(visible()).toEqual([`part-00001-0.${kind}`])
  })

  it('writes a file without rows', async () => {
    const path = join(folder, 'deep/er/rows')
    await (await open(sink, { path })).close!(false)
    expect(existsSync(path)).toBe(true)
  })
})

describe('file sinks, refused by the system', () => {
  const failing = (call: keyof OutputCalls, errno: string, after = 0): OutputCalls => {
    let count = 0
    const fail = () => {
      throw Object.assign(new TypeError(errno), { code: errno })
    }
    const calls = { ...nodeOutputCalls }
    const real = nodeOutputCalls[call] as (...args: unknown[]) => unknown
    return {
      ...calls,
      [call]: (...args: unknown[]) =>
        count++ >= after ? (call === 'sync' ? Promise.reject(Object.assign(new TypeError(errno), { code: errno })) : fail()) : real(...args),
    }
  }

  it.each([
    ['write', 'ENOSPC', 'DISK_FULL'],
    ['write', 'EDQUOT', 'DISK_FULL'],
    ['open', 'EACCES', 'FILE_DENIED'],
    ['open', 'EROFS', 'FILE_DENIED'],
    ['sync', 'EIO', 'FILE_SYNC'],
    ['write', 'EIO', 'FILE_FAILED'],
  ] as const)('%s with %s is told as %s, and nothing is visible', async (call, errno, code) => {
    for (const format of [ndjsonFiles, parquetFiles]) {
      for (const path of [join(folder, 'rows'), `${folder}/`]) {
        const sink = fileSink(format as typeof ndjsonFiles, failing(call, errno)) as SinkType<never>
        const run = async () => {
          const writer = await open(sink, { path })
          try {
            await write(writer, 1, rowsOf(0, 30_000))
            await writer.commit!(1, await writer.prepare!(1))
            await writer.close!(false)
          } catch (thrown) {
            await writer.close!(true)
            throw thrown
          }
        }
        await expect(run()).rejects.toThrow(expect.objectContaining({ code, name: 'ConnectorError' }))
        expect(readdirSync(folder)).toEqual([])
      }
    }
  })

  it('tells that a directory is one, and that a file stands in the way', async () => {
    await expect(open(ndjsonSink as SinkType<never>, { path: folder })).rejects.toThrow(expect.objectContaining({ code: 'FILE_KIND' }))
    writeFileSync(join(folder, 'file'), '')
    await expect(open(ndjsonSink as SinkType<never>, { path: join(folder, 'file/rows') })).rejects.toThrow(expect.objectContaining({ code: 'FILE_KIND' }))
  })

  it('tells when what a checkpoint counts on is gone', async () => {
    const path = join(folder, 'rows')
    await expect(open(ndjsonSink as SinkType<never>, { path }, { resumed: { epoch: 1, handle: { bytes: 10, state: null } } })).rejects.toThrow(
      expect.objectContaining({ code: 'FILE_LOST' }),
    )
    const handle = { parts: [{ temp: '.gone.tmp', final: 'part-00001-0.ndjson' }] }
    await expect(open(ndjsonSink as SinkType<never>, { path: `${folder}/` }, { resumed: { epoch: 1, handle } })).rejects.toThrow(
      expect.objectContaining({ code: 'FILE_LOST' }),
    )
  })

  it('checks options before anything is opened', () => {
    expect(() => ndjsonSink.check({ path: '' }, schema, 'write.ndjson')).toThrow(expect.objectContaining({ code: 'PATHS' }))
    expect(() => parquetSink.check({ path: 'x', compression: 'lzo' as never }, schema, 'write.parquet')).toThrow(
      expect.objectContaining({ code: 'COMPRESSION' }),
    )
    expect(() => csvSink.check({ path: 'x' }, [], 'write.csv')).toThrow(expect.objectContaining({ code: 'NO_COLUMNS' }))
  })
})
