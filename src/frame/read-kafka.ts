// `read.kafka`: the options and the types of its columns, and the nodes it stands for: the source, a decoder of JSON keys, a decoder of values.
import type { Json } from '../base/json.ts'
import type { SecretLike } from '../base/secret.ts'
import { decoded, decodeNode, type JsonPaths, type OnError, type RecordColumns } from './decoded.ts'
import type { FrameValue } from './frame.ts'
import type { FrameNode } from './node.ts'
import type { Schema } from './types.ts'

/** How to reach Kafka. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  /** Texts are PEM. */
  readonly tls?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: SecretLike; readonly rejectUnauthorized?: boolean }
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: SecretLike }
}

/** Columns of a Kafka record beside its value. `headers` is JSON: [[name, value], …], where a value that is no UTF-8 is { "base64": "…" }. */
export type KafkaColumn = 'key' | 'headers' | 'partition' | 'offset' | 'timestamp'
/** How keys are given: as text, as bytes, or as columns `key.…` of their JSON (a record without a key is an object without keys there). */
export type KafkaKey = 'utf8' | 'binary' | ({ readonly format: 'json'; readonly schema: Schema } & JsonPaths)

/** Options of `read.kafka`. */
export interface ReadKafkaOptions<S, K extends KafkaKey = never, M extends KafkaColumn = never> extends KafkaConnection {
  readonly topic: string
  /** Where progress is shown to others; positions themselves are in the job's checkpoints. */
  readonly group?: string
  /** Adds the column `key` ('utf8' or 'binary', nullable), or the columns `key.…` of a JSON key with a schema of its own. */
  readonly key?: K
  readonly value: { readonly format: 'json'; readonly schema: S } & JsonPaths
  readonly metadata?: readonly M[]
  /** Where a job without a checkpoint begins; default 'earliest'. */
  readonly start?: 'earliest' | 'latest'
  /** 'end': stops at what is there when the job first starts; by default it goes on for ever. */
  readonly until?: 'end'
  /** Dead letters to `write.kafka` without brokers go to these brokers. A broken JSON key makes a dead letter too. */
  readonly onError?: OnError
}

interface ColumnTypes {
  headers: 'utf8'
  partition: 'int32'
  offset: 'int64'
  timestamp: 'timestamp[ms]'
}
type KeyColumns<K, M> = [K] extends [never]
  ? 'key' extends M
    ? { key: 'utf8?' }
    : {}
  : K extends { readonly schema: infer KS }
    ? { [N in keyof KS as `key.${N & string}`]: KS[N] } & ('key' extends M ? { key: 'binary?' } : {})
    : { key: K extends 'binary' ? 'binary?' : 'utf8?' }
/** The columns of a Kafka frame. */
export type KafkaColumns<S, K, M> = RecordColumns<S & KeyColumns<K, M> & { [N in M & keyof ColumnTypes]: ColumnTypes[N] }>

/** The run time of `read.kafka`. */
export function readKafka({ value, key, metadata = [], onError, ...options }: ReadKafkaOptions<Schema, KafkaKey, KafkaColumn>): FrameValue {
  const { brokers, tls, sasl } = options
  const letters = withBrokers(onError, { brokers, ...(tls !== undefined && { tls }), ...(sasl !== undefined && { sasl }) })
  const jsonKey = typeof key === 'object' ? key : undefined
  const isKeyKept = metadata.includes('key') || (key !== undefined && !jsonKey)
  const columns = [...(isKeyKept || jsonKey ? ['key'] : []), ...metadata.filter(name => name !== 'key')]
  const params = { ...options, ...(key !== undefined && { key: jsonKey ? 'binary' : key }), metadata: columns } as unknown as Json
  const source: FrameNode = { node: 'feed', label: 'read.kafka', kind: 'kafka', params, inputs: [], side: [] }
  const kept = isKeyKept ? columns : columns.filter(name => name !== 'key')
  if (!jsonKey) return decoded(source, 'read.kafka', value, kept, letters)
  const more = { prefix: 'key.', nulls: 'empty', letter: 'value' }
  const withKeys = decodeNode(source, 'read.kafka.key', 'key', jsonKey, ['value', ...kept], letters, more)
  return decoded(withKeys, 'read.kafka', value, [...Object.keys(jsonKey.schema).map(name => `key.${name}`), ...kept], letters)
}

function withBrokers(onError: OnError | undefined, connection: Partial<KafkaConnection>): OnError | undefined {
  if (typeof onError !== 'object') return onError
  const { sink, options } = onError.deadLetters
  if (sink !== 'kafka' || (options as Partial<KafkaConnection>).brokers !== undefined) return onError
  return { deadLetters: { ...onError.deadLetters, options: { ...connection, ...(options as object) } as unknown as Json } }
}
