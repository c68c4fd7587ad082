// A checkpoint of a real job in which one byte is changed, a thousand times: it is always found, the message names the file, and an older checkpoint is
// taken only where that was asked for.
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, from, sink, source, sum, tumble, write } from '../../src/index.ts'
import { openCheckpointStore } from '../../src/storage/checkpoint-store.ts'
import { localDirectory } from '../../src/storage/directory.ts'

const flips = 500
const key = '5c'.repeat(32)
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

// Rows by key in windows that stay open, and a join's table of them: state of several runs.
function events(held: Promise<void>) {
  return from(
    source({
      name: 'events',
      schema: { k: 'int32', name: 'utf8', at: 'timestamp[ms]' },
      start: 0,
      bounded: true,
      splits: () => [{ id: 'all' }],
      async *read(_split, position) {
        for (let i = position; i < 2_000; i += 500) {
          yield { rows: Array.from({ length: 500 }, (_, r) => ({ k: (i + r) % 97, name: `name ${i + r}`, at: i + r })), position: i + 500 }
          if (i === 1_000) await held
        }
      },
    }),
  )
}

const job = (dir: string, held: Promise<void>) =>
  events(held)
    .watermark('at', { bound: 10 })
    .groupBy('k', 'name', tumble('at', 100_000))
    .agg({ n: count(), total: sum(col('k')) })
    .to(write.ndjson(`${dir}/out/`))

describe.each([
  ['plain', undefined],
  ['encrypted', key],
])('a checkpoint, %s', (name, encrypt) => {
  const dir = join(folder, name)
  const options = { name: 'flips', workers: 2, checkpoint: { dir: join(dir, 'state'), every: '1h', ...(encrypt && { encrypt }) } } as const
  const home = join(dir, 'state', 'flips')

  it(`is found to be damaged wherever a byte of it is changed, ${flips} times`, async () => {
    let release = () => {}
    const run = await job(dir, new Promise<void>(resolve => (release = resolve))).start(options)
    while (run.metrics().rowsRead < 1_500) await new Promise(resolve => setTimeout(resolve, 2))
    await run.checkpoint()
    const newest = await run.checkpoint()
    await run.stop({ drain: false })
    release()
    await expect(run.done).rejects.toMatchObject({ code: 'CANCELLED' })

    const epoch = join(home, `epoch-${newest}`)
    const files = readdirSync(epoch)
    expect(files).toEqual(expect.arrayContaining(['manifest.json', expect.stringMatching(/\.run$/)]))
    const store = await openCheckpointStore({ directory: localDirectory(join(dir, 'state')), job: 'flips', ...(encrypt && { encrypt }) })
    const chance = random(Number(process.env['SEED'] ?? 41))
    try {
      for (let flip = 0; flip < flips; flip++) {
        const file = flip % 2 === 0 ? 'manifest.json' : files[chance.int(files.length)]!
        const path = join(epoch, file)
        const whole = readFileSync(path)
        const damaged = Buffer.from(whole)
        const at = chance.int(whole.length)
        damaged[at]! ^= 1 + chance.int(255)
        writeFileSync(path, damaged)
        const about = { flip, file, at, byte: damaged[at] }
        const error = await store.newest().then(
          () => undefined,
          (thrown: Error & { code: string }) => thrown,
        )
        expect({ ...about, name: error?.name, code: error?.code }).toEqual({ ...about, name: 'DataError', code: expect.stringMatching(/^(CHECKPOINT_CORRUPT|SEAL_BROKEN)$/) })
        expect(error!.message).toContain(file)
        const older = await store.newest({ fallback: true })
        expect([older?.manifest.epoch, older?.skipped.map(({ epoch }) => epoch)]).toEqual([newest - 1, [newest]])
        writeFileSync(path, whole)
      }
      expect((await store.newest())?.manifest.epoch).toBe(newest)
    } finally {
      await store.close()
    }
  })

  it('stops a job that would go on from it, but where it may fall back', async () => {
    const epochs = readdirSync(home).filter(entry => entry.startsWith('epoch-')).sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)))
    const path = join(home, epochs[0]!, 'manifest.json')
    copyFileSync(path, join(dir, 'whole'))
    const bytes = readFileSync(path)
    bytes[bytes.length - 20]! ^= 1
    writeFileSync(path, bytes)
    await expect(job(dir, Promise.resolve()).run(options)).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT', message: expect.stringContaining(`${epochs[0]}/manifest.json`) })
    const run = await job(dir, Promise.resolve()).run({ ...options, checkpoint: { ...options.checkpoint, fallback: true } })
    expect(run.metrics().rowsRead).toBe(500)
    const rows = readdirSync(join(dir, 'out')).flatMap(part => readFileSync(join(dir, 'out', part), 'utf8').trimEnd().split('\n'))
    expect(rows).toHaveLength(2_000)
  })
})

// What a join of streams keeps is stored once and read where it lies, block by block, when keys come that it may have: damage is found then.
describe('state that is read where it lies', () => {
  const dir = join(folder, 'segments')
  const options = { name: 'join', workers: 2, checkpoint: { dir: join(dir, 'state'), every: '1h' }, mode: 'stream' } as const
  const home = join(dir, 'state', 'join')
  const rowsOf = (base: number) => Array.from({ length: 400 }, (_, i) => ({ k: (base + i) % 200, n: base + i }))
  const side = (name: string, held: Promise<void>) =>
    from(
      source({
        name,
        schema: { k: 'int32', n: 'int32' },
        start: 0,
        bounded: true,
        splits: () => [{ id: 'all' }],
        async *read(_split, position) {
          for (let i = position; i < 2; i++) {
            yield { rows: rowsOf(400 * i), position: i + 1 }
            await held
          }
        },
      }),
    )
  const joined = async (held: Promise<void>, found: Map<string, number>) => {
    const pairs = side('left', held).join(side('right', held).select({ k: col('k'), other: col('n') }), { on: 'k' })
    const to = sink({
      name: 'pairs',
      delivery: 'append',
      write(batch) {
        for (const { k, n, other } of batch.rows()) found.set(`${k} ${n} ${other}`, (found.get(`${k} ${n} ${other}`) ?? 0) + 1)
      },
    })
    return pairs.to(to).start(options)
  }

  it('is found to be damaged, in the file that the message names, or not needed', async () => {
    let release = () => {}
    const before = new Map<string, number>()
    const run = await joined(new Promise<void>(resolve => (release = resolve)), before)
    while (before.size < 800) await new Promise(resolve => setTimeout(resolve, 2))
    const epoch = await run.checkpoint()
    await run.stop({ drain: false })
    release()
    await run.done.catch(() => {})
    cpSync(join(dir, 'state'), join(dir, 'whole'), { recursive: true })
    const goOn = async () => {
      const found = new Map<string, number>()
      const again = await joined(Promise.resolve(), found)
      await again.done
      return found
    }
    const expected = await goOn()
    expect(expected.size).toBe(4 * 800 - before.size)

    const files = readdirSync(join(dir, 'whole', 'join', `epoch-${epoch}`)).filter(name => name.endsWith('.run') && name.startsWith('join'))
    expect(files.length).toBeGreaterThan(1)
    const chance = random(Number(process.env['SEED'] ?? 43))
    let detected = 0
    for (let flip = 0; flip < 30; flip++) {
      rmSync(join(dir, 'state'), { recursive: true })
      cpSync(join(dir, 'whole'), join(dir, 'state'), { recursive: true })
      const file = files[chance.int(files.length)]!
      const path = join(home, `epoch-${epoch}`, file)
      const bytes = readFileSync(path)
      const at = chance.int(bytes.length)
      bytes[at]! ^= 1 + chance.int(255)
      writeFileSync(path, bytes)
      const outcome = await goOn().catch((error: Error & { code: string }) => error)
      const about = { flip, file, at }
      if (outcome instanceof Error) {
        detected++
        expect({ ...about, code: outcome.code, message: outcome.message }).toEqual({ ...about, code: expect.stringMatching(/^(STATE_CORRUPT|CHECKPOINT_CORRUPT)$/), message: expect.stringContaining(file) })
      } else expect({ ...about, same: outcome.size === expected.size && [...expected].every(([pair, times]) => outcome.get(pair) === times) }).toEqual({ ...about, same: true })
    }
    expect(detected).toBeGreaterThan(20)
  })
})
