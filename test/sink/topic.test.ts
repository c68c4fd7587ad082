import { beforeAll, describe, expect, test } from 'vitest'
import type { TopicLog } from '../../src/base/topic.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { topicSink, type TopicSinkOptions } from '../../src/sink/topic.ts'
import type { SinkContext, SinkWriter } from '../../src/sink/sink.ts'
import { createTopics, dropTopic } from '../../src/storage/topics.ts'
import { handClock } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})

const topics = createTopics()
const fields = parseSchema({ name: 'utf8?', n: 'int64' }, 'test')

function open(options: TopicSinkOptions, epoch: number, resumed?: SinkContext['resumed']): Promise<SinkWriter> {
  return topicSink.open(
    {
      device,
      clock: handClock(1234),
      fields,
      where: 'test',
      job: 'job',
      sink: 'out',
      signal: new AbortController().signal,
      topics,
      epoch,
      count: () => {},
      ...(resumed && { resumed }),
    },
    options,
  )
}

async function write(writer: SinkWriter, epoch: number, rows: { name: string | null; n: bigint }[]): Promise<void> {
  const arena = device.arena()
  await writer.write(new BatchView(device, buildBatch(device, arena, fields, rows, 'test')), { epoch })
  arena.release()
}

async function valuesOf(log: TopicLog): Promise<unknown[]> {
  const values: unknown[] = []
  for (let sequence = 0; sequence < log.recordCount; ) {
    const frame = (await log.read(sequence))!
    let at = 0
    for (let i = 0; i < frame.count; i++) values.push(JSON.parse(new TextDecoder().decode(frame.valueBytes.slice(at, (at += frame.valueLengths[i]!)))))
    sequence += frame.count
  }
  return values
}

describe('a topic as a sink', () => {
  test('shows an epoch when it is committed, once, also when the process that prepared it is gone', async () => {
    dropTopic('sink')
    const log = await topics.open({ name: 'sink', partitions: 2 })
    const first = await open({ name: 'sink' }, 1)
    await write(first, 1, [
      { name: 'a', n: 1n },
      { name: null, n: 2n },
    ])
    const handle = JSON.parse(JSON.stringify(await first.prepare!(1)))
    await write(first, 2, [{ name: 'lost', n: 9n }])
    await first.prepare!(2)
    expect(log.recordCount).toBe(0)
    const second = await open({ name: 'sink' }, 2, { epoch: 1, handle })
    await second.commit!(1, handle)
    await second.commit!(1, handle)
    await write(second, 2, [{ name: 'b "quoted"\n', n: 3n }])
    await second.commit!(2, await second.prepare!(2))
    expect(await valuesOf(log)).toEqual([
      { name: 'a', n: 1 },
      { name: null, n: 2 },
      { name: 'b "quoted"\n', n: 3 },
    ])
    expect(log.offsets()).toEqual([2, 1])
  })

  test('commits an epoch without rows', async () => {
    dropTopic('empty')
    const writer = await open({ name: 'empty' }, 1)
    await writer.commit!(1, await writer.prepare!(1))
    expect((await topics.open({ name: 'empty' })).recordCount).toBe(0)
  })

  test('puts records of one key into one partition', async () => {
    dropTopic('keys')
    const log = await topics.open({ name: 'keys', partitions: 4 })
    const writer = await open({ name: 'keys', key: 'name' }, 1)
    await write(
      writer,
      1,
      Array.from({ length: 40 }, (_, i) => ({ name: i % 8 === 7 ? null : `k${i % 8}`, n: BigInt(i) })),
    )
    await writer.commit!(1, await writer.prepare!(1))
    const frame = (await log.read(0))!
    const byKey = new Map<number, Set<number>>()
    frame.partitions.forEach((p, i) => {
      if (i % 8 !== 7) byKey.set(i % 8, (byKey.get(i % 8) ?? new Set()).add(p))
      expect(frame.keyLengths[i]).toBe(i % 8 === 7 ? -1 : 2)
    })
    for (const partitions of byKey.values()) expect(partitions.size).toBe(1)
    expect(new Set(frame.partitions).size).toBeGreaterThan(1)
  })

  test('refuses a key column that is not there or has no text', () => {
    expect(() => topicSink.check({ name: 't', key: 'nme' }, fields, 'write.topic')).toThrow(/did you mean "name"/)
    expect(() => topicSink.check({ name: 't', key: 'b' }, parseSchema({ b: 'binary' }, 'test'), 'write.topic')).toThrow(/is binary/)
  })
})
