// How many rows sources read at once: as many as the machine likes, as long as no row is on its way for longer than asked. What waits in queues is counted in batches, so
// that smaller batches are sooner through. Results don't depend on it.

/** The fewest rows of a batch that is made smaller. */
export const rowsMin = 1_024
/** A stream begins with so many. */
const rowsFirst = 4_096
/** Writes that are looked at together, at least. */
const writesMin = 4
/** Queues are full after so long, or never. */
const fillMs = 200
/** Smaller batches that didn't help aren't tried again for so long. */
const holdMs = 30_000

/** The size of a running job's batches. Without a budget it is `rowsMax`. Cost: some additions a write. */
export class BatchSize {
  readonly #rowsMax: number
  readonly #budgetMs: number
  #rows: number
  /** What came of rows read before is of other sizes. */
  #changedMs = Number.NEGATIVE_INFINITY
  #writes = 0
  /** Of the writes, those that took most of the budget, and half of it. */
  #late = 0
  #slow = 0
  #longestMs = 0
  #secondMs = 0
  #smaller: { readonly rows: number; readonly ms: number } | undefined
  #floor = { rows: rowsMin, untilMs: Number.NEGATIVE_INFINITY }

  /** `budgetMs`: how long rows may be on their way. */
  constructor(rowsMax: number, budgetMs = Number.POSITIVE_INFINITY) {
    this.#rowsMax = rowsMax
    this.#budgetMs = budgetMs
    this.#rows = Number.isFinite(budgetMs) ? Math.min(rowsMax, rowsFirst) : rowsMax
  }

  /** Rows of a batch at most, from now on. */
  get rows(): number {
    return this.#rows
  }

  /** Rows that a source began to read at `sinceMs` are through. */
  written(sinceMs: number, nowMs: number): void {
    if (sinceMs < this.#changedMs || this.#budgetMs === Number.POSITIVE_INFINITY) return
    const ms = nowMs - sinceMs
    this.#writes++
    if (ms > 0.9 * this.#budgetMs) this.#late++
    if (ms > 0.5 * this.#budgetMs) this.#slow++
    this.#secondMs = Math.max(this.#secondMs, Math.min(ms, this.#longestMs))
    this.#longestMs = Math.max(this.#longestMs, ms)
    if (this.#writes >= writesMin) this.#decide(nowMs)
  }

  // One write in ten may have waited for something else, such as a checkpoint.
  #decide(nowMs: number): void {
    const [budget, rows] = [this.#budgetMs, this.#rows]
    if (this.#late > Math.max(1, this.#writes / 10)) return this.#shrink(this.#secondMs, nowMs)
    if (this.#longestMs < 0.15 * budget) return this.#change(Math.min(this.#rowsMax, rows * 4), nowMs)
    // Queues fill up only after a while.
    if (nowMs - this.#changedMs < Math.min(budget, fillMs)) return
    this.#change(this.#slow <= this.#writes / 5 ? Math.min(this.#rowsMax, Math.round(rows * 1.5)) : rows, nowMs)
  }

  #shrink(ms: number, nowMs: number): void {
    const before = this.#smaller
    // Where the time isn't that of the rows, such as a sink's answer, fewer of them only cost.
    if (before && this.#rows <= 0.7 * before.rows && ms > 0.9 * before.ms) {
      this.#floor = { rows: before.rows, untilMs: nowMs + holdMs }
      return this.#change(before.rows, nowMs)
    }
    const floor = nowMs < this.#floor.untilMs ? this.#floor.rows : rowsMin
    const wanted = Math.max(floor, Math.min(this.#rows, Math.round(this.#rows * Math.max(0.25, (0.7 * this.#budgetMs) / ms))))
    const now = { rows: this.#rows, ms }
    this.#change(Math.min(wanted, this.#rowsMax), nowMs)
    this.#smaller = this.#rows < now.rows ? now : undefined
  }

  #change(rows: number, nowMs: number): void {
    this.#smaller = undefined
    this.#rows = rows
    this.#changedMs = nowMs
    this.#writes = this.#late = this.#slow = this.#longestMs = this.#secondMs = 0
  }
}
