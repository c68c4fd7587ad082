// The contracts of sources. A scan is bounded and read synchronously inside the workers (files, tables, generators); a feed is read
// asynchronously on the engine's thread (topics, Kafka, user code) and may never end. Both are described by plain data, so that a plan survives JSON.
import type { Clock } from '../base/clock.ts'
import type { Json } from '../base/json.ts'
import type { Topics } from '../base/topic.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { ValueBounds } from '../batch/value-bounds.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** A piece of a scan that one worker reads alone, as plain data. */
export type ScanSplit = { readonly [key: string]: Json | undefined }

/** What a scan's reader may use. */
export interface ScanContext {
  readonly device: Device
  /** The place for error messages, such as `read.csv`. */
  readonly where: string
  /** The most rows of a batch, as of now. */
  readonly batchRows: number
  /** The address of the scan's `sharedBytes`; 0 where it has none. */
  readonly shared: number
  /** An arena for the next batch; the one before must have been emitted, and is released if it wasn't. */
  arena(): Arena
  /** Hands over a batch and the reader's reference to its arena. `port` names a side output such as 'deadLetters'. */
  emit(batch: Batch, port?: string): void
  count(metric: string, by: number): void
  /** The columns that are read of the rows, or of a side output; 'all', or undefined where nobody reads it. */
  wanted?(port?: string): readonly string[] | 'all' | undefined
  /** What this thread's readers of the scan share, from split to split: made at first, and closed when the last has ended. */
  keep?<T extends { close(): void }>(name: string, make: () => T): T
}

/** Rows [start, end) of a split, and what is known of their values by the columns' names. */
export interface SplitPiece {
  readonly start: number
  readonly end: number
  readonly bounds: Readonly<Record<string, ValueBounds>>
}

/** A bounded source. Every call is synchronous; IO happens in the calling thread. Of `fetched` files calls may throw BytesMissing, and are made again once they are there. */
export interface ScanSourceType<O extends Json = Json> {
  readonly kind: string
  /**
   * Gets what must be waited for, such as keys from a key server: before `resolve` what that needs, with no columns; later what reading `columns` needs (undefined = all).
   * Undefined where there is nothing to wait for.
   */
  prepare?(options: O, where: string, columns: readonly string[] | undefined): Promise<void> | undefined
  /** Looks at the data as far as needed and completes the options (schema, file list). Throws DataError or ConnectorError. */
  resolve(options: O, where: string): { options: O; fields: Fields; sidePorts?: Record<string, Fields> }
  /** All splits, in source order. */
  splits(options: O): ScanSplit[]
  /**
   * So many splits in a row take about as long as messages about them: where the order of rows says nothing, all threads are told of them at once, and each takes the
   * next one that none has taken. Unless said, each is handed to one thread.
   */
  readonly splitsTogether?: number
  /** Bytes of memory, zeroed at first, in which readers on all threads tell each other what they know of the data. */
  sharedBytes?(options: O): number
  /** The side outputs, too, are made of those columns alone that `wanted` tells of. */
  readonly prunesPorts?: true
  /** The options of a scan that gives as its rows what this one gives by a side output, for jobs that read nothing else of it; undefined where it is to stay whole. */
  portAlone?(options: O, port: string): O | undefined
  /** Rows, or those of a side output, if known without reading everything: for progress, and for choices of the plan. */
  rowCount?(options: O, port?: string): number | undefined
  /**
   * What is known of a split's values before it is read, by the columns' names: a split in which no row can meet the job's conditions is not read. Only `columns`
   * are asked for. What it says must hold. May look at the data, as `resolve` does.
   */
  bounds?(options: O, split: ScanSplit, columns: readonly string[]): Readonly<Record<string, ValueBounds>>
  /**
   * As `bounds`, of pieces of the split that can be read without the others: rows one behind the other, from the first to the last; undefined where nothing more is known than
   * of the whole. Where some pieces need not be read, `read` is given the split with `rows`: the ranges [start, end) to be read, ascending.
   */
  pieces?(options: O, split: ScanSplit, columns: readonly string[]): readonly SplitPiece[] | undefined
  /**
   * Reads one split, in order. `columns`: only these fields are needed (undefined = all). What it yields says nothing but that a good place to pause
   * is reached: a reader that yields after each batch is asked to go on only when there is room for more, and is left (its `finally` runs) when the job ends.
   * A promise must be waited for: on the engine's thread only, where `fetched` files are read.
   */
  read(context: ScanContext, options: O, split: ScanSplit, columns: readonly string[] | undefined): Iterable<void | Promise<void>>
  describe(options: O): string
}

/** What a feed may use. */
export interface FeedContext {
  readonly device: Device
  readonly clock: Clock
  readonly where: string
  /** Aborted when the run stops; `next` must then settle. */
  readonly signal: AbortSignal
  /** In-process topics, where the engine has them. */
  readonly topics?: Topics
  /** Rows wanted per batch now. */
  batchRows(): number
  count(metric: string, by: number): void
}

/** Rows of a side output. */
export interface SideBatch {
  readonly port: string
  readonly batch: Batch
}

/** A feed's open reader, at work between `next` calls only. */
export interface FeedReader {
  /** The next rows, with one reference to their arena; 'idle' after a while without any (the wait is the reader's); undefined at the end. */
  next(): Promise<Batch | SideBatch | 'idle' | undefined>
  /** The position behind everything that `next` has returned, as plain data; `open` continues from it. */
  position(): Json
  /** All rows up to `position` are durable in every sink. */
  committed?(position: Json): Promise<void>
  /** The number of splits (values of the hidden column `$split`), for sources that have them: watermarks wait for each. */
  splitCount?(): number
  /** Units left, for progress and lag; undefined if unknown. */
  remaining?(): number | undefined
  close(): Promise<void>
}

/** An unbounded (or user-made) source. */
export interface FeedSourceType<O = unknown> {
  readonly kind: string
  resolve(options: O, where: string): { fields: Fields; bounded: boolean; sidePorts?: Record<string, Fields> }
  /** Opens at `position`, or at the options' start. Throws ConnectorError when the outside can't be reached. */
  open(context: FeedContext, options: O, position: Json | undefined): Promise<FeedReader>
  describe(options: O): string
}

/** Any scan, its options' type forgotten, as the catalogue holds it. */
export type AnyScanSourceType = Pick<ScanSourceType, 'kind'>
