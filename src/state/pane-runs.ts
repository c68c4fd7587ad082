// Panes in checkpoints: the rows of all of them in one run, each with the ends of the first and the last window of its pane.
import type { Batch, Column } from '../batch/batch.ts'
import { timestampMs } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { columnRange } from '../compute/gather.ts'
import { RowStore } from '../compute/row-store.ts'
import { timeColumn } from '../compute/time-column.ts'
import { timeAt } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { encodeRun } from './run-codec.ts'

/** A pane's groups as rows. */
export interface PaneRows {
  readonly firstEnd: number
  readonly lastEnd: number
  readonly rows: Batch
}

const runBytes = 256 << 20

/** The fields of a run of panes, given those of a pane's rows. */
export function paneFields(fields: Fields): Fields {
  return [...fields, { name: '$first', type: timestampMs, nullable: false }, { name: '$last', type: timestampMs, nullable: false }]
}

/** The panes as runs of some 256 MiB at most. Memory: a run's. */
export function* paneRuns(device: Device, fields: Fields, panes: Iterable<PaneRows>): Generator<Uint8Array> {
  const store = new RowStore(device, paneFields(fields))
  const arena = device.arena()
  try {
    for (const { firstEnd, lastEnd, rows } of panes) {
      store.append({ rowCount: rows.rowCount, columns: [...rows.columns, timeColumn(device, arena, firstEnd, rows.rowCount), timeColumn(device, arena, lastEnd, rows.rowCount)] })
      if (store.bytes < runBytes) continue
      yield encodeRun(device, store.batch())
      store.clear()
    }
    if (store.rowCount > 0) yield encodeRun(device, store.batch())
  } finally {
    arena.release()
    store.close()
  }
}

/** The panes of a run, which lie one behind the other in it; their rows in `arena`. */
export function* panesOf(device: Device, arena: Arena, { fields, columns, rowCount }: Batch): Generator<PaneRows> {
  const own = fields.slice(0, -2)
  const [first, last] = columns.slice(-2).map(({ values }) => device.memory.uint32s(values, 2 * rowCount)) as [Uint32Array, Uint32Array]
  const isSame = (a: number, b: number) => [first, last].every(words => words[2 * a] === words[2 * b] && words[2 * a + 1] === words[2 * b + 1])
  for (let start = 0; start < rowCount; ) {
    let end = start + 1
    while (end < rowCount && isSame(start, end)) end++
    const at = (column: Column) => timeAt(device, column.values + 8 * start)
    const rows = { fields: own, rowCount: end - start, columns: columns.slice(0, -2).map(column => columnRange(device, arena, column, start, end)), arena: arena.address }
    yield { firstEnd: at(columns.at(-2)!), lastEnd: at(columns.at(-1)!), rows }
    start = end
  }
}

/** What `make` gives, with an arena that dies when all of it has been asked for. */
export function* inArena<T>(device: Device, make: (arena: Arena) => Iterable<T>): Generator<T> {
  const arena = device.arena()
  try {
    yield* make(arena)
  } finally {
    arena.release()
  }
}
