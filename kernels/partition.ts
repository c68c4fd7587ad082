// Rows to instances: counting and scattering row numbers, stable.

/** Counts the rows of each instance: counts[instances[hash >> 25]]++, `instances` being 128 bytes. The caller zeroes the u32 counts. */
export function countInstances(hashes: usize, rows: i32, instances: usize, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = counts + (<usize>load<u8>(instances + (load<u32>(hashes) >> 25)) << 2)
    store<u32>(at, load<u32>(at) + 1)
    hashes += 4
  }
}

/** Writes each row's number to where `nexts[instance]` points (u32 addresses), which moves on: row order is kept within an instance. */
export function scatterRows(hashes: usize, rows: i32, instances: usize, nexts: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = nexts + (<usize>load<u8>(instances + (load<u32>(hashes) >> 25)) << 2)
    const next = <usize>load<u32>(at)
    store<i32>(next, row)
    store<u32>(at, <u32>(next + 4))
    hashes += 4
  }
}
