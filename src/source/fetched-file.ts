// A file whose bytes are awaited, seen by those that read synchronously: what was fetched is there, and what was not is a BytesMissing, which can fetch it. Whoever
// looks at a file's head looks again then (`untilFetched`); whoever decodes asks for all it will need before it begins (`fetch`).
import { AssertionError } from '../base/errors.ts'
import type { FileReader } from './open-file.ts'
import type { FilePart, OpenSource, RangeSource } from './range-source.ts'

/** Ranges so near to each other are fetched as one: a request costs more than so many bytes. */
const gapBytesMax = 8 << 10
/** A larger range is fetched in parts, some at a time. */
const partBytesMax = 8 << 20
const requestsMax = 4
const aheadBytesMin = 16 << 10
const aheadBytesMax = 4 << 20

/** The bytes [start, end) of a file. */
export type ByteRange = readonly [start: number, end: number]

/** Bytes that were read before they had been fetched. */
export class BytesMissing extends AssertionError {
  readonly file: FetchedFile
  readonly range: ByteRange
  constructor(file: FetchedFile, range: ByteRange) {
    super('BYTES_MISSING', `${file.name}, bytes ${range[0]} to ${range[1]}: they were read before they were fetched; this is a fault in Millrace, please report it`)
    this.file = file
    this.range = range
  }
}

/** What `look` gives once all that it reads has been fetched: it is called again after each fetch. Throws what it throws, and what sources throw. */
export async function untilFetched<T>(look: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await look()
    } catch (thrown) {
      if (!(thrown instanceof BytesMissing)) throw thrown
      await thrown.file.fetchHead(thrown.range)
    }
  }
}

/** Ranges in order, those that overlap or nearly touch as one, large ones cut; empty ones left out. */
export function coalesced(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: [number, number][] = []
  for (const [start, end] of ranges.filter(([a, b]) => b > a).sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && start - last[1] <= gapBytesMax) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged.flatMap(([start, end]) => Array.from({ length: Math.ceil((end - start) / partBytesMax) }, (_, i): ByteRange => [start + i * partBytesMax, Math.min(end, start + (i + 1) * partBytesMax)]))
}

/** Parts of a file that are there. */
class FileParts {
  #parts: FilePart[] = []

  add(part: FilePart): void {
    if (part.bytes.byteLength === 0) return
    const at = this.#parts.findIndex(({ start }) => start > part.start)
    this.#parts.splice(at < 0 ? this.#parts.length : at, 0, part)
  }

  clear(): void {
    this.#parts = []
  }

  /** The part that holds byte `at`. */
  partAt(at: number): FilePart | undefined {
    return this.#parts.findLast(({ start, bytes }) => start <= at && at < start + bytes.byteLength)
  }

  /** The first byte from `at` on that is there. */
  next(at: number): number {
    return this.#parts.find(({ start }) => start >= at)?.start ?? Number.POSITIVE_INFINITY
  }
}

/** An opened source. What belongs to its head (footers, indexes, samples) is kept until it is closed. */
export class FetchedFile {
  readonly name: string
  readonly #source: OpenSource
  readonly #signal: AbortSignal
  readonly #head = new FileParts()
  readonly #version = `fetched ${++opened}`
  /** The end of the last range of the head, and how much was fetched with it. */
  #aheadEnd = -1
  #aheadBytes = aheadBytesMin

  private constructor(name: string, source: OpenSource, signal: AbortSignal) {
    this.name = name
    this.#source = source
    this.#signal = signal
    for (const part of source.parts) this.#head.add(part)
  }

  /** Opens a source; reads end when `signal` is aborted. Throws as `RangeSource.open`. */
  static async open(source: RangeSource, first: Parameters<RangeSource['open']>[0], signal: AbortSignal): Promise<FetchedFile> {
    return new FetchedFile(source.name, await unlessAborted(signal, source.open(first, signal)), signal)
  }

  /** Bytes, as far as that is known: of a source that streams it is more than there are before their end has come. */
  get size(): number {
    return this.#source.size
  }

  /** Fetches a part of the head, and something behind it: more each time where one part follows the other. */
  async fetchHead([start, end]: ByteRange): Promise<void> {
    this.#aheadBytes = start === this.#aheadEnd ? Math.min(aheadBytesMax, 2 * this.#aheadBytes) : aheadBytesMin
    const until = Math.min(this.size, Math.max(end, start + this.#aheadBytes), Math.max(end, this.#head.next(start)))
    this.#aheadEnd = until
    await this.#fetch([[start, until]], this.#head)
  }

  /** The bytes [start, end), from the source. */
  read(start: number, end: number): Promise<Uint8Array> {
    return unlessAborted(this.#signal, this.#source.read(start, end, this.#signal))
  }

  /** The file for one reader. What it fetches is let go when it is closed. */
  reader(): FileReader {
    const own = new FileParts()
    const partAt = (at: number) => own.partAt(at) ?? this.#head.partAt(at)
    // Up to where the bytes of [start, end) are there.
    const check = (start: number, end: number): void => {
      let at = start
      for (let part = partAt(at); at < end && part; part = partAt(at)) at = part.start + part.bytes.byteLength
      if (at < end) throw new BytesMissing(this, [at, Math.min(end, own.next(at), this.#head.next(at))])
    }
    const readInto = (target: Uint8Array, start: number): number => {
      const end = Math.min(this.size, start + target.byteLength)
      check(start, end)
      for (let at = start; at < end; ) {
        const { start: from, bytes } = partAt(at)!
        const piece = bytes.subarray(at - from, Math.min(end - from, bytes.byteLength))
        target.set(piece, at - start)
        at += piece.byteLength
      }
      return Math.max(0, end - start)
    }
    return {
      size: this.size,
      version: this.#version,
      read(start, end) {
        const part = partAt(start)
        if (part && end <= part.start + part.bytes.byteLength) return part.bytes.subarray(start - part.start, end - part.start)
        const bytes = new Uint8Array(Math.max(0, end - start))
        readInto(bytes, start)
        return bytes
      },
      readTo: (start, target) => void readInto(target, start),
      readInto,
      fetch: ranges => this.#fetch(ranges.flatMap(range => missingIn(range, partAt, at => Math.min(own.next(at), this.#head.next(at)))), own),
      close: () => own.clear(),
    }
  }

  async #fetch(ranges: readonly ByteRange[], into: FileParts): Promise<void> {
    const waiting = coalesced(ranges)
    const work = async (): Promise<void> => {
      try {
        for (let range = waiting.shift(); range; range = waiting.shift()) into.add({ start: range[0], bytes: await this.read(...range) })
      } finally {
        // Where one has failed, the others are not begun.
        waiting.length = 0
      }
    }
    await Promise.all(Array.from({ length: Math.min(requestsMax, waiting.length) }, work))
  }
}

let opened = 0

// A source that never answers ends with the run.
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(signal.reason)
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel))
  })
}

// The parts of a range that are not there.
function missingIn([start, end]: ByteRange, partAt: (at: number) => FilePart | undefined, next: (at: number) => number): ByteRange[] {
  const missing: ByteRange[] = []
  for (let at = start; at < end; ) {
    const part = partAt(at)
    const until = part ? part.start + part.bytes.byteLength : Math.min(end, next(at))
    if (!part) missing.push([at, until])
    at = until
  }
  return missing
}
