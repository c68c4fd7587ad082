// Delta encodings and split streams, plainly.
import { deltaBytes, deltaBytesMax, deltaScratchBytes, encodeDelta, splitLengths, splitPrefixes, splitStreams } from '../../../src/compute/parquet-delta.ts'
import { uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { plainDelta, sampleStrings } from './parquet-bytes.ts'
import { bytesIn } from './parquet-decode.ts'

export const deltaEncodeAgreement = agreement({
  stem: 'parquet-delta',
  kernels: ['encodeDelta', 'deltaBytes', 'deltaBytesMax'],
  sample(random, length, shape) {
    const word = () => BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()))
    const some = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 31n - 1n, -(2n ** 31n)]
    const wide = BigInt(random.int(64))
    return Array.from({ length }, (_, i) => (shape === 'extreme' ? some[random.int(6)]! : shape === 'few' ? BigInt(i * 3 + random.int(4)) : shape === 'allNull' ? 7n : word() >> wide))
  },
  reference(values) {
    const [longs, ints] = [plainDelta(values, 64), plainDelta(values.map(v => BigInt.asIntN(32, v)), 32)]
    return { longs, ints, isNear: true, fits: true }
  },
  compute(device, arena, values) {
    const scratch = arena.allocate(deltaScratchBytes)
    const run = (width: 4 | 8, source: ArrayBuffer) => {
      const at = bytesIn(device, arena, new Uint8Array(source))
      const max = deltaBytesMax(device, values.length, width)
      const out = arena.allocate(max)
      const bytes = encodeDelta(device, at, values.length, width, out, scratch)
      return { packed: [...device.memory.bytes(out, bytes)], near: Math.abs(deltaBytes(device, at, values.length, width, scratch) - bytes), fits: bytes <= max }
    }
    const longs = run(8, BigInt64Array.from(values).buffer)
    const ints = run(4, Int32Array.from(values, v => Number(BigInt.asIntN(32, v))).buffer)
    return { longs: longs.packed, ints: ints.packed, isNear: longs.near < 16 && ints.near < 16, fits: longs.fits && ints.fits }
  },
})

const codes = (text: string) => Array.from(text, c => c.charCodeAt(0))

export const splitAgreement = agreement({
  stem: 'parquet-delta',
  kernels: ['splitLengths', 'splitPrefixes'],
  sample(random, length, shape) {
    let before = ''
    const strings = sampleStrings(random, length, shape).map(suffix => (before = before.slice(0, random.int(Math.min(before.length, 30) + 1)) + suffix))
    return { strings, width: 1 + random.int(20) }
  },
  reference({ strings, width }) {
    const apart = (all: readonly string[]) => {
      const prefixes = all.map((text, i) => {
        const before = all[i - 1] ?? ''
        let shared = 0
        while (shared < text.length && text[shared] === before[shared]) shared++
        return shared
      })
      return { prefixes, suffixes: all.map((text, i) => text.length - prefixes[i]!), bytes: all.flatMap((text, i) => codes(text.slice(prefixes[i]!))) }
    }
    const joined = strings.join('')
    const fixed = Array.from({ length: Math.floor(joined.length / width) }, (_, i) => joined.slice(i * width, (i + 1) * width))
    return { lengths: strings.map(s => s.length), bytes: codes(joined), byPrefix: apart(strings), fixed: apart(fixed) }
  },
  compute(device, arena, { strings, width }) {
    const joined = codes(strings.join(''))
    const plain = strings.flatMap(s => [s.length & 255, s.length >> 8, 0, 0, ...codes(s)])
    const source = bytesIn(device, arena, plain)
    const [first, second, out] = [arena.allocate(4 * joined.length + 4 * strings.length), arena.allocate(4 * joined.length + 4 * strings.length), arena.allocate(joined.length)]
    const apart = (at: number, count: number, size: number) => {
      const bytes = splitPrefixes(device, at, count, size, first, second, out)
      return { prefixes: uint32sAt(device, first, count), suffixes: uint32sAt(device, second, count), bytes: [...device.memory.bytes(out, bytes)] }
    }
    const bytes = splitLengths(device, source, strings.length, first, out)
    const lengths = { lengths: uint32sAt(device, first, strings.length), bytes: [...device.memory.bytes(out, bytes)] }
    return { ...lengths, byPrefix: apart(source, strings.length, 0), fixed: apart(bytesIn(device, arena, joined), Math.floor(joined.length / width), width) }
  },
})

export const streamsSplitAgreement = agreement({
  stem: 'parquet-delta',
  kernels: ['splitStreams'],
  sample: (random, length) => ({ width: 1 + random.int(16), bytes: Array.from({ length }, () => random.int(256)) }),
  reference({ width, bytes }) {
    const count = Math.floor(bytes.length / width)
    return Array.from({ length: width }, (_, k) => Array.from({ length: count }, (_, i) => bytes[i * width + k]!)).flat()
  },
  compute(device, arena, { width, bytes }) {
    const count = Math.floor(bytes.length / width)
    const out = arena.allocate(count * width)
    splitStreams(device, bytesIn(device, arena, bytes), count, width, out)
    return [...device.memory.bytes(out, count * width)]
  },
})
