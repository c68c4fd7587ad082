// The local disk as a StorageDirectory. A file is replaced by writing a temporary one, fsync, rename, and fsync of its folder; a file whose
// fsync failed is given up (the kernel may have dropped the pages and report success the second time: fsyncgate, LWN 752063).
import { assert } from '../base/errors.ts'
import type { StorageDirectory, StorageEntry, StorageLock } from '../base/storage.ts'
import { diskError, syncError } from './disk-error.ts'
import { isFolder, makeDurableFolder, parentOf } from './durable-folder.ts'
import { type FileCalls, isMissing, nodeFileCalls, type WritableFile } from './file-calls.ts'
import { lockFile } from './file-lock.ts'

const leftOver = /^\.removed-|\.tmp$/
const hidden = /^\.removed-|\.tmp$|\.claim$/

/** A directory on the local disk. Nothing is touched until the first call. `calls` is for tests that fail them. */
export function localDirectory(location: string, calls: FileCalls = nodeFileCalls): StorageDirectory {
  return new LocalDirectory(location, calls)
}

class LocalDirectory implements StorageDirectory {
  readonly location: string
  readonly #calls: FileCalls
  readonly #distrusted = new Set<string>()
  /** Folders whose names are known to be durable, and those of the folders around them. */
  readonly #settled = new Set<string>()
  /** Files whose names are. */
  readonly #appended = new Set<string>()
  constructor(location: string, calls: FileCalls) {
    this.location = location === '' ? '.' : location.length > 1 ? location.replace(/\/+$/, '') : location
    this.#calls = calls
  }

  around(): StorageDirectory {
    return new LocalDirectory(parentOf(this.location), this.#calls)
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.#full(path)
    const draft = `${target}.${crypto.randomUUID()}.tmp`
    try {
      await this.#makeFolders(parentOf(target))
      await this.#fill(await this.#calls.open(draft, 'new'), bytes, target)
      await this.#calls.rename(draft, target)
    } catch (error) {
      await this.#calls.unlink(draft).catch(() => {})
      throw diskError('write', target, error)
    }
    await this.#syncFolder(parentOf(target), target)
    this.#distrusted.delete(target)
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.#full(path)
    if (this.#distrusted.has(target)) throw syncError(target, undefined)
    try {
      const isFirst = !this.#appended.has(target)
      if (isFirst) await this.#makeFolders(parentOf(target))
      await this.#fill(await this.#calls.open(target, 'append'), bytes, target)
      if (isFirst) await this.#syncFolder(parentOf(target), target)
      this.#appended.add(target)
    } catch (error) {
      throw diskError('append', target, error)
    }
  }

  async truncate(path: string, bytes: number): Promise<void> {
    const target = this.#full(path)
    await this.#calls.truncate(target, bytes).catch(error => {
      throw diskError('truncate', target, error)
    })
  }

  async read(path: string): Promise<Uint8Array> {
    const target = this.#full(path)
    return this.#calls.read(target).catch(error => {
      throw diskError('read', target, error)
    })
  }

  async openToRead(path: string): Promise<{ readonly descriptor: number; close(): Promise<void> } | undefined> {
    const target = this.#full(path)
    return this.#calls.openToRead?.(target).catch(error => {
      throw diskError('open', target, error)
    })
  }

  async size(path: string): Promise<number | undefined> {
    const target = this.#full(path)
    try {
      const found = await this.#calls.stat(target)
      return found.kind === 'file' ? found.bytes : undefined
    } catch (error) {
      if (isMissing(error)) return undefined
      throw diskError('look at', target, error)
    }
  }

  async list(path = ''): Promise<StorageEntry[]> {
    const target = this.#full(path)
    try {
      const names = (await this.#calls.list(target)).filter(name => !hidden.test(name)).sort()
      const found = await Promise.all(names.map(name => this.#entry(target, name)))
      return found.filter(entry => entry !== undefined)
    } catch (error) {
      if (isMissing(error)) return []
      throw diskError('list', target, error)
    }
  }

  async remove(path: string): Promise<void> {
    const target = this.#full(path)
    const aside = `${parentOf(target)}/.removed-${crypto.randomUUID()}`
    try {
      await this.#calls.rename(target, aside)
    } catch (error) {
      if (isMissing(error)) return
      throw diskError('remove', target, error)
    }
    await this.#syncFolder(parentOf(target), target)
    await this.#calls.removeTree(aside).catch(error => {
      throw diskError('remove', target, error)
    })
  }

  async sweep(path = ''): Promise<void> {
    const target = this.#full(path)
    try {
      for (const name of await this.#calls.list(target)) if (leftOver.test(name)) await this.#calls.removeTree(`${target}/${name}`)
    } catch (error) {
      if (!isMissing(error)) throw diskError('tidy up', target, error)
    }
  }

  async lock(path: string): Promise<StorageLock> {
    const target = this.#full(path)
    await this.#makeFolders(parentOf(target)).catch(error => {
      throw diskError('lock', target, error)
    })
    return lockFile(this.#calls, target, target)
  }

  // Writes, syncs and closes. The file is closed in every case; a failed sync marks `target` as not to be trusted.
  async #fill(file: WritableFile, bytes: Uint8Array, target: string): Promise<void> {
    try {
      await file.write(bytes)
      await file.sync().catch(error => {
        this.#distrusted.add(target)
        throw syncError(target, error)
      })
    } catch (error) {
      await file.close().catch(() => {})
      throw error
    }
    await file.close()
  }

  async #syncFolder(folder: string, target: string): Promise<void> {
    await this.#calls.syncFolder(folder).catch(error => {
      this.#distrusted.add(target)
      throw syncError(target, error)
    })
  }

  async settle(path = ''): Promise<void> {
    const target = this.#full(path)
    try {
      await this.#makeFolders(target)
      await this.#syncFolder(target, target)
    } catch (error) {
      throw diskError('sync', target, error)
    }
  }

  async #makeFolders(folder: string): Promise<void> {
    if (this.#settled.has(folder) && (await isFolder(this.#calls, folder))) return
    await makeDurableFolder(this.#calls, folder, this.#settled)
  }

  async #entry(folder: string, name: string): Promise<StorageEntry | undefined> {
    try {
      return { name, ...(await this.#calls.stat(`${folder}/${name}`)) }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  #full(path: string): string {
    assert(!/(^|\/)\.\.?(\/|$)|^\/|\0|\\/.test(path), `the storage path "${path}" leaves its directory`)
    if (path === '') return this.location
    return this.location === '/' ? `/${path}` : `${this.location}/${path}`
  }
}
