// The arithmetic of windows on single numbers: which windows a time is in, what is late. Columns go through compute/window.ts; this says
// the same in few lines, for plans, tests and processing time.

/** Windows that have fixed bounds: tumbling ones have slide = size. With `cumulates` those that begin with one of `sizeMs` and end a multiple of `slideMs` later, which divides it. */
export interface WindowGrid {
  readonly sizeMs: number
  readonly slideMs: number
  readonly offsetMs: number
  readonly cumulates?: boolean
}

/** The windows that cover `time`: their starts, ascending. Times before the epoch floor as those after it. None where windows have gaps between them. */
export function windowStarts(grid: WindowGrid, time: number): number[] {
  const { sizeMs, slideMs, offsetMs } = grid
  const starts: number[] = []
  for (let start = Math.floor((time - offsetMs) / slideMs) * slideMs + offsetMs; start > time - sizeMs; start -= slideMs) starts.unshift(start)
  return starts
}

/** The first and the last end of the windows that cover `time`; undefined where there are none. */
export function endsAt(grid: WindowGrid, time: number): { readonly firstEnd: number; readonly lastEnd: number } | undefined {
  const { sizeMs, slideMs, offsetMs, cumulates } = grid
  const begun = Math.floor((time - offsetMs) / slideMs) * slideMs + offsetMs
  if (cumulates) return { firstEnd: begun + slideMs, lastEnd: Math.floor((time - offsetMs) / sizeMs) * sizeMs + offsetMs + sizeMs }
  const [first] = windowStarts(grid, time)
  return first === undefined ? undefined : { firstEnd: first + sizeMs, lastEnd: begun + sizeMs }
}

/** The start of the window that ends at `end`. */
export function startOfWindow({ sizeMs, offsetMs, cumulates }: WindowGrid, end: number): number {
  return cumulates ? Math.floor((end - 1 - offsetMs) / sizeMs) * sizeMs + offsetMs : end - sizeMs
}

/** Whether a window that ends at `end` takes no more rows: its last moment and the lateness have passed. */
export function isWindowLate(end: number, latenessMs: number, watermark: number): boolean {
  return end - 1 + latenessMs <= watermark
}

/** The first window end after the watermark: the one that fires next. */
export function nextWindowEnd(grid: WindowGrid, watermark: number): number {
  const { sizeMs, slideMs, offsetMs } = grid
  return Math.ceil((watermark + 2 - offsetMs - sizeMs) / slideMs) * slideMs + offsetMs + sizeMs
}
