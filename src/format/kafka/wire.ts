// The primitive types of Kafka's protocol in its flexible (compact) form (KIP-482): big-endian integers, unsigned varints, strings, arrays, tags.
import { DataError } from '../../base/errors.ts'
import { readInt64, writeInt64 } from './record-batch.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Writes a request's body. Large byte fields are copied once. */
export class WireWriter {
  private bytes = new Uint8Array(256)
  private view = new DataView(this.bytes.buffer)
  private length = 0

  // Growing replaces the view: reserve first, then take the view.
  private reserve(count: number): number {
    const position = this.length
    this.length += count
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, position))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    return position
  }

  int8(value: number): this {
    const position = this.reserve(1)
    this.view.setInt8(position, value)
    return this
  }

  int16(value: number): this {
    const position = this.reserve(2)
    this.view.setInt16(position, value)
    return this
  }

  int32(value: number): this {
    const position = this.reserve(4)
    this.view.setInt32(position, value)
    return this
  }

  /** A whole number, exact within 2^53. */
  int64(value: number): this {
    const position = this.reserve(8)
    writeInt64(this.view, position, value)
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  varint(value: number): this {
    while (value >= 128) {
      this.int8((value & 127) - 128)
      value = Math.floor(value / 128)
    }
    return this.int8(value)
  }

  string(value: string | null): this {
    return this.field(value === null ? null : encoder.encode(value))
  }

  /** Bytes after their length; null is length 0. */
  field(value: Uint8Array | null): this {
    this.varint(value === null ? 0 : value.length + 1)
    if (value) {
      const position = this.reserve(value.length)
      this.bytes.set(value, position)
    }
    return this
  }

  /** An all-zero UUID: none. */
  noUuid(): this {
    return this.int64(0).int64(0)
  }

  array<T>(items: readonly T[] | null, write: (item: T, writer: this) => void): this {
    this.varint(items === null ? 0 : items.length + 1)
    items?.forEach(item => write(item, this))
    return this
  }

  /** The end of a structure: no tagged fields. */
  end(): this {
    return this.varint(0)
  }

  /** What was written. A view: nothing may be written afterwards. */
  result(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

/** Reads a response's body. Throws DataError KAFKA_PROTOCOL where it is shorter than it claims; allocates nothing on a claim's word. */
export class WireReader {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private readonly what: string
  private position = 0

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.what = what
  }

  private take(count: number): number {
    const start = this.position
    if (count > this.bytes.length - start) throw this.broken(`${count} bytes are needed at byte ${start} of ${this.bytes.length}`)
    this.position += count
    return start
  }

  private broken(found: string): DataError {
    return new DataError('KAFKA_PROTOCOL', `kafka: the answer to ${this.what} is malformed; ${found}; check that the address is a Kafka broker's`)
  }

  int8(): number {
    return this.view.getInt8(this.take(1))
  }

  int16(): number {
    return this.view.getInt16(this.take(2))
  }

  int32(): number {
    return this.view.getInt32(this.take(4))
  }

  /** Exact within 2^53. */
  int64(): number {
    return readInt64(this.view, this.take(8))
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.view.getUint8(this.take(1))
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw this.broken('a varint of more than five bytes')
  }

  /** A view of bytes after their length; null stands as null. */
  field(): Uint8Array | null {
    const count = this.varint() - 1
    if (count < 0) return null
    const start = this.take(count)
    return this.bytes.subarray(start, start + count)
  }

  nullableString(): string | null {
    const field = this.field()
    return field && decoder.decode(field)
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  skip(count: number): void {
    this.take(count)
  }

  /** The items of an array (null reads as empty); `read` reads one, its tags included. */
  array<T>(read: () => T): T[] {
    const count = this.varint() - 1
    if (count > this.bytes.length - this.position) throw this.broken(`${count} items in ${this.bytes.length - this.position} bytes`)
    const items: T[] = []
    for (let index = 0; index < count; index++) items.push(read())
    return items
  }

  /** Steps over the tagged fields at a structure's end; `visit` sees those it knows. */
  end(visit?: (tag: number, field: WireReader) => void): void {
    for (let count = this.varint(); count > 0; count--) {
      const tag = this.varint()
      const length = this.varint()
      const start = this.take(length)
      visit?.(tag, new WireReader(this.bytes.subarray(start, start + length), this.what))
    }
  }
}
