// The jobs that run on this machine for this user: a folder that only they can enter, with a small file and a socket for each. Jobs write themselves in when they
// start and out when they end; what a killed process left behind is recognised by its process id and birth, and removed by whoever looks next.
import { unlinkSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { asError, ConnectorError } from '../base/errors.ts'
import { isMissing } from './file-calls.ts'
import { birthOf, isGoneProcess } from './process-birth.ts'

/** A job as it is written in. */
export interface JobEntry {
  /** 8 hexadecimal digits, new for each start. */
  readonly id: string
  /** What people call it. */
  readonly name: string
  /** The name of its checkpoints. */
  readonly job: string
  readonly pid: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** The absolute folder of its checkpoints, where it keeps any. */
  readonly state?: string
}

/** An entry with the socket that its job listens on. */
export interface RunningJob extends JobEntry {
  readonly socket: string
  /** Takes the entry out: its process doesn't listen any more. */
  forget(): Promise<void>
}

/** A place for a job that is about to be written in. */
export interface Registration {
  readonly entry: JobEntry
  readonly socket: string
  /** Makes the entry visible, once the socket is listened on. Throws ConnectorError CONTROL_FOLDER. */
  publish(): Promise<void>
  /** Takes it out. */
  remove(): Promise<void>
}

/** What is there. */
export interface RunningJobs {
  readonly jobs: readonly RunningJob[]
  /** Why a folder was not believed, as text. */
  readonly ignored: readonly string[]
}

const isWindows = process.platform === 'win32'
const entryBytesMax = 16 * 1024
/** What sockaddr_un holds, with its final zero, on Linux and on the others. */
const socketPathBytesMax = process.platform === 'linux' ? 107 : 103
const entryName = /^([0-9a-f]{8})\.json$/
const othersBits = 0o077
/** How long a socket without an entry, of a process that is just starting, is left alone. */
const orphanMs = 60_000

/** The folders where jobs may be, the one for new jobs first: $XDG_RUNTIME_DIR/millrace, and millrace-<user> among the temporary files. */
export function registryFolders(environment: NodeJS.ProcessEnv = process.env): string[] {
  const runtime = environment.XDG_RUNTIME_DIR
  const own = join(tmpdir(), `millrace-${isWindows ? userInfo().username : process.getuid!()}`)
  return runtime && isAbsolute(runtime) ? [join(runtime, 'millrace'), own] : [own]
}

/** A place for a job, in the first folder that can be had. Throws ConnectorError CONTROL_FOLDER. */
export async function registerJob(facts: Omit<JobEntry, 'id' | 'pid'>, folders: readonly string[] = registryFolders()): Promise<Registration> {
  const folder = await usableFolder(folders)
  const id = crypto.randomUUID().slice(0, 8)
  const socket = socketOf(folder, id)
  if (!isWindows && Buffer.byteLength(socket) > socketPathBytesMax)
    throw new ConnectorError('CONTROL_FOLDER', `control: ${socket} is too long for a socket: ${Buffer.byteLength(socket)} bytes, at most ${socketPathBytesMax}; set XDG_RUNTIME_DIR to a shorter folder of your own`)
  const entry: JobEntry = { id, pid: process.pid, ...facts }
  const file = join(folder, `${id}.json`)
  const leave = () => {
    for (const path of [file, socket]) {
      try {
        unlinkSync(path)
      } catch {
        // Gone already, or a pipe of Windows.
      }
    }
  }
  // process.exit() leaves no time for promises.
  process.once('exit', leave)
  return {
    entry,
    socket,
    async publish() {
      const draft = `${file}.tmp`
      try {
        await writeFile(draft, JSON.stringify({ ...entry, birth: birthOf('self') }), { mode: 0o600, flag: 'wx' })
        await rename(draft, file)
      } catch (error) {
        await unlink(draft).catch(() => {})
        throw folderError(folder, `no file can be written there (${asError(error).message})`, error)
      }
    },
    async remove() {
      process.removeListener('exit', leave)
      leave()
    },
  }
}

/** All jobs that run, oldest first. Entries of processes that are gone are removed. Folders that others could write to are not believed. */
export async function listJobs(folders: readonly string[] = registryFolders()): Promise<RunningJobs> {
  const jobs: RunningJob[] = []
  const ignored: string[] = []
  for (const folder of new Set(folders)) {
    const refusal = await refusalOf(folder)
    if (refusal === 'missing') continue
    if (refusal !== undefined) {
      ignored.push(`${folder} was not looked into: ${refusal}`)
      continue
    }
    const names = await readdir(folder)
    for (const name of names) {
      const id = entryName.exec(name)?.[1]
      if (id !== undefined) {
        const job = await readJob(folder, id)
        if (job) jobs.push(job)
      } else await sweepOrphan(folder, name, names)
    }
  }
  return { jobs: jobs.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)), ignored }
}

async function usableFolder(folders: readonly string[]): Promise<string> {
  let first: ConnectorError | undefined
  for (const folder of folders) {
    try {
      await mkdir(folder, { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        first ??= folderError(folder, `it can't be made (${asError(error).message})`, error)
        continue
      }
    }
    const refusal = await refusalOf(folder)
    if (refusal === undefined) return folder
    first ??= folderError(folder, refusal)
  }
  throw first!
}

// Why a folder can't be believed: anyone who may write there could answer in a job's place.
async function refusalOf(folder: string): Promise<string | undefined> {
  try {
    const found = await lstat(folder)
    if (!found.isDirectory()) return 'it is no folder'
    if (isWindows) return undefined
    if (found.uid !== process.getuid!()) return `it belongs to user ${found.uid}, and this is user ${process.getuid!()}`
    return (found.mode & othersBits) === 0 ? undefined : `others may enter it (mode ${(found.mode & 0o777).toString(8)}, not 700)`
  } catch (error) {
    return isMissing(error) ? 'missing' : asError(error).message
  }
}

async function readJob(folder: string, id: string): Promise<RunningJob | undefined> {
  const file = join(folder, `${id}.json`)
  const socket = socketOf(folder, id)
  const forget = async () => {
    for (const path of isWindows ? [file] : [file, socket]) await unlink(path).catch(() => {})
  }
  const written = await readEntry(file, id)
  if (!written) return undefined
  const { birth, ...entry } = written
  if (!isGoneProcess(entry.pid, birth)) return { ...entry, socket, forget }
  await forget()
  return undefined
}

// What is no entry of ours is left alone, and not believed.
async function readEntry(file: string, id: string): Promise<(JobEntry & { birth: string }) | undefined> {
  try {
    const found = await lstat(file)
    const isOurs = isWindows || (found.uid === process.getuid!() && (found.mode & othersBits) === 0)
    if (!found.isFile() || !isOurs || found.size > entryBytesMax) return undefined
    const entry = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown> | null
    const texts = [entry?.name, entry?.job, entry?.birth]
    const isEntry = entry?.id === id && texts.every(text => typeof text === 'string') && [entry?.pid, entry?.startedAt].every(n => Number.isSafeInteger(n) && Number(n) > 0)
    if (!isEntry || (entry?.state !== undefined && typeof entry.state !== 'string')) return undefined
    return entry as unknown as JobEntry & { birth: string }
  } catch {
    return undefined
  }
}

// A socket, or a draft of an entry, whose process died before it was written in.
async function sweepOrphan(folder: string, name: string, names: readonly string[]): Promise<void> {
  const id = /^([0-9a-f]{8})\.(?:sock|json\.tmp)$/.exec(name)?.[1]
  if (id === undefined || names.includes(`${id}.json`)) return
  const found = await lstat(join(folder, name)).catch(() => undefined)
  if (found && Date.now() - found.mtimeMs > orphanMs) await unlink(join(folder, name)).catch(() => {})
}

function socketOf(folder: string, id: string): string {
  return isWindows ? `\\\\.\\pipe\\millrace-${id}` : join(folder, `${id}.sock`)
}

/** Lets only the user speak to a socket, and makes sure that it is one of theirs. Nothing to do for a pipe of Windows. Throws ConnectorError CONTROL_FOLDER. */
export async function secureSocket(socket: string): Promise<void> {
  if (isWindows) return
  await chmod(socket, 0o600)
  await checkSocket(socket)
}

/** Refuses a socket that another user owns or may write to. Throws ConnectorError CONTROL_FOLDER; what `lstat` throws where there is none. */
export async function checkSocket(socket: string): Promise<void> {
  if (isWindows) return
  const found = await lstat(socket)
  const isOurs = found.isSocket() && found.uid === process.getuid!() && (found.mode & othersBits) === 0
  if (!isOurs) throw folderError(socket, `it is no socket that only user ${process.getuid!()} may use (owner ${found.uid}, mode ${(found.mode & 0o777).toString(8)})`)
}

function folderError(path: string, found: string, cause?: unknown): ConnectorError {
  return new ConnectorError(
    'CONTROL_FOLDER',
    `control: ${path} can't be used for jobs to be found: ${found}; remove it, or set XDG_RUNTIME_DIR to a folder of your own (mode 700)`,
    { cause },
  )
}
