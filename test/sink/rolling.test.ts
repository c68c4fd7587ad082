// Files that go on from epoch to epoch until they have their age or size: seen once, whole, with the epoch in which they end, whatever dies in between; and the
// markers of what is complete.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { Json } from '../../src/base/json.ts'
import { random } from '../../src/base/random.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { closeEngines, from, read, write } from '../../src/index.ts'
import { arrowSink } from '../../src/sink/arrow.ts'
import { csvSink } from '../../src/sink/csv.ts'
import type { FileSinkOptions } from '../../src/sink/files.ts'
import { jsonSink, ndjsonSink } from '../../src/sink/ndjson.ts'
import { parquetSink } from '../../src/sink/parquet.ts'
import type { SinkContext, SinkType, SinkWriter } from '../../src/sink/sink.ts'

const device = await createDevice()
const root = mkdtempSync(join(tmpdir(), 'millrace-rolling-'))
let folder = ''
let now = 0
beforeEach(() => {
  folder = `${join(root, String(Math.random()))}/`
  now = Date.UTC(2026, 0, 1)
})
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})

const clock: Clock = { ...systemClock, now: () => now }
const schema = parseSchema({ id: 'int32', dt: 'utf8', hm: 'utf8?' }, 'test')
const sinks = { parquet: parquetSink, arrow: arrowSink, ndjson: ndjsonSink, csv: csvSink, json: jsonSink } as unknown as Record<'parquet' | 'arrow' | 'ndjson' | 'csv' | 'json', SinkType<never>>
type Kind = keyof typeof sinks

async function open(kind: Kind, options: Partial<FileSinkOptions>, more: Partial<SinkContext> = {}): Promise<SinkWriter> {
  const all = { path: folder, ...options } as never
  sinks[kind].check(all, schema, 'write')
  return sinks[kind].open({ device, clock, fields: schema, where: 'write', job: 'job', sink: 'out', signal: new AbortController().signal, epoch: 1, count: () => {}, ...more }, all)
}

const rowOf = (id: number) => ({ id, dt: '2026-01-01', hm: id % 5 === 4 ? null : `10:0${id % 3}` })
async function put(writer: SinkWriter, epoch: number, rows: readonly object[]): Promise<void> {
  const arena = device.arena()
  await writer.write(new BatchView(device, buildBatch(device, arena, schema, rows as Record<string, unknown>[], 'test')), { epoch })
  arena.release()
}
const stored = (handle: Json) => JSON.parse(JSON.stringify(handle)) as Json
const prepared = async (writer: SinkWriter, epoch: number, end: 'more' | 'drained' | 'finished' = 'more') => stored(await writer.prepare!(epoch, { last: end !== 'more', finished: end === 'finished' }))
const names = () => (readdirSync(folder, { recursive: true }) as string[]).filter(name => statSync(join(folder, name)).isFile()).sort()
const seen = () => names().filter(name => !name.startsWith('.'))
const hidden = () => names().filter(name => name.startsWith('.'))

async function idsOf(kind: Kind): Promise<number[]> {
  if (seen().length === 0) return []
  const table = await read[kind](`${folder}**/part-*`, { schema: { id: 'int32' }, partitions: false } as never).collect({ workers: 0 })
  return (table.toArray() as { id: number }[]).map(({ id }) => id).sort((a, b) => a - b)
}

const upTo = (end: number) => Array.from({ length: end }, (_, id) => id)

describe('roll', () => {
  it('keeps a file hidden until it has its age, and shows it with the epoch in which it ends', async () => {
    const writer = await open('csv', { roll: '1m' })
    for (let epoch = 1; epoch <= 15; epoch++) {
      await put(writer, epoch, [rowOf(epoch)])
      await writer.commit!(epoch, await prepared(writer, epoch, epoch === 15 ? 'drained' : 'more'))
      expect(seen()).toEqual(epoch < 7 ? [] : epoch < 14 ? ['part-00007-0.csv'] : epoch < 15 ? ['part-00007-0.csv', 'part-00014-1.csv'] : ['part-00007-0.csv', 'part-00014-1.csv', 'part-00015-2.csv'])
      now += 10_000
    }
    await writer.close!(false)
    expect(hidden()).toEqual([])
    expect(readFileSync(join(folder, 'part-00007-0.csv'), 'utf8').split('\n').map(line => line.split(',')[0])).toEqual(['id', '1', '2', '3', '4', '5', '6', '7', ''])
  })

  it('ends files by size within an epoch, and begins the next', async () => {
    const writer = await open('ndjson', { roll: { size: 60 } })
    for (let id = 0; id < 5; id++) await put(writer, 1, [rowOf(id)])
    await writer.commit!(1, await prepared(writer, 1))
    expect(seen()).toEqual(['part-00001-0.ndjson', 'part-00001-1.ndjson'])
    await writer.close!(true)
    expect(hidden()).toEqual(['.job-out.part-2.ndjson.tmp'])
  })

  it('leaves nothing of a run without checkpoints that fails, and all that a checkpoint counts on of one with them', async () => {
    for (const partitionBy of [undefined, ['dt']]) {
      const forgetful = await open('parquet', { roll: '1h', ...(partitionBy && { partitionBy }) }, { keepsNothing: true })
      await put(forgetful, 1, upTo(9).map(rowOf))
      await forgetful.commit!(1, await prepared(forgetful, 1))
      await forgetful.close!(true)
      expect(names()).toEqual([])
      const writer = await open('parquet', { roll: '1h', ...(partitionBy && { partitionBy }) })
      await put(writer, 1, upTo(9).map(rowOf))
      await writer.close!(true)
      expect(names()).toEqual([])
    }
  })

  it.each(
    (['parquet', 'arrow', 'ndjson', 'csv', 'json'] as const).flatMap((kind, i) =>
      [undefined, ['dt', 'hm']].map((partitionBy, k) => [kind, partitionBy, ([{ every: 25 }, { size: 700 }, { every: 40, size: 2_000 }] as const)[(i + k) % 3]!] as const),
    ),
  )('%s by %j, %j: each committed row is seen at most once, and all of them at the end, over deaths and steps back', async (kind, partitionBy, roll) => {
    const chance = random(Number(process.env['SEED'] ?? 3) * 100 + JSON.stringify([kind, partitionBy, roll]).length)
    const options = { roll, ...(partitionBy && { partitionBy }) }
    // What a checkpoint of each epoch holds: how many rows it is behind, and the sink's handle.
    const checkpoints: { rows: number; handle: Json }[] = [{ rows: 0, handle: null }]
    let rows = 0
    let deaths = 0
    let writer = await open(kind, options)
    for (let epoch = 1; ; epoch++) {
      for (let batch = chance.int(3); batch > 0; batch--) {
        const count = 1 + chance.int(20)
        await put(writer, epoch, Array.from({ length: count }, (_, i) => rowOf(rows + i)))
        rows += count
        now += chance.int(10)
      }
      const isLast = epoch > 12 && deaths >= 3
      const fate = isLast ? 9 : chance.int(10)
      if (fate > 0) checkpoints[epoch] = { rows, handle: await prepared(writer, epoch, isLast ? 'finished' : 'more') }
      if (fate > 1) await writer.commit!(epoch, checkpoints[epoch]!.handle)
      if (isLast) break
      const ids = await idsOf(kind)
      expect(ids.length).toBe(new Set(ids).size)
      expect(ids.every(id => id < checkpoints[fate > 1 ? epoch : epoch - 1]!.rows)).toBe(true)
      if (fate > 2 || epoch < 2) {
        if (fate === 0) checkpoints[epoch] = { rows, handle: await prepared(writer, epoch) }
        continue
      }
      // It dies, before its checkpoint is durable or behind it, and goes on with the newest one, or with an older one that somebody chose.
      deaths++
      await writer.close!(true)
      const newest = fate === 0 ? epoch - 1 : epoch
      const rewind = chance.int(3) === 0 && newest > 1
      const chosen = rewind ? 1 + chance.int(newest - 1) : newest
      rows = checkpoints[chosen]!.rows
      epoch = chosen
      writer = await open(kind, options, { epoch: epoch + 1, resumed: { epoch, handle: checkpoints[epoch]!.handle, ...(rewind && { rewind: true as const }) } })
      const left = await idsOf(kind)
      expect(left.every(id => id < rows)).toBe(true)
      expect(left.length).toBe(new Set(left).size)
    }
    await writer.close!(false)
    expect(await idsOf(kind)).toEqual(upTo(rows))
    expect(hidden()).toEqual([])
  })

  it('refuses a checkpoint of another layout, and one whose file is gone or shorter', async () => {
    const writer = await open('csv', { roll: '1h' })
    await put(writer, 1, upTo(9).map(rowOf))
    const resumed = { epoch: 1, handle: await prepared(writer, 1) }
    await writer.close!(true)
    await expect(open('csv', { roll: '1h', partitionBy: ['dt'] }, { resumed })).rejects.toMatchObject({ code: 'FILE_LAYOUT', message: expect.stringContaining('.job-out.part-0.csv.tmp, in no folder') })
    await expect(open('csv', { roll: '1h', compression: 'gzip' } as object, { resumed })).rejects.toMatchObject({ code: 'FILE_LAYOUT' })
    writeFileSync(join(folder, '.job-out.part-0.csv.tmp'), 'id')
    await expect(open('csv', { roll: '1h' }, { resumed })).rejects.toMatchObject({ code: 'FILE_LOST', message: expect.stringMatching(/counts on \d+ bytes in .*part-0.csv.tmp, 2 are there/) })
  })

  it('goes on with a file that was rolled where it isn’t any more, to the end of the epoch', async () => {
    const writer = await open('csv', { roll: '1h' })
    await put(writer, 1, upTo(9).map(rowOf))
    const resumed = { epoch: 1, handle: await prepared(writer, 1) }
    await writer.close!(true)
    const plain = await open('csv', {}, { resumed, epoch: 2 })
    await put(plain, 2, [rowOf(9)])
    await plain.commit!(2, await prepared(plain, 2))
    await plain.close!(false)
    expect(seen()).toEqual(['part-00002-0.csv'])
    expect(await idsOf('csv')).toEqual(upTo(10))
  })

  it.each([
    [{ path: 'x.csv', roll: '1m' }, 'ROLL', /rolled files are many, and x.csv is one/],
    [{ roll: {} }, 'ROLL', /neither an age nor a size/],
    [{ roll: '0s' }, 'ROLL', /an age of 0s; give more than 0/],
    [{ roll: { size: 0 } }, 'ROLL', /a size of 0; give more than 0/],
    [{ roll: 'often' }, 'DURATION', /roll: "often" is not a duration/],
    [{ roll: { size: 'large' } }, 'BYTES', /roll: "large" is not a size/],
    [{ path: 'x.csv', success: true }, 'SUCCESS', /success is for directories/],
    [{ success: { partitionTime: '{dt}' } }, 'SUCCESS', /there are no partitions/],
    [{ success: 'yes' }, 'SUCCESS', /give true, or/],
    [{ partitionBy: ['dt'], success: { partitionTime: 'dt' } }, 'SUCCESS', /names no column; write the columns in braces/],
    [{ partitionBy: ['dt'], success: { partitionTime: '{dt} {hm}' } }, 'SUCCESS', /names "hm"; the partitions are by dt/],
    [{ partitionBy: ['dt'], success: { partitionTime: '{dt}', name: 'done' } }, 'SUCCESS', /begin its name with _ or \./],
    [{ partitionBy: ['dt'], success: { partitionTime: '{dt}', delay: '-1m' } }, 'SUCCESS', /the delay is -1m; give 0 or more/],
  ])('refuses %j', async (options, code, message) => {
    await expect(open('csv', options as object)).rejects.toMatchObject({ name: 'PlanError', code, message: expect.stringMatching(message) })
  })
})

describe('success', () => {
  const partitionBy = ['dt', 'hm']
  const success = { partitionTime: '{dt} {hm}', delay: '1m' } as const
  const at = (minute: number, ms = 0) => Date.UTC(2026, 0, 1, 10, minute, 0, ms)
  const markers = () => names().filter(name => name.endsWith('_SUCCESS')).map(name => name.replace('dt=2026-01-01/', ''))

  it('marks a partition, its files with it, when the watermark has passed its time by the delay, and again with late rows', async () => {
    const writer = await open('csv', { partitionBy, success, roll: '1h' })
    await put(writer, 1, [0, 1, 4, 5].map(rowOf))
    writer.advance!(at(1))
    await writer.commit!(1, await prepared(writer, 1))
    expect(seen()).toEqual([])
    writer.advance!(at(1, 1))
    const second = await prepared(writer, 2)
    expect(markers()).toEqual([])
    await writer.commit!(2, second)
    expect(seen()).toEqual(['dt=2026-01-01/hm=10%3A00/_SUCCESS', 'dt=2026-01-01/hm=10%3A00/part-00002-0.csv'])
    // A reader passes the marker over.
    expect(await idsOf('csv')).toEqual([0])
    rmSync(join(folder, 'dt=2026-01-01/hm=10%3A00/_SUCCESS'))
    await put(writer, 3, [rowOf(3)])
    await writer.commit!(3, await prepared(writer, 3))
    expect(markers()).toEqual(['hm=10%3A00/_SUCCESS'])
    expect(await idsOf('csv')).toEqual([0, 3])
    // Rows without a time are complete when the input has ended, and not when a job is drained.
    writer.advance!(at(59))
    await writer.commit!(4, await prepared(writer, 4, 'drained'))
    expect(markers()).toEqual(['hm=10%3A00/_SUCCESS', 'hm=10%3A01/_SUCCESS', 'hm=10%3A02/_SUCCESS'])
    await writer.commit!(5, await prepared(writer, 5, 'finished'))
    expect(markers()).toHaveLength(4)
    await writer.close!(false)
  })

  it('remembers over a restart which partitions are to be marked, and takes back the markers of epochs that are made again', async () => {
    const writer = await open('ndjson', { partitionBy, success })
    await put(writer, 1, [0, 1].map(rowOf))
    const resumed = { epoch: 1, handle: await prepared(writer, 1), rewind: true as const }
    await writer.commit!(1, resumed.handle)
    writer.advance!(at(2))
    await writer.commit!(2, await prepared(writer, 2))
    await writer.close!(true)
    expect(markers()).toEqual(['hm=10%3A00/_SUCCESS'])
    const next = await open('ndjson', { partitionBy, success }, { resumed, epoch: 2 })
    expect(markers()).toEqual([])
    await next.commit!(2, await prepared(next, 2, 'finished'))
    await next.close!(false)
    expect(markers()).toEqual(['hm=10%3A00/_SUCCESS', 'hm=10%3A01/_SUCCESS'])
    expect(await idsOf('ndjson')).toEqual([0, 1])
  })

  it('marks the directory when the input has ended, and only then', async () => {
    const writer = await open('csv', { success: true })
    await put(writer, 1, [rowOf(1)])
    await writer.commit!(1, await prepared(writer, 1, 'drained'))
    expect(seen()).toEqual(['part-00001-0.csv'])
    await writer.commit!(2, await prepared(writer, 2, 'finished'))
    await writer.close!(false)
    expect(seen()).toEqual(['_SUCCESS', 'part-00001-0.csv'])
    const again = await open('csv', { success: true, overwrite: true })
    await put(again, 1, [rowOf(2)])
    await again.commit!(1, await prepared(again, 1))
    expect(seen()).toEqual(['part-00001-0.csv'])
    await again.close!(false)
  })

  it.each([
    ['2026-02-31', '10:00', '2026-02-31 10:00'],
    ['2026-01-01', 'ten', '2026-01-01 ten'],
    ['today', '10:00', 'today 10:00'],
  ])('refuses a partition of %s, %s, which is no time', async (dt, hm, text) => {
    const writer = await open('csv', { partitionBy, success })
    const arena = device.arena()
    await expect(writer.write(new BatchView(device, buildBatch(device, arena, schema, [{ id: 1, dt, hm }], 'test')), { epoch: 1 })).rejects.toMatchObject({ name: 'DataError', code: 'PARTITION_TIME', message: expect.stringContaining(`"${text}", which is none`) })
    arena.release()
    await writer.close!(true)
  })

  it('is told of watermarks in a job: a partition is seen, and marked, before its job ends', async () => {
    let more = () => {}
    const gate = new Promise<void>(resolve => (more = resolve))
    const bids = async function* () {
      yield [0, 1, 2].map(minute => ({ id: minute, at: at(minute) }))
      await gate
      yield [{ id: 3, at: at(3) }]
    }
    const run = await from(bids(), { schema: { id: 'int32', at: 'timestamp[ms]' } })
      .watermark('at', { bound: '1s' })
      .with(({ at }) => ({ dt: at.format('%Y-%m-%d'), hm: at.format('%H:%M') }))
      .to(write.csv(folder, { partitionBy: ['dt', 'hm'], roll: '1h', success: { partitionTime: '{dt} {hm}', delay: '30s' } }))
      .start({ workers: 0, checkpoint: { dir: join(root, 'state'), every: 20 } })
    while (markers().length < 2) await new Promise(resolve => setTimeout(resolve, 5))
    expect(markers()).toEqual(['hm=10%3A00/_SUCCESS', 'hm=10%3A01/_SUCCESS'])
    more()
    await run.done
    expect(markers()).toHaveLength(4)
    expect(await idsOf('csv')).toEqual([0, 1, 2, 3])
    expect(hidden()).toEqual([])
  })
})
