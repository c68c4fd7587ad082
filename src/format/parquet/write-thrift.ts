// Thrift's compact protocol, written. Fields must be added in ascending order of their ids.
import { thriftType } from './read-thrift.ts'

/** Builds one value; structs nest by `begin` and `end`. */
export class ThriftWriter {
  #bytes = new Uint8Array(256)
  #at = 0
  #last = 0
  readonly #outer: number[] = []

  /** A signed integer of up to 53 bits, as i32. */
  i32(id: number, value: number): this {
    return this.#field(id, thriftType.i32).#zigzag(value)
  }
  /** As `i32`, as i16. */
  i16(id: number, value: number): this {
    return this.#field(id, thriftType.i16).#zigzag(value)
  }
  /** As `i32`, as i64. */
  i64(id: number, value: number): this {
    return this.#field(id, thriftType.i64).#zigzag(value)
  }
  /** A signed byte. */
  byte(id: number, value: number): this {
    return this.#field(id, thriftType.byte).#byte(value)
  }
  /** A bool. */
  bool(id: number, value: boolean): this {
    return this.#field(id, value ? thriftType.true : thriftType.false)
  }
  /** Bytes, or a text as UTF-8. */
  binary(id: number, value: Uint8Array | string): this {
    return this.#field(id, thriftType.binary).#string(value)
  }
  /** A list of texts. */
  texts(id: number, values: readonly string[]): this {
    return this.#list(id, thriftType.binary, values, value => this.#string(value))
  }
  /** A list of byte strings. */
  binaries(id: number, values: readonly Uint8Array[]): this {
    return this.#list(id, thriftType.binary, values, value => this.#string(value))
  }
  /** A list of bools. */
  bools(id: number, values: readonly boolean[]): this {
    return this.#list(id, thriftType.true, values, value => this.#byte(value ? thriftType.true : thriftType.false))
  }
  /** A list of i64, each of up to 53 bits. */
  i64s(id: number, values: readonly number[]): this {
    return this.#list(id, thriftType.i64, values, value => this.#zigzag(value))
  }
  /** A list of i32. */
  i32s(id: number, values: readonly number[]): this {
    return this.#list(id, thriftType.i32, values, value => this.#zigzag(value))
  }
  /** A list of structs, each filled by `fill`. */
  structs<T>(id: number, items: readonly T[], fill: (item: T) => void): this {
    return this.#list(id, thriftType.struct, items, item => {
      this.#open()
      fill(item)
      this.end()
    })
  }
  /** Opens a struct as field `id`. */
  begin(id: number): this {
    this.#field(id, thriftType.struct)
    this.#open()
    return this
  }
  /** Closes the innermost open struct. */
  end(): this {
    this.#byte(0)
    this.#last = this.#outer.pop() ?? 0
    return this
  }
  /** Closes the outermost struct; the bytes are the caller's. */
  finish(): Uint8Array {
    this.#byte(0)
    return this.#bytes.slice(0, this.#at)
  }

  #open(): void {
    this.#outer.push(this.#last)
    this.#last = 0
  }
  #field(id: number, type: number): this {
    const delta = id - this.#last
    this.#last = id
    if (delta > 0 && delta < 16) return this.#byte((delta << 4) | type)
    return this.#byte(type).#zigzag(id)
  }
  #list<T>(id: number, type: number, values: readonly T[], put: (value: T) => void): this {
    const count = values.length
    this.#field(id, thriftType.list)
    if (count < 15) this.#byte((count << 4) | type)
    else this.#byte(0xf0 | type).#unsigned(count)
    for (const value of values) put(value)
    return this
  }
  #string(value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? encoder.encode(value) : value
    this.#unsigned(bytes.byteLength)
    this.#reserve(bytes.byteLength)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.byteLength
    return this
  }
  #zigzag(value: number): this {
    return this.#unsigned(value < 0 ? -2 * value - 1 : 2 * value)
  }
  #unsigned(value: number): this {
    let rest = value
    while (rest >= 128) {
      this.#byte((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    return this.#byte(rest)
  }
  #byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
    return this
  }
  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.byteLength) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#at + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

const encoder = new TextEncoder()
