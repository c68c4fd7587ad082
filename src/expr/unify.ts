// The common type of values that stand side by side, and literals as constants of it.
import { type DataType, float64, int32, int64, isNumeric, sameType, timestampMs, utf8, bool } from '../batch/data-type.ts'
import { storedBy } from '../batch/stored-value.ts'
import { isTemporal } from '../compute/cast-time.ts'
import type { Constant } from '../compute/operand.ts'
import type { LiteralValue } from './expression.ts'
import type { Argument } from './function.ts'
import { finerTimes, widerTime } from './unify-times.ts'

const numberRank: Record<string, number> = { int32: 0, int64: 1, float64: 2 }

/** The type that holds both: the wider number, the finer timestamp; undefined where there is none. What is made of a count is an int64. */
export function widerType(a: DataType, b: DataType): DataType | undefined {
  if (sameType(a, b)) return plain(a)
  if (isNumeric(a) && isNumeric(b)) return numberRank[a.kind]! > numberRank[b.kind]! ? a : b
  return widerTime(a, b)
}

function plain(type: DataType): DataType {
  return type.kind === 'int64' ? int64 : type
}

/** The type of a literal alone. Null is bool, for want of anything better. */
export function literalType(value: LiteralValue): DataType {
  if (value === null || typeof value === 'boolean') return bool
  if (typeof value === 'string') return utf8
  if (typeof value === 'number') return Number.isSafeInteger(value) ? int64 : float64
  return 'int64' in value ? int64 : 'float64' in value ? float64 : timestampMs
}

/**
 * The common type of arguments: first of those that aren't literals, then widened by the literals. With `exact` a whole literal that doesn't
 * fit int32 widens the type to int64 (comparisons); without, it has none (arithmetic keeps int32). Undefined where there is no common type.
 */
export function unify(args: readonly Argument[], exact: boolean): DataType | undefined {
  let type: DataType | undefined
  for (const arg of args) {
    if (arg.type === undefined) continue
    type = type === undefined ? plain(arg.type) : widerType(type, arg.type)
    if (type === undefined) return undefined
  }
  for (const arg of args) {
    if (arg.type !== undefined || arg.literal === null || arg.literal === undefined) continue
    type = type === undefined ? literalType(arg.literal) : fit(type, arg.literal, exact)
    if (type === undefined) return undefined
  }
  return type ?? (args.length > 0 ? bool : undefined)
}

function fit(type: DataType, literal: Exclude<LiteralValue, null>, exact: boolean): DataType | undefined {
  const own = literalType(literal)
  if (type.kind === 'int32' && own.kind === 'int64') {
    const isBigint = typeof literal === 'object'
    if (!exact && isBigint) return int64
    const value = isBigint && 'int64' in literal ? Number(literal.int64) : (literal as number)
    return value === (value | 0) ? int32 : exact ? int64 : undefined
  }
  if (isTemporal(type) && (own.kind === 'utf8' || own.kind === 'timestamp')) return [type, ...finerTimes(type)].find(t => constantOf(literal, t))
  return widerType(type, own)
}

/** A literal as a constant of `type`, exact; undefined where it has no such value. Null has one in every type. */
export function constantOf(literal: LiteralValue, type: DataType): Constant | undefined {
  const value = valueOf(literal, type)
  return value === undefined ? undefined : { type, value }
}

function valueOf(literal: LiteralValue, type: DataType): Constant['value'] | undefined {
  if (literal === null) return null
  switch (type.kind) {
    case 'bool':
      return typeof literal === 'boolean' ? literal : undefined
    case 'utf8':
      return typeof literal === 'string' ? literal : undefined
    case 'int32': {
      const number = typeof literal === 'number' ? literal : typeof literal === 'object' && 'int64' in literal ? Number(literal.int64) : undefined
      return number !== undefined && number === (number | 0) ? number : undefined
    }
    case 'int64':
      if (typeof literal === 'number') return Number.isSafeInteger(literal) ? BigInt(literal) : undefined
      return typeof literal === 'object' && 'int64' in literal ? BigInt(literal.int64) : undefined
    case 'float64':
      if (typeof literal === 'number') return literal
      if (typeof literal !== 'object') return undefined
      return 'float64' in literal ? Number(literal.float64) : 'int64' in literal ? Number(literal.int64) : undefined
    default:
      return isTemporal(type) ? timeValue(literal, type) : undefined
  }
}

function timeValue(literal: Exclude<LiteralValue, null>, type: DataType): Constant['value'] | undefined {
  if (typeof literal === 'string') return storedBy(type)(literal)
  return typeof literal === 'object' && 'timestamp' in literal ? storedBy(type)(new Date(literal.timestamp)) : undefined
}
