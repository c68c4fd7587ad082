// How long rows are on their way through a job: from when a source begins to read them, or what a row is the result of, until a sink has written it. Batches are as large as
// that allows.
import type { Clock } from '../base/clock.ts'
import { BatchSize } from './batch-size.ts'

/** What is told of the rows written in the last while, half a minute to one; the times of the rows, not of the batches. Off by at most 4.5 %. */
export interface LatencyMetrics {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Bounds of the histogram rise by 2^(1/8) each, from 1 ms / 16 on. */
const perDoubling = 8
const leastMs = 1 / 16
const buckets = 27 * perDoubling
const spanMs = 30_000

/** Of a running job, with a histogram of the last two spans of time. Cost: some additions a batch; 3.5 KB. */
export class Latency {
  readonly #clock: Clock
  readonly #size: BatchSize
  #now = new Float64Array(buckets)
  #before = new Float64Array(buckets)
  #sinceMs = Number.NEGATIVE_INFINITY

  /** `budgetMs`: how long rows may be on their way; without it batches are of `rowsMax`. */
  constructor(clock: Clock, rowsMax: number, budgetMs: number | undefined) {
    this.#clock = clock
    this.#size = new BatchSize(rowsMax, budgetMs)
  }

  /** Rows that sources may read at once, as of now. */
  get batchRows(): number {
    return this.#size.rows
  }

  /** Rows were written, which a source began to read at `sinceMs`; undefined: they came of nothing read. */
  written(rows: number, sinceMs: number | undefined): void {
    if (sinceMs === undefined) return
    const nowMs = this.#clock.elapsed()
    this.#turn(nowMs)
    const bucket = Math.ceil(Math.log2(Math.max(nowMs - sinceMs, leastMs) / leastMs) * perDoubling)
    this.#now[Math.min(buckets - 1, bucket)]! += rows
    this.#size.written(sinceMs, nowMs)
  }

  /** As of now; undefined while nothing was written for long. */
  metrics(): LatencyMetrics | undefined {
    this.#turn(this.#clock.elapsed())
    const counts = this.#now.map((rows, i) => rows + this.#before[i]!)
    const total = counts.reduce((a, b) => a + b, 0)
    if (total === 0) return undefined
    return { p50Ms: quantile(counts, total / 2), p99Ms: quantile(counts, 0.99 * total), maxMs: middleMs(counts.findLastIndex(rows => rows > 0)) }
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#sinceMs < spanMs) return
    const old = this.#before.fill(0)
    this.#before = this.#now
    this.#now = old
    if (nowMs - this.#sinceMs >= 2 * spanMs) this.#before.fill(0)
    this.#sinceMs = nowMs
  }
}

function quantile(counts: Float64Array, rows: number): number {
  let seen = 0
  return middleMs(counts.findIndex(count => (seen += count) >= rows))
}

// A bucket's bound is its upper one.
function middleMs(bucket: number): number {
  return leastMs * 2 ** ((bucket - 0.5) / perDoubling)
}
