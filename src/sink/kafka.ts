// Kafka as a sink. 'exactly-once' (the default) writes each epoch in a transaction that is committed when its checkpoint is durable: readers at
// read_committed see every row once. 'at-least-once' shows rows at once and repeats those since the last checkpoint after a crash.
import { within } from '../base/clock.ts'
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { fieldOf, visible } from '../batch/schema.ts'
import { checkTopicName, clusterOptions, type KafkaAccess } from '../connect/kafka-access.ts'
import { connectKafka, type KafkaClient } from '../connect/kafka-client.ts'
import { type KafkaProducer, openProducer } from '../connect/kafka-producer.ts'
import type { PartitionBatch } from '../format/kafka/producer-messages.ts'
import { type KafkaEpochs, openEpochs } from './kafka-epochs.ts'
import { RecordBuffer, shapeOf } from './kafka-records.ts'
import type { SinkContext, SinkType, SinkWriter } from './sink.ts'

/**
 * Where and how to write. Rows become JSON objects; without `format`, rows with a binary column `value` (dead letters) become records of those bytes, their
 * other columns headers. A key's partition is the one Java's default partitioner chooses; without a key, rows go round the partitions.
 */
export interface KafkaSinkOptions extends KafkaAccess {
  readonly topic: string
  readonly key?: string
  readonly format?: 'json'
  readonly delivery?: 'exactly-once' | 'at-least-once'
  /** How long the brokers keep an epoch that is neither committed nor aborted: more than a checkpoint's interval and a restart together. Default 15 minutes, which is also what brokers allow unless told otherwise. */
  readonly transactionTimeout?: Duration
}

/**
 * Writes to a topic. Exactly once, its transactional ids are `<job>:<sink>-0` and `-1`, and a group `<job>:<sink>` holds a note on the last commit: so the names
 * of jobs must differ among all jobs of a cluster (a second one fences the first: KAFKA_FENCED), and its user needs the rights to both.
 */
export const kafkaSink: SinkType<KafkaSinkOptions> = {
  kind: 'kafka',
  delivery: options => (isTransactional(options) ? 'transactional' : 'append'),
  check(options, fields, where) {
    clusterOptions(options, where)
    checkTopicName(options.topic, where)
    if (options.key !== undefined) fieldOf(fields, options.key, where)
    const { format, delivery } = options
    if (format !== undefined && format !== 'json') throw new PlanError('KAFKA_OPTION', `${where}: format is ${JSON.stringify(format)}; it can be 'json'`)
    if (delivery !== undefined && delivery !== 'exactly-once' && delivery !== 'at-least-once') {
      throw new PlanError('KAFKA_OPTION', `${where}: delivery is ${JSON.stringify(delivery)}; it can be 'exactly-once' or 'at-least-once'`)
    }
    if (visible(fields).length === 0) throw new PlanError('NO_COLUMNS', `${where}: the rows have no columns; select at least one to write`)
    transactionTimeoutMs(options, where)
  },
  async open(context, options) {
    const client = await connect(context, options, context.signal)
    try {
      const partitions = await client.partitionsOf(options.topic)
      const buffer = new RecordBuffer(shapeOf(context.fields, options.key, options.format), partitions.length)
      const epochsOptions = { topic: options.topic, id: transactionName(context.job, context.sink), transactionTimeoutMs: transactionTimeoutMs(options, context.where) }
      if (isTransactional(options)) return new KafkaWriter(context, options, client, buffer, await openEpochs(client, epochsOptions, context.resumed))
      // The checkpoint may be of a job that wrote exactly once: what it prepared is ended first.
      if (context.resumed && context.resumed.handle !== null) await openEpochs(client, epochsOptions, context.resumed)
      return new KafkaAppender(context, options, client, buffer, await openProducer(client))
    } catch (error) {
      await client.close()
      throw error
    }
  },
  describe: options => `Kafka topic ${options.topic}${options.key === undefined ? '' : `, key ${options.key}`}, ${options.delivery ?? 'exactly-once'}`,
}

const transactionTimeoutMsDefault = 900_000

function isTransactional({ delivery }: KafkaSinkOptions): boolean {
  return delivery !== 'at-least-once'
}

function transactionTimeoutMs({ transactionTimeout }: KafkaSinkOptions, where: string): number {
  const ms = transactionTimeout === undefined ? transactionTimeoutMsDefault : parseDuration(transactionTimeout, where)
  if (Number.isInteger(ms) && ms >= 1_000 && ms < 2 ** 31) return ms
  throw new PlanError('KAFKA_OPTION', `${where}: transactionTimeout is ${ms} ms; give at least a second`)
}

function connect(context: SinkContext, options: KafkaSinkOptions, signal?: AbortSignal): Promise<KafkaClient> {
  return connectKafka(clusterOptions(options, context.where), context.where, signal, context.clock)
}

/** The name of a sink's transactions: letters, digits, dots, - and _ stay, other characters are written as =hex, so that no two sinks share one. */
export function transactionName(job: string, sink: string): string {
  const safe = (text: string) => [...new TextEncoder().encode(text)].map(byte => (/[\w.-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, '0')}`)).join('')
  return `${safe(job)}:${safe(sink)}`
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
