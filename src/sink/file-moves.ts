// What file sinks do with whole files: folders are made, temporary files removed, and finished ones get the name under which they are seen.
import { dirname, join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import { outputError } from './file-output.ts'
import type { OutputCalls, OutputEntry } from './output-calls.ts'
import type { SinkContext } from './sink.ts'

/** Temporary files are marked with the job and sink they belong to: others' are left alone. */
export function ownerName(context: SinkContext): string {
  return `${context.job}-${context.sink}`.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 80)
}

/** Where files are moved: the calls, and the sink's name for messages. Every call throws ConnectorError FILE_… or DISK_FULL. */
export class FileMoves {
  readonly #calls: OutputCalls
  readonly #where: string
  /** Folders whose names are known to be durable. */
  readonly #settled = new Set<string>()

  constructor(calls: OutputCalls, where: string) {
    this.#calls = calls
    this.#where = where
  }

  /** What has this name; undefined where nothing has. */
  find(path: string): OutputEntry | undefined {
    try {
      return this.#calls.stat(path)
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
      throw outputError(this.#where, 'look at', path, thrown)
    }
  }

  /**
   * Makes a folder and those above it. With `durably` they are there after a power cut, too, whoever made them: a process may have ended between making
   * and syncing. Folders that this user may not read are left as they are.
   */
  async makeDirectory(path: string, durably: boolean): Promise<void> {
    const isThere = this.find(path)?.kind === 'directory'
    if (isThere && (!durably || this.#settled.has(path))) return
    const outer = dirname(path)
    if (outer !== path) {
      await this.makeDirectory(outer, durably)
      if (!isThere) this.#makeFolder(path)
      if (durably) await this.#settle(outer, isThere)
    }
    this.#settled.add(path)
  }

  #makeFolder(path: string): void {
    try {
      this.#calls.makeFolder(path)
    } catch (thrown) {
      // Somebody else may have made it meanwhile.
      if (this.find(path)?.kind !== 'directory') throw outputError(this.#where, 'make the directory', path, thrown)
    }
  }

  async #settle(folder: string, mayBeOthers: boolean): Promise<void> {
    try {
      await this.#calls.syncFolder(folder)
    } catch (thrown) {
      const isOthers = ['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes((thrown as NodeJS.ErrnoException).code ?? '')
      if (!mayBeOthers || !isOthers) throw outputError(this.#where, 'sync', folder, thrown)
    }
  }

  /** The files below a folder and its folders of partitions (`day=…`), relative to it, in order. */
  listParts(path: string): string[] {
    const below = (inner: string): string[] =>
      this.#list(join(path, inner)).flatMap(name => {
        const relative = inner === '' ? name : `${inner}/${name}`
        return /^[^.=][^=]*=/.test(name) && this.find(join(path, relative))?.kind === 'directory' ? below(relative) : [relative]
      })
    return below('')
  }

  #list(path: string): string[] {
    try {
      return this.#calls.list(path).sort()
    } catch (thrown) {
      throw outputError(this.#where, 'list', path, thrown)
    }
  }

  /** Removes a file, if it is there. */
  async remove(path: string): Promise<void> {
    try {
      await this.#calls.remove(path)
    } catch (thrown) {
      throw outputError(this.#where, 'remove', path, thrown)
    }
  }

  /** Removes the folders from `inner` up to `path` that are empty. */
  async removeEmpty(path: string, inner: string): Promise<void> {
    for (let at = inner; at !== '' && at !== '.'; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
      // What isn't empty stays.
      if (!(await this.#calls.removeFolder(join(path, at)).then(() => true, () => false))) return
    }
  }

  /** Gives a file its final name, or finds that it was done before. */
  async show(temp: string, final: string): Promise<void> {
    try {
      await this.#calls.rename(temp, final)
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw outputError(this.#where, 'rename to', final, thrown)
      if (!this.find(final)) throw this.#lost(temp, final, thrown)
    }
  }

  /**
   * As `show`, beside files of others: where another file has the name, a number is put to it. Links are made rather than files renamed, so that of two
   * that take a name at once one gets the next. The temporary name is to be removed once the other is durable.
   */
  async showBeside(temp: string, final: string): Promise<void> {
    if (!this.find(temp) && this.find(final)) return
    const ending = final.lastIndexOf('.')
    for (let number = 0; ; number++) {
      const path = number === 0 ? final : `${final.slice(0, ending)}-${number}${final.slice(ending)}`
      try {
        await this.#calls.link(temp, path)
      } catch (thrown) {
        const { code } = thrown as NodeJS.ErrnoException
        if (code === 'ENOENT') throw this.#lost(temp, path, thrown)
        // A link that was made just before the end of an earlier process is the file itself.
        const there = this.find(path)
        if (there && this.find(temp)?.id !== there.id) continue
        if (code !== 'EEXIST') return this.show(temp, path)
      }
      return
    }
  }

  #lost(temp: string, final: string, cause: unknown): ConnectorError {
    return new ConnectorError('FILE_LOST', `${this.#where}: neither ${temp} nor ${final} is there, one of which the checkpoint counts on; restore an older checkpoint`, { cause })
  }

  /** Makes an empty file in a folder, durably; nothing where the folder has been taken away. */
  async makeEmpty(folder: string, name: string): Promise<void> {
    if (!this.find(folder)) return
    const path = join(folder, name)
    try {
      this.#calls.close(this.#calls.open(path, 'w'))
    } catch (thrown) {
      throw outputError(this.#where, 'make', path, thrown)
    }
    await this.syncDirectory(folder)
  }

  /** Makes the names in a folder durable. */
  async syncDirectory(path: string): Promise<void> {
    try {
      await this.#calls.syncFolder(path)
    } catch (thrown) {
      throw outputError(this.#where, 'sync', path, thrown)
    }
  }
}
