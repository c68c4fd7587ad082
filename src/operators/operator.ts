// The contract of an operator: it is handed batches, emits batches, and can freeze and restore its state. One file an operator,
// one line in `catalogue.ts`. Operators run on one thread each, never block, do no IO, and see time only through watermarks and `clock`.
import type { Clock } from '../base/clock.ts'
import type { FunctionReference, UserFunction } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import type { SpillStore } from '../base/spill.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { ReadyGpu } from '../compute/ready-gpu.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { StateRun } from '../state/state-run.ts'

/** What an operator may use. `arena` changes with every call into the operator: it is the arena of the micro-batch at hand. */
export interface OperatorContext {
  readonly device: Device
  /** Where everything that is emitted during this call must live. Dies when the last reader of those batches is done. */
  arena: Arena
  readonly clock: Clock
  /** This instance of `parallelism`; a keyed operator owns `keyGroupRange(instance, parallelism)`. */
  readonly instance: number
  readonly parallelism: number
  /** The operator's place in the job for messages, such as `filter` or `bids-per-auction`. */
  readonly where: string
  /** True where the input ends: then state that only unbounded input needs may be left out. */
  readonly bounded: boolean
  /**
   * The place of the next `rows` rows of the input among all rows since the start: it rises in source order, over all instances of the operator. For
   * `RowOrder` (compute/row-order.ts).
   */
  takeOrder(rows: number): bigint
  /** Counts something users see in metrics, such as 'lateRows'. */
  count(metric: string, by: number): void
  /**
   * The most bytes of state that this instance should hold: its part of the job's memory. An operator that comes to hold more puts state into `spill`.
   * Infinity where there is no bound (operators in tests).
   */
  readonly stateBytesMax: number
  /** Where to spill; `encodeRun` and `decodeRun` (state/run-codec.ts) make blocks of batches and batches of blocks. */
  readonly spill: SpillStore
  /** The GPU, on the engine's thread of a job that uses one. */
  readonly gpu?: ReadyGpu
  /**
   * Runs `emit` with an arena of its own as `arena`, which dies when what was emitted has been read: for operators that make many batches of one, so that
   * memory doesn't grow with them.
   */
  apart?(emit: () => void): void
  /** The user function behind a reference; loaded before the operator is created. */
  userFunction?(reference: FunctionReference): UserFunction
}

/** Where an operator sends batches. Each emitted batch has `arena === context.arena.address`; see `adopt`. `port` names a side output. */
export interface Output {
  emit(batch: Batch, port?: string): void
}

/** A running operator instance. A batch handed in is valid during the call; to keep it, retain it and `adopt` it before emitting. */
export interface Operator {
  /** Takes a batch of input `port` (0 = left or only, 1 = right). Rows of one input arrive in source order. */
  push(batch: Batch, out: Output, port: number): void
  /** Event time of all inputs has reached `watermark` (ms): no row with an earlier or equal timestamp is to be expected. Never goes back. */
  advance?(watermark: number, out: Output): void
  /** For operators that generate watermarks: the current one, −Infinity while unknown. It replaces the input's for all that follows. */
  watermark?(): number
  /** Processing time has reached `now` (ms); called about every 100 ms on streams. */
  tick?(now: number, out: Output): void
  /** Input `port` has ended. After the last port's end the operator emits what it holds. */
  finish?(out: Output, port: number): void
  /**
   * Emits a piece of what is left after the last port's `finish`; true where there is more. Called until it gives false, with a fresh arena each time and
   * once readers have room, so that a large result needs no memory as a whole. Of several instances the first one's piece comes first, then the
   * second one's, and so on round by round.
   */
  drain?(out: Output): boolean
  /**
   * For operators that have work done outside this thread (a GPU). Called before each message with false: waits only where too much is under way;
   * and before `finish` and `snapshot` with true: waits for all of it. Undefined where there is nothing to wait for. Rejections fail the job.
   */
  settle?(all: boolean): Promise<void> | undefined
  /** Emits results of work done elsewhere that have come; after each wait of `settle`, which is then asked again. Rows that it holds back are asked for by `settle(true)`. */
  emitReady?(out: Output): void
  /** Freezes the state as of now. The runs are copies and may be written while the operator goes on. */
  snapshot?(): StateRun[]
  /** Takes over the state of earlier instances: all runs of this operator; rows outside the own key groups are skipped. Before the first push. */
  restore?(runs: readonly StateRun[]): void
  /** True once no further input can change the output (a limit that is reached): sources that feed nothing else may stop. */
  done?(): boolean
  /** Releases all memory. */
  close?(): void
}

/** Where instances of an operator may run: anywhere in any number; one per key; one alone in source order; on the engine's thread in source order
 * (closures); or 'shared': every instance is given all rows in source order, and they divide the result among themselves. */
export type Placement = 'any' | 'keyed' | 'shared' | 'single' | 'main'

/** An operator as the catalogue lists it. `P` is its parameters: plain data. */
export interface OperatorType<P extends Json = Json> {
  readonly kind: string
  readonly inputCount: 1 | 2
  /** 'webgpu' for operators that compute on the GPU; they run on the engine's thread. */
  readonly device?: 'webgpu'
  /** The kind whose checkpoints this one writes and takes over, where that isn't its own. */
  readonly stateKind?: string
  /**
   * True for operators whose rows wait for others than this thread: they begin a stage of their own, whose queue bounds what comes, and every barrier
   * waits until they have settled.
   */
  readonly waits?: boolean
  placement(params: P): Placement
  /**
   * How much of the memory for state it gets beside the job's other operators: an instance gets this share of it, divided by the instances. Unless
   * said, 1 for operators placed 'keyed', 'shared' or 'single' and 0 for others. 0: it holds next to nothing, and has no bound.
   */
  readonly stateWeight?: number
  /** Rows that it takes at once of columns that are kept, where the user has set no lower limit: for operators that read columns where they lie and make none. */
  readonly keptRows?: number
  /**
   * True where rows of its input may be changes (`$change`, batch/change.ts): it keeps the column with each row, or makes of changed input what it would have made
   * of the changed rows. Where it isn't, a plan whose rows change before it is refused.
   */
  readonly takesChanges?: true
  /** True where it makes the same of rows in whatever order they come. */
  readonly anyOrder?: true
  /**
   * The input that is a table: one batch at most, at its end, which every instance gets before any row of the other input. A step with a table goes on in
   * the stage of its other input.
   */
  readonly tablePort?: 1
  /** The input whose rows every instance of a keyed operator gets; event time is that of the other one. */
  readonly broadcastPort?: 0
  /** The key columns of an input, for keyed placement. */
  keys?(params: P, port: number): readonly string[]
  /** The output's fields. Throws PlanError when the parameters don't fit the inputs. Hidden columns ($…) are kept by row-wise operators. */
  fields(inputs: readonly Fields[], params: P, where: string): Fields
  /**
   * The columns of input `port` that are needed where readers need `readers`; for operators that know better than plan/needed-columns.ts, which takes
   * every name in the parameters for one.
   */
  needs?(inputs: readonly Fields[], params: P, port: number, readers: ReadonlySet<string> | 'all'): ReadonlySet<string> | 'all'
  /** The fields of the side outputs by port name. */
  sidePorts?(inputs: readonly Fields[], params: P): Record<string, Fields>
  /** One line for `explain()`, such as `price > 100 and channel != 'Apple'`. */
  describe(params: P): string
  create(context: OperatorContext, params: P, inputs: readonly Fields[]): Operator
}

/** The same operator type with its parameters' type forgotten, as the catalogue holds it. */
export type AnyOperatorType = OperatorType<never>

/** Emits by `emit` in an arena of its own, where the context has such: see `OperatorContext.apart`. */
export function emitApart(context: OperatorContext, emit: () => void): void {
  if (context.apart) context.apart(emit)
  else emit()
}

/** A kept (retained) batch, made part of the current micro-batch so that it may be emitted; takes over the caller's reference. */
export function adopt(context: OperatorContext, kept: Batch): Batch {
  if (kept.arena !== context.arena.address) context.arena.hold(kept.arena)
  return { ...kept, arena: context.arena.address }
}
