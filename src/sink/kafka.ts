// Kafka as a sink. 'exactly-once' (the default) writes each epoch in a transaction that is committed when its checkpoint is durable: readers at
// read_committed see every row once. 'at-least-once' shows rows at once and repeats those since the last checkpoint after a crash.
import { PlanError } from '../base/errors.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import { fieldOf, visible } from '../batch/schema.ts'
import { checkTopicName, clusterOptions, type KafkaAccess } from '../connect/kafka-access.ts'
import type { SinkType } from './sink.ts'

/**
 * Where and how to write. Rows become JSON objects; without `format`, rows with a binary column `value` (dead letters) become records of those bytes, their
 * other columns headers. Rows that change earlier ones need a `key`: each change writes the key's row as it is now, or where there is none any more a
 * record without a value, which is what compacted topics drop a key by. A key's partition is the one Java's default partitioner chooses; without a key, rows go round the partitions.
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
  takesChanges: ({ key }) => (key === undefined ? undefined : { key: [key] }),
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
    const { openKafkaWriter } = await import('./kafka-writer.ts')
    const transactions = { topic: options.topic, id: transactionName(context.job, context.sink), transactionTimeoutMs: transactionTimeoutMs(options, context.where) }
    return openKafkaWriter(context, options, transactions, isTransactional(options))
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

/** The name of a sink's transactions: letters, digits, dots, - and _ stay, other characters are written as =hex, so that no two sinks share one. */
export function transactionName(job: string, sink: string): string {
  const safe = (text: string) => [...new TextEncoder().encode(text)].map(byte => (/[\w.-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, '0')}`)).join('')
  return `${safe(job)}:${safe(sink)}`
}
