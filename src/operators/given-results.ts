// The result that each window gave last, where further ones take it back: results become changes (batch/change.ts), or each window's last one, where the input ends.
import type { Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { Change, changeField } from '../batch/change.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherColumn, gatherOwned } from '../compute/gather.ts'
import { markDiffering } from '../compute/given-rows.ts'
import { RowStore } from '../compute/row-store.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { KeyedWindow, KeyedWindows } from './keyed-windows.ts'
import { numbersAt } from './keyed-window-runs.ts'

/** What came, in order: a result, or that a window is over, or was taken over by another so that what it gave is gone. */
export interface ComingResult {
  readonly window: KeyedWindow
  readonly what: 'result' | 'over' | 'gone'
}

/** Results that hold: which of those that came each row is of, and its columns; of changes `$change` is the last. */
export interface ResultChanges {
  readonly of: readonly number[]
  readonly columns: readonly Column[]
}

const deadRowsMax = 8_192

/** Keeps a row of `fields` a window that gave one. Owns its memory until `close`. */
export class GivenResults {
  readonly #device: Device
  #store: RowStore
  #rowsMax = deadRowsMax
  readonly #isNet: boolean
  /** `isNet`: windows give their last results alone, when they are over. */
  constructor(device: Device, fields: Fields, isNet: boolean) {
    this.#device = device
    this.#isNet = isNet
    this.#store = new RowStore(device, fields)
  }

  get fields(): Fields {
    return this.#store.fields
  }

  /** Takes what came; `fresh` columns have a row for each result. One that is as the one before it changes nothing. */
  changes(arena: Arena, coming: readonly ComingResult[], fresh: readonly Column[], freshRows: number): ResultChanges {
    const device = this.#device
    let place = this.#store.rowCount
    this.#store.append({ columns: fresh, rowCount: freshRows })
    const differs = this.#isNet ? () => true : this.#differing(arena, coming, place)
    const [of, rows, changes]: [number[], number[], number[]] = [[], [], []]
    const give = (i: number, row: number, change: number) => {
      of.push(i)
      rows.push(row)
      changes.push(change)
    }
    coming.forEach(({ window, what }, i) => {
      const before = window.given
      if (what !== 'result') {
        if (before >= 0 && (what === 'over') === this.#isNet) give(i, before, Change.delete)
        window.given = -1
        return
      }
      if (!this.#isNet && differs(place)) {
        if (before >= 0) give(i, before, Change.updateBefore)
        give(i, place, before >= 0 ? Change.updateAfter : Change.insert)
      }
      window.given = place++
    })
    const indices = numbersAt(device, arena, rows)
    const { columns } = gatherOwned(device, arena, this.#store.batch(), indices, rows.length)
    return { of, columns: this.#isNet ? columns : [...columns, buildColumn(device, arena, changeField, changes, 'changes')] }
  }

  // Whether the result at a place is another than what its window gave before it, if it gave one.
  #differing(arena: Arena, coming: readonly ComingResult[], first: number): (place: number) => boolean {
    const device = this.#device
    const last = new Map<KeyedWindow, number>()
    const [before, after]: [number[], number[]] = [[], []]
    coming.filter(({ what }) => what === 'result').forEach(({ window }, i) => {
      const known = last.get(window) ?? window.given
      last.set(window, first + i)
      if (known < 0) return
      before.push(known)
      after.push(first + i)
    })
    const rows = after.length
    const bits = arena.allocateZeroed(bitmapBytes(rows))
    const [old, young] = [before, after].map(places => numbersAt(device, arena, places)) as [number, number]
    for (const column of this.#store.batch().columns) {
      const taken = (places: number) => gatherColumn(device, arena, column, places, rows)
      if (rows > 0) markDiffering(device, arena, taken(old), taken(young), rows, bits)
    }
    const marked = device.memory.bytes(bits, bitmapBytes(rows)).slice()
    const same = new Set(after.filter((_, i) => ((marked[i >> 3]! >> (i & 7)) & 1) === 0))
    return place => !same.has(place)
  }

  /** What windows gave, in their order: of those that gave one. */
  rowsOf(arena: Arena, windows: readonly KeyedWindow[]): Column[] {
    const given = windows.filter(window => window.given >= 0).map(window => window.given)
    const indices = numbersAt(this.#device, arena, given)
    return this.#store.batch().columns.map(column => gatherColumn(this.#device, arena, column, indices, given.length))
  }

  /** The inverse, for windows that gave one each. */
  load(columns: readonly Column[], windows: readonly KeyedWindow[]): void {
    windows.forEach((window, i) => (window.given = this.#store.rowCount + i))
    if (windows.length > 0) this.#store.append({ columns, rowCount: windows.length })
  }

  /** Lets go of what windows that are gone gave, where that is much. */
  compact(windows: KeyedWindows): void {
    if (this.#store.rowCount < this.#rowsMax) return
    const live = windows.all().filter(window => window.given >= 0)
    this.#rowsMax = 2 * live.length + deadRowsMax
    const arena = this.#device.arena()
    try {
      const columns = this.rowsOf(arena, live)
      const { fields } = this.#store
      this.#store.close()
      this.#store = new RowStore(this.#device, fields)
      this.load(columns, live)
    } finally {
      arena.release()
    }
  }

  close(): void {
    this.#store.close()
  }
}
