// Bytes that come once, from their start to their end, such as standard input: a file for readers of text, which look at its beginning and then read it in order. How many
// there are is known at the end. What comes is kept until it has been read; nothing is read again.
import { asError, ConnectorError, MillraceError } from '../base/errors.ts'
import type { OpenSource, RangeSource } from './range-source.ts'

/** Bytes of a source whose end hasn't come yet: more than there will be. */
const unknownBytes = Number.MAX_SAFE_INTEGER

/** A source of bytes that come once. Memory: its beginning, as far as it is looked at, and then a block. */
export class StreamedSource implements RangeSource {
  name: string
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #release: () => void
  /** What has come and was not yet read: the bytes from `#start` on, in order. */
  #kept: Uint8Array[] = []
  #start = 0
  #keptBytes = 0
  #end: number | undefined
  /** The reading in order has begun. */
  #isPassing = false
  #turn: Promise<unknown> = Promise.resolve()

  /** `release` lets the input go, however far it was read. */
  constructor(name: string, input: AsyncIterable<Uint8Array>, release: () => void) {
    this.name = name
    this.#pieces = input[Symbol.asyncIterator]()
    this.#release = release
  }

  /** The first `count` bytes, or all. Throws ConnectorError INPUT, STREAM_READ. */
  beginning(count: number): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      this.#check(0)
      await this.#fill(count)
      return this.#slice(0, Math.min(count, this.#keptBytes))
    })
  }

  async open(first: { readonly at: 'start' | 'end'; readonly bytes: number }): Promise<OpenSource> {
    const bytes = await this.beginning(first.at === 'start' ? first.bytes : 0)
    const size = () => this.#end ?? unknownBytes
    return {
      get size() {
        return size()
      },
      parts: [{ start: 0, bytes }],
      read: (start, end) => this.#inTurn(() => this.#read(start, end)),
    }
  }

  /** Gives the input up. */
  close(): void {
    this.#release()
    this.#kept = []
  }

  // Fewer bytes than asked for only where they end. Reading from the start is reading in order: what is read then is let go.
  async #read(start: number, end: number): Promise<Uint8Array> {
    if (start === 0) this.#isPassing = true
    this.#check(start)
    await this.#fill(end - this.#start)
    const bytes = this.#slice(start, Math.min(end, this.#start + this.#keptBytes))
    if (this.#isPassing) this.#forget(start + bytes.length)
    return bytes
  }

  #check(start: number): void {
    if (start < this.#start) throw new ConnectorError('STREAM_READ', `${this.name}: its bytes from ${start} on were read already, and come only once; write it to a file to read it again`)
  }

  // Waits until so many bytes from the first kept one on are there, or all.
  async #fill(count: number): Promise<void> {
    while (this.#keptBytes < count && this.#end === undefined) {
      let next: IteratorResult<Uint8Array>
      try {
        next = await this.#pieces.next()
      } catch (thrown) {
        if (thrown instanceof MillraceError) throw thrown
        throw new ConnectorError('INPUT', `${this.name}: it can't be read (${asError(thrown).message}); look at the command that writes it`, { cause: thrown })
      }
      if (next.done) this.#end = this.#start + this.#keptBytes
      else if (next.value.length > 0) {
        this.#kept.push(next.value)
        this.#keptBytes += next.value.length
      }
    }
  }

  #slice(start: number, end: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, end - start))
    let at = this.#start
    for (const piece of this.#kept) {
      const [from, to] = [Math.max(start, at), Math.min(end, at + piece.length)]
      if (from < to) out.set(piece.subarray(from - at, to - at), from - start)
      at += piece.length
      if (at >= end) break
    }
    return out
  }

  #forget(end: number): void {
    while (this.#kept.length > 0 && this.#start < end) {
      const piece = this.#kept[0]!
      const gone = Math.min(piece.length, end - this.#start)
      if (gone === piece.length) this.#kept.shift()
      else this.#kept[0] = piece.subarray(gone)
      this.#start += gone
      this.#keptBytes -= gone
    }
  }

  // One call after the other.
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(call)
    this.#turn = result.catch(() => {})
    return result
  }
}
