// Puts rows into windows of event time without grouping them: each row once for every window that it counts in, with the window's bounds. What a join of the
// rows of the same windows begins with. Like Apache Flink's windowing table functions.
import { PlanError } from '../base/errors.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { timestampMs } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields } from '../batch/schema.ts'
import { countNulls } from '../compute/bitmap.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import { floorTimes, spreadWindows, windowsOfRow } from '../compute/window.ts'
import { WindowZone } from '../compute/window-zone.ts'
import { checkWindow, describeWindow, type WindowSpec } from '../window/window-spec.ts'
import { emitApart, type OperatorContext, type OperatorType } from './operator.ts'
import { checkTime } from './watermark.ts'

/** Parameters of `windowRows`: windows of fixed bounds. */
export type WindowRowsParams = { readonly window: Extract<WindowSpec, { readonly kind: 'tumble' | 'hop' | 'cumulate' }> }

/** The columns that it adds. */
export const windowColumns: Fields = ['window_start', 'window_end'].map((name): Field => ({ name, type: timestampMs, nullable: false }))

const emitRows = 65_536

/** The input's columns, and the bounds of the window. Rows without a time are in no window. */
export const windowRowsOperator: OperatorType<WindowRowsParams> = {
  kind: 'windowRows',
  inputCount: 1,
  placement: () => 'any',
  fields([input], { window }, where) {
    checkWindow(window, where)
    checkTime(input!, window.time, where)
    checkBounds(input!, where)
    return [...input!, ...windowColumns]
  },
  needs: (_, { window }, __, readers) => (readers === 'all' ? 'all' : new Set([...readers, window.time])),
  describe: ({ window }) => `rows of ${describeWindow(window)}`,
  create(context, { window }, [input]) {
    const at = columnIndex(input!, window.time, context.where)
    const fields = [...input!, ...windowColumns]
    const zone = window.zone === undefined ? undefined : new WindowZone(context.device, window.zone)
    return {
      push(batch, out) {
        const { device, arena } = context
        const floored = floorTimes(device, arena, batch.columns[at]!)
        const times = zone?.shown(arena, floored, batch.rowCount) ?? floored
        const timeless = countNulls(device, batch.columns[at]!)
        if (timeless > 0) context.count('nullTimeRows', timeless)
        const rows = Math.max(1, Math.floor(emitRows / windowsOfRow(gridOf(window))))
        for (let start = 0; start < batch.rowCount; start += rows) {
          const emit = () => out.emit(spread(context, batch, fields, times, [start, Math.min(batch.rowCount, start + rows)], window, zone))
          if (start === 0) emit()
          else emitApart(context, emit)
        }
      },
    }
  },
}

/** Throws PlanError DUPLICATE_COLUMN where a column is called as a window's bound will be. */
export function checkBounds(input: Fields, where: string): void {
  for (const { name } of windowColumns) if (input.some(field => field.name === name)) throw new PlanError('DUPLICATE_COLUMN', `${where}: there is a column "${name}" already, which the window's bound would be called; rename it`)
}

function gridOf({ sizeMs, offsetMs = 0, ...window }: WindowRowsParams['window']) {
  return { sizeMs, slideMs: 'slideMs' in window ? window.slideMs : sizeMs, offsetMs, cumulates: window.kind === 'cumulate' }
}

function spread({ device, arena }: OperatorContext, batch: Batch, fields: Fields, times: number, [start, end]: readonly [number, number], window: WindowRowsParams['window'], zone: WindowZone | undefined): Batch {
  const found = spreadWindows(device, arena, times, start, end, gridOf(window))
  holdViews(device, arena, batch)
  const bound = (values: number): Column => ({ type: timestampMs, length: found.count, values, validity: 0 })
  const [starts, ends] = [bound(found.starts), bound(found.ends)]
  const bounds = zone ? [zone.starts(arena, starts), zone.ends(arena, ends)] : [starts, ends]
  return { fields, rowCount: found.count, columns: [...batch.columns.map(column => gatherColumn(device, arena, column, found.indices, found.count)), ...bounds], arena: arena.address }
}
