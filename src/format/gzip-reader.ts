// Text of a gzip file (RFC 1952) in bounded pieces: whatever its size, some hundreds of KiB of it are in memory. Several members are one text, zeros behind the
// last are padding, and what each promises of itself (CRC, size) is checked where it ends. No IO: `more` gives the packed bytes in order.
import { Inflater } from '../compute/inflate.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { crc32 } from './decompress.ts'

const packedBytes = 1 << 16
const textBytes = 1 << 18
/** A header with a name and a comment beyond this is not meant to be read. */
const headerBytesMax = 1 << 15
const trailerBytes = 8

/** Reads packed bytes into a view on the engine's memory: how many, 0 at the end only. What it throws leaves the reader as it was: it may be called again. */
export type ReadPacked = (target: Uint8Array) => number

/** A reader from the start to the end. */
export class GzipReader {
  readonly #device: Device
  readonly #more: ReadPacked
  readonly #arena: Arena
  readonly #inflater: Inflater
  readonly #packed: number
  /** The packed bytes at hand: [from, to) from `#packed` on. */
  #from = 0
  #to = 0
  #isLast = false
  #inMember = false
  /** The text of a member has ended, and what it says of itself comes next. */
  #inTrailer = false
  #members = 0
  /** The text at hand. */
  #text = 0
  #left = 0
  #crc = 0
  #size = 0
  #ended = false

  constructor(device: Device, more: ReadPacked) {
    this.#device = device
    this.#more = more
    this.#arena = device.arena()
    this.#packed = this.#arena.allocate(packedBytes)
    this.#inflater = new Inflater(device, this.#arena, textBytes)
  }

  /** Fills `target` with the text that follows; fewer bytes only at the end. Throws RangeError with what is wrong with the file. */
  readInto(target: Uint8Array): number {
    let at = 0
    while (at < target.length && (this.#left > 0 || this.#next())) {
      const count = Math.min(this.#left, target.length - at)
      target.set(this.#device.memory.bytes(this.#text, count), at)
      this.#text += count
      this.#left -= count
      at += count
    }
    return at
  }

  /** The text that follows, some hundreds of KiB at most, as a copy; undefined at the end. Throws as `readInto`. */
  piece(): Uint8Array | undefined {
    if (this.#left === 0 && !this.#next()) return undefined
    const text = this.#device.memory.bytes(this.#text, this.#left).slice()
    this.#left = 0
    return text
  }

  close(): void {
    this.#arena.release()
  }

  // False at the end.
  #next(): boolean {
    while (this.#left === 0 || this.#inTrailer) {
      if (this.#ended) return false
      if (this.#inTrailer) this.#end()
      else if (!this.#inMember) this.#begin()
      else this.#unpack()
    }
    return true
  }

  #fill(): void {
    const { memory } = this.#device
    const bytes = memory.bytes(this.#packed, packedBytes)
    bytes.copyWithin(0, this.#from, this.#to)
    this.#to -= this.#from
    this.#from = 0
    while (this.#to < packedBytes && !this.#isLast) {
      const count = this.#more(bytes.subarray(this.#to))
      if (count === 0) this.#isLast = true
      this.#to += count
    }
  }

  #unpack(): void {
    if (!this.#isLast && this.#to - this.#from < packedBytes / 2) this.#fill()
    const { taken, made, ended, wrong } = this.#inflater.unpack(this.#packed + this.#from, this.#to - this.#from, this.#isLast)
    if (wrong !== undefined) throw new RangeError(wrong)
    this.#from += taken
    this.#text = this.#inflater.output
    this.#left = made
    this.#size += made
    this.#crc = crc32(this.#device.memory.bytes(this.#text, made), this.#crc)
    if (ended) {
      this.#inTrailer = true
      this.#end()
    } else if (taken === 0 && made === 0 && !this.#isLast) this.#fill()
  }

  // Passes the header of the next member; behind the last one there may be zeros.
  #begin(): void {
    this.#fill()
    const bytes = this.#device.memory.bytes(this.#packed, this.#to)
    if (this.#to === 0 || (this.#members > 0 && bytes[0] === 0)) {
      if (this.#members === 0) throw new RangeError('it is empty')
      if (bytes.some(byte => byte !== 0)) throw new RangeError('other bytes follow the packed text')
      this.#from = this.#to
      this.#ended = this.#isLast
      return
    }
    this.#from = headerEnd(bytes)
    this.#inflater.restart()
    this.#inMember = true
    this.#crc = 0
    this.#size = 0
  }

  #end(): void {
    if (this.#to - this.#from < trailerBytes) this.#fill()
    if (this.#to - this.#from < trailerBytes) throw new RangeError('the packed bytes end early')
    const view = new DataView(this.#device.memory.bytes(this.#packed + this.#from, trailerBytes).slice().buffer)
    if (view.getUint32(0, true) !== this.#crc) throw new RangeError('its CRC is not that of the text')
    if (view.getUint32(4, true) !== this.#size % 2 ** 32) throw new RangeError('its size is not that of the text')
    this.#from += trailerBytes
    this.#inTrailer = false
    this.#inMember = false
    this.#members++
  }
}

// The byte behind a member's header: ten bytes, then an extra field, a name, a comment and a check, as the flags say.
function headerEnd(bytes: Uint8Array): number {
  const cut = new RangeError(bytes.length < headerBytesMax ? 'the packed bytes end early' : 'its header has no end')
  if (bytes.length < 10) throw cut
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw new RangeError('it does not begin as gzip does')
  if (bytes[2] !== 8) throw new RangeError(`it is packed by method ${bytes[2]}, which is not gzip's`)
  const flags = bytes[3]!
  let at = 10
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const zero = bytes.indexOf(0, at)
    if (zero < 0) throw cut
    at = zero + 1
  }
  if (flags & 2) at += 2
  if (at > bytes.length) throw cut
  return at
}
