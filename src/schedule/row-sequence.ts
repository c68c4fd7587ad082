// The places of rows among all rows of a step's input. Messages are numbered in source order; the rows of one come in order.

/** Numbers rows as they come. */
export class RowSequence {
  #message = 0
  #rows = 0

  /** The place of the first of `rows` further rows of a message. */
  take(message: number, rows: number): bigint {
    if (message !== this.#message) this.#rows = 0
    this.#message = message
    const first = (BigInt(message) << 32n) + BigInt(this.#rows)
    this.#rows += rows
    return first
  }
}
