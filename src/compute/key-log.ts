// The values of all groups, logged as they come and then put in runs, a group's after the other's: what quantiles work on. Values are keys (widen.ts).
import type { Column } from '../batch/batch.ts'
import { binary } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { OwnedMemory } from './owned-memory.ts'

/** Rows of a piece of the log: they double, so that small logs stay small and large ones have few pieces. */
const pieceRowsFirst = 256
const pieceRowsMax = 1 << 19

// Rows as they came: gids and keys. Merged: gids and views of bytes that the piece owns too.
type Piece =
  | { readonly kind: 'rows'; readonly gids: number; readonly keys: number; readonly capacity: number; rows: number }
  | { readonly kind: 'runs'; readonly gids: number; readonly views: number; readonly heap: number; readonly heapBytes: number; readonly rows: number }

/** Keys in runs: the run of group g is keys[offsets[g]] to keys[offsets[g + 1]] (u32 at `offsets`). */
export interface KeyRuns {
  readonly keys: number
  readonly offsets: number
  readonly count: number
}

/** A log of keys with their groups. Owns its memory until `close`. Cost: 12 bytes a value. */
export class KeyLog {
  readonly device: Device
  readonly #memory: OwnedMemory
  #pieces: Piece[] = []
  constructor(device: Device) {
    this.device = device
    this.#memory = new OwnedMemory(device)
  }
  /** Bytes held. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Takes the keys of the rows that aren't null. */
  append(gids: number, keys: number, validity: number, rows: number): void {
    let last = this.#pieces.at(-1)
    if (last?.kind !== 'rows' || last.rows + rows > last.capacity) {
      const capacity = Math.max(rows, Math.min(pieceRowsMax, last?.kind === 'rows' ? 2 * last.capacity : pieceRowsFirst))
      last = { kind: 'rows', gids: this.#memory.allocate(4 * capacity), keys: this.#memory.allocate(8 * capacity), capacity, rows: 0 }
      this.#pieces.push(last)
    }
    last.rows += this.device.kernels.logKeys(gids, keys, validity, rows, last.gids + 4 * last.rows, last.keys + 8 * last.rows)
  }

  /** Takes runs, as `runColumn` gives them: run i belongs to group gids[i]. */
  appendRuns(gids: number, { values }: Column, rows: number): void {
    if (rows === 0) return
    const { memory, kernels } = this.device
    const heapBytes = kernels.countViewBytes(values, rows)
    const piece: Piece = { kind: 'runs', gids: this.#memory.allocate(4 * rows), views: this.#memory.allocate(16 * rows), heap: this.#memory.allocate(heapBytes), heapBytes, rows }
    memory.bytes(piece.gids, 4 * rows).set(memory.bytes(gids, 4 * rows))
    kernels.copyViews(values, rows, piece.views, piece.heap)
    this.#pieces.push(piece)
  }

  /** All keys in runs, in `arena`. The log stays as it is. Cost: two passes over the log. */
  runs(arena: Arena, groupCount: number): KeyRuns {
    const { memory, kernels } = this.device
    const counts = arena.allocateZeroed(4 * groupCount)
    for (const piece of this.#pieces) {
      if (piece.kind === 'rows') kernels.countRuns(piece.gids, piece.rows, counts)
      else kernels.countRunKeys(piece.gids, piece.views, piece.rows, counts)
    }
    const offsets = arena.allocate(4 * groupCount + 4)
    const count = kernels.runOffsets(counts, groupCount, offsets)
    memory.bytes(counts, 4 * groupCount).set(memory.bytes(offsets, 4 * groupCount))
    const keys = arena.allocate(8 * count)
    for (const piece of this.#pieces) {
      if (piece.kind === 'rows') kernels.placeLogged(piece.gids, piece.keys, piece.rows, counts, keys)
      else kernels.placeRuns(piece.gids, piece.views, piece.rows, counts, keys)
    }
    return { keys, offsets, count }
  }

  /** Forgets all. */
  reset(): void {
    for (const piece of this.#pieces) {
      if (piece.kind === 'rows') this.#memory.free(piece.keys, 8 * piece.capacity)
      else {
        this.#memory.free(piece.views, 16 * piece.rows)
        this.#memory.free(piece.heap, piece.heapBytes)
      }
      this.#memory.free(piece.gids, 4 * (piece.kind === 'rows' ? piece.capacity : piece.rows))
    }
    this.#pieces = []
  }
  /** Gives the memory back. */
  close(): void {
    this.#pieces = []
    this.#memory.close()
  }
}

/** Runs as a column of bytes, a group's keys a value: how they travel. The bytes are those of `runs`, not copied. */
export function runColumn(device: Device, arena: Arena, { keys, offsets }: KeyRuns, groupCount: number): Column {
  const values = arena.allocate(16 * groupCount)
  device.kernels.runViews(offsets, groupCount, keys, 8, values)
  return { type: binary, length: groupCount, values, validity: 0 }
}
