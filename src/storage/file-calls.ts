// The few calls on files that durability is made of, one to one with the operating system's, so that a test can fail each of them.
import { constants } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, truncate, unlink } from 'node:fs/promises'

/** An open file that is being written. */
export interface WritableFile {
  write(bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** A file that is read by its descriptor until it is closed. */
export interface OpenToRead {
  readonly descriptor: number
  close(): Promise<void>
}

/** Calls on absolute or working-directory paths; they fail as the operating system does, with an errno code such as ENOSPC. */
export interface FileCalls {
  /** 'new' refuses an existing file (EEXIST); 'append' makes or continues one. */
  open(path: string, how: 'new' | 'append'): Promise<WritableFile>
  /** Makes one folder; false where it is there already. */
  makeFolder(path: string): Promise<boolean>
  /** Makes the names inside a folder durable. */
  syncFolder(path: string): Promise<void>
  rename(source: string, target: string): Promise<void>
  /** A second name for a file; refuses an existing target (EEXIST). */
  link(source: string, target: string): Promise<void>
  unlink(path: string): Promise<void>
  truncate(path: string, bytes: number): Promise<void>
  /** Removes a file or a folder with its contents, if it is there. */
  removeTree(path: string): Promise<void>
  read(path: string): Promise<Uint8Array>
  /** Opens a file to be read by its descriptor, on any thread; absent where files have none. */
  openToRead?(path: string): Promise<OpenToRead>
  stat(path: string): Promise<{ kind: 'file' | 'directory'; bytes: number }>
  list(path: string): Promise<string[]>
}

/** The calls of the machine at hand. Files are made readable for their owner alone (0600), folders 0700: they hold the data of the job. */
export const nodeFileCalls: FileCalls = {
  async open(path, how) {
    const file = await open(path, how === 'new' ? 'wx' : 'a', 0o600)
    return {
      async write(bytes) {
        for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at, bytes.byteLength - at)).bytesWritten
      },
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
  async makeFolder(path) {
    try {
      await mkdir(path, { mode: 0o700 })
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      return false
    }
  },
  async syncFolder(path) {
    // Windows can't open folders; NTFS orders renames in its journal.
    if (process.platform === 'win32') return
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  rename,
  link,
  unlink,
  truncate: async (path, bytes) => {
    await truncate(path, bytes)
    const file = await open(path, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  },
  removeTree: path => rm(path, { recursive: true, force: true }),
  read: readFile,
  openToRead: async path => {
    const file = await open(path, 'r')
    return { descriptor: file.fd, close: () => file.close() }
  },
  async stat(path) {
    const found = await stat(path)
    return found.isDirectory() ? { kind: 'directory', bytes: 0 } : { kind: 'file', bytes: found.size }
  },
  list: readdir,
}

/** True where an error says that the file or folder isn't there. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
