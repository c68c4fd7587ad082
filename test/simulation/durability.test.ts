// What a process that died has left behind, and power cuts: nothing that the next one builds on may be lost with the other's unfinished work.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { diskFiles } from '../../src/storage/log-files.ts'
import { openTopicLog } from '../../src/storage/topic-log.ts'
import { Disk } from './disk.ts'
import { type Call, type Fault, Session } from './session.ts'
import { World } from './world.ts'

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (value: string) => new TextEncoder().encode(value)

/** A process on `disk`, whose first call that `fits` fails by `fault`. */
function process(disk: Disk, fault?: Fault, fits: (call: Call) => boolean = () => true): Session {
  let left = fault ? 1 : 0
  return new Session({ world: new World(1), disk, latencyMs: 0, faultOf: call => (left > 0 && fits(call) && left-- > 0 ? fault : undefined), killed: () => {} })
}

function records(...values: string[]) {
  const encoded = values.map(bytes)
  return {
    count: values.length,
    partitions: new Int32Array(values.length),
    timestampsMs: new Float64Array(values.length),
    keyLengths: new Int32Array(values.length).fill(-1),
    keyBytes: new Uint8Array(),
    valueLengths: Int32Array.from(encoded, value => value.length),
    valueBytes: Uint8Array.from(encoded.flatMap(value => [...value])),
  }
}
const openLog = (session: Session) => openTopicLog(diskFiles('/topics/t', session.files), { name: 't' })

describe.each(seeds)('whatever a power cut leaves (seed %i)', seed => {
  it('a file is there in folders that a dead process made', async () => {
    const disk = new Disk()
    const first = localDirectory('/a/b', process(disk, 'after', ({ what }) => what === 'makeFolder').files)
    await expect(first.write('c/file', bytes('lost'))).rejects.toMatchObject({ code: 'DISK_FAILED' })
    expect(disk.find('/a')).toBeDefined()
    await localDirectory('/a/b', process(disk).files).write('c/file', bytes('kept'))
    disk.cutPower(random(seed), false)
    expect(text(disk.file('/a/b/c/file').bytes)).toBe('kept')
  })

  it('a log goes on in a file that a dead process began', async () => {
    const disk = new Disk()
    await localDirectory('/a', process(disk).files).settle()
    const first = localDirectory('/a', process(disk, 'before', ({ what, path }) => what === 'syncFolder' && disk.find('/a/log') !== undefined && path === '/a').files)
    await expect(first.append('log', bytes('1'))).rejects.toMatchObject({ code: 'DISK_SYNC' })
    await localDirectory('/a', process(disk).files).append('log', bytes('2'))
    disk.cutPower(random(seed), false)
    expect(text(disk.file('/a/log').bytes)).toBe('12')
  })

  it('a lock names its holder, if it is there', async () => {
    const disk = new Disk()
    await localDirectory('/a', process(disk).files).lock('lock')
    disk.cutPower(random(seed), false)
    if (disk.find('/a/lock')) expect(JSON.parse(text(disk.file('/a/lock').bytes))).toMatchObject({ pid: globalThis.process.pid })
  })

  it.each(['EIO', 'before'] as const)('a topic has what was committed again behind a sync that failed (%s)', async fault => {
    const disk = new Disk()
    const first = await openLog(process(disk))
    const staged = await first.stage('writer', 1, [records('one', 'two')])
    await first.close()
    const isSync = ({ kind, path }: Call) => kind === 'sync' && path.endsWith('.segment')
    const second = await openLog(process(disk, fault, isSync))
    await expect(second.commit(staged)).rejects.toMatchObject({ code: 'TOPIC_IO' })
    const third = await openLog(process(disk))
    await third.commit(staged)
    expect(disk.list('/topics/t')).toHaveLength(1)
    disk.cutPower(random(seed), false)
    const found = await openLog(process(disk))
    expect(found.recordCount).toBe(2)
    expect(text((await found.read(0))!.valueBytes)).toBe('onetwo')
  })
})
