// Frames of what columns hold, and of what lies at the edges of the format, read by fzstd and, where it is there, by node:zlib.
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { packed } from './reference/zstd.ts'

const device = await createDevice()
const native = (process.getBuiltinModule?.('node:zlib') as unknown as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array } | undefined)?.zstdDecompressSync
const chance = random(11)

function pack(bytes: Uint8Array): Uint8Array {
  const arena = device.arena()
  try {
    return packed(device, arena, bytes)
  } finally {
    arena.release()
  }
}

function holds(bytes: Uint8Array): number {
  const frame = pack(bytes)
  expect(Buffer.compare(decompress(frame), bytes), `fzstd, ${bytes.length} bytes`).toBe(0)
  if (native) expect(Buffer.compare(native(frame), bytes), `zlib, ${bytes.length} bytes`).toBe(0)
  return bytes.length / frame.length
}
const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

describe('zstd frames', () => {
  it.each([0, 1, 2, 255, 256, 257, 65_791, 65_792, 131_071, 131_072, 131_073, 262_144, 300_001])('hold %i bytes: at random, of one value, of few, and of what repeats', count => {
    for (const alphabet of [1, 2, 3, 17, 129, 200, 256]) holds(Uint8Array.from({ length: count }, () => chance.int(alphabet)))
    const phrase = Uint8Array.from({ length: 1 + chance.int(40) }, () => chance.int(256))
    holds(Uint8Array.from({ length: count }, (_, i) => phrase[i % phrase.length]!))
  })

  it('hold long repeats over the ends of blocks, and offsets that come again', () => {
    const noise = Uint8Array.from({ length: 70_000 }, () => chance.int(256))
    const all = new Uint8Array(560_000)
    for (let at = 0; at < all.length; at += noise.length) all.set(noise, at)
    expect(holds(all)).toBeGreaterThan(4)
    for (let round = 0; round < 40; round++) {
      const bytes = new Uint8Array(20_000 + chance.int(200_000))
      const offsets = Array.from({ length: 1 + chance.int(6) }, () => 1 + chance.int(5_000))
      for (let at = 0; at < bytes.length; ) {
        const offset = offsets[chance.int(offsets.length)]!
        const length = 1 + chance.int(chance.int(4) === 0 ? 2_000 : 30)
        if (chance.int(3) === 0 || offset > at) for (let i = 0; i < length && at < bytes.length; i++) bytes[at++] = chance.int(1 + chance.int(256))
        else for (let i = 0; i < length && at < bytes.length; i++, at++) bytes[at] = bytes[at - offset]!
      }
      holds(bytes)
    }
  })

  it('hold codes as long as they may be: counts like Fibonacci’s numbers', () => {
    const counts = [1, 1]
    while (counts.length < 22) counts.push(counts.at(-1)! + counts.at(-2)!)
    const bytes = counts.flatMap((count, value) => Array.from({ length: count }, () => value * 11))
    for (let i = bytes.length - 1; i > 0; i--) {
      const j = chance.int(i + 1)
      ;[bytes[i], bytes[j]] = [bytes[j]!, bytes[i]!]
    }
    holds(Uint8Array.from(bytes))
  })

  it('are as small as those of zstd’s first level, more or less', () => {
    const json = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ auction: chance.int(1_000), price: chance.int(1e6), channel: ['Google', 'Apple', 'Baidu'][chance.int(3)], at: 1.7e12 + i * 37 })).join('\n')
    expect(holds(new TextEncoder().encode(json))).toBeGreaterThan(4.5)
    expect(holds(bytesOf(BigInt64Array.from({ length: 60_000 }, (_, i) => 1_700_000_000_000n + BigInt(i * 37 + chance.int(20)))))).toBeGreaterThan(5)
    expect(holds(bytesOf(Float64Array.from({ length: 60_000 }, () => chance.int(10_000) / 100)))).toBeGreaterThan(2.2)
    expect(holds(Uint8Array.from({ length: 400_000 }, () => chance.int(256)))).toBeGreaterThan(0.9999)
  })
})
