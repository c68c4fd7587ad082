// Moving rows: by u32 row numbers, by the bits of a mask, and end to end. Row numbers are trusted: the caller made them.

/** out[i] = values[indices[i]] for 1-byte values. */
export function gatherWord1(values: usize, indices: usize, rows: i32, out: usize): void {
  const end = out + <usize>rows
  for (; out < end; out++) {
    store<u8>(out, load<u8>(values + <usize>load<u32>(indices)))
    indices += 4
  }
}

/** out[i] = values[indices[i]] for 2-byte values. */
export function gatherWord2(values: usize, indices: usize, rows: i32, out: usize): void {
  const end = out + (<usize>rows << 1)
  for (; out < end; out += 2) {
    store<u16>(out, load<u16>(values + (<usize>load<u32>(indices) << 1)))
    indices += 4
  }
}

/** out[i] = values[indices[i]] for values of `size` bytes. */
export function gatherFixed(values: usize, size: i32, indices: usize, rows: i32, out: usize): void {
  const width = <usize>size
  const end = out + <usize>rows * width
  for (; out < end; out += width) {
    memory.copy(out, values + <usize>load<u32>(indices) * width, width)
    indices += 4
  }
}

/** out[i] = values[indices[i]] for 4-byte values. */
export function gatherWord4(values: usize, indices: usize, rows: i32, out: usize): void {
  const end = out + (<usize>rows << 2)
  for (; out < end; out += 4) {
    store<u32>(out, load<u32>(values + (<usize>load<u32>(indices) << 2)))
    indices += 4
  }
}

/** out[i] = values[indices[i]] for 8-byte values. */
export function gatherWord8(values: usize, indices: usize, rows: i32, out: usize): void {
  const end = out + (<usize>rows << 3)
  for (; out < end; out += 8) {
    store<u64>(out, load<u64>(values + (<usize>load<u32>(indices) << 3)))
    indices += 4
  }
}

/** out[i] = values[indices[i]] for 16-byte values; the bytes behind views stay where they are. */
export function gatherView(values: usize, indices: usize, rows: i32, out: usize): void {
  const end = out + (<usize>rows << 4)
  for (; out < end; out += 16) {
    v128.store(out, v128.load(values + (<usize>load<u32>(indices) << 4)))
    indices += 4
  }
}

/** Bit i of out = bit indices[i] of bits. Writes ceil(rows / 8) bytes, the bits past `rows` as zero. */
export function gatherBits(bits: usize, indices: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) {
      const index = load<u32>(indices)
      byte |= ((<u32>load<u8>(bits + (index >> 3)) >> (index & 7)) & 1) << i
      indices += 4
    }
    store<u8>(out++, <u8>byte)
  }
}

/** Writes the numbers of the rows whose bit is 1, in order; returns how many. */
export function selectBits(bits: usize, rows: i32, out: usize): i32 {
  const start = out
  let row = 0
  for (; row + 8 <= rows; row += 8) {
    let byte = <u32>load<u8>(bits++)
    if (byte == 255) {
      const first = i32x4.add(i32x4.splat(row), i32x4(0, 1, 2, 3))
      v128.store(out, first)
      v128.store(out, i32x4.add(first, i32x4.splat(4)), 16)
      out += 32
      continue
    }
    while (byte) {
      store<u32>(out, row + ctz<u32>(byte))
      out += 4
      byte &= byte - 1
    }
  }
  if (row < rows) {
    let byte = <u32>load<u8>(bits) & ((1 << (rows - row)) - 1)
    while (byte) {
      store<u32>(out, row + ctz<u32>(byte))
      out += 4
      byte &= byte - 1
    }
  }
  return <i32>((out - start) >> 2)
}

/** out[i] = start + i. */
export function fillIndices(out: usize, rows: i32, start: i32): void {
  for (let i = 0; i < rows; i++) store<i32>(out + (<usize>i << 2), start + i)
}

/** Puts `rows` bits behind the first `at` bits of `out`. Bits of `out` from `at` on must be zero or in the last byte written. */
export function appendBits(bits: usize, rows: i32, out: usize, at: i32): void {
  if ((at & 7) == 0) {
    memory.copy(out + (at >> 3), bits, (rows + 7) >> 3)
  } else {
    const shift = <u32>(at & 7)
    let target = out + (at >> 3)
    let carry = <u32>load<u8>(target) & ((1 << shift) - 1)
    const bytes = (rows + 7) >> 3
    for (let i = 0; i < bytes; i++) {
      const byte = <u32>load<u8>(bits + i)
      store<u8>(target++, <u8>(carry | (byte << shift)))
      carry = byte >> (8 - shift)
    }
    if (((at + rows + 7) >> 3) > (at >> 3) + bytes) store<u8>(target, <u8>carry)
  }
  const end = at + rows
  if (end & 7) {
    const last = out + (end >> 3)
    store<u8>(last, <u8>(<i32>load<u8>(last) & ((1 << (end & 7)) - 1)))
  }
}

/** As `appendBits`, of the bits from `start` on; `out` is zero behind its first `at` bits. */
export function appendBitsFrom(bits: usize, start: i32, rows: i32, out: usize, at: i32): void {
  if ((start & 7) == 0) return appendBits(bits + (start >> 3), rows, out, at)
  for (let i = 0; i < rows; i++) {
    const from = start + i
    const to = out + ((at + i) >> 3)
    const bit = (<u32>load<u8>(bits + (from >> 3)) >> (from & 7)) & 1
    store<u8>(to, <u8>(<u32>load<u8>(to) | (bit << ((at + i) & 7))))
  }
}

/** Puts `rows` 1 bits behind the first `at` bits of `out`. */
export function appendOnes(rows: i32, out: usize, at: i32): void {
  let row = at
  const end = at + rows
  for (; row < end && (row & 7); row++) store<u8>(out + (row >> 3), <u8>(<u32>load<u8>(out + (row >> 3)) & ((1 << (row & 7)) - 1) | (1 << (row & 7))))
  if (row < end) {
    const bytes = (end - row) >> 3
    memory.fill(out + (row >> 3), 255, bytes)
    row += bytes << 3
    if (row < end) store<u8>(out + (row >> 3), <u8>((<i32>1 << (end - row)) - 1))
  }
}

/** The bytes that lie behind the views (those longer than 12), as a float64: they may pass 2^31. */
export function countViewBytes(views: usize, rows: i32): f64 {
  let total: u64 = 0
  const end = views + (<usize>rows << 4)
  for (; views < end; views += 16) {
    const length = load<u32>(views)
    total += select<u64>(<u64>length, 0, length > 12)
  }
  return <f64>total
}

/** Copies views and the bytes behind them: the bytes one after the other from `heap` on; out may be the views themselves. */
export function copyViews(views: usize, rows: i32, out: usize, heap: usize): void {
  const end = views + (<usize>rows << 4)
  for (; views < end; views += 16) {
    const view = v128.load(views)
    v128.store(out, view)
    const length = load<u32>(views)
    if (length > 12) {
      memory.copy(heap, <usize>load<u32>(views, 12), length)
      store<u32>(out, <u32>heap, 12)
      heap += length
    }
    out += 16
  }
}
