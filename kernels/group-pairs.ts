// Grouping by several columns: the group numbers of the columns are paired, column by column. A pair is a word, first << 32 | second; while
// the product of the counts is small the pair addresses an array, after that the words are hashed (findProbingI64).

/** out[row] = first[row] << 32 | second[row]. 0xffffffff on either side gives a word that no table holds. */
export function pairWords(first: usize, second: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 2
    store<u64>(out + (at << 1), (<u64>load<u32>(first + at) << 32) | <u64>load<u32>(second + at))
  }
}

/** gids[row] by the array: index first << bits | second, which the caller has made sure lies inside. Returns the first row without room, or `rows`. */
export function findPairs(first: usize, second: usize, start: i32, rows: i32, table: usize, bits: u32, gids: usize): i32 {
  const direct = <usize>load<u32>(table, 36)
  for (let row = start; row < rows; row++) {
    const at = <usize>row << 2
    const one = load<u32>(first + at)
    const two = load<u32>(second + at)
    const slot = direct + (<usize>((one << bits) | two) << 2)
    let gid = load<u32>(slot)
    if (gid == 0) {
      gid = load<u32>(table, 12)
      if (gid >= load<u32>(table, 16)) return row
      store<u64>(<usize>load<u32>(table, 20) + (<usize>gid << 3), (<u64>one << 32) | <u64>two)
      store<u32>(table, ++gid, 12)
      store<u32>(slot, gid)
    }
    store<u32>(gids + at, gid - 1)
  }
  return rows
}

/** Enters the table's pairs into its zeroed array. */
export function rehashPairs(table: usize, bits: u32): void {
  const direct = <usize>load<u32>(table, 36)
  const count = load<u32>(table, 12)
  let key = <usize>load<u32>(table, 20)
  for (let gid: u32 = 1; gid <= count; gid++) {
    store<u32>(direct + (<usize>((load<u32>(key, 4) << bits) | load<u32>(key)) << 2), gid)
    key += 8
  }
}

/** The halves of pairs: first[i] = the high, second[i] = the low 32 bits. */
export function splitPairs(pairs: usize, count: i32, first: usize, second: usize): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 2
    store<u32>(first + at, load<u32>(pairs + (at << 1), 4))
    store<u32>(second + at, load<u32>(pairs + (at << 1)))
  }
}

/** gids[row] of known pairs by the array, 0xffffffff for unknown ones and where either half is 0xffffffff. */
export function lookupPairs(first: usize, second: usize, rows: i32, table: usize, bits: u32, gids: usize): void {
  const direct = <usize>load<u32>(table, 36)
  const size = <u64>load<u32>(table, 40)
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 2
    const one = load<u32>(first + at)
    const two = load<u32>(second + at)
    const index = (<u64>one << <u64>bits) | <u64>two
    let gid: u32 = 0
    if (one != 0xffffffff && two >> bits == 0 && index < size) gid = load<u32>(direct + (<usize>index << 2))
    store<u32>(gids + at, gid - 1)
  }
}
