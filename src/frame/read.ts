// Frames over files, topics and systems outside: `read.csv(…)` and its kin. Nothing is opened before the frame runs or is explained.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { TopicOptions } from '../base/topic.ts'
import type { Duration } from '../base/units.ts'
import { hideKeys, type ParquetDecryption } from '../format/parquet/parquet-keys.ts'
import type { HttpOptions } from '../source/http-ranges.ts'
import { decoded, type JsonPaths, type OnError, policyOf, type RecordColumns, sideOf } from './decoded.ts'
import { type FileInput, type NamedFiles, namedFiles } from './file-input.ts'
import { frameOf, type FrameValue } from './frame.ts'
import type { Frame } from './frame-type.ts'
import type { FrameNode } from './node.ts'
import { type NetworkColumns, readNetwork, type ReadHttpOptions, type ReadSseOptions, type ReadWebSocketOptions } from './read-http.ts'
import { type KafkaColumn, type KafkaColumns, type KafkaKey, readKafka, type ReadKafkaOptions } from './read-kafka.ts'
import type { Schema } from './types.ts'

/** Options of file readers. A schema is optional where the files carry or show one; with it, columns are known to the compiler. */
export interface ReadFileOptions<S> {
  readonly schema?: S
  readonly onError?: OnError
  /** Folders that are named for values, as in day=2026-01-01/, are columns of their files unless this is false: of the schema's types, or of what all values look like. */
  readonly partitions?: boolean
  /** How files behind http(s) addresses are asked for: headers, patience, limits. */
  readonly http?: HttpOptions
}
/** Reading files that come one after the other. */
export interface WatchOptions {
  /**
   * How often a directory or pattern is looked at for new files, as in `'1s'`: a stream without an end. Each file is read once, whole, when it has not changed between two looks; those that a look finds are
   * read in order of their names. One that changes later is an error (FILE_CHANGED). Needs a schema; folders' names are no columns. Rows are decoded on the engine's thread. A checkpoint holds the
   * names of the files that were read and are there.
   */
  readonly watch?: Duration
}
/** Reading text files that grow. */
export interface FollowOptions extends WatchOptions {
  /**
   * Reads on as files grow, a stream without an end: rows are read as soon as they are whole, by looks every 100 ms or so often as `every` says. Each file has a watermark of its own. A file that isn't there yet is
   * waited for; one that is renamed, replaced or cut is an error (FILE_MISSING, FILE_REPLACED, FILE_TRUNCATED). Needs a schema; CSV has commas, or tabs in .tsv, unless `delimiter` is given.
   */
  readonly follow?: boolean | { readonly every: Duration }
}
/** Options of `read.parquet` and `read.arrow`. */
export type ReadTypedOptions<S> = Omit<ReadFileOptions<S>, 'onError'> & WatchOptions
/** Options of `read.parquet`. */
export interface ReadParquetOptions<S> extends ReadTypedOptions<S> {
  /** The unit of INT96 timestamps: 'ns' unless said, which end in the years 1677 and 2262. What is beside a coarser unit is cut off. */
  readonly int96?: 'ms' | 'us' | 'ns'
  /** Whether the checksums of pages that have them are compared. */
  readonly verifyChecksums?: boolean
  /** False reads all pages of the row groups that are read. By default those that a filter wants nothing of, by the files' page indexes, are neither fetched nor decoded. */
  readonly pageIndex?: boolean
  /**
   * Only the rows [from, to), counted from 0 over all files in the order in which they are read: row groups without such rows are not read, nor are pages, where the files have page
   * indexes. `to` may lie behind the last row.
   */
  readonly rows?: readonly [from: number, to: number]
  /** False doesn't ask the files' Bloom filters, by which row groups are left out that a filter for equal values (`=`, `in`) wants nothing of. Nothing tells a damaged filter from a whole one. */
  readonly bloomFilters?: boolean
  /** The keys of encrypted files. They are in no plan, explanation, log or error. */
  readonly decryption?: ParquetDecryption
}
/** Options of `read.csv`. */
export interface ReadCsvOptions<S> extends ReadFileOptions<S>, FollowOptions {
  /** One ASCII character; without it a comma, tab, semicolon or pipe, whichever makes equally long rows of the first file's first ones. */
  readonly delimiter?: string
  /** What cells stand in that hold delimiters and line ends; a double quote unless said. Inside it is written twice. */
  readonly quote?: string
  /** Inside quotes, what makes the character behind it text, as a backslash does. */
  readonly escape?: string
  /** Lines that begin with this character are passed over. */
  readonly comment?: string
  /** False where the first row is none of names: columns are then found by their position, and called column_1, column_2, … without a schema. */
  readonly header?: boolean
  /** Lines before the header, or before the first row, that are passed over whatever they hold. */
  readonly skipLines?: number
  /** ',' where numbers have a comma before their fraction. */
  readonly decimal?: '.' | ','
  /** Rows with another number of cells are errors; 'pad' takes cells that are missing as nulls, 'fit' also leaves out those that are too many. */
  readonly ragged?: 'error' | 'pad' | 'fit'
  /** UTF-8, or UTF-16 by its byte order mark, unless said. Others than UTF-8 are read on one thread a file. */
  readonly encoding?: 'utf-8' | 'latin-1' | 'utf-16le' | 'utf-16be'
  /** Texts that mean null, unquoted; the empty one by default. */
  readonly nulls?: readonly string[]
}
/** Options of `read.ndjson` and `read.json`. */
export interface ReadNdjsonOptions<S> extends ReadFileOptions<S>, JsonPaths, FollowOptions {
  /**
   * Keys that no column is read from: passed over; an error; or collected, as a JSON object, in the column named, which is utf8? in the schema, or the last
   * one where there is no schema. In nested columns they are passed over, or an error.
   */
  readonly unknown?: 'ignore' | 'error' | { readonly collect: string }
  /** Keys that are missing: null, where the column allows it; or an error. */
  readonly missing?: 'null' | 'error'
}
interface TopicTypes {
  key: 'binary?'
  partition: 'int32'
  offset: 'int64'
  timestamp: 'timestamp[ms]'
}
/** Columns of a topic's record beside its value. */
export type TopicColumn = keyof TopicTypes
/** Options of `read.topic`. */
export interface ReadTopicOptions<S, M extends TopicColumn = never> extends JsonPaths {
  readonly format: 'json'
  readonly schema: S
  readonly onError?: OnError
  /** Columns of the record itself, beside those of its value. */
  readonly metadata?: readonly M[]
  /** 'end': stops at what is there when the job starts; by default it goes on for ever. */
  readonly until?: 'end'
}
type Files = FileInput | readonly FileInput[]
type FrameFor<S> = Frame<S extends Schema ? S : any>

function scan(kind: string, files: Files, { http, follow, watch, ...options }: { readonly http?: HttpOptions | undefined } & FollowOptions, onError?: OnError): FrameValue {
  const label = `read.${kind}`
  const { paths, sources } = namedFiles(files, http, label)
  if (watch !== undefined || follow) return growing(kind, { paths, sources }, { follow, watch }, { ...options, ...policyOf(onError) }, sideOf(onError))
  const params = { paths, ...options, ...(sources.size > 0 && { fetched: 0 }), ...policyOf(onError) } as unknown as Json
  const node: FrameNode = { node: 'scan', label, kind, params, inputs: [], side: sideOf(onError), ...(sources.size > 0 && { bound: sources }) }
  return frameOf(node)
}

// Files that grow, or come one after the other.
function growing(kind: string, { paths, sources }: NamedFiles, { follow, watch }: FollowOptions, options: object, side: FrameNode['side']): FrameValue {
  const label = `read.${kind}`
  const how = watch === undefined ? 'follow' : 'watch'
  const refused = (what: string) => new PlanError(how.toUpperCase(), `${label}: ${what}`)
  if (watch !== undefined && follow) throw refused('files are watched for, or followed as they grow; give one of the two')
  if (sources.size > 0) throw refused(`only files of this machine can be ${how}ed; ${[...sources.keys()][0]} is none`)
  if (!('schema' in options && options.schema) && !('types' in options)) throw refused("what isn't there yet has no columns; give a schema")
  const every = watch ?? (typeof follow === 'object' ? follow.every : followMs)
  const params = { format: kind, paths, every, options } as unknown as Json
  return frameOf({ node: 'feed', label, kind: watch === undefined ? 'followedFiles' : 'watchedFiles', params, inputs: [], side })
}

const followMs = 100

/**
 * Readers. Paths may be globs or directories; several files are read in order of their names. Files may also be http(s) addresses, Blobs, bytes and readers of one's own:
 * of Parquet and Arrow only the ranges that are needed are fetched, of texts one block after the other; they are decoded on the engine's thread.
 */
export const read = {
  /** NDJSON: an object a line; or a file that is one JSON array of objects. */
  ndjson<const S extends Schema | undefined = undefined>(files: Files, { onError, paths, ...options }: ReadNdjsonOptions<S> = {}): FrameFor<S> {
    return scan('ndjson', files, { ...options, ...(paths && { columnPaths: paths }) }, onError) as unknown as FrameFor<S>
  },
  /** JSON: one array of objects, or objects one after the other, over as many lines as they like. Read on one thread a file. */
  json<const S extends Schema | undefined = undefined>(files: Files, { onError, paths, ...options }: Omit<ReadNdjsonOptions<S>, 'follow'> = {}): FrameFor<S> {
    return scan('json', files, { ...options, ...(paths && { columnPaths: paths }) }, onError) as unknown as FrameFor<S>
  },
  /** CSV and its kin, with a header line unless said otherwise. */
  csv<const S extends Schema | undefined = undefined>(files: Files, { onError, ...options }: ReadCsvOptions<S> = {}): FrameFor<S> {
    return scan('csv', files, options, onError) as unknown as FrameFor<S>
  },
  /** Parquet. */
  parquet<const S extends Schema | undefined = undefined>(files: Files, { schema, decryption, ...options }: ReadParquetOptions<S> = {}): FrameFor<S> {
    return checkedBySchema(scan('parquet', files, { ...options, ...(schema && { types: schema }), ...(decryption && { decryption: hideKeys(decryption) }) }), schema) as unknown as FrameFor<S>
  },
  /** Arrow IPC, file or stream. */
  arrow<const S extends Schema | undefined = undefined>(files: Files, { schema, ...options }: ReadTypedOptions<S> = {}): FrameFor<S> {
    return checkedBySchema(scan('arrow', files, { ...options, ...(schema && { types: schema }) }), schema) as unknown as FrameFor<S>
  },
  /** An in-process topic. */
  topic<const S extends Schema, const M extends TopicColumn = never>(topic: TopicOptions, options: ReadTopicOptions<S, M>): Frame<RecordColumns<S & Pick<TopicTypes, M>>> {
    const params = { ...topic, ...(options.until && { until: options.until }) } as Json
    const source: FrameNode = { node: 'feed', label: 'read.topic', kind: 'topic', params, inputs: [], side: [] }
    return decoded(source, 'read.topic', options, options.metadata ?? [], options.onError) as unknown as Frame<RecordColumns<S & Pick<TopicTypes, M>>>
  },
  /**
   * Rows that others send: a listener for POST requests of NDJSON (content-type application/x-ndjson), on this machine alone unless `host` says otherwise. With a `topic` on disk a request is answered with 200 when
   * its rows are durable there; without one with 202, and rows that no checkpoint covers are lost with the process. More than the job can take is answered with 503 and Retry-After.
   */
  http<const S extends Schema, const M extends 'timestamp' = never>({ listening, ...options }: ReadHttpOptions<S, M>): Frame<NetworkColumns<S, M>> {
    return readNetwork('http', 'read.http', options, listening && { listening })
  },
  /**
   * Server-sent events, whose data is JSON, as they happen. Where the connection is lost it is made again, and after a restart too, behind the last event that was given (Last-Event-ID): servers that keep events lose none
   * then. Ends where the server answers with 204. Events without ids are missed while nobody is connected.
   */
  sse<const S extends Schema, const M extends 'timestamp' = never>(url: string, options: ReadSseOptions<S, M>): Frame<NetworkColumns<S, M>> {
    return readNetwork('serverEvents', 'read.sse', { url, ...options })
  },
  /** Messages of WebSocket, each a JSON object, as they happen. Where the connection is lost it is made again; what comes meanwhile is missed, since the protocol knows no places to go on from. */
  webSocket<const S extends Schema, const M extends 'timestamp' = never>(url: string, options: ReadWebSocketOptions<S, M>): Frame<NetworkColumns<S, M>> {
    return readNetwork('webSocket', 'read.webSocket', { url, ...options })
  },
  /** A Kafka topic. Needs the package @platformatic/kafka. */
  kafka<const S extends Schema, const K extends KafkaKey = never, const M extends KafkaColumn = never>(options: ReadKafkaOptions<S, K, M>): Frame<KafkaColumns<S, K, M>> {
    return readKafka(options as unknown as ReadKafkaOptions<Schema, KafkaKey, KafkaColumn>) as unknown as Frame<KafkaColumns<S, K, M>>
  },
}

function checkedBySchema(frame: FrameValue, schema: Schema | undefined): FrameValue {
  return schema ? frame.as(schema) : frame
}
