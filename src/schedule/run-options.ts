// What every run can be told, and the checks of what it was told.
import type { Clock } from '../base/clock.ts'
import { PlanError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { MemoryOptions } from '../base/memory-budget.ts'
import type { SecretLike } from '../base/secret.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { DeviceChoice } from '../compute/choose-device.ts'
import type { FuseChoice } from '../plan/fuse-pipelines.ts'

/** How a job keeps its state. */
export interface CheckpointOptions {
  readonly dir: string
  /** Time between checkpoints; 10 s by default. */
  readonly every?: Duration
  /** Complete checkpoints kept; 3 by default. */
  readonly retain?: number
  /** Encrypts state: 32 bytes as hex or base64, or a passphrase. */
  readonly encrypt?: SecretLike
  /** Take an older checkpoint when the newest is damaged; only where every sink can take repeated rows. */
  readonly fallback?: boolean
}

/** Options of every run. */
export interface RunOptions {
  /**
   * Worker threads; 1 (or 0) runs everything on the calling thread. Unless said, as many as the machine has cores where a job reads much (100,000 rows, or
   * 4 MiB of text) or for ever, and none for less; in a page there is one. A run with a `clock` of its own stays on the calling thread too. Threads start with the first job that uses them.
   */
  readonly workers?: number
  /**
   * The most memory of the engine, all its jobs together: bytes or '512MiB', or { total, state, batches }. It counts what operators keep, batches between
   * steps and buffers, not results that were handed over. Unless said three quarters of what the process may use, at most 4 GiB. Operators that
   * would keep more than their part write it to disk.
   */
  readonly memory?: number | string | MemoryOptions
  /** The folder for what is written to disk for lack of memory; the system's for temporary files unless said. Files there have no names, and go with the job. */
  readonly spill?: string
  /** Rows per micro-batch at most; 65,536 by default. Results don't depend on it. */
  readonly batchRows?: number
  /**
   * How long rows of a stream may be on their way while input comes faster than it is worked off; 200 ms by default. Batches are made smaller for it, down to 1,024
   * rows, at some cost in throughput; where that doesn't help, such as behind a sink that takes long for any batch, they are left as they are.
   */
  readonly latency?: Duration
  /**
   * 'stream': input that ends is treated as if it didn't. Results flow as rows come, with barriers, late rows and updates, and nothing waits for an end. Else only
   * input that really never ends is treated so. The rows that hold at the end are the same.
   */
  readonly mode?: 'batch' | 'stream'
  readonly signal?: AbortSignal
  /** The job's name: of its checkpoints, transactions and audit entries. */
  readonly name?: string
  readonly checkpoint?: CheckpointOptions
  /**
   * Where the state comes from: by default the newest complete checkpoint in the directory of `checkpoint`; 'none' starts afresh; else the folder of a savepoint,
   * or of an epoch in a checkpoint directory. From there the job goes on as if later epochs had never been: their checkpoints are removed, and files that they
   * wrote; what topics, Kafka and other systems were given stays there, so stop with a savepoint where that counts. The next start needs no `restore`.
   */
  readonly restore?: 'none' | (string & {})
  /** Where the run tells what it does: its start, checkpoints, restarts and end. */
  readonly logger?: Logger
  /** A directory for the audit log. */
  readonly audit?: string
  readonly clock?: Clock
  /**
   * Where dense work is done. 'auto' (the default): on the GPU where it was measured to be faster and gives the same result to the bit, so far never:
   * no GPU is opened. 'webgpu': on the GPU wherever it can; DeviceError GPU_ABSENT where there is none. 'wasm': never there.
   * So far the GPU does groupBy().agg() without a window, of any keys, if all its aggregates are count, sum or mean of int32, int64 or float64, min
   * or max of int32 or float64; everything else runs on WASM. On the GPU each float64 value is rounded to float32 first (relative error ≤ 2^-24 each;
   * beyond 3.4e38 infinite), integers are exact. `explain({ analyze: true, device })` and `table.stats.steps` say what ran where.
   */
  readonly device?: DeviceChoice
  /**
   * Whether filters, expressions and the count, sum, mean, min and max behind them become one function, compiled for the job: 'auto' (the default) for jobs
   * that read much, 'always', or 'never'. Results are the same, sums of floats within 1e-12. `explain({ analyze: true })` says what was compiled.
   */
  readonly fuse?: FuseChoice
}

/** The most threads. */
export const workersMax = 128

/** The number of threads, or PlanError WORKERS. */
export function checkedWorkers(workers: number): number {
  if (Number.isInteger(workers) && workers >= 0 && workers <= workersMax) return workers
  throw new PlanError('WORKERS', `workers: ${workers} is not a number of threads; give a whole number from 0 (no threads) to 128; os.availableParallelism() tells how many this machine runs at once`)
}

/** How to run, or PlanError MODE. */
export function parseMode(mode: RunOptions['mode']): RunOptions['mode'] {
  if (mode === undefined || mode === 'batch' || mode === 'stream') return mode
  throw new PlanError('MODE', `mode: "${String(mode)}" is no way to run; give 'batch' or 'stream'`)
}

/** The latency that streams keep, in milliseconds. Throws PlanError DURATION. */
export function parseLatency(latency: RunOptions['latency']): number {
  return parseDuration(latency ?? '200ms', 'latency')
}

/** The rows of a batch, or PlanError BATCH_ROWS. */
export function checkedBatchRows(rows: number): number {
  if (Number.isInteger(rows) && rows >= 1 && rows <= 1_048_576) return rows
  throw new PlanError('BATCH_ROWS', `batchRows: ${rows} is not a batch size; give a whole number from 1 to 1,048,576`)
}
