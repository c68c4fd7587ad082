// Where rows of CSV begin, without decoding them: what a quote does depends on the bytes beside it alone. It opens a cell behind a delimiter or a line
// feed, and closes one unless another quote follows; anywhere else it is text, as in kernels/csv-decode.ts.

// The first quote in [p, end), or end.
// @ts-ignore: decorator
@inline function nextQuote(p: usize, end: usize, quote: v128): usize {
  while (p < end) {
    const found = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), quote))
    if (found) return min(p + <usize>ctz(found), end)
    p += 16
  }
  return end
}

/**
 * Whether the byte behind the `bytes` bytes at `at` lies inside quotes (1) or not (0), given that their first one does (`inside`) or begins a cell.
 * 2: there is no quote among them, so what holds at their start holds at their end. They must end with a line feed or the input.
 */
export function trackQuotes(at: usize, bytes: u32, quote: i32, delimiter: i32, inside: i32): i32 {
  const end = at + <usize>bytes
  const quotes = i8x16.splat(<i8>quote)
  let p = nextQuote(at, end, quotes)
  if (p == end) return 2
  while (p < end) {
    if (inside) {
      if (p + 1 < end && load<u8>(p, 1) == <u8>quote) p++
      else inside = 0
    } else if (p == at || load<u8>(p - 1) == <u8>delimiter || load<u8>(p - 1) == 10) inside = 1
    p = nextQuote(p + 1, end, quotes)
  }
  return inside
}

/** Bytes up to and with the line feed that ends the row, whose quotes are open at `at`; 0 where the `bytes` bytes don't hold it. */
export function findRowEnd(at: usize, bytes: u32, quote: i32, delimiter: i32): u32 {
  const end = at + <usize>bytes
  const quotes = i8x16.splat(<i8>quote)
  const feed = i8x16.splat(10)
  let p = at
  while (true) {
    p = nextQuote(p, end, quotes)
    while (p + 1 < end && load<u8>(p, 1) == <u8>quote) p = nextQuote(p + 2, end, quotes)
    if (p >= end) return 0
    // Outside: to the line feed, or to a quote that opens a cell.
    for (p++; ; ) {
      if (p >= end) return 0
      const block = v128.load(p)
      const found = <u32>i8x16.bitmask(v128.or(i8x16.eq(block, quotes), i8x16.eq(block, feed)))
      if (found == 0) {
        p += 16
        continue
      }
      p += <usize>ctz(found)
      if (p >= end) return 0
      if (load<u8>(p) == 10) return <u32>(p + 1 - at)
      const before = load<u8>(p - 1)
      p++
      if (before == <u8>delimiter) break
    }
  }
}
