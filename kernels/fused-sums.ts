// Counts, sums and means of several columns in one go: a group's numbers lie side by side, [rows i64, then for each column its sum i64, or its sum f64 and
// what rounding lost f64], in entries of `1 << shift` bytes. Rows go in blocks, column by column, so that an entry is fetched once a block and not once a
// column. Columns have no nulls here.

const blockRows = 256

// @ts-ignore: decorator
@inline function entryAt(banked: bool, gids: usize, row: i32, state: usize, shift: usize, bankBytes: usize): usize {
  const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << shift)
  return banked ? entry + <usize>(row & 3) * bankBytes : entry
}

// @ts-ignore: decorator
@inline function addExactly(entry: usize, x: f64): void {
  const before = load<f64>(entry)
  const after = before + x
  const part = after - before
  store<f64>(entry, after)
  store<f64>(entry, load<f64>(entry, 8) + ((before - (after - part)) + (x - part)), 8)
}

// @ts-ignore: decorator
@inline function addRows(banked: bool, gids: usize, columns: usize, columnCount: i32, rows: i32, state: usize, shift: usize, bankBytes: usize): void {
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    for (let row = start; row < end; row++) {
      const entry = entryAt(banked, gids, row, state, shift, bankBytes)
      store<i64>(entry, load<i64>(entry) + 1)
    }
    for (let column = 0; column < columnCount; column++) {
      const at = columns + <usize>(column * 12)
      const values = <usize>load<u32>(at)
      const own = state + <usize>load<u32>(at, 8)
      if (load<u32>(at, 4) == 0) {
        for (let row = start; row < end; row++) {
          const entry = entryAt(banked, gids, row, own, shift, bankBytes)
          store<i64>(entry, load<i64>(entry) + <i64>load<i32>(values + (<usize>row << 2)))
        }
      } else {
        for (let row = start; row < end; row++) addExactly(entryAt(banked, gids, row, own, shift, bankBytes), load<f64>(values + (<usize>row << 3)))
      }
    }
  }
}

/**
 * Takes rows. `columns`: three u32 a column: the address of its values, 0 for int32 or 1 for float64, and the byte in the entry where its sum lies.
 * `banks`: four zeroed copies of the groups' entries, used where groups are few so that rows don't wait for each other's stores; 0 does without.
 */
export function addFused(gids: usize, columns: usize, columnCount: i32, rows: i32, state: usize, shift: i32, groups: i32, banks: usize): void {
  const bytes = <usize>groups << <usize>shift
  if (banks == 0) return addRows(false, gids, columns, columnCount, rows, state, <usize>shift, 0)
  addRows(true, gids, columns, columnCount, rows, banks, <usize>shift, bytes)
  for (let bank: usize = 0; bank < 4; bank++) {
    for (let gid = 0; gid < groups; gid++) {
      const from = banks + bank * bytes + (<usize>gid << <usize>shift)
      const to = state + (<usize>gid << <usize>shift)
      store<i64>(to, load<i64>(to) + load<i64>(from))
      for (let column = 0; column < columnCount; column++) {
        const offset = <usize>load<u32>(columns + <usize>(column * 12), 8)
        if (load<u32>(columns + <usize>(column * 12), 4) == 0) store<i64>(to + offset, load<i64>(to + offset) + load<i64>(from + offset))
        else {
          addExactly(to + offset, load<f64>(from + offset))
          store<f64>(to + offset, load<f64>(to + offset, 8) + load<f64>(from + offset, 8), 8)
        }
      }
    }
  }
}

/** out[gid] = the float sum at `offset` of each entry, or where `mean` is not 0 its mean. */
export function fusedTotals(state: usize, groups: i32, shift: i32, offset: usize, mean: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << <usize>shift)
    let sum = load<f64>(entry + offset)
    if (sum - sum == 0) sum += load<f64>(entry + offset, 8)
    store<f64>(out + (<usize>gid << 3), mean != 0 ? sum / <f64>load<i64>(entry) : sum)
  }
}

/** out[gid] = the rows of each entry as float64: the counts of float sums. */
export function fusedCounts(state: usize, groups: i32, shift: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) store<f64>(out + (<usize>gid << 3), <f64>load<i64>(state + (<usize>gid << <usize>shift)))
}
