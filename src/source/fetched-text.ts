// The text of a file whose bytes are awaited, from its start to its end: blocks are fetched one ahead, unpacked and transcoded as they come. Readers say how much they will
// read (`ready`), wait for it, and read it synchronously.
import { assert, type MillraceError } from '../base/errors.ts'
import type { Transcoder } from '../format/transcode.ts'
import type { FetchedFile } from './fetched-file.ts'

const blockBytes = 4 << 20

/** Text in pieces from packed bytes; `piece` may be called again after what `more` threw. */
interface Unpacker {
  piece(): Uint8Array | undefined
  close?(): void
}

/** What bytes go through to become text. */
export interface TextSteps {
  /** `more` fills a view with packed bytes: how many, 0 at the end. */
  readonly unpacker?: ((more: (target: Uint8Array) => number) => Unpacker) | undefined
  readonly coder?: Transcoder | undefined
  /** The error for what a step says is wrong. */
  failed(thrown: RangeError, by: 'unpacker' | 'coder'): MillraceError
}

/** Thrown, and caught here, where the bytes at hand are used up. */
const starved = Symbol('starved')

/** The text of a file, once from its start to its end. */
export class FetchedText {
  readonly #file: FetchedFile
  readonly #steps: TextSteps
  readonly #unpacker: Unpacker | undefined
  /** The block at hand, and what of it has been taken. */
  #block = new Uint8Array(0) as Uint8Array
  #taken = 0
  #next: Promise<Uint8Array> | undefined
  #fetched = 0
  /** Text that can be read: `#held` bytes from `#first` of the first piece on. */
  readonly #pieces: Uint8Array[] = []
  #first = 0
  #held = 0
  #at = 0
  #ended = false

  constructor(file: FetchedFile, steps: TextSteps) {
    this.#file = file
    this.#steps = steps
    this.#unpacker = steps.unpacker?.(target => this.#more(target))
  }

  /** Bytes of text; infinite until all have been read. */
  get size(): number {
    return this.#ended && this.#held === 0 ? this.#at : Number.POSITIVE_INFINITY
  }

  /** Yields what to wait for until `count` bytes can be read, or all there are. Throws as the source does; DataError GZIP, ZSTD, ENCODING. */
  *ready(count: number): Iterable<Promise<void>> {
    while (this.#held < count && !this.#ended) {
      try {
        this.#add(this.#piece())
      } catch (thrown) {
        if (thrown !== starved) throw thrown
        yield this.#fetch()
      }
    }
  }

  /** Reads what is `ready`; less than `target` holds only at the end. `start` is where the last call ended. */
  readInto(target: Uint8Array, start: number): number {
    assert(start === this.#at, `a text that is fetched is read at ${start} instead of ${this.#at}`)
    assert(this.#held >= target.length || this.#ended, 'a text is read before it was fetched')
    let count = 0
    while (count < target.length && this.#held > 0) {
      const piece = this.#pieces[0]!
      const some = piece.subarray(this.#first, this.#first + target.length - count)
      target.set(some, count)
      count += some.length
      this.#held -= some.length
      this.#first += some.length
      if (this.#first === piece.length) {
        this.#pieces.shift()
        this.#first = 0
      }
    }
    this.#at += count
    return count
  }

  close(): void {
    this.#unpacker?.close?.()
    this.#next?.catch(() => {})
  }

  #add(piece: Uint8Array | undefined): void {
    const { coder } = this.#steps
    this.#ended = piece === undefined
    const text = coder ? this.#checked('coder', () => coder.write(piece ?? new Uint8Array(0), this.#ended)) : piece
    if (!text || text.length === 0) return
    this.#pieces.push(text)
    this.#held += text.length
  }

  // The next bytes behind the unpacker; undefined at the end.
  #piece(): Uint8Array | undefined {
    const unpacker = this.#unpacker
    if (unpacker) return this.#checked('unpacker', () => unpacker.piece())
    if (this.#isStarved()) throw starved
    const rest = this.#block.subarray(this.#taken)
    this.#taken = this.#block.length
    return rest.length > 0 ? rest : undefined
  }

  #more(target: Uint8Array): number {
    if (this.#isStarved()) throw starved
    const some = this.#block.subarray(this.#taken, this.#taken + target.length)
    target.set(some)
    this.#taken += some.length
    return some.length
  }

  #isStarved(): boolean {
    return this.#taken === this.#block.length && this.#fetched < this.#file.size
  }

  // The next block; the one behind it is on its way then.
  async #fetch(): Promise<void> {
    const block = await (this.#next ?? this.#ask(this.#fetched))
    this.#fetched += block.length
    this.#block = block
    this.#taken = 0
    this.#next = this.#fetched < this.#file.size ? this.#ask(this.#fetched) : undefined
    // Whoever waits for it hears of what went wrong.
    this.#next?.catch(() => {})
  }

  #ask(start: number): Promise<Uint8Array> {
    return this.#file.read(start, Math.min(this.#file.size, start + blockBytes))
  }

  #checked<T>(by: 'unpacker' | 'coder', step: () => T): T {
    try {
      return step()
    } catch (thrown) {
      throw thrown instanceof RangeError ? this.#steps.failed(thrown, by) : thrown
    }
  }
}
