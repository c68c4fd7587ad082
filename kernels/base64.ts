// Base64 with the alphabet of RFC 4648, section 4: how JSON and CSV hold binary values.

const LETTERS: usize = memory.data<u8>([
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112,
  113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 43, 47,
])

function valueOf(c: u8): i32 {
  const code = <i32>c
  if (code >= 65 && code <= 90) return code - 65
  if (code >= 97 && code <= 122) return code - 71
  if (code >= 48 && code <= 57) return code + 4
  return code == 43 ? 62 : code == 47 ? 63 : -1
}

// The bytes that the text spells, to `out` (which may be the text itself); padding may be missing. How many, or -1 where it is no base64.
function readBase64(from: usize, bytes: i32, out: usize): i32 {
  if ((bytes & 3) == 0 && bytes > 0 && load<u8>(from + bytes - 1) == 61) bytes -= load<u8>(from + bytes - 2) == 61 ? 2 : 1
  const start = out
  let held: u32 = 0
  let bits = 0
  for (const end = from + bytes; from < end; from++) {
    const six = valueOf(load<u8>(from))
    if (six < 0) return -1
    held = (held << 6) | six
    bits += 6
    if (bits >= 8) {
      bits -= 8
      store<u8>(out++, held >> bits)
    }
  }
  return bits >= 6 || held & ((1 << bits) - 1) ? -1 : <i32>(out - start)
}

// The text of `bytes` bytes, padded; returns the address behind it.
function writeBase64(from: usize, bytes: u32, out: usize): usize {
  const end = from + bytes
  for (; from < end; from += 3) {
    const left = end - from
    const group = (<u32>load<u8>(from) << 16) | (left > 1 ? <u32>load<u8>(from, 1) << 8 : 0) | (left > 2 ? <u32>load<u8>(from, 2) : 0)
    store<u8>(out, load<u8>(LETTERS + (group >> 18)))
    store<u8>(out, load<u8>(LETTERS + ((group >> 12) & 63)), 1)
    store<u8>(out, left > 1 ? load<u8>(LETTERS + ((group >> 6) & 63)) : 61, 2)
    store<u8>(out, left > 2 ? load<u8>(LETTERS + (group & 63)) : 61, 3)
    out += 4
  }
  return out
}

export { readBase64, writeBase64 }
