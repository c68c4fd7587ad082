// What file sinks do with whole files: folders are made, temporary files removed, and finished ones get the name under which they are seen.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { link, open, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import { outputError } from './file-output.ts'
import type { SinkContext } from './sink.ts'

/** Temporary files are marked with the job and sink they belong to: others' are left alone. */
export function ownerName(context: SinkContext): string {
  return `${context.job}-${context.sink}`.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 80)
}

/** Makes a folder and those above it. */
export function makeDirectory(path: string, where: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (thrown) {
    throw outputError(where, 'make the directory', path, thrown)
  }
}

/** The names in a folder, in order. */
export function listDirectory(path: string, where: string): string[] {
  try {
    return readdirSync(path).sort()
  } catch (thrown) {
    throw outputError(where, 'list', path, thrown)
  }
}

/** The files below a folder and its folders of partitions (`day=…`), relative to it, in order. */
export function listParts(path: string, where: string): string[] {
  const below = (inner: string): string[] =>
    listDirectory(join(path, inner), where).flatMap(name => {
      const relative = inner === '' ? name : `${inner}/${name}`
      return /^[^.=][^=]*=/.test(name) && statSync(join(path, relative)).isDirectory() ? below(relative) : [relative]
    })
  return below('')
}

/** Removes a file, if it is there. */
export async function remove(path: string, where: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (thrown) {
    throw outputError(where, 'remove', path, thrown)
  }
}

/** Removes the folders from `inner` up to `path` that are empty. */
export async function removeEmpty(path: string, inner: string): Promise<void> {
  for (let at = inner; at !== '' && at !== '.'; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
    // What isn't empty stays.
    if (!(await rmdir(join(path, at)).then(() => true, () => false))) return
  }
}

/** Gives a file its final name, or finds that it was done before. */
export async function show(temp: string, final: string, where: string): Promise<void> {
  try {
    await rename(temp, final)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw outputError(where, 'rename to', final, thrown)
    if (!existsSync(final)) throw lost(temp, final, where, thrown)
  }
}

/**
 * As `show`, beside files of others: where another file has the name, a number is put to it. Links are made rather than files renamed, so that of two
 * that take a name at once one gets the next.
 */
export async function showBeside(temp: string, final: string, where: string): Promise<void> {
  if (!existsSync(temp) && existsSync(final)) return
  const ending = final.lastIndexOf('.')
  for (let number = 0; ; number++) {
    const path = number === 0 ? final : `${final.slice(0, ending)}-${number}${final.slice(ending)}`
    try {
      await link(temp, path)
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException
      if (code === 'ENOENT') throw lost(temp, path, where, thrown)
      // A link that was made just before the end of an earlier process is the file itself.
      if (existsSync(path) && statSync(temp).ino !== statSync(path).ino) continue
      if (code !== 'EEXIST') return show(temp, path, where)
    }
    return remove(temp, where)
  }
}

function lost(temp: string, final: string, where: string, cause: unknown): ConnectorError {
  return new ConnectorError('FILE_LOST', `${where}: neither ${temp} nor ${final} is there, one of which the checkpoint counts on; restore an older checkpoint`, { cause })
}

/** Makes the names in a folder durable. */
export async function syncDirectory(path: string, where: string): Promise<void> {
  // Windows can't open directories; its file system orders renames by itself.
  if (process.platform === 'win32') return
  try {
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (thrown) {
    throw outputError(where, 'sync', path, thrown)
  }
}
