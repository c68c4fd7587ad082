// String views, as every kernel that looks into them needs them: 16 bytes, [length][12 bytes inline] or [length][prefix][0][address].
// Nothing here is exported from the module; the functions are inlined into the families that use them.

/** Where the bytes of the view at `view` begin. */
// @ts-ignore: decorator
@inline export function viewBytes(view: usize): usize {
  return load<u32>(view) <= 12 ? view + 4 : <usize>load<u32>(view, 12)
}

/** True where `count` bytes are the same. Reads up to 15 bytes past them, as the padding behind every chunk allows. */
// @ts-ignore: decorator
@inline export function sameBytes(a: usize, b: usize, count: usize): bool {
  let at: usize = 0
  for (; at + 16 <= count; at += 16) if (!i8x16.all_true(i8x16.eq(v128.load(a + at), v128.load(b + at)))) return false
  const others = ~i8x16.bitmask(i8x16.eq(v128.load(a + at), v128.load(b + at))) & ((1 << <i32>(count - at)) - 1)
  return others == 0
}

/** Below 0, 0 or above 0 as the first of `count` bytes that differs is less or greater. Reads as sameBytes. */
export function orderBytes(a: usize, b: usize, count: usize): i32 {
  for (let at: usize = 0; at < count; at += 16) {
    let others = ~i8x16.bitmask(i8x16.eq(v128.load(a + at), v128.load(b + at))) & 0xffff
    if (count - at < 16) others &= (1 << <i32>(count - at)) - 1
    if (others != 0) {
      const place = at + <usize>ctz(others)
      return <i32>load<u8>(a + place) - <i32>load<u8>(b + place)
    }
  }
  return 0
}

/** Copies `count` bytes by sixteens: reads and writes up to 15 bytes past them, as the padding behind every chunk allows. */
// @ts-ignore: decorator
@inline export function copyPadded(to: usize, from: usize, count: usize): void {
  if (count > 256) memory.copy(to, from, count)
  else for (let at: usize = 0; at < count; at += 16) v128.store(to + at, v128.load(from + at))
}

/** True where two views hold the same bytes. */
// @ts-ignore: decorator
@inline export function viewsEqual(a: usize, b: usize): bool {
  if (load<u64>(a) != load<u64>(b)) return false
  if (load<u32>(a) <= 12) return load<u64>(a, 8) == load<u64>(b, 8)
  return sameBytes(<usize>load<u32>(a, 12), <usize>load<u32>(b, 12), load<u32>(a))
}

/** Below 0, 0 or above 0 as the bytes of `a` come before, with or after those of `b`; a prefix comes first. Bytewise order is code point order. */
// @ts-ignore: decorator
@inline export function orderViews(a: usize, b: usize): i32 {
  const prefixA = bswap<u32>(load<u32>(a, 4))
  const prefixB = bswap<u32>(load<u32>(b, 4))
  if (prefixA != prefixB) return prefixA < prefixB ? -1 : 1
  const bytesA = load<u32>(a)
  const bytesB = load<u32>(b)
  const order = orderBytes(viewBytes(a), viewBytes(b), bytesA < bytesB ? bytesA : bytesB)
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

/** As `storeView`, without a branch on short lengths: reads 16 bytes at `bytes`, so padding must follow them. */
// @ts-ignore: decorator
@inline export function storePaddedView(view: usize, bytes: usize, count: u32): void {
  if (count <= 12) {
    const lanes = i8x16.lt_u(v128.load(laneNumbers), i8x16.splat(<u8>count))
    const kept = v128.and(v128.load(bytes), lanes)
    store<u32>(view, count)
    store<u64>(view, i64x2.extract_lane(kept, 0), 4)
    store<u32>(view, i32x4.extract_lane(kept, 2), 12)
  } else {
    store<u32>(view, count)
    store<u32>(view, load<u32>(bytes), 4)
    store<u32>(view, 0, 8)
    store<u32>(view, <u32>bytes, 12)
  }
}

const laneNumbers: usize = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 16)

// @ts-ignore: decorator
@inline function hashShort(low: u64, high: u64): u64 {
  let hash = (low ^ rotl<u64>(high, 32)) * 0x9e3779b97f4a7c15
  hash ^= hash >> 29
  return (hash ^ high) * 0xbf58476d1ce4e5b9
}

// Eight bytes at a time; the last eight overlap: length > 12 here.
function hashLong(bytes: usize, length: u32): u64 {
  let hash = <u64>length * 0xa0761d6478bd642f
  const last = bytes + <usize>length - 8
  for (; bytes < last; bytes += 8) {
    hash = (hash ^ load<u64>(bytes)) * 0x9e3779b97f4a7c15
    hash ^= hash >> 29
  }
  hash = (hash ^ load<u64>(last)) * 0xc2b2ae3d27d4eb4f
  hash ^= hash >> 32
  return hash * 0x9fb21c651e98df25
}

/** The hash by which tables find the view of the words `low` and `high`: its bytes are in them where it has at most 12, else at the address in the high half of `high`. */
// @ts-ignore: decorator
@inline export function tableHash(low: u64, high: u64): u64 {
  return <u32>low <= 12 ? hashShort(low, high) : hashLong(<usize>(high >> 32), <u32>low)
}

/** True where `length` bytes are the same; more than 12 of them. */
// @ts-ignore: decorator
@inline export function sameLongBytes(a: usize, b: usize, length: u32): bool {
  const last = <usize>length - 8
  for (let i: usize = 0; i < last; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false
  return load<u64>(a + last) == load<u64>(b + last)
}
