// Zstandard frames, unpacked: of our own encoder, of node:zlib's at all levels where it is there; and frames that are damaged, against fzstd.
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { decompressZstd, unzstdScratchBytes } from '../../src/compute/zstd.ts'
import { createDevice } from '../../src/device/device.ts'
import { packed } from './reference/zstd.ts'

const device = await createDevice()
interface Zlib {
  zstdCompressSync?(bytes: Uint8Array, options: { params: Record<number, number> }): Uint8Array
  constants: Record<string, number>
}
const zlib = process.getBuiltinModule?.('node:zlib') as unknown as Zlib | undefined

function unpack(frame: Uint8Array, outBytes: number): Uint8Array | string {
  const arena = device.arena()
  try {
    const [source, out, scratch] = [arena.allocate(frame.length), arena.allocate(outBytes), arena.allocate(unzstdScratchBytes(device))]
    // What lies behind the input, and where output goes, must not matter.
    device.memory.bytes(source, frame.length + 64).fill(0xa5)
    device.memory.bytes(out, outBytes + 64).fill(0x5a)
    device.memory.write(source, frame)
    return decompressZstd(device, source, frame.length, out, outBytes, scratch) ?? device.memory.bytes(out, outBytes).slice()
  } finally {
    arena.release()
  }
}

function frames(bytes: Uint8Array): Uint8Array[] {
  const arena = device.arena()
  try {
    const own = packed(device, arena, bytes)
    const { zstdCompressSync, constants } = zlib ?? { constants: {} }
    if (!zstdCompressSync) return [own]
    const level = constants['ZSTD_c_compressionLevel']!
    const checksum = constants['ZSTD_c_checksumFlag']!
    return [own, ...[-5, 1, 3, 6, 9, 14, 19].map(at => zstdCompressSync(bytes, { params: { [level]: at, [checksum]: at & 1 } }))]
  } finally {
    arena.release()
  }
}

function sample(chance: ReturnType<typeof random>): Uint8Array {
  const bytes = new Uint8Array(chance.int(chance.int(3) === 0 ? 400_000 : 3_000))
  const alphabet = 1 + chance.int(256)
  const words = Array.from({ length: 1 + chance.int(30) }, () => Uint8Array.from({ length: 1 + chance.int(60) }, () => chance.int(alphabet)))
  const noise = chance.int(4)
  for (let at = 0; at < bytes.length; ) {
    if (chance.int(4) < noise) bytes[at++] = chance.int(alphabet)
    else {
      const word = words[chance.int(words.length)]!
      bytes.set(word.subarray(0, bytes.length - at), at)
      at += word.length
    }
  }
  return bytes
}

describe('zstd frames, unpacked', () => {
  it('hold what was packed', () => {
    const chance = random(3)
    for (let round = 0; round < 150; round++) {
      const bytes = sample(chance)
      for (const frame of frames(bytes)) {
        const got = unpack(frame, bytes.length)
        if (typeof got === 'string') expect(got, `round ${round}`).toBe('unpacked')
        else expect(Buffer.compare(got, bytes), `round ${round}`).toBe(0)
      }
    }
  })

  it('stand one behind the other, and skippable ones between', () => {
    const [a, b] = [new TextEncoder().encode('first '.repeat(100)), new TextEncoder().encode('second '.repeat(300))]
    const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3)
    const all = Buffer.concat([frames(a)[0]!, skippable, frames(b).at(-1)!, skippable])
    expect(new TextDecoder().decode(unpack(all, a.length + b.length) as Uint8Array)).toBe(`${'first '.repeat(100)}${'second '.repeat(300)}`)
    expect(unpack(all, a.length + b.length - 1)).toBe('there is more than promised')
    expect(unpack(all, a.length + b.length + 1)).toMatch(/bytes are promised/)
  })

  it('that are damaged are refused, or what fzstd makes of them; nothing is written beyond', () => {
    const chance = random(9)
    let refused = 0
    for (let round = 0; round < 1500; round++) {
      const bytes = sample(chance).subarray(0, 2_000)
      const all = frames(bytes)
      const frame = all[chance.int(all.length)]!.slice()
      for (let i = chance.int(3); i >= 0 && frame.length > 0; i--) frame[chance.int(frame.length)]! ^= 1 << chance.int(8)
      const got = unpack(chance.int(4) === 0 ? frame.subarray(0, chance.int(frame.length)) : frame, bytes.length)
      if (typeof got === 'string') {
        refused++
        continue
      }
      expect(Buffer.compare(got, decompress(frame, new Uint8Array(bytes.length))), `round ${round}`).toBe(0)
    }
    expect(refused).toBeGreaterThan(500)
  })

  it('with a checksum that differs are refused', () => {
    const bytes = new TextEncoder().encode('a text with a checksum')
    // One raw block of 22 bytes; the low half of XXH64.
    const frame = Buffer.concat([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x24, 22, 177, 0, 0), bytes, Uint8Array.of(0, 0, 0, 0)])
    expect(unpack(frame, 22)).toBe('a checksum differs from that of what came out')
  })
})
