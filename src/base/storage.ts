// Where durable bytes lie, as everything above the disk sees it: named byte blobs in folders. `storage/directory.ts` is the local disk;
// tests put a failing one in its place. Paths are relative, with / between names, and never leave the directory.

/** What `list` finds. `bytes` is 0 for folders. */
export interface StorageEntry {
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly bytes: number
}

/** An exclusive claim on a path, held by this process until it is released or the process ends. */
export interface StorageLock {
  release(): Promise<void>
}

/**
 * A directory of byte blobs. Every call throws ConnectorError with a code of `DISK_…`; DISK_FULL is retryable, DISK_SYNC never is.
 * A promise that resolved means: on the disk, also after a power cut.
 */
export interface StorageDirectory {
  /** For messages: the path as the user gave it. */
  readonly location: string
  /** The directory that this one lies in. */
  around(): StorageDirectory
  /** Replaces the file as a whole: readers and crashes see the old bytes or the new ones. Makes folders as needed. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Adds to the end of a file, made if absent. A crash may leave any prefix of `bytes`. After DISK_SYNC the file takes no further append. */
  append(path: string, bytes: Uint8Array): Promise<void>
  /** Cuts a file to its first `bytes` bytes. */
  truncate(path: string, bytes: number): Promise<void>
  /** All bytes of a file. Throws DISK_MISSING where there is none. */
  read(path: string): Promise<Uint8Array>
  /** A file to be read piece by piece, by its descriptor, until `close`; undefined where that can't be had. Throws as `read`. */
  openToRead(path: string): Promise<{ readonly descriptor: number; close(): Promise<void> } | undefined>
  /** Size of a file, undefined where there is none. */
  size(path: string): Promise<number | undefined>
  /** The entries of a folder in name order, without temporary files; nothing where the folder is absent. */
  list(path?: string): Promise<StorageEntry[]>
  /** Removes a file or a folder with all in it, as one step for readers and crashes; nothing happens where it is absent. */
  remove(path: string): Promise<void>
  /** Makes a folder, if it isn't there, and makes durable its names and the way to it, whoever made them and whether or not they lived to see that done. */
  settle(path?: string): Promise<void>
  /** Removes what a crash left half-written or half-removed in a folder. Only for the holder of its lock. */
  sweep(path?: string): Promise<void>
  /** Claims `path`. A claim of a process that is gone is taken over. Throws ConnectorError LOCKED naming the holder's process id. */
  lock(path: string): Promise<StorageLock>
}
