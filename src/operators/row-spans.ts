// The windows of single rows: what triggered-aggregate.ts asks of each. Times, watermarks and gaps come from columns; bounds are those that window-aggregate.ts and session-aggregate.ts give.
import type { Batch } from '../batch/batch.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import { sessionGaps } from '../compute/session.ts'
import { floorTimes, timesAt } from '../compute/window.ts'
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
  /** A number a row; undefined for none. */
  #times: Float64Array | undefined
  #shown: Float64Array | undefined
  #watermarks: Float64Array | undefined
  #gaps: Float64Array | undefined
  #now = 0
  #lastPlace = Number.NaN
  #last: readonly Span[] = []
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
    const read = (address: number) => (address === 0 ? undefined : timesAt(this.#device, address, batch.rowCount))
    const times = this.#time < 0 ? 0 : floorTimes(this.#device, arena, batch.columns[this.#time]!)
    this.#times = read(times)
    this.#shown = this.#zone && times !== 0 ? read(this.#zone.shown(arena, times, batch.rowCount)) : this.#times
    this.#watermarks = read(watermarksOf(this.#context, batch, this.#watermark, last))
    this.#gaps = this.#gap < 0 ? undefined : read(sessionGaps(this.#device, arena, batch.columns[this.#gap]!, times, where))
  }

  /** When the row happened; −Infinity where it has no time. By the clock, where windows have none of event time. */
  timeOf(row: number): number {
    return this.#times ? this.#times[row]! : this.#now
  }
  /** The watermark just before the row; −Infinity while unknown. */
  watermarkOf(row: number): number {
    return this.#watermarks ? this.#watermarks[row]! : Number.NEGATIVE_INFINITY
  }

  /** The windows that the row, which has a time, is of: in order of their ends. None where windows have gaps between them. */
  of(row: number): readonly Span[] {
    const { kind } = this.#window
    if (kind === 'count' || kind === 'global') return endless
    if (!this.#grid) {
      const start = this.timeOf(row)
      return [{ start, end: start + (this.#gaps ? this.#gaps[row]! : (this.#window as { gapMs: number }).gapMs) }]
    }
    const time = this.#shown ? this.#shown[row]! : (this.#zone?.shownAt(this.#now) ?? this.#now)
    return this.#spansAt(this.#grid, time)
  }

  // Where the slide divides the size, times between two starts are of the same windows.
  #spansAt(grid: WindowGrid, time: number): readonly Span[] {
    const { sizeMs, slideMs, offsetMs } = grid
    if (sizeMs % slideMs !== 0) return this.#spansOf(grid, time)
    const place = Math.floor((time - offsetMs) / slideMs)
    if (place === this.#lastPlace) return this.#last
    this.#lastPlace = place
    return (this.#last = this.#spansOf(grid, time))
  }

  // Where a clock is put forward several of its hours are the same moment, and windows that end at them one.
  #spansOf(grid: WindowGrid, time: number): readonly Span[] {
    const spans = endsOf(grid, time).map(end => this.#spanOf(grid, end))
    return this.#zone ? spans.filter(({ start, end }, i) => i === 0 || spans[i - 1]!.end !== end || spans[i - 1]!.start !== start) : spans
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
