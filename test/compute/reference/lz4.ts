// LZ4 blocks, plainly: a byte-by-byte reader, and ours of files.
import { compressLz4, lz4BytesMax, lz4TableBytes } from '../../../src/compute/lz4.ts'
import { unpackLz4Block } from '../../../src/format/lz4.ts'
import { agreement } from '../agreement.ts'

// What a block stands for; undefined where it is broken, or against the rules for its end.
function plainUnpack(packed: readonly number[]): number[] | undefined {
  const out: number[] = []
  let copied = 0
  for (let at = 0; at < packed.length; ) {
    const token = packed[at++]!
    const length = (first: number) => {
      let sum = first
      for (let byte = 255; (sum === 15 || sum > 15) && byte === 255; sum += byte) byte = packed[at++]!
      return sum
    }
    const literals = length(token >> 4)
    if (at + literals > packed.length) return undefined
    for (let i = 0; i < literals; i++) out.push(packed[at++]!)
    if (at === packed.length) return copied === 0 || (literals >= 5 && out.length - copied >= 12) ? out : undefined
    const distance = packed[at]! + 256 * packed[at + 1]!
    at += 2
    const count = length(token & 15) + 4
    if (distance === 0 || distance > out.length) return undefined
    copied = out.length
    for (let i = 0; i < count; i++) out.push(out[out.length - distance]!)
  }
  return undefined
}

export const lz4Agreement = agreement({
  stem: 'lz4',
  kernels: ['compressLz4', 'lz4BytesMax'],
  sample(random, length, shape) {
    const alphabet = shape === 'full' ? 256 : shape === 'few' ? 3 : shape === 'allNull' ? 1 : 20
    const repeat = length === 1000 && shape === 'nulls' ? 90 : 1
    const some = Array.from({ length }, () => random.int(alphabet))
    return Array.from({ length: repeat }, (_, i) => (i % 3 === 0 ? some : some.map(byte => byte ^ 1))).flat()
  },
  reference: bytes => ({ plain: bytes, ours: bytes, fits: true }),
  compute(device, arena, bytes) {
    const source = arena.allocate(bytes.length)
    device.memory.write(source, Uint8Array.from(bytes))
    const max = lz4BytesMax(device, bytes.length)
    const out = arena.allocate(max)
    const count = compressLz4(device, source, bytes.length, out, arena.allocate(lz4TableBytes))
    const packed = device.memory.bytes(out, count).slice()
    const ours = unpackLz4Block(packed, bytes.length)
    return { plain: plainUnpack([...packed]), ours: typeof ours === 'string' ? ours : [...ours], fits: count <= max }
  },
})
