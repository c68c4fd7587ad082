// Days out of texts of ten bytes, 2024-02-29. Any other form of a date is listed for somebody who takes the time.
import { daysInMonth, daysOf } from './civil'
import { countDigits, digitsValue } from './number-text'

/** The days, an i32 each, that 16-byte views spell. Rows whose bit in `validity` (0: none) is 0 are passed over; the others that aren't read go to `left`, a u32 each. Returns how many. */
export function readDays(views: usize, validity: usize, rows: i32, out: usize, left: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    if (validity && !((load<u8>(validity + (<usize>row >> 3)) >> (<u8>row & 7)) & 1)) continue
    const text = views + (<usize>row << 4) + 4
    const head = load<u64>(text)
    const tail = load<u64>(text, 5)
    if (load<i32>(text - 4) == 10 && countDigits(head) == 4 && load<u8>(text, 4) == 45 && countDigits(tail) == 2 && load<u8>(text, 7) == 45) {
      const end = load<u64>(text, 8)
      const month = <i32>digitsValue(tail, 2)
      const year = <i64>digitsValue(head, 4)
      const day = <i32>digitsValue(end, 2)
      if (countDigits(end) == 2 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)) {
        store<i32>(out + (<usize>row << 2), <i32>daysOf(year, month, day))
        continue
      }
    }
    store<u32>(left + (<usize>count << 2), row)
    count++
  }
  return count
}
