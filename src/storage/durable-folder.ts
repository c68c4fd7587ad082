// Folders that are there after a power cut, too: a folder is durable only when the one around it is synced, whoever made it. One that is there may have been
// made by a process that ended before that.
import { syncError } from './disk-error.ts'
import { type FileCalls, isMissing } from './file-calls.ts'

/** True where a folder has this name. Throws what `stat` does, but where nothing is there. */
export async function isFolder(calls: Pick<FileCalls, 'stat'>, path: string): Promise<boolean> {
  try {
    return (await calls.stat(path)).kind === 'directory'
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * Makes a folder and those above it, and all of their names durable. Those in `settled` are known to be, and those made are put there. Folders that this
 * user may not read are left as they are. Throws errno errors, and ConnectorError DISK_SYNC. Cost: an fsync for each folder on the way, once.
 */
export async function makeDurableFolder(calls: Pick<FileCalls, 'stat' | 'makeFolder' | 'syncFolder'>, folder: string, settled: Set<string>): Promise<void> {
  const isThere = await isFolder(calls, folder)
  if (isThere && settled.has(folder)) return
  const outer = parentOf(folder)
  if (outer !== folder) {
    await makeDurableFolder(calls, outer, settled)
    const isNew = !isThere && (await calls.makeFolder(folder))
    await calls.syncFolder(outer).catch(error => {
      if (isNew || !isOthers(error)) throw syncError(folder, error)
    })
  }
  settled.add(folder)
}

/** The folder around a path; of / and . they themselves. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at)
}

function isOthers(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')
}
