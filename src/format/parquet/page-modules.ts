// The page headers and pages of an encrypted chunk, opened in the order in which they lie there: data pages are bound to their number among them.
import type { ChunkCipher } from './chunk-cipher.ts'
import type { PageHeader } from './metadata.ts'
import { ordinalMax } from './module-cipher.ts'

/** Opens one chunk's modules, a header and its page at a time. */
export class PageModules {
  readonly #cipher: ChunkCipher
  /** Whether a dictionary page may come: only as the first. */
  #mayBeDictionary = true
  #isDictionary: boolean
  #page = -1

  /** `hasDictionary`: what the chunk's metadata say; some writers forget it. */
  constructor(cipher: ChunkCipher, hasDictionary: boolean) {
    this.#cipher = cipher
    this.#isDictionary = hasDictionary
  }

  /** The page at hand, for messages. */
  get page(): string {
    return this.#isDictionary ? 'dictionary page' : `data page ${this.#page}`
  }
  /** The header at hand that does not open, for messages. */
  get closedHeader(): string {
    return this.#isDictionary ? 'dictionary page header' : `header of data page ${this.#page + 1}`
  }

  /** The next header, given without its length; undefined where it does not open. */
  header(sealed: Uint8Array): Uint8Array | undefined {
    const isFirst = this.#mayBeDictionary
    this.#mayBeDictionary = false
    if (!isFirst) this.#isDictionary = false
    const expected = this.#open(this.#isDictionary, sealed)
    if (expected || !isFirst) return expected
    const other = this.#open(!this.#isDictionary, sealed)
    if (other) this.#isDictionary = !this.#isDictionary
    return other
  }

  /** Goes on with a data page by its number. */
  seek(page: number): void {
    this.#page = page - 1
    if (page > 0) this.#mayBeDictionary = this.#isDictionary = false
  }

  #open(isDictionary: boolean, sealed: Uint8Array): Uint8Array | undefined {
    if (isDictionary) return this.#cipher.open('dictionary page header', sealed)
    const page = this.#page + 1
    const bytes = page > ordinalMax ? undefined : this.#cipher.open('data page header', sealed, page)
    if (bytes) this.#page = page
    return bytes
  }

  /** Whether a header is that of the page for which it was sealed. */
  fits({ type }: PageHeader): boolean {
    return (type === 2) === this.#isDictionary
  }

  /** The page behind the header, given without its length; undefined where it does not open. */
  body(sealed: Uint8Array): Uint8Array | undefined {
    return this.#isDictionary ? this.#cipher.open('dictionary page', sealed) : this.#cipher.open('data page', sealed, this.#page)
  }
}
