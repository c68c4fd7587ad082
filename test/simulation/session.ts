// The disk as one process sees it: its calls take time, may fail as they are told, and all fail once the process is gone.
import type { OutputCalls } from '../../src/sink/output-calls.ts'
import type { FileCalls, WritableFile } from '../../src/storage/file-calls.ts'
import type { LogCalls, PlacedFile } from '../../src/storage/log-files.ts'
import { type Disk, errno, type FileNode } from './disk.ts'
import type { World } from './world.ts'

/** What a call does: makes a sync of a file or of a folder, writes, changes names, or reads. */
export type CallKind = 'sync' | 'syncFolder' | 'write' | 'names' | 'read' | 'close'
/** What becomes of a call: an errno; 'short': a write that takes a part; or the end of the process, before or after the call. */
export type Fault = 'EIO' | 'ENOSPC' | 'short' | 'before' | 'after'

/** One call of a process. `index` counts them from 0. */
export interface Call {
  readonly index: number
  readonly kind: CallKind
  readonly what: string
  readonly path: string
}

/** How a process uses the disk. */
export interface SessionOptions {
  readonly world: World
  readonly disk: Disk
  /** The longest that a call takes, in ms. */
  readonly latencyMs: number
  readonly faultOf: (call: Call) => Fault | undefined
  /** The process ends. */
  readonly killed: () => void
}

/** The calls of one process. */
export class Session {
  readonly #options: SessionOptions
  readonly files: FileCalls & LogCalls
  readonly output: OutputCalls
  calls = 0
  isGone = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.files = this.#fileCalls()
    this.output = this.#outputCalls()
  }

  /** One call: `act` is done, or not, or by a part; `partly` is what a write has done by then. */
  #call<T>(kind: CallKind, what: string, path: string, act: (fails: boolean) => T, partly?: (isShort: boolean) => T): T {
    const { world, faultOf, killed } = this.#options
    if (this.isGone) throw errno('EIO', 'the process is gone')
    const call: Call = { index: this.calls++, kind, what, path }
    const fault = faultOf(call)
    world.note(() => `#${call.index} ${what} ${path}${fault ? ` → ${fault}` : ''}`)
    if (!fault) return act(false)
    if (fault === 'short') return partly ? partly(true) : act(false)
    if (fault === 'after') act(false)
    else partly?.(false)
    if (fault === 'EIO' && kind === 'sync') act(true)
    if (fault === 'before' || fault === 'after') {
      this.isGone = true
      killed()
      throw errno('EIO', 'the process is gone')
    }
    throw errno(fault, path)
  }

  // As `#call`, after a while.
  async #later<T>(kind: CallKind, what: string, path: string, act: (fails: boolean) => T, partly?: (isShort: boolean) => T): Promise<T> {
    const { world, latencyMs } = this.#options
    if (latencyMs > 0) await new Promise<void>(resolve => world.after(world.chance.float() * latencyMs, resolve))
    return this.#call(kind, what, path, act, partly)
  }

  #part(bytes: Uint8Array): Uint8Array {
    return bytes.subarray(0, this.#options.world.chance.int(bytes.length + 1))
  }

  #fileCalls(): FileCalls & LogCalls {
    const { disk } = this.#options
    return {
      open: (path, how) =>
        this.#later('names', `open ${how}`, path, () => {
          if (how === 'new' && disk.find(path)) throw errno('EEXIST', path)
          return this.#appended(disk.find(path) ? disk.file(path) : disk.create(path), path)
        }),
      openPlaced: (path, how) =>
        this.#later('names', `open ${how}`, path, () => {
          const file = how === 'there' || disk.find(path) ? disk.file(path) : disk.create(path)
          if (how === 'anew') disk.truncate(file, 0)
          return this.#placed(file, path)
        }),
      makeFolder: path =>
        this.#later('names', 'makeFolder', path, () => {
          if (disk.find(path)) return false
          disk.makeFolder(path)
          return true
        }),
      syncFolder: path => this.#later('syncFolder', 'syncFolder', path, fails => fails || disk.syncFolder(path)) as Promise<void>,
      rename: (source, target) => this.#later('names', `rename ${source} to`, target, () => disk.rename(source, target)),
      link: (source, target) => this.#later('names', `link ${source} to`, target, () => disk.link(source, target)),
      unlink: path => this.#later('names', 'unlink', path, () => disk.unlink(path)),
      removeTree: path => this.#later('names', 'removeTree', path, () => disk.removeTree(path)),
      truncate: (path, bytes) =>
        this.#later('sync', 'truncate and sync', path, fails => {
          disk.truncate(disk.file(path), bytes)
          disk.sync(disk.file(path), fails)
        }),
      read: path => this.#later('read', 'read', path, () => disk.file(path).bytes.slice()),
      stat: path =>
        this.#later('read', 'stat', path, () => {
          const found = disk.find(path)
          if (!found) throw errno('ENOENT', path)
          return found.kind === 'file' ? { kind: 'file', bytes: found.bytes.length } : { kind: 'directory', bytes: 0 }
        }),
      list: path => this.#later('read', 'list', path, () => disk.list(path)),
    }
  }

  #appended(file: FileNode, path: string): WritableFile {
    const { disk } = this.#options
    const append = (bytes: Uint8Array) => disk.write(file, bytes, file.bytes.length)
    return {
      // A short write of the system's is gone on with, as the machine's calls do.
      write: bytes => this.#later('write', 'write', path, () => append(bytes), isShort => append(isShort ? bytes : this.#part(bytes))),
      sync: () => this.#later('sync', 'sync', path, fails => disk.sync(file, fails)),
      close: () => this.#later('close', 'close', path, () => {}),
    }
  }

  #placed(file: FileNode, path: string): PlacedFile {
    const { disk } = this.#options
    const put = (bytes: Uint8Array, position: number) => {
      disk.write(file, bytes, position)
      return bytes.length
    }
    return {
      read: (target, offset, count, position) =>
        this.#later('read', 'read', path, () => {
          const found = file.bytes.subarray(position, position + count)
          target.set(found, offset)
          return found.length
        }),
      write: (bytes, offset, position) => this.#later('write', 'write', path, () => put(bytes.subarray(offset), position), () => put(this.#part(bytes.subarray(offset)), position)),
      size: () => this.#later('read', 'size', path, () => file.bytes.length),
      truncate: bytes => this.#later('write', 'truncate', path, () => disk.truncate(file, bytes)),
      sync: () => this.#later('sync', 'sync', path, fails => disk.sync(file, fails)),
      close: async () => {},
    }
  }

  #outputCalls(): OutputCalls {
    const { disk } = this.#options
    const open = new Map<number, { file: FileNode; path: string }>()
    let next = 3
    const put = (descriptor: number, bytes: Uint8Array) => {
      const { file } = open.get(descriptor)!
      disk.write(file, bytes, file.bytes.length)
      return bytes.length
    }
    return {
      open: (path, flags) =>
        this.#call('names', `open ${flags}`, path, () => {
          const file = disk.find(path) ? disk.file(path) : disk.create(path)
          if (flags === 'w') disk.truncate(file, 0)
          open.set(next, { file, path })
          return next++
        }),
      write: (descriptor, bytes, offset) => this.#call('write', 'write', open.get(descriptor)!.path, () => put(descriptor, bytes.subarray(offset)), () => put(descriptor, this.#part(bytes.subarray(offset)))),
      sync: descriptor => this.#later('sync', 'sync', open.get(descriptor)!.path, fails => disk.sync(open.get(descriptor)!.file, fails)),
      close: descriptor => this.#call('close', 'close', open.get(descriptor)!.path, () => {}),
      stat: path => {
        const found = this.#call('read', 'stat', path, () => disk.find(path))
        return found && { kind: found.kind, bytes: found.kind === 'file' ? found.bytes.length : 0, id: found.id }
      },
      list: path => this.#call('read', 'list', path, () => disk.list(path)),
      makeFolder: path => this.#call('names', 'makeFolder', path, () => disk.makeFolder(path)),
      read: (path, start, count) => this.#call('read', 'read', path, () => disk.file(path).bytes.slice(start, start + count)),
      truncate: (path, bytes) => this.#call('write', 'truncate', path, () => disk.truncate(disk.file(path), bytes)),
      copy: (source, target) =>
        this.#call('write', `copy ${source} to`, target, () => {
          const file = disk.find(target) ? disk.file(target) : disk.create(target)
          disk.truncate(file, 0)
          disk.write(file, disk.file(source).bytes, 0)
        }),
      rename: (source, target) => this.#later('names', `rename ${source} to`, target, () => disk.rename(source, target)),
      link: (source, target) => this.#later('names', `link ${source} to`, target, () => disk.link(source, target)),
      remove: path => this.#later('names', 'remove', path, () => (disk.find(path) ? disk.unlink(path) : undefined)),
      removeFolder: path => this.#later('names', 'removeFolder', path, () => disk.removeFolder(path)),
      syncFolder: path => this.#later('syncFolder', 'syncFolder', path, () => disk.syncFolder(path)),
    }
  }
}
