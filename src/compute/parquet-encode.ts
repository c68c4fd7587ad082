// Columns into Parquet's encodings: what the writer needs of the kernels. All chunks come from arenas (64 bytes of padding).
import type { Layout } from '../batch/data-type.ts'
import type { Device } from '../device/device.ts'

/** Appends `count` bits from bit `sourceBit` at bit `bit` of a bitmap that is zero from there on. Returns how many are 1. */
export function appendBitRange(device: Device, source: number, sourceBit: number, count: number, bits: number, bit: number): number {
  return device.kernels.copyBits(source, sourceBit, count, bits, bit)
}

/** Packs the values whose validity bit (from `bit` on) is 1; `out` has room for all. Returns how many. Cost: about 1 ns a row. */
export function packValues(device: Device, layout: Layout, values: number, bits: number, bit: number, rows: number, out: number): number {
  const { kernels } = device
  const pack = layout === 'word4' ? kernels.pack4 : layout === 'word8' ? kernels.pack8 : kernels.pack16
  return pack(values, bits, bit, rows, out)
}

/** As `packValues` for bits: from bit `valueBit` on, appended at bit `outBit` of the zeroed `out`. */
export function packBits(device: Device, values: number, valueBit: number, bits: number, bit: number, rows: number, out: number, outBit: number): number {
  return device.kernels.packBits(values, valueBit, bits, bit, rows, out, outBit)
}

/** A dictionary under construction: addresses of its parts, as `encodeDictionary` needs them. */
export interface DictionaryPlace {
  readonly layout: Layout
  /** Room for u32; zeroed at first are the `tableSlots` (a power of two) that are in use. */
  readonly table: number
  readonly tableSlots: number
  readonly values: number
  readonly countMax: number
  /** For views: where their bytes go, and a u32 that counts them. */
  readonly heap: number
  readonly heapUsed: number
  readonly heapBytes: number
}

/** Forgets all values of a dictionary. Cost: its table's bytes. */
export function clearDictionary(device: Device, { table, tableSlots, heapUsed }: DictionaryPlace): void {
  device.memory.zero(table, 4 * tableSlots)
  if (heapUsed !== 0) device.memory.uint32s(heapUsed, 1)[0] = 0
}

/** Finds the `known` values anew, by the table as `place` has it now. Cost: its bytes, and a few ns a value. */
export function refillDictionary(device: Device, { layout, table, tableSlots, values }: DictionaryPlace, known: number): void {
  device.memory.zero(table, 4 * tableSlots)
  device.kernels.refillDictionary(layout === 'word4' ? 4 : layout === 'word8' ? 8 : 16, values, known, table, tableSlots - 1)
}

/** Points `count` views whose bytes were moved from `from` to `to` at their new place. Cost: 1 ns a view. */
export function rebaseViews(device: Device, views: number, count: number, from: number, to: number): void {
  const words = device.memory.uint32s(views, 4 * count)
  for (let word = 0; word < words.length; word += 4) if (words[word]! > 12) words[word + 3]! += to - from
}

/** Codes (u32) of `count` values, adding new ones. Returns the dictionary's size, or −1 where it would be too large. Cost: 2–6 ns a value. */
export function encodeDictionary(device: Device, place: DictionaryPlace, values: number, count: number, known: number, codes: number): number {
  const { kernels } = device
  const { layout, table, tableSlots, values: dictionary, countMax, heap, heapUsed, heapBytes } = place
  if (layout === 'word4') return kernels.encodeDictionary4(values, count, table, tableSlots - 1, dictionary, known, countMax, codes)
  if (layout === 'word8') return kernels.encodeDictionary8(values, count, table, tableSlots - 1, dictionary, known, countMax, codes)
  return kernels.encodeDictionary16(values, count, table, tableSlots - 1, dictionary, known, countMax, codes, heap, heapUsed, heapBytes)
}

/** The most bytes that `encodeHybrid` writes. */
export function hybridBytesMax(device: Device, count: number, bitWidth: number): number {
  return device.kernels.hybridBytesMax(count, bitWidth)
}

/** Numbers below 2^bitWidth as runs and bit-packed groups. Returns the bytes written. Cost: about 1 ns a number. */
export function encodeHybrid(device: Device, codes: number, count: number, bitWidth: number, out: number): number {
  return device.kernels.encodeHybridU32(codes, count, bitWidth, out)
}

/** Bytes that views take as PLAIN byte arrays. */
export function plainBytes(device: Device, views: number, count: number): number {
  return device.kernels.plainBytes(views, count)
}

/** Views as PLAIN byte arrays at `out`. */
export function writePlain(device: Device, views: number, count: number, out: number): void {
  device.kernels.viewsToPlain(views, count, out)
}

/** The `size` bytes of each view at `out`. */
export function writeFixed(device: Device, views: number, count: number, size: number, out: number): void {
  device.kernels.viewsToFixed(views, count, size, out)
}

/** The bounds of `count` > 0 values as their PLAIN bytes; undefined where there are none (all NaN, or any NaN). `scratch` has 16 bytes. */
export function boundsOf(
  device: Device,
  layout: Layout,
  isFloat: boolean,
  values: number,
  count: number,
  scratch: number,
): { least: Uint8Array; most: Uint8Array } | undefined {
  const { kernels, memory } = device
  if (layout === 'view') {
    kernels.boundsViews(values, count, scratch)
    const [least, most] = memory.int32s(scratch, 2)
    return { least: viewCopy(device, values + 16 * least!), most: viewCopy(device, values + 16 * most!) }
  }
  if (layout === 'word4') kernels.boundsI32(values, count, scratch)
  else if (!isFloat) kernels.boundsI64(values, count, scratch)
  else if (kernels.boundsF64(values, count, scratch) > 0) return undefined
  const width = layout === 'word4' ? 4 : 8
  return { least: memory.bytes(scratch, width).slice(), most: memory.bytes(scratch + width, width).slice() }
}

function viewCopy(device: Device, view: number): Uint8Array {
  const length = device.memory.uint32s(view, 4)
  return device.memory.bytes(length[0]! <= 12 ? view + 4 : length[3]!, length[0]!).slice()
}

/** The different codes (u32) among `count`, in the order of their first use, at `out`, which has room for one more. `marks`: a zero byte for each code there is; they stay zero. Returns how many. */
export function usedCodes(device: Device, codes: number, count: number, marks: number, out: number): number {
  return device.kernels.usedCodes(codes, count, marks, out)
}
