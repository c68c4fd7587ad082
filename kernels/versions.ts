// Versions of keyed rows: which one holds at a time. Groups and rows are u32 numbers, times int64.

// @ts-ignore: decorator
@inline const none: u32 = 0xffff_ffff

/**
 * Walks over left rows and versions, both in order of time: a version becomes the latest of its group, and each left row meets the latest of its group, if that
 * is not more than `within` before it: its number goes to `out`. Versions of equal times count as earlier than the left row. `latest` has a number a group,
 * `known` the time of each version; new versions are numbered from `first`. Returns how many groups had none before.
 */
export function meetVersions(leftTimes: usize, leftGroups: usize, leftRows: i32, times: usize, groups: usize, rows: i32, first: u32, latest: usize, known: usize, within: u64, out: usize): i32 {
  let fresh = 0
  let version = 0
  for (let row = 0; row <= leftRows; row++) {
    const isEnd = row == leftRows
    const time = isEnd ? i64.MAX_VALUE : load<i64>(leftTimes + (<usize>row << 3))
    while (version < rows && load<i64>(times + (<usize>version << 3)) <= time) {
      const at = latest + (<usize>load<u32>(groups + (<usize>version << 2)) << 2)
      fresh += i32(load<u32>(at) == none)
      store<u32>(at, first + <u32>version)
      version++
    }
    if (isEnd) break
    const group = load<u32>(leftGroups + (<usize>row << 2))
    let found = group == none ? none : load<u32>(latest + (<usize>group << 2))
    if (found != none && <u64>(time - load<i64>(known + (<usize>found << 3))) > within) found = none
    store<u32>(out + (<usize>row << 2), found)
  }
  return fresh
}

/** The numbers of the latest versions that are not more than `within` before `time`, by group, to `out`. Returns how many. */
export function latestVersions(latest: usize, groups: i32, known: usize, time: i64, within: u64, out: usize): i32 {
  let count = 0
  for (let group = 0; group < groups; group++) {
    const version = load<u32>(latest + (<usize>group << 2))
    if (version == none) continue
    const since = load<i64>(known + (<usize>version << 3))
    if (since < time && <u64>(time - since) > within) continue
    store<u32>(out + (<usize>count << 2), version)
    count++
  }
  return count
}

/** Sets the bit of each row that has a number, at `bits`, and puts 0 in the place of numbers that are none. Returns how many have one. */
export function splitMet(numbers: usize, rows: i32, bits: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    const at = numbers + (<usize>row << 2)
    if (load<u32>(at) == none) {
      store<u32>(at, 0)
      continue
    }
    const byte = bits + (row >> 3)
    store<u8>(byte, load<u8>(byte) | (<u8>1 << <u8>(row & 7)))
    count++
  }
  return count
}
