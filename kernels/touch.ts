// Entries of many groups lie far apart: where they exceed the nearest caches, those of a block of rows are read before they are worked on, so that their misses overlap.

/** Rows of a block. */
export const blockRows = 128
/** Bytes of entries that the nearest caches hold. */
export const nearBytes: usize = 1 << 18

/** Reads the entries, `1 << shift` bytes each, of rows [start, end). What it gives means nothing, but keeps the reads. */
// @ts-ignore: decorator
@inline export function touchEntries(gids: usize, start: i32, end: i32, state: usize, shift: usize): u32 {
  let seen: u32 = 0
  for (let row = start; row < end; row++) seen ^= load<u32>(state + (<usize>load<u32>(gids + (<usize>row << 2)) << shift))
  return seen
}
