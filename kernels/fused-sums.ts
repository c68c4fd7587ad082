// Counts, sums and means of several columns in one go: a group's numbers lie side by side, [rows i64, then for each column its sum i64, or its sum f64 and
// what rounding lost f64], in entries of `1 << shift` bytes: an entry is fetched once a row and not once a column. int32 columns come first. Columns have
// no nulls here.
import { blockRows, nearBytes, touchEntries } from './touch'

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
@inline function addWhole(entry: usize, values: usize, row: i32): void {
  store<i64>(entry, load<i64>(entry) + <i64>load<i32>(values + (<usize>row << 2)))
}

// Rows by up to three int32 columns and up to two float64 ones, all at once; the counts are constants where this is inlined.
// @ts-ignore: decorator
@inline function addRows(banked: bool, wholes: i32, floats: i32, gids: usize, columns: usize, start: i32, end: i32, state: usize, shift: usize, bankBytes: usize): void {
  const a = <usize>load<u32>(columns)
  const b = <usize>load<u32>(columns, 4)
  const c = <usize>load<u32>(columns, 8)
  const x = <usize>load<u32>(columns + (<usize>wholes << 2))
  const y = <usize>load<u32>(columns + (<usize>wholes << 2), 4)
  for (let row = start; row < end; row++) {
    const entry = entryAt(banked, gids, row, state, shift, bankBytes)
    if (wholes > 0) v128.store(entry, i64x2.add(v128.load(entry), i64x2.replace_lane(i64x2.splat(<i64>load<i32>(a + (<usize>row << 2))), 0, 1)))
    else store<i64>(entry, load<i64>(entry) + 1)
    if (wholes > 1) addWhole(entry + 16, b, row)
    if (wholes > 2) addWhole(entry + 24, c, row)
    const own = entry + 8 + (<usize>wholes << 3)
    if (floats > 0) addExactly(own, load<f64>(x + (<usize>row << 3)))
    if (floats > 1) addExactly(own + 16, load<f64>(y + (<usize>row << 3)))
  }
}

// As `addRows`, of any number of columns, one after the other.
// @ts-ignore: decorator
@inline function addColumns(banked: bool, wholes: i32, floats: i32, gids: usize, columns: usize, start: i32, end: i32, state: usize, shift: usize, bankBytes: usize): void {
  for (let row = start; row < end; row++) {
    const entry = entryAt(banked, gids, row, state, shift, bankBytes)
    store<i64>(entry, load<i64>(entry) + 1)
  }
  for (let column = 0; column < wholes; column++) {
    const values = <usize>load<u32>(columns + (<usize>column << 2))
    const own = state + 8 + (<usize>column << 3)
    for (let row = start; row < end; row++) addWhole(entryAt(banked, gids, row, own, shift, bankBytes), values, row)
  }
  for (let column = 0; column < floats; column++) {
    const values = <usize>load<u32>(columns + (<usize>(wholes + column) << 2))
    const own = state + 8 + (<usize>wholes << 3) + (<usize>column << 4)
    for (let row = start; row < end; row++) addExactly(entryAt(banked, gids, row, own, shift, bankBytes), load<f64>(values + (<usize>row << 3)))
  }
}

// @ts-ignore: decorator
@inline function addAny(banked: bool, wholes: i32, floats: i32, gids: usize, columns: usize, start: i32, end: i32, state: usize, shift: usize, bankBytes: usize): void {
  const shape = wholes <= 3 && floats <= 2 ? wholes * 3 + floats : -1
  if (shape == 1) addRows(banked, 0, 1, gids, columns, start, end, state, shift, bankBytes)
  else if (shape == 2) addRows(banked, 0, 2, gids, columns, start, end, state, shift, bankBytes)
  else if (shape == 3) addRows(banked, 1, 0, gids, columns, start, end, state, shift, bankBytes)
  else if (shape == 4) addRows(banked, 1, 1, gids, columns, start, end, state, shift, bankBytes)
  else if (shape == 6) addRows(banked, 2, 0, gids, columns, start, end, state, shift, bankBytes)
  else if (shape == 7) addRows(banked, 2, 1, gids, columns, start, end, state, shift, bankBytes)
  else if (shape == 9) addRows(banked, 3, 0, gids, columns, start, end, state, shift, bankBytes)
  else addColumns(banked, wholes, floats, gids, columns, start, end, state, shift, bankBytes)
}

function addSpread(wholes: i32, floats: i32, gids: usize, columns: usize, rows: i32, state: usize, shift: usize, bytes: usize): u32 {
  let seen: u32 = 0
  if (bytes <= nearBytes) {
    addAny(false, wholes, floats, gids, columns, 0, rows, state, shift, 0)
    return seen
  }
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    seen ^= touchEntries(gids, start, end, state, shift)
    addAny(false, wholes, floats, gids, columns, start, end, state, shift, 0)
  }
  return seen
}

/**
 * Takes rows. `columns`: the addresses of the values of `wholes` int32 and then `floats` float64 columns, u32 each; their sums lie in the entry in this
 * order. `banks`: four zeroed copies of the groups' entries, used where groups are few so that rows don't wait for each other's stores; 0 does without. What it gives means nothing.
 */
export function addFused(gids: usize, columns: usize, wholes: i32, floats: i32, rows: i32, state: usize, shift: i32, groups: i32, banks: usize): u32 {
  const bytes = <usize>groups << <usize>shift
  if (banks == 0) return addSpread(wholes, floats, gids, columns, rows, state, <usize>shift, bytes)
  addAny(true, wholes, floats, gids, columns, 0, rows, banks, <usize>shift, bytes)
  for (let bank: usize = 0; bank < 4; bank++) {
    for (let gid = 0; gid < groups; gid++) {
      let from = banks + bank * bytes + (<usize>gid << <usize>shift)
      let to = state + (<usize>gid << <usize>shift)
      for (let word = 0; word <= wholes; word++) {
        store<i64>(to, load<i64>(to) + load<i64>(from))
        from += 8
        to += 8
      }
      for (let column = 0; column < floats; column++) {
        addExactly(to, load<f64>(from))
        store<f64>(to, load<f64>(to, 8) + load<f64>(from, 8), 8)
        from += 16
        to += 16
      }
    }
  }
  return 0
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
