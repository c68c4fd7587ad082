// XXH64 with seed 0 in plain numbers, for a few values at a time (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Kernels have their own for many.
const [prime1, prime2, prime3, prime4, prime5] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n]

const cut = (value: bigint) => BigInt.asUintN(64, value)
const turn = (value: bigint, bits: bigint) => cut(value << bits) | (value >> (64n - bits))
const round = (lane: bigint, word: bigint) => cut(turn(cut(lane + word * prime2), 31n) * prime1)

/** The hash of all bytes, below 2^64. Cost: about 0.2 µs a byte. */
export function xxhash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bytes.byteLength
  let at = 0
  let hash = prime5
  if (count >= 32) {
    let lanes = [cut(prime1 + prime2), prime2, 0n, cut(-prime1)]
    for (; at + 32 <= count; at += 32) lanes = lanes.map((lane, i) => round(lane, view.getBigUint64(at + 8 * i, true)))
    hash = cut(lanes.reduce((sum, lane, i) => sum + turn(lane, [1n, 7n, 12n, 18n][i]!), 0n))
    for (const lane of lanes) hash = cut((hash ^ round(0n, lane)) * prime1 + prime4)
  }
  hash = cut(hash + BigInt(count))
  for (; at + 8 <= count; at += 8) hash = cut(turn(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * prime1 + prime4)
  if (at + 4 <= count) {
    hash = cut(turn(hash ^ cut(BigInt(view.getUint32(at, true)) * prime1), 23n) * prime2 + prime3)
    at += 4
  }
  for (; at < count; at++) hash = cut(turn(hash ^ cut(BigInt(bytes[at]!) * prime5), 11n) * prime1)
  hash = cut((hash ^ (hash >> 33n)) * prime2)
  hash = cut((hash ^ (hash >> 29n)) * prime3)
  return hash ^ (hash >> 32n)
}
