// Rows as Kafka records, and what the sink says of options and rows that don't fit. Its transactions are tested on a real broker (test/services).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeColumn, changeField } from '../../src/batch/change.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { decodeRecordBatches, headersOf } from '../../src/format/kafka/decode-record-batches.ts'
import { stampRecordBatch } from '../../src/format/kafka/encode-record-batch.ts'
import { murmur2 } from '../../src/format/kafka/murmur2.ts'
import { kafkaSink, transactionName } from '../../src/sink/kafka.ts'
import { RecordBuffer, shapeOf } from '../../src/sink/kafka-records.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

interface Written {
  partition: number
  key: string | null
  value: string | null
  headers: [string, string | null][]
}

const text = new TextDecoder()
const piece = (bytes: Uint8Array, offset: number, length: number) => (length < 0 ? null : text.decode(bytes.subarray(offset, offset + length)))

/** Writes the batches of rows and reads the records back, in the order of requests. */
function written(schema: Record<string, string>, batches: readonly Record<string, unknown>[][], options: { key?: string; format?: 'json'; partitions?: number } = {}): { records: Written[]; rounds: number } {
  const { [changeColumn]: changes, ...columns } = schema
  const fields = [...parseSchema(columns, 'test'), ...(changes === undefined ? [] : [changeField])]
  const buffer = new RecordBuffer(shapeOf(fields, options.key, options.format), options.partitions ?? 1)
  for (const rows of batches) {
    const arena = device.arena()
    buffer.add(device, buildBatch(device, arena, fields, rows, 'test'))
    arena.release()
  }
  const records: Written[] = []
  let rounds = 0
  for (const round of buffer.take('out', 1234)) {
    rounds++
    expect(new Set(round.map(b => b.partition)).size).toBe(round.length)
    for (const { topic, partition, batch } of round) {
      expect(topic).toBe('out')
      stampRecordBatch(batch, { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: false })
      const found = decodeRecordBatches(batch, { where: 'test' })
      for (let row = 0; row < found.recordCount; row++) {
        expect(found.timestamp[row]).toBe(1234)
        records.push({
          partition,
          key: piece(found.bytes, found.keyOffset[row]!, found.keyBytes[row]!),
          value: piece(found.bytes, found.valueOffset[row]!, found.valueBytes[row]!),
          headers: headersOf(found, row).map(([name, value]) => [name, value && text.decode(value)]),
        })
      }
    }
  }
  expect([buffer.rowCount, buffer.byteCount]).toEqual([0, 0])
  return { records, rounds }
}

describe('rows as records', () => {
  test('are JSON objects of the columns that users see, without a key by default', () => {
    const { records } = written({ n: 'int64', text: 'utf8?', at: 'timestamp[ms]' }, [[{ n: 2n ** 60n, text: 'a "quoted" text beyond twelve', at: 0 }, { n: 1n, text: null, at: 1 }], [], [{ n: 2n, text: '', at: 2 }]])
    expect(records.map(r => r.value)).toEqual([
      '{"n":1152921504606846976,"text":"a \\"quoted\\" text beyond twelve","at":"1970-01-01T00:00:00.000Z"}',
      '{"n":1,"text":null,"at":"1970-01-01T00:00:00.001Z"}',
      '{"n":2,"text":"","at":"1970-01-01T00:00:00.002Z"}',
    ])
    expect(records.every(r => r.key === null && r.headers.length === 0)).toBe(true)
  })

  test.each<[string, unknown, string | null]>([
    ['utf8?', 'short', 'short'],
    ['utf8?', 'a key, quoted "so", beyond twelve bytes', 'a key, quoted "so", beyond twelve bytes'],
    ['utf8?', '', ''],
    ['utf8?', null, null],
    ['int32?', -7, '-7'],
    ['int64?', 2n ** 60n, '1152921504606846976'],
    ['int64?', null, null],
    ['float64', 0.1, '0.1'],
    ['bool', true, 'true'],
    ['timestamp[ms]', 1_700_000_000_000, '1700000000000'],
    ['binary', Uint8Array.of(97, 98), 'ab'],
  ])('have the text of a %s as key: %o', (type, value, key) => {
    const { records } = written({ k: type }, [[{ k: value }, { k: value }]], { key: 'k' })
    expect(records.map(r => r.key)).toEqual([key, key])
  })

  test('of rows that change have no value where their key is deleted, and leave out what was before an update', () => {
    const rows = [['a', 1, 0], ['a', 1, 1], ['a', 2, 2], ['b', 5, 0], ['b', 5, 3]].map(([k, n, change]) => ({ k, n, [changeColumn]: change }))
    const { records } = written({ k: 'utf8', n: 'int32', [changeColumn]: 'int8' }, [rows.slice(0, 2), rows.slice(2)], { key: 'k' })
    expect(records.map(r => [r.key, r.value])).toEqual([['a', '{"k":"a","n":1}'], ['a', '{"k":"a","n":2}'], ['b', '{"k":"b","n":5}'], ['b', null]])
  })

  test('lie where Kafka’s partitioner puts their key, in order, and go round without one', () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ k: i % 5 === 0 ? null : `key ${i % 17}`, i }))
    const { records } = written({ k: 'utf8?', i: 'int32' }, [rows.slice(0, 33), rows.slice(33)], { key: 'k', partitions: 7 })
    expect(records.length).toBe(100)
    const numbers = new Map<number, number[]>()
    let keyless = 0
    for (const { key, partition, value } of records) {
      const { i } = JSON.parse(value!) as { i: number }
      if (key === null) expect(partition).toBe((i / 5) % 7)
      else expect(partition).toBe((murmur2(new TextEncoder().encode(key), 0, key.length) & 0x7fffffff) % 7)
      if (key === null) keyless++
      numbers.set(partition, [...(numbers.get(partition) ?? []), i])
    }
    expect(keyless).toBe(20)
    for (const list of numbers.values()) expect(list).toEqual([...list].sort((a, b) => a - b))
  })

  test('are sent in rounds of batches that a broker takes', () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => ({ text: String(i).padEnd(1_000, 'x') }))
    const { records, rounds } = written({ text: 'utf8' }, [rows], { partitions: 2 })
    expect([records.length, rounds]).toEqual([3_000, 2])
  })

  test('are the bytes of a binary column `value`, with the others as headers: a dead letter as it came', () => {
    const schema = { value: 'binary?', error: 'utf8', byte: 'int64', raw: 'binary?' }
    const rows = [{ value: Uint8Array.of(123, 34), error: 'JSON_CUT_OFF: …', byte: 2n, raw: null }, { value: null, error: 'JSON_NO_RECORD', byte: 0n, raw: Uint8Array.of(65) }]
    expect(written(schema, [rows]).records).toEqual([
      { partition: 0, key: null, value: '{"', headers: [['error', 'JSON_CUT_OFF: …'], ['byte', '2'], ['raw', null]] },
      { partition: 0, key: null, value: null, headers: [['error', 'JSON_NO_RECORD'], ['byte', '0'], ['raw', 'A']] },
    ])
    expect(written(schema, [rows], { format: 'json' }).records[0]).toMatchObject({ value: '{"value":"eyI=","error":"JSON_CUT_OFF: …","byte":2,"raw":null}', headers: [] })
    expect(written({ value: 'binary', k: 'utf8' }, [[{ value: Uint8Array.of(), k: 'a' }]], { key: 'k' }).records).toEqual([{ partition: 0, key: 'a', value: '', headers: [] }])
  })
})

describe('the Kafka sink', () => {
  const fields = parseSchema({ n: 'int32', name: 'utf8' }, 'test')
  const options = { brokers: ['localhost:9092'], topic: 'out' }

  test.each<[Record<string, unknown>, string, string]>([
    [{ brokers: undefined }, 'KAFKA_BROKERS', 'dead letters'],
    [{ topic: 'no topic' }, 'KAFKA_TOPIC', '"no topic"'],
    [{ key: 'nme' }, 'NO_COLUMN', 'name'],
    [{ format: 'avro' }, 'KAFKA_OPTION', "'json'"],
    [{ delivery: 'once' }, 'KAFKA_OPTION', "'exactly-once'"],
    [{ transactionTimeout: '10ms' }, 'KAFKA_OPTION', 'second'],
    [{ transactionTimeout: 'soon' }, 'DURATION', 'soon'],
  ])('refuses %j when the plan is made', (more, code, said) => {
    expect(() => kafkaSink.check({ ...options, ...more } as never, fields, 'write.kafka')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(said) }))
  })

  test('is exactly once unless told otherwise', () => {
    kafkaSink.check({ ...options, key: 'n', format: 'json', delivery: 'at-least-once', transactionTimeout: '5m' }, fields, 'write.kafka')
    expect([kafkaSink.delivery(options), kafkaSink.delivery({ ...options, delivery: 'at-least-once' })]).toEqual(['transactional', 'append'])
    expect(kafkaSink.describe({ ...options, key: 'n' })).toBe('Kafka topic out, key n, exactly-once')
  })

  test('names its transactions by job and sink, no two alike', () => {
    expect(transactionName('clicks-2', 'write.kafka')).toBe('clicks-2:write.kafka')
    expect(transactionName('a job: ä', 'x')).toBe('a=20job=3a=20=c3=a4:x')
    expect(transactionName('a:b', 'c')).not.toBe(transactionName('a', 'b:c'))
  })
})
