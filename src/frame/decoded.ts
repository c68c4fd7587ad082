// Frames over records that carry a format: the source gives them as bytes, an operator in the workers decodes them. Shared by the readers of topics.
import type { Json } from '../base/json.ts'
import { frameOf, type FrameValue } from './frame.ts'
import type { FrameNode, SinkLike } from './node.ts'
import { sideSink } from './write.ts'

/** What happens with records that don't fit: the job fails (default), they are counted and left out, or they go to a sink. */
export type OnError = 'fail' | 'skip' | { readonly deadLetters: SinkLike }

/** Where in nested objects the columns of JSON records lie: `{ price: 'bid.price' }`, or `nested` for columns that are named so themselves. */
export interface JsonPaths {
  readonly paths?: { readonly [column: string]: string }
  readonly nested?: boolean
}

/** The columns of a record's parts as one schema. */
export type RecordColumns<T> = { -readonly [K in keyof T]: T[K] } & {}

/** The policy as an operator's or source's parameter. */
export function policyOf(onError: OnError | undefined): { onError?: string } {
  return onError === undefined ? {} : { onError: typeof onError === 'string' ? onError : 'deadLetters' }
}

/** Where a node's dead letters go. */
export function sideOf(onError: OnError | undefined): FrameNode['side'] {
  return typeof onError === 'object' ? [{ port: 'deadLetters', sink: sideSink(onError.deadLetters) }] : []
}

/** The node that decodes JSON behind `source`. `column` holds it; `keep` names the source's columns to carry along. */
export function decodeNode(source: FrameNode, label: string, column: string, json: JsonPaths & { readonly schema: object }, keep: readonly string[], onError: OnError | undefined, more: object = {}): FrameNode {
  const { schema, paths, nested } = json
  const params = { column, schema, keep, ...(paths && { paths }), ...(nested && { nested }), ...more, ...policyOf(onError) } as unknown as Json
  return { node: 'operator', label: `${label}.decode`, kind: 'decodeJson', params, inputs: [{ node: source }], side: sideOf(onError) }
}

/** A frame over the JSON in the column `value` of `source`. */
export function decoded(source: FrameNode, label: string, json: JsonPaths & { readonly schema: object }, keep: readonly string[], onError: OnError | undefined): FrameValue {
  return frameOf(decodeNode(source, label, 'value', json, keep, onError))
}
