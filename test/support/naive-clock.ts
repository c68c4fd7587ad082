// The clock of a time zone, plainly: what it shows at a time, what it will show from then on, and when. Clocks are taken to change at whole half hours of UTC, by an hour at most.
import { zoneOffset } from '../../src/compute/zones.ts'

const halfHour = 1_800_000
const wide = 27 * 3_600_000

/** A zone's clock. Times and what is shown are in ms. */
export interface NaiveClock {
  shown(time: number): number
  /** The least that is shown at or after a time. */
  leastFrom(time: number): number
  /** When it shows so much, or more, first. */
  startOf(shown: number): number
  /** From when on it shows nothing less. */
  endOf(shown: number): number
}

/** The clock of `zone`; without one that of UTC. */
export function naiveClock(zone?: string): NaiveClock {
  if (zone === undefined) return { shown: t => t, leastFrom: t => t, startOf: t => t, endOf: t => t }
  const offset = zoneOffset(zone)
  const known = new Map<number, number>()
  const shown = (time: number) => {
    if (!Number.isFinite(time)) return time
    const at = Math.floor(time / halfHour)
    if (!known.has(at)) known.set(at, 1_000 * offset((at * halfHour) / 1_000))
    return time + known.get(at)!
  }
  const steps = [0, 1, 2, 3].map(i => i * halfHour)
  const leastFrom = (time: number) => Math.min(shown(time), ...steps.map(ms => shown(Math.ceil(time / halfHour) * halfHour + ms)))
  const mostUntil = (time: number) => Math.max(shown(time), ...steps.map(ms => shown(Math.floor((time + 1) / halfHour) * halfHour - 1 - ms)))
  const firstTime = (around: number, holds: (time: number) => boolean) => {
    let [from, to] = [around - wide, around + wide]
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if (holds(middle)) to = middle
      else from = middle
    }
    return to
  }
  return { shown, leastFrom, startOf: at => firstTime(at, t => mostUntil(t) >= at), endOf: at => firstTime(at, t => leastFrom(t) >= at) }
}
