// Snappy, plainly: a writer of random element sequences, and a byte-by-byte reader.
import type { Random } from '../../../src/base/random.ts'
import { compressSnappy, decompressSnappy, snappyBytesMax, snappyTableBytes } from '../../../src/compute/snappy.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { agreement } from '../agreement.ts'

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}

/** What the bytes of a raw snappy block stand for, one byte at a time; undefined where they are broken. */
export function plainUnpack(packed: readonly number[]): number[] | undefined {
  let at = 0
  let size = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = packed[at++]
    if (byte === undefined) return undefined
    size += (byte & 127) * scale
    if (byte < 128) break
  }
  const out: number[] = []
  while (at < packed.length) {
    const tag = packed[at++]!
    const kind = tag & 3
    const little = (count: number) => Array.from({ length: count }, () => packed[at++]!).reduce((sum, byte, i) => sum + byte * 256 ** i, 0)
    if (kind === 0) {
      const code = tag >> 2
      const length = code < 60 ? code + 1 : little(code - 59) + 1
      if (at + length > packed.length) return undefined
      for (let i = 0; i < length; i++) out.push(packed[at++]!)
    } else {
      const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
      const offset = kind === 1 ? (tag >> 5) * 256 + little(1) : little(kind === 2 ? 2 : 4)
      if (offset === 0 || offset > out.length) return undefined
      for (let i = 0; i < length; i++) out.push(out[out.length - offset]!)
    }
  }
  return out.length === size ? out : undefined
}

// Elements of every kind and length, at random.
function randomBlock(random: Random, elements: number): number[] {
  const body: number[] = []
  let size = 0
  for (let i = 0; i < elements; i++) {
    const kind = size === 0 ? 0 : random.int(4)
    if (kind === 0) {
      const length = random.int(8) === 0 ? 1 + random.int(300) : 1 + random.int(70)
      const code = length - 1
      const wide = random.int(4) === 0
      body.push(
        ...(code < 60 && !wide
          ? [code << 2]
          : code < 256 && !wide
            ? [60 << 2, code]
            : wide
              ? [62 << 2, code & 255, code >> 8, 0]
              : [61 << 2, code & 255, code >> 8]),
      )
      for (let b = 0; b < length; b++) body.push(random.int(256))
      size += length
    } else {
      const near = random.int(2) === 0 ? 1 + random.int(Math.min(size, 20)) : 1 + random.int(size)
      const offset = kind === 1 ? Math.min(near, 2047) : near
      const length = kind === 1 ? 4 + random.int(8) : 1 + random.int(64)
      if (kind === 1) body.push(((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 255)
      else if (kind === 2 && offset < 65_536) body.push(((length - 1) << 2) | 2, offset & 255, offset >> 8)
      else body.push(((length - 1) << 2) | 3, offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, 0)
      size += length
    }
  }
  return [...varint(size), ...body]
}

function unpack(device: Device, arena: Arena, packed: readonly number[], size: number): number[] | undefined {
  const source = arena.allocate(packed.length)
  device.memory.write(source, Uint8Array.from(packed))
  const out = arena.allocate(size)
  return decompressSnappy(device, source, packed.length, out, size) === undefined ? [...device.memory.bytes(out, size)] : undefined
}

export const unpackAgreement = agreement({
  stem: 'snappy',
  kernels: ['decompressSnappy'],
  sample: (random, length) => randomBlock(random, length),
  reference: packed => plainUnpack(packed),
  compute: (device, arena, packed) => unpack(device, arena, packed, plainUnpack(packed)!.length),
})

export const packAgreement = agreement({
  stem: 'snappy',
  kernels: ['compressSnappy', 'snappyBytesMax'],
  sample(random, length, shape) {
    const alphabet = shape === 'full' ? 256 : shape === 'few' ? 3 : shape === 'allNull' ? 1 : 20
    const repeat = length === 1000 && shape === 'nulls' ? 80 : 1
    const some = Array.from({ length }, () => random.int(alphabet))
    return Array.from({ length: repeat }, (_, i) => (i % 3 === 0 ? some : some.map(byte => byte ^ 1))).flat()
  },
  reference: bytes => ({ plain: bytes, kernel: bytes, fits: true }),
  compute(device, arena, bytes) {
    const source = arena.allocate(bytes.length)
    device.memory.write(source, Uint8Array.from(bytes))
    const max = snappyBytesMax(device, bytes.length)
    const out = arena.allocate(max)
    const count = compressSnappy(device, source, bytes.length, out, arena.allocate(snappyTableBytes), bytes[0]! % 2 === 0)
    const packed = [...device.memory.bytes(out, count)]
    return { plain: plainUnpack(packed), kernel: unpack(device, arena, packed, bytes.length), fits: count <= max }
  },
})
