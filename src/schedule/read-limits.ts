// Whether sources may be read further: not while memory is short, and not by a source whose event time is too far ahead of those it is aligned with.
import type { WatermarkParams } from '../operators/watermark.ts'
import type { ResolvedPlan } from '../plan/resolve.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { BatchesInFlight } from './batches-in-flight.ts'
import type { JobEnvironment } from './job-environment.ts'
import type { SinkRun } from './sink-run.ts'
import type { SourceRun } from './source-run.ts'
import type { StageRun } from './stage-run.ts'

/** A watermark step that is aligned with others of its group. */
interface Aligned {
  readonly stage: number
  readonly sources: ReadonlySet<string>
  readonly group: string
  readonly driftMs: number
  readonly idleMs: number | undefined
}

/** The parts of a running job. */
export interface RunningParts {
  readonly stages: readonly StageRun[]
  readonly sinks: readonly SinkRun[]
  readonly sources: readonly SourceRun[]
  readonly batches: BatchesInFlight
  /** Event time that a task has reached. */
  readonly watermarkOf: (task: number) => number
}

/** What sources of a running job are asked before each step of reading. Cost: the steps that are aligned. */
export class ReadLimits {
  readonly #environment: JobEnvironment
  readonly #parts: RunningParts
  readonly #aligned: readonly Aligned[]

  constructor(environment: JobEnvironment, parts: RunningParts, stages: readonly StageSpec[], plan: ResolvedPlan) {
    this.#environment = environment
    this.#parts = parts
    // Of input that ends what is joined may be read one side after the other.
    const streaming = plan.bounded ? [] : stages
    this.#aligned = streaming.flatMap(({ steps }, stage) =>
      steps.flatMap(({ id, kind, params }): Aligned[] => {
        const { align, idleMs } = (params ?? {}) as unknown as Partial<WatermarkParams>
        return kind === 'watermark' && align ? [{ stage, sources: new Set(plan.edges.get(id)?.sources), group: align.group, driftMs: align.driftMs, idleMs }] : []
      }),
    )
  }

  /** Where memory gets short, what is on its way is worked off first. */
  mayRead(source?: string): boolean {
    const { device, crowdedPages } = this.#environment
    const { batches, stages, sinks } = this.#parts
    if (source !== undefined && this.#aligned.some(one => one.sources.has(source) && this.#isAhead(one))) return false
    return (device.pages.used() < crowdedPages && !batches.isCrowded) || (stages.every(stage => stage.quiet()) && sinks.every(sink => sink.quiet()))
  }

  // Of what comes from the same source nothing would come either.
  #isAhead(one: Aligned): boolean {
    const own = this.#watermark(one)
    return this.#aligned.some(other => other.group === one.group && ![...one.sources].some(source => other.sources.has(source)) && own > this.#watermark(other) + one.driftMs && this.#isAwaited(other))
  }

  #watermark({ stage }: Aligned): number {
    return this.#parts.watermarkOf(this.#parts.stages[stage]!.instances[0]!.task)
  }

  // One that has ended, or is silent for longer than its watermark waits, holds nobody up.
  #isAwaited({ sources, idleMs }: Aligned): boolean {
    const open = this.#parts.sources.filter(({ id }) => sources.has(id)).filter(source => !source.ended())
    const now = this.#environment.clock.elapsed()
    return open.some(source => idleMs === undefined || source.handedOutMs === undefined || now - source.handedOutMs() < idleMs)
  }
}
