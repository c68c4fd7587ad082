// Kafka's messages: the primitives both ways, requests as the protocol guide lays them out, and answers that are cut or lie.
import { describe, expect, test } from 'vitest'
import { DataError } from '../../src/base/errors.ts'
import { featuresMessage, fetchMessage, findCoordinatorMessage, listOffsetsMessage, type Message, metadataMessage, offsetCommitMessage, offsetFetchMessage } from '../../src/format/kafka/messages.ts'
import { addOffsetsMessage, addPartitionsMessage, endTransactionMessage, initProducerIdMessage, produceMessage, transactionOffsetsMessage } from '../../src/format/kafka/producer-messages.ts'
import { WireReader, WireWriter } from '../../src/format/kafka/wire.ts'

const identity = { producerId: 5_000_000_000, producerEpoch: 3 }
const limits = { minBytes: 1, maxBytes: 100, partitionMaxBytes: 50, maxWaitMs: 9, isolation: 1 as const }

const topicsAnswer = (write: (writer: WireWriter) => void) => {
  const writer = new WireWriter().int32(0).array(['bids'], (name, array) => {
    array.string(name).varint(2)
    write(array)
    array.end().end()
  })
  return writer.end().result()
}

// Each message, an answer as a broker writes it, and what must be read from it.
const cases: [name: string, message: Message<unknown>, answer: Uint8Array, read: unknown][] = [
  ['Metadata', metadataMessage(['bids']), new WireWriter().int32(0)
    .array([1], (id, array) => array.int32(id).string('host').int32(9092).string(null).end()).string('cluster').int32(1)
    .array(['bids'], (name, array) => {
      array.int16(0).string(name).noUuid().boolean(false)
      array.array([0], (partition, inner) => inner.int16(0).int32(partition).int32(1).int32(7).varint(2).int32(1).varint(2).int32(1).varint(1).end()).int32(0).end()
    }).end().result(), { brokers: [{ nodeId: 1, host: 'host', port: 9092 }], topics: [{ name: 'bids', errorCode: 0, partitions: [{ partition: 0, errorCode: 0, leader: 1 }] }] }],
  ['ApiVersions', featuresMessage(), new WireWriter().int16(0).array([3], (key, array) => array.int16(key).int16(0).int16(12).end()).int32(0)
    .varint(1).varint(2).varint(26).array(['transaction.version'], (name, array) => array.string(name).int16(2).int16(0).end()).result(), { errorCode: 0, features: new Map([['transaction.version', 2]]) }],
  ['ListOffsets', listOffsetsMessage('bids', [2], -1, 0), topicsAnswer(writer => writer.int32(2).int16(0).int64(-1).int64(2 ** 40).int32(0)), [{ partition: 2, errorCode: 0, timestamp: -1, offset: 2 ** 40 }]],
  ['Fetch', fetchMessage('bids', [{ partition: 2, offset: 9 }], limits), new WireWriter().int32(0).int16(0).int32(0).array(['bids'], (name, array) => {
    array.string(name).varint(2).int32(2).int16(0).int64(50).int64(40).int64(0)
    array.array([7], (id, inner) => inner.int64(id).int64(30).end()).int32(-1).field(Uint8Array.of(1, 2, 3)).end().end()
  }).end().result(), { errorCode: 0, partitions: [{ partition: 2, errorCode: 0, highWatermark: 50, lastStableOffset: 40, logStartOffset: 0, aborted: [{ producerId: 7, firstOffset: 30 }], records: Uint8Array.of(1, 2, 3) }] }],
  ['FindCoordinator', findCoordinatorMessage('transaction', 'job'), new WireWriter().int32(0).array(['job'], (key, array) => array.string(key).int32(1).string('host').int32(9).int16(0).string(null).end()).end().result(),
    { errorCode: 0, broker: { nodeId: 1, host: 'host', port: 9 } }],
  ['OffsetCommit', offsetCommitMessage('job', 'bids', [{ partition: 2, offset: 9 }]), topicsAnswer(writer => writer.int32(2).int16(25)), [{ partition: 2, errorCode: 25 }]],
  ['OffsetFetch', offsetFetchMessage('job', 'bids', [2], true), new WireWriter().int32(0).array(['job'], (group, array) => {
    array.string(group).varint(2).string('bids').varint(2).int32(2).int64(9).int32(-1).string('note').int16(0).end().end().int16(0).end()
  }).end().result(), { errorCode: 0, offsets: [{ partition: 2, offset: 9, metadata: 'note', errorCode: 0 }] }],
  ['InitProducerId', initProducerIdMessage('job', 1000), new WireWriter().int32(0).int16(0).int64(identity.producerId).int16(3).end().result(), { errorCode: 0, ...identity }],
  ['AddPartitionsToTxn', addPartitionsMessage('job', identity, 'bids', [2]), topicsAnswer(writer => writer.int32(2).int16(51)), [{ partition: 2, errorCode: 51 }]],
  ['AddOffsetsToTxn', addOffsetsMessage('job', identity, 'group'), new WireWriter().int32(0).int16(51).end().result(), 51],
  ['Produce', produceMessage('job', 2, [{ topic: 'bids', partition: 2, batch: Uint8Array.of(1) }], 1000), new WireWriter().array(['bids'], (name, array) => {
    array.string(name).varint(2).int32(2).int16(10).int64(-1).int64(-1).int64(0).array([0], (index, inner) => inner.int32(index).string(null).end()).string('too large').end().end()
  }).int32(0).end().result(), [{ topic: 'bids', partition: 2, errorCode: 10, baseOffset: -1, errorMessage: 'too large' }]],
  ['TxnOffsetCommit', transactionOffsetsMessage('job', 2, identity, 'group', 'bids', [{ partition: 2, offset: 9 }]), topicsAnswer(writer => writer.int32(2).int16(0)), [{ partition: 2, errorCode: 0 }]],
  ['EndTxn 5', endTransactionMessage('job', 2, identity, true), new WireWriter().int32(0).int16(0).int64(8).int16(4).end().result(), { errorCode: 0, producerId: 8, producerEpoch: 4 }],
  ['EndTxn 3', endTransactionMessage('job', 1, identity, true), new WireWriter().int32(0).int16(90).end().result(), { errorCode: 90, ...identity }],
]

describe('answers', () => {
  test.each(cases)('of %s are read', (_name, message, answer, read) => {
    expect(message.decode(answer)).toEqual(read)
  })

  test.each(cases)('of %s that are cut or changed end in a DataError or are read as something else', (_name, message, answer, read) => {
    for (let length = 0; length < answer.length - 1; length++) {
      try {
        message.decode(answer.slice(0, length))
      } catch (error) {
        expect(error).toBeInstanceOf(DataError)
        expect((error as DataError).message).toContain(message.name)
      }
    }
    for (let position = 0; position < answer.length; position++) {
      for (const value of [0, 1, 127, 128, 255]) {
        const changed = answer.slice()
        changed[position] = value
        try {
          message.decode(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
      }
    }
    expect(message.decode(answer)).toEqual(read)
  })
})

describe('requests', () => {
  test('are laid out as the protocol guide says', () => {
    const hex = (message: Message<unknown>) => Buffer.from(message.body).toString('hex')
    expect(hex(metadataMessage(['ab']))).toBe(`02${'00'.repeat(16)}036162000000` + '00')
    expect(hex(findCoordinatorMessage('transaction', 'ab'))).toBe('010203616200')
    expect(hex(initProducerIdMessage(null, 1))).toBe(`0000000001${'ff'.repeat(10)}00`)
    expect(hex(endTransactionMessage('ab', 2, { producerId: 2 ** 32 + 1, producerEpoch: 2 }, true))).toBe('0361620000000100000001000201' + '00')
    expect(hex(produceMessage('ab', 2, [{ topic: 't', partition: 1, batch: Uint8Array.of(9) }], 5))).toBe('036162ffff00000005' + '02027402' + '00000001' + '0209' + '00' + '00' + '00')
  })

  test('of any length are written whole', () => {
    for (let length = 0; length < 1_200; length++) {
      const reader = new WireReader(new WireWriter().field(new Uint8Array(length)).int8(1).int16(-2).int32(-3).int64(-(2 ** 52)).boolean(true).varint(300_000).string('ж').result(), 'test')
      expect([reader.field()?.length, reader.int8(), reader.int16(), reader.int32(), reader.int64(), reader.int8(), reader.varint(), reader.string()]).toEqual([length, 1, -2, -3, -(2 ** 52), 1, 300_000, 'ж'])
    }
  })
})
