// XXH64 with seed 0, as Zstandard's checksums have it (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).

const prime1: u64 = 0x9e3779b185ebca87
const prime2: u64 = 0xc2b2ae3d27d4eb4f
const prime3: u64 = 0x165667b19e3779f9
const prime4: u64 = 0x85ebca77c2b2ae63
const prime5: u64 = 0x27d4eb2f165667c5

@inline
function round(lane: u64, value: u64): u64 {
  return rotl<u64>(lane + value * prime2, 31) * prime1
}

@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * prime1 + prime4
}

/** The hash of `bytes` bytes. */
export function hash64(at: usize, bytes: i32): u64 {
  const end = at + <usize>bytes
  let hash: u64 = prime5
  if (bytes >= 32) {
    let a: u64 = prime1 + prime2
    let b: u64 = prime2
    let c: u64 = 0
    let d: u64 = 0 - prime1
    for (; at + 32 <= end; at += 32) {
      a = round(a, load<u64>(at))
      b = round(b, load<u64>(at, 8))
      c = round(c, load<u64>(at, 16))
      d = round(d, load<u64>(at, 24))
    }
    hash = merge(merge(merge(merge(rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18), a), b), c), d)
  }
  hash += <u64>bytes
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * prime1 + prime4
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * prime1), 23) * prime2 + prime3
    at += 4
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * prime5), 11) * prime1
  hash = (hash ^ (hash >> 33)) * prime2
  hash = (hash ^ (hash >> 29)) * prime3
  return hash ^ (hash >> 32)
}
