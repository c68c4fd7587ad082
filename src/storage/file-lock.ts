// An exclusive lock as a file that names its holder. The file appears with its content in one step (a hard link), and a holder that is
// gone is recognised by process id, boot and start time, so that neither a reboot nor a reused process id keeps a job from starting.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { ConnectorError } from '../base/errors.ts'
import type { StorageLock } from '../base/storage.ts'
import { diskError } from './disk-error.ts'
import { type FileCalls, isMissing } from './file-calls.ts'

interface Holder {
  pid: number
  host: string
  /** Boot and start time of the process where the system tells them, else ''. */
  birth: string
  token: string
}

const held = new Set<string>()

/** Claims the file at `path`. Throws ConnectorError LOCKED naming the holder. `display` is the path for messages. */
export async function lockFile(calls: FileCalls, path: string, display: string): Promise<StorageLock> {
  const token = randomUUID()
  const own: Holder = { pid: process.pid, host: hostname(), birth: birthOf('self'), token }
  const draft = `${path}.${token}.claim`
  held.add(token)
  try {
    const file = await calls.open(draft, 'new')
    try {
      await file.write(new TextEncoder().encode(JSON.stringify(own)))
    } finally {
      await file.close()
    }
    await claim(calls, draft, path, display)
  } catch (error) {
    held.delete(token)
    throw diskError('lock', display, error)
  } finally {
    await calls.unlink(draft).catch(() => {})
  }
  return {
    async release() {
      if (!held.delete(token)) return
      const holder = await readHolder(calls, path)
      if (typeof holder === 'object' && holder.token === token) await calls.unlink(path).catch(error => { throw diskError('unlock', display, error) })
    },
  }
}

async function claim(calls: FileCalls, draft: string, path: string, display: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await calls.link(draft, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readHolder(calls, path)
    if (holder === undefined && attempt < 3) continue
    if (holder === undefined || holder === 'unreadable' || !isGone(holder) || attempt >= 3) throw lockedError(holder, display)
    await discard(calls, path, holder, display)
  }
}

// Two processes may find the same dead holder. The rename picks one; the other one renames away a live lock at worst, sees it and puts it back.
async function discard(calls: FileCalls, path: string, dead: Holder, display: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.claim`
  try {
    await calls.rename(path, aside)
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  const moved = await readHolder(calls, aside)
  const live = moved !== undefined && moved !== 'unreadable' && moved.token !== dead.token
  if (live) await calls.link(aside, path).catch(() => {})
  await calls.unlink(aside).catch(() => {})
  if (live) throw lockedError(moved, display)
}

async function readHolder(calls: FileCalls, path: string): Promise<Holder | 'unreadable' | undefined> {
  let text: string
  try {
    text = new TextDecoder().decode(await calls.read(path))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const holder = JSON.parse(text) as Holder
    return Number.isSafeInteger(holder.pid) && typeof holder.host === 'string' && typeof holder.token === 'string' ? holder : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

function isGone(holder: Holder): boolean {
  if (holder.host !== hostname()) return false
  if (holder.pid === process.pid) return !held.has(holder.token)
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const birth = birthOf(holder.pid)
  return birth !== '' && holder.birth !== '' && birth !== holder.birth
}

// Linux: field 22 of /proc/<pid>/stat is the start time in ticks since boot; the name in field 2 may hold spaces and brackets.
function birthOf(pid: number | 'self'): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
}

function lockedError(holder: Holder | 'unreadable' | undefined, display: string): ConnectorError {
  const who =
    holder === undefined || holder === 'unreadable'
      ? 'another process'
      : `process ${holder.pid}${holder.host === hostname() ? '' : ` on ${holder.host}`}`
  const todo = typeof holder === 'object' && holder.host !== hostname() ? 'stop it there; if that machine is gone for good, delete this file' : 'stop it first, or choose another directory'
  return new ConnectorError('LOCKED', `${display}: in use by ${who}; ${todo}`, { retryable: true })
}
