// A producer of record batches: idempotent, or transactional with a prepared state that outlives the process, so that an epoch's transaction can be
// committed after a crash by whoever holds its handle (the same identity ends it; asking for a new one would abort it).
import { assert, ConnectorError } from '../base/errors.ts'
import { recordCountOf, stampRecordBatch } from '../format/kafka/encode-record-batch.ts'
import type { BrokerAddress, GroupOffset } from '../format/kafka/messages.ts'
import {
  addOffsetsMessage, addPartitionsMessage, endTransactionMessage, initProducerIdMessage, type PartitionBatch, type ProducedBatch, type ProducerIdentity, produceMessage,
  type TransactionVersion, transactionOffsetsMessage,
} from '../format/kafka/producer-messages.ts'
import type { KafkaClient } from './kafka-client.ts'
import { duplicateSequence, protocolError } from './kafka-errors.ts'

/** A prepared transaction as plain data: all of it is on the brokers, none of it visible. */
export interface TransactionHandle {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly version: TransactionVersion
  /** False: nothing was written, there is nothing to commit. */
  readonly open: boolean
}

/** How a producer works. */
export interface ProducerOptions {
  /** Stable over restarts, one writer at a time. Absent: batches are visible at once, and not doubled by retries. */
  readonly transactionalId?: string
  /** How long the brokers keep a transaction without news; longer than any restart. Default 15 minutes, the brokers' own limit. */
  readonly transactionTimeoutMs?: number
}

const transactionTimeoutMsDefault = 900_000
const produceTimeoutMs = 30_000

/** Opens a producer. With a transactional id: fences older ones and aborts what they left open; end prepared transactions before, with `endTransaction`. */
export async function openProducer(client: KafkaClient, options: ProducerOptions = {}): Promise<KafkaProducer> {
  const version = await transactionVersion(client)
  const producer = new KafkaProducer(client, options, version)
  await producer.renew()
  return producer
}

async function transactionVersion(client: KafkaClient): Promise<TransactionVersion> {
  return ((await client.features()).get('transaction.version') ?? 0) >= 2 ? 2 : 1
}

/**
 * Commits (or aborts) a prepared transaction by its handle, in this process or a later one. False: the brokers have gone on under another identity;
 * whether it was committed before is not known here (a marker in its offsets tells).
 */
export async function endTransaction(client: KafkaClient, handle: TransactionHandle, commit: boolean): Promise<boolean> {
  if (!handle.open) return true
  try {
    await end(client, handle, commit)
    return true
  } catch (error) {
    if (error instanceof ConnectorError && (error.code === 'KAFKA_FENCED' || error.code === 'KAFKA_TRANSACTION_ABORTED')) return false
    throw error
  }
}

function end(client: KafkaClient, handle: TransactionHandle, commit: boolean): Promise<ProducerIdentity> {
  const { transactionalId, version } = handle
  const message = endTransactionMessage(transactionalId, version, handle, commit)
  return client.atCoordinator('transaction', transactionalId, `transactional id "${transactionalId}"`, broker => client.ask(broker, message))
}

/** A producer. Calls must not overlap. Throws ConnectorError KAFKA_FENCED once another one has taken its id. */
export class KafkaProducer {
  private readonly client: KafkaClient
  private readonly options: ProducerOptions
  private readonly version: TransactionVersion
  private readonly sequences = new Map<string, number>()
  private readonly joined = new Set<string>()
  private identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
  private open = false

  constructor(client: KafkaClient, options: ProducerOptions, version: TransactionVersion) {
    this.client = client
    this.options = options
    this.version = version
  }

  /** Takes a new identity: what is open under the old one is aborted. */
  async renew(): Promise<void> {
    const { transactionalId = null, transactionTimeoutMs = transactionTimeoutMsDefault } = this.options
    const message = initProducerIdMessage(transactionalId, transactionTimeoutMs)
    const ask = (broker: BrokerAddress | undefined) => this.client.ask(broker, message)
    const what = `transactional id "${transactionalId}"`
    const answer = transactionalId === null
      ? await this.client.retrying('producer', async () => this.client.judged(await ask(undefined), 'producer'))
      : await this.client.atCoordinator('transaction', transactionalId, what, ask)
    this.adopt(answer)
  }

  /**
   * Appends batches of `encodeRecordBatch`, at most one a partition, and stamps them; in a transaction they become visible with its commit. Resolves when all
   * in-sync replicas have them; gives the first offset of each. What a retry finds already there is not written twice (then the offset is -1).
   */
  async send(batches: readonly PartitionBatch[]): Promise<ProducedBatch[]> {
    const produced: ProducedBatch[] = []
    for (const topic of new Set(batches.map(batch => batch.topic))) produced.push(...await this.sendTopic(topic, batches.filter(batch => batch.topic === topic)))
    return produced
  }

  private async sendTopic(topic: string, batches: readonly PartitionBatch[]): Promise<ProducedBatch[]> {
    const byPartition = new Map(batches.map(batch => [batch.partition, batch]))
    assert(byPartition.size === batches.length, 'a producer was given two batches for one partition')
    const { transactionalId = null } = this.options
    if (transactionalId !== null) await this.join(transactionalId, topic, [...byPartition.keys()])
    for (const { partition, batch } of batches) {
      stampRecordBatch(batch, { ...this.identity, baseSequence: this.sequences.get(`${topic} ${partition}`) ?? 0, transactional: transactionalId !== null })
    }
    const produced = await this.client.eachLeader(topic, [...byPartition.keys()], async (own, broker) => {
      const message = produceMessage(transactionalId, this.version, own.map(partition => byPartition.get(partition)!), produceTimeoutMs)
      const answers = await this.client.ask(broker, message)
      return answers.map(answer => (answer.errorCode === duplicateSequence ? { ...answer, errorCode: 0 } : answer))
    })
    for (const { partition, batch } of batches) {
      const key = `${topic} ${partition}`
      this.sequences.set(key, ((this.sequences.get(key) ?? 0) + recordCountOf(batch)) % 2 ** 31)
    }
    return produced
  }

  /** Stores a group's offsets as part of the transaction. */
  async sendOffsets(group: string, topic: string, offsets: readonly GroupOffset[]): Promise<void> {
    const transactionalId = this.transactional()
    if (this.version === 1 && !this.joined.has(`group ${group}`)) {
      await this.client.atCoordinator('transaction', transactionalId, `transactional id "${transactionalId}"`, async broker => ({
        errorCode: await this.client.ask(broker, addOffsetsMessage(transactionalId, this.identity, group)),
      }))
      this.joined.add(`group ${group}`)
    }
    this.open = true
    const message = transactionOffsetsMessage(transactionalId, this.version, this.identity, group, topic, offsets)
    await this.client.atCoordinator('group', group, `group "${group}"`, async broker => {
      const answers = await this.client.ask(broker, message)
      return { errorCode: answers.find(answer => answer.errorCode !== 0)?.errorCode ?? 0 }
    })
  }

  /** The transaction as it stands, to be stored before `commit`; everything sent is on the brokers already. */
  prepare(): TransactionHandle {
    return { transactionalId: this.transactional(), ...this.identity, version: this.version, open: this.open }
  }

  /** Makes all of it visible at once. May be repeated after a failure. The next `send` begins another transaction. */
  async commit(): Promise<void> {
    await this.finish(true)
  }

  /** Makes all of it void. */
  async abort(): Promise<void> {
    await this.finish(false)
  }

  private async finish(commit: boolean): Promise<void> {
    if (this.open) this.adopt(await end(this.client, this.prepare(), commit))
  }

  private adopt({ producerId, producerEpoch }: ProducerIdentity): void {
    if (producerId !== this.identity.producerId || producerEpoch !== this.identity.producerEpoch) this.sequences.clear()
    this.identity = { producerId, producerEpoch }
    this.joined.clear()
    this.open = false
  }

  private transactional(): string {
    const { transactionalId } = this.options
    assert(transactionalId !== undefined, 'a producer without a transactional id was asked for a transaction')
    return transactionalId
  }

  private async join(transactionalId: string, topic: string, partitions: readonly number[]): Promise<void> {
    this.open = true
    const fresh = partitions.filter(partition => !this.joined.has(`${topic} ${partition}`))
    if (this.version === 2 || fresh.length === 0) return
    const message = addPartitionsMessage(transactionalId, this.identity, topic, fresh)
    await this.client.atCoordinator('transaction', transactionalId, `transactional id "${transactionalId}"`, async broker => {
      const answers = await this.client.ask(broker, message)
      const failed = answers.find(answer => answer.errorCode !== 0)
      // A missing topic is the user's to know by name.
      if (failed?.errorCode === 3) throw protocolError(3, `${this.client.where}: topic "${topic}", partition ${failed.partition}`)
      return { errorCode: failed?.errorCode ?? 0 }
    })
    for (const partition of fresh) this.joined.add(`${topic} ${partition}`)
  }
}
