// The files a log is made of, on disk or in memory: few calls, so that a faulty disk is easily put in their place.
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, ConnectorError } from '../base/errors.ts'

/** A folder of append-only files. Names are plain file names. Every call throws ConnectorError TOPIC_IO, with the path, when the disk refuses. */
export interface LogFiles {
  /** Where it is, for messages. */
  readonly place: string
  list(): Promise<string[]>
  size(name: string): Promise<number>
  /** `count` bytes from `start` on, in a buffer of its own; fewer where the file ends. */
  read(name: string, start: number, count: number): Promise<Uint8Array>
  append(name: string, bytes: readonly Uint8Array[]): Promise<void>
  /** Makes a file with all of its bytes, durably, or not at all. */
  create(name: string, bytes: readonly Uint8Array[]): Promise<void>
  truncate(name: string, bytes: number): Promise<void>
  sync(name: string): Promise<void>
  remove(name: string): Promise<void>
  close(): Promise<void>
}

const unfinished = '.unfinished'

/** Files in the folder `dir`, which is made when it isn't there. */
export function diskFiles(dir: string): LogFiles {
  const handles = new Map<string, FileHandle>()
  const path = (name: string) => join(dir, name)
  const attempt = async <T>(what: string, name: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (cause) {
      throw new ConnectorError('TOPIC_IO', `topic: can't ${what} ${path(name)}; ${asError(cause).message}; check the disk and the folder's rights`, { cause })
    }
  }
  const handle = async (name: string): Promise<FileHandle> => {
    let file = handles.get(name)
    if (!file) handles.set(name, (file = await open(path(name), 'r+')))
    return file
  }
  const forget = async (name: string) => {
    await handles.get(name)?.close()
    handles.delete(name)
  }
  return {
    place: dir,
    list: () =>
      attempt('list', '', async () => {
        await mkdir(dir, { recursive: true })
        const names = await readdir(dir)
        await Promise.all(names.filter(n => n.endsWith(unfinished)).map(n => rm(path(n), { force: true })))
        return names.filter(n => !n.endsWith(unfinished)).sort()
      }),
    size: name => attempt('measure', name, async () => (await stat(path(name))).size),
    read: (name, start, count) => attempt('read', name, async () => readUpTo(await handle(name), start, count)),
    append: (name, bytes) =>
      attempt('write', name, async () => {
        const file = await handle(name)
        let at = (await file.stat()).size
        for (const part of bytes) at = await writeAll(file, part, at)
      }),
    create: (name, bytes) =>
      attempt('create', name, async () => {
        const file = await open(path(name + unfinished), 'w')
        try {
          let at = 0
          for (const part of bytes) at = await writeAll(file, part, at)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(path(name + unfinished), path(name))
        await syncFolder(dir)
      }),
    truncate: (name, bytes) => attempt('truncate', name, async () => (await handle(name)).truncate(bytes)),
    sync: name => attempt('sync', name, async () => (await handle(name)).sync()),
    remove: name =>
      attempt('remove', name, async () => {
        await forget(name)
        await rm(path(name), { force: true })
      }),
    close: async () => {
      for (const name of [...handles.keys()]) await forget(name)
    },
  }
}

async function readUpTo(file: FileHandle, start: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count)
  let filled = 0
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, count - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled === count ? bytes : bytes.slice(0, filled)
}

async function writeAll(file: FileHandle, bytes: Uint8Array, start: number): Promise<number> {
  let written = 0
  while (written < bytes.length) written += (await file.write(bytes, written, bytes.length - written, start + written)).bytesWritten
  return start + bytes.length
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
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
