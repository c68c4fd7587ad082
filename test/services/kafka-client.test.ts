// Our Kafka client against a real broker: offsets, raw batches, groups, transactions that survive their process, and how failures look.
import { type ChildProcess, spawn } from 'node:child_process'
import { Admin, Consumer, stringDeserializers } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConnectorError } from '../../src/base/errors.ts'
import { connectKafka, type KafkaClient } from '../../src/connect/kafka-client.ts'
import type { KafkaOptions } from '../../src/connect/kafka-address.ts'
import { endTransaction, KafkaProducer, openProducer } from '../../src/connect/kafka-producer.ts'
import { decodeRecordBatches } from '../../src/format/kafka/decode-record-batches.ts'
import { encodeRecordBatch } from '../../src/format/kafka/encode-record-batch.ts'
import { type KafkaServer, kafkaClassPath, startKafka } from './kafka-server.ts'

const reason = kafkaClassPath().reason
const text = new TextDecoder()

function batchOf(values: readonly string[]): Uint8Array {
  const pieces = values.map(value => new TextEncoder().encode(value))
  const offsets = new Uint32Array(values.length)
  for (let i = 1; i < values.length; i++) offsets[i] = offsets[i - 1]! + pieces[i - 1]!.length
  const bytes = new Uint8Array(Buffer.concat(pieces))
  return encodeRecordBatch({ recordCount: values.length, values: { bytes, offsets, lengths: Int32Array.from(pieces, piece => piece.length) }, timestamp: Date.now() }, 0).batch
}

async function valuesOf(client: KafkaClient, topic: string, isolation: 'read_committed' | 'read_uncommitted' = 'read_committed'): Promise<string[]> {
  const values: string[] = []
  for (const [partition, latest] of await client.latestOffsets(topic, await client.partitionsOf(topic), isolation)) {
    for (let offset = 0; offset < latest; ) {
      const [fetched] = await client.fetch(topic, [{ partition, offset }], { isolation })
      const records = decodeRecordBatches(fetched!.records, { where: 'test', fromOffset: offset, aborted: isolation === 'read_committed' ? fetched!.aborted : [] })
      for (let row = 0; row < records.recordCount; row++) values.push(text.decode(records.bytes.subarray(records.valueOffset[row]!, records.valueOffset[row]! + records.valueBytes[row]!)))
      offset = records.nextOffset
    }
  }
  return values
}

/** What was committed: a commit is settled when the brokers have written its markers, a moment after they promised it. */
async function settledValuesOf(client: KafkaClient, topic: string): Promise<string[]> {
  const partitions = await client.partitionsOf(topic)
  await expect.poll(async () => {
    const stable = await client.latestOffsets(topic, partitions, 'read_committed')
    const last = await client.latestOffsets(topic, partitions, 'read_uncommitted')
    return partitions.every(partition => stable.get(partition) === last.get(partition))
  }).toBe(true)
  return valuesOf(client, topic)
}

async function failure(task: Promise<unknown>): Promise<ConnectorError> {
  const error = await task.then(() => undefined, thrown => thrown)
  expect(error).toBeInstanceOf(ConnectorError)
  return error as ConnectorError
}

describe.skipIf(reason)(`the Kafka client${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let kafka: KafkaServer
  let client: KafkaClient
  let topics = 0
  beforeAll(async () => {
    kafka = await startKafka()
    client = await connectKafka({ brokers: [kafka.plain] }, 'test')
  })
  afterAll(async () => {
    await client?.close()
    await kafka?.stop()
  })

  async function newTopic(partitions = 1): Promise<string> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.plain] })
    const topic = `topic-${++topics}`
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
    await admin.close()
    return topic
  }

  const ways = (): Record<string, KafkaOptions> => {
    const tls = { ca: kafka.certificates.ca }
    const { username, password } = kafka
    return {
      plain: { brokers: [kafka.plain] },
      tls: { brokers: [kafka.tls], tls },
      'tls with a client certificate': { brokers: [kafka.tls], tls: { ...tls, cert: kafka.certificates.clientCertificate, key: kafka.certificates.clientKey } },
      'tls, trusting anything': { brokers: [kafka.tls], tls: { rejectUnauthorized: false } },
      'sasl plain': { brokers: [kafka.sasl], tls, sasl: { mechanism: 'PLAIN', username, password } },
      'sasl scram': { brokers: [kafka.sasl], tls, sasl: { mechanism: 'SCRAM-SHA-512', username, password } },
    }
  }
  test.each(['plain', 'tls', 'tls with a client certificate', 'tls, trusting anything', 'sasl plain', 'sasl scram'])('writes and reads over %s', async way => {
    const topic = await newTopic(2)
    const other = await connectKafka(ways()[way]!, 'test')
    const producer = await openProducer(other)
    const produced = await producer.send([{ topic, partition: 0, batch: batchOf(['a', 'b']) }, { topic, partition: 1, batch: batchOf(['c']) }])
    expect(produced.map(({ partition, baseOffset }) => [partition, baseOffset])).toEqual([[0, 0], [1, 0]])
    expect(await other.partitionsOf(topic)).toEqual([0, 1])
    expect([...(await other.earliestOffsets(topic, [0, 1]))]).toEqual([[0, 0], [1, 0]])
    expect([...(await other.latestOffsets(topic, [0, 1]))]).toEqual([[0, 2], [1, 1]])
    expect(await valuesOf(other, topic)).toEqual(['a', 'b', 'c'])
    await other.close()
  })

  test('a fetch waits for the first byte and comes back without any', async () => {
    const topic = await newTopic()
    const [fetched] = await client.fetch(topic, [{ partition: 0, offset: 0 }], { maxWaitMs: 50 })
    expect([fetched!.records.length, fetched!.highWatermark, fetched!.lastStableOffset]).toEqual([0, 0, 0])
  })

  test('a group’s offsets are kept, with their notes', async () => {
    const topic = await newTopic(2)
    expect([...(await client.committedOffsets('job-a', topic, [0, 1]))]).toEqual([])
    await client.commitOffsets('job-a', topic, [{ partition: 1, offset: 7, metadata: 'epoch 3' }])
    expect([...(await client.committedOffsets('job-a', topic, [0, 1])).values()]).toEqual([{ partition: 1, offset: 7, metadata: 'epoch 3' }])
  })

  test('offsets by time are found', async () => {
    const topic = await newTopic()
    const producer = await openProducer(client)
    await producer.send([{ topic, partition: 0, batch: batchOf(['a']) }])
    expect([...(await client.offsetsAt(topic, [0], 0, 'read_committed'))]).toEqual([[0, 0]])
    expect([...(await client.offsetsAt(topic, [0], Date.now() + 1e9, 'read_committed'))]).toEqual([[0, -1]])
  })

  describe('transactions', () => {
    test('are of version 2 on this broker', async () => {
      expect((await client.features()).get('transaction.version')).toBe(2)
    })

    test.each([1, 2] as const)('of version %i show nothing before the commit, nothing of what was aborted, and all of what was committed, offsets included', async version => {
      const topic = await newTopic(2)
      const producer = new KafkaProducer(client, { transactionalId: `tx-${topic}` }, version)
      await producer.renew()
      await producer.send([{ topic, partition: 0, batch: batchOf(['void 1']) }])
      await producer.send([{ topic, partition: 0, batch: batchOf(['void 2']) }, { topic, partition: 1, batch: batchOf(['void 3']) }])
      await producer.abort()
      await producer.send([{ topic, partition: 0, batch: batchOf(['one']) }])
      await producer.send([{ topic, partition: 0, batch: batchOf(['two']) }, { topic, partition: 1, batch: batchOf(['three']) }])
      await producer.sendOffsets(`group-${topic}`, topic, [{ partition: 0, offset: 5 }])
      expect(await valuesOf(client, topic)).toEqual([])
      await producer.commit()
      await producer.commit()
      expect(await settledValuesOf(client, topic)).toEqual(['one', 'two', 'three'])
      expect((await valuesOf(client, topic, 'read_uncommitted')).length).toBe(6)
      expect((await client.committedOffsets(`group-${topic}`, topic, [0])).get(0)?.offset).toBe(5)
      const other = kafka.consumeWithJava(topic, 3)
      expect(other.map(line => line.split('\t')[1]).sort()).toEqual(['one', 'three', 'two'])
    })

    test('the client library’s consumer hides aborted records too', async () => {
      const topic = await newTopic()
      const producer = await openProducer(client, { transactionalId: `tx-${topic}` })
      await producer.send([{ topic, partition: 0, batch: batchOf(['void']) }])
      await producer.abort()
      await producer.send([{ topic, partition: 0, batch: batchOf(['seen']) }])
      await producer.commit()
      const consumer = new Consumer({ clientId: 'test', groupId: `library-${topic}`, bootstrapBrokers: [kafka.plain], deserializers: stringDeserializers, isolationLevel: 1 as never })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, isolationLevel: 1 as never })
      for await (const message of stream) {
        expect(message.value).toBe('seen')
        break
      }
      await consumer.close(true)
    })

    test.each([1, 2] as const)('of version %i, prepared, are committed by their handle, once or again, though their producer is gone', async version => {
      const topic = await newTopic()
      const first = await connectKafka({ brokers: [kafka.plain] }, 'test')
      const producer = new KafkaProducer(first, { transactionalId: `tx-${topic}` }, version)
      await producer.renew()
      await producer.send([{ topic, partition: 0, batch: batchOf(['kept']) }])
      const handle = JSON.parse(JSON.stringify(producer.prepare()))
      await first.close()
      expect(await valuesOf(client, topic)).toEqual([])
      expect(await endTransaction(client, handle, true)).toBe(true)
      expect(await endTransaction(client, handle, true)).toBe(true)
      expect(await settledValuesOf(client, topic)).toEqual(['kept'])
      const next = await openProducer(client, { transactionalId: `tx-${topic}` })
      await next.send([{ topic, partition: 0, batch: batchOf(['more']) }])
      await next.commit()
      expect(await settledValuesOf(client, topic)).toEqual(['kept', 'more'])
      expect(await endTransaction(client, handle, true)).toBe(false)
    })

    test('a newer producer of the same id aborts what is open and fences the older one', async () => {
      const topic = await newTopic()
      const older = await openProducer(client, { transactionalId: `tx-${topic}` })
      await older.send([{ topic, partition: 0, batch: batchOf(['void']) }])
      const newer = await openProducer(client, { transactionalId: `tx-${topic}` })
      expect((await failure(older.send([{ topic, partition: 0, batch: batchOf(['late']) }]))).code).toBe('KAFKA_FENCED')
      expect((await failure(older.commit())).code).toBe('KAFKA_FENCED')
      await newer.send([{ topic, partition: 0, batch: batchOf(['seen']) }])
      await newer.commit()
      expect(await settledValuesOf(client, topic)).toEqual(['seen'])
    })

    test('many small ones, each with an epoch of its own, all arrive', async () => {
      const topic = await newTopic(2)
      const producer = await openProducer(client, { transactionalId: `tx-${topic}` })
      for (let epoch = 0; epoch < 50; epoch++) {
        for (let part = 0; part < 2; part++) await producer.send([0, 1].map(partition => ({ topic, partition, batch: batchOf([`${epoch} ${part} ${partition}`]) })))
        await (epoch % 3 === 2 ? producer.abort() : producer.commit())
      }
      const wanted = Array.from({ length: 50 }, (_, epoch) => epoch).filter(epoch => epoch % 3 !== 2).flatMap(epoch => ['0 0', '0 1', '1 0', '1 1'].map(rest => `${epoch} ${rest}`))
      expect((await settledValuesOf(client, topic)).sort()).toEqual(wanted.sort())
    })

    test('what a killed process left open is aborted by the next producer', async () => {
      const topic = await newTopic()
      await killedWhileWriting(kafka.plain, topic)
      expect((await valuesOf(client, topic, 'read_uncommitted')).length).toBe(1)
      const next = await openProducer(client, { transactionalId: `tx-${topic}` })
      await next.send([{ topic, partition: 0, batch: batchOf(['after']) }])
      await next.commit()
      expect(await settledValuesOf(client, topic)).toEqual(['after'])
    })
  })

  describe('failures', () => {
    const connect = (options: KafkaOptions) => failure(connectKafka({ connectTimeoutMs: 2_000, ...options }, 'read.kafka'))

    test('nobody listens', async () => {
      const error = await connect({ brokers: ['127.0.0.1:1'] })
      expect([error.code, error.retryable]).toEqual(['KAFKA_UNREACHABLE', true])
      expect(error.message).toMatch(/^read\.kafka: broker 127\.0\.0\.1:1: .*ECONNREFUSED/)
    })

    test('a topic is missing', async () => {
      for (const task of [() => client.partitionsOf('missing'), () => client.fetch('missing', [{ partition: 0, offset: 0 }])]) {
        const error = await failure(task())
        expect([error.code, error.retryable]).toEqual(['KAFKA_TOPIC_MISSING', false])
        expect(error.message).toMatch(/topic "missing"/)
      }
      const topic = await newTopic()
      expect((await failure(client.fetch(topic, [{ partition: 9, offset: 0 }]))).code).toBe('KAFKA_TOPIC_MISSING')
    })

    test('a password is wrong, and is not in the message', async () => {
      for (const mechanism of ['PLAIN', 'SCRAM-SHA-256'] as const) {
        const error = await connect({ brokers: [kafka.sasl], tls: { ca: kafka.certificates.ca }, sasl: { mechanism, username: kafka.username, password: 'wrong-pass-phrase' } })
        expect([error.code, error.retryable]).toEqual(['KAFKA_AUTH', false])
        expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain('wrong-pass-phrase')
      }
    })

    test('a certificate is not trusted', async () => {
      const error = await connect({ brokers: [kafka.tls], tls: true })
      expect(error.code).toBe('KAFKA_TLS')
    })

    test('TLS is spoken to a plain listener, and the other way round', async () => {
      expect(['KAFKA_TLS', 'KAFKA_UNREACHABLE']).toContain((await connect({ brokers: [kafka.plain], tls: true })).code)
      expect((await connect({ brokers: [kafka.tls], requestTimeoutMs: 2_000 })).code).toBe('KAFKA_UNREACHABLE')
      expect(['KAFKA_UNREACHABLE', 'KAFKA_AUTH']).toContain((await connect({ brokers: [kafka.sasl], tls: { ca: kafka.certificates.ca }, requestTimeoutMs: 2_000 })).code)
    })

    test('an offset is not there', async () => {
      const topic = await newTopic()
      const error = await failure(client.fetch(topic, [{ partition: 0, offset: 1_000 }]))
      expect(error.code).toBe('KAFKA_OFFSET_GONE')
      expect(error.message).toMatch(/topic "topic-\d+", partition 0/)
    })

    test('a record is too large for the topic', async () => {
      const topic = await newTopic()
      const producer = await openProducer(client)
      expect((await failure(producer.send([{ topic, partition: 0, batch: batchOf(['x'.repeat(2_000_000)]) }]))).code).toBe('KAFKA_TOO_LARGE')
    })

    test('the broker restarts in the middle, and nothing is lost or doubled', async () => {
      const topic = await newTopic()
      const producer = await openProducer(client, { transactionalId: `tx-${topic}` })
      const restart = kafka.restart()
      for (let round = 0; round < 40; round++) {
        await producer.send([{ topic, partition: 0, batch: batchOf([`${round}`]) }])
        if (round % 10 === 9) await producer.commit()
        if (round === 20) await restart
      }
      expect(await settledValuesOf(client, topic)).toEqual(Array.from({ length: 40 }, (_, round) => `${round}`))
    })
  })
})

// A process of its own opens a transaction, says so, and is killed with -9.
async function killedWhileWriting(address: string, topic: string): Promise<void> {
  const module = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href)
  const script = `
    const { connectKafka } = await import(${module('connect/kafka-client.js')})
    const { openProducer } = await import(${module('connect/kafka-producer.js')})
    const { encodeRecordBatch } = await import(${module('format/kafka/encode-record-batch.js')})
    const client = await connectKafka({ brokers: [${JSON.stringify(address)}] }, 'child')
    const producer = await openProducer(client, { transactionalId: ${JSON.stringify(`tx-${topic}`)} })
    const values = { bytes: Uint8Array.of(65), offsets: Uint32Array.of(0), lengths: Int32Array.of(1) }
    await producer.send([{ topic: ${JSON.stringify(topic)}, partition: 0, batch: encodeRecordBatch({ recordCount: 1, values, timestamp: 0 }, 0).batch }])
    console.log('written')
    setInterval(() => {}, 1000)`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', data => String(data).includes('written') && resolve())
    child.once('exit', code => reject(new Error(`the child ended with ${code}`)))
  })
  child.removeAllListeners('exit')
  await new Promise(resolve => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
}
