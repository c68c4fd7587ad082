// Kafka's requests and answers, each at one version that brokers from 3.8 on know (the protocol guide's message schemas), for reading:
// cluster, offsets, fetch, group offsets. Those for producing are in producer-messages.ts.
import type { AbortedTransaction } from './decode-record-batches.ts'
import { WireReader, WireWriter } from './wire.ts'

/** A request: what to send, and how to read the answer. */
export interface Message<T> {
  readonly name: string
  readonly apiKey: number
  readonly version: number
  readonly body: Uint8Array
  decode(answer: Uint8Array): T
}

/** Puts a message together. */
export function message<T>(name: string, apiKey: number, version: number, writer: WireWriter, read: (reader: WireReader) => T): Message<T> {
  return { name, apiKey, version, body: writer.result(), decode: answer => read(new WireReader(answer, name)) }
}

/** ApiVersions is answered with a header of the oldest form, for clients of any age. */
export const apiVersionsKey = 18

/** The features that the cluster has settled on, as name and level. */
export function featuresMessage(): Message<{ errorCode: number; features: Map<string, number> }> {
  const writer = new WireWriter().string('millrace').string('1').end()
  return message('ApiVersions', apiVersionsKey, 3, writer, reader => {
    const features = new Map<string, number>()
    const errorCode = reader.int16()
    reader.array(() => {
      reader.skip(6)
      reader.end()
    })
    reader.int32()
    reader.end((tag, field) => {
      if (tag !== finalizedFeaturesTag) return
      field.array(() => {
        features.set(field.string(), field.int16())
        field.skip(2)
        field.end()
      })
    })
    return { errorCode, features }
  })
}

const finalizedFeaturesTag = 2

/** A broker's place. */
export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** A topic as the cluster knows it; errors stand as the protocol's codes. */
export interface TopicMetadata {
  readonly name: string
  readonly errorCode: number
  readonly partitions: readonly { partition: number; errorCode: number; leader: number }[]
}

/** The brokers, and the topics asked for. Creates no topic. */
export function metadataMessage(topics: readonly string[]): Message<{ brokers: BrokerAddress[]; topics: TopicMetadata[] }> {
  const writer = new WireWriter().array(topics, (topic, array) => array.noUuid().string(topic).end())
  writer.boolean(false).boolean(false).end()
  return message('Metadata', 3, 12, writer, reader => {
    reader.int32()
    const brokers = reader.array(() => {
      const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() }
      reader.string()
      reader.end()
      return broker
    })
    reader.string()
    reader.int32()
    return { brokers, topics: reader.array(() => readTopic(reader)) }
  })
}

function readTopic(reader: WireReader): TopicMetadata {
  const errorCode = reader.int16()
  const name = reader.string()
  reader.skip(17)
  const partitions = reader.array(() => {
    const partition = { errorCode: reader.int16(), partition: reader.int32(), leader: reader.int32() }
    reader.int32()
    for (let list = 0; list < 3; list++) reader.array(() => reader.int32())
    reader.end()
    return partition
  })
  reader.int32()
  reader.end()
  return { name, errorCode, partitions }
}

/** 0 = read_uncommitted, 1 = read_committed. */
export type IsolationLevel = 0 | 1

/** Special timestamps of `listOffsetsMessage`. */
export const latestTimestamp = -1
/** The first offset that is still there. */
export const earliestTimestamp = -2

/** The first offset at or after `timestamp` (ms), the earliest or the latest; -1 where there is none. */
export function listOffsetsMessage(topic: string, partitions: readonly number[], timestamp: number, isolation: IsolationLevel): Message<{ partition: number; errorCode: number; offset: number }[]> {
  const writer = new WireWriter().int32(-1).int8(isolation)
  writer.array([topic], name => {
    writer.string(name).array(partitions, partition => writer.int32(partition).int32(-1).int64(timestamp).end()).end()
  }).end()
  return message('ListOffsets', 2, 7, writer, reader => {
    reader.int32()
    return readTopics(reader, () => {
      const item = { partition: reader.int32(), errorCode: reader.int16(), timestamp: reader.int64(), offset: reader.int64() }
      reader.int32()
      return item
    })
  })
}

/** All partitions of all topics of an answer; `read` reads one without its tags. */
export function readTopics<T>(reader: WireReader, read: (topic: string) => T): T[] {
  return reader.array(() => {
    const name = reader.string()
    const items = reader.array(() => {
      const item = read(name)
      reader.end()
      return item
    })
    reader.end()
    return items
  }).flat()
}

/** What a fetch may take. */
export interface FetchLimits {
  /** The broker answers when this much is there or `maxWaitMs` is over. */
  readonly minBytes: number
  /** A soft limit: the first batch comes whole. */
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  readonly maxWaitMs: number
  readonly isolation: IsolationLevel
}

/** A partition's share of a fetch. `records` is a view of the answer: whole batches, the last one perhaps cut. */
export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: readonly AbortedTransaction[]
  readonly records: Uint8Array
}

const noRecords = new Uint8Array(0)

/** Record batches of one topic from the given offsets on, without a fetch session. */
export function fetchMessage(topic: string, from: readonly { partition: number; offset: number }[], limits: FetchLimits): Message<{ errorCode: number; partitions: FetchedPartition[] }> {
  const writer = new WireWriter().int32(-1).int32(limits.maxWaitMs).int32(limits.minBytes).int32(limits.maxBytes).int8(limits.isolation).int32(0).int32(-1)
  writer.array([topic], name => {
    writer.string(name).array(from, ({ partition, offset }) => {
      writer.int32(partition).int32(-1).int64(offset).int32(-1).int64(-1).int32(limits.partitionMaxBytes).end()
    }).end()
  })
  writer.array([], () => {}).string('').end()
  return message('Fetch', 1, 12, writer, reader => {
    reader.int32()
    const errorCode = reader.int16()
    reader.int32()
    return { errorCode, partitions: readTopics(reader, () => readFetched(reader)) }
  })
}

function readFetched(reader: WireReader): FetchedPartition {
  const head = { partition: reader.int32(), errorCode: reader.int16(), highWatermark: reader.int64(), lastStableOffset: reader.int64(), logStartOffset: reader.int64() }
  const aborted = reader.array(() => {
    const transaction = { producerId: reader.int64(), firstOffset: reader.int64() }
    reader.end()
    return transaction
  })
  reader.int32()
  return { ...head, aborted, records: reader.field() ?? noRecords }
}

/** What a coordinator looks after. */
export type CoordinatorKind = 'group' | 'transaction'

/** Which broker looks after a group or a transactional id. */
export function findCoordinatorMessage(kind: CoordinatorKind, key: string): Message<{ errorCode: number; broker: BrokerAddress } | undefined> {
  const writer = new WireWriter().int8(kind === 'group' ? 0 : 1).array([key], (name, array) => array.string(name)).end()
  return message('FindCoordinator', 10, 4, writer, reader => {
    reader.int32()
    return reader.array(() => {
      reader.string()
      const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() }
      const errorCode = reader.int16()
      reader.string()
      reader.end()
      return { errorCode, broker }
    })[0]
  })
}

/** An offset to store for a group, with a note of at most 4 KB. */
export interface GroupOffset {
  readonly partition: number
  readonly offset: number
  readonly metadata?: string
}

/** Writes a group's offsets of one topic. */
export function writeGroupOffsets(writer: WireWriter, topic: string, offsets: readonly GroupOffset[]): WireWriter {
  return writer.array([topic], name => {
    writer.string(name).array(offsets, ({ partition, offset, metadata }) => writer.int32(partition).int64(offset).int32(-1).string(metadata ?? '').end()).end()
  }).end()
}

/** Stores offsets of a group that has no members. */
export function offsetCommitMessage(group: string, topic: string, offsets: readonly GroupOffset[]): Message<{ partition: number; errorCode: number }[]> {
  const writer = writeGroupOffsets(new WireWriter().string(group).int32(-1).string('').string(null), topic, offsets)
  return message('OffsetCommit', 8, 8, writer, reader => {
    reader.int32()
    return readTopics(reader, () => ({ partition: reader.int32(), errorCode: reader.int16() }))
  })
}

/** The offsets stored for a group, -1 where none; with `requireStable` an open transaction that has stored some is an error (88). */
export function offsetFetchMessage(group: string, topic: string, partitions: readonly number[], requireStable: boolean): Message<{ errorCode: number; offsets: (GroupOffset & { errorCode: number })[] }> {
  const writer = new WireWriter()
  writer.array([group], id => {
    writer.string(id).array([topic], name => writer.string(name).array(partitions, partition => writer.int32(partition)).end()).end()
  })
  writer.boolean(requireStable).end()
  return message('OffsetFetch', 9, 8, writer, reader => {
    reader.int32()
    const groups = reader.array(() => {
      reader.string()
      const offsets = readTopics(reader, () => {
        const head = { partition: reader.int32(), offset: reader.int64() }
        reader.int32()
        return { ...head, metadata: reader.string(), errorCode: reader.int16() }
      })
      const errorCode = reader.int16()
      reader.end()
      return { errorCode, offsets }
    })
    return groups[0] ?? { errorCode: 0, offsets: [] }
  })
}
