// Decimals out of texts, where they are short: what is longer, or no decimal, is listed for somebody who takes the time.
import { scanDecimal, ten } from './number-text'

/**
 * The decimals, 16 bytes each, that 16-byte views spell, of `scale` digits behind the point and at most `precision` in all. Rows whose bit in `validity` (0: none)
 * is 0 are passed over. Texts beyond 18 digits, with digits beyond the scale, or of another form aren't read: their rows go to `left`, a u32 each. Returns how many.
 */
export function readDecimals(views: usize, validity: usize, rows: i32, scale: i32, precision: i32, scratch: usize, out: usize, left: usize): i32 {
  const limit = ten(min(precision, 18))
  let count = 0
  for (let row = 0; row < rows; row++) {
    if (validity && !((load<u8>(validity + (<usize>row >> 3)) >> (<u8>row & 7)) & 1)) continue
    const view = views + (<usize>row << 4)
    const bytes = load<i32>(view)
    const text = bytes <= 12 ? view + 4 : <usize>load<u32>(view, 12)
    let isRead = bytes > 0 && bytes <= 24 && scanDecimal(text, 0, scratch) == bytes
    if (isRead) {
      const w = load<u64>(scratch)
      const up = load<i32>(scratch, 8) + scale
      const flags = load<i32>(scratch, 12)
      isRead = !(flags & 2) && up >= 0 && up <= 18 && w < limit
      if (isRead) {
        const size = w * ten(up)
        isRead = (up == 0 || w < ten(18 - up)) && size < limit
        const value = flags & 1 ? -(<i64>size) : <i64>size
        store<i64>(out + (<usize>row << 4), value)
        store<i64>(out + (<usize>row << 4), value >> 63, 8)
      }
    }
    if (isRead) continue
    store<u32>(left + (<usize>count << 2), row)
    count++
  }
  return count
}
