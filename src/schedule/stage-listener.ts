// Whom a stage talks with: its instances, and the job it belongs to.
import type { PackedBatch } from '../batch/pack-batch.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { BatchesInFlight } from './batches-in-flight.ts'
import type { Barrier } from './flow.ts'
import type { TaskHost } from './host.ts'
import type { StepRuns, TaskReply } from './messages.ts'

/** What a stage tells the job it belongs to. */
export interface StageListener {
  readonly batches: BatchesInFlight
  failed(error: Error): void
  counted(stage: StageSpec, reply: TaskReply): void
  /** `runs` by instance; `ended`: the ids of steps that have given all they give. */
  snapshotTaken(barrier: Barrier, runs: readonly StepRuns[], ended: readonly string[]): void
  release(batch: PackedBatch): void
  /** The flow has moved: sources may go on. */
  moved(): void
  /** False while batches take so much memory that nothing further should be read. */
  mayRead(): boolean
  /** Rows of a batch at most, as of now. */
  batchRows(): number
  /** The clock's elapsed milliseconds. */
  elapsed(): number
}

/** An instance's place: its thread and its task number there. */
export interface Instance {
  readonly host: TaskHost
  readonly task: number
  inFlight: number
  /** When it was last told to read. */
  sentMs: number
}
