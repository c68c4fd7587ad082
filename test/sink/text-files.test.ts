// How CSV and JSON files are written when asked otherwise: quotes, nulls, line ends; one array that a restart goes on with.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { csvSink } from '../../src/sink/csv.ts'
import { jsonSink } from '../../src/sink/ndjson.ts'
import type { SinkContext, SinkType, SinkWriter } from '../../src/sink/sink.ts'
import { csvScan } from '../../src/source/csv.ts'
import { jsonFileScan } from '../../src/source/ndjson.ts'
import { runScan } from '../support/scan.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
  expect(device.pages.used()).toBe(0)
})

const types = { id: 'int32', name: 'utf8?', x: 'float64?', ok: 'bool', price: 'decimal(6, 2)?', raw: 'binary', at: 'timestamp[ms]', tags: 'list<utf8?>' }
const schema = parseSchema(types, 'test')
const row = (id: number, name: string | null) => ({ id, name, x: id ? id / 2 : null, ok: id === 1, price: id ? '1.50' : null, raw: new Uint8Array(id), at: 0, tags: id ? ['a"', null] : [] })
const rows = [row(0, null), row(1, ''), row(2, 'NA'), row(3, ' x, "y"\n')]

function open(sink: SinkType<never>, options: object, more: Partial<SinkContext> = {}): Promise<SinkWriter> {
  const context: SinkContext = { device, clock: systemClock, fields: schema, where: 'write', job: 'job', sink: 'out', signal: new AbortController().signal, epoch: 1, count: () => {}, ...more }
  sink.check?.(options as never, schema, 'write')
  return sink.open(context, options as never)
}

async function put(writer: SinkWriter, batch: readonly Record<string, unknown>[]): Promise<void> {
  const arena = device.arena()
  await writer.write(new BatchView(device, buildBatch(device, arena, schema, batch, 'test')), { epoch: 1 })
  arena.release()
}

async function written(sink: SinkType<never>, options: { path: string } & Record<string, unknown>, batches: readonly (typeof rows)[]): Promise<string> {
  const writer = await open(sink, options)
  for (const batch of batches) await put(writer, batch)
  await writer.close!(false)
  return readFileSync(options.path, 'utf8')
}

describe('write.csv', () => {
  it('quotes what it is told to, names null, ends rows as asked, and is read back as it was', async () => {
    for (const quoting of ['needed', 'text', 'all'] as const) {
      for (const lineEnd of ['\n', '\r\n'] as const) {
        for (const delimiter of [',', '\t', ';']) {
          const path = join(folder, 'out.csv')
          const text = await written(csvSink as never, { path, overwrite: true, quoting, lineEnd, delimiter, nullText: 'NA' }, [rows.slice(0, 1), rows.slice(1)])
          expect(text.split(lineEnd).length).toBeGreaterThan(5)
          expect(runScan(device, csvScan as never, { paths: [path], schema: types, nulls: ['NA'] }).rows, `${quoting} ${JSON.stringify(lineEnd + delimiter)}`).toEqual(rows)
        }
      }
    }
  })

  it('writes these bytes', async () => {
    const path = join(folder, 'bytes.csv')
    const first = [rows.slice(0, 2)]
    expect(await written(csvSink as never, { path, overwrite: true, quoting: 'all', lineEnd: '\r\n', nullText: 'NULL' }, first)).toBe(
      '"id","name","x","ok","price","raw","at","tags"\r\n"0",NULL,NULL,"false",NULL,"","1970-01-01T00:00:00.000Z","[]"\r\n"1","","0.5","true","1.50","AA==","1970-01-01T00:00:00.000Z","[""a\\"""",null]"\r\n',
    )
    expect(await written(csvSink as never, { path, overwrite: true, quoting: 'text', header: false }, first)).toBe(
      '0,,,false,,"",1970-01-01T00:00:00.000Z,"[]"\n1,"",0.5,true,1.50,AA==,1970-01-01T00:00:00.000Z,"[""a\\"""",null]"\n',
    )
  })

  it('refuses styles that could not be read back', async () => {
    const path = join(folder, 'never.csv')
    await expect(async () => open(csvSink as never, { path, nullText: 'a,b' })).rejects.toThrow('the text for null can\'t be "a,b"')
    await expect(async () => open(csvSink as never, { path, lineEnd: '\r' })).rejects.toThrow("the line end can't be")
    await expect(async () => open(csvSink as never, { path, quoting: 'some' })).rejects.toThrow('quoting can\'t be "some"')
    await expect(async () => open(csvSink as never, { path, delimiter: ':' })).rejects.toThrow("quoting: 'all'")
  })
})

describe('write.json', () => {
  it('writes one array, which JSON.parse and read.json take, also one without rows', async () => {
    const path = join(folder, 'out.json')
    const text = await written(jsonSink as never, { path, overwrite: true }, [rows.slice(0, 1), [], rows.slice(1)])
    expect((JSON.parse(text) as { name: string | null }[]).map(r => r.name)).toEqual(rows.map(r => r.name))
    expect(runScan(device, jsonFileScan as never, { paths: [path], schema: types }).rows).toEqual(rows)
    expect(await written(jsonSink as never, { path, overwrite: true }, [])).toBe('[]\n')
  })

  it('goes on from a checkpoint with the rows behind it', async () => {
    const path = join(folder, 'resumed.json')
    const first = await open(jsonSink as never, { path })
    await put(first, rows.slice(0, 2))
    const handle = await first.prepare!(1)
    await put(first, rows)
    await first.close!(true)
    const second = await open(jsonSink as never, { path }, { resumed: { epoch: 1, handle } })
    await put(second, rows.slice(2))
    await second.close!(false)
    expect(runScan(device, jsonFileScan as never, { paths: [path], schema: types }).rows).toEqual(rows)
  })
})
