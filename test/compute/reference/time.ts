// Functions of times, plainly: bigints and the plain calendar.
import { type DataType, int64 } from '../../../src/batch/data-type.ts'
import type { Interval, Value } from '../../../src/batch/read-values.ts'
import type { Random } from '../../../src/base/random.ts'
import { DataError } from '../../../src/base/errors.ts'
import { cast } from '../../../src/compute/cast.ts'
import { compare } from '../../../src/compute/compare.ts'
import type { Operand } from '../../../src/compute/operand.ts'
import { dateParts, extract, timeParts, type TimePart, truncate, type TruncateUnit, truncateUnits } from '../../../src/compute/time.ts'
import { addInterval, combineIntervals, makeDates, type SpanUnit, spanUnits, timesBetween } from '../../../src/compute/time-arithmetic.ts'
import { civilOf, daysInMonth, daysOf, floorDiv, floorMod, plusMonths } from '../../support/plain-calendar.ts'
import { columnOf, sampleValue, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const units = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const
const two63 = 2n ** 63n
const wide = { active: 0, where: 'test' }
const interval: DataType = { kind: 'interval' }

interface Input {
  readonly type: DataType
  readonly a: readonly (bigint | null)[]
  readonly b: readonly (bigint | null)[]
  readonly intervals: readonly (Interval | null)[]
  /** Whether the intervals are one, their first. */
  readonly constant: boolean
}

const kinds: readonly DataType[] = [{ kind: 'date' }, ...(['s', 'ms', 'us', 'ns'] as const).map(unit => ({ kind: 'timestamp', unit }) as const)]
const marks = [0, -1, 11016, 11017, -25509, -719468, -719162, 2932896, 47540, 60, 59, 364].map(BigInt)

function sample(random: Random, length: number, shape: Shape): Input {
  const type = kinds[random.int(kinds.length)]!
  const perDay = perDayOf(type)
  const int64s = () => BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()))
  const count = (): bigint => {
    const pick = random.int(4)
    if (pick === 0) return clip(type, shape === 'extreme' ? [two63 - 1n, -two63, 0n, -1n][random.int(4)]! : int64s())
    // Near days that calendars get wrong: the ends of leap years, centuries, year 0, 9999.
    const days = marks[random.int(marks.length)]! + BigInt(random.int(800) - 400)
    return clip(type, pick === 1 ? days * perDay : days * perDay + (type.kind === 'date' ? 0n : BigInt(random.int(86_400)) * (perDay / 86_400n) + BigInt(random.int(1000)) - 500n))
  }
  const nullable = <T>(value: T): T | null => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : value)
  const span = (): Interval =>
    random.int(8) === 0
      ? (sampleValue(random, interval, shape) as Interval)
      : { months: random.int(3) * (random.int(60) - 30) + 0, days: random.int(2) * (random.int(800) - 400) + 0, nanoseconds: BigInt(random.int(2)) * BigInt(random.int(2 ** 31) - 2 ** 30) * 12_345n }
  const constant = random.int(3) === 0
  const first = span()
  return {
    type,
    constant,
    a: Array.from({ length }, () => nullable(count())),
    b: Array.from({ length }, () => nullable(count())),
    intervals: Array.from({ length }, () => (constant ? first : nullable(span()))),
  }
}

function clip(type: DataType, value: bigint): bigint {
  return type.kind === 'date' ? BigInt.asIntN(31, value) : BigInt.asIntN(64, value)
}

function perDayOf(type: DataType): bigint {
  return type.kind === 'timestamp' ? 86_400n * units[type.unit] : 1n
}

function plainPart(part: TimePart, count: bigint, type: DataType): Value {
  const perDay = perDayOf(type)
  const days = floorDiv(count, perDay)
  const ofDay = count - days * perDay
  const second = type.kind === 'timestamp' ? units[type.unit] : 1n
  const { year, month, day, dayOfYear } = civilOf(days)
  const weekDay = Number(floorMod(days + 3n, 7n)) + 1
  const thursday = civilOf(days + 4n - BigInt(weekDay))
  const bounded = (y: bigint) => Number(y > 2n ** 31n - 1n ? 2n ** 31n - 1n : y < -(2n ** 31n) ? -(2n ** 31n) : y)
  const ofMinute = ofDay % (60n * second)
  const fraction = (perSecond: bigint) => (ofMinute * perSecond) / second
  const values: Record<TimePart, () => Value> = {
    year: () => bounded(year),
    month: () => month,
    day: () => day,
    hour: () => Number(ofDay / second / 3600n),
    minute: () => Number((ofDay / second / 60n) % 60n),
    second: () => Number((ofDay / second) % 60n),
    dayOfWeek: () => weekDay,
    quarter: () => Math.ceil(month / 3),
    isoYear: () => bounded(thursday.year),
    week: () => Math.ceil(thursday.dayOfYear / 7),
    dayOfYear: () => dayOfYear,
    millisecond: () => Number(fraction(1000n)),
    microsecond: () => Number(fraction(1_000_000n)),
    nanosecond: () => fraction(1_000_000_000n),
    epoch: () => (type.kind === 'date' ? count * 86_400n : floorDiv(count, second)),
  }
  return values[part]()
}

const fine: Partial<Record<TruncateUnit, bigint>> = { microsecond: 1n, millisecond: 1_000n, second: 1_000_000n, minute: 60_000_000n, hour: 3_600_000_000n }
const months: Partial<Record<TruncateUnit, bigint>> = { month: 1n, quarter: 3n, year: 12n, decade: 120n, century: 1200n }

function plainTruncate(unit: TruncateUnit, count: bigint, type: DataType): bigint {
  const perDay = perDayOf(type)
  const days = floorDiv(count, perDay)
  if (fine[unit]) {
    const micros = type.kind === 'timestamp' ? (fine[unit] * units[type.unit]) / 1_000_000n : 0n
    return micros > 1n ? floorDiv(count, micros) * micros : count
  }
  if (unit === 'day') return days * perDay
  if (unit === 'week') return (floorDiv(days + 3n, 7n) * 7n - 3n) * perDay
  const { year, month } = civilOf(days)
  const index = floorDiv(year * 12n + BigInt(month - 1), months[unit]!) * months[unit]!
  return daysOf(floorDiv(index, 12n), Number(floorMod(index, 12n)) + 1, 1) * perDay
}

// Undefined where a step or the result leaves the type.
function plainAdd(count: bigint, { months: m, days, nanoseconds }: Interval, sign: bigint, type: DataType): bigint | undefined {
  const perDay = perDayOf(type)
  const inside = (x: bigint) => BigInt.asIntN(64, x) === x
  let x = count
  if (m !== 0) x = plusMonths(x, sign * BigInt(m), perDay)
  if (!inside(x)) return undefined
  x += sign * BigInt(days) * perDay
  if (!inside(x)) return undefined
  if (type.kind === 'timestamp') x += floorDiv(sign * nanoseconds * units[type.unit], 1_000_000_000n)
  return inside(x) && (type.kind !== 'date' || BigInt.asIntN(32, x) === x) ? x : undefined
}

function plainBetween(unit: SpanUnit, a: bigint, b: bigint, type: DataType): bigint {
  const perDay = perDayOf(type)
  const each = { month: 1n, quarter: 3n, year: 12n }[unit as 'month']
  if (each === undefined) {
    const micros = { microsecond: 1n, millisecond: 1_000n, second: 1_000_000n, minute: 60_000_000n, hour: 3_600_000_000n, day: 86_400_000_000n, week: 604_800_000_000n }[unit as 'day']
    return ((a - b) * 86_400_000_000n) / perDay / micros
  }
  const [x, y] = [civilOf(floorDiv(a, perDay)), civilOf(floorDiv(b, perDay))]
  let n = x.year * 12n + BigInt(x.month) - y.year * 12n - BigInt(y.month)
  while (n > 0n && plusMonths(b, n, perDay) > a) n--
  while (n < 0n && plusMonths(b, n, perDay) < a) n++
  return n / each
}

const asInt64s = (type: DataType, column: { values: number }) => ({ ...column, type: type.kind === 'date' ? { kind: 'int32' } : int64 }) as never
const raw = (type: DataType, value: bigint | null) => (value === null ? null : type.kind === 'date' ? Number(value) : value)
const partsOf = (type: DataType) => (type.kind === 'date' ? dateParts : timeParts)
// Near the ends of int64 the start of a unit may lie before the least time, where truncation wraps, and differences overflow.
const isTame = (value: bigint | null) => value === null || (value > -(2n ** 61n) && value < 2n ** 61n)
const tamed = (values: readonly (bigint | null)[]) => values.map(v => (isTame(v) ? v : 0n))
// Small enough to be counted in microseconds.
const near = (values: readonly (bigint | null)[], type: DataType) => values.map(v => (v === null ? null : v % (type.kind === 'date' ? 2n ** 25n : 2n ** 41n)))

export const timeAgreement = agreement({
  stem: 'time',
  kernels: [
    'truncateI64', 'truncateMonthsI64', 'floorDivI64', 'floorModI64', 'extractI64', 'addIntervals', 'combineIntervals', 'monthsBetween', 'daysOfDates',
    'scaleTimes', 'subTimes', 'truncDivI64', 'intervalsOfNanos', 'nanosOfIntervals', 'compareIntervals',
  ],
  sample,
  reference({ type, a, b, intervals }: Input) {
    const map = (values: readonly (bigint | null)[], f: (v: bigint) => Value) => values.map(v => (v === null ? null : f(v)))
    const zip = <A, B>(x: readonly (A | null)[], y: readonly (B | null)[], f: (x: A, y: B) => Value) => x.map((v, i) => (v === null || y[i] === null ? null : f(v, y[i]!)))
    const sums = [1n, -1n].map(sign => zip(a, intervals, (v, i) => raw(type, plainAdd(v, i, sign, type) ?? 0n)))
    return {
      parts: partsOf(type).map(part => map(a, v => plainPart(part, v, type))),
      truncated: truncateUnits.map(unit => map(tamed(a), v => raw(type, plainTruncate(unit, v, type)))),
      sums,
      fits: [1n, -1n].map(sign => a.every((v, i) => v === null || intervals[i] === null || plainAdd(v, intervals[i]!, sign, type) !== undefined)),
      spans: zip(intervals, intervals, x => plainInterval(x)),
      between: spanUnits.map(unit => zip(near(a, type), near(b, type), (x, y) => plainBetween(unit, x, y, type))),
      dates: map(a, v => madeOf(v)),
      orders: (['eq', 'ne', 'lt', 'le'] as const).map(op => zip(intervals, turned(intervals), (x, y) => plainOrder(op, lengthOf(x), lengthOf(y)))),
      nanos: intervals.map(i => (i === null || i.months !== 0 || BigInt.asIntN(64, plainNanos(i)) !== plainNanos(i) ? null : plainNanos(i))),
    } as never
  },
  compute(device, arena, { type, a, b, intervals, constant }: Input) {
    const given = type.kind === 'date' ? ({ kind: 'int32' } as const) : int64
    const column = (values: readonly (bigint | null)[], as: DataType = type) => ({ ...columnOf(device, arena, given, values.map(v => raw(type, v))), type: as })
    const isConstant = constant && a.length > 0
    const spans: Operand = isConstant ? { type: interval, value: intervals[0]! } : columnOf(device, arena, interval, intervals)
    const left = column(a)
    const sum = (sign: 1 | -1, active: number) => addInterval(device, arena, left, spans, sign, { active, where: 'test' })
    const none = arena.allocateZeroed(a.length / 8 + 1)
    const fits = (sign: 1 | -1) => {
      try {
        sum(sign, 0)
        return true
      } catch (error) {
        if (error instanceof DataError && error.code === 'TIME_RANGE') return false
        throw error
      }
    }
    const whole = (values: readonly (bigint | null)[]) => columnOf(device, arena, int64, values)
    const dates = (f: (v: bigint) => bigint) => whole(a.map(v => (v === null ? null : f(v))))
    const spanColumn = columnOf(device, arena, interval, intervals)
    const doubled = combineIntervals(device, arena, combineIntervals(device, arena, spanColumn, spanColumn, -1, wide), spanColumn, 1, wide)
    const backwards = columnOf(device, arena, interval, turned(intervals))
    return {
      orders: (['eq', 'ne', 'lt', 'le'] as const).map(op => valuesOf(device, compare(device, arena, op, spanColumn, backwards))),
      parts: partsOf(type).map(part => valuesOf(device, extract(device, arena, left, part))),
      truncated: truncateUnits.map(unit => valuesOf(device, asInt64s(type, truncate(device, arena, column(tamed(a)), unit)))),
      sums: ([1, -1] as const).map(sign => valuesOf(device, asInt64s(type, sum(sign, none)))),
      fits: ([1, -1] as const).map(fits),
      spans: valuesOf(device, doubled),
      between: spanUnits.map(unit => valuesOf(device, timesBetween(device, arena, column(near(a, type)), column(near(b, type)), unit, wide))),
      dates: valuesOf(device, asInt64s({ kind: 'date' }, makeDates(device, arena, [dates(yearOf), dates(v => floorMod(v, 14n)), dates(v => floorMod(v / 14n, 33n))]))),
      nanos: valuesOf(device, { ...cast(device, arena, spanColumn, { kind: 'duration', unit: 'ns' }, true, wide), type: int64 }),
    } as never
  },
})

const turned = <T>(values: readonly T[]) => [...values].reverse()
const lengthOf = ({ months: m, days, nanoseconds }: Interval) => (BigInt(m) * 30n + BigInt(days)) * 86_400_000_000_000n + nanoseconds
const plainOrder = (op: 'eq' | 'ne' | 'lt' | 'le', x: bigint, y: bigint) => (op === 'eq' ? x === y : op === 'ne' ? x !== y : op === 'lt' ? x < y : x <= y)
const plainInterval = ({ months: m, days, nanoseconds }: Interval): Value => ({ months: m, days, nanoseconds })
const plainNanos = ({ days, nanoseconds }: Interval) => BigInt(days) * 86_400_000_000_000n + nanoseconds
const yearOf = (v: bigint) => floorMod(v, 6000n) - 1000n

// Which days there are: the parts are drawn from the count.
function madeOf(v: bigint): Value {
  const [year, month, day] = [yearOf(v), Number(floorMod(v, 14n)), Number(floorMod(v / 14n, 33n))]
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month) ? Number(daysOf(year, month, day)) : null
}
