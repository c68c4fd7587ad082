// Kafka for the source and the sink: leaders and coordinators found and found again, retries with an end, plain numbers for offsets, and fetched
// record batches as bytes. Producing is in kafka-producer.ts.
import { type Clock, systemClock } from '../base/clock.ts'
import { CancelledError, ConnectorError, PlanError } from '../base/errors.ts'
import {
  type BrokerAddress, type CoordinatorKind, earliestTimestamp, type FetchedPartition, featuresMessage, fetchMessage, findCoordinatorMessage, type GroupOffset,
  latestTimestamp, listOffsetsMessage, type Message, metadataMessage, offsetCommitMessage, offsetFetchMessage,
} from '../format/kafka/messages.ts'
import { type HostPort, type KafkaOptions, parseBroker } from './kafka-address.ts'
import { type KafkaConnection, openKafkaConnection } from './kafka-connection.ts'
import { protocolError, retryOf, unreachable, unstableOffsets } from './kafka-errors.ts'

/** What a reader may see: everything, or what is not part of open or aborted transactions. */
export type Isolation = 'read_uncommitted' | 'read_committed'

/** What one fetch may take and how long it may wait. */
export interface FetchOptions {
  /** Bytes over all partitions of a broker; a soft limit, the first batch comes whole. Default 16 MiB. */
  readonly maxBytes?: number
  /** Bytes of one partition; default 4 MiB. */
  readonly partitionMaxBytes?: number
  /** The longest wait for the first byte; default 100. */
  readonly maxWaitMs?: number
  /** Default 'read_committed'. */
  readonly isolation?: Isolation
}

/** How long a request that may succeed in a moment is tried again, and how often. */
const retryMs = 60_000
const retryPauseMs = 100
const fetchMaxBytesDefault = 16 * 1024 * 1024
const partitionMaxBytesDefault = 4 * 1024 * 1024
const fetchWaitMsDefault = 100

type Purpose = 'ask' | 'fetch'

/** Connects and learns the cluster. Each broker is tried once: a wrong address fails at once. Throws what `openKafkaConnection` throws. */
export async function connectKafka(options: KafkaOptions, where: string, signal?: AbortSignal, clock: Clock = systemClock): Promise<KafkaClient> {
  const brokers = options.brokers.map(text => parseBroker(text, where))
  if (brokers.length === 0) throw new PlanError('KAFKA_BROKERS', `${where}: no broker is named; found an empty list; write { brokers: ['localhost:9092'] }`)
  const client = new KafkaClient(options, brokers, where, signal, clock)
  try {
    await client.learn([])
  } catch (error) {
    await client.close()
    throw error
  }
  return client
}

/** A cluster to talk to. Methods may be called concurrently. All throw ConnectorError: KAFKA_UNREACHABLE after a minute of trying, and what the broker answers. */
export class KafkaClient {
  readonly where: string
  private readonly options: KafkaOptions
  private readonly bootstrap: readonly HostPort[]
  private readonly signal: AbortSignal | undefined
  private readonly clock: Clock
  private readonly connections = new Map<string, Promise<KafkaConnection>>()
  private readonly coordinators = new Map<string, BrokerAddress>()
  private readonly leaders = new Map<string, Map<number, number>>()
  private brokers = new Map<number, BrokerAddress>()
  private closed = false

  constructor(options: KafkaOptions, bootstrap: readonly HostPort[], where: string, signal: AbortSignal | undefined, clock: Clock) {
    this.options = options
    this.bootstrap = bootstrap
    this.where = where
    this.signal = signal
    this.clock = clock
  }

  /** The partitions of a topic, ascending. Throws ConnectorError KAFKA_TOPIC_MISSING. */
  async partitionsOf(topic: string): Promise<number[]> {
    return [...(await this.leadersOf(topic)).keys()].sort((left, right) => left - right)
  }

  /** The first offset that each partition still has. */
  earliestOffsets(topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
    return this.offsetsAt(topic, partitions, earliestTimestamp, 'read_uncommitted')
  }

  /** The offset behind each partition's last record; at read_committed, behind the last one that no open transaction holds back. */
  latestOffsets(topic: string, partitions: readonly number[], isolation: Isolation = 'read_committed'): Promise<Map<number, number>> {
    return this.offsetsAt(topic, partitions, latestTimestamp, isolation)
  }

  /** The first offset whose record is of `timestamp` (ms) or later; -1 where there is none. */
  async offsetsAt(topic: string, partitions: readonly number[], timestamp: number, isolation: Isolation): Promise<Map<number, number>> {
    const level = isolation === 'read_committed' ? 1 : 0
    const found = await this.eachLeader(topic, partitions, (own, broker) => this.ask(broker, listOffsetsMessage(topic, own, timestamp, level)))
    return new Map(found.map(({ partition, offset }) => [partition, offset]))
  }

  /**
   * Record batches from the given offsets on, as bytes per partition (perhaps none, the last batch perhaps cut). Waits up to `maxWaitMs` for the first byte.
   * Throws ConnectorError KAFKA_OFFSET_GONE where an offset is no longer there.
   */
  async fetch(topic: string, from: readonly { partition: number; offset: number }[], options: FetchOptions = {}): Promise<FetchedPartition[]> {
    const offsets = new Map(from.map(({ partition, offset }) => [partition, offset]))
    const limits = {
      minBytes: 1,
      maxBytes: options.maxBytes ?? fetchMaxBytesDefault,
      partitionMaxBytes: options.partitionMaxBytes ?? partitionMaxBytesDefault,
      maxWaitMs: options.maxWaitMs ?? fetchWaitMsDefault,
      isolation: options.isolation === 'read_uncommitted' ? 0 as const : 1 as const,
    }
    return this.eachLeader(topic, [...offsets.keys()], async (own, broker) => {
      const message = fetchMessage(topic, own.map(partition => ({ partition, offset: offsets.get(partition)! })), limits)
      const { errorCode, partitions } = await this.ask(broker, message, 'fetch')
      return errorCode === 0 ? partitions : own.map(partition => ({ ...nothing, partition, errorCode }))
    })
  }

  /** Stores offsets for a group that has no members. */
  async commitOffsets(group: string, topic: string, offsets: readonly GroupOffset[]): Promise<void> {
    await this.atCoordinator('group', group, `group "${group}"`, async broker => {
      const results = await this.ask(broker, offsetCommitMessage(group, topic, offsets))
      return { errorCode: results.find(result => result.errorCode !== 0)?.errorCode ?? 0 }
    })
  }

  /** The offsets stored for a group; partitions without one are absent. Waits until no open transaction has stored any. */
  async committedOffsets(group: string, topic: string, partitions: readonly number[]): Promise<Map<number, GroupOffset>> {
    const { offsets } = await this.atCoordinator('group', group, `group "${group}"`, async broker => {
      const answer = await this.ask(broker, offsetFetchMessage(group, topic, partitions, true))
      return { ...answer, errorCode: answer.errorCode || (answer.offsets.find(offset => offset.errorCode !== 0)?.errorCode ?? 0) }
    })
    return new Map(offsets.filter(({ offset }) => offset >= 0).map(({ partition, offset, metadata }) => [partition, { partition, offset, metadata }]))
  }

  /** The cluster's features as name and level, such as `transaction.version`. */
  async features(): Promise<Map<string, number>> {
    return this.retrying('features', async () => this.judged(await this.ask(undefined, featuresMessage()), 'features')).then(answer => answer.features)
  }

  /** Runs `task` with the coordinator of a group or transactional id until it answers without a passing error. */
  atCoordinator<T extends { errorCode: number }>(kind: CoordinatorKind, id: string, what: string, task: (broker: BrokerAddress) => Promise<T>): Promise<T> {
    const key = `${kind} ${id}`
    return this.retrying(what, async () => {
      try {
        const known = this.coordinators.get(key) ?? (await this.findCoordinator(kind, id))
        this.coordinators.set(key, known)
        const answer = await task(known)
        if (retryOf(answer.errorCode) === 'coordinator') this.coordinators.delete(key)
        return this.judged(answer, what)
      } catch (error) {
        if (error instanceof ConnectorError && error.code === 'KAFKA_UNREACHABLE') this.coordinators.delete(key)
        throw error
      }
    })
  }

  /** Runs `task` for the partitions of each leader at once, again for those that moved, until all have answered without a passing error; answers by partition. */
  async eachLeader<T extends { partition: number; errorCode: number }>(topic: string, partitions: readonly number[], task: (own: number[], broker: BrokerAddress) => Promise<T[]>): Promise<T[]> {
    const done: T[] = []
    let left = [...partitions]
    await this.retrying(`topic "${topic}"`, async () => {
      const leaders = await this.leadersOf(topic)
      const groups = groupBy(left, partition => leaders.get(partition) ?? -1)
      const failures: unknown[] = []
      await Promise.all([...groups].map(async ([leader, own]) => {
        try {
          const broker = this.brokers.get(leader)
          if (!broker) throw protocolError(leaders.has(own[0]!) ? 5 : 3, `${this.where}: topic "${topic}", partition ${own[0]}`)
          for (const answer of await task(own, broker)) {
            if (answer.errorCode !== 0) failures.push(protocolError(answer.errorCode, `${this.where}: topic "${topic}", partition ${answer.partition}`))
            else done.push(answer)
          }
        } catch (error) {
          failures.push(error)
        }
      }))
      const answered = new Set(done.map(answer => answer.partition))
      left = left.filter(partition => !answered.has(partition))
      if (failures.length === 0) return
      this.leaders.delete(topic)
      throw failures.find(error => !(error instanceof ConnectorError && error.retryable)) ?? failures[0]
    })
    return done.sort((left, right) => left.partition - right.partition)
  }

  /** Asks one broker, or (undefined) any. */
  async ask<T>(broker: BrokerAddress | undefined, message: Message<T>, purpose: Purpose = 'ask'): Promise<T> {
    return (await this.connectionTo(broker, purpose)).request(message)
  }

  /** The answer, unless it is an error. */
  judged<T extends { errorCode: number }>(answer: T, what: string): T {
    if (answer.errorCode === 0) return answer
    const error = protocolError(answer.errorCode, `${this.where}: ${what}`)
    if (answer.errorCode !== unstableOffsets) throw error
    throw new ConnectorError(error.code, error.message, { retryable: true })
  }

  /** Repeats what fails in a passing way, for a minute. */
  async retrying<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    const end = this.clock.elapsed() + retryMs
    for (;;) {
      if (this.signal?.aborted) throw new CancelledError(this.where)
      if (this.closed) throw unreachable(`${this.where}: ${what}`, 'the client is closed')
      try {
        return await attempt()
      } catch (error) {
        const passing = error instanceof ConnectorError && error.retryable && error.code !== 'KAFKA_TRANSACTION_ABORTED'
        if (!passing || this.clock.elapsed() > end) throw error
        await this.clock.sleep(retryPauseMs, this.signal)
      }
    }
  }

  /** Asks for the cluster's brokers and the leaders of `topics`, trying every broker once. */
  async learn(topics: readonly string[]): Promise<void> {
    const answer = await this.ask(undefined, metadataMessage(topics))
    if (answer.brokers.length > 0) this.brokers = new Map(answer.brokers.map(broker => [broker.nodeId, broker]))
    for (const topic of answer.topics) {
      if (topic.errorCode !== 0) throw protocolError(topic.errorCode, `${this.where}: topic "${topic.name}"`)
      this.leaders.set(topic.name, new Map(topic.partitions.map(({ partition, leader }) => [partition, leader])))
    }
  }

  /** Ends all connections; requests under way fail. */
  async close(): Promise<void> {
    this.closed = true
    const open = [...this.connections.values()]
    this.connections.clear()
    await Promise.all(open.map(async connection => (await connection.catch(() => undefined))?.close()))
  }

  private async leadersOf(topic: string): Promise<Map<number, number>> {
    const known = this.leaders.get(topic)
    if (known) return known
    await this.retrying(`topic "${topic}"`, () => this.learn([topic]))
    return this.leaders.get(topic) ?? new Map()
  }

  private async findCoordinator(kind: CoordinatorKind, id: string): Promise<BrokerAddress> {
    const answer = await this.ask(undefined, findCoordinatorMessage(kind, id))
    return this.judged(answer ?? { errorCode: 15, broker: { nodeId: -1, host: '', port: 0 } }, `the coordinator of ${kind} "${id}"`).broker
  }

  private async connectionTo(broker: BrokerAddress | undefined, purpose: Purpose): Promise<KafkaConnection> {
    if (broker) return this.connection(broker, purpose)
    let failure: unknown
    for (const candidate of [...this.brokers.values(), ...this.bootstrap]) {
      try {
        return await this.connection(candidate, purpose)
      } catch (error) {
        if (!(error instanceof ConnectorError && error.retryable)) throw error
        failure ??= error
      }
    }
    throw failure
  }

  private async connection(broker: HostPort, purpose: Purpose): Promise<KafkaConnection> {
    const key = `${purpose} ${broker.host}:${broker.port}`
    const known = this.connections.get(key)
    if (known) {
      const open = await known
      if (open.isOpen()) return open
      if (this.connections.get(key) === known) this.connections.delete(key)
    }
    const begun = this.connections.get(key) ?? openKafkaConnection(this.options, broker, this.where)
    this.connections.set(key, begun)
    begun.catch(() => {
      if (this.connections.get(key) === begun) this.connections.delete(key)
    })
    const opened = await begun
    if (this.closed) await opened.close()
    return opened
  }
}

const nothing = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, aborted: [], records: new Uint8Array(0) }

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}
