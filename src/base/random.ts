// Seeded chance: the same seed gives the same numbers on every machine. Method: xoshiro128** (Blackman and Vigna), seeded by splitmix32.

/** A stream of chance; `fork` gives an independent one that is a function of this seed and `label` alone. */
export interface Random {
  /** A whole number in [0, 2^32). */
  uint32(): number
  /** In [0, 1), 53 bits. */
  float(): number
  /** A whole number in [0, below). `below` ≥ 1. */
  int(below: number): number
  fork(label: number): Random
}

/** Seeded chance; not for secrets. */
export function random(seed: number): Random {
  let mix = seed >>> 0
  const split = () => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  let a = split()
  let b = split()
  let c = split()
  let d = split()
  const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k))
  const uint32 = () => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotl(d, 11)
    return result
  }
  const float = () => (uint32() * 2 ** 21 + (uint32() >>> 11)) / 2 ** 53
  return { uint32, float, int: below => Math.floor(float() * below), fork: label => random((seed ^ Math.imul(label + 1, 0x9e3779b1)) >>> 0) }
}
