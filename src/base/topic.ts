// In-process topics as the rim sees them: plain-data options, records in columns, and the log behind a topic. The log itself lives in
// storage/; sources and sinks reach it through `Topics`, which the engine hands them.

/** Names a topic, as plain data. Without `dir` it lives in the memory of this process. */
export interface TopicOptions {
  readonly name: string
  /** The directory that holds topics; this one is a folder in it. */
  readonly dir?: string
  /** Fixed when the topic is first opened; 1 if never said. */
  readonly partitions?: number
}

/** Records in columns. Lengths are bytes; a key length of −1 is no key. Keys and values lie one after the other. */
export interface TopicRecords {
  readonly count: number
  readonly partitions: Int32Array
  /** Epoch milliseconds, whole. */
  readonly timestampsMs: Float64Array
  readonly keyLengths: Int32Array
  readonly keyBytes: Uint8Array
  readonly valueLengths: Int32Array
  readonly valueBytes: Uint8Array
}

/** Records as they lie in the log, in the order in which they were appended. */
export interface TopicFrame extends TopicRecords {
  /** How many records of the topic come before the first. */
  readonly sequence: number
}

/** What `stage` made: plain data, kept in the checkpoint until the epoch is committed. */
export interface StagedEpoch {
  readonly writer: string
  readonly epoch: number
  readonly id: string
  readonly rows: number
  readonly [key: string]: string | number
}

/** An open topic: a log of records, numbered from 0 in the one order in which all partitions were written. */
export interface TopicLog {
  readonly name: string
  readonly partitionCount: number
  /** Records that can be read. */
  readonly recordCount: number
  /** The number of records in each partition. */
  offsets(): number[]
  /** The frame that holds record `sequence`; undefined at the end. Throws DataError TOPIC_CORRUPT, ConnectorError TOPIC_IO. */
  read(sequence: number): Promise<TopicFrame | undefined>
  /** Adds records, visible at once, durable after `flush`. Either all of them stay or none. Throws PlanError TOPIC_PARTITION, ConnectorError TOPIC_IO. */
  append(records: TopicRecords): Promise<void>
  /** Makes durable all that was appended. A failure is final: the topic must be opened again. */
  flush(): Promise<void>
  /** Makes an epoch's records durable, not yet visible. */
  stage(writer: string, epoch: number, records: readonly TopicRecords[]): Promise<StagedEpoch>
  /** Appends a staged epoch as one and makes it durable; once more does nothing. Throws DataError TOPIC_STAGED when it is gone without having been committed. */
  commit(staged: StagedEpoch): Promise<void>
  /** Forgets what `writer` staged, but for `keep`. */
  abandon(writer: string, keep?: StagedEpoch): Promise<void>
  /** Resolves when the topic holds more than `recordCount` records, or the signal aborts. */
  grown(recordCount: number, signal: AbortSignal): Promise<void>
}

/** Opens topics; the same name and directory give the same log within a process. */
export interface Topics {
  open(options: TopicOptions): Promise<TopicLog>
  /** Flushes and closes what is open; topics in memory stay. */
  close(): Promise<void>
}
