// Where operators put state that doesn't fit into memory: files of blocks, private to a job, written and read in the worker by itself.
// Operators see these interfaces only; storage/ has the files. Nothing of them outlives the job, however it ends.

/** Makes spill files. All calls are synchronous; they throw ConnectorError SPILL_IO where the disk fails or is full. */
export interface SpillStore {
  /** An empty file. It lies on disk from its first `append` until `delete`, or until the operator's task is closed. */
  create(): SpillFile
}

/** Blocks of bytes, appended in order and read back by number in any order. */
export interface SpillFile {
  /** The number of the block. The bytes are checksummed. */
  append(bytes: Uint8Array): number
  readonly blocks: number
  readonly bytes: number
  /** A block, in memory of its own. */
  read(block: number): Uint8Array
  /** Gives the disk back. */
  delete(): void
}
