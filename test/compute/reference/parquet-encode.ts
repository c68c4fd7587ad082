// Packing values, dictionaries, hybrid runs and bounds, plainly.
import {
  appendBitRange,
  boundsOf,
  encodeDictionary,
  refillDictionary,
  encodeHybrid,
  hybridBytesMax,
  packBits,
  packValues,
  plainBytes,
  usedCodes,
  writePlain,
} from '../../../src/compute/parquet-encode.ts'
import { cursorBytes, decodeIndices, openHybrid } from '../../../src/compute/parquet.ts'
import { type DataType, binary, float64, int32, int64, layoutOf } from '../../../src/batch/data-type.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { bitmapOf, bitsAt, columnOf, sampleValues, uint32sAt, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { bytesIn } from './parquet-decode.ts'
import { sampleStrings } from './parquet-bytes.ts'

export const packAgreement = agreement({
  stem: 'parquet-encode',
  kernels: ['pack4', 'pack8', 'pack16', 'packBits'],
  sample: (random, length) => ({
    lead: random.int(9),
    at: random.int(9),
    present: Array.from({ length }, () => random.int(3) > 0),
    values: Array.from({ length }, () => random.uint32()),
  }),
  reference({ present, values, at }) {
    const packed = values.filter((_, i) => present[i])
    return { words: [packed, packed, packed], bits: packed.map(v => v % 2 === 1), lead: Array<boolean>(at).fill(false) }
  },
  compute(device, arena, { lead, at, present, values }) {
    const rows = present.length
    const bits = bitmapOf(device, arena, [...Array<boolean>(lead).fill(true), ...present])
    const words = ([1, 2, 4] as const).map((n, k) => {
      const source = bytesIn(device, arena, new Uint8Array(Uint32Array.from(values.flatMap(v => [v, ...Array<number>(n - 1).fill(v)])).buffer))
      const out = arena.allocate(4 * n * rows)
      const count = packValues(device, (['word4', 'word8', 'view'] as const)[k]!, source, bits, lead, rows, out)
      return uint32sAt(device, out, n * count).filter((_, i) => i % n === n - 1)
    })
    const flags = bitmapOf(device, arena, [...Array<boolean>(lead).fill(true), ...values.map(v => v % 2 === 1)])
    const out = arena.allocateZeroed((at + rows) / 8 + 1)
    const count = packBits(device, flags, lead, bits, lead, rows, out, at)
    const packed = bitsAt(device, out, at + count)
    const copied = arena.allocateZeroed((at + rows) / 8 + 1)
    const ones = appendBitRange(device, bits, lead, rows, copied, at)
    return { words, bits: ones === words[0]!.length ? packed.slice(at) : [], lead: packed.slice(0, at) }
  },
})

function encode(
  device: Device,
  arena: Arena,
  layout: 'word4' | 'word8' | 'view',
  values: number,
  count: number,
  countMax: number,
  heapBytes: number,
): number[] | 'full' {
  const heapUsed = arena.allocateZeroed(4)
  const place = {
    layout,
    table: arena.allocateZeroed(4 * 8192),
    tableSlots: 4096,
    values: arena.allocate(16 * countMax),
    countMax,
    heap: arena.allocate(heapBytes),
    heapUsed,
    heapBytes,
  }
  const codes = arena.allocate(4 * count)
  const half = count >> 1
  const width = { word4: 4, word8: 8, view: 16 }[layout]
  const first = encodeDictionary(device, place, values, half, 0, codes)
  if (first < 0) return 'full'
  const wider = { ...place, tableSlots: 8192 }
  refillDictionary(device, wider, first)
  const known = encodeDictionary(device, wider, values + width * half, count - half, first, codes + 4 * half)
  return known < 0 ? 'full' : [known, ...uint32sAt(device, codes, count)]
}

export const dictionaryAgreement = agreement({
  stem: 'parquet-encode',
  kernels: ['encodeDictionary4', 'encodeDictionary8', 'encodeDictionary16', 'refillDictionary'],
  sample: (random, length, shape) => ({
    values: sampleValues(random, int64, length, shape === 'nulls' || shape === 'allNull' ? 'few' : shape) as bigint[],
    strings: sampleStrings(random, length, shape),
    most: shape === 'full' ? 300 : 2000,
  }),
  reference({ values, strings, most }) {
    const codesOf = (items: readonly unknown[]) => {
      const known = new Map<unknown, number>()
      const codes = items.map(item => {
        if (!known.has(item)) known.set(item, known.size)
        return known.get(item)!
      })
      return known.size > most ? 'full' : [known.size, ...codes]
    }
    return [codesOf(values.map(v => BigInt.asIntN(32, v))), codesOf(values), codesOf(strings)]
  },
  compute(device, arena, { values, strings, most }) {
    const words = bytesIn(device, arena, new Uint8Array(Int32Array.from(values.map(v => Number(BigInt.asIntN(32, v)))).buffer))
    const longs = columnOf(device, arena, int64, values).values
    const views = columnOf(
      device,
      arena,
      binary,
      strings.map(s => Uint8Array.from(s, c => c.charCodeAt(0))),
    ).values
    return [
      encode(device, arena, 'word4', words, values.length, most, 64),
      encode(device, arena, 'word8', longs, values.length, most, 64),
      encode(device, arena, 'view', views, strings.length, most, 1 << 20),
    ]
  },
})

export const hybridAgreement = agreement({
  stem: 'parquet-encode',
  kernels: ['encodeHybridU32', 'hybridBytesMax'],
  sample(random, length, shape) {
    const width = random.int(33)
    let value = 0
    const numbers = Array.from({ length }, () => {
      if (random.int(shape === 'few' ? 20 : shape === 'extreme' ? 9 : 2) === 0) value = random.uint32() % 2 ** width
      return value
    })
    return { width, numbers }
  },
  reference: ({ numbers }) => ({ numbers, fits: true }),
  compute(device, arena, { width, numbers }) {
    const codes = bytesIn(device, arena, new Uint8Array(Uint32Array.from(numbers).buffer))
    const max = hybridBytesMax(device, numbers.length, width)
    const packed = arena.allocate(max)
    const bytes = encodeHybrid(device, codes, numbers.length, width, packed)
    const cursor = arena.allocate(cursorBytes)
    openHybrid(device, cursor, packed, packed + bytes, width)
    const out = arena.allocate(4 * numbers.length)
    return { numbers: decodeIndices(device, cursor, numbers.length, out) ? uint32sAt(device, out, numbers.length) : [], fits: bytes <= max }
  },
})

export const plainAgreement = agreement({
  stem: 'parquet-encode',
  kernels: ['plainBytes', 'viewsToPlain'],
  sample: (random, length, shape) => sampleStrings(random, length, shape),
  reference: strings => strings.flatMap(s => [s.length & 255, s.length >> 8, 0, 0, ...[...s].map(c => c.charCodeAt(0))]),
  compute(device, arena, strings) {
    const { values } = columnOf(
      device,
      arena,
      binary,
      strings.map(s => Uint8Array.from(s, c => c.charCodeAt(0))),
    )
    const bytes = plainBytes(device, values, strings.length)
    const out = arena.allocate(bytes)
    writePlain(device, values, strings.length, out)
    return [...device.memory.bytes(out, bytes)]
  },
})

export const boundsAgreement = agreement({
  stem: 'parquet-encode',
  kernels: ['boundsI32', 'boundsI64', 'boundsF64', 'boundsViews'],
  sample(random, length, shape) {
    const count = Math.max(1, length)
    const of = (type: DataType) => sampleValues(random, type, count, shape === 'nulls' || shape === 'allNull' ? 'full' : shape)
    return { ints: of(int32) as number[], longs: of(int64) as bigint[], floats: of(float64) as number[], strings: sampleStrings(random, count, shape) }
  },
  reference({ ints, longs, floats, strings }) {
    const ends = <T>(values: readonly T[]) => {
      const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      return [sorted[0]!, sorted.at(-1)!]
    }
    const [least, most] = ends(floats)
    return {
      ints: ends(ints),
      longs: ends(longs),
      floats: floats.some(Number.isNaN) ? undefined : [least === 0 ? -0 : least, most === 0 ? 0 : most],
      strings: ends(strings),
    }
  },
  compute(device, arena, { ints, longs, floats, strings }): never {
    const scratch = arena.allocate(16)
    const of = (type: DataType, values: readonly unknown[]) => {
      const column = columnOf(device, arena, type, values as never)
      const bounds = boundsOf(device, layoutOf(type), type.kind === 'float64', column.values, values.length, scratch)
      return bounds && [bounds.least, bounds.most]
    }
    const back = (type: DataType, bytes: readonly Uint8Array[] | undefined) =>
      bytes?.map(b => valuesOf(device, { type, length: 1, values: bytesIn(device, arena, b), validity: 0 })[0]!)
    return {
      ints: back(int32, of(int32, ints)),
      longs: back(int64, of(int64, longs)),
      floats: back(float64, of(float64, floats)),
      strings: of(
        binary,
        strings.map(s => Uint8Array.from(s, c => c.charCodeAt(0))),
      )?.map(b => String.fromCharCode(...b)),
    } as never
  },
})

export const usedAgreement = agreement({
  stem: 'parquet-encode',
  kernels: ['usedCodes'],
  sample: (random, length, shape) => Array.from({ length }, () => random.int(shape === 'few' ? 4 : 300)),
  reference: codes => [...new Set(codes), 'clean'],
  compute(device, arena, codes) {
    const marks = arena.allocateZeroed(300)
    const out = arena.allocate(4 * codes.length + 4)
    const used = usedCodes(device, bytesIn(device, arena, new Uint8Array(Uint32Array.from(codes).buffer)), codes.length, marks, out)
    return [...uint32sAt(device, out, used), device.memory.bytes(marks, 300).every(mark => mark === 0) ? 'clean' : 'dirty']
  },
})
