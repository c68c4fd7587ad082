// Taking rows out of a store that lies in chunks of up to 65,536 rows. `chunks` is a list of addresses, one a chunk: of its values, or of its bitmap,
// where 0 stands for all ones. A row's id is its chunk << 16 | its row there. Ids are trusted: the caller made them.

// @ts-ignore: decorator
@inline function takeChunked<T>(chunks: usize, ids: usize, rows: i32, out: usize): void {
  const end = ids + (<usize>rows << 2)
  for (; ids < end; ids += 4) {
    const id = load<u32>(ids)
    store<T>(out, load<T>(<usize>load<u32>(chunks + (<usize>(id >> 16) << 2)) + <usize>(id & 0xffff) * sizeof<T>()))
    out += sizeof<T>()
  }
}

/** out[i] = the value of ids[i], of one byte. */
export function takeChunked1(chunks: usize, ids: usize, rows: i32, out: usize): void {
  takeChunked<u8>(chunks, ids, rows, out)
}
/** As `takeChunked1`, of two bytes. */
export function takeChunked2(chunks: usize, ids: usize, rows: i32, out: usize): void {
  takeChunked<u16>(chunks, ids, rows, out)
}
/** As `takeChunked1`, of four bytes. */
export function takeChunked4(chunks: usize, ids: usize, rows: i32, out: usize): void {
  takeChunked<u32>(chunks, ids, rows, out)
}
/** As `takeChunked1`, of eight bytes. */
export function takeChunked8(chunks: usize, ids: usize, rows: i32, out: usize): void {
  takeChunked<u64>(chunks, ids, rows, out)
}

/** As `takeChunked1`, of 16 bytes; what lies behind views stays where it is. */
export function takeChunked16(chunks: usize, ids: usize, rows: i32, out: usize): void {
  const end = ids + (<usize>rows << 2)
  for (; ids < end; ids += 4) {
    const id = load<u32>(ids)
    v128.store(out, v128.load(<usize>load<u32>(chunks + (<usize>(id >> 16) << 2)) + (<usize>(id & 0xffff) << 4)))
    out += 16
  }
}

/** As `takeChunked1`, of `size` bytes. */
export function takeChunkedFixed(chunks: usize, ids: usize, rows: i32, size: i32, out: usize): void {
  const end = ids + (<usize>rows << 2)
  for (; ids < end; ids += 4) {
    const id = load<u32>(ids)
    memory.copy(out, <usize>load<u32>(chunks + (<usize>(id >> 16) << 2)) + <usize>(id & 0xffff) * <usize>size, <usize>size)
    out += <usize>size
  }
}

/** Bit i of out = the bit of ids[i]. Writes ceil(rows / 8) bytes, the bits past `rows` as zero. Returns the number of 1 bits. */
export function takeChunkedBits(chunks: usize, ids: usize, rows: i32, out: usize): i32 {
  let total = 0
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) {
      const id = load<u32>(ids)
      const bits = <usize>load<u32>(chunks + (<usize>(id >> 16) << 2))
      const at = id & 0xffff
      byte |= (bits == 0 ? 1 : (<u32>load<u8>(bits + (at >> 3)) >> (at & 7)) & 1) << i
      ids += 4
    }
    total += popcnt<u32>(byte)
    store<u8>(out++, <u8>byte)
  }
  return total
}

/** out[i] = firsts[chunk of ids[i]] + its row: the row's number in the store as a whole. */
export function flattenIds(firsts: usize, ids: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    store<u32>(out + (<usize>i << 2), load<u32>(firsts + (<usize>(id >> 16) << 2)) + (id & 0xffff))
  }
}

/** As `flattenIds`; an id of 0xffffffff stays. */
export function flattenHeads(firsts: usize, ids: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    const isNone = id == 0xffffffff
    const number = load<u32>(firsts + (isNone ? 0 : <usize>(id >> 16) << 2)) + (id & 0xffff)
    store<u32>(out + (<usize>i << 2), isNone ? id : number)
  }
}
