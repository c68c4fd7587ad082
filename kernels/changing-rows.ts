// Stored rows that may be taken back, and how many rows of the other side each meets. Pairs are two lists of row numbers; what is kept of them stays in order.

// @ts-ignore: decorator
@inline function pair(left: usize, right: usize, from: i32, to: usize): void {
  store<u32>(left + to, load<u32>(left + (<usize>from << 2)))
  store<u32>(right + to, load<u32>(right + (<usize>from << 2)))
}

/** Keeps the pairs whose stored row `right` is alive (a byte each); returns how many. */
export function keepAlive(left: usize, right: usize, count: i32, alive: usize): i32 {
  let kept: usize = 0
  for (let i = 0; i < count; i++) {
    const isAlive = load<u8>(alive + <usize>load<u32>(right + (<usize>i << 2)))
    pair(left, right, i, kept)
    kept += <usize>isAlive << 2
  }
  return <i32>(kept >> 2)
}

/** Keeps the pairs of equal hashes; returns how many. */
export function keepEqualHashes(left: usize, right: usize, count: i32, leftHashes: usize, rightHashes: usize): i32 {
  let kept: usize = 0
  for (let i = 0; i < count; i++) {
    const a = load<u32>(leftHashes + (<usize>load<u32>(left + (<usize>i << 2)) << 2))
    const b = load<u32>(rightHashes + (<usize>load<u32>(right + (<usize>i << 2)) << 2))
    pair(left, right, i, kept)
    kept += <usize>(a == b) << 2
  }
  return <i32>(kept >> 2)
}

/**
 * Of pairs of equal rows each row `left` takes the first stored row that is alive still, which it is no more. `taken` is a byte a row; the degree of what it took goes to
 * `ofTaken`, an i32 a row. Returns how many were taken.
 */
export function takeAlive(left: usize, right: usize, count: i32, taken: usize, alive: usize, degrees: usize, ofTaken: usize): i32 {
  let found = 0
  for (let i = 0; i < count; i++) {
    const row = <usize>load<u32>(left + (<usize>i << 2))
    const id = <usize>load<u32>(right + (<usize>i << 2))
    if (load<u8>(taken + row) != 0 || load<u8>(alive + id) == 0) continue
    store<u8>(taken + row, 1)
    store<u8>(alive + id, 0)
    store<i32>(ofTaken + (row << 2), load<i32>(degrees + (id << 2)))
    found++
  }
  return found
}

/** counts[id] += by for each of the ids; those that were 0 before (`by` 1) or are 0 now (`by` −1) go to `turned`, in order. Returns how many. */
export function addDegrees(ids: usize, count: i32, counts: usize, by: i32, turned: usize): i32 {
  let found = 0
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    const at = counts + (<usize>id << 2)
    const before = load<i32>(at)
    store<i32>(at, before + by)
    store<u32>(turned + (<usize>found << 2), id)
    found += i32(min(before, before + by) == 0)
  }
  return found
}
