// A file being written: buffered appends, synced once, with the system's refusals as typed errors.
import type { ByteSink } from '../base/bytes.ts'
import { ConnectorError } from '../base/errors.ts'
import { nodeOutputCalls, type OutputCalls } from './output-calls.ts'

const known: Record<string, { code: string; what: string; todo: string; retryable?: boolean }> = {
  ENOSPC: { code: 'DISK_FULL', what: 'the disk is full', todo: 'free space or write elsewhere', retryable: true },
  EDQUOT: { code: 'DISK_FULL', what: 'the disk quota is used up', todo: 'free space or write elsewhere', retryable: true },
  EFBIG: { code: 'DISK_FULL', what: 'the file is larger than the disk or the process limit allows', todo: 'raise the limit or write elsewhere' },
  EACCES: { code: 'FILE_DENIED', what: 'permission denied', todo: 'give this user write permission, or write elsewhere' },
  EPERM: { code: 'FILE_DENIED', what: 'the operation is not permitted', todo: 'give this user write permission, or write elsewhere' },
  EROFS: { code: 'FILE_DENIED', what: 'the disk is mounted read-only', todo: 'write elsewhere' },
  ENOENT: { code: 'FILE_MISSING', what: 'there is no such file or directory', todo: 'check the path' },
  ENOTDIR: { code: 'FILE_KIND', what: 'a part of the path is a file', todo: 'check the path' },
  EEXIST: { code: 'FILE_KIND', what: 'a part of the path is a file', todo: 'check the path' },
  EISDIR: { code: 'FILE_KIND', what: 'it is a directory', todo: 'end the path with / to write part files into it' },
  EMFILE: { code: 'FILE_HANDLES', what: 'too many files are open', todo: 'raise the limit (ulimit -n)', retryable: true },
}

/** The ConnectorError for a failed call on an output. `doing` is a verb, such as 'write'. */
export function outputError(where: string, doing: string, path: string, cause: unknown): ConnectorError {
  if (cause instanceof ConnectorError) return cause
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error'
  const { code, what, todo, retryable } = known[errno] ?? { code: 'FILE_FAILED', what: 'the system refused', todo: 'check the disk' }
  return new ConnectorError(code, `${where}: can't ${doing} ${path}: ${what} (${errno}); ${todo}`, { cause, retryable: retryable ?? false })
}

const bufferBytes = 256 * 1024

/** After so many bytes the system is asked to write what it has while more comes, so that the sync at the end has little to wait for. */
const earlyBytes = 32 << 20

/** An open output. After an error it takes nothing more; close it in any case. */
export class FileOutput implements ByteSink {
  readonly path: string
  readonly #where: string
  readonly #calls: OutputCalls
  readonly #descriptor: number
  readonly #buffer = new Uint8Array(bufferBytes)
  #buffered = 0
  #bytes = 0
  #open = true
  #unsyncedBytes = 0
  /** A sync under way while more is written; it never rejects. */
  #early: Promise<void> | undefined
  /** What a sync has thrown, in an array. */
  #failed: [unknown] | undefined

  /** 'w' begins the file anew, 'a' goes on behind its `bytes` bytes. Throws ConnectorError. */
  constructor(path: string, flags: 'w' | 'a', where: string, bytes = 0, calls: OutputCalls = nodeOutputCalls) {
    this.path = path
    this.#where = where
    this.#calls = calls
    this.#bytes = bytes
    try {
      this.#descriptor = calls.open(path, flags)
    } catch (thrown) {
      throw outputError(where, 'open', path, thrown)
    }
  }

  /** Bytes appended, those before a resumption included. */
  get bytes(): number {
    return this.#bytes
  }

  append(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength
    const isLarge = bytes.byteLength > bufferBytes / 2
    if (isLarge || this.#buffered + bytes.byteLength > bufferBytes) this.flush()
    if (isLarge) return this.#write(bytes)
    this.#buffer.set(bytes, this.#buffered)
    this.#buffered += bytes.byteLength
  }

  /** Hands everything to the system. */
  flush(): void {
    const count = this.#buffered
    this.#buffered = 0
    if (count > 0) this.#write(this.#buffer.subarray(0, count))
  }

  /** Makes everything durable. A failed sync is final: what the system still holds can't be known. */
  async sync(): Promise<void> {
    this.flush()
    await this.#early
    await this.#sync()
    if (!this.#failed) return
    const [cause] = this.#failed
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConnectorError('FILE_SYNC', `${this.#where}: fsync of ${this.path} failed (${errno}), so nothing written to it can be trusted; check the disk, then restart the job`, { cause })
  }

  /** Closes the file; what is buffered and not flushed is lost. A second call does nothing. Throws ConnectorError. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    try {
      this.#calls.close(this.#descriptor)
    } catch (thrown) {
      throw outputError(this.#where, 'close', this.path, thrown)
    }
  }

  /** Closes the file whose contents are given up, whatever the system says to that. */
  abandon(): void {
    try {
      this.close()
    } catch {
      // What went wrong before is what is told.
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.byteLength; ) at += this.#calls.write(this.#descriptor, bytes, at)
    } catch (thrown) {
      throw outputError(this.#where, 'write', this.path, thrown)
    }
    this.#unsyncedBytes += bytes.byteLength
    if (this.#unsyncedBytes >= earlyBytes && !this.#early) this.#early = this.#sync().finally(() => (this.#early = undefined))
  }

  // After one that failed there is no other: it would succeed, though bytes are lost.
  async #sync(): Promise<void> {
    if (this.#failed) return
    this.#unsyncedBytes = 0
    try {
      await this.#calls.sync(this.#descriptor)
    } catch (thrown) {
      this.#failed = [thrown]
    }
  }
}
