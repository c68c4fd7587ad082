// Thrift's compact protocol as a tree of whatever is there, for tests that change metadata without knowing all of it.

/** Bytes. */
export type Bytes = Uint8Array
/** A struct: values by the numbers of their fields. */
export type Struct = Map<number, Thrift>
/** A value with its wire type: bool true or false by the value, integers bigint, binaries bytes, lists arrays of bare values. */
export interface Thrift {
  readonly type: number
  readonly value: boolean | bigint | Bytes | Struct | readonly unknown[]
  /** The items' type, of lists. */
  readonly item?: number
}

/** UTF-8 as text. */
export const text = (bytes: Bytes): string => new TextDecoder().decode(bytes)

/** The struct at `start`, and where it ends. */
export function decodeThrift(bytes: Bytes, start = 0): { struct: Struct; end: number } {
  let at = start
  const byte = () => {
    if (at >= bytes.length) throw new Error(`the bytes end at ${at}`)
    return bytes[at++]!
  }
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const next = byte()
      value |= BigInt(next & 127) << shift
      if (next < 128) return value
    }
  }
  const zigzag = () => {
    const raw = varint()
    return raw & 1n ? -(raw >> 1n) - 1n : raw >> 1n
  }
  const take = (count: number) => {
    if (at + count > bytes.length) throw new Error(`${count} bytes are promised at ${at}`)
    at += count
    return bytes.slice(at - count, at)
  }
  const value = (type: number): Thrift['value'] => {
    if (type === 3) return BigInt((byte() << 24) >> 24)
    if (type >= 4 && type <= 6) return zigzag()
    if (type === 7) return take(8)
    if (type === 8) return take(Number(varint()))
    if (type === 12) return read()
    throw new Error(`type ${type} at ${at}`)
  }
  const list = (): Thrift => {
    const head = byte()
    const count = head >> 4 === 15 ? Number(varint()) : head >> 4
    const item = head & 15
    return { type: 9, item, value: Array.from({ length: count }, () => (item <= 2 ? byte() === 1 : value(item))) }
  }
  const read = (): Struct => {
    const struct: Struct = new Map()
    for (let id = 0, head = byte(); head !== 0; head = byte()) {
      id = head >> 4 === 0 ? Number(zigzag()) : id + (head >> 4)
      const type = head & 15
      struct.set(id, type <= 2 ? { type: 1, value: type === 1 } : type === 9 ? list() : { type, value: value(type) })
    }
    return struct
  }
  return { struct: read(), end: at }
}

/** A struct's bytes. */
export function encodeThrift(struct: Struct): Bytes {
  const out: number[] = []
  const varint = (value: bigint) => {
    for (; value >= 128n; value >>= 7n) out.push(Number(value & 127n) | 128)
    out.push(Number(value))
  }
  const write = (type: number, value: Thrift['value']): void => {
    if (type === 3) out.push(Number(value as bigint) & 255)
    else if (type >= 4 && type <= 6) varint((value as bigint) < 0n ? -2n * (value as bigint) - 1n : 2n * (value as bigint))
    else if (type === 7) out.push(...(value as Bytes))
    else if (type === 8) {
      varint(BigInt((value as Bytes).length))
      for (const byte of value as Bytes) out.push(byte)
    } else writeStruct(value as Struct)
  }
  const writeStruct = (fields: Struct): void => {
    let last = 0
    for (const [id, { type, value, item }] of [...fields].sort(([a], [b]) => a - b)) {
      const wire = type <= 2 ? (value ? 1 : 2) : type
      if (id - last < 16) out.push(((id - last) << 4) | wire)
      else {
        out.push(wire)
        varint(BigInt(2 * id))
      }
      last = id
      if (type === 9) {
        const items = value as readonly Thrift['value'][]
        if (items.length < 15) out.push((items.length << 4) | item!)
        else {
          out.push(0xf0 | item!)
          varint(BigInt(items.length))
        }
        for (const one of items) item! <= 2 ? out.push(one ? 1 : 2) : write(item!, one)
      } else if (type > 2) write(type, value)
    }
    out.push(0)
  }
  writeStruct(struct)
  return Uint8Array.from(out)
}
