// Kafka's requests and answers for producing, transactions included. With transactions of version 2 (KIP-890, brokers from 4.0) each transaction
// has an epoch of its own, partitions join by being written to, and the end of one transaction tells the identity for the next.
import type { ProducerStamp } from './encode-record-batch.ts'
import { type GroupOffset, type Message, message, readTopics, writeGroupOffsets } from './messages.ts'
import { WireWriter } from './wire.ts'

/** Who produces: given by the broker, plain data. */
export type ProducerIdentity = Pick<ProducerStamp, 'producerId' | 'producerEpoch'>

/** 1: partitions and groups are added explicitly; 2: KIP-890. */
export type TransactionVersion = 1 | 2

/** Asks for an identity. With a transactional id it fences every older producer of that id and aborts its open transaction. */
export function initProducerIdMessage(transactionalId: string | null, transactionTimeoutMs: number): Message<ProducerIdentity & { errorCode: number }> {
  const writer = new WireWriter().string(transactionalId).int32(transactionTimeoutMs).int64(-1).int16(-1).end()
  return message('InitProducerId', 22, 4, writer, reader => {
    reader.int32()
    return { errorCode: reader.int16(), producerId: reader.int64(), producerEpoch: reader.int16() }
  })
}

function identified(transactionalId: string, identity: ProducerIdentity): WireWriter {
  return new WireWriter().string(transactionalId).int64(identity.producerId).int16(identity.producerEpoch)
}

/** Makes partitions part of the open transaction; version 1 only. */
export function addPartitionsMessage(transactionalId: string, identity: ProducerIdentity, topic: string, partitions: readonly number[]): Message<{ partition: number; errorCode: number }[]> {
  const writer = identified(transactionalId, identity)
  writer.array([topic], name => writer.string(name).array(partitions, partition => writer.int32(partition)).end()).end()
  return message('AddPartitionsToTxn', 24, 3, writer, reader => {
    reader.int32()
    return readTopics(reader, () => ({ partition: reader.int32(), errorCode: reader.int16() }))
  })
}

/** Makes a group's offsets part of the open transaction; version 1 only. */
export function addOffsetsMessage(transactionalId: string, identity: ProducerIdentity, group: string): Message<number> {
  return message('AddOffsetsToTxn', 25, 3, identified(transactionalId, identity).string(group).end(), reader => {
    reader.int32()
    return reader.int16()
  })
}

/** A batch, stamped, for a partition. */
export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: Uint8Array
}

/** What became of a batch. */
export interface ProducedBatch {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly errorMessage: string | null
}

/** Appends batches, at most one a partition; answered when all in-sync replicas have them. */
export function produceMessage(transactionalId: string | null, version: TransactionVersion, batches: readonly PartitionBatch[], timeoutMs: number): Message<ProducedBatch[]> {
  const topics = [...new Set(batches.map(batch => batch.topic))]
  const writer = new WireWriter().string(transactionalId).int16(-1).int32(timeoutMs)
  writer.array(topics, topic => {
    const own = batches.filter(batch => batch.topic === topic)
    writer.string(topic).array(own, ({ partition, batch }) => writer.int32(partition).field(batch).end()).end()
  }).end()
  return message('Produce', 0, version === 2 ? 12 : 11, writer, reader => readTopics(reader, topic => {
    const head = { topic, partition: reader.int32(), errorCode: reader.int16(), baseOffset: reader.int64() }
    reader.skip(16)
    reader.array(() => {
      reader.int32()
      reader.string()
      reader.end()
    })
    return { ...head, errorMessage: reader.nullableString() }
  }))
}

/** Stores a group's offsets when the transaction commits. */
export function transactionOffsetsMessage(transactionalId: string, version: TransactionVersion, identity: ProducerIdentity, group: string, topic: string, offsets: readonly GroupOffset[]): Message<{ partition: number; errorCode: number }[]> {
  const writer = new WireWriter().string(transactionalId).string(group).int64(identity.producerId).int16(identity.producerEpoch).int32(-1).string('').string(null)
  writeGroupOffsets(writer, topic, offsets)
  return message('TxnOffsetCommit', 28, version === 2 ? 5 : 3, writer, reader => {
    reader.int32()
    return readTopics(reader, () => ({ partition: reader.int32(), errorCode: reader.int16() }))
  })
}

/** Commits or aborts. Asking again after a commit of the same identity is no error, so that it can be repeated after a crash. */
export function endTransactionMessage(transactionalId: string, version: TransactionVersion, identity: ProducerIdentity, commit: boolean): Message<ProducerIdentity & { errorCode: number }> {
  return message('EndTxn', 26, version === 2 ? 5 : 3, identified(transactionalId, identity).boolean(commit).end(), reader => {
    reader.int32()
    const errorCode = reader.int16()
    if (version === 1) return { ...identity, errorCode }
    return { errorCode, producerId: reader.int64(), producerEpoch: reader.int16() }
  })
}
