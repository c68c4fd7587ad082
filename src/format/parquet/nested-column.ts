// A nested column of one row group: its leaves read in step, and the lists and structs around them made from their levels. Leaves of the same list or struct must
// say the same of it, or the file is corrupt.
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes } from '../../batch/data-type.ts'
import { countSlots, hasSameBytes, type Levels, levelsToBits, levelsToOffsets } from '../../compute/parquet-levels.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { ByteReader } from '../../base/bytes.ts'
import type { SharedScratch } from './chunk-values.ts'
import { LeafReader, type LeafRows } from './decode-leaf.ts'
import type { ColumnChunk } from './metadata.ts'
import type { PagePlan } from './page-plan.ts'
import type { ParquetLimits } from './read-pages.ts'
import type { LeafNode, ListNode, ParquetNode, StructNode } from './schema-tree.ts'

/** Where a row group is. */
export interface RowGroupPlace {
  readonly reader: ByteReader
  readonly where: string
  readonly rowGroup: number
  readonly rowCount: number
  readonly chunks: readonly ColumnChunk[]
  /** The plan of a chunk's pages, where only some rows are read. */
  planOf?(chunk: ColumnChunk): PagePlan | undefined
}

/** A leaf at work, with what it has of the rows being read. */
interface Leaf {
  readonly reader: LeafReader
  readonly name: string
  readonly valueCount: number
  rows: LeafRows
}

const noRows: LeafRows = { rows: 0, levels: { repetitions: 0, definitions: 0, count: 0 }, column: { type: { kind: 'null' }, length: 0, values: 0, validity: 0 } }

/** A reader over the chunks of one nested column. Close it to give its memory back; columns already read live on with their arenas. */
export class NestedColumnReader {
  readonly #device: Device
  readonly #node: ParquetNode
  readonly #shared: SharedScratch
  readonly #leaves = new Map<ParquetNode, Leaf>()
  readonly #leafCounts = new Map<ParquetNode, number>()

  /** Throws DataError where a chunk's place or count is wrong. */
  constructor(device: Device, place: RowGroupPlace, node: ParquetNode, shared: SharedScratch, limits: ParquetLimits = {}) {
    this.#device = device
    this.#node = node
    this.#shared = shared
    try {
      for (const parents of pathsOf(node)) {
        for (const parent of parents) this.#leafCounts.set(parent, (this.#leafCounts.get(parent) ?? 0) + 1)
        const leaf = parents.pop() as LeafNode
        const { name } = leaf.leaf.field
        const chunk = { ...place, columnName: name, chunk: place.chunks[leaf.leaf.leaf]! }
        const reader = new LeafReader(device, chunk, leaf, parents, place.rowCount, shared, limits, place.planOf?.(chunk.chunk))
        this.#leaves.set(leaf, { name, valueCount: chunk.chunk.valueCount, reader, rows: noRows })
      }
    } catch (thrown) {
      this.close()
      throw thrown
    }
  }

  /**
   * The next `rowsMax` rows; fewer, but one at least, where the lists of the leaf that has the most values come to about `valuesMax` before. Throws DataError as leaves do
   * (LIST_SIZE among others), NESTED_LEVELS, MAP_KEY.
   */
  read(arena: Arena, rowsMax: number, valuesMax = Infinity): Column {
    const leaves = [...this.#leaves.values()]
    const longest = leaves.reduce((most, leaf) => (leaf.valueCount > most.valueCount ? leaf : most))
    longest.rows = longest.reader.read(arena, rowsMax, valuesMax)
    for (const leaf of leaves) if (leaf !== longest) leaf.rows = leaf.reader.read(arena, longest.rows.rows)
    return this.#column(arena, this.#node, leaves)
  }

  /** Passes over the next `rows` rows, a batch of about `valuesMax` values of a leaf at a time. Throws as `read`, but doesn't compare what leaves say of these rows. */
  skip(rows: number, valuesMax: number): void {
    for (const { reader } of this.#leaves.values()) reader.skip(rows, valuesMax)
  }

  /** Gives up all memory but what batches hold. */
  close(): void {
    for (const { reader } of this.#leaves.values()) reader.close()
  }

  // A node's column; `leaves` are those inside it.
  #column(arena: Arena, node: ParquetNode, leaves: readonly Leaf[]): Column {
    switch (node.kind) {
      case 'leaf':
        return leaves[0]!.rows.column
      case 'struct':
        return this.#struct(arena, node, leaves)
      case 'list':
        return this.#list(arena, node, leaves)
    }
  }

  #struct(arena: Arena, node: StructNode, leaves: readonly Leaf[]): Column {
    const { length, validity } = this.#slots(arena, node, leaves)
    let first = 0
    const children = node.members.map(member => {
      const count = this.#leafCounts.get(member)!
      return this.#column(arena, member, leaves.slice(first, (first += count)))
    })
    const odd = children.find(child => child.length !== length)
    if (odd) throw leaves[0]!.reader.fail('NESTED_LEVELS', `its parts have ${length} and ${odd.length} rows`)
    return { type: node.type, length, values: 0, validity, children }
  }

  #list(arena: Arena, node: ListNode, leaves: readonly Leaf[]): Column {
    const { length, validity } = this.#slots(arena, node, leaves)
    const values = arena.allocate(4 * (length + 1))
    const items = levelsToOffsets(this.#device, leaves[0]!.rows.levels, slotsOf(node), node.definition + 1, values)
    for (const leaf of leaves.slice(1)) this.#compare(leaves[0]!, leaf, 4 * (length + 1), values, levels => {
      if (countSlots(this.#device, levels, slotsOf(node)) !== length) return undefined
      const out = this.#shared.indices.ensure(4 * (length + 1))
      return levelsToOffsets(this.#device, levels, slotsOf(node), node.definition + 1, out) === items ? out : undefined
    })
    const item = this.#column(arena, node.item, leaves)
    if (item.length !== items) throw leaves[0]!.reader.fail('NESTED_LEVELS', `its lists have ${items} items, ${item.length} are there`)
    if (node.type.kind === 'map' && item.children![0]!.validity !== 0)
      throw leaves[0]!.reader.fail('MAP_KEY', 'the key of a map is null', 'select the other columns')
    return { type: node.type, length, values, validity, children: [item] }
  }

  // The places of a list or struct, and which are not null.
  #slots(arena: Arena, node: ListNode | StructNode, leaves: readonly Leaf[]): { length: number; validity: number } {
    const device = this.#device
    const [first, ...others] = leaves as [Leaf, ...Leaf[]]
    const { levels } = first.rows
    const slots = slotsOf(node)
    const length = countSlots(device, levels, slots)
    if (!node.nullable) return { length, validity: 0 }
    const present = { ...slots, least: node.definition }
    const isFull = countSlots(device, levels, present) === length
    const bytes = bitmapBytes(length)
    const validity = isFull ? 0 : arena.allocateZeroed(bytes)
    if (!isFull) levelsToBits(device, levels, slots, node.definition, validity, 0)
    for (const leaf of others) this.#compare(first, leaf, isFull ? 0 : bytes, validity, levels => {
      if (countSlots(device, levels, slots) !== length) return undefined
      if (isFull) return countSlots(device, levels, present) === length ? 0 : undefined
      const bits = this.#shared.packed.ensure(bytes)
      levelsToBits(device, levels, slots, node.definition, bits, 0)
      return bits
    })
    return { length, validity }
  }

  #compare(first: Leaf, other: Leaf, bytes: number, expected: number, make: (levels: Levels) => number | undefined): void {
    const found = make(other.rows.levels)
    if (found !== undefined && hasSameBytes(this.#device, found, expected, bytes)) return
    throw other.reader.fail('NESTED_LEVELS', `its levels contradict those of "${first.name}": they say other things of the lists or structs around both`)
  }
}

function slotsOf({ repetition, slot }: ParquetNode): { repetition: number; least: number } {
  return { repetition, least: slot }
}

// The nodes from the outermost to each leaf.
function pathsOf(node: ParquetNode): ParquetNode[][] {
  if (node.kind === 'leaf') return [[node]]
  const inside = node.kind === 'list' ? [node.item] : node.members
  return inside.flatMap(child => pathsOf(child).map(path => [node, ...path]))
}
