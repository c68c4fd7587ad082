// The rows of one part out of many blocks, end to end: so that tables and accumulators are called once a part and not once a block.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, layoutOf } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { partCount, type RowBlock } from './row-block.ts'

interface Lane {
  readonly column: Column
  /** The addresses of two u32 a block, as `joinPart` takes them: of values and, where any block has nulls, of validity. */
  readonly values: number
  readonly validity: number
}

const shifts = { word1: 0, word2: 1, word4: 2, word8: 3, word16: 4, view: 4 } as const

/** Blocks of the same columns, each of a layout that `canJoin`, read part by part. Holds an arena until `close`; the blocks are the caller's. */
export class JoinedBlocks {
  readonly #device: Device
  readonly #blocks: readonly RowBlock[]
  readonly #arena: Arena
  readonly #keys: readonly Lane[]
  readonly #values: readonly Lane[]
  constructor(device: Device, blocks: readonly RowBlock[]) {
    this.#device = device
    this.#blocks = blocks
    this.#arena = device.arena()
    const lanes = (of: (block: RowBlock) => readonly Column[]) => (blocks[0] ? of(blocks[0]) : []).map((column, i) => this.#lane(column, block => of(block)[i]!))
    this.#keys = lanes(block => block.keys)
    this.#values = lanes(block => block.values)
  }

  /** Rows of a part. */
  rowCount(part: number): number {
    const words = this.#device.memory
    return this.#blocks.reduce((rows, { parts }) => rows + words.uint32s(parts + 4 * (partCount + part), 1)[0]!, 0)
  }

  /** The columns of a part, copied into `arena`; the bytes behind views stay in the blocks. */
  columns(arena: Arena, part: number, rows: number): { keys: Column[]; values: Column[] } {
    return { keys: this.#keys.map(lane => this.#join(arena, lane, part, rows)), values: this.#values.map(lane => this.#join(arena, lane, part, rows)) }
  }

  close(): void {
    this.#arena.release()
  }

  #lane(column: Column, of: (block: RowBlock) => Column): Lane {
    const nulls = this.#blocks.some(block => of(block).validity !== 0)
    return { column, values: this.#table(block => of(block).values), validity: nulls ? this.#table(block => of(block).validity) : 0 }
  }

  #table(address: (block: RowBlock) => number): number {
    const table = this.#arena.allocate(8 * this.#blocks.length)
    this.#device.memory.uint32s(table, 2 * this.#blocks.length).set(this.#blocks.flatMap(block => [address(block), block.parts]))
    return table
  }

  #join(arena: Arena, { column: { type }, values, validity }: Lane, part: number, rows: number): Column {
    const { kernels } = this.#device
    const { length: blocks } = this.#blocks
    const layout = layoutOf(type)
    const out = allocateColumn(arena, type, rows)
    if (layout === 'bit') kernels.joinBits(values, blocks, part, out.values)
    else kernels.joinPart(values, blocks, part, shifts[layout as keyof typeof shifts], out.values)
    if (validity === 0) return out
    const bits = arena.allocateZeroed(bitmapBytes(rows))
    kernels.joinBits(validity, blocks, part, bits)
    return { ...out, validity: bits }
  }
}
