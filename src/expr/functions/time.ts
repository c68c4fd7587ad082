// Functions of dates, times of day and timestamps: parts, truncation, differences, making, zones, formatting and parsing. A timestamp with a zone is
// taken apart by that zone's clock, one without in UTC. Null where any argument is.
import { PlanError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { type DataType, int64, type TimeUnit, utf8 } from '../../batch/data-type.ts'
import { parseType, typeName } from '../../batch/type-name.ts'
import { cast } from '../../compute/cast.ts'
import { broadcast } from '../../compute/operand.ts'
import { clockParts, dateParts, extract, fromLocal, partType, type TimePart, timeParts, toLocal, truncate, type TruncateUnit, truncateUnits } from '../../compute/time.ts'
import { addCounts, makeClocks, makeDates, type SpanUnit, spanUnits, timesBetween } from '../../compute/time-arithmetic.ts'
import { formatTimes, parseTimes } from '../../compute/time-format.ts'
import { checkPattern } from '../../compute/time-pattern.ts'
import type { Argument, CallOptions, ExpressionFunction, Signature } from '../function.ts'
import { prefix } from '../function.ts'
import { ownType, partial, strict } from '../typing.ts'
import { unify } from '../unify.ts'

const kindOf = (a: Argument | undefined) => a && ownType(a)?.kind
const isTime = (a: Argument | undefined) => kindOf(a) === 'timestamp' || kindOf(a) === 'date'
const sameAs = (a: Argument, type: DataType = ownType(a)!): Signature => ({ args: [ownType(a)!], type, nullable: a.nullable })
const stampOf = (a: Argument | undefined) => {
  const type = a && ownType(a)
  return type?.kind === 'timestamp' ? type : undefined
}

/** The option `unit` is what to cut to. */
const truncateFunction: ExpressionFunction = {
  name: 'truncate',
  type([a], { unit }) {
    if (!(truncateUnits as readonly unknown[]).includes(unit)) return `"${unit}" is no unit; the units are ${truncateUnits.join(', ')}`
    return isTime(a) ? sameAs(a!) : undefined
  },
  evaluate: ({ device, arena }, [a], { unit }) => truncate(device, arena, a as Column, unit as TruncateUnit),
  byPosition: { operands: 1, options: ['unit'] },
  describe: ([a], { unit }) => ({ text: unit === undefined ? `truncate(${a!.text})` : `truncate(${a!.text}, ${unit})`, level: 9 }),
}

const part = (name: TimePart): ExpressionFunction => ({
  name,
  type([a]) {
    const kind = kindOf(a)
    const has = kind === 'timestamp' || (kind === 'date' && dateParts.includes(name)) || (kind === 'time' && clockParts.includes(name))
    return has ? sameAs(a!, partType(name)) : undefined
  },
  evaluate: ({ device, arena }, [a]) => extract(device, arena, a as Column, name),
  describe: prefix(name),
})

/** Whole units from the second to the first, towards zero. The option `unit` says which. */
const dateDiff: ExpressionFunction = {
  name: 'dateDiff',
  type(args, { unit }) {
    if (!(spanUnits as readonly unknown[]).includes(unit)) return `"${unit}" is no unit; the units are ${spanUnits.join(', ')}`
    if (args.length !== 2 || !args.some(isTime)) return undefined
    const type = unify(args, true)
    return type && (type.kind === 'date' || type.kind === 'timestamp') ? { args: [type, type], type: int64, nullable: args.some(a => a.nullable) } : undefined
  },
  evaluate: (at, [a, b], { unit }) => timesBetween(at.device, at.arena, a!, b!, unit as SpanUnit, at),
  byPosition: { operands: 2, options: ['unit'] },
  describe: ([a, b], { unit }) => ({ text: `dateDiff(${a!.text}, ${b!.text}, ${unit})`, level: 9 }),
}

/** The date of a year, a month and a day; null where there is no such day. */
const makeDate: ExpressionFunction = {
  name: 'makeDate',
  type: args => partial(args, ['whole', 'whole', 'whole'], { kind: 'date' }),
  evaluate: ({ device, arena }, [year, month, day]) => makeDates(device, arena, [year!, month!, day!]),
  describe: prefix('makeDate'),
}

const micros: DataType = { kind: 'timestamp', unit: 'us' }

/** The timestamp of a date, an hour, a minute and seconds, which may have a fraction; null where the clock never shows that. */
const makeTimestamp: ExpressionFunction = {
  name: 'makeTimestamp',
  type: args => partial(args, ['whole', 'whole', 'whole', 'whole', 'whole', 'number'], micros),
  evaluate(at, [year, month, day, hour, minute, second]) {
    const { device, arena, rowCount } = at
    const dates = cast(device, arena, makeDates(device, arena, [broadcast(device, arena, year!, rowCount), month!, day!]), micros, true, at)
    const clock = makeClocks(device, arena, [broadcast(device, arena, hour!, rowCount), minute!, second!])
    return addCounts(device, arena, dates, clock, 1, micros, at)
  },
  describe: prefix('makeTimestamp'),
}

function zoneOf({ zone }: CallOptions, unit: TimeUnit, name: string): DataType {
  return parseType(`timestamp[${unit}, ${zone}]`, name).type
}

/** The same times, shown by the clock of the option `zone`; a timestamp without a zone is in UTC. */
const toZone: ExpressionFunction = {
  name: 'toZone',
  type([a], options) {
    const type = stampOf(a)
    return type && sameAs(a!, zoneOf(options, type.unit, 'toZone'))
  },
  evaluate: (_, [a], __, type) => ({ ...(a as Column), type }),
  byPosition: { operands: 1, options: ['zone'] },
  describe: prefix('toZone', ['zone']),
}

/** What the clock of the timestamp's zone shows, as a timestamp without a zone. */
const toLocalFunction: ExpressionFunction = {
  name: 'toLocal',
  type([a]) {
    const type = stampOf(a)
    return type && sameAs(a!, { kind: 'timestamp', unit: type.unit })
  },
  evaluate: ({ device, arena }, [a]) => toLocal(device, arena, a as Column),
  describe: prefix('toLocal'),
}

/** The times at which the clock of the option `zone` shows what a timestamp without a zone says. */
const fromLocalFunction: ExpressionFunction = {
  name: 'fromLocal',
  type([a], options) {
    const type = stampOf(a)
    if (!type) return undefined
    return type.zone === undefined ? sameAs(a!, zoneOf(options, type.unit, 'fromLocal')) : 'the timestamp has a zone already; use toZone'
  },
  evaluate: ({ device, arena }, [a], { zone }) => fromLocal(device, arena, a as Column, String(zone)),
  byPosition: { operands: 1, options: ['zone'] },
  describe: prefix('fromLocal', ['zone']),
}

/** Text by a pattern as strftime has them, in the option `pattern`. */
const format: ExpressionFunction = {
  name: 'format',
  type([a], { pattern }) {
    const kind = kindOf(a)
    if (kind !== 'date' && kind !== 'time' && kind !== 'timestamp') return undefined
    return checkPattern(pattern, kind, false) ?? sameAs(a!, utf8)
  },
  evaluate: ({ device, arena }, [a], { pattern }) => formatTimes(device, arena, a as Column, String(pattern)),
  byPosition: { operands: 1, options: ['pattern'] },
  describe: prefix('format', ['pattern']),
}

/** Text read by a pattern, as the type of the option `to`: timestamp[ms] if absent. `tryParse` gives null where `parse` fails. */
const parsing = (name: 'parse' | 'tryParse'): ExpressionFunction => ({
  name,
  type(args, { pattern, to = 'timestamp[ms]' }) {
    const { type } = parseType(String(to), name)
    if (type.kind !== 'date' && type.kind !== 'time' && type.kind !== 'timestamp') return `${typeName(type)} is no type of times; give a date, time or timestamp`
    const signature = name === 'parse' ? strict(args, ['text'], type) : partial(args, ['text'], type)
    return signature && (checkPattern(pattern, type.kind, true) ?? signature)
  },
  evaluate: (at, [a], { pattern }, type) => parseTimes(at.device, at.arena, a as Column, String(pattern), type, name === 'tryParse', at),
  byPosition: { operands: 1, options: ['pattern', 'to'] },
  describe: prefix(name, ['pattern', 'to']),
})

/** The time of the job's start; `plan/now.ts` writes it in. */
const now: ExpressionFunction = {
  name: 'now',
  type: args => (args.length === 0 ? { args: [], type: { kind: 'timestamp', unit: 'ms' }, nullable: false } : undefined),
  evaluate({ where }) {
    throw new PlanError('NOW', `${where}: now() has no time here; it is known where a job runs`)
  },
  describe: prefix('now'),
}

/** The functions of dates and times. */
export const timeFunctions: readonly ExpressionFunction[] = [
  now,
  truncateFunction,
  ...timeParts.map(part),
  dateDiff,
  makeDate,
  makeTimestamp,
  toZone,
  toLocalFunction,
  fromLocalFunction,
  format,
  parsing('parse'),
  parsing('tryParse'),
]
