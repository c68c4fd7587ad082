// The common type of values that stand side by side, and literals as constants of it. Numbers have a file of their own.
import { type DataType, bool, float64, int64, isNumeric, sameType, timestampMs, utf8 } from '../batch/data-type.ts'
import { float16Bits, float16Number } from '../batch/float16.ts'
import { storedBy } from '../batch/stored-value.ts'
import { parseType } from '../batch/type-name.ts'
import { isTemporal } from '../compute/cast-time.ts'
import type { Constant } from '../compute/operand.ts'
import type { LiteralValue } from './expression.ts'
import type { Argument } from './function.ts'
import { decimalOfLiteral, numberBesideLiteral, widerNumber } from './unify-numbers.ts'
import { finerTimes, widerTime } from './unify-times.ts'

/** The type that holds both: the wider number, the finer timestamp; undefined where there is none. What is made of a count is an int64. */
export function widerType(a: DataType, b: DataType): DataType | undefined {
  if (sameType(a, b)) return plain(a)
  if (a.kind === 'null') return b
  if (b.kind === 'null') return a
  if (isNumeric(a) && isNumeric(b)) return widerNumber(a, b)
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
  if ('as' in value) return parseType(value.as, 'literal').type
  if ('int64' in value) return wholeType(BigInt(value.int64), value)
  return 'float64' in value ? float64 : timestampMs
}

function wholeType(value: bigint, literal: LiteralValue): DataType {
  if (BigInt.asIntN(64, value) === value) return int64
  return BigInt.asUintN(64, value) === value ? { kind: 'uint64' } : decimalOfLiteral(literal)!
}

/**
 * The common type of arguments: first of those that aren't literals, then widened by the literals. With `exact` a whole literal that doesn't fit an
 * integer widens the type (comparisons); without, it has none (arithmetic keeps the column's type). Undefined where there is no common type.
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
    type = type === undefined || type.kind === 'null' ? literalType(arg.literal) : besideLiteral(type, arg.literal, exact)
    if (type === undefined) return undefined
  }
  return type ?? (args.length > 0 ? bool : undefined)
}

/** The type of a column beside a literal, as in `unify`. */
export function besideLiteral(type: DataType, literal: Exclude<LiteralValue, null>, exact: boolean): DataType | undefined {
  const own = literalType(literal)
  if (isNumeric(type) && (isNumeric(own) || own.kind === 'utf8')) return numberBesideLiteral(type, literal, own, exact, t => constantOf(literal, t) !== undefined)
  if (sameType(type, own)) return plain(type)
  if (isTemporal(type)) return [type, ...finerTimes(type)].find(t => constantOf(literal, t))
  return constantOf(literal, type) ? type : widerType(type, own)
}

/** A literal as a constant of `type`, exact but for fractions in floats; undefined where it has no such value. Null has one in every type. */
export function constantOf(literal: LiteralValue, type: DataType): Constant | undefined {
  const value = literal === null ? null : valueOf(literal, type)
  return value === undefined ? undefined : { type, value }
}

function valueOf(literal: Exclude<LiteralValue, null>, type: DataType): Constant['value'] | undefined {
  const given = givenBy(literal, type)
  const stored = given === undefined ? undefined : storedBy(type)(given)
  if (type.kind === 'float32' && stored !== undefined) return Math.fround(stored as number)
  return type.kind === 'float16' && stored !== undefined ? float16Number(float16Bits(stored as number)) : stored
}

// What JavaScript calls the literal, if its kind of value can be one of the type at all.
function givenBy(literal: Exclude<LiteralValue, null>, type: DataType): unknown {
  if (typeof literal === 'object' && 'as' in literal) return typedValue(literal.text, type)
  if (typeof literal === 'object' && 'timestamp' in literal) return isNumeric(type) ? undefined : new Date(literal.timestamp)
  if (typeof literal === 'string') return literal
  if (typeof literal === 'boolean' || !isNumeric(type)) return type.kind === 'bool' ? literal : undefined
  if (typeof literal === 'number') return literal
  const isFloat = type.kind.startsWith('float')
  if ('float64' in literal) return isFloat ? Number(literal.float64) : literal.float64 === '-0' && type.kind === 'decimal' ? 0 : undefined
  return isFloat ? Number(literal.int64) : BigInt(literal.int64)
}

// The text of a literal that says its own type.
function typedValue(text: string, type: DataType): unknown {
  if (type.kind === 'bool') return text === 'true' ? true : text === 'false' ? false : undefined
  if (type.kind.startsWith('float')) return /^\s*$/.test(text) || (Number.isNaN(Number(text)) && text !== 'NaN') ? undefined : Number(text)
  if (type.kind === 'binary' || type.kind === 'fixedBinary') return /^([0-9a-f]{2})*$/i.test(text) ? Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16)) : undefined
  if (isNumeric(type) && type.kind !== 'decimal') return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined
  return text
}
