// The result that each window gave last, where further ones take it back: results become changes (batch/change.ts), or each window's last one, where the input ends.
import type { Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { Change, changeField } from '../batch/change.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherColumn, gatherOwned } from '../compute/gather.ts'
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

  /** Takes what came; `fresh` columns have a row for each result. */
  changes(arena: Arena, coming: readonly ComingResult[], fresh: readonly Column[], freshRows: number): ResultChanges {
    const device = this.#device
    let place = this.#store.rowCount
    this.#store.append({ columns: fresh, rowCount: freshRows })
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
      if (!this.#isNet) {
        if (before >= 0) give(i, before, Change.updateBefore)
        give(i, place, before >= 0 ? Change.updateAfter : Change.insert)
      }
      window.given = place++
    })
    const indices = numbersAt(device, arena, rows)
    const { columns } = gatherOwned(device, arena, this.#store.batch(), indices, rows.length)
    return { of, columns: this.#isNet ? columns : [...columns, buildColumn(device, arena, changeField, changes, 'changes')] }
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
