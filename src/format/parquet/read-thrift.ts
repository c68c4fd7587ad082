// Thrift's compact protocol, as far as Parquet's metadata uses it (apache/thrift, thrift-compact-protocol.md). The bytes are hostile:
// depth, list sizes and string sizes are bounded by constants and by the bytes that are left, so work is linear in the input.
import { DataError } from '../../base/errors.ts'

const depthMax = 32

/** Thrift's wire types. */
export const thriftType = { true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, set: 10, map: 11, struct: 12 } as const

/** The bytes end inside a value: more of the file may help. */
export class ThriftCut extends DataError {}

/** Reads one value after the other. Every method throws DataError THRIFT (or ThriftCut) naming `where` and the byte. */
export class ThriftReader {
  readonly #bytes: Uint8Array
  readonly #where: string
  readonly #base: number
  #at = 0
  #depth = 0

  /** `base` is where `bytes` begin in the file, for messages. */
  constructor(bytes: Uint8Array, where: string, base = 0) {
    this.#bytes = bytes
    this.#where = where
    this.#base = base
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at
  }

  /** Calls `field(id, type)` for each field of a struct; the callback reads the value, or returns false to have it skipped. */
  struct(field: (id: number, type: number) => boolean): void {
    if (++this.#depth > depthMax) throw this.#wrong(`structs are nested deeper than ${depthMax}`)
    let id = 0
    for (;;) {
      const header = this.#byte()
      if (header === 0) break
      const delta = header >>> 4
      const type = header & 15
      if (type === 0 || type > 12) throw this.#wrong(`a field has the type ${type}`)
      id = delta === 0 ? this.int() : id + delta
      if (!field(id, type)) this.skip(type)
    }
    this.#depth--
  }

  /** A list's items, each read by `item`. The size is checked against the bytes that are left: an item has at least one. */
  list<T>(item: (type: number) => T): T[] {
    const header = this.#byte()
    const type = header & 15
    const count = header >>> 4 === 15 ? this.#unsigned() : header >>> 4
    if (count > this.#bytes.length - this.#at) throw this.#cut(`a list promises ${count} items, ${this.#bytes.length - this.#at} bytes are left`)
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(item(type))
    return items
  }

  /** A signed integer of up to 64 bits. One beyond ±2^52 is an error: no count or offset of a real file is. */
  int(): number {
    const raw = this.#unsigned()
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
  }

  /** A signed byte. */
  byte(): number {
    return (this.#byte() << 24) >> 24
  }

  /** The value of a bool field, which lies in its type. */
  bool(type: number): boolean {
    return type === thriftType.true
  }

  /** Bytes with their length before them; a view, not a copy. */
  binary(): Uint8Array {
    const count = this.#skipBinary()
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** UTF-8 text; malformed bytes become U+FFFD. */
  text(): string {
    return decoder.decode(this.binary())
  }

  /** Passes over a value of any type. */
  skip(type: number): void {
    if (type === thriftType.true || type === thriftType.false) return
    if (type === thriftType.byte) this.#advance(1)
    else if (type === thriftType.double) this.#advance(8)
    else if (type === thriftType.i16 || type === thriftType.i32 || type === thriftType.i64) this.#skipVarint()
    else if (type === thriftType.binary) this.#skipBinary()
    else if (type === thriftType.struct) this.struct(() => false)
    else if (type === thriftType.list || type === thriftType.set) this.#nested(() => this.list(item => this.#skipItem(item)))
    else if (type === thriftType.map) this.#nested(() => this.#skipMap())
    else throw this.#wrong(`a value has the type ${type}`)
  }

  #skipBinary(): number {
    const count = this.#unsigned()
    if (count > this.#bytes.length - this.#at) throw this.#cut(`a string promises ${count} bytes, ${this.#bytes.length - this.#at} are left`)
    this.#at += count
    return count
  }

  #skipItem(type: number): void {
    if (type === thriftType.true || type === thriftType.false) this.#advance(1)
    else this.skip(type)
  }

  #skipMap(): void {
    const count = this.#unsigned()
    if (count === 0) return
    const types = this.#byte()
    if (count * 2 > this.#bytes.length - this.#at) throw this.#cut(`a map promises ${count} entries, ${this.#bytes.length - this.#at} bytes are left`)
    for (let i = 0; i < count; i++) {
      this.#skipItem(types >>> 4)
      this.#skipItem(types & 15)
    }
  }

  #nested(read: () => void): void {
    if (++this.#depth > depthMax) throw this.#wrong(`values are nested deeper than ${depthMax}`)
    read()
    this.#depth--
  }

  #unsigned(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) throw this.#wrong(`an integer is about ${value / 2}, beyond 2^52`)
        return value
      }
      scale *= 128
    }
    throw this.#wrong('an integer has more than 10 bytes')
  }

  #skipVarint(): void {
    for (let i = 0; i < 10; i++) if (this.#byte() < 128) return
    throw this.#wrong('an integer has more than 10 bytes')
  }

  #advance(count: number): void {
    if (count > this.#bytes.length - this.#at) throw this.#cut('the bytes end inside a value')
    this.#at += count
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw this.#cut('the bytes end inside a value')
    return this.#bytes[this.#at++]!
  }

  #wrong(what: string): DataError {
    return new DataError('THRIFT', `${this.#where}, byte ${this.#base + this.#at}: ${what}; the file is cut or corrupt`)
  }

  #cut(what: string): ThriftCut {
    return new ThriftCut('THRIFT', `${this.#where}, byte ${this.#base + this.#at}: ${what}; the file is cut or corrupt`)
  }
}

const decoder = new TextDecoder()
