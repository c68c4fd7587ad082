// `read.http`, `read.sse` and `read.webSocket`: JSON that comes over the network, each record of it a row.
import type { Json } from '../base/json.ts'
import type { SecretLike } from '../base/secret.ts'
import type { TopicOptions } from '../base/topic.ts'
import type { ServerEventsOptions, WebSocketFeedOptions } from '../source/network-events.ts'
import { decoded, type JsonPaths, type OnError, type RecordColumns } from './decoded.ts'
import type { Frame } from './frame-type.ts'
import type { FrameNode } from './node.ts'
import type { Schema } from './types.ts'

/** Options that all readers of JSON records from the network share. */
export interface NetworkRecords<S, M extends 'timestamp' = never> extends JsonPaths {
  readonly schema: S
  readonly onError?: OnError
  /** When records came, as a column `timestamp`. */
  readonly metadata?: readonly M[]
}

/** Options of `read.http`. */
export interface ReadHttpOptions<S, M extends 'timestamp' = never> extends NetworkRecords<S, M> {
  /** 0: any free one; `listening` is told of it. */
  readonly port: number
  /** 127.0.0.1 unless said: this machine alone. Another needs a token. */
  readonly host?: string
  /** '/' unless said. */
  readonly path?: string
  /** Asked of every request: `authorization: Bearer …`. */
  readonly token?: SecretLike
  /** Of one request at most, '1MiB' unless said; more is answered with 413. */
  readonly bodyBytes?: number | string
  /** Rows that wait in memory, '64MiB' unless said; while there are more, requests are answered with 503. */
  readonly queueBytes?: number | string
  /** A topic on disk that keeps the rows: then each request is answered with 200 when its rows are durable, and none is lost. */
  readonly topic?: TopicOptions
  /** Called with the address when it is listened on. */
  readonly listening?: (url: string) => void
}

/** Options of `read.sse`. */
export type ReadSseOptions<S, M extends 'timestamp' = never> = NetworkRecords<S, M> & Omit<ServerEventsOptions, 'url'>
/** Options of `read.webSocket`. */
export type ReadWebSocketOptions<S, M extends 'timestamp' = never> = NetworkRecords<S, M> & Omit<WebSocketFeedOptions, 'url'>

/** The columns of records from the network. */
export type NetworkColumns<S, M extends string> = RecordColumns<S & { [N in M]: 'timestamp[ms]' }>

/** The run time of the readers. `bound`: options that a plan can't hold. */
export function readNetwork<S extends Schema, M extends 'timestamp'>(kind: string, label: string, { schema, onError, metadata = [], paths, nested, ...options }: NetworkRecords<S, M> & { readonly url?: string }, bound?: object): Frame<NetworkColumns<S, M>> {
  const source: FrameNode = { node: 'feed', label, kind, params: options as unknown as Json, inputs: [], side: [], ...(bound && { bound: { ...options, ...bound } }) }
  const json = { schema, ...(paths && { paths }), ...(nested && { nested }) }
  return decoded(source, label, json, metadata, onError) as unknown as Frame<NetworkColumns<S, M>>
}
