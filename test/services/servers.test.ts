// The services themselves: both servers start, keep what they are given, and answer over TLS and SASL as well.
import { request } from 'node:https'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ElasticServer, elasticClassPath, startElastic } from './elastic-server.ts'
import { type KafkaServer, kafkaClassPath, startKafka } from './kafka-server.ts'

const kafkaReason = kafkaClassPath().reason
const elasticReason = elasticClassPath().reason

describe.skipIf(kafkaReason)(`a Kafka broker${kafkaReason ? ` (skipped: ${kafkaReason})` : ''}`, () => {
  let kafka: KafkaServer
  beforeAll(async () => {
    kafka = await startKafka()
  })
  afterAll(() => kafka?.stop())

  const clients = () => {
    const tls = { ca: kafka.certificates.ca }
    const { username, password } = kafka
    return {
      plain: { bootstrapBrokers: [kafka.plain] },
      tls: { bootstrapBrokers: [kafka.tls], tls },
      'sasl-plain': { bootstrapBrokers: [kafka.sasl], tls, sasl: { mechanism: 'PLAIN' as const, username, password } },
      'sasl-scram-256': { bootstrapBrokers: [kafka.sasl], tls, sasl: { mechanism: 'SCRAM-SHA-256' as const, username, password } },
      'sasl-scram-512': { bootstrapBrokers: [kafka.sasl], tls, sasl: { mechanism: 'SCRAM-SHA-512' as const, username, password } },
    }
  }

  for (const name of ['plain', 'tls', 'sasl-plain', 'sasl-scram-256', 'sasl-scram-512'] as const) {
    test(`creates a topic, takes records and gives them back: ${name}`, async () => {
      const options = { clientId: 'test', ...clients()[name] }
      const admin = new Admin(options)
      await admin.createTopics({ topics: [`smoke-${name}`], partitions: 2, replicas: 1 })
      await admin.close()
      // Not idempotent, it sends a whole request again when one partition of a fresh topic isn't ready.
      const producer = new Producer({ ...options, idempotent: true, serializers: stringSerializers })
      const messages = Array.from({ length: 10 }, (_, i) => ({ topic: `smoke-${name}`, key: `k${i}`, value: `v${i}`, partition: i % 2 }))
      await producer.send({ messages })
      await producer.close()
      const consumer = new Consumer({ ...options, groupId: `group-${name}`, deserializers: stringDeserializers })
      const stream = await consumer.consume({ topics: [`smoke-${name}`], mode: 'earliest', autocommit: false })
      const seen: string[] = []
      for await (const message of stream) {
        seen.push(`${message.key}=${message.value}`)
        if (seen.length === 10) break
      }
      await consumer.close(true)
      expect(seen.sort()).toEqual(messages.map(({ key, value }) => `${key}=${value}`))
    })
  }

  test('its own console consumer reads what was written', () => {
    expect(kafka.consumeWithJava('smoke-plain', 10).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `k${i}\tv${i}`))
  })
})

describe.skipIf(elasticReason)(`an Elasticsearch node${elasticReason ? ` (skipped: ${elasticReason})` : ''}`, () => {
  let elastic: ElasticServer
  beforeAll(async () => {
    elastic = await startElastic()
  })
  afterAll(() => elastic?.stop())

  test('indexes a document and gives it back', async () => {
    const headers = { 'content-type': 'application/json' }
    const put = await fetch(`${elastic.url}/smoke/_doc/1?refresh=true`, { method: 'PUT', headers, body: '{"price":7}' })
    expect(put.status).toBe(201)
    const got = (await (await fetch(`${elastic.url}/smoke/_doc/1`)).json()) as { _source: unknown }
    expect(got._source).toEqual({ price: 7 })
  })

  test('answers over TLS to those who trust its authority', async () => {
    const status = (ca: string | undefined) => new Promise<number | string | undefined>(resolve => {
      request(`${elastic.tlsUrl}/_cluster/health`, { ca }, response => {
        response.resume()
        resolve(response.statusCode)
      }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code)).end()
    })
    expect(await status(elastic.certificates.ca)).toBe(200)
    expect(await status(undefined)).not.toBe(200)
  })
})
