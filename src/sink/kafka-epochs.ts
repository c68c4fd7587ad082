// Epochs as Kafka transactions. Two transactional ids take turns, because rows of epoch n + 1 arrive while n, prepared, waits for its checkpoint, and an
// id has one transaction at a time. A prepared transaction outlives the process: the next one ends it by the handle in the checkpoint before it takes
// the ids over, which aborts whatever else is open under them. What lets it tell "committed long ago" from "lost" is a note in the transaction itself.
import { ConnectorError, DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { KafkaClient } from '../connect/kafka-client.ts'
import { endTransaction, type KafkaProducer, openProducer, type TransactionHandle } from '../connect/kafka-producer.ts'
import { decodeRecordBatches } from '../format/kafka/decode-record-batches.ts'
import type { PartitionBatch } from '../format/kafka/producer-messages.ts'

/** What a checkpoint keeps of an epoch: its transaction, and where its first record lies. Null in its place: the epoch has no rows. */
export interface EpochHandle {
  readonly topic: string
  readonly epoch: number
  readonly transaction: TransactionHandle
  readonly witness?: { readonly partition: number; readonly offset: number }
}

/** Which transactions these are. */
export interface EpochsOptions {
  readonly topic: string
  /** The name of the two transactional ids (with -0 and -1 behind it) and of the group that holds the notes. */
  readonly id: string
  readonly transactionTimeoutMs: number
}

interface Slot {
  readonly producer: KafkaProducer
  /** Something was sent and is neither prepared nor committed. */
  isOpen: boolean
  witness: EpochHandle['witness']
}

/**
 * Opens both producers, and before that commits the transaction that a checkpoint prepared, if it isn't committed yet. Throws ConnectorError
 * KAFKA_TRANSACTION_LOST where the brokers gave it up.
 */
export async function openEpochs(client: KafkaClient, options: EpochsOptions, resumed: { epoch: number; handle: Json } | undefined): Promise<KafkaEpochs> {
  const handle = resumed === undefined || resumed.handle === null ? undefined : checkedHandle(resumed.handle, client.where)
  const isEnded = handle === undefined || (await endTransaction(client, handle.transaction, true))
  const { id, transactionTimeoutMs } = options
  const producers = await Promise.all([0, 1].map(slot => openProducer(client, { transactionalId: `${id}-${slot}`, transactionTimeoutMs })))
  if (!isEnded && !(await wasCommitted(client, id, handle))) {
    const found = `the transaction of epoch ${handle.epoch} is neither open nor committed`
    throw new ConnectorError('KAFKA_TRANSACTION_LOST', `${client.where}: topic "${handle.topic}": the brokers gave up a prepared transaction; ${found}: it waited longer than its timeout of ${transactionTimeoutMs} ms; its rows are missing from the topic, so start afresh with restore: 'none', and restart sooner or with a longer timeout`)
  }
  return new KafkaEpochs(options, producers, resumed?.epoch)
}

function checkedHandle(handle: Json, where: string): EpochHandle {
  const { topic, epoch, transaction } = handle as unknown as EpochHandle
  if (typeof topic === 'string' && Number.isSafeInteger(epoch) && typeof transaction?.transactionalId === 'string' && Number.isSafeInteger(transaction.producerId)) return handle as unknown as EpochHandle
  throw new DataError('KAFKA_HANDLE', `${where}: the checkpoint's part of this sink is no transaction; found ${JSON.stringify(handle)}; start the job that wrote it, or start afresh with restore: 'none'`)
}

function noteOf({ producerId, producerEpoch }: TransactionHandle, epoch: number): string {
  return `${producerId}/${producerEpoch}/${epoch}`
}

// The note is the last committed epoch's; it is kept for the brokers' offsets.retention (7 days). Behind that the first record itself is looked for: one of an
// aborted transaction is hidden, and one that retention has removed was there long enough.
async function wasCommitted(client: KafkaClient, id: string, handle: EpochHandle): Promise<boolean> {
  const { topic, witness } = handle
  const note = (await client.committedOffsets(id, topic, [0])).get(0)
  if (note?.metadata === noteOf(handle.transaction, handle.epoch)) return true
  if (note !== undefined || witness === undefined) return false
  const { partition, offset } = witness
  if (offset < (await client.earliestOffsets(topic, [partition])).get(partition)!) return true
  const [fetched] = await client.fetch(topic, [{ partition, offset }], { partitionMaxBytes: 1 })
  const { records, aborted } = fetched!
  const found = decodeRecordBatches(records, { where: client.where, fromOffset: offset, aborted })
  return found.recordCount > 0 && found.offset[0] === offset
}

/** The transactions of a sink, one an epoch; epochs come in order, the next one's rows before the last one's commit. */
export class KafkaEpochs {
  readonly #options: EpochsOptions
  readonly #slots: readonly Slot[]
  readonly #resumed: number | undefined

  /** Use `openEpochs`. */
  constructor(options: EpochsOptions, producers: readonly KafkaProducer[], resumed: number | undefined) {
    this.#options = options
    this.#slots = producers.map(producer => ({ producer, isOpen: false, witness: undefined }))
    this.#resumed = resumed
  }

  /** Appends batches, invisible until the epoch's commit. */
  async send(epoch: number, batches: readonly PartitionBatch[]): Promise<void> {
    const slot = this.#slotOf(epoch)
    slot.isOpen = true
    const produced = await slot.producer.send(batches)
    const first = produced.find(({ baseOffset }) => baseOffset >= 0)
    if (!slot.witness && first) slot.witness = { partition: first.partition, offset: first.baseOffset }
  }

  /** Closes the epoch's transaction but for the commit. */
  async prepare(epoch: number): Promise<Json> {
    const slot = this.#slotOf(epoch)
    if (!slot.isOpen) return null
    const { id, topic } = this.#options
    await slot.producer.sendOffsets(id, topic, [{ partition: 0, offset: epoch, metadata: noteOf(slot.producer.prepare(), epoch) }])
    const handle: EpochHandle = { topic, epoch, transaction: slot.producer.prepare(), ...(slot.witness && { witness: slot.witness }) }
    slot.isOpen = false
    slot.witness = undefined
    return handle as unknown as Json
  }

  /** Shows the epoch. Nothing to do for the one that was resumed: opening has ended it. */
  async commit(epoch: number, handle: Json): Promise<void> {
    if (handle !== null && epoch !== this.#resumed) await this.#slotOf(epoch).producer.commit()
  }

  /** Aborts what is not prepared, through `client`, so that readers needn't wait for the brokers' timeout. */
  async abort(client: KafkaClient): Promise<void> {
    for (const slot of this.#slots) if (slot.isOpen) await endTransaction(client, slot.producer.prepare(), false)
  }

  /** Whether something is neither prepared nor committed. */
  get isOpen(): boolean {
    return this.#slots.some(slot => slot.isOpen)
  }

  #slotOf(epoch: number): Slot {
    return this.#slots[epoch % 2]!
  }
}
