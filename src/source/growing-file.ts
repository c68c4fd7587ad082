// A text file that others put rows behind, as it is followed: how far whole records reach, and whether it is still the file that it was.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { crc32c } from '../base/crc32c.ts'
import { ConnectorError, DataError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import { fileError } from './file-list.ts'
import { type Quoting, RecordEnds } from './record-ends.ts'

/** By what a file is known again: its first bytes. */
export interface FileHead {
  readonly bytes: number
  readonly crc: number
}

const headBytesMax = 1024
const blockBytes = 1 << 18
/** Bytes that are handed out at a time, but for longer records. */
const pieceBytes = 4 << 20
const recordBytesMax = 64 << 20

/** A file at a path, which may not be there yet. */
export class GrowingFile {
  readonly path: string
  readonly #where: string
  readonly #ends: RecordEnds
  #descriptor: number | undefined
  #id = 0
  /** Bytes that were looked at for ends of records, and where the last one found lies. */
  #seen: number
  #end: number
  readonly #block = new Uint8Array(blockBytes)

  /** Goes on at byte `start`, where a record begins. */
  constructor(path: string, start: number, quoting: Quoting | undefined, where: string) {
    this.path = path
    this.#where = where
    this.#ends = new RecordEnds(quoting)
    this.#seen = this.#end = start
  }

  /** The byte behind the last whole record that was seen. */
  get end(): number {
    return this.#end
  }

  /** Whether the file is there, by now. Throws ConnectorError FILE_REPLACED where the name is another file's, FILE_TRUNCATED, FILE_MISSING where it is gone, FILE_DENIED. */
  isThere(): boolean {
    const found = this.#stat()
    if (!found) {
      if (this.#descriptor === undefined && this.#seen === 0) return false
      throw this.#changed('FILE_MISSING', 'it is gone: renamed or removed', 'files that take turns are read with watch: let their writer end one before it names it')
    }
    if (this.#descriptor === undefined) this.#open(found.ino)
    if (found.ino !== this.#id) throw this.#changed('FILE_REPLACED', 'another file has its name now', 'let its writer go on with one file, or read files that take turns with watch')
    if (found.size < this.#seen) throw this.#changed('FILE_TRUNCATED', `it has ${found.size} bytes, and ${this.#seen} were read`, "let its writer only add to it; to begin anew, start the job with restore: 'none'")
    return true
  }

  /** Looks on, as far as a piece is; true where there are whole records behind byte `from`. The file is there. Throws DataError ROW_TOO_LONG. */
  grows(from: number): boolean {
    while (this.#end < from + pieceBytes) {
      const count = this.#read(this.#seen, this.#block)
      if (count === 0) break
      const end = this.#ends.lastEnd(this.#block.subarray(0, count))
      if (end > 0) this.#end = this.#seen + end
      this.#seen += count
      if (this.#seen - Math.max(this.#end, from) > recordBytesMax)
        throw new DataError('ROW_TOO_LONG', `${this.#where}: ${this.path}, byte ${this.#end}: a record has more than ${formatBytes(recordBytesMax)} and no end so far; is a quote left open?`)
    }
    return this.#end > from
  }

  /** By what the file will be known again: of the bytes before `end`. */
  head(end: number): FileHead {
    const bytes = new Uint8Array(Math.min(end, headBytesMax))
    const count = this.#descriptor === undefined ? 0 : this.#read(0, bytes)
    return { bytes: count, crc: crc32c(bytes.subarray(0, count)) }
  }

  /** Throws ConnectorError FILE_REPLACED where the file begins otherwise. The file is there. */
  check({ bytes, crc }: FileHead): void {
    if (crc !== this.head(bytes).crc) throw this.#changed('FILE_REPLACED', 'it begins otherwise than the file that a checkpoint counts on', "bring that file back, or start anew with restore: 'none'")
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #stat(): { ino: number; size: number } | undefined {
    try {
      return statSync(this.path, { throwIfNoEntry: false })
    } catch (thrown) {
      throw fileError(this.#where, 'look at', this.path, thrown)
    }
  }

  #open(id: number): void {
    try {
      this.#descriptor = openSync(this.path, 'r')
      this.#id = id
    } catch (thrown) {
      throw fileError(this.#where, 'open', this.path, thrown)
    }
  }

  #read(start: number, target: Uint8Array): number {
    let at = 0
    try {
      for (let count = 1; count > 0 && at < target.length; at += count) count = readSync(this.#descriptor!, target, at, target.length - at, start + at)
    } catch (thrown) {
      throw fileError(this.#where, 'read', this.path, thrown)
    }
    return at
  }

  #changed(code: string, what: string, todo: string): ConnectorError {
    return new ConnectorError(code, `${this.#where}: ${this.path} is followed, and ${what}; ${todo}`)
  }
}
