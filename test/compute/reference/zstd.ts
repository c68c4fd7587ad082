// Zstandard frames, read by the kernel and by another's decoder: what is written must be the bytes again. The other is fzstd's; zstd.test.ts adds node:zlib's.
import { decompress } from 'fzstd'
import { compressZstd, decompressZstd, unzstdScratchBytes, zstdBytesMax, zstdScratchBytes } from '../../../src/compute/zstd.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { agreement } from '../agreement.ts'

/** The frame that the kernel makes of bytes. */
export function packed(device: Device, arena: Arena, bytes: Uint8Array): Uint8Array {
  const source = arena.allocate(bytes.length)
  device.memory.write(source, bytes)
  const out = arena.allocate(zstdBytesMax(device, bytes.length))
  const count = compressZstd(device, source, bytes.length, out, arena.allocate(zstdScratchBytes(device)))
  return device.memory.bytes(out, count).slice()
}

function unpacked(device: Device, arena: Arena, frame: Uint8Array, outBytes: number): number[] | string {
  const [source, out] = [arena.allocate(frame.length), arena.allocate(outBytes)]
  device.memory.write(source, frame)
  return decompressZstd(device, source, frame.length, out, outBytes, arena.allocate(unzstdScratchBytes(device))) ?? [...device.memory.bytes(out, outBytes)]
}

export const packAgreement = agreement({
  stem: 'zstd',
  kernels: ['compressZstd', 'decompressZstd', 'unzstdScratchBytes', 'zstdBytesMax', 'zstdScratchBytes'],
  sample(random, length, shape) {
    const alphabet = shape === 'full' ? 256 : shape === 'few' ? 3 : shape === 'allNull' ? 1 : 20
    const repeat = length === 1000 && shape === 'nulls' ? 140 : 1
    // Rare values beside common ones make codes of every length.
    const some = Array.from({ length }, () => random.int(1 + random.int(alphabet)))
    return Array.from({ length: repeat }, (_, i) => (i % 3 === 0 ? some : some.map((byte, at) => (at % 50 === i % 50 ? byte ^ 1 : byte)))).flat()
  },
  reference: bytes => ({ bytes, own: bytes, fits: true }),
  compute(device, arena, bytes) {
    const frame = packed(device, arena, Uint8Array.from(bytes))
    return { bytes: [...decompress(frame)], own: unpacked(device, arena, frame, bytes.length), fits: frame.length <= bytes.length + 3 * (1 + bytes.length / 131_072) + 9 + 3 }
  },
})
