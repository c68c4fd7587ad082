import { expect, test } from 'vitest'
import { crc32c } from '../../src/base/crc32c.ts'

const text = (s: string) => new TextEncoder().encode(s)

test('gives the check value of the polynomial and the vectors of RFC 3720', () => {
  expect(crc32c(text('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(crc32c(new Uint8Array(0))).toBe(0)
})

test('continues from an earlier checksum at any cut', () => {
  const bytes = Uint8Array.from({ length: 61 }, (_, i) => (i * 37) & 255)
  for (let cut = 0; cut <= bytes.length; cut++) expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes))
})
