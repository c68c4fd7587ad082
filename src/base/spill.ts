// Where operators put state that doesn't fit into memory: files of blocks, private to a job, written and read in the worker by itself.
// Operators see these interfaces only; storage/ has the files. Nothing of them outlives the job, however it ends.

/** Makes spill files. All calls are synchronous; they throw ConnectorError SPILL_IO where the disk fails, and SPILL_FULL where it is full. */
export interface SpillStore {
  /** An empty file. It takes room on disk from its first `append` until `delete`, or until the operator's task is closed. */
  create(): SpillFile
  /** A file of another thread's store, to read. It lasts as long as there. */
  open(shared: SharedSpillFile): SpillFile
  /** A file of a checkpoint. It stays open as long as the job runs. */
  openStored(stored: StoredFileReference): StoredFile
}

/** What another thread of the process needs to read a file: plain data, the blocks so far. */
export type SharedSpillFile = {
  readonly descriptor: number
  readonly starts: readonly number[]
  readonly lengths: readonly number[]
  readonly checksums: readonly number[]
}

/** A file of a checkpoint as other threads of the process need it: plain data. `path` is for messages. */
export type StoredFileReference = { readonly descriptor: number; readonly bytes: number; readonly path: string }

/** A file of a checkpoint, read where it lies. */
export interface StoredFile {
  readonly bytes: number
  /** Bytes from `start` on, in memory of their own. Throws DataError STATE_CORRUPT where the file is shorter, ConnectorError SPILL_IO. */
  read(start: number, length: number): Uint8Array
}

/** Blocks of bytes, appended in order and read back by number in any order. */
export interface SpillFile {
  /** Adds a block of these parts, one behind the other, and gives its number. The bytes are checksummed. Parts may be views on the shared memory: nothing is copied. */
  append(...parts: readonly Uint8Array[]): number
  readonly blocks: number
  readonly bytes: number
  /** Bytes of a block. */
  lengthOf(block: number): number
  /** A block, in memory of its own. */
  read(block: number): Uint8Array
  /** A block into `target`, which may be a view on the shared memory and has `lengthOf(block)` bytes. */
  readInto(block: number, target: Uint8Array): void
  /** For `SpillStore.open` on another thread, once all blocks are there. */
  share(): SharedSpillFile
  /** Gives the disk back; of an opened file nothing but its own memory. */
  delete(): void
}
