// The windows of single rows: what triggered-aggregate.ts asks of each. Times, watermarks and gaps come from columns; bounds are those that window-aggregate.ts and session-aggregate.ts give.
import type { Batch } from '../batch/batch.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import { sessionGaps } from '../compute/session.ts'
import { floorTimes, timeAt } from '../compute/window.ts'
import { WindowZone } from '../compute/window-zone.ts'
import type { Device } from '../device/device.ts'
import { startOfWindow, type WindowGrid, windowStarts } from '../window/window-math.ts'
import { isTimed, type WindowSpec } from '../window/window-spec.ts'
import type { OperatorContext } from './operator.ts'
import { watermarkColumn, watermarksOf } from './watermark.ts'

/** The bounds of a window, [start, end), in ms; an endless one's are infinite. */
export interface Span {
  readonly start: number
  readonly end: number
}

const endless: readonly Span[] = [{ start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }]
const boundsKept = 10_000

/** The windows of the rows of a batch, which `begin` names. Cost: about 50 ns a row, more where a row is of many windows. */
export class RowSpans {
  readonly #context: OperatorContext
  readonly #device: Device
  readonly #window: WindowSpec
  readonly #grid: WindowGrid | undefined
  readonly #zone: WindowZone | undefined
  /** Positions in the input; −1 for none. */
  readonly #time: number
  readonly #gap: number
  readonly #watermark: number
  /** Addresses of an int64 a row; 0 for none. */
  #times = 0
  #shown = 0
  #watermarks = 0
  #gaps = 0
  #now = 0
  #bounds = new Map<number, Span>()
  constructor(context: OperatorContext, window: WindowSpec, input: Fields) {
    const at = (name: string) => columnIndex(input, name, context.where)
    this.#context = context
    this.#device = context.device
    this.#window = window
    this.#time = isTimed(window) ? at(window.time) : -1
    this.#gap = 'gapColumn' in window && window.gapColumn !== undefined ? at(window.gapColumn) : -1
    this.#watermark = input.findIndex(field => field.name === watermarkColumn)
    this.#zone = 'zone' in window && window.zone !== undefined ? new WindowZone(context.device, window.zone) : undefined
    if (!('sizeMs' in window)) return
    const { sizeMs, offsetMs = 0 } = window
    const cumulates = window.kind === 'cumulate' || (window.kind === 'processing' && window.cumulates === true)
    this.#grid = { sizeMs, slideMs: ('slideMs' in window ? window.slideMs : undefined) ?? sizeMs, offsetMs, cumulates }
  }

  /** The rows to come are those of `batch`, which arrive at `now` by the clock; `last`: the watermark that reached the operator last. Throws DataError SESSION_GAP. */
  begin(batch: Batch, now: number, last: number): void {
    const { arena, where } = this.#context
    this.#now = now
    this.#times = this.#time < 0 ? 0 : floorTimes(this.#device, arena, batch.columns[this.#time]!)
    this.#shown = this.#zone && this.#times !== 0 ? this.#zone.shown(arena, this.#times, batch.rowCount) : this.#times
    this.#watermarks = watermarksOf(this.#context, batch, this.#watermark, last)
    this.#gaps = this.#gap < 0 ? 0 : sessionGaps(this.#device, arena, batch.columns[this.#gap]!, this.#times, where)
  }

  /** When the row happened; −Infinity where it has no time. By the clock, where windows have none of event time. */
  timeOf(row: number): number {
    return this.#time < 0 ? this.#now : timeAt(this.#device, this.#times + 8 * row)
  }
  /** The watermark just before the row; −Infinity while unknown. */
  watermarkOf(row: number): number {
    return this.#watermarks === 0 ? Number.NEGATIVE_INFINITY : timeAt(this.#device, this.#watermarks + 8 * row)
  }

  /** The windows that the row, which has a time, is of: in order of their ends. None where windows have gaps between them. */
  of(row: number): readonly Span[] {
    const { kind } = this.#window
    if (kind === 'count' || kind === 'global') return endless
    if (!this.#grid) {
      const start = this.timeOf(row)
      return [{ start, end: start + (this.#gaps === 0 ? (this.#window as { gapMs: number }).gapMs : timeAt(this.#device, this.#gaps + 8 * row)) }]
    }
    const time = this.#shown !== 0 ? timeAt(this.#device, this.#shown + 8 * row) : (this.#zone?.shownAt(this.#now) ?? this.#now)
    return endsOf(this.#grid, time).map(end => this.#spanOf(this.#grid!, end))
  }

  #spanOf(grid: WindowGrid, shownEnd: number): Span {
    const known = this.#bounds.get(shownEnd)
    if (known) return known
    const start = startOfWindow(grid, shownEnd)
    const span = this.#zone ? { start: this.#zone.startOf(start), end: this.#zone.endOf(shownEnd) } : { start, end: shownEnd }
    if (this.#bounds.size >= boundsKept) this.#bounds.clear()
    this.#bounds.set(shownEnd, span)
    return span
  }
}

function endsOf(grid: WindowGrid, time: number): number[] {
  const { sizeMs, slideMs, cumulates } = grid
  if (!cumulates) return windowStarts(grid, time).map(start => start + sizeMs)
  const [start] = windowStarts({ ...grid, slideMs: sizeMs }, time)
  const first = start! + (Math.floor((time - start!) / slideMs) + 1) * slideMs
  return Array.from({ length: (start! + sizeMs - first) / slideMs + 1 }, (_, i) => first + i * slideMs)
}
