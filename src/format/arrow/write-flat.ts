// FlatBuffers, written from the back to the front (google/flatbuffers, internals.md). A place is counted in bytes from the buffer's end.

/** A table's field: its number, its width or that it points at something, its value. */
export type FlatField = readonly [field: number, kind: 'u8' | 'i16' | 'i32' | 'i64' | 'place', value: number]

const widths = { u8: 1, i16: 2, i32: 4, i64: 8, place: 4 } as const

/** Builds one buffer: children first, then the tables that point at them. */
export class FlatWriter {
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  #size = 0

  /** A text; returns its place. */
  text(value: string): number {
    const bytes = encoder.encode(value)
    this.#prepare(4, bytes.byteLength + 1)
    this.#put(1, 0)
    this.#grow(bytes.byteLength)
    this.#size += bytes.byteLength
    this.#bytes.set(bytes, this.#bytes.byteLength - this.#size)
    this.#put(4, bytes.byteLength)
    return this.#size
  }

  /** A vector of tables by their places. */
  places(values: readonly number[]): number {
    this.#prepare(4, 4 * values.length)
    for (const value of values.toReversed()) this.#put(4, this.#size + 4 - value)
    this.#put(4, values.length)
    return this.#size
  }

  /** A vector of structs of `words` 64-bit integers each, flat. */
  longs(values: readonly number[], words: number): number {
    this.#prepare(8, 8 * values.length)
    for (const value of values.toReversed()) this.#put(8, value)
    // The count stands in front of the aligned elements.
    this.#put(4, values.length / words)
    return this.#size
  }

  /** A table; fields are stored whatever their value. Returns its place. */
  table(fields: readonly FlatField[]): number {
    const start = this.#size
    const slots: number[] = []
    for (const [field, kind, value] of [...fields].sort((a, b) => widths[b[1]] - widths[a[1]])) {
      const width = widths[kind]
      this.#prepare(width, 0)
      this.#put(width, kind === 'place' ? this.#size + 4 - value : value)
      slots[field] = this.#size
    }
    this.#prepare(4, 0)
    this.#put(4, 0)
    const place = this.#size
    for (let i = slots.length - 1; i >= 0; i--) this.#put(2, slots[i] === undefined ? 0 : place - slots[i]!)
    this.#put(2, place - start)
    this.#put(2, 4 + 2 * slots.length)
    this.#view.setInt32(this.#bytes.byteLength - place, this.#size - place, true)
    return place
  }

  /** The whole buffer with `root` as its root table; its length is a multiple of 8. */
  finish(root: number): Uint8Array {
    this.#prepare(8, 4)
    this.#put(4, this.#size + 4 - root)
    return this.#bytes.slice(this.#bytes.byteLength - this.#size)
  }

  // Pads so that after `more` bytes the place is a multiple of `align`.
  #prepare(align: number, more: number): void {
    while ((this.#size + more) % align !== 0) this.#put(1, 0)
  }

  #put(width: number, value: number): void {
    this.#grow(width)
    this.#size += width
    const at = this.#bytes.byteLength - this.#size
    if (width === 1) this.#view.setUint8(at, value)
    else if (width === 2) this.#view.setInt16(at, value, true)
    else if (width === 4) this.#view.setInt32(at, value, true)
    else {
      this.#view.setInt32(at, (value % 2 ** 32) | 0, true)
      this.#view.setInt32(at + 4, Math.floor(value / 2 ** 32), true)
    }
  }

  #grow(count: number): void {
    if (this.#size + count <= this.#bytes.byteLength) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#size + count))
    grown.set(this.#bytes.subarray(this.#bytes.byteLength - this.#size), grown.byteLength - this.#size)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

const encoder = new TextEncoder()
