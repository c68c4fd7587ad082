// What each step of a stage has taken, given and cost. Steps run inside one another: a step pushes what it emits straight into the next, whose time is its own.
import type { Clock } from '../base/clock.ts'
import { type Batch, columnBytes } from '../batch/batch.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { StepTotals } from './messages.ts'

/** The meter of a stage: step −1 is its scan. */
export class StepMeter {
  readonly #totals: StepTotals[]
  readonly #spec: StageSpec
  readonly #clock: Clock
  #innerMs = 0

  constructor(spec: StageSpec, clock: Clock) {
    this.#spec = spec
    this.#clock = clock
    this.#totals = Array.from({ length: spec.steps.length + 1 }, () => ({ rows: 0, rowsOut: 0, bytesOut: 0, ms: 0, spilledBytes: 0 }))
  }

  of(step: number): StepTotals {
    return this.#totals[step + 1]!
  }

  /** What there is so far, by step. */
  totals(): Record<string, StepTotals> {
    const { scan, steps } = this.#spec
    const ids = steps.map((step, i) => [step.id, i] as const)
    return Object.fromEntries([...(scan ? [[scan.id, -1] as const] : []), ...ids].map(([id, i]) => [id, this.of(i)]))
  }

  /** Runs a part of a step's work; what it pushes into other steps is counted there. */
  timed<T>(step: number, work: () => T): T {
    const outerMs = this.#innerMs
    this.#innerMs = 0
    const start = this.#clock.elapsed()
    try {
      return work()
    } finally {
      const ms = this.#clock.elapsed() - start
      this.of(step).ms += ms - this.#innerMs
      this.#innerMs = outerMs + ms
    }
  }

  /** Counts a batch that a step has emitted. */
  emitted(step: number, batch: Batch): void {
    const totals = this.of(step)
    totals.rowsOut += batch.rowCount
    for (const column of batch.columns) totals.bytesOut += columnBytes(column)
  }
}
