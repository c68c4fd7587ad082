// Parquet's byte arrays and delta encodings, plainly.
import {
  decodeDelta,
  deltaCount,
  openPosition,
  positionBytes,
  positionOf,
  viewsOfFixed,
  viewsOfLengths,
  viewsOfPlain,
  viewsOfPrefixes,
} from '../../../src/compute/parquet.ts'
import type { Random } from '../../../src/base/random.ts'
import type { Device } from '../../../src/device/device.ts'
import { viewBytes } from '../../../src/batch/read-values.ts'
import { type Shape, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { bytesIn } from './parquet-decode.ts'

/** The byte strings behind views, after checking that short ones are zero-filled. */
export function stringsAt(device: Device, views: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = viewBytes(device.memory, views + 16 * i)
    const inline = device.memory.bytes(views + 16 * i + 4, 12)
    const clean = bytes.length > 12 ? inline.subarray(0, 4).every((b, k) => b === bytes[k]) : inline.subarray(bytes.length).every(b => b === 0)
    return clean ? String.fromCharCode(...bytes) : 'dirty'
  })
}

/** Byte strings of all lengths around the inline limit. */
export function sampleStrings(random: Random, length: number, shape: Shape): string[] {
  return Array.from({ length }, () => {
    const size = shape === 'few' ? random.int(3) : shape === 'extreme' ? 11 + random.int(4) : random.int(random.int(5) === 0 ? 90 : 14)
    return Array.from({ length: size }, () => String.fromCharCode(random.int(shape === 'few' ? 3 : 256))).join('')
  })
}

const codes = (text: string) => [...text].map(c => c.charCodeAt(0))
const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]

export const plainViewsAgreement = agreement({
  stem: 'parquet-bytes',
  kernels: ['plainToViews', 'fixedToViews', 'lengthsToViews'],
  sample: (random, length, shape) => ({ strings: sampleStrings(random, length, shape), width: 1 + random.int(30) }),
  reference({ strings, width }) {
    const joined = strings.join('')
    const fixed = Array.from({ length: Math.floor(joined.length / width) }, (_, i) => joined.slice(i * width, i * width + width))
    return { plain: strings, lengths: strings, fixed, cut: strings.length > 0 ? 'refused' : 'taken' }
  },
  compute(device, arena, { strings, width }) {
    const count = strings.length
    const position = arena.allocate(positionBytes)
    const plain = strings.flatMap(s => [...u32(s.length), ...codes(s)])
    const source = bytesIn(device, arena, plain)
    const out = arena.allocate(16 * count)
    const half = count >> 1
    openPosition(device, position, source, source + plain.length)
    viewsOfPlain(device, position, half, out)
    viewsOfPlain(device, position, count - half, out + 16 * half)
    const cutOut = arena.allocate(16 * count)
    openPosition(device, position, source, source + plain.length - 1)
    const cut = viewsOfPlain(device, position, count, cutOut) ? 'taken' : 'refused'
    const data = codes(strings.join(''))
    const bytes = bytesIn(device, arena, data)
    const lengths = bytesIn(
      device,
      arena,
      strings.flatMap(s => u32(s.length)),
    )
    const byLengths = arena.allocate(16 * count)
    openPosition(device, position, bytes, bytes + data.length)
    viewsOfLengths(device, lengths, count, position, byLengths)
    const fixedCount = Math.floor(data.length / width)
    const fixed = arena.allocate(16 * fixedCount)
    viewsOfFixed(device, bytes, fixedCount, width, fixed)
    return { plain: stringsAt(device, out, count), lengths: stringsAt(device, byLengths, count), fixed: stringsAt(device, fixed, fixedCount), cut }
  },
})

export const prefixAgreement = agreement({
  stem: 'parquet-bytes',
  kernels: ['joinedBytes', 'joinPrefixes'],
  sample(random, length, shape) {
    let before = ''
    return sampleStrings(random, length, shape).map(suffix => {
      const prefix = random.int(Math.min(before.length, 30) + 1)
      before = before.slice(0, prefix) + suffix
      return { prefix, suffix, whole: before }
    })
  },
  reference: parts => parts.map(p => p.whole),
  compute(device, arena, parts) {
    const data = parts.flatMap(p => codes(p.suffix))
    const source = bytesIn(device, arena, data)
    const position = arena.allocate(positionBytes)
    openPosition(device, position, source, source + data.length)
    const out = arena.allocate(16 * parts.length)
    const prefixes = bytesIn(
      device,
      arena,
      parts.flatMap(p => u32(p.prefix)),
    )
    const suffixes = bytesIn(
      device,
      arena,
      parts.flatMap(p => u32(p.suffix.length)),
    )
    return viewsOfPrefixes(device, arena, prefixes, suffixes, parts.length, position, 1e9, out) ? stringsAt(device, out, parts.length) : []
  },
})

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)]
}

/** DELTA_BINARY_PACKED with blocks of 128 in 4 miniblocks, in wrapping arithmetic of so many bits. */
export function plainDelta(values: readonly bigint[], bits: 32 | 64): number[] {
  const zigzag = (v: bigint) => BigInt.asUintN(64, (v << 1n) ^ (v >> 63n))
  const out = [...varint(128n), ...varint(4n), ...varint(BigInt(values.length)), ...varint(zigzag(values[0] ?? 0n))]
  const deltas = values.slice(1).map((v, i) => BigInt.asIntN(bits, v - values[i]!))
  for (let at = 0; at < deltas.length; at += 128) {
    const block = deltas.slice(at, at + 128)
    const least = block.reduce((a, b) => (b < a ? b : a))
    const rest = block.map(d => BigInt.asUintN(64, d - least))
    const minis = [0, 32, 64, 96].map(start => rest.slice(start, start + 32))
    const widths = minis.map(mini => mini.reduce((most, v) => Math.max(most, v.toString(2).length * Number(v > 0n)), 0))
    out.push(...varint(zigzag(least)), ...widths)
    minis.forEach((mini, m) => {
      if (mini.length === 0) return
      const joined = Array.from({ length: 32 }, (_, i) => mini[i] ?? 0n).reduce((sum, v, i) => sum | (v << BigInt(i * widths[m]!)), 0n)
      for (let i = 0; i < 4 * widths[m]!; i++) out.push(Number((joined >> BigInt(8 * i)) & 255n))
    })
  }
  return out
}

export const deltaAgreement = agreement({
  stem: 'parquet-bytes',
  kernels: ['deltaCount', 'decodeDelta'],
  sample(random, length, shape) {
    const word = () => BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()))
    const some = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 1n]
    const values = Array.from({ length }, (_, i) => (shape === 'extreme' ? some[random.int(5)]! : shape === 'few' ? BigInt(i * 3 + random.int(4)) : word()))
    return { values, tail: random.int(5) }
  },
  reference: ({ values, tail }) => ({ longs: values, ints: values.map(v => BigInt.asIntN(32, v)), count: values.length, left: tail }),
  compute(device, arena, { values, tail }) {
    const bytes = [...plainDelta(values, 64), ...Array<number>(tail).fill(7)]
    const source = bytesIn(device, arena, bytes)
    const position = arena.allocate(positionBytes)
    const run = (width: 4 | 8) => {
      openPosition(device, position, source, source + bytes.length)
      const out = arena.allocate(width * values.length)
      decodeDelta(device, position, width, values.length, out)
      return out
    }
    const longs = [...device.memory.int64s(run(8), values.length)]
    const left = source + bytes.length - positionOf(device, position)
    const ints = uint32sAt(device, run(4), values.length).map(v => BigInt(v | 0))
    openPosition(device, position, source, source + bytes.length)
    return { longs, ints, count: deltaCount(device, position), left }
  },
})
