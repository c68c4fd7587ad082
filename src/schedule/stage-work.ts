// What a stage has to do, and what it waits for.
import type { ScanSplit } from '../source/source.ts'
import type { Barrier, Item } from './flow.ts'
import type { SharedSplits, TaskReply } from './messages.ts'

/** What waits in a stage's queue. */
export type Work = { kind: 'split'; split: ScanSplit } | ({ kind: 'splits' } & SharedSplits) | { kind: 'tick'; now: number } | (Item & { port: number })

/** What instances were told and have not all answered, or whose turn to be passed on has not come. */
export interface Pending {
  /** By instance, what has not been passed on: the reply, or the parts of it so far. */
  replies: (TaskReply[] | undefined)[]
  missing: number
  /** Batches in `replies`. */
  held: number
  /** What was given to the instances. */
  given?: object
  watermark?: number
  /** When a source began to read what this came of; undefined where it came of nothing read. */
  sinceMs?: number
  barrier?: Barrier
  end?: boolean
}
