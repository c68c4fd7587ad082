// Parquet's hybrid runs, dictionaries, level spreading and split streams, plainly.
import type { Random } from '../../../src/base/random.ts'
import {
  copyStored,
  cursorBytes,
  decodeBits,
  decodeDictionary,
  decodeIndices,
  findNegative,
  gatherDictionary,
  joinStreams,
  openHybrid,
  setBits,
  spreadBits,
  spreadValues,
  widenFloats,
  widenUnsigned,
} from '../../../src/compute/parquet.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { bitmapOf, bitsAt, type Shape, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

/** Bytes in memory, with padding behind. */
export function bytesIn(device: Device, arena: Arena, bytes: ArrayLike<number>): number {
  const address = arena.allocate(bytes.length)
  device.memory.write(address, Uint8Array.from(bytes as ArrayLike<number> & Iterable<number>))
  return address
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}

/** Numbers of `width` bits as hybrid runs: `plan` says how many values each run takes, negative for a repeated one. Numbers are changed to fit. */
export function encodeRuns(numbers: number[], width: number, plan: readonly number[]): number[] {
  const out: number[] = []
  let at = 0
  for (const step of plan) {
    if (at >= numbers.length) break
    if (step < 0) {
      const count = Math.min(-step, numbers.length - at)
      for (let i = 1; i < count; i++) numbers[at + i] = numbers[at]!
      out.push(...varint(count * 2))
      for (let i = 0; i < Math.ceil(width / 8); i++) out.push(Math.floor(numbers[at]! / 256 ** i) & 255)
      at += count
    } else {
      const groups = Math.ceil(Math.min(step, numbers.length - at) / 8)
      const bits = numbers.slice(at, at + groups * 8).flatMap(n => Array.from({ length: width }, (_, bit) => Math.floor(n / 2 ** bit) % 2))
      out.push(...varint(groups * 2 + 1))
      for (let i = 0; i < groups * width; i++) out.push(bits.slice(8 * i, 8 * i + 8).reduce((sum, bit, k) => sum + bit * 2 ** k, 0))
      at += groups * 8
    }
  }
  return out
}

interface Runs {
  numbers: number[]
  width: number
  bytes: number[]
  cuts: number[]
}

function sampleRuns(random: Random, length: number, shape: Shape, widthMax: number): Runs {
  const width = widthMax === 1 ? 1 : random.int(widthMax + 1)
  const numbers = Array.from({ length }, () => (shape === 'few' ? random.int(3) : random.uint32()) % 2 ** width)
  const plan = Array.from({ length: length + 1 }, () =>
    random.int(2) === 0 ? -(1 + random.int(shape === 'extreme' ? 200 : 9)) : 8 * (1 + random.int(shape === 'full' ? 40 : 3)),
  )
  const bytes = encodeRuns(numbers, width, plan)
  return { numbers, width, bytes, cuts: Array.from({ length: 4 }, () => random.int(length + 1)).sort((a, b) => a - b) }
}

export const hybridAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['decodeHybridU32'],
  sample: (random, length, shape) => sampleRuns(random, length, shape, 32),
  reference: ({ numbers }) => numbers,
  compute(device, arena, { numbers, width, bytes, cuts }) {
    const cursor = arena.allocate(cursorBytes)
    const start = bytesIn(device, arena, bytes)
    openHybrid(device, cursor, start, start + bytes.length, width)
    const out = arena.allocate(4 * numbers.length)
    let done = 0
    for (const cut of [...cuts, numbers.length]) {
      if (!decodeIndices(device, cursor, cut - done, out + 4 * done)) return undefined
      done = cut
    }
    return uint32sAt(device, out, numbers.length)
  },
})

export const bitsAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['decodeHybridBits', 'copyBits', 'setBits'],
  sample: (random, length, shape) => ({ runs: sampleRuns(random, length, shape, 1), lead: random.int(20) }),
  reference: ({ runs, lead }) => ({
    bits: [...Array<boolean>(lead).fill(true), ...runs.numbers.map(n => n === 1)],
    ones: runs.numbers.filter(n => n === 1).length,
  }),
  compute(device, arena, { runs, lead }) {
    const { numbers, bytes, cuts } = runs
    const cursor = arena.allocate(cursorBytes)
    const start = bytesIn(device, arena, bytes)
    openHybrid(device, cursor, start, start + bytes.length, 1)
    const bits = arena.allocateZeroed((lead + numbers.length) / 8 + 1)
    setBits(device, bits, 0, lead)
    let done = 0
    let ones = 0
    for (const cut of [...cuts, numbers.length]) {
      ones += decodeBits(device, cursor, cut - done, bits, lead + done)
      done = cut
    }
    return { bits: bitsAt(device, bits, lead + numbers.length), ones }
  },
})

export const dictionaryAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['gatherDictionary4', 'gatherDictionary8', 'gatherDictionary16'],
  sample: (random, length) => ({
    words: Array.from({ length: 4 * 50 }, () => random.uint32()),
    indices: Array.from({ length }, () => random.int(50)),
    wrong: random.int(4) === 0,
  }),
  reference: ({ words, indices, wrong }) => [1, 2, 4].map(n => (wrong && indices.length > 0 ? 'refused' : indices.flatMap(i => words.slice(n * i, n * i + n)))),
  compute(device, arena, { words, indices, wrong }) {
    const at = wrong && indices.length > 0 ? indices.with(indices.length >> 1, 0xffff_fff0) : indices
    const list = bytesIn(device, arena, new Uint8Array(Uint32Array.from(at).buffer))
    const dictionary = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words).buffer))
    return (['word4', 'word8', 'view'] as const).map((layout, k) => {
      const words32 = 2 ** k
      const out = arena.allocate(4 * words32 * indices.length)
      return gatherDictionary(device, layout, list, indices.length, dictionary, 50, out) ? uint32sAt(device, out, words32 * indices.length) : 'refused'
    })
  },
})

/** Indices in runs, in parts, and what they stand for; with an index that is beyond the dictionary, refused. */
export const lookupAgreement = agreement({
  stem: 'parquet-lookup',
  kernels: ['decodeDictionary4', 'decodeDictionary8'],
  sample(random, length, shape) {
    // Few entries that fit a byte are looked up otherwise.
    const isTiny = random.int(2) === 0
    const runs = sampleRuns(random, length, shape, isTiny ? 4 : 16)
    const most = runs.numbers.reduce((a, b) => Math.max(a, b), 0)
    const size = random.int(3) === 0 ? 2 ** runs.width : most + 1
    return { runs, words: Array.from({ length: 2 * size }, () => (isTiny ? random.int(256) : random.uint32())), wrong: random.int(4) === 0 && most > 0 ? most : undefined }
  },
  reference: ({ runs: { numbers }, words, wrong }) => [1, 2].map(n => (wrong !== undefined ? 'beyond' : numbers.flatMap(i => words.slice(n * i, n * i + n)))),
  compute(device, arena, { runs: { numbers, width, bytes, cuts }, words, wrong }) {
    const cursor = arena.allocate(cursorBytes)
    const start = bytesIn(device, arena, bytes)
    const entries = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words).buffer))
    return (['word4', 'word8'] as const).map((layout, k) => {
      openHybrid(device, cursor, start, start + bytes.length, width)
      const out = arena.allocate(4 * (k + 1) * numbers.length)
      let done = 0
      for (const cut of [...cuts, numbers.length]) {
        const found = decodeDictionary(device, layout, cursor, cut - done, entries, wrong ?? words.length / 2, out + 4 * (k + 1) * done)
        if (found) return found
        done = cut
      }
      if (numbers.length > 0) openHybrid(device, cursor, start, start, width)
      const cut = numbers.length === 0 ? 'cut' : decodeDictionary(device, layout, cursor, 1, entries, words.length / 2, arena.allocate(8))
      return cut === 'cut' ? uint32sAt(device, out, (k + 1) * numbers.length) : 'bytes behind the end were read'
    })
  },
})

export const spreadAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['spread4', 'spread8', 'spread16', 'spreadBits'],
  sample: (random, length) => ({
    lead: random.int(9),
    present: Array.from({ length }, () => random.int(3) > 0),
    values: Array.from({ length: length + 1 }, () => 1 + random.int(1_000_000)),
  }),
  reference({ present, values }) {
    let next = 0
    return present.map(bit => (bit ? values[next++]! : 0))
  },
  compute(device, arena, { lead, present, values }) {
    const rows = present.length
    const bits = bitmapOf(device, arena, [...Array<boolean>(lead).fill(false), ...present])
    const results = ([1, 2, 4] as const).map((words, k) => {
      const packed = bytesIn(device, arena, new Uint8Array(Uint32Array.from(values.flatMap(v => [v, ...Array<number>(words - 1).fill(0)])).buffer))
      const out = arena.allocate(4 * words * rows)
      spreadValues(device, (['word4', 'word8', 'view'] as const)[k]!, packed, bits, lead, rows, out)
      return uint32sAt(device, out, words * rows).filter((_, i) => i % words === 0)
    })
    const plainBits = bitmapOf(
      device,
      arena,
      values.map(v => v % 2 === 1),
    )
    const out = arena.allocateZeroed((lead + rows) / 8 + 1)
    spreadBits(device, plainBits, bits, lead, rows, out)
    const spread = bitsAt(device, out, lead + rows).slice(lead)
    // Behind a null only views are zeroed.
    return present.map((bit, i) => {
      const [four, eight, sixteen] = results.map(r => r[i]!)
      if (!bit) return sixteen! + Number(spread[i])
      return four === eight && eight === sixteen && spread[i] === (four! % 2 === 1) ? four : -1
    })
  },
})

export const widenAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['widenF32', 'widenU32', 'findNegative8'],
  sample: (random, length, shape) =>
    Array.from({ length }, () => (shape === 'extreme' ? [0, 0x80000000, 0x7fc00000, 0x7f800000, 0xffffffff, 1][random.int(6)]! : random.uint32())),
  reference(words) {
    const signed = words.map((word, i) => (BigInt(word) << 32n) | BigInt(words[words.length - 1 - i]!))
    return { floats: [...new Float32Array(Uint32Array.from(words).buffer)], longs: words.map(BigInt), negative: signed.findIndex(v => v >> 63n === 1n) }
  },
  compute(device, arena, words) {
    const { memory } = device
    const count = words.length
    const source = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words).buffer))
    const floats = arena.allocate(8 * count)
    const longs = arena.allocate(8 * count)
    widenFloats(device, source, count, floats)
    widenUnsigned(device, source, count, longs)
    const pairs = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words.flatMap((word, i) => [words[count - 1 - i]!, word])).buffer))
    return { floats: [...memory.float64s(floats, count)], longs: [...memory.int64s(longs, count)], negative: findNegative(device, pairs, count) }
  },
})

export const streamsAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['joinStreams'],
  sample: (random, length) => ({ width: 1 + random.int(9), bytes: Array.from({ length: length * 10 }, () => random.int(256)), length }),
  reference: ({ width, bytes, length }) => Array.from({ length: length * width }, (_, i) => bytes[(i % width) * length + Math.floor(i / width)]!),
  compute(device, arena, { width, bytes, length }) {
    const source = bytesIn(device, arena, bytes)
    const out = arena.allocate(length * width)
    const half = length >> 1
    joinStreams(device, source, length, width, 0, half, out)
    joinStreams(device, source, length, width, half, length - half, out + half * width)
    return [...device.memory.bytes(out, length * width)]
  },
})

export const copyAgreement = agreement({
  stem: 'parquet-decode',
  kernels: ['copyStored'],
  sample: (random, length) => ({ bytes: Array.from({ length }, () => random.int(256)), shift: random.int(16) }),
  reference: ({ bytes, shift }) => ({ bytes: bytes.slice(Math.min(shift, bytes.length)), behind: 7 }),
  compute(device, arena, { bytes, shift }) {
    const count = Math.max(0, bytes.length - shift)
    const source = bytesIn(device, arena, bytes)
    const out = arena.allocate(count + 1)
    device.memory.bytes(out + count, 1)[0] = 7
    copyStored(device, source + shift, count, out)
    return { bytes: [...device.memory.bytes(out, count)], behind: device.memory.bytes(out + count, 1)[0]! }
  },
})
