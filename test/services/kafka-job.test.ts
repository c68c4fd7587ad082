// Jobs between Kafka topics on a real broker: every row once though the process is killed again and again, over TLS with a login, and how it ends when
// the topic, the broker or the password is wrong.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closeEngines, col, ConnectorError, read, secret, write } from 'millrace'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { connectKafka, type KafkaClient } from '../../src/connect/kafka-client.ts'
import { pagesInUse } from '../support/frames.ts'
import { type KafkaServer, kafkaClassPath, startKafka } from './kafka-server.ts'
import { fill, newTopic, type ReadRecord, recordsOf, settle } from './kafka-topics.ts'

const reason = kafkaClassPath().reason
const value = { format: 'json', schema: { n: 'int32', text: 'utf8' } } as const
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

describe.skipIf(reason)(`jobs on Kafka (seed ${seed})${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let kafka: KafkaServer
  let client: KafkaClient
  let dir: string
  beforeAll(async () => {
    kafka = await startKafka()
    client = await connectKafka({ brokers: [kafka.plain] }, 'test')
  })
  afterAll(async () => {
    await closeEngines()
    await client?.close()
    await kafka?.stop()
  })
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'millrace-'))
  })
  afterEach(async () => {
    expect(await pagesInUse(0)).toBe(0)
    rmSync(dir, { recursive: true, force: true })
  })

  const numbered = (count: number, partitions: number) =>
    Array.from({ length: partitions }, (_, p) => Array.from({ length: count / partitions }, (__, i) => {
      const n = i * partitions + p
      return { key: `key ${n}`, value: JSON.stringify({ n, text: `a text that is number ${n}` }) }
    }))
  const numbersOf = (records: readonly ReadRecord[]) => records.map(record => (JSON.parse(record.value!) as { n: number }).n).sort((a, b) => a - b)

  const checkpoints = () => readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('manifest.json')).length

  // Runs the job's process; kills it `ms` after so many commits, or ('durable') at the moment when its first checkpoint is durable and not yet committed;
  // resolves true where it came to its end before.
  const runJob = (source: string, sink: string, commits: number | 'durable', ms: number) =>
    new Promise<boolean>((resolve, reject) => {
      const program = fileURLToPath(new URL('./kafka-job.mjs', import.meta.url))
      const dist = new URL('../../dist/', import.meta.url).href
      const child = spawn(process.execPath, [program, dist, kafka.plain, source, sink, dir, '20'], { stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      let errors = ''
      let timer: ReturnType<typeof setTimeout> | undefined
      child.stderr.on('data', data => (errors += String(data)))
      child.stdout.on('data', data => {
        said += String(data)
        if (commits !== 'durable' && said.includes('started') && said.split('committed').length > commits) timer ??= setTimeout(() => child.kill('SIGKILL'), ms)
      })
      const before = checkpoints()
      const watch = commits === 'durable' ? setInterval(() => checkpoints() > before && child.kill('SIGKILL'), 1) : undefined
      child.once('exit', (code, signal) => {
        clearTimeout(timer)
        clearInterval(watch)
        if (said.includes('finished') && code === 0) resolve(true)
        else if (signal === 'SIGKILL') resolve(false)
        else reject(new Error(`the job ended with ${code ?? signal}: ${errors}`))
      })
    })

  test('killed again and again, it writes every row once and every poisoned record to the dead letters once', async () => {
    const chance = random(seed)
    const [source, sink] = [await newTopic(kafka, 4), await newTopic(kafka, 3)]
    const dead = `${sink}-dead`
    const { Admin } = await import('@platformatic/kafka')
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.plain] })
    await admin.createTopics({ topics: [dead], partitions: 1, replicas: 1 })
    await admin.close()
    const partitions = numbered(20_000, 4)
    const poison = Array.from({ length: 20 }, (_, i) => ({ value: `{"n": ${i}, broken` }))
    for (const record of poison) partitions[chance.int(4)]!.splice(chance.int(5_000), 0, { key: 'poison', ...record })
    await fill(client, source, partitions, 500)
    let kills = 0
    let isDone = false
    const seen = new Set<number>()
    while (!isDone) {
      isDone = kills < 9 ? await runJob(source, sink, ([0, 1, 'durable'] as const)[kills % 3]!, chance.int(500)) : await runJob(source, sink, Number.POSITIVE_INFINITY, 0)
      if (isDone) break
      kills++
      seen.add((await recordsOf(client, sink)).length)
    }
    // It was killed in the middle of its work, at different places.
    expect([kills > 4, seen.size > 2]).toEqual([true, true])
    await settle(client, sink)
    await settle(client, dead)
    expect(numbersOf(await recordsOf(client, sink))).toEqual(Array.from({ length: 20_000 }, (_, n) => n))
    expect((await recordsOf(client, dead)).map(record => record.value).sort()).toEqual(poison.map(record => record.value).sort())
    expect(kafka.consumeWithJava(sink, 20_001).length).toBe(20_000)
    // The group shows how far the job has come: to the end.
    const ends = await client.latestOffsets(source, [0, 1, 2, 3])
    const group = await client.committedOffsets('killed-job', source, [0, 1, 2, 3])
    expect([...group.values()].map(({ partition, offset }) => [partition, offset])).toEqual([...ends])
  })

  test('over TLS with a login, keys, headers and the record’s own columns arrive, and tombstones are skipped', async () => {
    const [source, sink] = [await newTopic(kafka, 2), await newTopic(kafka)]
    await fill(client, source, [[{ key: 'a', value: '{"n":1,"text":"one"}' }, { key: 'gone', value: null }], [{ value: '{"n":2,"text":"two"}' }]])
    process.env.MILLRACE_TEST_PASSWORD = kafka.password
    const cluster = {
      brokers: [kafka.sasl],
      tls: { ca: kafka.certificates.ca },
      sasl: { mechanism: 'scram-sha-512', username: kafka.username, password: secret('MILLRACE_TEST_PASSWORD') },
    } as const
    const frame = read.kafka({ ...cluster, topic: source, key: 'utf8', value, metadata: ['headers', 'partition', 'offset', 'timestamp'], until: 'end', onError: 'skip' })
    const rows = (await frame.collect()).toArray().sort((a, b) => a.n - b.n)
    const time = 1_700_000_000_000
    expect(rows).toEqual([
      { n: 1, text: 'one', key: 'a', headers: '[]', partition: 0, offset: 0n, timestamp: time },
      { n: 2, text: 'two', key: null, headers: '[]', partition: 1, offset: 0n, timestamp: time },
    ])
    await frame.select('key', 'n').to(write.kafka({ ...cluster, topic: sink, key: 'key' })).run({ name: 'tls' })
    await settle(client, sink)
    const written = await recordsOf(client, sink)
    expect(written.map(({ key, value: text, headers }) => ({ key, text, headers })).sort((a, b) => (a.text! < b.text! ? -1 : 1))).toEqual([
      { key: 'a', text: '{"key":"a","n":1}', headers: [] },
      { key: null, text: '{"key":null,"n":2}', headers: [] },
    ])
    expect(frame.explain()).not.toContain(kafka.password)
  })

  test('JSON keys become columns, and a broken one a dead letter that holds the record’s value', async () => {
    const [source, dead] = [await newTopic(kafka), await newTopic(kafka)]
    await fill(client, source, [[{ key: '{"id":7}', value: '{"n":1,"text":"one"}' }, { key: '{"id":', value: '{"n":2,"text":"two"}' }, { value: '{"n":3,"text":"three"}' }, { key: '{"id":8}', value: 'poison' }]])
    const key = { format: 'json', schema: { id: 'int64?' } } as const
    const frame = read.kafka({ brokers: [kafka.plain], topic: source, key, value, metadata: ['offset'], until: 'end', onError: { deadLetters: write.kafka({ topic: dead }) } })
    const rows = (await frame.collect({ name: 'json-keys' })).toArray()
    expect(rows).toEqual([
      { n: 1, text: 'one', 'key.id': 7n, offset: 0n },
      { n: 3, text: 'three', 'key.id': null, offset: 2n },
    ])
    await settle(client, dead)
    const letters = await recordsOf(client, dead)
    expect(letters.map(letter => letter.value).sort()).toEqual(['poison', '{"n":2,"text":"two"}'])
    const ofKey = new Map(letters.find(letter => letter.value!.includes('two'))!.headers)
    expect([ofKey.get('error')?.split(':')[0], ofKey.get('byte'), ofKey.get('key'), ofKey.get('offset')]).toEqual(['JSON_CUT_OFF', '6', '{"id":', '1'])
    expect(new Map(letters.find(letter => letter.value === 'poison')!.headers).get('key.id')).toBe('8')
  })

  test('a stream goes on with what comes later, a stop drains it, and a start resumes behind it', async () => {
    const [source, sink] = [await newTopic(kafka, 2), await newTopic(kafka, 2)]
    await fill(client, source, numbered(100, 2))
    const job = () => read.kafka({ brokers: [kafka.plain], topic: source, value }).to(write.kafka({ brokers: [kafka.plain], topic: sink })).start({ name: 'stream', checkpoint: { dir, every: 50 } })
    const first = await job()
    await expect.poll(async () => (await recordsOf(client, sink)).length, { timeout: 20_000 }).toBe(100)
    await fill(client, source, [[{ value: '{"n":100,"text":"late"}' }]])
    await expect.poll(async () => (await recordsOf(client, sink)).length, { timeout: 20_000 }).toBe(101)
    await first.stop()
    await fill(client, source, [[], [{ value: '{"n":101,"text":"later"}' }]])
    const second = await job()
    await expect.poll(async () => (await recordsOf(client, sink)).length, { timeout: 20_000 }).toBe(102)
    await second.stop()
    await settle(client, sink)
    expect(numbersOf(await recordsOf(client, sink))).toEqual(Array.from({ length: 102 }, (_, n) => n))
  })

  test('the broker restarts under a running job, and nothing is lost or doubled', async () => {
    const [source, sink] = [await newTopic(kafka, 2), await newTopic(kafka, 2)]
    await fill(client, source, numbered(1_000, 2))
    const running = await read.kafka({ brokers: [kafka.plain], topic: source, value }).to(write.kafka({ brokers: [kafka.plain], topic: sink, key: 'n' })).start({ name: 'restarted', checkpoint: { dir, every: 50 } })
    await expect.poll(() => running.metrics().rowsWritten, { timeout: 20_000 }).toBe(1_000)
    await kafka.restart()
    await fill(client, source, [Array.from({ length: 500 }, (_, i) => ({ value: `{"n":${1_000 + i},"text":""}` }))])
    await expect.poll(async () => (await recordsOf(client, sink)).length, { timeout: 60_000 }).toBe(1_500)
    await running.stop()
    await settle(client, sink)
    expect(numbersOf(await recordsOf(client, sink))).toEqual(Array.from({ length: 1_500 }, (_, n) => n))
  })

  test('at least once, rows are there at once', async () => {
    const [source, sink] = [await newTopic(kafka), await newTopic(kafka, 2)]
    await fill(client, source, numbered(100, 1))
    const running = await read.kafka({ brokers: [kafka.plain], topic: source, value }).to(write.kafka({ brokers: [kafka.plain], topic: sink, delivery: 'at-least-once' })).start({ name: 'at-least-once', checkpoint: { dir, every: '1h' } })
    await expect.poll(async () => (await recordsOf(client, sink)).length, { timeout: 20_000 }).toBe(100)
    await running.stop({ drain: false }).catch(() => {})
    expect(numbersOf(await recordsOf(client, sink))).toEqual(Array.from({ length: 100 }, (_, n) => n))
  })

  test('a job that fails leaves nothing to be seen, and no open transaction', async () => {
    const [source, sink] = [await newTopic(kafka), await newTopic(kafka)]
    await fill(client, source, [[...numbered(20_000, 1)[0]!, { value: 'poison' }]])
    const job = read.kafka({ brokers: [kafka.plain], topic: source, value, until: 'end' }).with({ long: col('text') }).to(write.kafka({ brokers: [kafka.plain], topic: sink }))
    await expect(job.run({ name: 'failing', batchRows: 1_000 })).rejects.toMatchObject({ code: 'JSON_VALUE' })
    await settle(client, sink)
    expect(await recordsOf(client, sink)).toEqual([])
  })

  describe('failures', () => {
    const failure = async (task: Promise<unknown>): Promise<ConnectorError> => {
      const error = await task.then(() => undefined, thrown => thrown)
      expect(error).toBeInstanceOf(ConnectorError)
      return error as ConnectorError
    }
    const reading = (more: object) => read.kafka({ brokers: [kafka.plain], topic: 'none', value, until: 'end', ...more } as never).collect()

    test('a topic that is not there', async () => {
      const error = await failure(reading({}))
      expect([error.code, error.message]).toEqual(['KAFKA_TOPIC_MISSING', expect.stringContaining('read.kafka: topic "none"')])
      const source = await newTopic(kafka)
      const job = read.kafka({ brokers: [kafka.plain], topic: source, value, until: 'end' }).to(write.kafka({ brokers: [kafka.plain], topic: 'none' }))
      expect((await failure(job.run())).code).toBe('KAFKA_TOPIC_MISSING')
    })

    test('nobody listens', async () => {
      const error = await failure(reading({ brokers: ['127.0.0.1:1'] }))
      expect([error.code, error.retryable]).toEqual(['KAFKA_UNREACHABLE', true])
    })

    test('a wrong password, which is not quoted', async () => {
      const sasl = { mechanism: 'plain', username: kafka.username, password: 'wrong-password' }
      const error = await failure(reading({ brokers: [kafka.sasl], tls: { ca: kafka.certificates.ca }, sasl }))
      expect(error.code).toBe('KAFKA_AUTH')
      expect(error.message).not.toContain('wrong-password')
    })

    test('a certificate of an authority that is not trusted', async () => {
      expect((await failure(reading({ brokers: [kafka.tls], tls: true }))).code).toBe('KAFKA_TLS')
    })

    test('a second job of the same name takes the transactions over, and the first ends', async () => {
      const [source, sink] = [await newTopic(kafka), await newTopic(kafka)]
      await fill(client, source, numbered(10, 1))
      const start = (folder: string) =>
        read.kafka({ brokers: [kafka.plain], topic: source, value }).to(write.kafka({ brokers: [kafka.plain], topic: sink })).start({ name: 'twice', checkpoint: { dir: join(dir, folder), every: 50 } })
      const first = await start('a')
      await expect.poll(async () => (await recordsOf(client, sink)).length, { timeout: 20_000 }).toBe(10)
      const second = await start('b')
      await fill(client, source, numbered(10, 1))
      expect((await failure(first.done)).code).toBe('KAFKA_FENCED')
      await second.stop()
    })
  })
})
