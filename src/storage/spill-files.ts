// Spill files on the local disk, written and read synchronously by the thread that spills. A block is [CRC-32C u32][bytes].
// The folder is made with the first block and removed with `close`.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32c } from '../base/crc32c.ts'
import { assert, ConnectorError, DataError } from '../base/errors.ts'
import type { SpillFile, SpillStore } from '../base/spill.ts'

/** A store whose files lie in a folder of their own below `parent`, by default the system's folder for temporary files. */
export class SpillFiles implements SpillStore {
  readonly #parent: string
  readonly #open = new Set<File>()
  #folder: string | undefined
  #count = 0
  constructor(parent: string = tmpdir()) {
    this.#parent = parent
  }

  create(): SpillFile {
    const file = new File(
      () => join((this.#folder ??= attempt(this.#parent, () => mkdtempSync(join(this.#parent, 'millrace-spill-')))), `${this.#count++}`),
      () => this.#open.delete(file),
    )
    this.#open.add(file)
    return file
  }

  /** Removes all files. */
  close(): void {
    for (const file of [...this.#open]) file.delete()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }
}

class File implements SpillFile {
  readonly #place: () => string
  readonly #deleted: () => void
  readonly #starts: number[] = []
  readonly #lengths: number[] = []
  #path: string | undefined
  #descriptor = -1
  #bytes = 0
  constructor(place: () => string, deleted: () => void) {
    this.#place = place
    this.#deleted = deleted
  }

  get blocks(): number {
    return this.#starts.length
  }
  get bytes(): number {
    return this.#bytes
  }

  append(bytes: Uint8Array): number {
    const path = (this.#path ??= this.#place())
    if (this.#descriptor < 0) this.#descriptor = attempt(path, () => openSync(path, 'wx+', 0o600))
    const block = Buffer.alloc(4)
    block.writeUInt32LE(crc32c(bytes))
    this.#starts.push(this.#bytes)
    this.#lengths.push(bytes.length)
    for (const part of [block, bytes]) {
      for (let at = 0; at < part.length; ) {
        const start = at
        at += attempt(path, () => writeSync(this.#descriptor, part, start, part.length - start, this.#bytes + start))
      }
      this.#bytes += part.length
    }
    return this.#starts.length - 1
  }

  read(block: number): Uint8Array {
    assert(block < this.#starts.length, `block ${block} of a spill file of ${this.#starts.length}`)
    const path = this.#path!
    const whole = Buffer.allocUnsafeSlow(4 + this.#lengths[block]!)
    for (let at = 0; at < whole.length; ) {
      const start = at
      const count = attempt(path, () => readSync(this.#descriptor, whole, start, whole.length - start, this.#starts[block]! + start))
      if (count === 0) throw damaged(path, block, 'it is cut')
      at += count
    }
    const bytes = new Uint8Array(whole.buffer, whole.byteOffset + 4, whole.length - 4)
    if (crc32c(bytes) !== whole.readUInt32LE()) throw damaged(path, block, 'its checksum differs')
    return bytes
  }

  delete(): void {
    if (this.#descriptor >= 0) {
      closeSync(this.#descriptor)
      rmSync(this.#path!, { force: true })
    }
    this.#descriptor = -1
    this.#starts.length = this.#lengths.length = this.#bytes = 0
    this.#path = undefined
    this.#deleted()
  }
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    throw new ConnectorError('SPILL_IO', `spill, ${path}: ${(cause as Error).message}; free space there, or let the job hold less by raising its memory option`, { cause })
  }
}

function damaged(path: string, block: number, what: string): DataError {
  return new DataError('SPILL_CORRUPT', `spill, ${path}, block ${block}: ${what}; something else wrote to the file, or the disk is faulty`)
}
