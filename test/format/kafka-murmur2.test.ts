import { describe, expect, it } from 'vitest'
import { murmur2, partitionOfKey } from '../../src/format/kafka/murmur2.ts'

// The values that Kafka's own tests hold for the same keys.
const known: Record<string, number> = {
  21: -973932308,
  abc: 479470107,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
}

describe('the hash of keys', () => {
  it.each(Object.entries(known))('of %s is Kafka’s', (text, hash) => {
    const bytes = new TextEncoder().encode(`..${text}..`)
    expect(murmur2(bytes, 2, text.length)).toBe(hash)
  })

  it('gives a partition for every hash, the sign left out', () => {
    const bytes = new TextEncoder().encode('foobar')
    expect(partitionOfKey(bytes, 0, 6, 7)).toBe((-790332482 & 0x7fffffff) % 7)
    expect(partitionOfKey(bytes, 0, 0, 3)).toBeGreaterThanOrEqual(0)
  })
})
