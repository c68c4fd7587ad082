// The files a log is made of, on disk or in memory: few calls, so that a faulty disk is easily put in their place.
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, ConnectorError } from '../base/errors.ts'
import { isFolder, makeDurableFolder } from './durable-folder.ts'
import { type FileCalls, nodeFileCalls } from './file-calls.ts'

/** A folder of append-only files. Names are plain file names. Every call throws ConnectorError TOPIC_IO, with the path, when the disk refuses. */
export interface LogFiles {
  /** Where it is, for messages. */
  readonly place: string
  list(): Promise<string[]>
  size(name: string): Promise<number>
  /** `count` bytes from `start` on, in a buffer of its own; fewer where the file ends. */
  read(name: string, start: number, count: number): Promise<Uint8Array>
  append(name: string, bytes: readonly Uint8Array[]): Promise<void>
  /** Puts bytes in place of those from `start` on. */
  overwrite(name: string, start: number, bytes: Uint8Array): Promise<void>
  /** Makes a file with all of its bytes, durably, or not at all. */
  create(name: string, bytes: readonly Uint8Array[]): Promise<void>
  truncate(name: string, bytes: number): Promise<void>
  sync(name: string): Promise<void>
  remove(name: string): Promise<void>
  close(): Promise<void>
}

/** An open file that is read and written at any place. */
export interface PlacedFile {
  /** Gives how many bytes were read; 0 at the end. */
  read(target: Uint8Array, offset: number, count: number, position: number): Promise<number>
  /** Writes what lies behind `offset`, or a part of it; gives how many bytes. */
  write(bytes: Uint8Array, offset: number, position: number): Promise<number>
  size(): Promise<number>
  truncate(bytes: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The calls that files of a log are made of, so that a test can fail each of them. */
export interface LogCalls extends Pick<FileCalls, 'list' | 'stat' | 'makeFolder' | 'syncFolder' | 'rename' | 'removeTree'> {
  /** 'anew' makes a file, or empties it. */
  openPlaced(path: string, how: 'there' | 'anew'): Promise<PlacedFile>
}

const nodeLogCalls: LogCalls = {
  ...nodeFileCalls,
  // Topics are for whoever the folder around them is for.
  makeFolder: path =>
    mkdir(path).then(
      () => true,
      error => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        return false
      },
    ),
  async openPlaced(path, how) {
    const file = await open(path, how === 'anew' ? 'w' : 'r+')
    return {
      read: async (target, offset, count, position) => (await file.read(target, offset, count, position)).bytesRead,
      write: async (bytes, offset, position) => (await file.write(bytes, offset, bytes.length - offset, position)).bytesWritten,
      size: async () => (await file.stat()).size,
      truncate: bytes => file.truncate(bytes),
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
}

const unfinished = '.unfinished'

/** Files in the folder `dir`, which is made when it isn't there. */
export function diskFiles(dir: string, calls: LogCalls = nodeLogCalls): LogFiles {
  const handles = new Map<string, PlacedFile>()
  let isSettled = false
  const path = (name: string) => join(dir, name)
  const attempt = async <T>(what: string, name: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (cause) {
      throw new ConnectorError('TOPIC_IO', `topic: can't ${what} ${path(name)}; ${asError(cause).message}; check the disk and the folder's rights`, { cause })
    }
  }
  const handle = async (name: string): Promise<PlacedFile> => {
    let file = handles.get(name)
    if (!file) handles.set(name, (file = await calls.openPlaced(path(name), 'there')))
    return file
  }
  const forget = async (name: string) => {
    const file = handles.get(name)
    handles.delete(name)
    await file?.close()
  }
  return {
    place: dir,
    list: () =>
      attempt('list', '', async () => {
        if (!isSettled || !(await isFolder(calls, dir))) await settle(calls, dir)
        isSettled = true
        const names = await calls.list(dir)
        await Promise.all(names.filter(n => n.endsWith(unfinished)).map(n => calls.removeTree(path(n))))
        return names.filter(n => !n.endsWith(unfinished)).sort()
      }),
    size: name => attempt('measure', name, async () => (await calls.stat(path(name))).bytes),
    read: (name, start, count) => attempt('read', name, async () => readUpTo(await handle(name), start, count)),
    append: (name, bytes) =>
      attempt('write', name, async () => {
        const file = await handle(name)
        let at = await file.size()
        for (const part of bytes) at = await writeAll(file, part, at)
      }),
    overwrite: (name, start, bytes) => attempt('write', name, async () => void (await writeAll(await handle(name), bytes, start))),
    create: (name, bytes) =>
      attempt('create', name, async () => {
        const file = await calls.openPlaced(path(name + unfinished), 'anew')
        try {
          let at = 0
          for (const part of bytes) at = await writeAll(file, part, at)
          await file.sync()
        } finally {
          await file.close()
        }
        await calls.rename(path(name + unfinished), path(name))
        await calls.syncFolder(dir)
      }),
    truncate: (name, bytes) => attempt('truncate', name, async () => (await handle(name)).truncate(bytes)),
    sync: name => attempt('sync', name, async () => (await handle(name)).sync()),
    remove: name =>
      attempt('remove', name, async () => {
        await forget(name)
        await calls.removeTree(path(name))
      }),
    close: async () => {
      for (const name of [...handles.keys()]) await forget(name)
    },
  }
}

const settled = new WeakMap<LogCalls, Set<string>>()

// Whoever made a segment may have ended before its name was durable. Topics are opened often: what is known of the folders around is known once a process.
async function settle(calls: LogCalls, dir: string): Promise<void> {
  let known = settled.get(calls)
  if (!known) settled.set(calls, (known = new Set()))
  await makeDurableFolder(calls, dir, known)
  await calls.syncFolder(dir)
}

async function readUpTo(file: PlacedFile, start: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count)
  let filled = 0
  while (filled < count) {
    const read = await file.read(bytes, filled, count - filled, start + filled)
    if (read === 0) break
    filled += read
  }
  return filled === count ? bytes : bytes.slice(0, filled)
}

async function writeAll(file: PlacedFile, bytes: Uint8Array, start: number): Promise<number> {
  let written = 0
  while (written < bytes.length) written += await file.write(bytes, written, start + written)
  return start + bytes.length
}

/** Files in memory, gone with the process. */
export function memoryFiles(place: string): LogFiles {
  const files = new Map<string, { bytes: Uint8Array; length: number }>()
  const file = (name: string) => {
    const found = files.get(name)
    if (!found) throw new ConnectorError('TOPIC_IO', `topic: ${place} has no file ${name}; it was removed`)
    return found
  }
  const append = (to: { bytes: Uint8Array; length: number }, parts: readonly Uint8Array[]) => {
    const length = parts.reduce((sum, part) => sum + part.length, to.length)
    if (length > to.bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * to.bytes.length))
      grown.set(to.bytes.subarray(0, to.length))
      to.bytes = grown
    }
    for (const part of parts) {
      to.bytes.set(part, to.length)
      to.length += part.length
    }
  }
  return {
    place,
    list: async () => [...files.keys()].sort(),
    size: async name => file(name).length,
    read: async (name, start, count) => file(name).bytes.slice(start, Math.min(start + count, file(name).length)),
    append: async (name, bytes) => append(file(name), bytes),
    overwrite: async (name, start, bytes) => file(name).bytes.set(bytes, start),
    create: async (name, bytes) => {
      const made = { bytes: new Uint8Array(0), length: 0 }
      append(made, bytes)
      files.set(name, made)
    },
    truncate: async (name, bytes) => {
      file(name).length = bytes
    },
    sync: async () => {},
    remove: async name => {
      files.delete(name)
    },
    close: async () => {},
  }
}
