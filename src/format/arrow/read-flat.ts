// FlatBuffers, read (google/flatbuffers, internals.md): tables found through their vtables. The bytes are hostile: every offset is checked, and
// vectors promise no more elements than there are bytes, so that work is linear in the input.
import { DataError } from '../../base/errors.ts'

/** A table at a place of a buffer; a field that is absent reads as its default. Throws DataError FLATBUFFER. */
export class FlatTable {
  readonly #view: DataView
  readonly #at: number
  readonly #fields: number
  readonly #fieldsEnd: number
  readonly #where: string

  constructor(view: DataView, at: number, where: string) {
    this.#view = view
    this.#where = where
    this.#at = at
    this.#check(at, 4)
    const vtable = at - view.getInt32(at, true)
    this.#check(vtable, 4)
    const bytes = view.getUint16(vtable, true)
    if (bytes < 4) throw this.#broken(vtable)
    this.#check(vtable, bytes)
    this.#fields = vtable + 4
    this.#fieldsEnd = vtable + bytes
  }

  /** The root table of a buffer. */
  static root(bytes: Uint8Array, where: string): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.byteLength < 8) throw new DataError('FLATBUFFER', `${where}: metadata of ${bytes.byteLength} bytes; the file is cut or corrupt`)
    return new FlatTable(view, view.getUint32(0, true), where)
  }

  /** A bool. */
  bool(field: number, missing = false): boolean {
    return this.u8(field, missing ? 1 : 0) !== 0
  }
  /** An unsigned byte. */
  u8(field: number, missing = 0): number {
    const at = this.#place(field, 1)
    return at < 0 ? missing : this.#view.getUint8(at)
  }
  /** A 16-bit integer. */
  i16(field: number, missing = 0): number {
    const at = this.#place(field, 2)
    return at < 0 ? missing : this.#view.getInt16(at, true)
  }
  /** A 32-bit integer. */
  i32(field: number, missing = 0): number {
    const at = this.#place(field, 4)
    return at < 0 ? missing : this.#view.getInt32(at, true)
  }
  /** A 64-bit integer, as a number. */
  i64(field: number, missing = 0): number {
    const at = this.#place(field, 8)
    return at < 0 ? missing : this.#long(at)
  }
  /** A text. */
  text(field: number): string {
    const at = this.#target(field)
    if (at < 0) return ''
    this.#check(at, 4)
    const bytes = this.#view.getUint32(at, true)
    this.#check(at + 4, bytes)
    return decoder.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, bytes))
  }
  /** A table, or undefined. */
  table(field: number): FlatTable | undefined {
    const at = this.#target(field)
    return at < 0 ? undefined : new FlatTable(this.#view, at, this.#where)
  }
  /** A vector of tables. */
  tables(field: number): FlatTable[] {
    const { start, count } = this.#vector(field, 4)
    return Array.from({ length: count }, (_, i) => new FlatTable(this.#view, start + 4 * i + this.#view.getUint32(start + 4 * i, true), this.#where))
  }
  /** A vector of structs of `words` 64-bit integers each, flat. */
  longs(field: number, words: number): number[] {
    const { start, count } = this.#vector(field, 8 * words)
    return Array.from({ length: count * words }, (_, i) => this.#long(start + 8 * i))
  }

  #long(at: number): number {
    return this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true)
  }
  #place(field: number, bytes: number): number {
    const slot = this.#fields + 2 * field
    if (slot + 2 > this.#fieldsEnd) return -1
    const offset = this.#view.getUint16(slot, true)
    if (offset === 0) return -1
    this.#check(this.#at + offset, bytes)
    return this.#at + offset
  }
  #target(field: number): number {
    const at = this.#place(field, 4)
    return at < 0 ? -1 : at + this.#view.getUint32(at, true)
  }
  #vector(field: number, bytes: number): { start: number; count: number } {
    const at = this.#target(field)
    if (at < 0) return { start: 0, count: 0 }
    this.#check(at, 4)
    const count = this.#view.getUint32(at, true)
    this.#check(at + 4, count * bytes)
    return { start: at + 4, count }
  }
  #check(at: number, bytes: number): void {
    if (at < 0 || at + bytes > this.#view.byteLength) throw this.#broken(at)
  }
  #broken(at: number): DataError {
    return new DataError('FLATBUFFER', `${this.#where}: the metadata points at byte ${at} of its ${this.#view.byteLength}; the file is cut or corrupt`)
  }
}

const decoder = new TextDecoder()
