// The row that stands for each group: the first, the last, or that of the least or greatest key (see widen.ts), the first of equals. What the row
// holds is kept elsewhere, in a slot; a kernel lists the rows that won, and their groups. Entries of 32 bytes: [key i64, place i64, slot u32,
// any u32, listed + 1 u32, 0].
import { isValid } from './validity'

/**
 * Offers the rows that aren't null. `keys` 0: by place alone, the latest where `latest` is not 0. `flip` is −1 for the greatest key. The place of a row is
 * `first` + its number, or + numbers[row] (u32) where `numbers` is not 0, or places[row] (i64) where `places` is not 0. Returns how many groups were won.
 */
export function pickRows(gids: usize, keys: usize, validity: usize, rows: i32, flip: i32, latest: i32, first: i64, numbers: usize, places: usize, state: usize, wonGids: usize, wonRows: usize): i32 {
  const mask = <i64>flip
  let won = 0
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const gid = load<u32>(gids + (<usize>row << 2))
    const entry = state + (<usize>gid << 5)
    const key = keys == 0 ? 0 : load<i64>(keys + (<usize>row << 3)) ^ mask
    const place = places != 0 ? load<i64>(places + (<usize>row << 3)) : first + (numbers != 0 ? <i64>load<u32>(numbers + (<usize>row << 2)) : <i64>row)
    if (load<u32>(entry, 20) != 0) {
      const held = load<i64>(entry)
      if (key > held) continue
      if (key == held && (latest != 0 ? place <= load<i64>(entry, 8) : place >= load<i64>(entry, 8))) continue
    }
    store<i64>(entry, key)
    store<i64>(entry, place, 8)
    store<u32>(entry, 1, 20)
    let at = load<u32>(entry, 24)
    if (at == 0) {
      store<u32>(wonGids + (<usize>won << 2), gid)
      at = <u32>++won
      store<u32>(entry, at, 24)
    }
    store<u32>(wonRows + (<usize>(at - 1) << 2), row)
  }
  return won
}

/** Tells the listed groups their slots: `slot` and those that follow. */
export function settlePicks(wonGids: usize, won: i32, slot: u32, state: usize): void {
  for (let i = 0; i < won; i++) {
    const entry = state + (<usize>load<u32>(wonGids + (<usize>i << 2)) << 5)
    store<u32>(entry, slot + <u32>i, 16)
    store<u32>(entry, 0, 24)
  }
}

/** The slots of all groups (0 where no row was), their places and keys as they were offered; `keys` 0 leaves these out. */
export function takePicks(state: usize, groups: i32, flip: i32, slots: usize, places: usize, keys: usize): void {
  const mask = <i64>flip
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    store<u32>(slots + (<usize>gid << 2), load<u32>(entry, 16))
    store<i64>(places + (<usize>gid << 3), load<i64>(entry, 8))
    if (keys != 0) store<i64>(keys + (<usize>gid << 3), load<i64>(entry) ^ mask)
  }
}

/** Bit gid of out = whether the group has a row; returns how many have. */
export function maskPicks(state: usize, groups: i32, out: usize): i32 {
  let some = 0
  for (let gid = 0; gid < groups; gid += 8) {
    const count = min(8, groups - gid)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(load<u32>(state + (<usize>(gid + i) << 5), 20) != 0) << i
    store<u8>(out++, <u8>byte)
    some += popcnt<i32>(byte)
  }
  return some
}

/** Gives the groups that have a row the slots 1, 2 …, in order; `slots` gets those that they had, behind slot 0, which stands for none. Returns how many. */
export function repackPicks(state: usize, groups: i32, slots: usize): i32 {
  store<u32>(slots, 0)
  let next = 1
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    if (load<u32>(entry, 20) == 0) continue
    store<u32>(slots + (<usize>next << 2), load<u32>(entry, 16))
    store<u32>(entry, next, 16)
    next++
  }
  return next
}
