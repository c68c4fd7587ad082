// An exclusive lock as a file that names its holder. The file appears with its content in one step (a hard link), and a holder that is
// gone is recognised by process id, boot and start time, so that neither a reboot nor a reused process id keeps a job from starting.
import { hostname } from 'node:os'
import { ConnectorError } from '../base/errors.ts'
import type { StorageLock } from '../base/storage.ts'
import { diskError } from './disk-error.ts'
import { type FileCalls, isMissing } from './file-calls.ts'
import { birthOf, isGoneProcess } from './process-birth.ts'

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
  const token = crypto.randomUUID()
  const own: Holder = { pid: process.pid, host: hostname(), birth: birthOf('self'), token }
  const draft = `${path}.${token}.claim`
  held.add(token)
  try {
    const file = await calls.open(draft, 'new')
    try {
      await file.write(new TextEncoder().encode(JSON.stringify(own)))
      // A lock that a power cut left without its holder's name would be held for ever.
      await file.sync()
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
      const chain = await readChain(calls, path).catch(error => {
        throw diskError('unlock', display, error)
      })
      if (chain.at(-1)?.holder.token !== token) return
      // The root goes first: a claim on a successor is void once its root is gone.
      for (const { file } of chain)
        await calls.unlink(file).catch(error => {
          throw diskError('unlock', display, error)
        })
    },
  }
}

async function claim(calls: FileCalls, draft: string, path: string, display: string): Promise<void> {
  for (let attempt = 0; attempt < 8; attempt++) {
    const chain = await readChain(calls, path)
    const last = chain.at(-1)
    if (last && !isGone(last.holder)) throw lockedError(last.holder, display)
    const target = last ? successorFile(path, last.holder) : path
    try {
      await calls.link(draft, target)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      continue
    }
    if (!last || (await readHolder(calls, path))?.token === chain[0]!.holder.token) return
    await calls.unlink(target)
  }
  throw lockedError((await readChain(calls, path)).at(-1)?.holder, display)
}

// The lock is a chain of files: `lock` names its first holder; a process that finds the last holder gone becomes its successor by linking a file
// named for that holder, which only one can do. Tokens are unique, so no name is ever used twice.
async function readChain(calls: FileCalls, path: string): Promise<{ holder: Holder; file: string }[]> {
  const chain: { holder: Holder; file: string }[] = []
  for (let file = path; ; ) {
    const holder = await readHolder(calls, file)
    if (!holder) return chain
    chain.push({ holder, file })
    file = successorFile(path, holder)
  }
}

function successorFile(path: string, holder: Holder): string {
  return `${path}.after-${holder.token}.claim`
}

async function readHolder(calls: FileCalls, file: string): Promise<Holder | undefined> {
  let text: string
  try {
    text = new TextDecoder().decode(await calls.read(file))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const holder = JSON.parse(text) as Holder
    if (Number.isSafeInteger(holder.pid) && typeof holder.host === 'string' && /^[\w-]{1,64}$/.test(holder.token)) return holder
  } catch {
    // Falls through: a lock that says nothing is held by someone unknown.
  }
  return { pid: 0, host: 'an unknown machine', birth: '', token: 'unreadable' }
}

function isGone(holder: Holder): boolean {
  if (holder.host !== hostname()) return false
  if (holder.pid === process.pid) return !held.has(holder.token)
  return isGoneProcess(holder.pid, holder.birth)
}

function lockedError(holder: Holder | undefined, display: string): ConnectorError {
  const isHere = holder?.host === hostname()
  const who = holder ? `process ${holder.pid}${isHere ? '' : ` on ${holder.host}`}` : 'other processes, which come and go'
  const todo = isHere ? 'stop it first, or choose another directory' : 'stop it there; if it is gone for good, delete this file'
  return new ConnectorError('LOCKED', `${display}: in use by ${who}; ${todo}`, { retryable: true })
}
