// XXH64 by its published values and those of a file that another writer made.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { xxhash64 } from '../../src/base/xxhash64.ts'

const text = (value: string) => new TextEncoder().encode(value)

describe('xxhash64', () => {
  it.each([
    ['', 0xef46db3751d8e999n],
    ['a', 0xd24ec4f1a98c6e5bn],
    ['abc', 0x44bc2cf5ad770999n],
    ['message digest', 0x066ed728fceeb3ben],
    ['abcdefghijklmnopqrstuvwxyz', 0xcfe1f278fa89835cn],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 0xaaa46907d3047814n],
    ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 0xe04a477f19ee145dn],
  ])('of %o', (value, hash) => {
    expect(xxhash64(text(value))).toBe(hash)
  })

  const path = fileURLToPath(new URL('../../../shared/suites/parquet-testing/data/bloom_filter.xxhash.bin', import.meta.url))

  it.skipIf(!existsSync(path))('finds what another writer put into a Bloom filter of 32 blocks', () => {
    const filter = new DataView(new Uint8Array(readFileSync(path)).buffer)
    const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31]
    const start = filter.byteLength - 1024
    const has = (value: string) => {
      const hash = xxhash64(text(value))
      const block = start + 32 * Number(((hash >> 32n) * 32n) >> 32n)
      return salts.every((salt, i) => (filter.getUint32(block + 4 * i, true) >>> (Math.imul(Number(hash & 0xffffffffn), salt) >>> 27)) & 1)
    }
    expect(['hello', 'parquet', 'bloom', 'filter'].map(has)).toEqual([true, true, true, true])
    expect(Array.from({ length: 100 }, (_, i) => `no such text ${i}`).filter(has)).toEqual([])
  })
})
