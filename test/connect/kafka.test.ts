// The Kafka client against listeners that are no brokers, or faulty ones: what it does when leaders move, answers lie, or nobody speaks.
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { CancelledError, type ConnectorError, DataError, type MillraceError, PlanError } from '../../src/base/errors.ts'
import { secret } from '../../src/base/secret.ts'
import { connectKafka } from '../../src/connect/kafka-client.ts'
import { parseBroker } from '../../src/connect/kafka-address.ts'
import { protocolError, retryOf, transportError } from '../../src/connect/kafka-errors.ts'
import { WireWriter } from '../../src/format/kafka/wire.ts'

let open: { server: Server; sockets: Set<Socket> } | undefined
afterEach(async () => {
  for (const socket of open?.sockets ?? []) socket.destroy()
  await new Promise(resolve => (open ? open.server.close(resolve) : resolve(undefined)))
  open = undefined
})

/** Listens; `answer` gives the body of an answer by the request's key, or undefined to hang up. */
async function listen(answer: (apiKey: number, count: number) => WireWriter | Uint8Array | undefined): Promise<{ address: string; port: number; requests: number[] }> {
  const requests: number[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', data => {
      const apiKey = data.readInt16BE(4)
      requests.push(apiKey)
      const body = answer(apiKey, requests.length)
      if (!body) return socket.destroy()
      const bytes = body instanceof WireWriter ? body.result() : body
      const head = Buffer.alloc(9)
      head.writeInt32BE(bytes.length + 5)
      head.writeInt32BE(data.readInt32BE(8), 4)
      socket.write(Buffer.concat([head, bytes]))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  open = { server, sockets }
  const { port } = server.address() as { port: number }
  return { address: `127.0.0.1:${port}`, port, requests }
}

function metadata(port: number, topics: readonly string[] = ['bids'], errorCode = 0): WireWriter {
  const writer = new WireWriter().int32(0).array([1], (id, array) => array.int32(id).string('127.0.0.1').int32(port).string(null).end())
  writer.string('cluster').int32(1).array(topics, (name, array) => {
    array.int16(errorCode).string(name).noUuid().boolean(false)
    array.array([0], (partition, inner) => inner.int16(0).int32(partition).int32(1).int32(0).varint(1).varint(1).varint(1).end()).int32(0).end()
  })
  return writer.end()
}

function listedOffset(errorCode: number, offset: number): WireWriter {
  return new WireWriter().int32(0).array(['bids'], (name, array) => array.string(name).varint(2).int32(0).int16(errorCode).int64(-1).int64(offset).int32(0).end().end()).end()
}

const failure = async (task: Promise<unknown>) => (await task.then(() => undefined, thrown => thrown)) as MillraceError

describe('the Kafka client', () => {
  test('asks again when a leader has moved, and when the connection breaks off', async () => {
    let port = 0
    let offsets = 0
    const broker = await listen(apiKey => {
      if (apiKey === 3) return metadata(port)
      offsets++
      return offsets === 1 ? listedOffset(6, -1) : offsets === 2 ? undefined : listedOffset(0, 41)
    })
    port = broker.port
    const client = await connectKafka({ brokers: [broker.address] }, 'read.kafka')
    expect([...(await client.latestOffsets('bids', [0]))]).toEqual([[0, 41]])
    expect(broker.requests).toEqual([3, 2, 3, 2, 3, 2])
    await client.close()
  })

  test('goes on to the next broker when the first is down', async () => {
    let port = 0
    const broker = await listen(() => metadata(port))
    port = broker.port
    const client = await connectKafka({ brokers: ['127.0.0.1:1', broker.address] }, 'read.kafka')
    expect(await client.partitionsOf('bids')).toEqual([0])
    await client.close()
  })

  test('names a topic that is missing or forbidden', async () => {
    let port = 0
    let errorCode = 0
    const broker = await listen((_, count) => metadata(port, count === 1 ? [] : ['bids'], errorCode))
    port = broker.port
    const client = await connectKafka({ brokers: [broker.address] }, 'read.kafka')
    errorCode = 3
    expect((await failure(client.partitionsOf('bids'))).message).toBe('read.kafka: topic "bids": the topic or partition does not exist; the broker answers UNKNOWN_TOPIC_OR_PARTITION (3); create it, or check the name')
    errorCode = 29
    expect((await failure(client.partitionsOf('bids'))).code).toBe('KAFKA_DENIED')
    await client.close()
  })

  test('stops trying when the run is cancelled', async () => {
    let port = 0
    const broker = await listen(apiKey => (apiKey === 3 ? metadata(port) : listedOffset(5, -1)))
    port = broker.port
    const stop = new AbortController()
    const client = await connectKafka({ brokers: [broker.address] }, 'read.kafka', stop.signal)
    const task = failure(client.latestOffsets('bids', [0]))
    await expect.poll(() => broker.requests.length).toBeGreaterThan(3)
    stop.abort()
    expect(await task).toBeInstanceOf(CancelledError)
    await client.close()
  })

  test('refuses an answer that is no answer', async () => {
    const broker = await listen(() => Uint8Array.of(1, 2, 3))
    const error = await failure(connectKafka({ brokers: [broker.address] }, 'read.kafka'))
    expect(error).toBeInstanceOf(DataError)
    expect(error.code).toBe('KAFKA_PROTOCOL')
  })

  test('gives up on a listener that says nothing', async () => {
    const broker = await listen(() => undefined)
    const error = await failure(connectKafka({ brokers: [broker.address], requestTimeoutMs: 1_000 }, 'read.kafka'))
    expect([error.code, (error as ConnectorError).retryable]).toEqual(['KAFKA_UNREACHABLE', true])
  })

  test('wants brokers by their address, and a password that is set', async () => {
    expect([parseBroker('host:1', 'x'), parseBroker('host', 'x'), parseBroker('[::1]:9093', 'x')]).toEqual([{ host: 'host', port: 1 }, { host: 'host', port: 9092 }, { host: '::1', port: 9093 }])
    for (const brokers of [[], ['http://host:1'], ['host:0'], ['host:99999'], ['']]) {
      const error = await failure(connectKafka({ brokers }, 'read.kafka'))
      expect(error).toBeInstanceOf(PlanError)
      expect(error.code).toBe('KAFKA_BROKERS')
    }
    const sasl = { mechanism: 'PLAIN', username: 'a', password: secret('MILLRACE_TEST_NOT_SET') } as const
    expect((await failure(connectKafka({ brokers: ['127.0.0.1:1'], sasl }, 'read.kafka'))).code).toBe('SECRET')
  })
})

describe('errors', () => {
  test.each([
    [1, 'KAFKA_OFFSET_GONE'], [3, 'KAFKA_TOPIC_MISSING'], [10, 'KAFKA_TOO_LARGE'], [30, 'KAFKA_DENIED'], [35, 'KAFKA_VERSION'], [47, 'KAFKA_FENCED'], [90, 'KAFKA_FENCED'],
    [48, 'KAFKA_TRANSACTION_ABORTED'], [120, 'KAFKA_TRANSACTION_ABORTED'], [50, 'KAFKA_TRANSACTION_TIMEOUT'], [2, 'KAFKA_REFUSED'], [9_999, 'KAFKA_REFUSED'],
  ])('of the protocol: %i is %s', (errorCode, code) => {
    const error = protocolError(errorCode, 'write.kafka: topic "out"', 'said so')
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^write\.kafka: topic "out": [^;]+; the broker answers .*said so; /)
  })

  test('that pass say what must be asked anew', () => {
    expect([6, 16, 51, 3].map(retryOf)).toEqual(['leader', 'coordinator', 'same', undefined])
  })

  test('of the transport are told apart by their causes', () => {
    const coded = (message: string, code: string, cause?: Error) => Object.assign(new Error(message, { cause }), { code })
    expect(transportError(coded('failed', 'PLT_KFK_NETWORK', coded('no', 'PLT_KFK_AUTHENTICATION')), 'x').code).toBe('KAFKA_AUTH')
    expect(transportError(coded('failed', 'PLT_KFK_NETWORK', coded('self-signed', 'SELF_SIGNED_CERT_IN_CHAIN')), 'x').code).toBe('KAFKA_TLS')
    expect(transportError('odd', 'x').code).toBe('KAFKA_UNREACHABLE')
  })
})
