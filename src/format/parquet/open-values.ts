// The encodings of a data page's values: checks which one fits the column, and prepares what can't be decoded in parts (delta, split streams).
import type { DataError } from '../../base/errors.ts'
import { decodeDelta, deltaCount, joinStreams, openBits, openHybrid, openPosition, positionOf, viewsOfFixed, viewsOfPrefixes } from '../../compute/parquet.ts'
import type { Device } from '../../device/device.ts'
import type { Scratch, ViewStore } from '../scratch.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** How the rest of a page's values is taken. `cursor` is a hybrid cursor. */
export type PageValues =
  | { kind: 'dictionary' | 'bits'; cursor: number }
  /** Values of `width` bytes at [next, end): as stored, or `ready` as the column holds them. */
  | { kind: 'fixed'; cursor: 0; next: number; end: number; width: number; ready: boolean }
  | { kind: 'plain'; cursor: 0; position: number }
  | { kind: 'lengths'; cursor: 0; position: number; lengths: number; left: number }

/** What opening a page may use. `decoded` keeps what is decoded whole; `lengths` is used during the call only. */
export interface ValuesContext {
  readonly device: Device
  readonly column: ParquetLeaf
  readonly decoded: Scratch
  readonly lengths: Scratch
  readonly store: ViewStore
  readonly bytesMax: number
  fail(code: string, what: string, remedy?: string): DataError
}

/** Where a page's values lie. `count` includes nulls. `cursor` and `position` are the column's, to be set. */
export interface ValuesPlace {
  readonly start: number
  readonly end: number
  readonly count: number
  readonly cursor: number
  readonly position: number
  readonly dictionaryCount: number
}

const widths: Record<string, 4 | 8> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8 }

/** Prepares the values of a page. Throws what `fail` makes: ENCODING, PAGE_VALUES, DICTIONARY. */
export function openValues(context: ValuesContext, encoding: string, place: ValuesPlace): PageValues {
  const { device, column } = context
  const { start, end, cursor, position } = place
  const { physical } = column
  switch (encoding) {
    case 'PLAIN':
      if (physical === 'BOOLEAN') {
        openBits(device, cursor, start, end, place.count)
        return { kind: 'bits', cursor }
      }
      if (physical === 'BYTE_ARRAY') {
        openPosition(device, position, start, end)
        return { kind: 'plain', cursor: 0, position }
      }
      return { kind: 'fixed', cursor: 0, next: start, end, width: widths[physical] ?? column.typeLength, ready: false }
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      return openIndices(context, place)
    case 'RLE':
      if (physical === 'BOOLEAN') return openBooleanRuns(context, place)
      break
    case 'DELTA_BINARY_PACKED':
      if (physical === 'INT32' || physical === 'INT64') return openDelta(context, place)
      break
    case 'DELTA_LENGTH_BYTE_ARRAY':
      if (physical === 'BYTE_ARRAY') return openLengths(context, place)
      break
    case 'DELTA_BYTE_ARRAY':
      if (physical === 'BYTE_ARRAY' || physical === 'FIXED_LEN_BYTE_ARRAY') return openPrefixes(context, place)
      break
    case 'BYTE_STREAM_SPLIT':
      if (physical in widths || physical === 'FIXED_LEN_BYTE_ARRAY') return openStreams(context, place)
  }
  throw context.fail(
    'ENCODING',
    `the page's values are encoded as ${encoding}, which can't be read for ${physical}`,
    'the file is corrupt, or newer than this version of Millrace',
  )
}

function openIndices(context: ValuesContext, place: ValuesPlace): PageValues {
  const { device } = context
  const { start, end, cursor, dictionaryCount } = place
  if (dictionaryCount < 0) throw context.fail('DICTIONARY', "the page's values are dictionary indices, and the column has no dictionary page")
  const width = start < end ? device.memory.bytes(start, 1)[0]! : 0
  if (width > 32) throw context.fail('DICTIONARY', `the indices are said to have ${width} bits, the most is 32`)
  openHybrid(device, cursor, Math.min(start + 1, end), end, width)
  return { kind: 'dictionary', cursor }
}

function openBooleanRuns(context: ValuesContext, place: ValuesPlace): PageValues {
  const { device } = context
  const { start, end, cursor } = place
  const bytes = end - start < 4 ? -1 : new DataView(device.memory.bytes(start, 4).slice().buffer).getUint32(0, true)
  if (bytes > end - start - 4) throw context.fail('PAGE_VALUES', `the booleans are said to take ${bytes} bytes, ${end - start - 4} are left in the page`)
  openHybrid(device, cursor, Math.min(start + 4, end), bytes < 0 ? Math.min(start + 4, end) : start + 4 + bytes, 1)
  return { kind: 'bits', cursor }
}

// The whole run of delta-packed integers at `position`, as 4- or 8-byte values in `into`.
function decodeWhole(context: ValuesContext, position: number, bytes: 4 | 8, countMax: number, into: Scratch): { address: number; count: number } {
  const { device } = context
  const promised = deltaCount(device, position)
  if (promised < 0 || promised > countMax) throw context.fail('PAGE_VALUES', `the delta-packed integers promise ${promised} values, the page has ${countMax}`)
  checkBytes(context, promised * bytes)
  const address = into.ensure(promised * bytes)
  const count = decodeDelta(device, position, bytes, promised, address)
  if (count < 0)
    throw context.fail('PAGE_VALUES', count === -2 ? 'the delta-packed integers have a header against the format' : 'the delta-packed integers end early')
  return { address, count }
}

function checkBytes(context: ValuesContext, bytes: number): void {
  if (bytes > context.bytesMax) throw context.fail('PAGE_SIZE', `the page's values need ${bytes} bytes, the limit is ${context.bytesMax}`)
}

function openDelta(context: ValuesContext, place: ValuesPlace): PageValues {
  const width = widths[context.column.physical]!
  openPosition(context.device, place.position, place.start, place.end)
  const { address, count } = place.start === place.end ? { address: 0, count: 0 } : decodeWhole(context, place.position, width, place.count, context.decoded)
  return { kind: 'fixed', cursor: 0, next: address, end: address + count * width, width, ready: false }
}

function openLengths(context: ValuesContext, place: ValuesPlace): PageValues {
  const { position } = place
  openPosition(context.device, position, place.start, place.end)
  if (place.start === place.end) return { kind: 'lengths', cursor: 0, position, lengths: 0, left: 0 }
  const { address, count } = decodeWhole(context, position, 4, place.count, context.decoded)
  return { kind: 'lengths', cursor: 0, position, lengths: address, left: count }
}

function openPrefixes(context: ValuesContext, place: ValuesPlace): PageValues {
  const { device, store, column } = context
  const { position } = place
  if (place.start === place.end) return { kind: 'fixed', cursor: 0, next: 0, end: 0, width: 16, ready: true }
  openPosition(device, position, place.start, place.end)
  const prefixes = decodeWhole(context, position, 4, place.count, context.decoded)
  openPosition(device, position, positionOf(device, position), place.end)
  const suffixes = decodeWhole(context, position, 4, place.count, context.lengths)
  if (prefixes.count !== suffixes.count) throw context.fail('PAGE_VALUES', `${prefixes.count} prefixes and ${suffixes.count} suffixes`)
  const { count } = prefixes
  checkBytes(context, 16 * count)
  const arena = store.same()
  const views = arena.allocate(16 * count)
  if (!viewsOfPrefixes(device, arena, prefixes.address, suffixes.address, count, position, context.bytesMax, views)) {
    throw context.fail('PAGE_VALUES', "the prefixes and suffixes don't fit each other, their bytes, or the limit of a page")
  }
  if (column.physical === 'FIXED_LEN_BYTE_ARRAY') {
    const words = device.memory.uint32s(views, 4 * count)
    for (let i = 0; i < count; i++)
      if (words[4 * i] !== column.typeLength) throw context.fail('PAGE_VALUES', `a value has ${words[4 * i]} bytes, the column's have ${column.typeLength}`)
  }
  return { kind: 'fixed', cursor: 0, next: views, end: views + 16 * count, width: 16, ready: true }
}

function openStreams(context: ValuesContext, place: ValuesPlace): PageValues {
  const { device, store, column, decoded } = context
  const width = widths[column.physical] ?? column.typeLength
  const bytes = place.end - place.start
  const count = Math.floor(bytes / width)
  if (count * width !== bytes || count > place.count)
    throw context.fail('PAGE_VALUES', `${bytes} bytes of split streams are no ${place.count} values of ${width} bytes`)
  if (column.physical !== 'FIXED_LEN_BYTE_ARRAY') {
    const address = decoded.ensure(bytes)
    joinStreams(device, place.start, count, width, 0, count, address)
    return { kind: 'fixed', cursor: 0, next: address, end: address + bytes, width, ready: false }
  }
  checkBytes(context, 16 * count)
  const arena = store.same()
  const joined = arena.allocate(bytes)
  const views = arena.allocate(16 * count)
  joinStreams(device, place.start, count, width, 0, count, joined)
  viewsOfFixed(device, joined, count, width, views)
  return { kind: 'fixed', cursor: 0, next: views, end: views + 16 * count, width: 16, ready: true }
}
