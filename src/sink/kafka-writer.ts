// The writers of the Kafka sink, loaded with the first job that has one.
import { within } from '../base/clock.ts'
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { clusterOptions } from '../connect/kafka-access.ts'
import { connectKafka, type KafkaClient } from '../connect/kafka-client.ts'
import { type KafkaProducer, openProducer } from '../connect/kafka-producer.ts'
import type { PartitionBatch } from '../format/kafka/producer-messages.ts'
import type { KafkaSinkOptions } from './kafka.ts'
import { type KafkaEpochs, openEpochs } from './kafka-epochs.ts'
import { RecordBuffer, shapeOf } from './kafka-records.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

interface TransactionOptions {
  readonly topic: string
  readonly id: string
  readonly transactionTimeoutMs: number
}

/** Opens a writer: of transactions, or one whose rows are seen at once. */
export async function openKafkaWriter(context: SinkContext, options: KafkaSinkOptions, epochsOptions: TransactionOptions, isTransactional: boolean): Promise<SinkWriter> {
  const client = await connect(context, options, context.signal)
  try {
    const partitions = await client.partitionsOf(options.topic)
    const buffer = new RecordBuffer(shapeOf(context.fields, options.key, options.format), partitions.length)
    if (isTransactional) return new KafkaWriter(context, options, client, buffer, await openEpochs(client, epochsOptions, context.resumed))
    // The checkpoint may be of a job that wrote exactly once: what it prepared is ended first.
    if (context.resumed && context.resumed.handle !== null) await openEpochs(client, epochsOptions, context.resumed)
    return new KafkaAppender(context, options, client, buffer, await openProducer(client))
  } catch (error) {
    await client.close()
    throw error
  }
}

function connect(context: SinkContext, options: KafkaSinkOptions, signal?: AbortSignal): Promise<KafkaClient> {
  return connectKafka(clusterOptions(options, context.where), context.where, signal, context.clock)
}

const bufferBytes = 1 << 20
const abortMs = 5_000

/** Exactly once: rows wait until there is a megabyte of them or the epoch ends, since nobody may see them before. */
class KafkaWriter implements SinkWriter {
  readonly #context: SinkContext
  readonly #options: KafkaSinkOptions
  readonly #client: KafkaClient
  readonly #buffer: RecordBuffer
  readonly #epochs: KafkaEpochs

  constructor(context: SinkContext, options: KafkaSinkOptions, client: KafkaClient, buffer: RecordBuffer, epochs: KafkaEpochs) {
    this.#context = context
    this.#options = options
    this.#client = client
    this.#buffer = buffer
    this.#epochs = epochs
  }

  async write({ device, batch }: BatchView, { epoch }: { epoch: number }): Promise<void> {
    this.#buffer.add(device, batch)
    if (this.#buffer.byteCount >= bufferBytes) await this.#flush(epoch)
  }

  async prepare(epoch: number): Promise<Json> {
    await this.#flush(epoch)
    return this.#epochs.prepare(epoch)
  }

  commit(epoch: number, handle: Json): Promise<void> {
    return this.#epochs.commit(epoch, handle)
  }

  async close(failed: boolean): Promise<void> {
    await this.#client.close()
    if (!failed || !this.#epochs.isOpen) return
    // The run's signal has ended the client above. What can't be aborted in time, the next run or the brokers will.
    const abort = async () => {
      const client = await connect(this.#context, this.#options)
      try {
        await this.#epochs.abort(client)
      } finally {
        await client.close()
      }
    }
    await within(this.#context.clock, abortMs, abort().catch(() => {}))
  }

  #flush(epoch: number): Promise<void> {
    return sendAll(this.#buffer, this.#options.topic, this.#context, batches => this.#epochs.send(epoch, batches))
  }
}

/** At least once: rows are visible, and on all replicas, when `write` settles. */
class KafkaAppender implements SinkWriter {
  readonly #context: SinkContext
  readonly #topic: string
  readonly #client: KafkaClient
  readonly #buffer: RecordBuffer
  readonly #producer: KafkaProducer

  constructor(context: SinkContext, options: KafkaSinkOptions, client: KafkaClient, buffer: RecordBuffer, producer: KafkaProducer) {
    this.#context = context
    this.#topic = options.topic
    this.#client = client
    this.#buffer = buffer
    this.#producer = producer
  }

  async write({ device, batch }: BatchView): Promise<void> {
    this.#buffer.add(device, batch)
    await sendAll(this.#buffer, this.#topic, this.#context, batches => this.#producer.send(batches))
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}

async function sendAll(buffer: RecordBuffer, topic: string, context: SinkContext, send: (batches: PartitionBatch[]) => Promise<unknown>): Promise<void> {
  if (buffer.rowCount === 0) return
  // The next round is encoded while one is on its way.
  let sending: Promise<unknown> = Promise.resolve()
  for (const round of buffer.take(topic, Math.floor(context.clock.now()))) {
    await sending
    sending = send(round)
    sending.catch(() => {})
  }
  await sending
}
