// Parquet's encodings over the shared memory: bytes of a page in, Arrow layouts out. Input is hostile; a result below 0 or undefined says
// that it is broken, and nothing outside the given ranges (and their padding) was touched. Outputs come from an arena.
import type { Layout } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Bytes of a cursor over RLE/bit-packed hybrid data. */
export const cursorBytes = 32
/** Bytes of a position in byte arrays or delta data. */
export const positionBytes = 8

/** Sets a hybrid cursor at `cursor` to the start of [start, end); `bitWidth` is 0..32. */
export function openHybrid(device: Device, cursor: number, start: number, end: number, bitWidth: number): void {
  const words = device.memory.words()
  words.fill(0, cursor / 4, cursor / 4 + 8)
  words[cursor / 4] = start
  words[cursor / 4 + 1] = end
  words[cursor / 4 + 2] = bitWidth
}

/** Sets a hybrid cursor to `count` plain bits from `start` on: PLAIN booleans, and levels without runs. */
export function openBits(device: Device, cursor: number, start: number, end: number, count: number): void {
  openHybrid(device, cursor, start, end, 1)
  const words = device.memory.words()
  words[cursor / 4 + 3] = Math.min(count, (end - start) * 8)
  words[cursor / 4 + 4] = 1
}

/** Sets a hybrid cursor to one run: `count` packed numbers from `start` on, or `count` times `value`. */
export function openRun(
  device: Device,
  cursor: number,
  run: { readonly bitWidth: number; readonly count: number } & ({ readonly start: number; readonly end: number } | { readonly value: number }),
): void {
  const isPacked = 'start' in run
  openHybrid(device, cursor, isPacked ? run.start : 0, isPacked ? run.end : 0, run.bitWidth)
  const words = device.memory.words()
  words[cursor / 4 + 3] = run.count
  words[cursor / 4 + 4] = isPacked ? 1 : 0
  words[cursor / 4 + 5] = isPacked ? 0 : run.value
}

/** Sets a position to [start, end). */
export function openPosition(device: Device, position: number, start: number, end: number): void {
  const words = device.memory.words()
  words[position / 4] = start
  words[position / 4 + 1] = end
}

/** The address a position has reached. */
export function positionOf(device: Device, position: number): number {
  return device.memory.words()[position / 4]! >>> 0
}

/** The next `count` numbers of a hybrid cursor, as u32 at `out`. False where the data ends early. Cost: up to 30 GB/s of output. */
export function decodeIndices(device: Device, cursor: number, count: number, out: number): boolean {
  return device.kernels.decodeHybridU32(cursor, count, out) === count
}

/** The next `count` bits of a hybrid cursor, appended at bit `bit` of a zeroed bitmap. The number of 1 bits, or −1 where the data ends early. */
export function decodeBits(device: Device, cursor: number, count: number, bits: number, bit: number): number {
  return device.kernels.decodeHybridBits(cursor, count, bits, bit)
}

/** Sets `count` bits of a bitmap from bit `bit` on. */
export function setBits(device: Device, bits: number, bit: number, count: number): void {
  device.kernels.setBits(bits, bit, count)
}

/** Dictionary values by u32 indices. False where an index is not below `dictionaryCount`. Cost: about 0.5 ns a value while the dictionary is in cache. */
export function gatherDictionary(
  device: Device,
  layout: Layout,
  indices: number,
  count: number,
  dictionary: number,
  dictionaryCount: number,
  out: number,
): boolean {
  const { kernels } = device
  const gather = layout === 'word4' ? kernels.gatherDictionary4 : layout === 'word8' ? kernels.gatherDictionary8 : kernels.gatherDictionary16
  return gather(indices, count, dictionary, dictionaryCount, out) === count
}

/** As `decodeIndices` and `gatherDictionary` in one pass, of values of 4 or 8 bytes. Cost: 0.5 ns a value while the dictionary is in cache. */
export function decodeDictionary(device: Device, layout: 'word4' | 'word8', cursor: number, count: number, dictionary: number, dictionaryCount: number, out: number): 'cut' | 'beyond' | undefined {
  const { kernels } = device
  const found = (layout === 'word4' ? kernels.decodeDictionary4 : kernels.decodeDictionary8)(cursor, count, dictionary, dictionaryCount, out)
  return found === count ? undefined : found === -2 ? 'beyond' : 'cut'
}

/** Lays `packed` values (those that are not null) out over `rows` rows by the validity bits from `bit` on. Packed values may be over-read by one. */
export function spreadValues(device: Device, layout: Layout, packed: number, bits: number, bit: number, rows: number, out: number): void {
  const { kernels } = device
  const spread = layout === 'word4' ? kernels.spread4 : layout === 'word8' ? kernels.spread8 : kernels.spread16
  spread(packed, bits, bit, rows, out)
}

/** As `spreadValues` for bits: into the zeroed bitmap `out` from bit `bit` on. */
export function spreadBits(device: Device, packed: number, bits: number, bit: number, rows: number, out: number): void {
  device.kernels.spreadBits(packed, bits, bit, rows, out)
}

/** PLAIN byte arrays as views that point into the page. False where the data ends early. Cost: about 1.5 ns a value. */
export function viewsOfPlain(device: Device, position: number, count: number, out: number): boolean {
  return device.kernels.plainToViews(position, count, out) === count
}

/** Copies stored values. Cost: 35–44 GB/s, where typed arrays over a shared memory give 25. */
export function copyStored(device: Device, source: number, bytes: number, out: number): void {
  device.kernels.copyStored(source, bytes, out)
}

/** Byte arrays of one width as views; the caller has checked that count × width bytes are there. */
export function viewsOfFixed(device: Device, source: number, count: number, width: number, out: number): void {
  device.kernels.fixedToViews(source, count, width, out)
}

/** Byte arrays with given lengths (u32), contiguous at a position, as views. False where a length is wrong. */
export function viewsOfLengths(device: Device, lengths: number, count: number, position: number, out: number): boolean {
  return device.kernels.lengthsToViews(lengths, count, position, out) === count
}

/** DELTA_BYTE_ARRAY values, joined into a chunk of `arena` of at most `bytesMax`. False where lengths are wrong or the cap is passed. */
export function viewsOfPrefixes(
  device: Device,
  arena: Arena,
  prefixes: number,
  suffixes: number,
  count: number,
  position: number,
  bytesMax: number,
  out: number,
): boolean {
  const bytes = device.kernels.joinedBytes(prefixes, suffixes, count)
  if (bytes < 0 || bytes > bytesMax) return false
  return device.kernels.joinPrefixes(prefixes, suffixes, count, position, arena.allocate(bytes), out) === count
}

/** The number of values of delta data at a position, or −1 where its header is broken. */
export function deltaCount(device: Device, position: number): number {
  return device.kernels.deltaCount(position)
}

/** DELTA_BINARY_PACKED integers, all of them, at most `countMax`. The count, or a negative number where the data is broken. */
export function decodeDelta(device: Device, position: number, valueBytes: 4 | 8, countMax: number, out: number): number {
  return device.kernels.decodeDelta(position, valueBytes, countMax, out)
}

/** BYTE_STREAM_SPLIT: values [start, start + take) of `count` values of `width` bytes each, whose byte k lies in stream k. */
export function joinStreams(device: Device, source: number, count: number, width: number, start: number, take: number, out: number): void {
  device.kernels.joinStreams(source, count, width, start, take, out)
}

/** float32 to float64. */
export function widenFloats(device: Device, source: number, count: number, out: number): void {
  device.kernels.widenF32(source, count, out)
}

/** Unsigned 32-bit to int64. */
export function widenUnsigned(device: Device, source: number, count: number, out: number): void {
  device.kernels.widenU32(source, count, out)
}

/** The first of `count` 64-bit values that is negative as int64, or −1. */
export function findNegative(device: Device, source: number, count: number): number {
  return device.kernels.findNegative8(source, count)
}
