// Frames over files, topics and systems outside: `read.csv(…)` and its kin. Nothing is opened before the frame runs or is explained.
import type { Json } from '../base/json.ts'
import type { SecretLike } from '../base/secret.ts'
import type { TopicOptions } from '../base/topic.ts'
import { frameOf, type FrameValue } from './frame.ts'
import type { Frame } from './frame-type.ts'
import type { FrameNode, SinkLike } from './node.ts'
import type { Schema } from './types.ts'

/** What happens with records that don't fit: the job fails (default), they are counted and left out, or they go to a sink. */
export type OnError = 'fail' | 'skip' | { readonly deadLetters: SinkLike }

/** Options of file readers. A schema is optional where the files carry or show one; with it, columns are known to the compiler. */
export interface ReadFileOptions<S> {
  readonly schema?: S
  readonly onError?: OnError
}
/** Options of `read.csv`. */
export interface ReadCsvOptions<S> extends ReadFileOptions<S> {
  readonly delimiter?: string
  readonly quote?: string
  readonly header?: boolean
  /** Texts that mean null, unquoted; the empty one by default. */
  readonly nulls?: readonly string[]
}
/** Where in nested objects the columns of JSON records lie: `{ price: 'bid.price' }`, or `nested` for columns that are named so themselves. */
export interface JsonPaths {
  readonly paths?: { readonly [column: string]: string }
  readonly nested?: boolean
}
/** Options of `read.ndjson`. */
export type ReadNdjsonOptions<S> = ReadFileOptions<S> & JsonPaths
/** Options of `read.topic`. */
export interface ReadTopicOptions<S> extends JsonPaths {
  readonly format: 'json'
  readonly schema: S
  readonly onError?: OnError
  /** Columns of the record itself, beside those of its value. */
  readonly metadata?: readonly ('key' | 'partition' | 'offset' | 'timestamp')[]
  /** 'end': stops at what is there when the job starts; by default it goes on for ever. */
  readonly until?: 'end'
}
/** How to reach Kafka. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly tls?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly rejectUnauthorized?: boolean }
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: SecretLike }
}
/** Options of `read.kafka`. */
export interface ReadKafkaOptions<S> extends KafkaConnection {
  readonly topic: string
  /** Where progress is shown to others; positions themselves are in the job's checkpoints. */
  readonly group?: string
  /** 'utf8', 'binary', or JSON with a schema of its own, whose columns are named key.… */
  readonly key?: 'utf8' | 'binary'
  readonly value: { readonly format: 'json'; readonly schema: S } & JsonPaths
  readonly metadata?: readonly ('key' | 'headers' | 'partition' | 'offset' | 'timestamp')[]
  readonly start?: 'earliest' | 'latest'
  readonly until?: 'end'
  readonly onError?: OnError
}

type Paths = string | readonly string[]
type FrameFor<S> = Frame<S extends Schema ? S : any>

function scan(kind: string, paths: Paths, options: object, onError?: OnError): FrameValue {
  const node: FrameNode = { node: 'scan', label: `read.${kind}`, kind, params: { paths: typeof paths === 'string' ? [paths] : paths, ...options, ...policy(onError) } as Json, inputs: [], side: sideOf(onError) }
  return frameOf(node)
}

function policy(onError: OnError | undefined): { onError?: string } {
  return onError === undefined ? {} : { onError: typeof onError === 'string' ? onError : 'deadLetters' }
}

function sideOf(onError: OnError | undefined): FrameNode['side'] {
  return typeof onError === 'object' ? [{ port: 'deadLetters', sink: onError.deadLetters }] : []
}

// Records with a value in some format: the source gives them as bytes, an operator in the workers decodes them.
function decoded(source: FrameNode, label: string, json: JsonPaths & { readonly schema: object }, keep: readonly string[], onError: OnError | undefined): FrameValue {
  const { schema, paths, nested } = json
  const params = { column: 'value', schema, keep, ...(paths && { paths }), ...(nested && { nested }), ...policy(onError) } as unknown as Json
  return frameOf({ node: 'operator', label: `${label}.decode`, kind: 'decodeJson', params, inputs: [{ node: source }], side: sideOf(onError) })
}

/** Readers. Paths may be globs or directories; several files are read in order of their names. */
export const read = {
  /** NDJSON: an object a line. */
  ndjson<const S extends Schema | undefined = undefined>(paths: Paths, { onError, ...options }: ReadNdjsonOptions<S> = {}): FrameFor<S> {
    return scan('ndjson', paths, options, onError) as unknown as FrameFor<S>
  },
  /** CSV and its kin, with a header line unless said otherwise. */
  csv<const S extends Schema | undefined = undefined>(paths: Paths, { onError, ...options }: ReadCsvOptions<S> = {}): FrameFor<S> {
    return scan('csv', paths, options, onError) as unknown as FrameFor<S>
  },
  /** Parquet. */
  parquet<const S extends Schema | undefined = undefined>(paths: Paths, options: { readonly schema?: S } = {}): FrameFor<S> {
    return checkedBySchema(scan('parquet', paths, {}), options.schema) as unknown as FrameFor<S>
  },
  /** Arrow IPC, file or stream. */
  arrow<const S extends Schema | undefined = undefined>(paths: Paths, options: { readonly schema?: S } = {}): FrameFor<S> {
    return checkedBySchema(scan('arrow', paths, {}), options.schema) as unknown as FrameFor<S>
  },
  /** An in-process topic. */
  topic<const S extends Schema>(topic: TopicOptions, options: ReadTopicOptions<S>): Frame<S> {
    const params = { ...topic, ...(options.until && { until: options.until }) } as Json
    const source: FrameNode = { node: 'feed', label: 'read.topic', kind: 'topic', params, inputs: [], side: [] }
    return decoded(source, 'read.topic', options, options.metadata ?? [], options.onError) as unknown as Frame<S>
  },
  /** A Kafka topic. Needs the package @platformatic/kafka. */
  kafka<const S extends Schema>({ value, metadata = [], onError, ...options }: ReadKafkaOptions<S>): Frame<S> {
    const source: FrameNode = { node: 'feed', label: 'read.kafka', kind: 'kafka', params: options as unknown as Json, inputs: [], side: [] }
    return decoded(source, 'read.kafka', value, metadata, onError) as unknown as Frame<S>
  },
}

function checkedBySchema(frame: FrameValue, schema: Schema | undefined): FrameValue {
  return schema ? frame.as(schema) : frame
}
