// Rows on their way to be aggregated, when aggregating them beforehand would not make them fewer: a block is the keys and inputs of some rows (or keys
// and partial states), sorted by part of the key hash, in memory of its own. Blocks pass between threads by address, and readers take the parts of the key
// groups that they own.
import { keyGroupCount } from '../base/hash.ts'
import { allocateColumn, type Column, sliceColumn } from '../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../batch/data-type.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { gatherColumn, ownViews } from './gather.ts'
import { hashColumns } from './hash.ts'
import { holdDictionaries, type KeyPack, packFor, packKeys } from './key-pack.ts'

/** Rows as a block takes them: `keys` and `values` are columns of the same rows; `place` is where the first of them stands among all rows. */
export interface BlockInput {
  readonly keys: readonly Column[]
  readonly values: readonly Column[]
  readonly rowCount: number
  readonly place?: bigint
}

/** Sorted rows. Plain data, but for what the addresses stand for. */
export interface RowBlock {
  /** 'rows': `values` are inputs; 'states': they are partial states. */
  readonly holds: 'rows' | 'states'
  /** The address of 1024 starts and 1024 counts, u32: where the rows of each part lie. Starts are multiples of 64. */
  readonly parts: number
  /** Set where `keys` is one column of packed words. */
  readonly pack?: KeyPack
  readonly keys: readonly Column[]
  readonly values: readonly Column[]
  /** Of rows: for each column that the aggregates read, in order, its position among `values`; −1 for a count of rows. */
  readonly inputs?: readonly number[]
  /** Where the rows stand, as `RowPlaces`: the first, and the address of a u32 per row. */
  readonly place?: { readonly first: string; readonly rows: number }
  /** The arena that all of it lies in, and about how much that is. */
  readonly arena: number
  readonly bytes: number
}

/** Parts of the key hash, and of them parts of a key group: so many that a part of ten million rows has ten thousand. */
export const partCount = 1024
export const partsPerGroup = partCount / keyGroupCount

/** Rows that a block should have: enough that there are few blocks, few enough that sorting them stays in cache. */
export const blockRows = 1 << 18

/** True where rows with such columns can be put into a block together with rows of other batches; otherwise each batch makes a block of its own. */
export function canJoin(columns: readonly Column[]): boolean {
  return columns.every(column => !['list', 'children', 'fixed', 'none'].includes(layoutOf(column.type)))
}

/**
 * A block of the rows of `inputs` in an arena of its own, whose one reference is the caller's. Several inputs only where `canJoin` and no places are
 * asked for. Keys are packed where they fit. Cost: 10–15 ns a row for two keys and one input.
 */
export function buildBlock(device: Device, inputs: readonly BlockInput[], holds: RowBlock['holds']): RowBlock {
  const arena = device.arena()
  const scratch = device.arena()
  try {
    const pack = packFor(device, scratch, inputs.map(input => input.keys))
    if (pack) holdDictionaries(device, arena, pack)
    const packed = pack ? inputs.map(input => ({ ...input, hashed: input.keys, keys: [packedColumn(device, scratch, pack, input)] })) : inputs.map(input => ({ ...input, hashed: input.keys }))
    const hashes = packed.map(({ hashed, rowCount }) => hashColumns(device, scratch, hashed, rowCount))
    const parts = arena.allocate(8 * partCount)
    const length = layParts(device, scratch, parts, hashes, inputs)
    const sorting = { device, arena, scratch, places: hashes, length }
    const sorted = (of: (input: BlockInput) => readonly Column[]) => of(packed[0]!).map((_, i) => sortColumn(sorting, packed.map(input => of(input)[i]!)))
    const [{ place, rowCount }] = inputs as [BlockInput]
    const [keys, values] = [sorted(input => input.keys), sorted(input => input.values)]
    return {
      holds,
      parts,
      ...(pack && { pack }),
      keys,
      values,
      ...(place !== undefined && { place: { first: String(place), rows: sortRowNumbers(sorting, rowCount) } }),
      arena: arena.address,
      bytes: [...keys, ...values].reduce((sum, column) => sum + bytesOf(column), 8 * partCount + heldBytes(pack)),
    }
  } catch (error) {
    arena.release()
    throw error
  } finally {
    scratch.release()
  }
}

/** Writes a block down in `arena`, so that it can travel by address. */
export function writeBlock(device: Device, arena: Arena, block: RowBlock): number {
  const text = new TextEncoder().encode(JSON.stringify(block))
  const address = arena.allocate(4 + text.length)
  device.memory.uint32s(address, 1)[0] = text.length
  device.memory.write(address + 4, text)
  return address
}

/** The block at an address; adds a reference to its arena, which is the caller's. */
export function readBlock(device: Device, address: number): RowBlock {
  const block = blockAt(device, address)
  retainArena(device, block.arena)
  return block
}

/** The block at an address, as long as whoever wrote it keeps it. */
export function blockAt({ memory }: Device, address: number): RowBlock {
  return JSON.parse(memory.text(address + 4, memory.uint32s(address, 1)[0]!)) as RowBlock
}

/** Rows of the key groups [start, end). */
export function rowsInGroups({ memory }: Device, { parts }: RowBlock, start: number, end: number): number {
  const counts = memory.uint32s(parts + 4 * partCount, partCount).subarray(start * partsPerGroup, end * partsPerGroup)
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Where the rows of a part begin in the block's columns, and how many there are. */
export function partRange({ memory }: Device, { parts }: RowBlock, part: number): { start: number; count: number } {
  const words = memory.uint32s(parts, 2 * partCount)
  return { start: words[part]!, count: words[partCount + part]! }
}

/** Rows [start, start + count) of columns of a block. */
export function sliceColumns(columns: readonly Column[], start: number, count: number): Column[] {
  return columns.map(column => sliceColumn(column, start, start + count))
}

function packedColumn(device: Device, arena: Arena, pack: KeyPack, { keys, rowCount }: BlockInput): Column {
  return { type: { kind: 'int64' }, length: rowCount, values: packKeys(device, arena, pack, keys, rowCount), validity: 0 }
}

// Writes starts and counts, turns each row's hash into its place, and returns the length of the columns, gaps included.
function layParts({ kernels, memory }: Device, scratch: Arena, parts: number, hashes: readonly number[], inputs: readonly BlockInput[]): number {
  const counts = parts + 4 * partCount
  memory.zero(counts, 4 * partCount)
  inputs.forEach(({ rowCount }, i) => kernels.countParts(hashes[i]!, rowCount, counts))
  const nexts = scratch.allocate(4 * partCount)
  const [starts, rows, cursors] = [memory.uint32s(parts, partCount), memory.uint32s(counts, partCount), memory.uint32s(nexts, partCount)]
  let length = 0
  for (let part = 0; part < partCount; part++) {
    starts[part] = cursors[part] = length
    length += Math.ceil(rows[part]! / 64) * 64
  }
  inputs.forEach(({ rowCount }, i) => kernels.placeByPart(hashes[i]!, rowCount, nexts, hashes[i]!))
  return length
}

interface Sorting {
  readonly device: Device
  readonly arena: Arena
  readonly scratch: Arena
  /** For each input the address of a u32 place per row. */
  readonly places: readonly number[]
  readonly length: number
}

function sortColumn(sorting: Sorting, parts: readonly Column[]): Column {
  const { device, arena, places, length } = sorting
  const { kernels, memory } = device
  const [{ type }] = parts as [Column]
  if (!canJoin(parts)) return sortByGather(sorting, parts[0]!)
  const layout = layoutOf(type)
  const out = allocateColumn(arena, type, length)
  const scatter = { word1: kernels.scatterWord1, word2: kernels.scatterWord2, word4: kernels.scatterWord4, word8: kernels.scatterWord8, word16: kernels.scatterWord16, view: kernels.scatterWord16, bit: kernels.scatterBits }[layout as 'bit']
  // Nothing looks into the gaps between parts but what copies the bytes of views.
  if (layout === 'view') memory.zero(out.values, valueBytes(type, length))
  parts.forEach((part, i) => scatter(part.values, places[i]!, part.length, out.values))
  if (layout === 'view') ownViews(device, arena, out)
  if (parts.every(part => part.validity === 0)) return out
  const validity = arena.allocateZeroed(bitmapBytes(length))
  parts.forEach((part, i) => kernels.scatterBits(part.validity, places[i]!, part.length, validity))
  return { ...out, validity }
}

function sortByGather({ device, arena, scratch, places, length }: Sorting, column: Column): Column {
  const indices = scratch.allocateZeroed(4 * length)
  const numbers = scratch.allocate(4 * column.length)
  device.kernels.fillIndices(numbers, column.length, 0)
  device.kernels.scatterWord4(numbers, places[0]!, column.length, indices)
  const { codes: _, ...out } = gatherColumn(device, arena, column, indices, length)
  ownViews(device, arena, out)
  return out
}

function sortRowNumbers({ device, arena, scratch, places, length }: Sorting, rows: number): number {
  const numbers = scratch.allocate(4 * rows)
  device.kernels.fillIndices(numbers, rows, 0)
  const out = arena.allocate(4 * length)
  device.kernels.scatterWord4(numbers, places[0]!, rows, out)
  return out
}

// Of dictionaries that live with the block; several blocks may share one.
function heldBytes(pack: KeyPack | undefined): number {
  return (pack ?? []).reduce((sum, part) => sum + (part.kind === 'codes' && part.arena !== undefined ? bytesOf(part.dictionary) : 0), 0)
}

function bytesOf({ type, length, validity, children }: Column): number {
  return valueBytes(type, length) + (validity === 0 ? 0 : bitmapBytes(length)) + (children ?? []).reduce((sum, child) => sum + bytesOf(child), 0)
}
