import { describe, expect, it } from 'vitest'
import type { CheckpointContent } from '../../src/storage/checkpoint-manifest.ts'
import { type CheckpointStore, openCheckpointStore } from '../../src/storage/checkpoint-store.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { type Fault, FaultyDisk } from '../support/faulty-directory.ts'

const key = 'ab'.repeat(32)
const text = (data: Uint8Array) => new TextDecoder().decode(data)
const content: CheckpointContent = { planFingerprint: 'plan-1', keyHashVersion: 1, sources: {}, sinks: { out: null }, operators: { window: 'w' }, watermarks: {} }

async function writeEpoch(store: CheckpointStore, epoch: number): Promise<void> {
  const writer = await store.begin(epoch)
  for (const instance of [0, 1])
    await writer.writeRun('window', instance, { table: 't', keyGroups: { start: 0, end: 128 }, bytes: new TextEncoder().encode(`${instance} of ${epoch}`) })
  await writer.complete(content)
}

const open = (disk: FaultyDisk, encrypt?: string, job = 'bids', place = 'state') => openCheckpointStore({ directory: localDirectory(place, disk), job, encrypt })
const states = async (checkpoint: Awaited<ReturnType<CheckpointStore['newest']>>) => (await checkpoint!.readRuns('window')).map(run => text(run.bytes))
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    error => error as { code: string },
  )

describe.each([
  ['plain', undefined],
  ['encrypted', key],
])('a savepoint, %s', (_, encrypt) => {
  it('lies by itself, outlives its store, and may be moved', async () => {
    const disk = new FaultyDisk()
    const store = await open(disk, encrypt)
    await writeEpoch(store, 7)
    expect(await store.copyTo(7, localDirectory('saved/here', disk))).toMatchObject({ files: 3 })
    await writeEpoch(store, 8)
    await store.retain(1)
    await localDirectory('state', disk).remove('bids')
    await localDirectory('moved', disk).write('note', new Uint8Array())
    await disk.rename('saved/here', 'moved/there')
    const other = await open(disk, encrypt, 'bids', 'other')
    const found = await other.readSavepoint(localDirectory('moved/there', disk))
    expect(found).toMatchObject({ path: 'moved/there', manifest: { epoch: 7, job: 'bids' } })
    expect(await states(found)).toEqual(['0 of 7', '1 of 7'])
  })

  it('is refused where a bit was changed, a file is missing, or the job is another', async () => {
    const disk = new FaultyDisk()
    const store = await open(disk, encrypt)
    await writeEpoch(store, 7)
    await store.copyTo(7, localDirectory('saved', disk))
    const files = disk.files().filter(name => name.startsWith('saved/'))
    for (const file of files) {
      const whole = disk.contents(file)
      for (let at = 0; at < whole.length; at += 7) {
        disk.tamper(file, bytes => {
          bytes[at]! ^= 1
          return bytes
        })
        const error = await failure(store.readSavepoint(localDirectory('saved', disk)))
        expect(error?.code, `${file} byte ${at}`).toMatch(/^(CHECKPOINT_(CORRUPT|VERSION|JOB)|SEAL_BROKEN|KEY_WRONG|KEY_MISSING|NOT_ENCRYPTED)$/)
        disk.tamper(file, () => whole)
      }
    }
    await localDirectory('saved', disk).remove(files[1]!.slice('saved/'.length))
    expect(await failure(store.readSavepoint(localDirectory('saved', disk)))).toMatchObject({ code: expect.stringMatching(/^(CHECKPOINT_CORRUPT|SAVEPOINT_MISSING)$/) })
    expect(await failure(store.readSavepoint(localDirectory('nowhere', disk)))).toMatchObject({ code: 'SAVEPOINT_MISSING', message: expect.stringContaining('nowhere') })
    await store.copyTo(7, localDirectory('again', disk))
    const asks = await open(disk, encrypt, 'asks')
    expect((await failure(asks.readSavepoint(localDirectory('again', disk))))!.code).toMatch(/^(CHECKPOINT_JOB|SEAL_BROKEN)$/)
  })

  it('is there as a whole or not at all, whichever call on the disk fails', async () => {
    for (const fault of ['ENOSPC', 'EIO', 'crash'] as const satisfies readonly Fault[]) {
      for (let call = 1; ; call++) {
        const disk = new FaultyDisk(call)
        const store = await open(disk, encrypt)
        await writeEpoch(store, 7)
        disk.failAt(disk.callCount + call, fault)
        const before = disk.callCount
        const error = await failure(store.copyTo(7, localDirectory('saved', disk)))
        const reached = disk.callCount >= before + call
        disk.reboot()
        const after = await open(disk, encrypt, 'bids', 'other')
        const read = await failure(after.readSavepoint(localDirectory('saved', disk)))
        if (error) expect(error.code).toMatch(/^DISK_/)
        // A call that failed may come after the savepoint was whole; one that succeeded has to be.
        expect(read?.code ?? 'whole', `${fault} at call ${call}`).toMatch(error ? /^(SAVEPOINT_MISSING|whole)$/ : /^whole$/)
        if (!reached) break
      }
    }
  })

  it('becomes the newest checkpoint of a store, and later epochs go', async () => {
    const disk = new FaultyDisk()
    const store = await open(disk, encrypt)
    for (const epoch of [1, 2, 3]) await writeEpoch(store, epoch)
    const saved = localDirectory('saved', disk)
    await store.copyTo(2, saved)
    await store.rewindTo(await store.readSavepoint(saved), saved)
    expect(await store.epochs()).toEqual([2, 1])
    const fresh = await open(disk, encrypt, 'bids', 'fresh')
    await fresh.rewindTo(await fresh.readSavepoint(saved), saved)
    expect(await states(await fresh.newest())).toEqual(['0 of 2', '1 of 2'])
    await writeEpoch(fresh, 3)
    expect(await fresh.epochs()).toEqual([3, 2])
  })

  it('or the newest of before stays in force, where the machine dies on the way', async () => {
    for (let call = 1; ; call++) {
      const disk = new FaultyDisk(call)
      const store = await open(disk, encrypt)
      for (const epoch of [1, 2, 3, 4]) await writeEpoch(store, epoch)
      const saved = localDirectory('saved', disk)
      await store.copyTo(2, saved)
      await localDirectory('state', disk).remove('bids/epoch-2')
      const savepoint = await store.readSavepoint(saved)
      disk.failAt(disk.callCount + call, 'crash')
      const before = disk.callCount
      const error = await failure(store.rewindTo(savepoint, saved))
      const reached = disk.callCount >= before + call
      disk.reboot()
      // What a power cut leaves of the lock is another test's.
      await localDirectory('state', disk).remove('bids/lock')
      const found = await (await open(disk, encrypt)).newest()
      expect([error ? 4 : 2, 2]).toContain(found!.manifest.epoch)
      if (!reached) break
    }
  })
})

it('needs a folder of its own', async () => {
  const disk = new FaultyDisk()
  const store = await open(disk)
  await writeEpoch(store, 1)
  await store.copyTo(1, localDirectory('saved', disk))
  expect(await failure(store.copyTo(1, localDirectory('saved', disk)))).toMatchObject({ code: 'SAVEPOINT_EXISTS', message: expect.stringContaining('saved holds a savepoint already') })
  await localDirectory('notes', disk).write('a.txt', new Uint8Array(1))
  expect(await failure(store.copyTo(1, localDirectory('notes', disk)))).toMatchObject({ code: 'SAVEPOINT_EXISTS', message: expect.stringContaining('a.txt') })
  expect(disk.files().filter(name => name.startsWith('notes/'))).toEqual(['notes/a.txt'])
})
