// String views, as every kernel that looks into them needs them: 16 bytes, [length][12 bytes inline] or [length][prefix][0][address].
// Nothing here is exported from the module; the functions are inlined into the families that use them.

/** Where the bytes of the view at `view` begin. */
// @ts-ignore: decorator
@inline export function viewBytes(view: usize): usize {
  return load<u32>(view) <= 12 ? view + 4 : <usize>load<u32>(view, 12)
}

/** True where two views hold the same bytes. */
// @ts-ignore: decorator
@inline export function viewsEqual(a: usize, b: usize): bool {
  if (load<u64>(a) != load<u64>(b)) return false
  if (load<u32>(a) <= 12) return load<u64>(a, 8) == load<u64>(b, 8)
  return memory.compare(<usize>load<u32>(a, 12), <usize>load<u32>(b, 12), load<u32>(a)) == 0
}

/** Below 0, 0 or above 0 as the bytes of `a` come before, with or after those of `b`; a prefix comes first. Bytewise order is code point order. */
// @ts-ignore: decorator
@inline export function orderViews(a: usize, b: usize): i32 {
  const prefixA = bswap<u32>(load<u32>(a, 4))
  const prefixB = bswap<u32>(load<u32>(b, 4))
  if (prefixA != prefixB) return prefixA < prefixB ? -1 : 1
  const bytesA = load<u32>(a)
  const bytesB = load<u32>(b)
  const order = memory.compare(viewBytes(a), viewBytes(b), bytesA < bytesB ? bytesA : bytesB)
  return order != 0 ? order : bytesA < bytesB ? -1 : i32(bytesA > bytesB)
}

/** Writes the view of `count` bytes that lie at `bytes`. They are copied where they fit inline. Reads only those bytes. */
// @ts-ignore: decorator
@inline export function storeView(view: usize, bytes: usize, count: u32): void {
  store<u64>(view, 0)
  store<u64>(view, 0, 8)
  store<u32>(view, count)
  if (count <= 12) {
    memory.copy(view + 4, bytes, count)
  } else {
    store<u32>(view, load<u32>(bytes), 4)
    store<u32>(view, <u32>bytes, 12)
  }
}
