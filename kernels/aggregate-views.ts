// Least and greatest strings by group, in byte order. An entry is [view 16 bytes, any u32, changed u32, 8 unused]. A kernel can't allocate, so
// an entry that a long string won points at the batch's bytes until `ownViews` has copied them: the changed entries are listed for it.
import { orderViews } from './views'
import { isValid } from './validity'

function compareViews(a: usize, b: usize): i32 {
  return orderViews(a, b)
}

// @ts-ignore: decorator
@inline function best(greatest: bool, gids: usize, values: usize, validity: usize, rows: i32, state: usize, changed: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const gid = load<u32>(gids + (<usize>row << 2))
    const entry = state + (<usize>gid << 5)
    const view = values + (<usize>row << 4)
    if (load<u32>(entry, 16) != 0) {
      const order = compareViews(view, entry)
      if (greatest ? order <= 0 : order >= 0) continue
    }
    v128.store(entry, v128.load(view))
    store<u32>(entry, 1, 16)
    if (load<u32>(entry, 20) == 0 && load<u32>(view) > 12) {
      store<u32>(entry, 1, 20)
      store<u32>(changed + (<usize>count << 2), gid)
      count++
    }
  }
  return count
}

/** state[gid] = the least view; lists the gids whose bytes must be owned now (at most `rows`) and returns their count. */
export function minViews(gids: usize, values: usize, validity: usize, rows: i32, state: usize, changed: usize): i32 {
  return best(false, gids, values, validity, rows, state, changed)
}

/** As `minViews`, the greatest. */
export function maxViews(gids: usize, values: usize, validity: usize, rows: i32, state: usize, changed: usize): i32 {
  return best(true, gids, values, validity, rows, state, changed)
}

/** The bytes that `ownViews` will copy. */
export function countChangedBytes(state: usize, changed: usize, count: i32): f64 {
  let total: f64 = 0
  for (let i = 0; i < count; i++) {
    const length = load<u32>(state + (<usize>load<u32>(changed + (<usize>i << 2)) << 5))
    if (length > 12) total += <f64>length
  }
  return total
}

/** Copies the bytes of the changed entries to `heap` and points the entries at them. */
export function ownViews(state: usize, changed: usize, count: i32, heap: usize): void {
  for (let i = 0; i < count; i++) {
    const entry = state + (<usize>load<u32>(changed + (<usize>i << 2)) << 5)
    store<u32>(entry, 0, 20)
    const length = load<u32>(entry)
    if (length <= 12) continue
    memory.copy(heap, <usize>load<u32>(entry, 12), length)
    store<u32>(entry, <u32>heap, 12)
    heap += length
  }
}

/** out[gid] = the views, pointing where the entries point. */
export function takeViews(state: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) v128.store(out + (<usize>gid << 4), v128.load(state + (<usize>gid << 5)))
}

/** Moves all long views' bytes, one after the other, to `heap`: what lies between them is left behind. */
export function repackViews(state: usize, groups: i32, heap: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const length = load<u32>(entry)
    if (length <= 12) continue
    memory.copy(heap, <usize>load<u32>(entry, 12), length)
    store<u32>(entry, <u32>heap, 12)
    heap += length
  }
}
