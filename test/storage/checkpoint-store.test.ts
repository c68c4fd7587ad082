import { describe, expect, it } from 'vitest'
import { localDirectory } from '../../src/storage/directory.ts'
import type { CheckpointContent } from '../../src/storage/checkpoint-manifest.ts'
import { type CheckpointStore, jobFolder, openCheckpointStore } from '../../src/storage/checkpoint-store.ts'
import { FaultyDisk } from '../support/faulty-directory.ts'

const key = 'ab'.repeat(32)
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (data: Uint8Array) => new TextDecoder().decode(data)
const run = (content: string, start = 0, end = 128) => ({ table: 'slices', keyGroups: { start, end }, bytes: bytes(content) })

const content: CheckpointContent = {
  planFingerprint: 'plan-1',
  keyHashVersion: 1,
  sources: { bids: { 0: 17 } },
  sinks: { out: { files: ['a'] } },
  operators: { window: 'window-aggregate', dedup: 'dedup' },
  watermarks: { bids: [1000] },
}

async function writeEpoch(store: CheckpointStore, epoch: number, state = `state of ${epoch}`): Promise<void> {
  const writer = await store.begin(epoch)
  await Promise.all([writer.writeRun('window', 0, run(`${state} a`, 0, 64)), writer.writeRun('window', 1, run(`${state} b`, 64, 128))])
  await writer.complete({ ...content, sources: { bids: { 0: epoch } } })
}

function open(disk: FaultyDisk, encrypt?: string): Promise<CheckpointStore> {
  return openCheckpointStore({
    directory: localDirectory('state', disk),
    job: 'bids',
    encrypt,
    clock: { now: () => 42, elapsed: () => 0, sleep: async () => {} },
  })
}

describe.each([
  ['plain', undefined],
  ['encrypted', key],
])('CheckpointStore, %s', (_, encrypt) => {
  it('restores what was written: manifest and runs, by operator and key group', async () => {
    const store = await open(new FaultyDisk(), encrypt)
    expect(await store.newest()).toBeUndefined()
    expect(await store.nextEpoch()).toBe(1)
    await writeEpoch(store, 1)
    await writeEpoch(store, 2)
    const found = (await store.newest())!
    expect(found.manifest).toMatchObject({
      version: 1,
      job: 'bids',
      epoch: 2,
      planFingerprint: 'plan-1',
      sources: { bids: { 0: 2 } },
      sinks: content.sinks,
      watermarks: content.watermarks,
      createdAt: 42,
    })
    expect(found.manifest.operators.dedup).toEqual({ kind: 'dedup', runs: [] })
    expect((await found.readRuns('window')).map(r => [r.table, r.keyGroups, text(r.bytes)])).toEqual([
      ['slices', { start: 0, end: 64 }, 'state of 2 a'],
      ['slices', { start: 64, end: 128 }, 'state of 2 b'],
    ])
    expect((await found.readRuns('window', { start: 64, end: 65 })).map(r => text(r.bytes))).toEqual(['state of 2 b'])
    expect(await found.readRuns('dedup')).toEqual([])
    expect(await store.nextEpoch()).toBe(3)
  })

  it('keeps the newest epochs and removes the others', async () => {
    const disk = new FaultyDisk()
    const store = await open(disk, encrypt)
    for (let epoch = 1; epoch <= 5; epoch++) await writeEpoch(store, epoch)
    const working = await store.begin(6)
    await working.writeRun('window', 0, run('at work'))
    await store.retain(2)
    expect(await store.epochs()).toEqual([5, 4])
    expect(disk.files().some(name => name.includes('epoch-6/'))).toBe(true)
    expect(disk.files().some(name => name.includes('epoch-3/'))).toBe(false)
    await working.abandon()
    expect(disk.files().some(name => name.includes('epoch-6/'))).toBe(false)
  })

  it('never shows an epoch that was not completed', async () => {
    const store = await open(new FaultyDisk(), encrypt)
    await writeEpoch(store, 1)
    const writer = await store.begin(2)
    await writer.writeRun('window', 0, run('half'))
    expect((await store.newest())!.manifest.epoch).toBe(1)
  })

  it('refuses a damaged newest checkpoint, naming the file, and falls back only when told to', async () => {
    const disk = new FaultyDisk()
    const store = await open(disk, encrypt)
    await writeEpoch(store, 1)
    await writeEpoch(store, 2)
    const files = disk.files().filter(name => name.includes('epoch-2/'))
    expect(files).toHaveLength(3)
    for (const file of files) {
      const original = disk.contents(file)
      const damages = [(b: Uint8Array) => b.with(b.length >> 1, b[b.length >> 1]! ^ 1), (b: Uint8Array) => b.slice(0, -2), (b: Uint8Array) => b.slice(0, 0)]
      for (const damage of damages) {
        disk.tamper(file, damage)
        await expect(store.newest()).rejects.toMatchObject({
          name: 'DataError',
          code: expect.stringMatching(/CHECKPOINT_CORRUPT|SEAL_BROKEN/),
          message: expect.stringContaining(file),
        })
        const older = (await store.newest({ fallback: true }))!
        expect(older.manifest.epoch).toBe(1)
        expect(older.skipped).toEqual([{ epoch: 2, reason: expect.stringContaining(file) }])
        disk.tamper(file, () => original)
      }
    }
    expect((await store.newest())!.manifest.epoch).toBe(2)
    expect(await store.nextEpoch()).toBe(3)
  })

  it('holds no complete checkpoint that is damaged, whichever call the machine dies at, and loses none that was completed', async () => {
    let deaths = 0
    for (let call = 1; ; call++) {
      const disk = new FaultyDisk(call)
      disk.failAt(call, 'crash')
      let completed = 0
      const ended = await (async () => {
        const store = await open(disk, encrypt)
        for (let epoch = 1; epoch <= 3; epoch++) {
          await writeEpoch(store, epoch)
          completed = epoch
          await store.retain(1)
        }
        await store.close()
      })().then(
        () => true,
        () => false,
      )
      if (ended) break
      deaths++
      disk.reboot()
      for (const file of disk.files()) if (file.endsWith('/lock')) await disk.unlink(file)
      const store = await open(disk, encrypt)
      const found = await store.newest()
      expect(found?.manifest.epoch ?? 0).toBeGreaterThanOrEqual(completed)
      if (found)
        expect((await found.readRuns('window')).map(r => text(r.bytes))).toEqual([`state of ${found.manifest.epoch} a`, `state of ${found.manifest.epoch} b`])
      await writeEpoch(store, await store.nextEpoch())
      await store.retain(1)
      expect(disk.files().filter(name => name.includes('epoch-')).length).toBe(3)
    }
    expect(deaths).toBeGreaterThan(60)
  })

  it('passes every failing call on as a typed error, and the next epoch works', async () => {
    for (const fault of ['ENOSPC', 'EIO', 'EACCES'] as const) {
      for (let call = 1; ; call++) {
        const disk = new FaultyDisk(call)
        const store = await open(disk, encrypt)
        await writeEpoch(store, 1)
        disk.failAt(disk.callCount + call, fault)
        const before = disk.callCount
        const error = await writeEpoch(store, 2).then(
          () => undefined,
          caught => caught,
        )
        if (!error && disk.callCount < before + call) break
        if (error) expect(error).toMatchObject({ name: 'ConnectorError', code: expect.stringMatching(/^DISK_/) })
        const found = (await store.newest())!
        expect(found.manifest.epoch).toBeGreaterThanOrEqual(error ? 1 : 2)
        const next = await store.nextEpoch()
        await writeEpoch(store, next)
        expect((await store.newest())!.manifest.epoch).toBe(next)
      }
    }
  })
})

describe('openCheckpointStore', () => {
  it('locks the job', async () => {
    const disk = new FaultyDisk()
    const store = await open(disk)
    await expect(open(disk)).rejects.toMatchObject({
      name: 'ConnectorError',
      code: 'CHECKPOINT_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await store.close()
    await (await open(disk)).close()
  })

  it('tells a wrong key, a missing key and an unexpected key apart', async () => {
    const disk = new FaultyDisk()
    const reopened = async (encrypt?: string) => {
      const store = await open(disk, encrypt)
      return store.newest({ fallback: true }).finally(() => store.close())
    }
    const store = await open(disk, key)
    await writeEpoch(store, 1)
    await store.close()
    await expect(reopened('cd'.repeat(32))).rejects.toMatchObject({ code: 'KEY_WRONG' })
    await expect(reopened()).rejects.toMatchObject({ code: 'KEY_MISSING' })
    const plain = await open(disk, undefined)
    await writeEpoch(plain, 2)
    await plain.close()
    await expect(reopened(key)).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
  })

  it('notices an encrypted checkpoint that was renamed or comes from another job', async () => {
    const disk = new FaultyDisk()
    const directory = localDirectory('state', disk)
    const store = await open(disk, key)
    await writeEpoch(store, 1)
    await writeEpoch(store, 2)
    const moved = disk.files().filter(name => name.includes('epoch-1/'))
    for (const file of moved) await directory.write(file.slice('state/'.length).replace('epoch-1', 'epoch-9'), disk.contents(file))
    await expect(store.newest()).rejects.toMatchObject({ code: 'SEAL_BROKEN', message: expect.stringContaining('epoch 9') })
    for (const file of moved) await directory.write(file.slice('state/'.length).replace('bids', 'asks'), disk.contents(file))
    const other = await openCheckpointStore({ directory, job: 'asks', encrypt: key })
    await expect(other.newest()).rejects.toMatchObject({ code: 'SEAL_BROKEN' })
  })

  it.each([
    ['file that a planted manifest names outside its folder', (manifest: any) => (manifest.operators.window.runs[0].file = '../../../etc/passwd')],
    ['list of ended steps that is none', (manifest: any) => (manifest.ended = { window: true })],
  ])('reads no %s', async (_, plant) => {
    const { createHash } = await import('node:crypto')
    const disk = new FaultyDisk()
    const store = await open(disk)
    await writeEpoch(store, 1)
    const path = disk.files().find(name => name.endsWith('manifest.json'))!
    disk.tamper(path, b => {
      const { manifest } = JSON.parse(text(b))
      plant(manifest)
      const body = JSON.stringify(manifest)
      return bytes(`${JSON.stringify({ sha256: createHash('sha256').update(body).digest('hex'), manifest })}\n`)
    })
    await expect(store.newest()).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT', message: expect.stringContaining('malformed') })
  })

  it('makes safe folders of job names', () => {
    expect(jobFolder('bids-per-auction')).toBe('bids-per-auction')
    expect(jobFolder('a/b ü')).toBe('a%2Fb%20%C3%BC')
    expect(jobFolder("it's")).toBe('it%27s')
    for (const name of ['', '.', '..', '.hidden', 'x'.repeat(201)]) expect(() => jobFolder(name)).toThrow(expect.objectContaining({ code: 'JOB_NAME' }))
  })
})
