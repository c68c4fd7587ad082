// Runs that stay as they are from checkpoint to checkpoint: stored once, kept as long as a checkpoint names them, carried into savepoints.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { StateRun } from '../../src/state/state-run.ts'
import type { CheckpointContent } from '../../src/storage/checkpoint-manifest.ts'
import { type CheckpointStore, openCheckpointStore } from '../../src/storage/checkpoint-store.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'lasting-'))
afterAll(() => rmSync(folder, { recursive: true }))
const content: CheckpointContent = { planFingerprint: 'plan', keyHashVersion: 1, sources: {}, sinks: {}, operators: { join: 'join' }, watermarks: {} }
const all = { start: 0, end: 128 }
const bytes = (text: string) => new TextEncoder().encode(text)
const named = (id: string): StateRun => ({ table: 'left', keyGroups: all, bytes: new Uint8Array(), lasting: { id } })
const spill = new SpillFiles(folder)

/** A run in a file of the spilling thread, on its way into its first checkpoint. */
function spilled(id: string, ...blocks: string[]): StateRun {
  const file = spill.create()
  for (const block of blocks) file.append(bytes(block))
  return { ...named(id), lasting: { id, file: file.share() } }
}

async function write(store: CheckpointStore, epoch: number, ...runs: StateRun[]): Promise<void> {
  const writer = await store.begin(epoch)
  for (const run of runs) void writer.writeRun('join', 0, run)
  await writer.complete(content)
}

describe.each([
  ['plain', undefined],
  ['encrypted', 'ab'.repeat(32)],
])('lasting runs, %s', (name, encrypt) => {
  const open = (dir: string) => openCheckpointStore({ directory: localDirectory(join(folder, dir)), job: 'bids', ...(encrypt !== undefined && { encrypt }) })
  const contents = async (checkpoint: Awaited<ReturnType<CheckpointStore['newest']>>) => {
    const found: string[] = []
    for (const { lasting, bytes: held } of await checkpoint!.readRuns('join')) {
      const { stored } = lasting!
      expect(stored === undefined).toBe(encrypt !== undefined)
      found.push(`${lasting!.id}: ${new TextDecoder().decode(stored ? spill.openStored(stored).read(0, stored.bytes) : held)}`)
    }
    await checkpoint!.close()
    return found
  }

  it('are stored once, and stay while a checkpoint names them', async () => {
    const dir = `${name}-once`
    let store = await open(dir)
    await write(store, 1, spilled('a', 'first ', 'rows'), spilled('b', 'more'))
    await write(store, 2, named('a'), spilled('c', 'third'))
    await write(store, 3, named('a'), named('c'))
    await store.retain(1)
    const files = (epoch: number) => readdirSync(join(folder, dir, 'bids', `epoch-${epoch}`)).length
    expect([files(1), files(2), files(3)]).toEqual([1, 1, 1])
    expect(await contents(await store.newest())).toEqual(['a: first rows', 'c: third'])
    await store.close()
    // Another process goes on from there.
    store = await open(dir)
    expect(await contents(await store.newest())).toEqual(['a: first rows', 'c: third'])
    await write(store, 4, named('c'), spilled('d', 'fourth'))
    await store.retain(1)
    expect(readdirSync(join(folder, dir, 'bids')).filter(entry => entry.startsWith('epoch'))).toEqual(['epoch-2', 'epoch-4'])
    expect(await contents(await store.newest())).toEqual(['c: third', 'd: fourth'])
    await store.close()
  })

  it('are in savepoints, which need nothing beside them', async () => {
    const store = await open(`${name}-saved`)
    await write(store, 1, spilled('a', 'first'))
    await write(store, 2, named('a'), spilled('b', 'second'))
    const savepoint = localDirectory(join(folder, `${name}-savepoint`))
    expect((await store.copyTo(2, savepoint)).files).toBe(3)
    await write(store, 3, spilled('c', 'third'))
    await store.retain(1)
    const saved = await store.readSavepoint(savepoint)
    expect(await contents(saved)).toEqual(['a: first', 'b: second'])
    await store.rewindTo(saved, savepoint)
    expect(await contents(await store.newest())).toEqual(['a: first', 'b: second'])
    await write(store, 4, named('a'), named('b'))
    expect(await contents(await store.newest())).toEqual(['a: first', 'b: second'])
    await store.close()
  })

  it('are found beside the folder of an epoch', async () => {
    const store = await open(`${name}-beside`)
    await write(store, 1, spilled('a', 'first'))
    await write(store, 2, named('a'), spilled('b', 'second'))
    const epoch = localDirectory(join(folder, `${name}-beside`, 'bids', 'epoch-2'))
    expect(await contents(await store.readSavepoint(epoch))).toEqual(['a: first', 'b: second'])
    const copy = localDirectory(join(folder, `${name}-copies`, 'epoch-2'))
    await store.copyTo(2, copy)
    expect(await contents(await store.readSavepoint(copy))).toEqual(['a: first', 'b: second'])
    await store.close()
  })

  it('that are cut or missing are told of at once', async () => {
    const dir = `${name}-cut`
    const store = await open(dir)
    await write(store, 1, spilled('a', 'first'))
    await write(store, 2, named('a'))
    const path = join(folder, dir, 'bids/epoch-1/join-0.run')
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(1))
    await expect(store.newest()).rejects.toThrow(/epoch-1\/join-0\.run: .*the manifest promises/)
    rmSync(path)
    await expect(store.newest()).rejects.toThrow(/epoch-1\/join-0\.run: .*missing/)
    writeFileSync(path, whole)
    expect(await contents(await store.newest())).toEqual(['a: first'])
    await store.close()
  })

  it('that no checkpoint has, and come without bytes, are a fault', async () => {
    const store = await open(`${name}-fault`)
    await expect(write(store, 1, named('nobody'))).rejects.toThrow(/fault in Millrace/)
    await store.close()
  })
})
