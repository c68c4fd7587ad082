import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ConnectorError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import type { TopicLog, TopicRecords } from '../../src/base/topic.ts'
import { diskFiles, type LogFiles, memoryFiles } from '../../src/storage/log-files.ts'
import { openTopicLog } from '../../src/storage/topic-log.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-topic-'))
  folders.push(made)
  return made
}

type Row = { partition: number; time: number; key: string | null; value: string }

function pack(rows: readonly Row[]): TopicRecords {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const keys = rows.map(r => (r.key === null ? undefined : bytes(r.key)))
  const values = rows.map(r => bytes(r.value))
  return {
    count: rows.length,
    partitions: Int32Array.from(rows, r => r.partition),
    timestampsMs: Float64Array.from(rows, r => r.time),
    keyLengths: Int32Array.from(keys, k => k?.length ?? -1),
    keyBytes: Uint8Array.from(keys.flatMap(k => [...(k ?? [])])),
    valueLengths: Int32Array.from(values, v => v.length),
    valueBytes: Uint8Array.from(values.flatMap(v => [...v])),
  }
}

async function readAll(log: TopicLog, from = 0): Promise<Row[]> {
  const rows: Row[] = []
  let sequence = from
  for (;;) {
    const frame = await log.read(sequence)
    if (!frame) return rows
    let key = 0
    let value = 0
    for (let i = 0; i < frame.count; i++) {
      const row = {
        partition: frame.partitions[i]!,
        time: frame.timestampsMs[i]!,
        key: frame.keyLengths[i]! < 0 ? null : new TextDecoder().decode(frame.keyBytes.slice(key, key + frame.keyLengths[i]!)),
        value: new TextDecoder().decode(frame.valueBytes.slice(value, value + frame.valueLengths[i]!)),
      }
      key += Math.max(0, frame.keyLengths[i]!)
      value += frame.valueLengths[i]!
      if (frame.sequence + i >= from) rows.push(row)
    }
    sequence = frame.sequence + frame.count
  }
}

function rowsOf(count: number, seed: number, partitions = 3): Row[] {
  const r = random(seed)
  return Array.from({ length: count }, (_, i) => ({
    partition: r.int(partitions),
    time: r.int(2 ** 41),
    key: r.int(3) ? `k${r.int(99)}` : null,
    value: `${seed}:${i}:${'x'.repeat(r.int(40))}`,
  }))
}

for (const [kind, make] of [
  ['memory', () => memoryFiles('test')],
  ['disk', () => diskFiles(folder())],
] as const) {
  describe(`a topic's log, ${kind}`, () => {
    test('gives back all records in the order of their appends, from any of them on, over many segments', async () => {
      const log = await openTopicLog(make(), { name: 't', partitions: 3, segmentBytes: 3_000 })
      const rows: Row[] = []
      for (let i = 0; i < 60; i++) {
        const part = rowsOf(i % 9, i + 1)
        await log.append(pack(part))
        rows.push(...part)
      }
      expect(log.recordCount).toBe(rows.length)
      expect(log.offsets()).toEqual([0, 1, 2].map(p => rows.filter(r => r.partition === p).length))
      expect(await readAll(log)).toEqual(rows)
      for (let from = 0; from <= rows.length; from += 7) expect(await readAll(log, from)).toEqual(rows.slice(from))
      await log.close()
    })

    test('shows a staged epoch only when it is committed, once however often it is', async () => {
      const log = await openTopicLog(make(), { name: 't', partitions: 3 })
      await log.append(pack(rowsOf(4, 1)))
      const staged = await log.stage('job/out', 1, [pack(rowsOf(5, 2)), pack(rowsOf(6, 3))])
      expect(log.recordCount).toBe(4)
      await log.commit(staged)
      await log.commit(staged)
      await log.append(pack(rowsOf(2, 4)))
      await log.commit(staged)
      expect(await readAll(log)).toEqual([...rowsOf(4, 1), ...rowsOf(5, 2), ...rowsOf(6, 3), ...rowsOf(2, 4)])
      const lost = await log.stage('job/out', 2, [pack(rowsOf(1, 5))])
      await log.abandon('job/out')
      await expect(log.commit(lost)).rejects.toMatchObject({ code: 'TOPIC_STAGED' })
      await log.close()
    })
  })
}

describe('a topic on disk', () => {
  test('is what it was after it is opened again', async () => {
    const dir = folder()
    const rows: Row[] = []
    for (let round = 0; round < 4; round++) {
      const log = await openTopicLog(diskFiles(dir), { name: 't', partitions: 3, segmentBytes: 2_000 })
      expect(await readAll(log)).toEqual(rows)
      for (let i = 0; i < 10; i++) {
        const part = rowsOf(8, 100 * round + i)
        await log.append(pack(part))
        rows.push(...part)
      }
      await log.flush()
      await log.close()
    }
  })

  test('loses a torn last append and nothing else, wherever it was cut', async () => {
    const dir = folder()
    const log = await openTopicLog(diskFiles(dir), { name: 't', partitions: 3 })
    await log.append(pack(rowsOf(3, 1)))
    const path = join(dir, readdirSync(dir)[0]!)
    const keep = readFileSync(path).length
    await log.commit(await log.stage('w', 1, [pack(rowsOf(2, 2)), pack(rowsOf(1, 3))]))
    await log.close()
    const whole = readFileSync(path)
    for (let cut = keep; cut < whole.length; cut += cut % 5 === 0 ? 1 : 4) {
      writeFileSync(path, whole.subarray(0, cut))
      const again = await openTopicLog(diskFiles(dir), { name: 't' })
      expect(await readAll(again)).toEqual(rowsOf(3, 1))
      await again.append(pack(rowsOf(1, 9)))
      expect(await readAll(again)).toEqual([...rowsOf(3, 1), ...rowsOf(1, 9)])
      await again.close()
    }
  })

  test('refuses a damaged record that has whole ones after it, and a damaged header', async () => {
    const dir = folder()
    const log = await openTopicLog(diskFiles(dir), { name: 't', partitions: 3 })
    for (let i = 0; i < 3; i++) await log.append(pack(rowsOf(3, i + 1)))
    await log.close()
    const path = join(dir, readdirSync(dir)[0]!)
    const whole = readFileSync(path)
    for (const at of [3, 20, 250]) {
      const changed = Buffer.from(whole)
      changed[at]! ^= 1
      writeFileSync(path, changed)
      await expect(openTopicLog(diskFiles(dir), { name: 't' })).rejects.toMatchObject({ code: 'TOPIC_CORRUPT' })
    }
    truncateSync(path, 10)
    await expect(openTopicLog(diskFiles(dir), { name: 't' })).rejects.toMatchObject({ code: 'TOPIC_CORRUPT' })
  })

  test('refuses another number of partitions and a record outside them', async () => {
    const files = diskFiles(folder())
    const log = await openTopicLog(files, { name: 't', partitions: 2 })
    expect(() => log.append(pack([{ partition: 2, time: 0, key: null, value: '' }]))).toThrow(/partitions are 0 to 1/)
    await expect(openTopicLog(files, { name: 't', partitions: 3 })).rejects.toMatchObject({ code: 'TOPIC_PARTITIONS' })
    await expect(openTopicLog(files, { name: 't', partitions: 0 })).rejects.toMatchObject({ code: 'TOPIC_PARTITIONS' })
    await log.close()
  })
})

// Fails the n-th call that changes a file, half done, and every call after it.
function faulty(files: LogFiles, failAt: number): LogFiles & { calls(): number } {
  let calls = 0
  const step = async (act: () => Promise<void>, half: () => Promise<void>) => {
    calls++
    if (calls < failAt) return act()
    if (calls === failAt) await half()
    throw new ConnectorError('TOPIC_IO', 'disk: no space is left')
  }
  return {
    ...files,
    calls: () => calls,
    append: (name, bytes) =>
      step(
        () => files.append(name, bytes),
        () => files.append(name, [bytes[0]!.slice(0, bytes[0]!.length - 5)]),
      ),
    create: (name, bytes) =>
      step(
        () => files.create(name, bytes),
        async () => {},
      ),
    sync: name =>
      step(
        () => files.sync(name),
        async () => {},
      ),
    truncate: (name, bytes) =>
      step(
        () => files.truncate(name, bytes),
        async () => {},
      ),
    remove: name =>
      step(
        () => files.remove(name),
        async () => {},
      ),
  }
}

test('a writer that crashes at any write and starts over from its last checkpoint leaves each epoch once', async () => {
  const epochs = [1, 2, 3].map(epoch => [pack(rowsOf(3, epoch)), pack(rowsOf(2, 10 + epoch))])
  const expected = [1, 2, 3].flatMap(epoch => [...rowsOf(3, epoch), ...rowsOf(2, 10 + epoch)])
  let finished = false
  for (let failAt = 1; !finished; failAt++) {
    const disk = memoryFiles('test')
    const checkpoint: { epoch: number; staged?: Awaited<ReturnType<TopicLog['stage']>> } = { epoch: 0 }
    const runJob = async (files: LogFiles) => {
      const log = await openTopicLog(files, { name: 't', partitions: 3, segmentBytes: 400 })
      await log.abandon('job', checkpoint.staged)
      if (checkpoint.staged) await log.commit(checkpoint.staged)
      for (let epoch = checkpoint.epoch + 1; epoch <= 3; epoch++) {
        const staged = await log.stage('job', epoch, epochs[epoch - 1]!)
        Object.assign(checkpoint, { epoch, staged })
        await log.commit(staged)
      }
      return log
    }
    const broken = faulty(disk, failAt)
    await runJob(broken).catch(error => expect(error.code).toBe('TOPIC_IO'))
    finished = broken.calls() < failAt
    expect(await readAll(await runJob(disk)), `failing write ${failAt}`).toEqual(expected)
  }
})

test('after a failed write a topic refuses all others, and tells why', async () => {
  const files = faulty(memoryFiles('test'), 2)
  const log = await openTopicLog(files, { name: 't' })
  await expect(log.append(pack(rowsOf(1, 1, 1)))).rejects.toMatchObject({ code: 'TOPIC_IO' })
  await expect(log.flush()).rejects.toMatchObject({ code: 'TOPIC_FAILED' })
})

test('loses a last group with gaps in it, as power cuts leave them, and refuses gaps in a group that others follow', async () => {
  const [first, second, third] = [rowsOf(10, 1), rowsOf(70_000, 2, 1), rowsOf(10, 3)]
  for (const isFollowed of [false, true]) {
    const place = folder()
    const options = { name: 'gaps', partitions: 3 }
    const log = await openTopicLog(diskFiles(place), options)
    await log.append(pack(first))
    await log.flush()
    const path = join(place, readdirSync(place).find(name => name.endsWith('.segment'))!)
    const start = readFileSync(path).length
    // Two frames, of which the first gets a gap.
    await log.append(pack(second))
    if (isFollowed) await log.append(pack(third))
    await log.close()
    const bytes = readFileSync(path)
    bytes.fill(0, start + 1_000, start + 1_100)
    writeFileSync(path, bytes)
    if (isFollowed) await expect(openTopicLog(diskFiles(place), options)).rejects.toThrow(/and a whole frame follows/)
    else {
      const again = await openTopicLog(diskFiles(place), options)
      expect(await readAll(again)).toEqual(first)
      await again.close()
    }
  }
})
