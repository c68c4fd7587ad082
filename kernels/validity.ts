// Validity bitmaps, as every kernel that looks into them row by row needs them. Nothing here is exported from the module; the functions are inlined.

/** True where the row isn't null: there is no bitmap, or its bit is set. */
// @ts-ignore: decorator
@inline export function isValid(validity: usize, row: i32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) != 0
}
