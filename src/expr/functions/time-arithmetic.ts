// What add, sub and neg do with dates, times and spans: arithmetic.ts asks here first. A text beside a time is an interval ('P1M', 'PT5H', '90s') or, where one
// is taken away, a time. timestamp ± interval or duration is a timestamp; date ± a written interval without hours is a date, with other intervals
// a timestamp[us]; time ± duration stays within the day; timestamp − timestamp is a duration in the finer unit; date − date one in seconds.
import type { Column } from '../../batch/batch.ts'
import type { DataType, TimeUnit } from '../../batch/data-type.ts'
import { parseInterval } from '../../batch/duration-text.ts'
import { storedBy } from '../../batch/stored-value.ts'
import { isTemporal } from '../../compute/cast-time.ts'
import type { Operand } from '../../compute/operand.ts'
import { addCounts, addInterval, combineIntervals } from '../../compute/time-arithmetic.ts'
import { countsPerSecond } from '../../compute/time.ts'
import type { Argument, Evaluation, Signature } from '../function.ts'

const interval: DataType = { kind: 'interval' }
const units: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns']

/** The signature of `add` or `sub` where an argument is a time or a span; undefined where none is, or they don't go together. */
export function typeTimes(op: string, args: readonly Argument[]): Signature | undefined {
  if ((op !== 'add' && op !== 'sub') || args.length !== 2 || !args.some(a => a.type && isTemporal(a.type))) return undefined
  const types = args.map((arg, i) => arg.type ?? literalType(op, arg, args[1 - i]!.type!, i))
  const [a, b] = types
  if (!a || !b) return undefined
  const found = op === 'add' && isSpan(a) && !isSpan(b) ? swapped(combine(op, b, a, args[0]!)) : combine(op, a, b, args[1]!)
  return found && { ...found, nullable: args.some(arg => arg.nullable) }
}

type Combined = Pick<Signature, 'args' | 'type'>

function swapped(found: Combined | undefined): Combined | undefined {
  return found && { args: [...found.args].reverse(), type: found.type }
}

function isSpan({ kind }: DataType): boolean {
  return kind === 'interval' || kind === 'duration'
}

// What a literal is beside a type: a span, or in a difference of two times the other time.
function literalType(op: string, { literal }: Argument, beside: DataType, index: number): DataType | undefined {
  if (literal === null) return isSpan(beside) ? beside : interval
  if (typeof literal === 'object' && literal && 'timestamp' in literal) return { kind: 'timestamp', unit: 'ms' }
  if (typeof literal !== 'string') return undefined
  const isTime = op === 'sub' && !isSpan(beside) && (index === 0 || parseInterval(literal) === undefined)
  if (isTime || (isSpan(beside) && op === 'sub' && index === 0 && parseInterval(literal) === undefined)) return finestFor(beside.kind === 'time' ? 'time' : 'timestamp', literal)
  if (parseInterval(literal) !== undefined && beside.kind !== 'duration' && beside.kind !== 'time') return interval
  return finestFor('duration', literal)
}

function finestFor(kind: 'time' | 'timestamp' | 'duration', literal: string): DataType | undefined {
  const unit = units.find(u => storedBy({ kind, unit: u })(literal) !== undefined)
  return unit && { kind, unit }
}

function combine(op: 'add' | 'sub', a: DataType, b: DataType, argument: Argument): Combined | undefined {
  if (b.kind === 'interval') {
    if (a.kind === 'interval' || a.kind === 'timestamp') return { args: [a, b], type: a }
    if (a.kind !== 'date') return undefined
    const written = typeof argument.literal === 'string' ? parseInterval(argument.literal) : undefined
    const type: DataType = written?.nanoseconds === 0n ? a : { kind: 'timestamp', unit: 'us' }
    return { args: [type, b], type }
  }
  if (b.kind === 'duration') {
    const type = a.kind === 'date' ? { kind: 'timestamp' as const, unit: b.unit } : 'unit' in a ? { ...a, unit: finer(a.unit, b.unit) } : undefined
    return type && { args: [type, { kind: 'duration', unit: type.unit }], type }
  }
  if (op === 'add') return undefined
  const [x, y] = [asTimestamp(a), asTimestamp(b)]
  const [from, to] = x && y ? [x, y] : [a, b]
  if (from.kind !== to.kind || !('unit' in from) || !('unit' in to)) return undefined
  const unit = finer(from.unit, to.unit)
  return { args: [{ ...from, unit }, { ...to, unit }], type: { kind: 'duration', unit } }
}

function asTimestamp(type: DataType): (DataType & { kind: 'timestamp' }) | undefined {
  return type.kind === 'date' ? { kind: 'timestamp', unit: 's' } : type.kind === 'timestamp' ? type : undefined
}

function finer(a: TimeUnit, b: TimeUnit): TimeUnit {
  return countsPerSecond(a) > countsPerSecond(b) ? a : b
}

/** Computes what `typeTimes` typed. */
export function evaluateTimes(at: Evaluation, op: 'add' | 'sub', a: Operand, b: Operand, type: DataType): Column {
  const sign = op === 'add' ? 1 : -1
  if (a.type.kind === 'interval' && b.type.kind === 'interval') return combineIntervals(at.device, at.arena, a, b, sign, at)
  if (b.type.kind === 'interval') return addInterval(at.device, at.arena, a, b, sign, at)
  if (a.type.kind === 'interval') return addInterval(at.device, at.arena, b, a, sign, at)
  return addCounts(at.device, at.arena, a, b, sign, type, at)
}

/** Whether a span may be negated. */
export function isSpanType(type: DataType | undefined): type is DataType {
  return type !== undefined && isSpan(type)
}

/** The negative of a duration or an interval. */
export function negateSpan(at: Evaluation, a: Column): Column {
  const zero: Operand = { type: a.type, value: a.type.kind === 'interval' ? { months: 0, days: 0, nanoseconds: 0n } : 0n }
  return evaluateTimes(at, 'sub', zero, a, a.type)
}
