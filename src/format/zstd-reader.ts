// Text of a .zst file (RFC 8878) in bounded pieces: a block, of at most 128 KiB, is unpacked at a time, by fzstd, behind a window of at most 128 MiB.
// Several frames are one text, skippable ones are passed over. Checksums are not looked at. No IO: `more` gives the packed bytes in order.
import { Decompress } from 'fzstd'

const windowBytesMax = 2 ** 27
const blockBytesMax = 1 << 17
const packedBytes = 1 << 18
const headerBytesMax = 18
const magic = 0xfd2fb528

/** Reads packed bytes into `target`: how many, 0 at the end only. What it throws leaves the reader as it was: it may be called again. */
export type ReadPacked = (target: Uint8Array) => number

/** A reader from the start to the end. */
export class ZstdReader {
  readonly #more: ReadPacked
  readonly #packed = new Uint8Array(packedBytes)
  /** The packed bytes at hand: [from, to). */
  #from = 0
  #to = 0
  #isLast = false
  #frame: Decompress | undefined
  #hasChecksum = false
  #frames = 0
  #pieces: Uint8Array[] = []
  /** Bytes of a frame without text that are still to be passed over. */
  #skipped = 0

  constructor(more: ReadPacked) {
    this.#more = more
  }

  /** Fills `target` with the text that follows; fewer bytes only at the end. Throws RangeError with what is wrong with the file. */
  readInto(target: Uint8Array): number {
    let at = 0
    while (at < target.length && (this.#pieces.length > 0 || this.#next())) {
      const piece = this.#pieces[0]
      if (!piece) continue
      const count = Math.min(piece.length, target.length - at)
      target.set(piece.subarray(0, count), at)
      at += count
      if (count === piece.length) this.#pieces.shift()
      else this.#pieces[0] = piece.subarray(count)
    }
    return at
  }

  /** The text that follows, a block of 128 KiB at most; undefined at the end. Throws as `readInto`. */
  piece(): Uint8Array | undefined {
    while (this.#pieces.length === 0) if (!this.#next()) return undefined
    return this.#pieces.shift()
  }

  // One step on; false at the end.
  #next(): boolean {
    if (this.#skipped > 0) this.#skip()
    else if (this.#frame) this.#block(this.#frame)
    else if (this.#fill(1) === 0) {
      if (this.#frames === 0) throw new RangeError('it is empty')
      return false
    } else this.#begin()
    return true
  }

  // At least `bytes` packed bytes where there are as many; how many there are.
  #fill(bytes: number): number {
    if (this.#to - this.#from < bytes && !this.#isLast) {
      this.#packed.copyWithin(0, this.#from, this.#to)
      this.#to -= this.#from
      this.#from = 0
      while (this.#to < packedBytes && !this.#isLast) {
        const count = this.#more(this.#packed.subarray(this.#to))
        if (count === 0) this.#isLast = true
        this.#to += count
      }
    }
    return this.#to - this.#from
  }

  #take(bytes: number): Uint8Array {
    if (this.#fill(bytes) < bytes) throw new RangeError('the packed bytes end early')
    this.#from += bytes
    return this.#packed.slice(this.#from - bytes, this.#from)
  }

  // Passes the header of a frame, be it one that holds no text.
  #begin(): void {
    this.#fill(headerBytesMax)
    const first = wordAt(this.#take(4), 0)
    if (first >>> 4 === 0x184d2a5) {
      this.#skipped = wordAt(this.#take(4), 0)
      this.#frames++
      return
    }
    if (first !== magic) throw new RangeError(this.#frames === 0 ? 'it does not begin as zstd does' : 'other bytes follow the packed text')
    const descriptor = this.#take(1)
    const flags = descriptor[0]!
    const isSingle = (flags & 32) !== 0
    const dictionaryBytes = [0, 1, 2, 4][flags & 3]!
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!
    const rest = this.#take((isSingle ? 0 : 1) + dictionaryBytes + sizeBytes)
    if (rest.subarray(isSingle ? 0 : 1, (isSingle ? 0 : 1) + dictionaryBytes).some(byte => byte !== 0)) throw new RangeError('it needs a dictionary')
    const window = isSingle ? contentBytes(rest.subarray(dictionaryBytes)) : windowBytes(rest[0]!)
    if (window > windowBytesMax) throw new RangeError(`its window has ${window} bytes, more than ${windowBytesMax}`)
    this.#hasChecksum = (flags & 4) !== 0
    this.#frame = new Decompress(bytes => {
      if (bytes.length > 0) this.#pieces.push(bytes.slice())
    })
    this.#frame.push(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, flags, ...rest]))
  }

  #skip(): void {
    const count = Math.min(this.#skipped, this.#fill(1))
    if (count === 0) throw new RangeError('the packed bytes end early')
    this.#from += count
    this.#skipped -= count
  }

  #block(frame: Decompress): void {
    this.#fill(3 + blockBytesMax + 4)
    const header = this.#take(3)
    const word = header[0]! | (header[1]! << 8) | (header[2]! << 16)
    const isLast = (word & 1) !== 0
    const kind = (word >> 1) & 3
    const size = word >>> 3
    if (kind === 3 || size > blockBytesMax) throw new RangeError('a block of it is broken')
    const body = this.#take(kind === 1 ? 1 : size)
    const block = new Uint8Array(3 + body.length)
    block.set(header)
    block.set(body, 3)
    try {
      frame.push(block, isLast && !this.#hasChecksum)
      if (isLast && this.#hasChecksum) frame.push(this.#take(4), true)
    } catch (thrown) {
      throw thrown instanceof RangeError ? thrown : new RangeError(thrown instanceof Error ? thrown.message : String(thrown))
    }
    if (!isLast) return
    this.#frame = undefined
    this.#frames++
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
}

function windowBytes(byte: number): number {
  const base = 2 ** (10 + (byte >> 3))
  return base + (base / 8) * (byte & 7)
}

function contentBytes(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
  return bytes.length === 2 ? value + 256 : value
}
