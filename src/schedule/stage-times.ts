// What stages do with their time, from samples: at work, held up by readers that have no room, or with nothing to do.
import type { StageMetrics } from './metrics.ts'

/** Milliseconds since the start, of all instances together divided by their number. The three add up to the time that was sampled. */
export interface StageTime {
  readonly busyMs: number
  /** It had work, and its readers had no room: back-pressure. */
  readonly heldMs: number
  readonly idleMs: number
}

const none: StageTime = { busyMs: 0, heldMs: 0, idleMs: 0 }

/** Adds samples up, by the number of the stage. */
export class StageTimes {
  #times: StageTime[] = []
  #lastMs: number

  constructor(nowMs: number) {
    this.#lastMs = nowMs
  }

  /** What the stages do now is taken for what they have done since the last sample. */
  sample(nowMs: number, stages: readonly Pick<StageMetrics, 'instances' | 'working' | 'isHeld'>[]): void {
    const ms = Math.max(0, nowMs - this.#lastMs)
    this.#lastMs = nowMs
    this.#times = stages.map(({ instances, working, isHeld }, i) => {
      const { busyMs, heldMs, idleMs } = this.of(i)
      const busy = (ms * working) / Math.max(1, instances)
      const held = isHeld ? ms - busy : 0
      return { busyMs: busyMs + busy, heldMs: heldMs + held, idleMs: idleMs + ms - busy - held }
    })
  }

  /** Of a stage, so far. */
  of(stage: number): StageTime {
    return this.#times[stage] ?? none
  }
}
