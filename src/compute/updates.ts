// What results that are updated need beside sums: which groups a batch touches, what a change does to counts, and states taken away again.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { EntryState } from './entry-state.ts'

/** The groups that a batch touches: addresses of u32 in the arena of the call. `locals`: for each row, the place of its group among them. */
export interface Touched {
  readonly ids: number
  /** For each group, the row where it was first seen. */
  readonly firsts: number
  readonly locals: number
  readonly count: number
}

/** Finds groups, each once, in order of first sight. Owns its memory (8 bytes a group) until `close`. Cost: 2 ns a row in cache. */
export class TouchedGroups {
  readonly #stamps: EntryState
  #stamp = 0
  constructor(device: Device) {
    this.#stamps = new EntryState(device, 8)
  }

  find(arena: Arena, gids: number, rows: number, groupCount: number): Touched {
    // 0 is what fresh entries have.
    if (this.#stamp === 0xffff_ffff) {
      this.#stamps.reset()
      this.#stamp = 0
    }
    this.#stamp++
    const stamps = this.#stamps.ensure(groupCount)
    const [ids, firsts, locals] = [0, 0, 0].map(() => arena.allocate(4 * rows)) as [number, number, number]
    const count = this.#stamps.device.kernels.firstSeen(gids, rows, stamps, this.#stamp, ids, firsts, locals)
    return { ids, firsts, locals, count }
  }

  get bytes(): number {
    return this.#stamps.memory.bytes
  }
  close(): void {
    this.#stamps.close()
  }
}

/** The bitmap in `arena` of rows whose change (address of int8, batch/change.ts) takes a row away. */
export function retractions(device: Device, arena: Arena, changes: number, rows: number): number {
  const bits = arena.allocate(bitmapBytes(rows))
  device.kernels.maskRetractions(changes, rows, bits)
  return bits
}

/** Which groups have rows: a bit each, and how many do. */
export interface Present {
  readonly bits: number
  readonly some: number
}

/** How many rows each group has, as they come and are taken away. Owns its memory until `close`. */
export class RowCounts {
  readonly #state: EntryState
  constructor(device: Device) {
    this.#state = new EntryState(device, 8)
  }

  get bytes(): number {
    return this.#state.memory.bytes
  }
  /** Takes rows; `changes`: the address of what each is (batch/change.ts), 0 where all are new. */
  add(gids: number, changes: number, rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    if (changes === 0) kernels.countGroups(gids, 0, rows, this.#state.ensure(groupCount), 3)
    else kernels.countChanges(gids, changes, rows, this.#state.ensure(groupCount))
  }
  /** Adds counts (int64) to groups. */
  merge(gids: number, { values, length }: Column, groupCount: number): void {
    this.#state.device.kernels.addWordsI64(gids, values, length, this.#state.ensure(groupCount), 3)
  }
  /** Which of the groups `ids` (`count` u32) have rows. */
  present(arena: Arena, groupCount: number, ids: number, count: number): Present {
    return this.#state.picked(arena, groupCount, ids, count, () => this.presentOf(arena, count))
  }
  /** Which of all groups have rows. */
  presentOf(arena: Arena, groupCount: number): Present {
    const bits = arena.allocate(bitmapBytes(groupCount))
    return { bits, some: this.#state.device.kernels.maskPositive(this.#state.ensure(groupCount), groupCount, bits) }
  }
  /** The counts of all groups, valid until the next rows. */
  column(groupCount: number): Column {
    return { type: int64, length: groupCount, values: this.#state.ensure(groupCount), validity: 0 }
  }
  close(): void {
    this.#state.close()
  }
}

/** −column, of int64 (wrapping) or float64. */
export function negated(device: Device, arena: Arena, { type, length, values }: Column): Column {
  const out = allocateColumn(arena, type, length)
  if (type.kind === 'float64') device.kernels.negF64(values, length, out.values)
  else device.kernels.negateI64(values, length, out.values)
  return out
}

/** The negatives of whole numbers of 192 bits, whose words are three columns. */
export function negatedWide(device: Device, arena: Arena, words: readonly Column[]): Column[] {
  const out = words.map(({ type, length, values }) => {
    const copy = allocateColumn(arena, type, length)
    device.memory.bytes(copy.values, 8 * length).set(device.memory.bytes(values, 8 * length))
    return copy
  })
  device.kernels.negateWide(out[0]!.values, out[1]!.values, out[2]!.values, out[0]!.length)
  return out
}
