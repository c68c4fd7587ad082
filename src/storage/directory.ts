// The local disk as a StorageDirectory. A file is replaced by writing a temporary one, fsync, rename, and fsync of its folder; a file whose
// fsync failed is given up (the kernel may have dropped the pages and report success the second time: fsyncgate, LWN 752063).
import { assert } from '../base/errors.ts'
import type { StorageDirectory, StorageEntry, StorageLock } from '../base/storage.ts'
import { diskError, syncError } from './disk-error.ts'
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
  constructor(location: string, calls: FileCalls) {
    this.location = location === '' ? '.' : location.length > 1 ? location.replace(/\/+$/, '') : location
    this.#calls = calls
  }

  around(): StorageDirectory {
    return new LocalDirectory(parent(this.location), this.#calls)
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.#full(path)
    const draft = `${target}.${crypto.randomUUID()}.tmp`
    try {
      await this.#makeFolders(parent(target))
      await this.#fill(await this.#calls.open(draft, 'new'), bytes, target)
      await this.#calls.rename(draft, target)
    } catch (error) {
      await this.#calls.unlink(draft).catch(() => {})
      throw diskError('write', target, error)
    }
    await this.#syncFolder(parent(target), target)
    this.#distrusted.delete(target)
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.#full(path)
    if (this.#distrusted.has(target)) throw syncError(target, undefined)
    try {
      const isNew = (await this.size(path)) === undefined
      if (isNew) await this.#makeFolders(parent(target))
      await this.#fill(await this.#calls.open(target, 'append'), bytes, target)
      if (isNew) await this.#syncFolder(parent(target), target)
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
    const aside = `${parent(target)}/.removed-${crypto.randomUUID()}`
    try {
      await this.#calls.rename(target, aside)
    } catch (error) {
      if (isMissing(error)) return
      throw diskError('remove', target, error)
    }
    await this.#syncFolder(parent(target), target)
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
    await this.#makeFolders(parent(target)).catch(error => {
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

  // A new folder is durable only when the folder around it is synced.
  async #makeFolders(folder: string): Promise<void> {
    try {
      if ((await this.#calls.stat(folder)).kind === 'directory') return
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    const outer = parent(folder)
    if (outer !== folder) await this.#makeFolders(outer)
    if (await this.#calls.makeFolder(folder)) await this.#syncFolder(outer, folder)
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

function parent(path: string): string {
  const at = path.lastIndexOf('/')
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at)
}
