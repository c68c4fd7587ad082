import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { TopicRecords } from '../../src/base/topic.ts'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { topicFeed, type TopicFeedOptions } from '../../src/source/topic.ts'
import type { FeedReader } from '../../src/source/source.ts'
import { createTopics, dropTopic } from '../../src/storage/topics.ts'
import { handClock } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterAll(() => expect(device.pages.used()).toBe(0))

const topics = createTopics()
const text = (bytes: unknown) => (bytes === null ? null : new TextDecoder().decode(bytes as Uint8Array))

function records(count: number, seed: number, partitions: number): TopicRecords {
  const r = random(seed)
  const keys = Array.from({ length: count }, (_, i) => (r.int(3) ? new TextEncoder().encode(`key ${i}`.repeat(r.int(4))) : undefined))
  const values = Array.from({ length: count }, (_, i) => new TextEncoder().encode(`${seed}/${i} ${'x'.repeat(r.int(30))}`.slice(0, r.int(40))))
  return {
    count,
    partitions: Int32Array.from(keys, () => r.int(partitions)),
    timestampsMs: Float64Array.from(keys, () => r.int(2 ** 41) - 2 ** 40),
    keyLengths: Int32Array.from(keys, k => k?.length ?? -1),
    keyBytes: Uint8Array.from(keys.flatMap(k => [...(k ?? [])])),
    valueLengths: Int32Array.from(values, v => v.length),
    valueBytes: Uint8Array.from(values.flatMap(v => [...v])),
  }
}

function open(
  options: TopicFeedOptions,
  batchRows: () => number,
  position?: Parameters<typeof topicFeed.open>[2],
  signal = new AbortController().signal,
): Promise<FeedReader> {
  return topicFeed.open({ device, clock: handClock(), where: 'test', signal, topics, batchRows, count: () => {} }, options, position)
}

async function next(reader: FeedReader): Promise<PlainRow[] | 'idle' | undefined> {
  const batch = (await reader.next()) as Batch | 'idle' | undefined
  if (batch === undefined || batch === 'idle') return batch
  const read = rowReader(device.memory, batch)
  const rows = Array.from({ length: batch.rowCount }, (_, row) => read(row)).map(row => ({ ...row, key: text(row.key!), value: text(row.value!) }) as PlainRow)
  releaseBatch(device, batch)
  return rows
}

async function readAll(reader: FeedReader): Promise<PlainRow[]> {
  const rows: PlainRow[] = []
  for (;;) {
    const got = await next(reader)
    if (got === undefined || got === 'idle') return rows
    rows.push(...got)
  }
}

describe('a topic as a source', () => {
  test('gives the records of all partitions in the order of their appends, whatever the batches', async () => {
    dropTopic('order')
    const log = await topics.open({ name: 'order', partitions: 3 })
    for (let i = 0; i < 20; i++) await log.append(records(i * 3, i + 1, 3))
    const rows = await readAll(await open({ name: 'order', until: 'end' }, () => 100_000))
    expect(rows).toHaveLength(570)
    for (const p of [0, 1, 2])
      expect(rows.filter(r => r.partition === p).map(r => r.offset)).toEqual(rows.filter(r => r.partition === p).map((_, i) => BigInt(i)))
    expect(rows.slice(-57).map(r => (r.value as string).slice(0, 3))).toEqual(rows.slice(-57).map(r => '20/'.slice(0, (r.value as string).length)))
    for (const size of [1, 7, 64]) expect(await readAll(await open({ name: 'order', until: 'end' }, () => size))).toEqual(rows)
  })

  test('goes on from any position, as a checkpoint has it', async () => {
    dropTopic('resume')
    const log = await topics.open({ name: 'resume', partitions: 2 })
    for (let i = 0; i < 5; i++) await log.append(records(17, i + 1, 2))
    const all = await readAll(await open({ name: 'resume', until: 'end' }, () => 1_000))
    let sizes = random(5)
    const seen: PlainRow[] = []
    let position: Parameters<typeof topicFeed.open>[2]
    for (;;) {
      const reader = await open({ name: 'resume', until: 'end' }, () => 1 + sizes.int(20), position)
      const got = await next(reader)
      if (got === undefined) break
      seen.push(...(got as PlainRow[]))
      position = JSON.parse(JSON.stringify(reader.position()))
      sizes = sizes.fork(seen.length)
    }
    expect(seen).toEqual(all)
  })

  test('ends where the topic ended when it was first opened, also after a restart; or follows it', async () => {
    dropTopic('follow')
    const log = await topics.open({ name: 'follow' })
    await log.append(records(10, 1, 1))
    const reader = await open({ name: 'follow', until: 'end' }, () => 4)
    await next(reader)
    await log.append(records(10, 2, 1))
    const again = await open({ name: 'follow', until: 'end' }, () => 100, reader.position())
    expect(await readAll(again)).toHaveLength(6)
    const following = await open({ name: 'follow' }, () => 100)
    expect(await next(following)).toHaveLength(20)
    expect(await next(following)).toBe('idle')
    expect(following.remaining?.()).toBe(0)
    await log.append(records(3, 3, 1))
    expect(await next(following)).toHaveLength(3)
  })

  test('refuses a position beyond the end', async () => {
    dropTopic('short')
    await topics.open({ name: 'short' })
    await expect(open({ name: 'short' }, () => 1, { offsets: [5] })).rejects.toMatchObject({ code: 'TOPIC_POSITION' })
    await expect(open({ name: 'short' }, () => 1, { offsets: [0, 0] })).rejects.toMatchObject({ code: 'TOPIC_POSITION' })
  })
})
