// JSON texts taken apart without decoding them: the items of arrays and the members of objects in a column of texts, and the values of a file that is one array.
import { CUT_OFF, JsonJob, NO_COMMA, skipSpace, skipString, skipValue, TYPE } from './json-text'

// The items of the text at hand, or its keys and values by turns, as pairs from `out` on where it isn't 0. Their count; −1 where it is malformed or of another kind.
function splitText(job: JsonJob, open: i32, out: usize): i32 {
  const end = job.end
  let p = skipSpace(job, job.start)
  if (p >= end || <i32>load<u8>(p) != open) return -1
  let count = 0
  p = skipSpace(job, p + 1)
  if (p < end && <i32>load<u8>(p) == open + 2) return skipSpace(job, p + 1) == end ? 0 : -1
  while (p < end) {
    if (open == 123) {
      if (load<u8>(p) != 34) return -1
      const key = p
      p = skipString(job, p + 1)
      if (p == 0) return -1
      if (out) {
        store<u32>(out + (<usize>count << 3), key)
        store<u32>(out + (<usize>count << 3), p - key, 4)
      }
      count++
      p = skipSpace(job, p)
      if (p >= end || load<u8>(p) != 58) return -1
      p = skipSpace(job, p + 1)
    }
    const from = p
    p = skipValue(job, p, 1)
    if (p == 0 || p > end) return -1
    if (out) {
      store<u32>(out + (<usize>count << 3), from)
      store<u32>(out + (<usize>count << 3), p - from, 4)
    }
    count++
    p = skipSpace(job, p)
    if (p >= end) return -1
    if (<i32>load<u8>(p) == open + 2) return skipSpace(job, p + 1) == end ? count : -1
    if (load<u8>(p) != 44) return -1
    p = skipSpace(job, p + 1)
  }
  return -1
}

/**
 * Takes the texts of a view column apart: arrays into items (`open` 91), objects into keys and values by turns (123), as pairs (address, bytes) from `out`
 * on, or only counts them where it is 0. `offsets` gets rows + 1 i32, counted in pairs; `bad` a byte a row, 1 where a text is none of the kind: those,
 * nulls, and rows whose byte is 1 already have no pairs. `kinds`: scratch as JsonJob's, `at` 160 zeroed bytes. Returns the count of pairs.
 */
export function splitJson(at: usize, kinds: usize, views: usize, validity: usize, rows: i32, open: i32, out: usize, offsets: usize, bad: usize): i32 {
  const job = changetype<JsonJob>(at)
  job.kinds = kinds
  let count = 0
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<i32>(offsets + (row << 2), count)
    if (load<u8>(bad + row) || (validity && ((load<u8>(validity + (row >> 3)) >> <u8>(row & 7)) & 1) == 0)) continue
    const view = views + (row << 4)
    const bytes = load<u32>(view)
    job.start = bytes <= 12 ? view + 4 : <usize>load<u32>(view, 12)
    job.end = job.start + bytes
    const found = splitText(job, open, out ? out + (<usize>count << 3) : 0)
    if (found < 0) store<u8>(bad + row, 1)
    else count += found
  }
  store<i32>(offsets + (<usize>rows << 2), count)
  return count
}

// Where reading a file of values is: before its array, at its first item, behind an item, behind a comma, behind the array; or between values without one.
const BEFORE = 0
const FIRST = 1
const AFTER = 2
const NEXT = 3
const CLOSED = 4
const LOOSE = 5

/** State between chunks, and what a call found: bytes used up, and what is wrong (0: nothing) at which byte. */
@unmanaged class SplitState {
  phase: i32
  taken: u32
  wrong: i32
  wrongAt: u32
}

// Behind the string that begins at `p`; 0 where the chunk ends before it does.
function stringEnd(p: usize, end: usize): usize {
  const quote = i8x16.splat(34)
  const slash = i8x16.splat(92)
  for (p++; p < end; ) {
    const block = v128.load(p)
    const found = <u32>i8x16.bitmask(v128.or(i8x16.eq(block, quote), i8x16.eq(block, slash)))
    if (found == 0) {
      p += 16
      continue
    }
    p += <usize>ctz(found)
    if (p >= end) return 0
    if (load<u8>(p) == 34) return p + 1
    p += 2
  }
  return 0
}

// Behind the object or array that begins at `p`, by brackets alone; 0 where the chunk ends before it does.
function nestedEnd(p: usize, end: usize): usize {
  let depth = 0
  while (p < end) {
    const block = v128.load(p)
    // [ and ] are { and } with a bit less.
    const brackets = v128.or(block, i8x16.splat(0x20))
    const found = <u32>i8x16.bitmask(v128.or(i8x16.eq(block, i8x16.splat(34)), v128.or(i8x16.eq(brackets, i8x16.splat(123)), i8x16.eq(brackets, i8x16.splat(125)))))
    if (found == 0) {
      p += 16
      continue
    }
    p += <usize>ctz(found)
    if (p >= end) return 0
    const c = load<u8>(p)
    if (c == 34) {
      p = stringEnd(p, end)
      if (p == 0) return 0
      continue
    }
    p++
    if ((c | 0x20) == 123) depth++
    else if (--depth == 0) return p
  }
  return 0
}

function isSpace(c: u8): bool {
  return c == 32 || c == 10 || c == 13 || c == 9
}

// Behind the value at `p`; `p` itself where there is none, 0 where the chunk ends before it does.
function valueEnd(p: usize, end: usize, isLast: i32): usize {
  const c = load<u8>(p)
  if (c == 34) return stringEnd(p, end)
  if (c == 123 || c == 91) return nestedEnd(p, end)
  for (; p < end; p++) {
    const c = load<u8>(p)
    if (c == 44 || c == 93 || c == 125 || isSpace(c)) return p
  }
  return isLast ? p : 0
}

/**
 * The values of one array of JSON, or of values with white space between them, as pairs (address, bytes) at `out`, at most `max`; returns their count. What a value
 * holds is not looked at but for strings and brackets. `isLast`: no more bytes follow. A value that the chunk cuts off is left for the next call.
 */
export function splitValues(at: usize, bytes: u32, isLast: i32, out: usize, max: i32, state: usize): i32 {
  const s = changetype<SplitState>(state)
  const end = at + <usize>bytes
  let count = 0
  let p = at
  s.wrong = 0
  while (true) {
    while (p < end && isSpace(load<u8>(p))) p++
    if (p >= end || count == max) break
    const c = load<u8>(p)
    if (s.phase == BEFORE) {
      s.phase = c == 91 ? FIRST : LOOSE
      if (c == 91) p++
      continue
    }
    if (s.phase == AFTER || (s.phase == FIRST && c == 93)) {
      if (c != 93 && c != 44) {
        s.wrong = NO_COMMA
        break
      }
      s.phase = c == 93 ? CLOSED : NEXT
      p++
      continue
    }
    const next = s.phase == CLOSED ? p : valueEnd(p, end, isLast)
    if (next == 0 && !(isLast && s.phase == LOOSE)) break
    if (next == p) {
      s.wrong = TYPE
      break
    }
    store<u32>(out + (<usize>count << 3), p)
    store<u32>(out + (<usize>count << 3), (next == 0 ? end : next) - p, 4)
    count++
    p = next == 0 ? end : next
    if (s.phase != LOOSE) s.phase = AFTER
  }
  s.taken = <u32>(p - at)
  s.wrongAt = <u32>(p - at)
  const isOpen = s.phase != CLOSED && s.phase != LOOSE && s.phase != BEFORE
  if (isLast && s.wrong == 0 && (p < end ? count < max : isOpen)) s.wrong = CUT_OFF
  return count
}
