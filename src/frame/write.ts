// Ends for rows: `write.parquet(…)` and its kin, as plain data. A path that ends in / is a directory of part files.
import type { Json } from '../base/json.ts'
import type { TopicOptions } from '../base/topic.ts'
import type { ElasticsearchOptions } from '../sink/elasticsearch.ts'
import type { SinkLike } from './node.ts'
import type { KafkaConnection } from './read.ts'

/** Options of file writers. A single file that exists is an error unless `overwrite`. */
export interface WriteFileOptions {
  readonly overwrite?: boolean
}
/** Options of `write.parquet`. */
export interface WriteParquetOptions extends WriteFileOptions {
  readonly compression?: 'snappy' | 'none'
  readonly rowGroupRows?: number
}
/** Options of `write.kafka`. Without brokers, those of the job's one Kafka source are used. */
export interface WriteKafkaOptions extends KafkaConnection {
  readonly topic: string
  /** The column whose text is the record's key. */
  readonly key?: string
  readonly format?: 'json'
  /** 'exactly-once' writes in transactions that are committed with the checkpoint. */
  readonly delivery?: 'exactly-once' | 'at-least-once'
}
/** Options of `write.elasticsearch`. */
export type WriteElasticsearchOptions = ElasticsearchOptions

function to(sink: string, options: object): SinkLike {
  return { sink, options: options as unknown as Json }
}

/** Writers. */
export const write = {
  /** Parquet: exactly once, by files that appear with their checkpoint. */
  parquet: (path: string, options: WriteParquetOptions = {}): SinkLike => to('parquet', { path, ...options }),
  /** Arrow IPC files. */
  arrow: (path: string, options: WriteFileOptions = {}): SinkLike => to('arrow', { path, ...options }),
  /** NDJSON. */
  ndjson: (path: string, options: WriteFileOptions = {}): SinkLike => to('ndjson', { path, ...options }),
  /** CSV with a header line. */
  csv: (path: string, options: WriteFileOptions & { readonly delimiter?: string } = {}): SinkLike => to('csv', { path, ...options }),
  /** An in-process topic, as JSON, exactly once. */
  topic: (topic: TopicOptions, options: { readonly key?: string } = {}): SinkLike => to('topic', { ...topic, ...options }),
  /** A Kafka topic. Needs the package @platformatic/kafka. */
  kafka: (options: WriteKafkaOptions): SinkLike => to('kafka', options),
  /** An Elasticsearch (or OpenSearch) index: idempotent by document id. */
  elasticsearch: (options: WriteElasticsearchOptions): SinkLike => to('elasticsearch', options),
}
