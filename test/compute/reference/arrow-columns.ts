// Arrow's string layouts, narrow integers and indices, plainly.
import {
  dataOfViews,
  narrowIndices,
  offsetsOfViews,
  viewsOfArrowViews,
  viewsOfOffsets,
  widenIntegers,
  zeroNulls,
} from '../../../src/compute/arrow-columns.ts'
import { binary } from '../../../src/batch/data-type.ts'
import { bitmapOf, columnOf, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { sampleStrings, stringsAt } from './parquet-bytes.ts'
import { bytesIn } from './parquet-decode.ts'

const codes = (text: string) => [...text].map(c => c.charCodeAt(0))
const le = (value: number, bytes: number) => Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 255)

export const arrowStringsAgreement = agreement({
  stem: 'arrow-columns',
  kernels: ['offsetsToViews', 'largeOffsetsToViews', 'arrowViewsToViews', 'fixedToNullableViews', 'zeroNullViews'],
  sample: (random, length, shape) => ({
    strings: sampleStrings(random, length, shape),
    present: Array.from({ length }, () => shape === 'full' || random.int(3) > 0),
    width: 1 + random.int(20),
  }),
  reference({ strings, present, width }) {
    const seen = strings.map((s, i) => (present[i] ? s : ''))
    const fixed = strings.map((_, i) => (present[i] ? String.fromCharCode(...Array.from({ length: width }, (_, k) => (i * 7 + k) & 255)) : ''))
    return { small: seen, large: seen, views: seen, fixed, zeroed: seen, beyond: strings.length === 0 }
  },
  compute(device, arena, { strings, present, width }) {
    const rows = strings.length
    const bits = present.every(Boolean) ? 0 : bitmapOf(device, arena, present)
    const ends = endsOf(strings)
    const data = codes(strings.join(''))
    const at = bytesIn(device, arena, data)
    const out = Array.from({ length: 5 }, () => arena.allocate(16 * rows))
    viewsOfOffsets(
      device,
      false,
      bytesIn(
        device,
        arena,
        ends.flatMap(e => le(e, 4)),
      ),
      rows,
      bits,
      at,
      data.length,
      out[0]!,
    )
    viewsOfOffsets(
      device,
      true,
      bytesIn(
        device,
        arena,
        ends.flatMap(e => le(e, 8)),
      ),
      rows,
      bits,
      at,
      data.length,
      out[1]!,
    )
    // Odd rows lie in a second buffer, whose first byte is not used.
    const wire = strings.flatMap((s, i) => [
      ...le(s.length, 4),
      ...(s.length <= 12 ? [...codes(s), ...Array<number>(12 - s.length).fill(9)] : [...codes(s.slice(0, 4)), ...le(i % 2, 4), ...le(ends[i]! + (i % 2), 4)]),
    ])
    const buffers = [
      { address: at, bytes: data.length },
      { address: bytesIn(device, arena, [0, ...data]), bytes: data.length + 1 },
    ]
    viewsOfArrowViews(device, arena, bytesIn(device, arena, wire), rows, bits, buffers, out[2]!)
    device.kernels.fixedToNullableViews(
      bytesIn(
        device,
        arena,
        Array.from({ length: rows * width }, (_, i) => (Math.floor(i / width) * 7 + (i % width)) & 255),
      ),
      rows,
      width,
      bits,
      out[3]!,
    )
    viewsOfOffsets(
      device,
      false,
      bytesIn(
        device,
        arena,
        ends.flatMap(e => le(e, 4)),
      ),
      rows,
      0,
      at,
      data.length,
      out[4]!,
    )
    if (bits !== 0) zeroNulls(device, 'view', out[4]!, rows, bits)
    const beyond = viewsOfOffsets(
      device,
      false,
      bytesIn(
        device,
        arena,
        ends.flatMap((e, i) => le(i === rows && rows > 0 ? data.length + 1 : e, 4)),
      ),
      rows,
      0,
      at,
      data.length,
      arena.allocate(16 * rows),
    )
    const [small, large, views, fixed, zeroed] = out.map(address => stringsAt(device, address, rows))
    return { small, large, views, fixed, zeroed, beyond } as never
  },
})

export const arrowWriteAgreement = agreement({
  stem: 'arrow-columns',
  kernels: ['viewsToOffsets', 'viewsToData'],
  sample: (random, length, shape) => sampleStrings(random, length, shape),
  reference: strings => ({ ends: endsOf(strings), data: codes(strings.join('')) }),
  compute(device, arena, strings) {
    const { values } = columnOf(
      device,
      arena,
      binary,
      strings.map(s => Uint8Array.from(s, c => c.charCodeAt(0))),
    )
    const offsets = arena.allocate(4 * (strings.length + 1))
    const bytes = offsetsOfViews(device, values, strings.length, offsets)
    const data = arena.allocate(bytes)
    dataOfViews(device, values, strings.length, data)
    return { ends: uint32sAt(device, offsets, strings.length + 1), data: [...device.memory.bytes(data, bytes)] }
  },
})

export const narrowAgreement = agreement({
  stem: 'arrow-columns',
  kernels: ['widenNarrow', 'narrowIndices', 'zeroNullIndices'],
  sample: (random, length) => ({
    words: Array.from({ length: 2 * length }, () => random.uint32()),
    present: Array.from({ length }, () => random.int(2) === 0),
  }),
  reference({ words, present }) {
    const rows = present.length
    const { buffer } = Uint32Array.from(words)
    const longs = [...new BigUint64Array(buffer)].map((v, i) => (i % 2 ? v : v & 0xffn))
    return {
      wide: [new Uint8Array(buffer, 0, rows), new Int8Array(buffer, 0, rows), new Uint16Array(buffer, 0, rows), new Int16Array(buffer, 0, rows)].map(list => [
        ...list,
      ]),
      indices: longs.map(v => (v > 0xffffffffn ? 0xffffffff : Number(v))),
      zeroed: words.slice(0, rows).map((v, i) => (present[i] ? v : 0)),
    }
  },
  compute(device, arena, { words, present }) {
    const rows = present.length
    const source = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words).buffer))
    const wide = (
      [
        [8, false],
        [8, true],
        [16, false],
        [16, true],
      ] as const
    ).map(([bits, signed]) => {
      const out = arena.allocate(4 * rows)
      widenIntegers(device, source, rows, bits, signed, out)
      return [...device.memory.int32s(out, rows)]
    })
    const longs = bytesIn(
      device,
      arena,
      new Uint8Array(Uint32Array.from(words.flatMap((v, i) => (Math.floor(i / 2) % 2 ? [v] : [i % 2 ? 0 : v & 255]))).buffer),
    )
    const indices = arena.allocate(4 * rows)
    narrowIndices(device, longs, rows, indices)
    const zeroed = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words.slice(0, rows)).buffer))
    zeroNulls(device, 'word4', zeroed, rows, bitmapOf(device, arena, present))
    return { wide, indices: uint32sAt(device, indices, rows), zeroed: uint32sAt(device, zeroed, rows) }
  },
})

function endsOf(strings: readonly string[]): number[] {
  const ends = [0]
  for (const s of strings) ends.push(ends.at(-1)! + s.length)
  return ends
}
