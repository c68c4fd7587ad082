// Sets of 64-bit words, for isIn: open addressing by a multiplicative hash. 0 marks a free slot; whether 0 itself is a member is said beside it.

// @ts-ignore: decorator
@inline function slotOf(word: u64, slotBits: i32): usize {
  return <usize>((word * 0x9e3779b97f4a7c15) >> <u64>(64 - slotBits))
}

/** Puts `count` words into the zeroed `table` of 2^slotBits slots, at most half of which are taken; 1 where one of them is 0. */
export function fillWordSet(words: usize, count: i32, table: usize, slotBits: i32): i32 {
  const mask: usize = (<usize>1 << slotBits) - 1
  let hasZero = 0
  for (let i = 0; i < count; i++) {
    const word = load<u64>(words + (<usize>i << 3))
    if (word == 0) {
      hasZero = 1
      continue
    }
    let slot = slotOf(word, slotBits)
    while (load<u64>(table + (slot << 3)) != 0 && load<u64>(table + (slot << 3)) != word) slot = (slot + 1) & mask
    store<u64>(table + (slot << 3), word)
  }
  return hasZero
}

/** A bit per row: the word is in the set. `isFloat`: words are float64, of which -0 is looked up as 0. Bits past `rows` are zero. */
export function memberWordSet(values: usize, isFloat: i32, rows: i32, table: usize, slotBits: i32, hasZero: i32, out: usize): void {
  const mask: usize = (<usize>1 << slotBits) - 1
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      let word = load<u64>(values)
      if (isFloat && word == 0x8000000000000000) word = 0
      let found = hasZero
      if (word != 0) {
        let slot = slotOf(word, slotBits)
        let held = load<u64>(table + (slot << 3))
        while (held != word && held != 0) {
          slot = (slot + 1) & mask
          held = load<u64>(table + (slot << 3))
        }
        found = i32(held == word)
      }
      bits |= found << i
      values += 8
    }
    store<u8>(out++, <u8>bits)
  }
}
