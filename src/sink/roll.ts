// When a file of a directory ends and the next one begins: with each epoch, or where it is rolled, with the first that brings it to its age or size.
import { PlanError } from '../base/errors.ts'
import { type Duration, parseBytes, parseDuration } from '../base/units.ts'

/** How files are rolled: by their age since their first row, by their size, or by both, whichever comes first. A duration alone is an age. */
export type Roll = Duration | { readonly every?: Duration; readonly size?: number | string }

/** What a file has come to. */
interface Grown {
  /** By the clock, epoch milliseconds. */
  readonly openedMs: number
  readonly bytes: number
}

/** When files end. */
export interface RollRule {
  /** False where each epoch has files of its own. */
  readonly spansEpochs: boolean
  /** True of a file that has its age or size. */
  isDue(file: Grown, nowMs: number): boolean
}

/** The rule of a directory's files. Throws PlanError ROLL, DURATION, BYTES. */
export function rollRule(roll: Roll | undefined, where: string): RollRule {
  if (roll === undefined) return { spansEpochs: false, isDue: () => false }
  const { every, size } = typeof roll === 'object' && roll !== null ? roll : { every: roll, size: undefined }
  if (every === undefined && size === undefined) throw new PlanError('ROLL', `${where}: roll says neither an age nor a size; give roll: '1m', or roll: { every: '1m', size: '128MiB' }`)
  const everyMs = every === undefined ? Number.POSITIVE_INFINITY : parseDuration(every, `${where}, roll`)
  const bytesMax = size === undefined ? Number.POSITIVE_INFINITY : parseBytes(size, `${where}, roll`)
  if (everyMs <= 0 || bytesMax <= 0) throw new PlanError('ROLL', `${where}: files are rolled at ${everyMs <= 0 ? `an age of ${every}` : `a size of ${size}`}; give more than 0`)
  return { spansEpochs: true, isDue: ({ openedMs, bytes }, nowMs) => bytes >= bytesMax || nowMs - openedMs >= everyMs }
}

/** A rule for people: `every 1m or at 128MiB`. */
export function rolledText(roll: Roll): string {
  const { every, size } = typeof roll === 'object' && roll !== null ? roll : { every: roll, size: undefined }
  const age = every === undefined ? [] : [`every ${every}${typeof every === 'number' ? ' ms' : ''}`]
  return [...age, ...(size === undefined ? [] : [`at ${size}${typeof size === 'number' ? ' bytes' : ''}`])].join(' or ')
}
