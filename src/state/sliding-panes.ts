// Panes of windows that slide by much less than their size, merged incrementally: a window of an hour by a second has 3,600 panes, and each second only one comes
// and one goes. Two stacks: of the older panes it is known what each and all that follow it make together, of the newer ones what all make; a window is one of the
// former and the latter. Source: the two-stacks algorithm (Tangwongsan, Hirzel, Schneider: Sliding-Window Aggregation Algorithms).
import type { Batch } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type GroupShape, GroupState } from './group-state.ts'
import { type LoggedRows, RowLog } from './row-log.ts'

/** Rows that count in the windows with ends from `firstEnd` to `lastEnd`. */
export interface FrozenPane {
  readonly firstEnd: number
  readonly lastEnd: number
  readonly rows: LoggedRows
}

interface FrontPane extends FrozenPane {
  /** What this pane and all behind it make, where that is kept. */
  suffix: LoggedRows | undefined
}

/** So many panes that go before older ones are kept apart; then all is put in order again. */
const oddMax = 64
const suffixBytesDefault = 512 << 20

/** Frozen panes, of which windows are asked for in rising order of their ends. Owns its memory until `close`. Cost: 2 to 3 merges of all groups a window, amortised. */
export class SlidingPanes {
  readonly #device: Device
  readonly #shape: GroupShape
  readonly #log: RowLog
  readonly #suffixes: RowLog
  readonly #suffixBytesMax: number
  readonly #rowBytes: number
  #front: FrontPane[] = []
  #frontAt = 0
  #back: FrozenPane[] = []
  #backEnd = Number.NEGATIVE_INFINITY
  readonly #backState: GroupState
  /** Panes that go before the front has gone. */
  #odd: FrozenPane[] = []
  /** Groups of the last window: what a suffix may have. */
  #groups = 0

  /** `bytesMax`: what suffixes may take together; where they would take more, only some are kept, and a window merges the panes between. */
  constructor(device: Device, shape: GroupShape, bytesMax: number) {
    this.#device = device
    this.#shape = shape
    this.#backState = new GroupState(device, shape)
    const fields = this.#backState.fields()
    this.#log = new RowLog(device, fields)
    this.#suffixes = new RowLog(device, fields)
    this.#rowBytes = 16 * fields.length
    this.#suffixBytesMax = Math.min(suffixBytesDefault, bytesMax)
  }

  /** The end of the last window that has a pane here; −Infinity where there is none. */
  get lastEnd(): number {
    return Math.max(this.#frontAt < this.#front.length ? this.#front.at(-1)!.lastEnd : Number.NEGATIVE_INFINITY, this.#backEnd)
  }
  /** Bytes held. */
  get bytes(): number {
    return this.#log.bytes + this.#suffixes.bytes
  }

  /** Takes a pane that gets no further rows. Rows as `GroupState.rowsOf` gives them. */
  add(arena: Arena, firstEnd: number, lastEnd: number, rows: Batch): void {
    const pane = { firstEnd, lastEnd, rows: this.#log.append(rows) }
    const last = this.#front.at(-1)
    if (last && this.#frontAt < this.#front.length && lastEnd <= last.lastEnd) this.#odd.push(pane)
    else {
      this.#back.push(pane)
      this.#backEnd = Math.max(this.#backEnd, lastEnd)
      this.#mergeRows(arena, this.#backState, rows)
    }
  }

  /** Gives panes back that are in no window from `end` on. */
  dropBefore(end: number): void {
    for (let pane = this.#front[this.#frontAt]; pane && pane.lastEnd < end; pane = this.#front[++this.#frontAt]) this.#release(pane)
    this.#odd = this.#odd.filter(pane => pane.lastEnd >= end || this.#release(pane))
    if (this.#frontAt === this.#front.length) this.#front = []
    if (this.#front.length === 0) this.#frontAt = 0
    if (this.#front.length === 0 && this.#backEnd < end && this.#back.length > 0) this.#forgetBack()
  }

  /** What the panes of the window with this end make, merged into `into`, which is empty; or a state of its own, to be read before the next call. None of an earlier end may follow. */
  window(arena: Arena, end: number, into: () => GroupState): GroupState {
    this.dropBefore(end)
    if (this.#odd.length > oddMax || (this.#front.length === 0 && this.#back.some(pane => pane.lastEnd < end))) this.#turn(end)
    const isWhole = this.#front.length === 0 && this.#odd.length === 0
    const state = isWhole ? this.#backState : into()
    if (!isWhole) {
      this.#mergeFront(arena, state)
      const { groupCount } = this.#backState
      state.merge(arena, this.#backState.keyColumns(arena), this.#backState.partialColumns(arena), groupCount)
      for (const pane of this.#odd) this.#mergeRows(arena, state, this.#log.rows(arena, pane.rows))
    }
    this.#groups = state.groupCount
    return state
  }

  /** All panes, with their rows in `arena`. */
  *panes(arena: Arena): Generator<{ firstEnd: number; lastEnd: number; rows: Batch }> {
    for (const { firstEnd, lastEnd, rows } of [...this.#front.slice(this.#frontAt), ...this.#back, ...this.#odd]) yield { firstEnd, lastEnd, rows: this.#log.rows(arena, rows) }
  }

  close(): void {
    this.#log.close()
    this.#suffixes.close()
    this.#backState.close()
  }

  // None of the newer panes is in any window that follows.
  #forgetBack(): void {
    for (const pane of [...this.#back, ...this.#odd]) this.#release(pane)
    this.#back = []
    this.#odd = []
    this.#backEnd = Number.NEGATIVE_INFINITY
    this.#backState.reset()
  }

  #mergeFront(arena: Arena, state: GroupState): void {
    for (let at = this.#frontAt; at < this.#front.length; at++) {
      const { suffix, rows } = this.#front[at]!
      this.#mergeRows(arena, state, suffix ? this.#suffixes.rows(arena, suffix) : this.#log.rows(arena, rows))
      if (suffix) return
    }
  }

  // All panes become older ones: in order of their last windows, each with what it and those behind it make.
  #turn(end: number): void {
    const panes = [...this.#front.slice(this.#frontAt), ...this.#back, ...this.#odd].filter(pane => pane.lastEnd >= end || this.#release(pane)).sort((a, b) => a.lastEnd - b.lastEnd)
    for (const pane of this.#front.slice(this.#frontAt)) if (pane.suffix) this.#suffixes.release(pane.suffix)
    const every = Math.max(1, Math.ceil((panes.length * this.#groups * this.#rowBytes) / Math.max(1, this.#suffixBytesMax)))
    const state = new GroupState(this.#device, this.#shape)
    const front: FrontPane[] = panes.map(pane => ({ ...pane, suffix: undefined }))
    try {
      for (let at = front.length - 1; at >= 0; at--) {
        const arena = this.#device.arena()
        try {
          this.#mergeRows(arena, state, this.#log.rows(arena, front[at]!.rows))
          if (at % every === 0) front[at]!.suffix = this.#suffixes.append(state.rowsOf(arena))
        } finally {
          arena.release()
        }
      }
    } finally {
      state.close()
    }
    this.#front = front
    this.#frontAt = 0
    this.#back = []
    this.#backEnd = Number.NEGATIVE_INFINITY
    this.#odd = []
    this.#backState.reset()
  }

  #mergeRows(arena: Arena, state: GroupState, { columns, rowCount }: Batch): void {
    const keyCount = this.#shape.keys.length
    state.merge(arena, columns.slice(0, keyCount), columns.slice(keyCount), rowCount)
  }

  // Gives a pane's memory back; always false.
  #release(pane: FrozenPane & { suffix?: LoggedRows | undefined }): false {
    this.#log.release(pane.rows)
    if (pane.suffix) this.#suffixes.release(pane.suffix)
    return false
  }
}
