// What a job counts while it runs: rows, late rows, watermarks, checkpoints, time per step.
import type { Clock } from '../base/clock.ts'
import { pageBytes, type Pages } from '../device/pages.ts'
import type { Latency, LatencyMetrics } from './latency.ts'
import type { StepTotals, TaskReply } from './messages.ts'
import type { SinkRun } from './sink-run.ts'
import type { SourceRun } from './source-run.ts'
import { StageTimes } from './stage-times.ts'

/** A stage, or a sink, as of now. */
export interface StageMetrics {
  /** Ids of its steps in order, its scan first. */
  readonly steps: readonly string[]
  readonly instances: number
  /** Instances with work at hand. */
  readonly working: number
  /** How full its fullest queue is, 0 to 1. */
  readonly queueFill: number
  /** It has work and waits, because its readers have no room. */
  readonly isHeld: boolean
  /** What it did with its time so far, from samples; of sinks not known. */
  readonly busyMs?: number
  readonly heldMs?: number
  readonly idleMs?: number
}

/** A picture of a running job. Counts are since the start of this process's run. */
export interface JobMetrics {
  /** `draining`: it takes no more input. `failed`: or cancelled. */
  readonly state: 'running' | 'draining' | 'ended' | 'failed'
  readonly rowsRead: number
  readonly rowsWritten: number
  readonly elapsedMs: number
  /** How long rows are on their way, from a source's reading to a sink's having written them; undefined while none are written. */
  readonly latency: LatencyMetrics | undefined
  /** Event time (ms) that the slowest operator has reached; undefined before the first. */
  readonly watermark: number | undefined
  /** Counters by name: lateRows, badRecords, … */
  readonly counts: Readonly<Record<string, number>>
  /** `lastMs`: from barrier to commit; `lastBytes`: what was written for it, without what earlier ones have; `bytes`: for all of them. */
  readonly checkpoints: { readonly completed: number; readonly lastEpoch: number | undefined; readonly lastMs: number | undefined; readonly lastBytes: number | undefined; readonly bytes: number }
  /** The most bytes that the engine held at once while the job ran, of other jobs and kept results too; and those of them that were batches of this job on their way. */
  readonly memory: { readonly peakBytes: number; readonly peakBatchBytes: number }
  /** Share of the input handed out, 0 to 1, if known; of what is read as a whole it isn't, before the end. */
  readonly progress: number | undefined
  /** Rows known to wait at the sources, if known. */
  readonly lag: number | undefined
  /** Milliseconds that each thread has spent in the job's steps, the engine's own last; half a second old at most, while there is work. */
  readonly busyMs: readonly number[]
  /** What each step, source and sink took, gave and cost so far, by its id; as old as `busyMs`. Of a sink: rows, and milliseconds of writing. */
  readonly steps: Readonly<Record<string, StepTotals>>
  /** The stages in the order of the plan, then the sinks. */
  readonly stages: readonly StageMetrics[]
}

/** Adds up what tasks, sources and sinks report. */
export class MetricsCounter {
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #counts: Record<string, number> = {}
  readonly #watermarks = new Map<number, number>()
  readonly #totals = new Map<number, Readonly<Record<string, StepTotals>>>()
  readonly #threadOf = new Map<number, number>()
  readonly #threadCount: number
  readonly #latency: Latency
  #rowsRead = 0
  #rowsWritten = 0
  #checkpoints = 0
  #lastEpoch: number | undefined
  #lastMs: number | undefined
  #lastBytes: number | undefined
  #checkpointBytes = 0
  readonly #times: StageTimes
  readonly #memory: { readonly pages: Pages; readonly batches: { readonly peakBytes: number } }
  #peakPages = 0
  #ended = false

  /** `threadCount`: with the engine's own. */
  constructor(clock: Clock, threadCount: number, memory: { readonly pages: Pages; readonly batches: { readonly peakBytes: number } }, latency: Latency) {
    this.#clock = clock
    this.#latency = latency
    this.#threadCount = threadCount
    this.#memory = memory
    this.#startedMs = clock.elapsed()
    this.#times = new StageTimes(this.#startedMs)
  }

  /** Takes note of the most pages so far: before another job begins to count, or when this one has ended. */
  notePeak(): void {
    if (!this.#ended) this.#peakPages = Math.max(this.#peakPages, this.#memory.pages.highWater())
  }
  /** The job has ended: what is held from now on is not its. */
  ended(): void {
    this.notePeak()
    this.#ended = true
  }
  count(metric: string, by: number): void {
    this.#counts[metric] = (this.#counts[metric] ?? 0) + by
  }
  read(rows: number): void {
    this.#rowsRead += rows
  }
  /** `sinceMs`: when a source began to read what they came of. */
  wrote(rows: number, sinceMs: number | undefined): void {
    this.#rowsWritten += rows
    this.#latency.written(rows, sinceMs)
  }
  /** Takes note of what the stages do; called about every 100 ms. */
  sample(stages: readonly StageMetrics[]): void {
    this.#times.sample(this.#clock.elapsed(), stages)
  }
  checkpointDone(epoch: number, ms: number, bytes: number): void {
    this.#checkpoints++
    this.#lastEpoch = epoch
    this.#lastMs = ms
    this.#lastBytes = bytes
    this.#checkpointBytes += bytes
  }
  /** A task runs on a thread, by number. */
  placed(task: number, thread: number): void {
    this.#threadOf.set(task, thread)
  }
  replied(reply: TaskReply): void {
    for (const [metric, by] of Object.entries(reply.counts ?? {})) this.count(metric, by)
    if (reply.rowsRead) this.read(reply.rowsRead)
    if (reply.watermark !== undefined && Number.isFinite(reply.watermark)) this.#watermarks.set(reply.task, reply.watermark)
    if (reply.totals) this.#totals.set(reply.task, reply.totals)
  }

  /** Event time that a task has reached; −Infinity before it has told any. */
  watermarkOf(task: number): number {
    return this.#watermarks.get(task) ?? Number.NEGATIVE_INFINITY
  }

  /** What each step took, gave and cost, by its id, summed over instances. */
  totals(): Map<string, StepTotals> {
    const sums = new Map<string, StepTotals>()
    for (const steps of this.#totals.values()) {
      for (const [id, totals] of Object.entries(steps)) {
        const sum = sums.get(id)
        sums.set(id, sum ? added(sum, totals) : totals)
      }
    }
    return sums
  }

  /** The picture as of now. */
  picture(sources: readonly SourceRun[], now: { state: JobMetrics['state']; stages: readonly StageMetrics[]; sinks: readonly SinkRun[] }): JobMetrics {
    this.notePeak()
    const shares = sources.map(s => s.progress())
    const lags = sources.map(s => s.lag()).filter(l => l !== undefined)
    const { state, stages, sinks } = now
    // Copies: a task on the engine's thread goes on with its own.
    const steps = [...this.totals(), ...[...sources, ...sinks].map(({ id, totals }) => [id, totals] as const)].flatMap(([id, totals]) => (totals ? [[id, { ...totals }] as const] : []))
    return {
      state,
      rowsRead: this.#rowsRead,
      rowsWritten: this.#rowsWritten,
      elapsedMs: this.#clock.elapsed() - this.#startedMs,
      latency: this.#latency.metrics(),
      watermark: this.#watermarks.size === 0 ? undefined : Math.min(...this.#watermarks.values()),
      counts: { ...this.#counts },
      checkpoints: { completed: this.#checkpoints, lastEpoch: this.#lastEpoch, lastMs: this.#lastMs, lastBytes: this.#lastBytes, bytes: this.#checkpointBytes },
      memory: { peakBytes: this.#peakPages * pageBytes, peakBatchBytes: this.#memory.batches.peakBytes },
      progress: state === 'ended' ? 1 : shares.length > 0 && shares.every(s => s !== undefined) ? Math.min(...(shares as number[])) : undefined,
      lag: lags.length > 0 ? lags.reduce((a, b) => a + b, 0) : undefined,
      busyMs: this.#busyMs(),
      steps: Object.fromEntries(steps),
      stages: [...stages.map((stage, i) => ({ ...stage, ...this.#times.of(i) })), ...sinks.map(sink => sink.metrics())],
    }
  }

  #busyMs(): number[] {
    const busy = new Array<number>(this.#threadCount).fill(0)
    for (const [task, steps] of this.#totals) for (const { ms } of Object.values(steps)) busy[this.#threadOf.get(task)!]! += ms
    return busy
  }
}

function added(a: StepTotals, b: StepTotals): StepTotals {
  return {
    rows: a.rows + b.rows,
    rowsOut: a.rowsOut + b.rowsOut,
    bytesOut: a.bytesOut + b.bytesOut,
    ms: a.ms + b.ms,
    spilledBytes: a.spilledBytes + b.spilledBytes,
  }
}
