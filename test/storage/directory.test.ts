import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localDirectory } from '../../src/storage/directory.ts'
import { FaultyDisk } from '../support/faulty-directory.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (value: string) => new TextEncoder().encode(value)

describe('localDirectory on the real disk', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('writes, replaces, appends, cuts, lists and removes', async () => {
    const directory = localDirectory(`${folder}/`)
    await directory.write('a/b/one', bytes('first'))
    await directory.write('a/b/one', bytes('second'))
    await directory.append('a/log', bytes('x'))
    await directory.append('a/log', bytes('yz'))
    await directory.truncate('a/log', 2)
    expect(text(await directory.read('a/b/one'))).toBe('second')
    expect(text(await directory.read('a/log'))).toBe('xy')
    expect(await directory.list('a')).toEqual([
      { name: 'b', kind: 'directory', bytes: 0 },
      { name: 'log', kind: 'file', bytes: 2 },
    ])
    expect(await directory.size('a/none')).toBeUndefined()
    expect(await directory.list('none')).toEqual([])
    await directory.remove('a/b')
    await directory.remove('a/b')
    expect(await directory.list('a')).toHaveLength(1)
    expect(await readdir(`${folder}/a`)).toEqual(['log'])
  })

  it('makes files that only their owner reads', async () => {
    await localDirectory(folder).write('state/x', bytes('x'))
    expect((await stat(`${folder}/state/x`)).mode & 0o777).toBe(0o600)
    expect((await stat(`${folder}/state`)).mode & 0o777).toBe(0o700)
  })

  it('says what is missing', async () => {
    await expect(localDirectory(folder).read('x')).rejects.toMatchObject({
      name: 'ConnectorError',
      code: 'DISK_MISSING',
      message: `${folder}/x: can't read: no such file (ENOENT); check the path`,
    })
  })

  it('refuses a folder whose path runs through a file', async () => {
    await writeFile(`${folder}/file`, 'x')
    await expect(localDirectory(`${folder}/file`).write('x', bytes('x'))).rejects.toMatchObject({ name: 'ConnectorError' })
  })

  it('refuses paths that leave it', async () => {
    for (const path of ['../x', 'a/../../x', '/etc/x', 'a/..', 'a\\b'])
      await expect(localDirectory(folder).read(path)).rejects.toMatchObject({ code: 'ASSERT' })
  })

  it('sweeps what a crash left behind', async () => {
    await localDirectory(folder).write('x', bytes('x'))
    await writeFile(`${folder}/x.123.tmp`, 'half')
    await localDirectory(folder).sweep()
    expect(await readdir(folder)).toEqual(['x'])
  })

  it('locks a path for one holder, and takes over from a process that is gone', async () => {
    const directory = localDirectory(folder)
    const lock = await directory.lock('lock')
    await expect(directory.lock('lock')).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining(`process ${process.pid}`) })
    await lock.release()
    const again = await directory.lock('lock')
    await again.release()
    const { hostname } = await import('node:os')
    await writeFile(`${folder}/lock`, JSON.stringify({ pid: 2 ** 22 + 7, host: hostname(), birth: '', token: 'dead' }))
    await (await directory.lock('lock')).release()
    await writeFile(`${folder}/lock`, JSON.stringify({ pid: process.pid, host: hostname(), birth: 'an earlier boot', token: 'reused-pid' }))
    await (await directory.lock('lock')).release()
    await writeFile(`${folder}/lock`, JSON.stringify({ pid: 1, host: 'elsewhere', birth: '', token: 'other' }))
    await expect(directory.lock('lock')).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining('on elsewhere') })
    await writeFile(`${folder}/lock`, 'not json')
    await expect(directory.lock('lock')).rejects.toMatchObject({ code: 'LOCKED' })
    expect(await readdir(folder)).toEqual(['lock'])
  })

  it("gives a dead holder's lock to one of many that want it, and a free lock to one at a time", async () => {
    let inside = 0
    let insideMax = 0
    const { hostname } = await import('node:os')
    await writeFile(`${folder}/lock`, JSON.stringify({ pid: 2 ** 22 + 7, host: hostname(), birth: '', token: 'dead' }))
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => localDirectory(folder).lock('lock')))
    const winners = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    expect(winners).toHaveLength(1)
    await winners[0]!.release()
    expect(await readdir(folder)).toEqual([])
    const inTurn = await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (;;) {
          const lock = await localDirectory(folder)
            .lock('lock')
            .catch(() => undefined)
          if (!lock) continue
          inside++
          insideMax = Math.max(insideMax, inside)
          await readdir(folder)
          inside--
          await lock.release()
          return true
        }
      }),
    )
    expect(inTurn).toEqual(Array(8).fill(true))
    expect(insideMax).toBe(1)
  })
})

describe('localDirectory on a failing disk', () => {
  it('leaves the old bytes or the new ones, whichever call the machine dies at', async () => {
    let outcomes = ''
    for (let call = 1; ; call++) {
      const disk = new FaultyDisk(call)
      const directory = localDirectory('data', disk)
      await directory.write('file', bytes('old bytes'))
      const before = disk.callCount
      disk.failAt(before + call, 'crash')
      const done = await directory.write('file', bytes('new')).then(
        () => true,
        () => false,
      )
      if (done && disk.callCount < before + call) break
      disk.reboot()
      const found = text(await directory.read('file'))
      expect(['old bytes', 'new']).toContain(found)
      if (done) expect(found).toBe('new')
      outcomes += found[0]
    }
    expect(outcomes).toMatch(/^o+[on]*$/)
    expect(outcomes.length).toBeGreaterThan(5)
  })

  it('throws a typed error for every failing call and leaves no temporary file', async () => {
    for (const [fault, code] of [
      ['ENOSPC', 'DISK_FULL'],
      ['EACCES', 'DISK_DENIED'],
      ['EIO', 'DISK_FAILED'],
    ] as const) {
      for (let call = 1; call < 40; call++) {
        const disk = new FaultyDisk(call)
        disk.failAt(call, fault)
        const error = await localDirectory('data', disk)
          .write('file', bytes('new'))
          .then(
            () => undefined,
            caught => caught,
          )
        if (!error) continue
        expect(error.name).toBe('ConnectorError')
        expect([code, 'DISK_SYNC']).toContain(error.code)
        expect(disk.files().filter(name => name.endsWith('.tmp'))).toEqual([])
      }
    }
  })

  it('never trusts a file again whose fsync failed', async () => {
    const disk = new FaultyDisk()
    const directory = localDirectory('data', disk)
    await directory.append('log', bytes('1\n'))
    disk.failAt(disk.callCount + 3, 'EIO')
    await expect(directory.append('log', bytes('2\n'))).rejects.toMatchObject({ code: 'DISK_SYNC', retryable: false })
    await expect(directory.append('log', bytes('3\n'))).rejects.toMatchObject({ code: 'DISK_SYNC' })
    expect(text(await directory.read('log'))).not.toContain('3')
  })
})
