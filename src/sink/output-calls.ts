// The calls on files that writing rows is made of, one to one with the operating system's, so that a test can fail each of them.
import { closeSync, copyFileSync, fsync, mkdirSync, openSync, readdirSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'
import { link, open, rename, rm, rmdir } from 'node:fs/promises'

/** What is there under a name. `id` tells whether two names are of one file. */
export interface OutputEntry {
  readonly kind: 'file' | 'directory'
  readonly bytes: number
  readonly id: number
}

/** Calls on paths and open files; they fail as the operating system does, with an errno code such as ENOSPC. */
export interface OutputCalls {
  /** 'w' begins a file anew, 'a' goes on behind what it has. */
  open(path: string, flags: 'w' | 'a'): number
  /** Writes what lies behind `offset`, or a part of it; gives how many bytes. */
  write(descriptor: number, bytes: Uint8Array, offset: number): number
  sync(descriptor: number): Promise<void>
  close(descriptor: number): void
  /** Undefined where nothing is there. */
  stat(path: string): OutputEntry | undefined
  list(path: string): string[]
  /** Makes one folder. */
  makeFolder(path: string): void
  /** Up to `count` bytes from `start` on. */
  read(path: string, start: number, count: number): Uint8Array
  truncate(path: string, bytes: number): void
  copy(source: string, target: string): void
  rename(source: string, target: string): Promise<void>
  /** A second name for a file; refuses an existing target (EEXIST). */
  link(source: string, target: string): Promise<void>
  /** Removes a file, if it is there. */
  remove(path: string): Promise<void>
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>
}

/** The machine's own calls. */
export const nodeOutputCalls: OutputCalls = {
  open: (path, flags) => openSync(path, flags),
  write: (descriptor, bytes, offset) => writeSync(descriptor, bytes, offset),
  sync: descriptor => new Promise((resolve, reject) => fsync(descriptor, error => (error ? reject(error) : resolve()))),
  close: descriptor => closeSync(descriptor),
  stat(path) {
    const found = statSync(path, { throwIfNoEntry: false })
    return found && { kind: found.isDirectory() ? 'directory' : 'file', bytes: found.size, id: found.ino }
  },
  list: path => readdirSync(path),
  makeFolder: path => mkdirSync(path),
  read(path, start, count) {
    const descriptor = openSync(path, 'r')
    try {
      const bytes = new Uint8Array(count)
      return bytes.subarray(0, readSync(descriptor, bytes, 0, count, start))
    } finally {
      closeSync(descriptor)
    }
  },
  truncate: (path, bytes) => truncateSync(path, bytes),
  copy: (source, target) => copyFileSync(source, target),
  rename,
  link,
  remove: path => rm(path, { force: true }),
  removeFolder: rmdir,
  async syncFolder(path) {
    // Windows can't open folders; its file system orders renames by itself.
    if (process.platform === 'win32') return
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}
