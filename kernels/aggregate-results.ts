// What an aggregation's states become: columns by gid. See aggregate.ts for the entries.

/** Copies `bytes` (a multiple of 16) of the pattern into each entry in [start, end). */
export function fillEntries(state: usize, start: i32, end: i32, bytes: i32, pattern: usize): void {
  const stop = state + <usize>end * bytes
  for (let entry = state + <usize>start * bytes; entry < stop; entry += bytes) memory.copy(entry, pattern, bytes)
}

/** out[gid] = the 64-bit word of each entry; entries are `1 << shift` bytes. */
export function takeWords(state: usize, groups: i32, shift: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) store<u64>(out + (<usize>gid << 3), load<u64>(state + (<usize>gid << shift)))
}

/** As `takeWords`, from ordered bits to float64. */
export function takeOrderedF64(state: usize, groups: i32, shift: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const bits = load<i64>(state + (<usize>gid << shift))
    store<i64>(out + (<usize>gid << 3), bits ^ ((bits >> 63) & i64.MAX_VALUE))
  }
}

/** Bit gid of out = whether the 64-bit word of the entry isn't 0; returns how many are. */
export function maskWords(state: usize, groups: i32, shift: i32, out: usize): i32 {
  let total = 0
  for (let gid = 0; gid < groups; gid += 8) {
    const count = min(8, groups - gid)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(load<u64>(state + (<usize>(gid + i) << shift)) != 0) << i
    store<u8>(out++, <u8>byte)
    total += popcnt<i32>(byte)
  }
  return total
}

/** out[gid] = sum / count as float64, both i64 words; 0 / 0 gives NaN (the validity says null). */
export function meansI64(sums: usize, sumShift: i32, counts: usize, countShift: i32, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    store<f64>(out + (<usize>gid << 3), <f64>load<i64>(sums + (<usize>gid << sumShift)) / <f64>load<i64>(counts + (<usize>gid << countShift)))
  }
}

/** out[gid] = the int64 sum of [low, high, count, 0] entries. Returns the first gid whose sum doesn't fit, or −1. */
export function sumsWide(state: usize, groups: i32, out: usize): i32 {
  let overflow = -1
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const low = load<i64>(entry)
    const high = load<i64>(entry, 8) + (low >> 32)
    if (<i64>(<i32>high) != high && overflow < 0) overflow = gid
    store<i64>(out + (<usize>gid << 3), (high << 32) | (low & 0xffffffff))
  }
  return overflow
}

/** out[gid] = the mean of [low, high, count, 0] entries, rounded once before the division. */
export function meansWide(state: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const low = load<i64>(entry)
    const high = load<i64>(entry, 8) + (low >> 32)
    store<f64>(out + (<usize>gid << 3), (<f64>high * 4294967296.0 + <f64>(low & 0xffffffff)) / <f64>load<i64>(entry, 16))
  }
}
