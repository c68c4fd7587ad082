// Parts of record batches into the engine's columns: buffers are widened, offsets checked, dictionaries looked up, children decoded in turn.
import type { Codes, Column } from '../../batch/batch.ts'
import { bitmapBytes, isNested, layoutOf, valueBytes } from '../../batch/data-type.ts'
import {
  checkOffsets,
  indicesWithin,
  isDistinct,
  listItemsOfViews,
  narrowIndices,
  viewsOfArrowViews,
  viewsOfOffsets,
  widenIntegers,
  zeroNulls,
} from '../../compute/arrow-columns.ts'
import { andBits } from '../../compute/bitmap.ts'
import { gatherColumn } from '../../compute/gather.ts'
import { nullColumn } from '../../compute/null-column.ts'
import type { Arena } from '../../device/arena.ts'
import type { BatchBuffers, Cursor } from './batch-buffers.ts'
import type { ArrowNode } from './read-type.ts'

/** What decoding a batch may use: its buffers, where columns go, and the dictionary of a node. */
export interface NodeContext {
  readonly buffers: BatchBuffers
  readonly arena: Arena
  dictionaryOf(node: ArrowNode): Column
}

/** The column at `cursor`, of `expected` rows; of any number of rows where that is undefined. Moves the cursor behind it. Throws DataError. */
export function decodeNode(context: NodeContext, node: ArrowNode, cursor: Cursor, name: string, expected?: number): Column {
  const { buffers, arena } = context
  const { type, layout } = node
  const rows = buffers.rowsOf(cursor, name, expected)
  if (node.dictionary) return lookUp(context, node, cursor, name, rows)
  if (layout.kind === 'none') return { type, length: rows, values: 0, validity: buffers.nulls(arena, cursor, rows, name) }
  const validity = buffers.validity(arena, cursor, rows, name)
  if (isNested(type)) return { ...decodeNested(context, node, cursor, name, rows), validity }
  const values = decodeValues(context, node, cursor, name, rows, validity)
  if (layoutOf(type) === 'view' && validity !== 0) zeroNulls(buffers.device, 'view', values, rows, validity)
  return { type, length: rows, values, validity }
}

function decodeValues({ buffers, arena }: NodeContext, { type, layout }: ArrowNode, cursor: Cursor, name: string, rows: number, validity: number): number {
  const { device } = buffers
  const index = cursor.buffer++
  switch (layout.kind) {
    case 'bool':
      return buffers.buffer(arena, index, bitmapBytes(rows), name).address
    case 'word':
      return buffers.buffer(arena, index, rows * layout.width, name).address
    case 'offsets': {
      const data = cursor.buffer++
      if (rows === 0) return arena.allocate(0)
      const offsets = buffers.buffer(arena, index, (rows + 1) * (layout.large ? 8 : 4), name)
      const bytes = buffers.buffer(arena, data, 0, name)
      const out = allocate(buffers, arena, 16 * rows, rows, name)
      if (!viewsOfOffsets(device, layout.large, offsets.address, rows, validity, bytes.address, bytes.bytes, out))
        throw buffers.fail('ARROW_OFFSETS', `the offsets of column "${name}" fall or point beyond its ${bytes.bytes} bytes`)
      return out
    }
    case 'views': {
      const source = buffers.buffer(arena, index, 16 * rows, name)
      const out = allocate(buffers, arena, 16 * rows, rows, name)
      if (!viewsOfArrowViews(device, arena, source.address, rows, validity, buffers.variadic(arena, cursor, name), out))
        throw buffers.fail('ARROW_OFFSETS', `a view of column "${name}" points beyond its buffers`)
      return out
    }
    default: {
      const width = layout.kind === 'dayTime' || layout.kind === 'decimal64' ? 8 : 4
      const source = buffers.buffer(arena, index, rows * width, name)
      const out = allocate(buffers, arena, valueBytes(type, rows), rows, name)
      widenValues(buffers, layout.kind, source.address, rows, out)
      return out
    }
  }
}

// Layouts that few files have: value by value.
function widenValues({ device }: BatchBuffers, kind: string, source: number, rows: number, out: number): void {
  const { memory } = device
  const words = memory.int32s(source, kind === 'dayTime' || kind === 'decimal64' ? 2 * rows : rows)
  const longs = memory.int64s(out, kind === 'time32' ? rows : 2 * rows)
  for (let row = 0; row < rows; row++) {
    if (kind === 'time32') longs[row] = BigInt(words[row]!)
    else if (kind === 'months') longs.set([BigInt.asUintN(32, BigInt(words[row]!)), 0n], 2 * row)
    else if (kind === 'dayTime') longs.set([BigInt(words[2 * row]!) << 32n, BigInt(words[2 * row + 1]!) * 1_000_000n], 2 * row)
    else {
      const value = kind === 'decimal32' ? BigInt(words[row]!) : (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]! >>> 0)
      longs.set([value, value >> 64n], 2 * row)
    }
  }
}

function allocate(buffers: BatchBuffers, arena: Arena, bytes: number, rows: number, name: string): number {
  buffers.checkBytes(bytes, rows, name)
  return arena.allocate(bytes)
}

function decodeNested(context: NodeContext, node: ArrowNode, cursor: Cursor, name: string, rows: number): Column {
  const { type, layout } = node
  const base = { type, length: rows, values: 0, validity: 0 }
  if (layout.kind === 'listView') return decodeListView(context, node, cursor, name, rows)
  if (layout.kind === 'list') {
    const values = listOffsets(context, layout.large, cursor, name, rows)
    const child = decodeNode(context, node.children[0]!, cursor, `${name}[]`)
    if (!checkOffsets(context.buffers.device, values, rows, child.length))
      throw context.buffers.fail('ARROW_OFFSETS', `the offsets of column "${name}" fall or point beyond its ${child.length} items`)
    return { ...base, values, children: [type.kind === 'map' ? entriesOfMap(child, type) : child] }
  }
  const size = type.kind === 'fixedList' ? type.size : 1
  if (size * rows > 0x7fffffff) throw context.buffers.fail('ARROW_MESSAGE', `column "${name}" has ${size * rows} items`)
  const children = node.children.map((child, i) => decodeNode(context, child, cursor, type.kind === 'struct' ? `${name}.${type.members[i]!.name}` : `${name}[]`, size * rows))
  return { ...base, children }
}

// The entries as the engine calls their members.
function entriesOfMap(entries: Column, { key, value }: Column['type'] & { kind: 'map' }): Column {
  return { ...entries, type: { kind: 'struct', members: [{ name: 'key', type: key, nullable: false }, { name: 'value', ...value }] } }
}

function listOffsets({ buffers, arena }: NodeContext, large: boolean, cursor: Cursor, name: string, rows: number): number {
  const index = cursor.buffer++
  if (rows === 0) return arena.allocateZeroed(4)
  const { address } = buffers.buffer(arena, index, (rows + 1) * (large ? 8 : 4), name)
  if (!large) return address
  const out = arena.allocate(4 * (rows + 1))
  // What is beyond 32 bits becomes −1, which no offset is.
  narrowIndices(buffers.device, address, rows + 1, out)
  return out
}

// Lists at any place of the child, in any order: the child's rows are taken in the order of the lists.
function decodeListView(context: NodeContext, node: ArrowNode, cursor: Cursor, name: string, rows: number): Column {
  const { buffers, arena } = context
  const large = node.layout.kind === 'listView' && node.layout.large
  const [starts, sizes] = [0, 1].map(() => {
    const { address } = buffers.buffer(arena, cursor.buffer++, rows * (large ? 8 : 4), name)
    if (!large) return address
    const out = arena.allocate(4 * rows)
    narrowIndices(buffers.device, address, rows, out)
    return out
  }) as [number, number]
  const child = decodeNode(context, node.children[0]!, cursor, `${name}[]`)
  const found = listItemsOfViews(buffers.device, arena, starts, sizes, rows, child.length, buffers.bytesMax)
  if (!found) throw buffers.fail('ARROW_OFFSETS', `a list of column "${name}" lies outside of its ${child.length} items, or its lists are too large together`)
  const items = gatherColumn(buffers.device, arena, child, found.items, found.count)
  return { type: node.type, length: rows, values: found.offsets, validity: 0, children: [items] }
}

// A column of dictionary indices, looked up.
function lookUp(context: NodeContext, node: ArrowNode, cursor: Cursor, name: string, rows: number): Column {
  const { buffers, arena } = context
  const { device } = buffers
  const { bytes, signed } = node.dictionary!
  const validity = buffers.validity(arena, cursor, rows, name)
  const source = buffers.buffer(arena, cursor.buffer++, rows * bytes, name)
  const dictionary = context.dictionaryOf(node)
  const indices = bytes === 4 ? source.address : allocate(buffers, arena, 4 * rows, rows, name)
  if (bytes === 8) narrowIndices(device, source.address, rows, indices)
  else if (bytes !== 4) widenIntegers(device, source.address, rows, (8 * bytes) as 8 | 16, signed, indices)
  if (validity !== 0) zeroNulls(device, 'word4', indices, rows, validity)
  if (dictionary.length === 0) {
    const some = validity === 0 ? rows > 0 : device.memory.bytes(validity, bitmapBytes(rows)).some(byte => byte !== 0)
    if (some) throw buffers.fail('ARROW_DICTIONARY', `column "${name}" has values, its dictionary none`)
    return nullColumn(arena, node.type, rows)
  }
  if (!indicesWithin(device, indices, rows, dictionary.length))
    throw buffers.fail('ARROW_DICTIONARY', `an index of column "${name}" is not below its dictionary's ${dictionary.length} values`)
  buffers.checkBytes(valueBytes(node.type, rows), rows, name)
  const out = gatherColumn(device, arena, dictionary, indices, rows)
  const both = andBits(device, arena, validity, out.validity, rows)
  if (layoutOf(node.type) === 'view' && both !== 0) zeroNulls(device, 'view', out.values, rows, both)
  const codes: Codes | undefined = isCode(context, dictionary, rows) ? { values: indices, dictionary } : undefined
  return { ...out, validity: both, ...(codes && { codes }) }
}

// Codes are of texts, each there once, none of them null; and finding that out must cost little beside the rows.
function isCode({ buffers }: NodeContext, dictionary: Column, rows: number): boolean {
  return layoutOf(dictionary.type) === 'view' && dictionary.validity === 0 && 4 * dictionary.length <= rows && isDistinct(buffers.device, dictionary)
}
