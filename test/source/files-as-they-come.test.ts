// Files that grow are followed, and directories watched for new ones: each row is read once, whatever the moment at which it is written, and however often the job dies and
// goes on at another parallelism.
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, count, type Frame, from, read, tumble, write } from '../../src/index.ts'
import { followedFilesFeed } from '../../src/source/followed-files.ts'
import { RecordEnds } from '../../src/source/record-ends.ts'
import { watchedFilesFeed } from '../../src/source/watched-files.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-growing-'))
let folder = ''
beforeEach(() => {
  folder = join(root, String(Math.random()))
  mkdirSync(folder)
})
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})

const schema = { id: 'int32', text: 'utf8?' } as const
const at = (name: string) => join(folder, name)
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

function replace(name: string, text: string): void {
  writeFileSync(at('new'), text)
  renameSync(at('new'), at(name))
}

function written(name = 'out'): Record<string, unknown>[] {
  if (!existsSync(at(name))) return []
  const parts = readdirSync(at(name)).filter(part => part.startsWith('part-'))
  return parts.flatMap(part => readFileSync(at(`${name}/${part}`), 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line) as Record<string, unknown>))
}
const ids = (name?: string) => written(name).map(row => row['id'] as number)

/** A life of the job, until `isOver`; killed or drained. */
async function live(frame: Frame, { isOver, drain = true, ...options }: { isOver(): boolean; drain?: boolean; workers?: number; batchRows?: number }): Promise<void> {
  const run = await frame.to(write.ndjson(at('out/'))).start({ name: 'job', workers: 0, ...options, checkpoint: { dir: at('state'), every: 15 } })
  let failure: unknown
  let isStopped = false
  run.done.catch(error => (failure = isStopped ? undefined : error))
  const until = Date.now() + 20_000
  while (!isOver() && failure === undefined && Date.now() < until) await pause(3)
  isStopped = failure === undefined
  if (isStopped) await run.stop({ drain }).catch(() => {})
  if (failure !== undefined) throw failure
}

describe('RecordEnds', () => {
  it.each([
    ['a\nb\nc', 4, 4],
    ['abc', 0, 0],
    ['a,"b\nc",d\ne', 10, 10],
    ['a\n"b\nc', 5, 2],
    ['"a""\n""b"\n"', 10, 10],
    ['a"b\n"c\n', 7, 4],
    ['', 0, 0],
  ])('%j: the last line ends behind byte %i, the last row behind %i, however it is cut', (text, line, row) => {
    const bytes = Buffer.from(text)
    for (const quoting of [undefined, { delimiter: ',', quote: '"' }]) {
      for (let size = 1; size <= bytes.length + 1; size++) {
        const ends = new RecordEnds(quoting)
        let last = 0
        for (let start = 0; start < bytes.length; start += size) {
          const end = ends.lastEnd(bytes.subarray(start, start + size))
          if (end > 0) last = start + end
        }
        expect(last).toBe(quoting ? row : line)
      }
    }
  })

  it('knows of escapes', () => {
    expect(new RecordEnds({ delimiter: ',', quote: '"', escape: '\\' }).lastEnd(Buffer.from('"a\\"\n"\nb'))).toBe(7)
  })
})

describe('follow', () => {
  const csvText = (id: number, chance: { int(n: number): number }) => (chance.int(3) === 0 ? `"line ${id}\nand, ""more"""` : `text ${id}`)

  it.each(['ndjson', 'csv'] as const)('%s: rows are read once, wherever the file is cut as it grows and the job ends', async format => {
    const chance = random(Number(process.env['SEED'] ?? 11))
    const files = [at(`a.${format}`), at(`b.${format}`)]
    const records = Array.from({ length: 400 }, (_, id) => {
      if (id % 37 === 5) return { file: id % 2, text: format === 'csv' ? `bad ${id},x\n` : `{"id": "bad ${id}"}\n` }
      return { file: id % 2, text: format === 'csv' ? `${id},${csvText(id, chance)}\n` : `${JSON.stringify({ id, text: `text ${id} ${'x'.repeat(chance.int(40))}` })}\n` }
    })
    const good = records.flatMap((_, id) => (id % 37 === 5 ? [] : [id]))
    const text = [0, 1].map(file => (format === 'csv' ? 'id,text\n' : '') + records.filter(record => record.file === file).map(record => record.text).join(''))
    const done = [0, 0]
    const grow = (file: number, bytes: number) => {
      appendFileSync(files[file]!, Buffer.from(text[file]!).subarray(done[file], done[file]! + bytes))
      done[file]! += bytes
    }
    const frame = () => (read[format] as typeof read.ndjson)(files, { schema, follow: { every: 3 }, onError: { deadLetters: write.ndjson(at('dead/')) } })
    for (let lifeNo = 0; lifeNo < 6; lifeNo++) {
      const isLast = lifeNo === 5
      let steps = 0
      const limit = 4 + chance.int(12)
      const timer = setInterval(() => {
        steps++
        grow(chance.int(2), chance.int(isLast ? 2_000 : 700))
      }, 4)
      const whole = () => done.every((bytes, file) => bytes >= Buffer.byteLength(text[file]!))
      await live(frame(), {
        isOver: () => (isLast ? whole() && ids().length + written('dead').length >= 400 : steps > limit),
        drain: isLast || chance.int(2) === 0,
        workers: lifeNo % 3,
        batchRows: [1, 7, 1_024][chance.int(3)]!,
      })
      clearInterval(timer)
      expect(new Set(ids()).size).toBe(ids().length)
    }
    expect(ids().sort((a, b) => a - b)).toEqual(good)
    if (format === 'csv') expect(written().filter(row => String(row['text']).includes('\n')).every(row => row['text'] === `line ${row['id']}\nand, "more"`)).toBe(true)
    expect(written('dead').map(row => String(row['value']).trimEnd()).sort()).toEqual(records.flatMap((record, id) => (id % 37 === 5 ? [record.text.trimEnd()] : [])).sort())
  })

  it('keeps a watermark for each file, and waits for one that is behind', async () => {
    const line = (minute: number) => `${JSON.stringify({ at: minute * 60_000 })}\n`
    writeFileSync(at('a.ndjson'), line(0) + line(1) + line(9))
    writeFileSync(at('b.ndjson'), line(0))
    const frame = read.ndjson(at('*.ndjson'), { schema: { at: 'timestamp[ms]' }, follow: true })
      .watermark('at', { bound: 0 })
      .groupBy(tumble('at', '1m'))
      .agg({ n: count() })
    let since = 0
    await live(frame as Frame, {
      isOver() {
        if (since === 0) since = Date.now()
        if (Date.now() - since < 300) return false
        if (written().length === 0 && readFileSync(at('b.ndjson'), 'utf8') === line(0)) appendFileSync(at('b.ndjson'), line(1) + line(2))
        return written().length === 2
      },
    })
    expect(written().map(row => Number(row['n']))).toEqual([2, 2])
  })

  it.each([
    ['renamed away', 'FILE_MISSING', () => renameSync(at('log.ndjson'), at('log.1'))],
    ['replaced', 'FILE_REPLACED', () => replace('log.ndjson', '{"id": 9}\n{"id": 9}\n{"id": 9}\n')],
    ['cut', 'FILE_TRUNCATED', () => truncateSync(at('log.ndjson'), 3)],
  ])('refuses a file that is %s', async (_, code, change) => {
    writeFileSync(at('log.ndjson'), '{"id": 1}\n{"id": 2}\n')
    let isChanged = false
    await expect(
      live(read.ndjson(at('log.ndjson'), { schema, follow: { every: 5 } }) as Frame, {
        isOver() {
          if (!isChanged && ids().length === 2) {
            change()
            isChanged = true
          }
          return false
        },
      }),
    ).rejects.toMatchObject({ name: 'ConnectorError', code, message: expect.stringContaining('log.ndjson is followed, and') })
  })

  it('refuses to go on with a file that begins otherwise', async () => {
    writeFileSync(at('log.ndjson'), '{"id": 1}\n')
    const frame = () => read.ndjson(at('log.ndjson'), { schema, follow: true }) as Frame
    await live(frame(), { isOver: () => ids().length === 1 })
    writeFileSync(at('log.ndjson'), '{"id": 7}\n{"id": 8}\n')
    await expect(live(frame(), { isOver: () => false })).rejects.toMatchObject({ code: 'FILE_REPLACED' })
  })

  it.each([
    [() => read.ndjson('x.ndjson', { follow: true }), 'FOLLOW', /what isn't there yet has no columns; give a schema/],
    [() => read.ndjson('x.ndjson', { schema, follow: true, watch: '1s' }), 'WATCH', /watched for, or followed as they grow; give one/],
    [() => read.ndjson(new Uint8Array(4), { schema, follow: true }), 'FOLLOW', /only files of this machine can be followed; bytes is none/],
    [() => read.ndjson('x.ndjson.gz', { schema, follow: true }), 'FOLLOW', /is packed, and can't be followed/],
    [() => read.csv('x.csv', { schema, follow: true, comment: '#' }), 'FOLLOW', /a file with comment "#" can't be followed/],
    [() => read.csv('x.csv', { schema, follow: { every: 0 } }), 'FOLLOW', /every 0; give more than 0/],
    [() => read.csv('x/', { schema, watch: 'soon' as never }), 'DURATION', /watch: "soon" is not a duration/],
    [() => read.parquet('x/', { watch: '1s' }), 'WATCH', /give a schema/],
  ])('refuses %s', async (frame, code, message) => {
    await expect((async () => (frame() as Frame).collect({ workers: 0 }))()).rejects.toMatchObject({ name: 'PlanError', code, message: expect.stringMatching(message) })
  })

  it('says in plans what is followed and watched', () => {
    const options = { paths: ['a.csv'], every: '1s', options: { schema } } as const
    expect(followedFilesFeed.describe({ format: 'csv', ...options })).toBe('read.csv a.csv, followed')
    expect(watchedFilesFeed.describe({ format: 'csv', ...options })).toBe('read.csv a.csv, watched every 1s')
  })

  it('refuses an array of JSON', async () => {
    writeFileSync(at('log.ndjson'), '[{"id": 1},\n{"id": 2}]\n')
    await expect(live(read.ndjson(at('log.ndjson'), { schema, follow: true }) as Frame, { isOver: () => false })).rejects.toMatchObject({ code: 'FOLLOW', message: expect.stringContaining('an array of JSON') })
  })
})

describe('watch', () => {
  const texts = {
    ndjson: (rows: number[]) => rows.map(id => `${JSON.stringify({ id, text: `text ${id}` })}\n`).join(''),
    csv: (rows: number[]) => `id,text\n${rows.map(id => `${id},text ${id}\n`).join('')}`,
    json: (rows: number[]) => JSON.stringify(rows.map(id => ({ id, text: `text ${id}` }))),
  }

  it.each(['ndjson', 'csv', 'json', 'parquet', 'arrow'] as const)('%s: each file is read once, over deaths in the middle of one', async format => {
    const chance = random(Number(process.env['SEED'] ?? 5))
    const make = async (index: number) => {
      const rows = Array.from({ length: 300 }, (_, i) => 300 * index + i)
      const name = at(`in/${String(index).padStart(3, '0')}.${format}`)
      if (format === 'parquet' || format === 'arrow') await from(rows.map(id => ({ id, text: `text ${id}` })), { schema }).to(write[format](name)).run({ workers: 0 })
      else if (index % 2 === 0) writeFileSync(`${name}.gz`, gzipSync(texts[format](rows)))
      else writeFileSync(name, texts[format](rows))
    }
    let made = 0
    for (let lifeNo = 0; lifeNo < 4; lifeNo++) {
      const isLast = lifeNo === 3
      // The directory isn't there at first.
      const maker = (async () => {
        await pause(lifeNo === 0 ? 20 : 0)
        mkdirSync(at('in'), { recursive: true })
        for (let i = 0; i < 2; i++) await make(made++)
      })()
      let steps = 0
      const limit = 3 + chance.int(20)
      const frame = (read[format] as typeof read.csv)(at('in/'), { schema, watch: 5 }) as Frame
      await live(frame, { isOver: () => (isLast ? ids().length >= 2_400 : steps++ > limit), drain: isLast || chance.int(2) === 0, workers: lifeNo % 3, batchRows: [7, 50, 1_024][chance.int(3)]! })
      await maker
      expect(new Set(ids()).size).toBe(ids().length)
    }
    expect(ids().sort((a, b) => a - b)).toEqual(Array.from({ length: 2_400 }, (_, id) => id))
  })

  it('passes over hidden files, takes those that get their names, and may lose files that were read', async () => {
    mkdirSync(at('in'))
    writeFileSync(at('in/.hidden.csv'), 'id,text\n99,x\n')
    writeFileSync(at('in/_SUCCESS'), '')
    writeFileSync(at('in/a.csv'), 'id,text\n1,x\n')
    let step = 0
    await live(read.csv(at('in/'), { schema, watch: 5 }) as Frame, {
      isOver() {
        if (step === 0 && ids().length === 1) {
          rmSync(at('in/a.csv'))
          renameSync(at('in/.hidden.csv'), at('in/b.csv'))
          step = 1
        }
        return ids().length === 2
      },
    })
    expect(ids().sort()).toEqual([1, 99])
  })

  it('refuses a file that changes after it was read, and one without the schema’s columns', async () => {
    mkdirSync(at('in'))
    writeFileSync(at('in/a.csv'), 'id,text\n1,x\n')
    let isChanged = false
    const changing = live(read.csv(at('in/'), { schema, watch: 5 }) as Frame, {
      isOver() {
        if (!isChanged && ids().length === 1) {
          appendFileSync(at('in/a.csv'), '2,y\n')
          isChanged = true
        }
        return false
      },
    })
    await expect(changing).rejects.toMatchObject({ code: 'FILE_CHANGED', message: expect.stringMatching(/a\.csv was read as it was .*it has 16 bytes now, and had 12/) })
    await from([{ id: 'x' }]).to(write.parquet(at('bad/a.parquet'))).run({ workers: 0 })
    const other = from([{ other: 1n }]).to(write.arrow(at('bad/a.arrow')))
    await other.run({ workers: 0 })
    rmSync(at('state'), { recursive: true })
    rmSync(at('out'), { recursive: true })
    await expect(live(read.parquet(at('bad/'), { schema: { id: 'int32' }, watch: 5 }) as Frame, { isOver: () => false })).rejects.toMatchObject({ code: 'FILE_SCHEMA', message: expect.stringContaining('column "id" is utf8, the schema says int32') })
    rmSync(at('out'), { recursive: true, force: true })
    await expect(live(read.arrow(at('bad/'), { schema: { id: 'int32' }, watch: 5 }) as Frame, { isOver: () => false })).rejects.toMatchObject({ code: 'FILE_SCHEMA', message: expect.stringContaining('has no column "id"; it has other') })
  })
})
