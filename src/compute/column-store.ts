// Values of one column that outlive their batches, by slot: of any type, bytes behind views and children included. What aggregates keep that
// choose rows, or keep all of them.
import type { Batch, Column } from '../batch/batch.ts'
import { type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { concatColumns } from './concat.ts'
import { gatherOwned } from './gather.ts'

/** Slots are numbered in order of `append`. Owns its memory until `close`. */
export class ColumnStore {
  readonly #device: Device
  readonly #type: DataType
  #arena: Arena | undefined
  #parts: Column[] = []
  #rowCount = 0
  constructor(device: Device, type: DataType) {
    this.#device = device
    this.#type = type
  }

  /** Slots in use. */
  get rowCount(): number {
    return this.#rowCount
  }
  /** Pieces that the slots lie in: reading is slow where they are many. */
  get parts(): number {
    return this.#parts.length
  }
  /** Bytes held, about: bytes behind views and children count as 32 a row. */
  get bytes(): number {
    const layout = layoutOf(this.#type)
    return this.#rowCount * (layout === 'view' || layout === 'list' || layout === 'children' ? 48 : valueBytes(this.#type, 1))
  }

  /** Copies the rows `indices` (u32) of a column into new slots; returns the first. */
  append(column: Column, indices: number, rows: number): number {
    const first = this.#rowCount
    if (rows === 0) return first
    this.#arena ??= this.#device.arena()
    this.#parts.push(this.#copy(this.#arena, column, indices, rows))
    this.#rowCount += rows
    return first
  }

  /** The values in `slots` (u32), copied into `arena`. There must be a slot. */
  take(arena: Arena, slots: number, rows: number): Column {
    const scratch = this.#device.arena()
    try {
      return this.#copy(arena, this.#whole(scratch), slots, rows)
    } finally {
      scratch.release()
    }
  }

  /** Keeps only these slots, which become 0, 1, 2 … */
  keep(slots: number, rows: number): void {
    if (this.#rowCount === 0) return
    const arena = this.#device.arena()
    const kept = this.take(arena, slots, rows)
    this.#arena?.release()
    this.#arena = arena
    this.#parts = [kept]
    this.#rowCount = rows
  }

  /** Forgets all slots and gives the memory back. */
  clear(): void {
    this.#arena?.release()
    this.#arena = undefined
    this.#parts = []
    this.#rowCount = 0
  }

  #whole(arena: Arena): Column {
    return this.#parts.length === 1 ? this.#parts[0]! : concatColumns(this.#device, arena, this.#type, this.#parts)
  }

  #copy(arena: Arena, column: Column, indices: number, rows: number): Column {
    const bare = withoutCodes(column)
    const batch: Batch = { fields: [{ name: 'value', type: this.#type, nullable: true }], rowCount: column.length, columns: [bare], arena: 0 }
    return gatherOwned(this.#device, arena, batch, indices, rows).columns[0]!
  }
}

// A dictionary dies with its column.
function withoutCodes({ codes: _, ...column }: Column): Column {
  return { ...column, ...(column.children && { children: column.children.map(withoutCodes) }) }
}
