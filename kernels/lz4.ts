// LZ4 blocks, packed (lz4/lz4, lz4_Block_format.md): a token of two lengths, literals, a distance of two bytes. Reads and writes up to 16 bytes of padding.

/** The most bytes that `compressLz4` makes of `bytes`. */
export function lz4BytesMax(bytes: i32): f64 {
  return 32 + <f64>bytes + Math.ceil(<f64>bytes / 255)
}

/** Packs one block; `out` has `lz4BytesMax` bytes, `table` 32,768 bytes of scratch. Returns the bytes written. */
export function compressLz4(source: usize, bytes: i32, out: usize, table: usize): i32 {
  const end = source + <usize>bytes
  let o = out
  let literal = source
  if (bytes >= 13) {
    memory.fill(table, 0, 32768)
    // The format wants the last copy to begin 12 bytes before the end, and the last 5 bytes to be literals.
    const last = end - 12
    const copyEnd = end - 5
    let p = source + 1
    let misses: u32 = 64
    while (p <= last) {
      const word = load<u32>(p)
      const slot = table + (<usize>((word * 0x9e3779b1) >> 19) << 2)
      let candidate = source + <usize>load<u32>(slot)
      store<u32>(slot, <u32>(p - source))
      if (load<u32>(candidate) != word || <usize>(p - candidate) > 65535) {
        p += <usize>(misses++ >> 6)
        continue
      }
      misses = 64
      const found = p
      while (p > literal && candidate > source && load<u8>(p - 1) == load<u8>(candidate - 1)) {
        p--
        candidate--
      }
      const length = <usize>(found - p) + 4 + matching(found + 4, candidate + <usize>(found - p) + 4, copyEnd)
      o = writeLz4Literals(literal, <usize>(p - literal), o, <u32>length - 4)
      store<u16>(o, <u16>(p - candidate))
      o = writeLz4Length(<u32>length - 4, o + 2)
      p += length
      literal = p
      if (p <= last) {
        const before = load<u32>(p - 2)
        store<u32>(table + (<usize>((before * 0x9e3779b1) >> 19) << 2), <u32>(p - 2 - source))
      }
    }
  }
  return <i32>(writeLz4Literals(literal, <usize>(end - literal), o, 0) - out)
}

// How many bytes from `p` on, up to `end`, are those from `other` on.
// @ts-ignore: decorator
@inline function matching(p: usize, other: usize, end: usize): usize {
  const start = p
  while (p + 8 <= end) {
    const difference = load<u64>(p) ^ load<u64>(other)
    if (difference != 0) return p - start + <usize>(ctz<u64>(difference) >> 3)
    p += 8
    other += 8
  }
  while (p < end && load<u8>(p) == load<u8>(other)) {
    p++
    other++
  }
  return p - start
}

// A token, and the literals that it stands for.
function writeLz4Literals(source: usize, count: usize, out: usize, copy: u32): usize {
  store<u8>(out, <u8>((min<u32>(<u32>count, 15) << 4) | min<u32>(copy, 15)))
  const o = writeLz4Length(<u32>count, out + 1)
  for (let i: usize = 0; i < count; i += 16) v128.store(o + i, v128.load(source + i))
  return o + count
}

// What a token has no room for.
function writeLz4Length(length: u32, out: usize): usize {
  if (length < 15) return out
  length -= 15
  while (length >= 255) {
    store<u8>(out++, 255)
    length -= 255
  }
  store<u8>(out, <u8>length)
  return out + 1
}
