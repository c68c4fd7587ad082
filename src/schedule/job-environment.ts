// What a job runs on and with: all that the engine puts together for it.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Topics } from '../base/topic.ts'
import type { Device } from '../device/device.ts'
import type { Bindings } from '../plan/resolve.ts'
import type { OutputCalls } from '../sink/output-calls.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { Checkpoint, CheckpointStore } from '../storage/checkpoint-store.ts'
import type { TaskHost } from './host.ts'
import type { TaskReply } from './messages.ts'

/** What a job runs on and with. */
export interface JobEnvironment {
  readonly device: Device
  readonly clock: Clock
  /** Worker threads; empty: everything runs on `main`. */
  readonly workers: readonly TaskHost[]
  /** The engine's own thread. */
  readonly main: TaskHost
  readonly bindings: Bindings
  readonly job: string
  /** Rows of a batch at most. */
  readonly batchRows: number
  /** How long rows of a stream may be on their way. */
  readonly latencyMs: number
  /** Bytes of state that the job's operators may keep together. */
  readonly stateBytes: number
  /** Pages in use from which on nothing further is read while anything is on its way. */
  readonly crowdedPages: number
  /** Bytes of batches in flight from which on the same holds. */
  readonly batchBytes: number
  /** Where operators spill. */
  readonly spillFolder: string
  /** Time between epochs. */
  readonly epochMs: number
  /** The number of the first epoch, above every earlier one. */
  readonly firstEpoch: number
  readonly fingerprint: string
  readonly store?: CheckpointStore
  readonly retain: number
  readonly checkpoint?: Checkpoint
  /** `checkpoint` is older than what the store holds, or from elsewhere: makes it the store's newest. Sinks undo what they showed after it, where they can. */
  readonly rewind?: () => Promise<void>
  readonly audit?: AuditLog
  readonly logger?: Logger
  readonly topics: Topics
  /** The calls on files that sinks write by, where they aren't the machine's own. */
  readonly files?: OutputCalls
  readonly signal?: AbortSignal
  /** Gives each task a number that is unused on its host. */
  readonly nextTask: () => number
  /** Registers who hears a task's replies. */
  readonly listen: (task: number, listener: (reply: TaskReply) => void) => void
  readonly unlisten: (task: number) => void
}
