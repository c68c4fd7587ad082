// A Kafka topic as a source: all its partitions at read_committed, from positions that the job's checkpoints keep.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { Fields } from '../batch/schema.ts'
import { checkTopicName, clusterOptions, type KafkaAccess } from '../connect/kafka-access.ts'
import { kafkaFields, type KafkaMetadata, kafkaMetadata } from './kafka-fields.ts'
import type { FeedSourceType } from './source.ts'

/** What to read. */
export interface KafkaSourceOptions extends KafkaAccess {
  readonly topic: string
  /** The group under which committed positions are shown to others; never read. */
  readonly group?: string
  /** How the column `key` is given; default 'utf8'. */
  readonly key?: 'utf8' | 'binary'
  /** Columns beside `value`. */
  readonly metadata?: readonly KafkaMetadata[]
  /** Where a job without a checkpoint begins; default 'earliest'. Partitions that were added since a checkpoint are read from their beginning. */
  readonly start?: 'earliest' | 'latest'
  /** 'end' is what was committed when the job first opened the topic; by default reading goes on for ever. */
  readonly until?: 'end'
}

/** Reads a topic. The partitions are those at its opening. */
export const kafkaFeed: FeedSourceType<KafkaSourceOptions> = {
  kind: 'kafka',
  resolve(options, where) {
    clusterOptions(options, where)
    checkTopicName(options.topic, where)
    oneOf(where, 'key', options.key, ['utf8', 'binary'])
    oneOf(where, 'start', options.start, ['earliest', 'latest'])
    oneOf(where, 'until', options.until, ['end'])
    for (const name of options.metadata ?? []) oneOf(where, 'metadata', name, kafkaMetadata)
    return { fields: fieldsOf(options), bounded: options.until === 'end' }
  },
  async open(context, options, position) {
    const { openKafkaReader } = await import('./kafka-reader.ts')
    return openKafkaReader(context, options, fieldsOf(options), position)
  },
  describe: ({ topic, until }) => `Kafka topic ${topic}${until === 'end' ? ', to its end' : ''}`,
}

function oneOf(where: string, option: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return
  throw new PlanError('KAFKA_OPTION', `${where}: ${option} is ${JSON.stringify(value)}; it can be ${allowed.join(', ')}${didYouMean(String(value), allowed)}`)
}

function fieldsOf({ metadata = [], key = 'utf8' }: KafkaSourceOptions): Fields {
  return kafkaFields([...new Set(metadata)], key)
}
