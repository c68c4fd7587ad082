// Ends for rows: `write.parquet(…)` and its kin, as plain data. A path that ends in / is a directory of part files.
import type { Json } from '../base/json.ts'
import type { TopicOptions } from '../base/topic.ts'
import type { Duration } from '../base/units.ts'
import { hideEncryption, type ParquetEncryption } from '../format/parquet/write-encryption.ts'
import type { ParquetWriteOptions } from '../format/parquet/write-options.ts'
import type { ElasticsearchOptions } from '../sink/elasticsearch.ts'
import type { HttpSinkOptions } from '../sink/http.ts'
import type { Roll } from '../sink/roll.ts'
import type { Success } from '../sink/success-markers.ts'
import { consoleSink, type EachRow, eachSink, type WriteConsoleOptions, type WriteEachOptions } from './local-sinks.ts'
import type { SinkLike } from './node.ts'
import type { KafkaConnection } from './read-kafka.ts'

/** Options of file writers. What exists, a single file or part files, is an error unless one of the two says what to do. */
export interface WriteFileOptions {
  /** Replaces what is there. */
  readonly overwrite?: boolean
  /**
   * Keeps what is there, and puts rows behind it: as further part files of a directory, or in a single NDJSON or CSV file. Dead letters and late rows are
   * written so unless `overwrite` is given: what an earlier run could not use is not lost by running again.
   */
  readonly append?: boolean
  /**
   * Columns of a directory whose values become folders, as in day=2026-01-01/, and are not in the files; null is __HIVE_DEFAULT_PARTITION__. Readers of a
   * directory or pattern make columns of them again. One file an epoch and partition, at most 10,000 of them.
   */
  readonly partitionBy?: readonly string[]
  /**
   * When the files of a directory end: at an age, a size, or whichever comes first, as in `'1m'` or `{ every: '1m', size: '128MiB' }`. Until then a file goes on, hidden, from epoch to
   * epoch, and is seen with the first checkpoint behind its end; a drained job ends its files. Ages are looked at when rows come and at checkpoints, sizes after each batch (of Parquet: by
   * the row groups that are written). Unless given, each epoch has files of its own.
   */
  readonly roll?: Roll
  /**
   * Which empty files tell other programs that rows are complete. `true`: _SUCCESS in the directory, once the input has ended. With `partitionTime`: one in each partition, once the watermark has
   * passed its time by `delay`; its files end then, and late rows mark it again. Without a watermark that is at the end of the input, too.
   */
  readonly success?: Success
}
/** Options of `write.parquet`. */
export interface WriteParquetOptions extends WriteFileOptions, Omit<ParquetWriteOptions, 'encryption' | 'chunkPagesMax'> {
  /** Encrypts the files. The keys are in no plan, explanation, log or error. */
  readonly encryption?: ParquetEncryption
}
/** Options of `write.ndjson` and `write.json`. */
export interface WriteTextOptions extends WriteFileOptions {
  /** Files whose names end in .gz or .zst are packed so without it; the part files of a directory get that ending. Packed files can't be appended to. */
  readonly compression?: 'gzip' | 'zstd' | 'none'
}
/** Options of `write.csv`. */
export interface WriteCsvOptions extends WriteTextOptions {
  readonly delimiter?: string
  readonly quote?: string
  /** False leaves the header line out. */
  readonly header?: boolean
  /** What null is written as; nothing unless said. Text that is the same is quoted. */
  readonly nullText?: string
  /** Which cells are quoted: those that must be (the default), all text, or all that aren't null. */
  readonly quoting?: 'needed' | 'text' | 'all'
  readonly lineEnd?: '\n' | '\r\n'
}
/** Options of `write.kafka`. Brokers may be left out for the dead letters of a `read.kafka`: then they go to its brokers. */
export interface WriteKafkaOptions extends Partial<KafkaConnection> {
  readonly topic: string
  /** The column whose text (of binary: whose bytes) is the record's key, and chooses its partition as Java's clients do. */
  readonly key?: string
  /** A JSON object a row. By default too, but for rows with a binary column `value`, such as dead letters: they become records of those bytes, with their other columns as headers. */
  readonly format?: 'json'
  /**
   * 'exactly-once' (the default) writes in transactions that are committed with the checkpoint: for readers at read_committed, and under a job name that no
   * other job of the cluster has. A bounded job without checkpoints is one transaction. 'at-least-once' shows rows at once.
   */
  readonly delivery?: 'exactly-once' | 'at-least-once'
  /** How long the brokers keep a transaction open: more than a checkpoint's interval and a restart together; default 15 minutes, the most that brokers allow by default. */
  readonly transactionTimeout?: Duration
}
/** Options of `write.http`. */
export type WriteHttpOptions = Omit<HttpSinkOptions, 'url'>
/** Options of `write.elasticsearch`. */
export type WriteElasticsearchOptions = ElasticsearchOptions

function to(sink: string, options: object): SinkLike {
  return { sink, options: options as unknown as Json }
}

/** The sink of rows beside the main ones (dead letters, late rows): files that are there already stay. */
export function sideSink(sink: SinkLike): SinkLike {
  const { path, overwrite, append } = (sink.options ?? {}) as { path?: unknown; overwrite?: boolean; append?: boolean }
  if (typeof path !== 'string' || overwrite !== undefined || append !== undefined) return sink
  const isText = (sink.sink === 'ndjson' || sink.sink === 'csv') && !/\.(gz|zst)$/.test(path)
  return path.endsWith('/') || isText ? { ...sink, options: { ...(sink.options as object), append: true } } : sink
}

/** Writers. */
export const write = {
  /** Parquet: exactly once, by files that appear with their checkpoint. */
  parquet: (path: string, { encryption, ...options }: WriteParquetOptions = {}): SinkLike => to('parquet', { path, ...options, ...(encryption && { encryption: hideEncryption(encryption) }) }),
  /** Arrow IPC files. */
  arrow: (path: string, options: WriteFileOptions = {}): SinkLike => to('arrow', { path, ...options }),
  /** NDJSON. Floats that are no numbers are null. */
  ndjson: (path: string, options: WriteTextOptions = {}): SinkLike => to('ndjson', { path, ...options }),
  /** JSON: one array of objects, as NDJSON has them. */
  json: (path: string, options: Omit<WriteTextOptions, 'append'> = {}): SinkLike => to('json', { path, ...options }),
  /** CSV with a header line. */
  csv: (path: string, options: WriteCsvOptions = {}): SinkLike => to('csv', { path, ...options }),
  /** An in-process topic, as JSON, exactly once. */
  topic: (topic: TopicOptions, options: { readonly key?: string } = {}): SinkLike => to('topic', { ...topic, ...options }),
  /** A Kafka topic. Needs the package @platformatic/kafka. */
  kafka: (options: WriteKafkaOptions): SinkLike => to('kafka', options),
  /**
   * Calls a function with each row; what it promises is awaited before the next, so that a slow one holds the job up. A restart calls it again with the rows since the last checkpoint. An error that it throws ends the job
   * (ConnectorError USER_SINK). Cost: an object a row; `sink` takes batches.
   */
  each: (act: EachRow, options: WriteEachOptions = {}): SinkLike => eachSink(act, options),
  /** Lines of aligned columns on standard output, as rows come; what rows that change earlier ones are stands first. In a pipe nothing is cut or coloured. */
  console: (options: WriteConsoleOptions = {}): SinkLike => consoleSink(options),
  /**
   * POST requests of NDJSON, when their epoch's checkpoint is durable. Each has an Idempotency-Key of its own, and is made again with the same key and the same bytes: a receiver that
   * remembers keys takes each row once, any other at least once. An epoch has at most 64 MiB of rows; a job without checkpoints sends bodies as they fill.
   */
  http: (url: string, options: WriteHttpOptions = {}): SinkLike => to('http', { url, ...options }),
  /** An Elasticsearch (or OpenSearch) index: idempotent by document id. */
  elasticsearch: (options: WriteElasticsearchOptions): SinkLike => to('elasticsearch', options),
}
