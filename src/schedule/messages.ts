// What the engine's thread and the tasks tell each other. Batches travel as numbers (addresses in the shared memory); their fields
// are known to both sides from the stage. A message hands over the references of the batches in it.
import type { ErrorData } from '../base/errors.ts'
import type { HiddenValues } from '../base/hidden.ts'
import type { PackedBatch } from '../batch/pack-batch.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { ScanSplit } from '../source/source.ts'
import type { StateRun } from '../state/state-run.ts'

/** State runs by step id. */
export type StepRuns = Readonly<Record<string, readonly StateRun[]>>

/** Splits that several tasks read together, each the next that none has taken. `taken`: the address of a zeroed word, where they count those. */
export interface SharedSplits {
  readonly splits: readonly ScanSplit[]
  readonly taken: number
}

/** To a task. `batchRows`: of batches read from now on, at most. `hidden`: what the stage's scan refers to, for another thread. `seq` numbers the messages of one stage; each gets one reply, and a further one for each `continue` of the same number. `leave`: nobody wants what more a split has. `ended`: positions of steps that had given all they give before the checkpoint. */
export type TaskMessage =
  | { type: 'open'; task: number; seq: number; spec: StageSpec; instance: number; batchRows: number; restore: StepRuns; ended: readonly number[]; stateBytes: readonly number[]; spillFolder: string; shared: number; hidden?: HiddenValues }
  | { type: 'split'; task: number; seq: number; split: ScanSplit; batchRows: number }
  | ({ type: 'splits'; task: number; seq: number; batchRows: number } & SharedSplits)
  | { type: 'continue'; task: number; seq: number; leave?: boolean; batchRows: number }
  | { type: 'push'; task: number; seq: number; port: number; batch: PackedBatch | null; watermark?: number }
  | { type: 'tick'; task: number; seq: number; now: number }
  | { type: 'finish'; task: number; seq: number; port: number }
  | { type: 'drain'; task: number; seq: number }
  | { type: 'snapshot'; task: number; seq: number }
  | { type: 'settle'; task: number; seq: number }
  | { type: 'close'; task: number; seq: number }

/** A batch (or its parts by reading instance) for output `output` of the stage. */
export interface PackedOutput {
  readonly output: number
  readonly parts: readonly (PackedBatch | null)[]
}

/** What a step took so far, summed over the task. */
export interface StepTotals {
  rows: number
  rowsOut: number
  /** Bytes of the columns it emitted, without those behind views. */
  bytesOut: number
  /** Its own time, without that of the steps it pushes into. */
  ms: number
  /** Bytes written to spill files. */
  spilledBytes: number
}

/** From a task: the outputs of one message, in order. */
export interface TaskReply {
  readonly task: number
  readonly seq: number
  readonly outputs: readonly PackedOutput[]
  /** The watermark behind the outputs, where it has moved. */
  readonly watermark?: number
  readonly counts?: Readonly<Record<string, number>>
  readonly totals?: Readonly<Record<string, StepTotals>>
  readonly runs?: StepRuns
  /** Beside `runs`: the positions of steps that have given all they give. */
  readonly ended?: readonly number[]
  readonly rowsRead?: number
  /** Its end has come, and it has more to emit: by `drain`. */
  readonly more?: boolean
  /** No further input can change the output. */
  readonly done?: boolean
  readonly error?: ErrorData
  /** The message is not done: there is more to come once the task is told to `continue`. */
  readonly paused?: boolean
}
