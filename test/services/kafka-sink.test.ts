// The Kafka sink's protocol on a real broker, step by step: what a crash between any two of write, prepare, checkpoint and commit leaves, and what the
// next process makes of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Json } from '../../src/base/json.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { connectKafka, type KafkaClient } from '../../src/connect/kafka-client.ts'
import { endTransaction } from '../../src/connect/kafka-producer.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { kafkaSink, type KafkaSinkOptions, transactionName } from '../../src/sink/kafka.ts'
import type { EpochHandle } from '../../src/sink/kafka-epochs.ts'
import type { SinkWriter } from '../../src/sink/sink.ts'
import { type KafkaServer, kafkaClassPath, startKafka } from './kafka-server.ts'
import { newTopic, recordsOf, settle } from './kafka-topics.ts'

const reason = kafkaClassPath().reason
const fields = parseSchema({ n: 'int32' }, 'test')

describe.skipIf(reason)(`the Kafka sink${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let kafka: KafkaServer
  let client: KafkaClient
  let device: Device
  beforeAll(async () => {
    kafka = await startKafka()
    client = await connectKafka({ brokers: [kafka.plain] }, 'test')
    device = await createDevice()
  })
  afterAll(async () => {
    await client?.close()
    await kafka?.stop()
    expect(device?.pages.used() ?? 0).toBe(0)
  })

  const optionsOf = (topic: string, more: Partial<KafkaSinkOptions> = {}): KafkaSinkOptions => ({ brokers: [kafka.plain], topic, ...more })
  // A process of the job. Letting it go without a close is a kill -9.
  const open = (topic: string, resumed?: { epoch: number; handle: Json }, more: Partial<KafkaSinkOptions> = {}): Promise<SinkWriter> =>
    kafkaSink.open(
      { device, clock: systemClock, fields, where: 'write.kafka', job: 'job', sink: topic, signal: new AbortController().signal, epoch: (resumed?.epoch ?? 0) + 1, ...(resumed && { resumed }), count: () => {} },
      optionsOf(topic, more),
    )
  const put = async (writer: SinkWriter, epoch: number, ...numbers: number[]) => {
    const arena = device.arena()
    await writer.write(new BatchView(device, buildBatch(device, arena, fields, numbers.map(n => ({ n })), 'test')), { epoch })
    arena.release()
  }
  const stored = async (writer: SinkWriter, epoch: number): Promise<Json> => JSON.parse(JSON.stringify(await writer.prepare!(epoch)))
  const seen = async (topic: string) => (await recordsOf(client, topic)).map(record => (JSON.parse(record.value!) as { n: number }).n)
  const settled = async (topic: string) => {
    await settle(client, topic)
    return seen(topic)
  }

  test('shows an epoch with its commit, and not before, while the next one is written already', async () => {
    const topic = await newTopic(kafka)
    const writer = await open(topic)
    for (let epoch = 1; epoch <= 6; epoch++) {
      await put(writer, epoch, epoch)
      const handle = await stored(writer, epoch)
      await put(writer, epoch + 1, epoch * 100)
      expect(await seen(topic)).not.toContain(epoch)
      await writer.commit!(epoch, handle)
    }
    // Rows wait for their epoch's end in the sink: 100 is of epoch 2, before 2 itself.
    await expect.poll(() => seen(topic), { timeout: 20_000 }).toEqual([1, 100, 2, 200, 3, 300, 4, 400, 5, 500, 6])
    await writer.close!(true)
    expect(await settled(topic)).not.toContain(600)
  })

  test('commits what a killed process had prepared, and drops what it had only written', async () => {
    const topic = await newTopic(kafka)
    const killed = await open(topic)
    await put(killed, 1, 1)
    await killed.commit!(1, await stored(killed, 1))
    await put(killed, 2, 2)
    const handle = await stored(killed, 2)
    await put(killed, 3, 3)
    await killed.prepare!(3)
    const next = await open(topic, { epoch: 2, handle })
    await next.commit!(2, handle)
    await put(next, 4, 4)
    await next.commit!(4, await stored(next, 4))
    expect(await settled(topic)).toEqual([1, 2, 4])
    await next.close!(false)
  })

  test('resumes a checkpoint whose epoch was committed, at once and again after the ids were taken over', async () => {
    const topic = await newTopic(kafka)
    const first = await open(topic)
    await put(first, 1, 1)
    const handle = await stored(first, 1)
    await first.commit!(1, handle)
    for (let restart = 0; restart < 3; restart++) {
      const next = await open(topic, { epoch: 1, handle })
      await next.commit!(1, handle)
      await put(next, 2 + restart, 99)
    }
    const last = await open(topic, { epoch: 1, handle })
    await put(last, 9, 9)
    await last.commit!(9, await stored(last, 9))
    expect(await settled(topic)).toEqual([1, 9])
    await last.close!(false)
  })

  test('finds a committed epoch by its first record when its note has expired', async () => {
    const topic = await newTopic(kafka)
    const first = await open(topic)
    await put(first, 1, 1)
    const handle = (await stored(first, 1)) as unknown as EpochHandle
    await first.commit!(1, handle as unknown as Json)
    const { Admin } = await import('@platformatic/kafka')
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.plain] })
    await admin.deleteGroups({ groups: [transactionName('job', topic)] })
    await admin.close()
    for (let restart = 0; restart < 2; restart++) await (await open(topic, { epoch: 1, handle: handle as unknown as Json })).close!(false)
    expect(await settled(topic)).toEqual([1])
  })

  test.each(['with a note of an earlier epoch', 'without any note'])('says so when the brokers gave up a prepared transaction, %s', async way => {
    const topic = await newTopic(kafka)
    const killed = await open(topic)
    if (way.startsWith('with a')) {
      await put(killed, 1, 1)
      await killed.commit!(1, await stored(killed, 1))
    }
    await put(killed, 2, 2)
    const handle = (await stored(killed, 2)) as unknown as EpochHandle
    expect(await endTransaction(client, handle.transaction, false)).toBe(true)
    await (await open(topic)).close!(false)
    await expect(open(topic, { epoch: 2, handle: handle as unknown as Json })).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_LOST', retryable: false })
    expect(await settled(topic)).not.toContain(2)
  })

  test('an epoch without rows is no transaction', async () => {
    const topic = await newTopic(kafka)
    const writer = await open(topic)
    expect(await writer.prepare!(1)).toBeNull()
    await writer.commit!(1, null)
    const next = await open(topic, { epoch: 1, handle: null })
    await next.commit!(1, null)
    expect(await settled(topic)).toEqual([])
    await next.close!(false)
  })

  test('a job that now writes at least once ends what it had prepared exactly once', async () => {
    const topic = await newTopic(kafka)
    const killed = await open(topic)
    await put(killed, 1, 1)
    const handle = await stored(killed, 1)
    const next = await open(topic, { epoch: 1, handle }, { delivery: 'at-least-once' })
    await put(next, 2, 2)
    expect(await settled(topic)).toEqual([1, 2])
    await next.close!(false)
  })

  test('a failure aborts what is open at once', async () => {
    const topic = await newTopic(kafka)
    const writer = await open(topic)
    const many = Array.from({ length: 50_000 }, (_, n) => n)
    for (let part = 0; part < 3; part++) await put(writer, 1, ...many)
    await writer.close!(true)
    expect((await recordsOf(client, topic, 'read_uncommitted')).length).toBeGreaterThan(50_000)
    expect(await settled(topic)).toEqual([])
  })

  test('a transaction timeout beyond the brokers’ is refused by name', async () => {
    const topic = await newTopic(kafka)
    await expect(open(topic, undefined, { transactionTimeout: '10d' })).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_TIMEOUT' })
  })

  test('keys go where Java’s producer puts them, and Java reads them', async () => {
    const topic = await newTopic(kafka, 7)
    const writer = await open(topic, undefined, { key: 'n', delivery: 'at-least-once' })
    await put(writer, 1, ...Array.from({ length: 50 }, (_, n) => n))
    await writer.close!(false)
    const lines = kafka.consumeWithJava(topic, 50)
    expect(lines.sort()).toEqual(Array.from({ length: 50 }, (_, n) => `${n}\t{"n":${n}}`).sort())
  })
})
