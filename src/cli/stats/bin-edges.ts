// Where the bins of a histogram begin: round numbers, and of times round ones of clock and calendar, so that people can read them.
import type { TimeUnit } from '../../batch/data-type.ts'
import { unitsPerSecond } from '../../batch/time-text.ts'

/** The starts of bins and the end of the last, ascending: bin i has the values in [edges[i], edges[i + 1]). `step` says how wide they are, in words. */
export interface BinEdges<V extends number | bigint> {
  readonly edges: readonly V[]
  readonly step: string
}

/** Edges for finite numbers from `least` to `greatest`: about `bins` of them, all as wide, at round numbers. One number alone is a bin that begins and ends with it. */
export function numberEdges(least: number, greatest: number, bins: number): BinEdges<number> {
  const alone = { edges: [least, greatest], step: '' }
  // Divided first: the distance of two numbers may be beyond all numbers.
  const raw = greatest / bins - least / bins
  if (!(raw > 0)) return alone
  const { digit, exponent } = roundUp(raw)
  // The number nearest to the decimal text, which multiplying isn't.
  const at = (index: number): number => Number(`${index * digit}e${exponent}`)
  const step = at(1)
  let [first, last] = [Math.floor(least / step), Math.floor(greatest / step) + 1]
  // Division rounds.
  if (at(first) > least) first--
  if (at(last) <= greatest) last++
  // Where numbers are too large for such steps, or too small.
  if (!(step > 0) || !(last - first <= bins + 3)) return alone
  const edges = Array.from({ length: last - first + 1 }, (_, i) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, at(first + i))))
  return edges.some((edge, i) => i > 0 && !(edge > edges[i - 1]!)) ? alone : { edges, step: String(step) }
}

// The least of 1, 2, 2.5, 5 times a power of ten that is `raw` or more; negative exponents end where 10 ** n does.
function roundUp(raw: number): { digit: number; exponent: number } {
  const exponent = Math.max(-300, Math.floor(Math.log10(raw)))
  const digit = [1, 2, 2.5, 5, 10].find(one => one * 10 ** exponent >= raw) ?? 10
  return { digit, exponent }
}

/** Edges for whole numbers: as `numberEdges`, with steps that are whole. */
export function wholeEdges(least: bigint, greatest: bigint, bins: number): BinEdges<bigint> {
  const step = wholeStep(ceilDivided(greatest - least + 1n, BigInt(bins)))
  return { edges: evenEdges(least, greatest, step, 0n), step: String(step) }
}

// The least of 1, 2, 5 times a power of ten (and of 25 times one) that is `raw` or more.
function wholeStep(raw: bigint): bigint {
  for (let power = 1n; ; power *= 10n) {
    const found = [1n, 2n, 5n].map(digit => digit * power).find(step => step >= raw)
    if (found !== undefined) return power >= 10n && raw <= (25n * power) / 10n && found > (25n * power) / 10n ? (25n * power) / 10n : found
  }
}

const clockSteps: readonly (readonly [count: bigint, seconds: bigint, name: string])[] = [
  [1n, 1n, 'second'],
  [2n, 1n, 'second'],
  [5n, 1n, 'second'],
  [10n, 1n, 'second'],
  [15n, 1n, 'second'],
  [30n, 1n, 'second'],
  [1n, 60n, 'minute'],
  [2n, 60n, 'minute'],
  [5n, 60n, 'minute'],
  [10n, 60n, 'minute'],
  [15n, 60n, 'minute'],
  [30n, 60n, 'minute'],
  [1n, 3600n, 'hour'],
  [2n, 3600n, 'hour'],
  [3n, 3600n, 'hour'],
  [6n, 3600n, 'hour'],
  [12n, 3600n, 'hour'],
  [1n, 86_400n, 'day'],
  [2n, 86_400n, 'day'],
]
const monthSteps = [1, 3, 6]
const daysOfWeek = 7n
/** 1970-01-05 was a Monday. */
const firstMonday = 4n
const daysPerMonth = 31n
const monthsTo1970 = 1970n * 12n
const daysPerYear = 366n

/** Edges for spans of time as counts of `unit`: round ones of the clock, then whole days. */
export function clockEdges(least: bigint, greatest: bigint, unit: TimeUnit, bins: number): BinEdges<bigint> {
  const perSecond = unitsPerSecond[unit]
  const raw = ceilDivided(greatest - least + 1n, BigInt(bins))
  if (raw < perSecond) {
    const step = wholeStep(raw)
    return { edges: evenEdges(least, greatest, step, 0n), step: `${step} ${unit}` }
  }
  const found = clockSteps.find(([count, seconds]) => count * seconds * perSecond >= raw)
  const days = wholeStep(ceilDivided(raw, 86_400n * perSecond))
  const [count, seconds, name] = found ?? [days, 86_400n, 'day']
  return { edges: evenEdges(least, greatest, count * seconds * perSecond, 0n), step: counted(count, name) }
}

/** Edges for points in time as counts of `unit` since 1970 in UTC, or of days: as `clockEdges` up to two days, then weeks from Monday on, months and years. */
export function calendarEdges(least: bigint, greatest: bigint, unit: TimeUnit | 'day', bins: number): BinEdges<bigint> {
  const perDay = unit === 'day' ? 1n : 86_400n * unitsPerSecond[unit]
  const raw = ceilDivided(ceilDivided(greatest - least + 1n, BigInt(bins)), perDay)
  if (raw <= 2n) {
    if (unit !== 'day') return clockEdges(least, greatest, unit, bins)
    return { edges: evenEdges(least, greatest, raw, 0n), step: counted(raw, 'day') }
  }
  const weeks = [1n, 2n].find(count => count * daysOfWeek >= raw)
  if (weeks !== undefined) return { edges: evenEdges(least, greatest, weeks * daysOfWeek * perDay, firstMonday * perDay), step: counted(weeks, 'week') }
  const months = monthSteps.find(count => BigInt(count) * daysPerMonth >= raw)
  const years = wholeStep(ceilDivided(raw, daysPerYear))
  const step = months === undefined ? years * 12n : BigInt(months)
  // Counted from the year 0, so that decades begin with one.
  const first = floorDivided(monthOf(floorDivided(least, perDay)) + monthsTo1970, step) * step - monthsTo1970
  const edges: bigint[] = []
  for (let month = first; ; month += step) {
    edges.push(dayOfMonth(month) * perDay)
    if (edges.at(-1)! > greatest) break
  }
  return { edges, step: months === undefined ? counted(years, 'year') : counted(BigInt(months), 'month') }
}

function counted(count: bigint, name: string): string {
  return `${count} ${name}${count === 1n ? '' : 's'}`
}

// From the last multiple of `step` behind `origin` that isn't above `least` to the first above `greatest`.
function evenEdges(least: bigint, greatest: bigint, step: bigint, origin: bigint): bigint[] {
  const first = floorDivided(least - origin, step) * step + origin
  return Array.from({ length: Number((greatest - first) / step) + 2 }, (_, i) => first + BigInt(i) * step)
}

// Months since January 1970, of days since its first, and back (Howard Hinnant, "chrono-compatible low-level date algorithms").
function monthOf(days: bigint): bigint {
  const shifted = days + 719_468n
  const era = floorDivided(shifted, 146_097n)
  const dayOfEra = shifted - era * 146_097n
  const yearOfEra = (dayOfEra - dayOfEra / 1_460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n)
  // Years begin in March there.
  const month = (5n * dayOfYear + 2n) / 153n
  return (yearOfEra + era * 400n - 1970n) * 12n + month + 2n
}

function dayOfMonth(months: bigint): bigint {
  const fromMarch = months - 2n
  const year = floorDivided(fromMarch, 12n) + 1970n
  const month = fromMarch - floorDivided(fromMarch, 12n) * 12n
  const era = floorDivided(year, 400n)
  const yearOfEra = year - era * 400n
  const dayOfYear = (153n * month + 2n) / 5n
  return era * 146_097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719_468n
}

function floorDivided(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

function ceilDivided(value: bigint, by: bigint): bigint {
  return -floorDivided(-value, by)
}
