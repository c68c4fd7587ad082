// The Kafka source against a broker of few words: columns, positions, ends, and what it does when the broker hesitates, refuses or lies.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Json } from '../../src/base/json.ts'
import { releaseBatch } from '../../src/batch/batch.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { stampRecordBatch } from '../../src/format/kafka/encode-record-batch.ts'
import { kafkaFeed, type KafkaSourceOptions } from '../../src/source/kafka.ts'
import type { FeedReader } from '../../src/source/source.ts'
import { type FakeKafka, fakeKafka, type FakePartition, numbered } from '../support/fake-kafka.ts'
import { batchOf, type TestRecord, testTime } from '../support/kafka-batches.ts'

let device: Device
let fake: FakeKafka
let counts: Record<string, number> = {}
const readers: FeedReader[] = []
beforeAll(async () => {
  device = await createDevice()
})
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close()
  await fake?.close()
  counts = {}
})
afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

const whole = ['key', 'headers', 'partition', 'offset', 'timestamp'] as const

async function open(options: Partial<KafkaSourceOptions> = {}, position?: Json, batchRows = 65_536, signal = new AbortController().signal): Promise<FeedReader> {
  const all = { brokers: [fake.address], topic: 'bids', ...options } as KafkaSourceOptions
  const context = { device, clock: systemClock, where: 'read.kafka', signal, batchRows: () => batchRows, count: (metric: string, by: number) => (counts[metric] = (counts[metric] ?? 0) + by) }
  const reader = await kafkaFeed.open(context, all, position)
  readers.push(reader)
  return reader
}

type Row = PlainRow & { $split: number }

/** Reads until the end, a stream until it is idle; the rows and their hidden partition, and rows by batch. */
async function readAll(reader: FeedReader, batches = Number.POSITIVE_INFINITY): Promise<{ rows: Row[]; sizes: number[]; ended: boolean }> {
  const rows: Row[] = []
  const sizes: number[] = []
  const isBounded = 'ends' in (reader.position() as object)
  while (sizes.length < batches) {
    const batch = await reader.next()
    if (batch === 'idle' && isBounded) continue
    if (batch === undefined || batch === 'idle' || 'port' in batch) return { rows, sizes, ended: batch === undefined }
    const read = rowReader(device.memory, batch)
    const splits = device.memory.int32s(batch.columns.at(-1)!.values, batch.rowCount)
    for (let row = 0; row < batch.rowCount; row++) rows.push({ ...read(row), $split: splits[row]! })
    sizes.push(batch.rowCount)
    releaseBatch(device, batch)
  }
  return { rows, sizes, ended: false }
}

const text = (value: unknown) => (value === null ? null : new TextDecoder().decode(value as Uint8Array))
const records = (count: number, from = 0): TestRecord[] => Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, value: `value number ${from + i}` }))
const partition = (...batches: Uint8Array[]): FakePartition => ({ batches: numbered(batches) })

describe('the Kafka source', () => {
  test('gives keys, values, headers and the record’s own columns, short and long, null, empty and of any bytes', async () => {
    const given: TestRecord[] = [
      { key: 'short', value: 'twelve bytes', headers: [['trace', 'x7'], ['none', null], ['raw', Uint8Array.of(255, 0)], ['é', '“']] },
      { key: null, value: 'thirteen bytes: out of line', timestamp: -1 },
      { key: 'a key that is longer than twelve bytes, ключ', value: null, timestamp: 2 ** 41 },
      { key: Uint8Array.of(97, 255, 98), value: '' },
      { key: '', value: Uint8Array.of(0, 255) },
    ]
    fake = await fakeKafka('bids', [{ batches: numbered([batchOf(given.slice(0, 2)), batchOf(given.slice(2), 'gzip')], 2 ** 32 - 1), start: 2 ** 32 - 1 }])
    const { rows } = await readAll(await open({ metadata: whole, until: 'end' }))
    expect(rows.map(row => ({ ...row, value: text(row.value) }))).toEqual([
      { value: 'twelve bytes', key: 'short', headers: '[["trace","x7"],["none",null],["raw",{"base64":"/wA="}],["é","“"]]', partition: 0, offset: 2n ** 32n - 1n, timestamp: testTime, $split: 0 },
      { value: 'thirteen bytes: out of line', key: null, headers: '[]', partition: 0, offset: 2n ** 32n, timestamp: -1, $split: 0 },
      { value: null, key: 'a key that is longer than twelve bytes, ключ', headers: '[]', partition: 0, offset: 2n ** 32n + 1n, timestamp: 2 ** 41, $split: 0 },
      { value: '', key: 'a\ufffdb', headers: '[]', partition: 0, offset: 2n ** 32n + 2n, timestamp: testTime, $split: 0 },
      { value: '\0\ufffd', key: '', headers: '[]', partition: 0, offset: 2n ** 32n + 3n, timestamp: testTime, $split: 0 },
    ])
  })

  test('gives keys as bytes where asked, and only the columns that are asked for', async () => {
    fake = await fakeKafka('bids', [partition(batchOf([{ key: Uint8Array.of(255), value: 'v' }]))])
    expect(kafkaFeed.resolve({ brokers: ['x'], topic: 'bids' }, 'read.kafka').fields.map(f => f.name)).toEqual(['value', '$split'])
    const { rows } = await readAll(await open({ key: 'binary', metadata: ['key'], until: 'end' }))
    expect(rows).toEqual([{ value: Uint8Array.of(118), key: Uint8Array.of(255), $split: 0 }])
  })

  test.each([1, 3, 64, 1000])('gives all rows of all partitions once, in each one’s order, in batches of at most %i', async batchRows => {
    fake = await fakeKafka('bids', [partition(batchOf(records(40)), batchOf(records(60, 40))), partition(), partition(batchOf(records(50, 1000)))])
    const reader = await open({ metadata: ['offset'], until: 'end' }, undefined, batchRows)
    expect([reader.splitCount!(), reader.remaining!()]).toEqual([3, 150])
    const { rows, sizes, ended } = await readAll(reader)
    expect(ended).toBe(true)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(batchRows)
    expect(rows.filter(row => row.$split === 0).map(row => row.offset)).toEqual(Array.from({ length: 100 }, (_, i) => BigInt(i)))
    expect(rows.filter(row => row.$split === 2).map(row => text(row.value))).toEqual(records(50, 1000).map(record => record.value))
    expect(rows.length).toBe(150)
    expect([reader.remaining!(), reader.position()]).toEqual([0, { topic: 'bids', partitions: { 0: 100, 1: 0, 2: 50 }, ends: { 0: 100, 1: 0, 2: 50 } }])
  })

  test('goes on from any position exactly where it was', async () => {
    fake = await fakeKafka('bids', [partition(batchOf(records(10)), batchOf(records(10, 10))), partition(batchOf(records(7, 100)))])
    const all = (await readAll(await open({ until: 'end' }, undefined, 3))).rows.map(row => text(row.value))
    for (let taken = 1; taken < 9; taken++) {
      const first = await open({ until: 'end' }, undefined, 3)
      const before = await readAll(first, taken)
      const position = JSON.parse(JSON.stringify(first.position())) as Json
      const { rows, ended } = await readAll(await open({ until: 'end' }, position))
      expect(ended).toBe(true)
      expect([...before.rows, ...rows].map(row => text(row.value)).sort()).toEqual([...all].sort())
    }
  })

  test('ends where the topic ended when the job first opened it, though it has grown since', async () => {
    fake = await fakeKafka('bids', [partition(batchOf(records(5)))])
    const first = await open({ until: 'end' }, undefined, 2)
    const before = await readAll(first, 1)
    const grown = batchOf([...records(5), ...records(5, 5)])
    fake.partitions[0]!.batches = numbered([grown])
    fake.partitions.push(partition(batchOf(records(3))))
    const { rows, ended } = await readAll(await open({ until: 'end' }, first.position()))
    expect([before.rows.length, rows.length, ended]).toEqual([2, 3, true])
  })

  test('hides open and aborted transactions, and its position passes over them and their markers', async () => {
    const stamp = (batch: Uint8Array, producerId: number) => {
      stampRecordBatch(batch, { producerId, producerEpoch: 0, baseSequence: 0, transactional: true })
      return batch
    }
    const marker = stamp(batchOf([{ key: Uint8Array.of(0, 0, 0, 0), value: Uint8Array.of(0, 0, 0, 0, 0, 0) }]), 7)
    marker[22]! |= 32
    stampRecordBatch(marker, { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true })
    const batches = numbered([stamp(batchOf(records(3)), 7), marker, stamp(batchOf(records(2, 10)), 8), stamp(batchOf(records(4, 20)), 9)])
    fake = await fakeKafka('bids', [{ batches, stable: 6, aborted: [{ producerId: 7, firstOffset: 0 }] }])
    const reader = await open({ metadata: ['offset'], until: 'end' })
    expect((await readAll(reader)).rows.map(row => row.offset)).toEqual([4n, 5n])
    expect(reader.position()).toEqual({ topic: 'bids', partitions: { 0: 6 }, ends: { 0: 6 } })
    fake.partitions[0]!.batches = batches.slice(0, 2)
    fake.partitions[0]!.stable = 4
    const empty = await open({ until: 'end' })
    expect([(await readAll(empty)).rows, empty.position()]).toEqual([[], { topic: 'bids', partitions: { 0: 4 }, ends: { 0: 4 } }])
  })

  test('a stream waits, goes on when more has come, and fetches ahead of what it has handed out, but once', async () => {
    fake = await fakeKafka('bids', [partition(batchOf(records(4)))])
    const reader = await open({ start: 'latest' })
    expect((await readAll(reader)).rows).toEqual([])
    fake.partitions[0]!.batches = numbered([batchOf(records(4)), batchOf(records(4, 4))])
    const values = async (count: number): Promise<unknown[]> => {
      const found: unknown[] = []
      while (found.length < count) found.push(...(await readAll(reader)).rows.map(row => text(row.value)))
      return found
    }
    expect(await values(4)).toEqual(records(4, 4).map(record => record.value))
    const slow = await open({}, undefined, 1)
    while ((await readAll(slow, 1)).rows.length === 0);
    await expect.poll(() => fake.requests.filter(r => r.apiKey === 1 && r.from![0]!.offset === 8).length).toBeGreaterThan(0)
  })

  test('is idle while the broker says nothing, and settles when the run stops', async () => {
    fake = await fakeKafka('bids', [partition(batchOf(records(4)))])
    let answer: () => void = () => {}
    fake.hold = new Promise(resolve => (answer = resolve))
    const reader = await open({ until: 'end' })
    expect(await reader.next()).toBe('idle')
    const waiting = reader.next()
    await reader.close()
    expect(await Promise.race([waiting.catch(() => 'failed'), systemClock.sleep(5_000)])).toBeDefined()
    answer()
  })

  test('asks every partition first in its turn', async () => {
    fake = await fakeKafka('bids', [partition(), partition(), partition()])
    const reader = await open()
    for (let turn = 0; turn < 4; turn++) await reader.next()
    const firsts = fake.requests.filter(r => r.apiKey === 1).map(r => r.from![0]!.partition)
    expect(new Set(firsts.slice(0, 3))).toEqual(new Set([0, 1, 2]))
  })

  test('tells a group how far the sinks are, and counts where it may not', async () => {
    fake = await fakeKafka('bids', [partition(batchOf(records(4))), partition(batchOf(records(2)))])
    const reader = await open({ group: 'shown', until: 'end' })
    await readAll(reader)
    await reader.committed!(reader.position())
    expect([...fake.committed]).toEqual([[0, 4], [1, 2]])
    fake.commitError = 30
    await reader.committed!(reader.position())
    expect(counts).toEqual({ groupCommitsFailed: 1 })
    const silent = await open({ until: 'end' })
    await silent.committed!(silent.position())
    expect(fake.count(8)).toBe(2)
  })

  test('fetches again after errors that pass', async () => {
    fake = await fakeKafka('bids', [partition(batchOf(records(4)))])
    fake.fetchErrors.push(6, 9)
    const reader = await open({ until: 'end' })
    expect((await readAll(reader)).rows.length).toBe(4)
    expect(fake.count(1)).toBeGreaterThan(2)
  })
})

describe('the Kafka source refuses', () => {
  const failing = async (task: Promise<unknown>) => (await task.then(() => undefined, error => error)) as { code?: string; message: string }
  const drained = async (reader: FeedReader) => {
    while (!(await readAll(reader)).ended);
  }

  test('a position whose records are gone, or that the topic never reached', async () => {
    fake = await fakeKafka('bids', [{ batches: numbered([batchOf(records(4))], 10), start: 10 }])
    const at = (offset: number): Json => ({ topic: 'bids', partitions: { 0: offset } })
    for (const offset of [9, 15]) expect((await failing(open({}, at(offset)))).code).toBe('KAFKA_OFFSET_GONE')
    const reader = await open({ metadata: ['offset'] }, at(14))
    expect((await readAll(reader)).rows).toEqual([])
    const running = await open({}, at(10))
    fake.partitions[0]!.start = 14
    expect((await failing(drained(running))).code).toBe('KAFKA_OFFSET_GONE')
  })

  test('a position that is of another topic, or none', async () => {
    fake = await fakeKafka('bids', [partition()])
    for (const position of [{ topic: 'asks', partitions: { 0: 1 } }, { topic: 'bids', partitions: { 0: -1 } }, { topic: 'bids' }, {}])
      expect((await failing(open({}, position as Json))).code).toBe('KAFKA_POSITION')
  })

  test('bytes that are no record batches', async () => {
    const broken = numbered([batchOf(records(4))])
    broken[0]![70]! ^= 1
    fake = await fakeKafka('bids', [{ batches: broken }])
    const error = await failing(drained(await open({ until: 'end' })))
    expect([error.code, error.message]).toEqual(['KAFKA_CORRUPT', expect.stringContaining('read.kafka: topic "bids", partition 0')])
  })

  test('a missing topic', async () => {
    fake = await fakeKafka('bids', [partition()])
    expect((await failing(open({ topic: 'asks' }))).code).toBe('KAFKA_TOPIC_MISSING')
  })

  test.each<[Record<string, unknown>, string, string]>([
    [{ brokers: [] }, 'KAFKA_BROKERS', 'no broker'],
    [{ brokers: undefined }, 'KAFKA_BROKERS', 'no broker'],
    [{ brokers: ['a:b'] }, 'KAFKA_BROKERS', '"a:b"'],
    [{ topic: '' }, 'KAFKA_TOPIC', '""'],
    [{ topic: 'a b' }, 'KAFKA_TOPIC', '"a b"'],
    [{ start: 'earlier' }, 'KAFKA_OPTION', 'earliest'],
    [{ until: 'now' }, 'KAFKA_OPTION', 'until'],
    [{ key: 'utf16' }, 'KAFKA_OPTION', 'utf8'],
    [{ metadata: ['offsets'] }, 'KAFKA_OPTION', 'offset'],
    [{ sasl: { mechanism: 'scram', username: 'u', password: 'p' } }, 'KAFKA_SASL', 'scram-sha-256'],
  ])('the options %j when the plan is made', (options, code, said) => {
    const resolve = () => kafkaFeed.resolve({ brokers: ['localhost'], topic: 'bids', ...options } as never, 'read.kafka')
    expect(resolve).toThrow(expect.objectContaining({ code, message: expect.stringContaining(said) }))
  })

  test('nothing of a right plan, which says whether it ends', () => {
    const options = { brokers: ['localhost:1'], topic: 'bids', sasl: { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p' } }
    expect(kafkaFeed.resolve(options, 'read.kafka').bounded).toBe(false)
    expect(kafkaFeed.resolve({ ...options, until: 'end' }, 'read.kafka').bounded).toBe(true)
    expect(kafkaFeed.describe({ ...options, until: 'end' })).toBe('Kafka topic bids, to its end')
  })
})
