// Lines of text: where each record of NDJSON lies. A raw line feed never stands inside a JSON value's text, so no state crosses lines.

// Stores the line [start, end) unless it is blank; returns the address behind the stored pair.
// @ts-ignore: decorator
@inline function keepLine(start: usize, end: usize, out: usize): usize {
  if (end > start && load<u8>(end - 1) == 13) end--
  let p = start
  while (p < end) {
    const c = load<u8>(p)
    if (c != 32 && c != 9 && c != 13) break
    p++
  }
  if (p == end) return out
  store<u32>(out, start)
  store<u32>(out, end - start, 4)
  return out + 8
}

/**
 * Writes the address and byte count (two u32) of each line of the `bytes` bytes at `at`, without its end (LF or CRLF); blank lines are left out.
 * At most `max` lines. `isLast`: bytes behind the last line end are a line too. Returns the lines; the bytes they took go to `taken` (u32).
 */
export function splitLines(at: usize, bytes: u32, isLast: i32, out: usize, max: i32, taken: usize): i32 {
  const first = out
  const full = out + (<usize>max << 3)
  const end = at + <usize>bytes
  const feed = i8x16.splat(10)
  let start = at
  for (let p = at; p < end; p += 64) {
    let found =
      <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(p), feed))) |
      (<u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(p, 16), feed))) << 16) |
      (<u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(p, 32), feed))) << 32) |
      (<u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(p, 48), feed))) << 48)
    if (end - p < 64) found &= (<u64>1 << <u64>(end - p)) - 1
    for (; found; found &= found - 1) {
      if (out == full) {
        store<u32>(taken, start - at)
        return max
      }
      const stop = p + <usize>ctz(found)
      out = keepLine(start, stop, out)
      start = stop + 1
    }
  }
  if (isLast && start < end && out < full) {
    out = keepLine(start, end, out)
    start = end
  }
  store<u32>(taken, start - at)
  return <i32>((out - first) >> 3)
}
