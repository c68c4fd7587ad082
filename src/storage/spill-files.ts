// Spill files on the local disk, written and read synchronously by the thread that spills. A file loses its name as soon as it is open: the
// system frees it with its descriptor, so nothing stays behind when a worker dies or the process is killed. What little a process can leave (an
// empty file, if it is killed between two calls) the next one that spills into the folder removes. A block is its bytes; their checksums stay in memory.
import { closeSync, openSync, readdirSync, readSync, rmSync, writevSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import * as zlib from 'node:zlib'
import { crc32c } from '../base/crc32c.ts'
import { assert, ConnectorError, DataError } from '../base/errors.ts'
import type { SharedSpillFile, SpillFile, SpillStore, StoredFile, StoredFileReference } from '../base/spill.ts'
import { formatBytes } from '../base/units.ts'

/** The calls on files that spilling is made of, so that a test can fail each of them. */
export interface SpillCalls {
  open(path: string): number
  /** Takes a file's name away while it is open. */
  unname(path: string): void
  write(descriptor: number, parts: readonly Uint8Array[], at: number): number
  read(descriptor: number, target: Uint8Array, at: number): number
  close(descriptor: number): void
}

/** The machine's own calls. */
export const nodeSpillCalls: SpillCalls = {
  open: path => openSync(path, 'wx+', 0o600),
  unname: path => rmSync(path, { force: true }),
  write: (descriptor, parts, at) => writevSync(descriptor, parts as Uint8Array[], at),
  read: (descriptor, target, at) => readSync(descriptor, target, 0, target.length, at),
  close: descriptor => closeSync(descriptor),
}

/** A store whose files lie in `folder`, by default the system's folder for temporary files. `spilled` hears of the bytes of each block. */
export class SpillFiles implements SpillStore {
  readonly #disk: Disk
  readonly #open = new Set<File>()
  constructor(folder: string = tmpdir(), spilled: (bytes: number) => void = () => {}, calls: SpillCalls = nodeSpillCalls) {
    this.#disk = { folder, calls, spilled }
  }

  create(): SpillFile {
    const file = new File(this.#disk, () => this.#open.delete(file))
    this.#open.add(file)
    return file
  }

  open(shared: SharedSpillFile): SpillFile {
    return new File(this.#disk, () => {}, shared)
  }

  openStored({ descriptor, bytes }: StoredFileReference): StoredFile {
    const disk = this.#disk
    return {
      bytes,
      read(start, length) {
        if (start < 0 || length < 0 || start + length > bytes) throw new DataError('STATE_CORRUPT', `state: bytes ${start} to ${start + length} of a file of ${bytes}; the checkpoint is damaged; restore an earlier one`)
        const target = new Uint8Array(length)
        for (let at = 0; at < length; ) {
          const count = attempt(disk, bytes, () => disk.calls.read(descriptor, target.subarray(at), start + at))
          if (count === 0) throw new DataError('STATE_CORRUPT', `state: a file of ${bytes} bytes ends at byte ${start + at}; the checkpoint is damaged; restore an earlier one`)
          at += count
        }
        return target
      },
    }
  }

  /** Gives all files up. */
  close(): void {
    for (const file of [...this.#open]) file.delete()
  }
}

interface Disk {
  readonly folder: string
  readonly calls: SpillCalls
  readonly spilled: (bytes: number) => void
}

/** The checksum of blocks. */
export const checksum: (bytes: Uint8Array, before: number) => number = (zlib as { crc32?: (bytes: Uint8Array, before: number) => number }).crc32 ?? crc32c

class File implements SpillFile {
  readonly #disk: Disk
  readonly #deleted: () => void
  readonly #starts: number[] = []
  readonly #lengths: number[] = []
  readonly #checksums: number[] = []
  readonly #isShared: boolean
  #descriptor = -1
  #bytes = 0
  constructor(disk: Disk, deleted: () => void, shared?: SharedSpillFile) {
    this.#disk = disk
    this.#deleted = deleted
    this.#isShared = shared !== undefined
    if (!shared) return
    this.#descriptor = shared.descriptor
    this.#starts = [...shared.starts]
    this.#lengths = [...shared.lengths]
    this.#checksums = [...shared.checksums]
    this.#bytes = shared.lengths.reduce((sum, length) => sum + length, 0)
  }

  get blocks(): number {
    return this.#starts.length
  }
  get bytes(): number {
    return this.#bytes
  }

  share(): SharedSpillFile {
    return { descriptor: this.#descriptor, starts: [...this.#starts], lengths: [...this.#lengths], checksums: [...this.#checksums] }
  }

  append(...parts: readonly Uint8Array[]): number {
    assert(!this.#isShared, 'a block for a file of another thread')
    const { calls, spilled } = this.#disk
    if (this.#descriptor < 0) this.#descriptor = openUnnamed(this.#disk)
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const start = this.#bytes
    this.#starts.push(start)
    this.#lengths.push(length)
    this.#checksums.push(parts.reduce((sum, part) => checksum(part, sum), 0))
    let left = parts.filter(part => part.length > 0)
    for (let at = 0; at < length; ) {
      const written = attempt(this.#disk, start + at, () => calls.write(this.#descriptor, left, start + at))
      at += written
      left = dropFront(left, written)
    }
    this.#bytes += length
    spilled(length)
    return this.#starts.length - 1
  }

  lengthOf(block: number): number {
    assert(block < this.#starts.length, `block ${block} of a spill file of ${this.#starts.length}`)
    return this.#lengths[block]!
  }

  read(block: number): Uint8Array {
    const bytes = new Uint8Array(this.lengthOf(block))
    this.readInto(block, bytes)
    return bytes
  }

  readInto(block: number, target: Uint8Array): void {
    const length = this.lengthOf(block)
    assert(target.length === length, `${target.length} bytes for a block of ${length}`)
    for (let at = 0; at < length; ) {
      const count = attempt(this.#disk, this.#bytes, () => this.#disk.calls.read(this.#descriptor, target.subarray(at), this.#starts[block]! + at))
      if (count === 0) throw damaged(this.#disk.folder, block, 'it is cut')
      at += count
    }
    if (checksum(target, 0) !== this.#checksums[block]) throw damaged(this.#disk.folder, block, 'its checksum differs')
  }

  delete(): void {
    if (this.#descriptor >= 0 && !this.#isShared) this.#disk.calls.close(this.#descriptor)
    this.#descriptor = -1
    this.#starts.length = this.#lengths.length = this.#checksums.length = this.#bytes = 0
    this.#deleted()
  }
}

let count = 0
const swept = new Set<string>()
const namePattern = /^millrace-spill-(\d+)-/

function openUnnamed(disk: Disk): number {
  const { folder, calls } = disk
  if (!swept.has(folder)) {
    swept.add(folder)
    sweep(folder)
  }
  const path = join(folder, `millrace-spill-${process.pid}-${threadId}-${count++}-${Math.trunc(performance.timeOrigin + performance.now()).toString(36)}`)
  const descriptor = attempt(disk, 0, () => calls.open(path))
  attempt(disk, 0, () => calls.unname(path))
  return descriptor
}

// Files with a name belong to processes that died between two calls, or are about to lose it.
function sweep(folder: string): void {
  let names: string[] = []
  try {
    names = readdirSync(folder)
  } catch {
    // Opening the file says what is wrong with the folder.
  }
  for (const name of names) {
    const owner = Number(namePattern.exec(name)?.[1])
    if (owner > 0 && !isAlive(owner)) rmSync(join(folder, name), { force: true })
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function dropFront(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  return parts.flatMap(part => {
    const skipped = Math.min(skip, part.length)
    skip -= skipped
    return skipped === part.length ? [] : [part.subarray(skipped)]
  })
}

const fullCodes = ['ENOSPC', 'EDQUOT', 'EFBIG']

function attempt<T>({ folder }: Disk, bytes: number, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (fullCodes.includes(code ?? '')) {
      throw new ConnectorError(
        'SPILL_FULL',
        `spill: the disk of ${folder} is full (${code}) after ${formatBytes(bytes)} of one file; free space there, name a folder on another disk by the spill option, or let the job keep more by raising its memory option`,
        { cause, retryable: true },
      )
    }
    throw new ConnectorError('SPILL_IO', `spill: ${folder} can't be used: ${message}; name a folder that this user can write to by the spill option`, { cause })
  }
}

function damaged(folder: string, block: number, what: string): DataError {
  return new DataError('SPILL_CORRUPT', `spill: block ${block} of a file in ${folder}: ${what}; something else wrote to the file, or the disk is faulty`)
}
