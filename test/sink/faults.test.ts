// Every call on the disk that writing a file makes is refused once: the target is then the old file, or the whole new one, and nothing else is left.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { arrowFiles } from '../../src/sink/arrow.ts'
import { csvFiles } from '../../src/sink/csv.ts'
import { nodeOutputCalls, type OutputCalls } from '../../src/sink/output-calls.ts'
import { type FileSinkFormat, type FileSinkOptions, fileSink } from '../../src/sink/files.ts'
import { jsonArrayFiles, ndjsonFiles } from '../../src/sink/ndjson.ts'
import { parquetFiles } from '../../src/sink/parquet.ts'
import type { SinkType } from '../../src/sink/sink.ts'

const device = await createDevice()
const root = mkdtempSync(join(tmpdir(), 'millrace-'))
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))
afterAll(() => rmSync(root, { recursive: true }))

const schema = parseSchema({ id: 'int32', day: 'utf8', name: 'utf8?' }, 'test')
const rows = Array.from({ length: 12_000 }, (_, id) => ({ id, day: `d${id % 3}`, name: id % 7 === 0 ? null : `a name of some length, ${id * 7919}` }))

/** Writes all rows in two epochs. */
async function writeAll(sink: SinkType<never>, options: FileSinkOptions): Promise<void> {
  const context = { device, clock: systemClock, fields: schema, where: 'write', job: 'job', sink: 'out', signal: new AbortController().signal, epoch: 1, keepsNothing: true as const, count: () => {} }
  sink.check(options as never, schema, 'write')
  const writer = await sink.open(context, options as never)
  try {
    for (const epoch of [1, 2]) {
      const arena = device.arena()
      try {
        await writer.write(new BatchView(device, buildBatch(device, arena, schema, rows.slice((epoch - 1) * 6_000, epoch * 6_000), 'test')), { epoch })
      } finally {
        arena.release()
      }
    }
    await writer.commit!(2, await writer.prepare!(2))
    await writer.close!(false)
  } catch (thrown) {
    await writer.close!(true)
    throw thrown
  }
}

/** The machine's calls, of which number `at` is refused with `errno`; writes are cut short, as the system may do. */
function refusing(at: number, errno: string, cutBytes: number): { calls: OutputCalls; count: () => number } {
  let count = 0
  const counted = () => {
    if (++count === at) throw Object.assign(new TypeError(errno), { code: errno })
  }
  return {
    calls: {
      ...nodeOutputCalls,
      open(path, flags) {
        counted()
        return nodeOutputCalls.open(path, flags)
      },
      write(descriptor, bytes, offset) {
        counted()
        return nodeOutputCalls.write(descriptor, bytes.subarray(0, offset + cutBytes), offset)
      },
      async sync(descriptor) {
        counted()
        await nodeOutputCalls.sync(descriptor)
      },
      // What is refused to be closed is closed all the same.
      close(descriptor) {
        nodeOutputCalls.close(descriptor)
        counted()
      },
    },
    count: () => count,
  }
}

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return Object.fromEntries(files.map(entry => [join(entry.parentPath, entry.name).slice(folder.length + 1), readFileSync(join(entry.parentPath, entry.name), 'base64')]).sort())
}

interface Written {
  readonly format: FileSinkFormat<FileSinkOptions>
  /** Of a single file. */
  readonly name: string
  readonly options?: object
}
const written = (format: unknown, name = 'old', options?: object): Written => ({ format: format as FileSinkFormat<FileSinkOptions>, name, ...(options && { options }) })
const formats: Record<string, Written> = {
  parquet: written(parquetFiles),
  'parquet without a codec': written(parquetFiles, 'old', { compression: 'none' }),
  'parquet in gzip': written(parquetFiles, 'old', { compression: 'gzip' }),
  'parquet in zstd': written(parquetFiles, 'old', { compression: 'zstd', rowGroupRows: 5_000 }),
  'parquet in lz4': written(parquetFiles, 'old', { compression: 'lz4', pageRows: 500 }),
  arrow: written(arrowFiles),
  ndjson: written(ndjsonFiles),
  'ndjson in gzip': written(ndjsonFiles, 'old.ndjson.gz', { compression: 'gzip' }),
  'ndjson in zstd': written(ndjsonFiles, 'old.ndjson.zst', { compression: 'zstd' }),
  json: written(jsonArrayFiles),
  'json in gzip': written(jsonArrayFiles, 'old.json.gz', { compression: 'gzip' }),
  'json in zstd': written(jsonArrayFiles, 'old.json.zst', { compression: 'zstd' }),
  csv: written(csvFiles),
  'csv in gzip': written(csvFiles, 'old.csv.gz', { compression: 'gzip' }),
  'csv in zstd': written(csvFiles, 'old.csv.zst', { compression: 'zstd' }),
}
const ways: [string, (folder: string, name: string) => FileSinkOptions][] = [
  ['a file that takes the place of an old one', (folder, name) => ({ path: join(folder, name), overwrite: true })],
  ['a folder of parts', folder => ({ path: `${folder}/` })],
  ['a folder by the values of a column', folder => ({ path: `${folder}/`, partitionBy: ['day'] })],
]
const errnos = ['ENOSPC', 'EIO', 'EDQUOT', 'EPIPE'] as const

describe.each(Object.keys(formats))('write.%s', name => {
  const { format, name: fileName, options } = formats[name]!
  // Packed files are smaller: so that they, too, take several writes.
  const cutBytes = name.includes(' in ') ? 16_381 : 65_537
  it.each(ways)('leaves nothing half-written of %s, whichever call is refused', async (way, optionsFor) => {
    const attempt = async (at: number, errno: string) => {
      const folder = join(root, `${name}-${at}-${errno}`)
      mkdirSync(folder)
      if (way.startsWith('a file')) writeFileSync(join(folder, fileName), 'what was there')
      const before = contents(folder)
      const { calls, count } = refusing(at, errno, cutBytes)
      const error = await writeAll(fileSink(format, calls) as unknown as SinkType<never>, { ...options, ...optionsFor(folder, fileName) }).then(
        () => undefined,
        (thrown: Error & { code: string }) => `${thrown.name} ${thrown.code}`,
      )
      const after = contents(folder)
      rmSync(folder, { recursive: true })
      return { before, after, error, calls: count() }
    }
    const whole = await attempt(0, 'NONE')
    expect(whole).toMatchObject({ error: undefined })
    expect(whole.calls).toBeGreaterThan(4)
    for (let at = 1; at <= whole.calls; at++) {
      const errno = errnos[at % errnos.length]!
      const { before, after, error } = await attempt(at, errno)
      expect({ at, errno, error }).toEqual({ at, errno, error: expect.stringMatching(/^ConnectorError (DISK_FULL|FILE_FAILED|FILE_SYNC)$/) })
      expect({ at, errno, files: Object.keys(after) }).toEqual({ at, errno, files: Object.keys(before) })
      expect(after).toEqual(before)
    }
  })
})
