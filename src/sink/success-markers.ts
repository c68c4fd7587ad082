// Empty files that tell other programs that a directory, or a partition of it, is complete. A partition is where the watermark has passed its time by a
// delay; one that gets late rows is marked again with them. Source of the rule: Flink's file sink, partition commit by partition time.
import { DataError, PlanError } from '../base/errors.ts'
import { type Duration, parseDuration } from '../base/units.ts'

/** `true`: a file _SUCCESS in the directory, when the input has ended. With `partitionTime`: one in each partition. */
export type Success =
  | boolean
  | {
      /** The time at which a partition begins, by its values: `'{dt} {hm}'` of dt=2026-01-01 and hm=10:15 is 2026-01-01 10:15 in UTC. */
      readonly partitionTime: string
      /** How far the watermark must be behind that time: as long as a partition lasts, or longer. 0 unless said. */
      readonly delay?: Duration
      /** The file's name; _SUCCESS unless said. */
      readonly name?: string
    }

const plainName = '_SUCCESS'

/** What marks a directory's files as complete. */
export interface SuccessRule {
  readonly name: string
  /** The directory itself is marked, at the end of the input. */
  readonly ofAll: boolean
  /** When the watermark has passed a partition of these values: epoch milliseconds; Infinity: at the end of the input only. Undefined where partitions aren't marked. */
  readonly passedAt?: (values: readonly (string | null)[], folder: string) => number
}

/** The rule of a directory. Throws PlanError SUCCESS, DURATION. */
export function successRule(success: Success | undefined, partitionBy: readonly string[] | undefined, where: string): SuccessRule | undefined {
  if (success === undefined || success === false) return undefined
  if (success === true) return { name: plainName, ofAll: true }
  const refused = (what: string) => new PlanError('SUCCESS', `${where}, success: ${what}`)
  if (typeof success !== 'object' || typeof success.partitionTime !== 'string') throw refused("give true, or { partitionTime: '{dt} {hm}', delay: '1m' }")
  const { partitionTime, delay = 0, name = plainName } = success
  if (!partitionBy) throw refused('there are no partitions; give partitionBy, or success: true')
  if (!/^[._][^/\\]*$/.test(name)) throw refused(`readers would take ${JSON.stringify(name)} for a file of rows; begin its name with _ or .`)
  const delayMs = parseDuration(delay, `${where}, success`)
  if (delayMs < 0) throw refused(`the delay is ${delay}; give 0 or more`)
  const named = [...partitionTime.matchAll(/\{([^{}]*)\}/g)].map(([, column]) => column!)
  const strange = named.find(column => !partitionBy.includes(column))
  if (named.length === 0) throw refused(`partitionTime "${partitionTime}" names no column; write the columns in braces, as in '{dt} {hm}'`)
  if (strange !== undefined) throw refused(`partitionTime names "${strange}"; the partitions are by ${partitionBy.join(', ')}`)
  return {
    name,
    ofAll: false,
    passedAt(values, folder) {
      const valueOf = (column: string) => values[partitionBy.indexOf(column)]!
      // Nobody can tell when rows without a time are all there.
      if (named.some(column => valueOf(column) === null)) return Number.POSITIVE_INFINITY
      const text = partitionTime.replace(/\{([^{}]*)\}/g, (_, column: string) => valueOf(column)!)
      const time = timeOf(text)
      if (time !== undefined) return time + delayMs
      throw new DataError('PARTITION_TIME', `${where}: partition ${folder} has the time "${text}", which is none; partitionTime must come to a text such as 2026-01-31, 2026-01-31 10 or 2026-01-31 10:15:00`)
    },
  }
}

// In UTC. Parts that don't exist, such as a 31st of June, are no time.
function timeOf(text: string): number | undefined {
  const match = /^(\d{4})-?(\d\d?)-?(\d\d?)(?:[ T](\d\d?)(?::?(\d\d)(?::?(\d\d)(?:\.\d+)?)?)?)?Z?$/.exec(text.trim())
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(part => Number(part ?? 0)) as [number, number, number, number, number, number]
  const time = Date.UTC(year, month - 1, day, hour, minute, second)
  const found = new Date(time)
  const isSame = found.getUTCMonth() === month - 1 && found.getUTCDate() === day && found.getUTCHours() === hour && found.getUTCMinutes() === minute && found.getUTCSeconds() === second
  return isSame ? time : undefined
}
