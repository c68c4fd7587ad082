// The common type of numbers. It is the least type that holds both exactly, where there is one:
// integers of one sign the wider; a signed with a narrower unsigned one the signed; with another one the next wider signed, and uint64 with any signed
// decimal(20, 0), for no integer holds both; integers of up to 16 bits with float32 float32, of 8 bits with float16 float16, all others with floats
// float64 (beyond 2^53 it rounds; comparisons don't unify these, see compare.ts); decimals with integers and each other the decimal with the digits of
// both, at most 38; decimals with floats float64.
import { type DataType, float64, int64, isFloat, isInteger } from '../batch/data-type.ts'
import { parseDecimal } from '../batch/decimal-text.ts'
import { digitsOfInteger } from '../compute/cast-number.ts'
import { type Decimal, digitsMax } from '../compute/decimal.ts'
import type { LiteralValue } from './expression.ts'

const bitsOf = (type: DataType) => Number(/\d+/.exec(type.kind)![0])
const isSigned = (type: DataType) => !type.kind.startsWith('u')

/** The type that holds two numbers of different types. */
export function widerNumber(a: DataType, b: DataType): DataType {
  if (a.kind === 'decimal' || b.kind === 'decimal') return isFloat(a) || isFloat(b) ? float64 : widerDecimal(asDecimal(a), asDecimal(b))
  if (isFloat(a) && isFloat(b)) return bitsOf(a) > bitsOf(b) ? a : b
  if (isFloat(a) || isFloat(b)) return isFloat(a) ? floatWith(a, b) : floatWith(b, a)
  if (isSigned(a) === isSigned(b)) return bitsOf(a) > bitsOf(b) ? plain(a) : plain(b)
  const [signed, unsigned] = isSigned(a) ? [a, b] : [b, a]
  if (bitsOf(signed) > bitsOf(unsigned)) return plain(signed)
  return bitsOf(unsigned) === 64 ? { kind: 'decimal', precision: 20, scale: 0 } : ({ kind: `int${2 * bitsOf(unsigned)}` } as DataType)
}

function plain(type: DataType): DataType {
  return type.kind === 'int64' ? int64 : type
}

function floatWith(float: DataType, integer: DataType): DataType {
  const bits = bitsOf(integer)
  if (float.kind === 'float16') return bits === 8 ? float : bits === 16 ? { kind: 'float32' } : float64
  return float.kind === 'float32' && bits <= 16 ? float : float64
}

/** An integer type as the decimal that holds its values; decimals as they are. */
export function asDecimal(type: DataType): Decimal {
  return type.kind === 'decimal' ? type : { kind: 'decimal', precision: digitsOfInteger(type), scale: 0 }
}

function widerDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale)
  return { kind: 'decimal', precision: Math.min(digitsMax, whole + scale), scale }
}

/** The decimal with just the digits of a literal: 0.05 and '0.05' are decimal(2, 2). Undefined where it is no number, or has more than 38 digits. */
export function decimalOfLiteral(literal: LiteralValue): Decimal | undefined {
  const text = literalNumberText(literal)
  if (text === undefined) return undefined
  const match = /^[+-]?0*(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text.trim())
  if (!match || !/\d/.test(text)) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = match
  const scale = Math.max(0, fraction.length - Number(exponent))
  if (scale > digitsMax) return undefined
  const unscaled = parseDecimal(text, scale)
  if (unscaled === undefined || (whole === '' && fraction === '' && !/0/.test(text))) return undefined
  const digits = unscaled === 0n ? 1 : String(unscaled < 0n ? -unscaled : unscaled).length
  const precision = Math.max(digits, scale, 1)
  return precision > digitsMax ? undefined : { kind: 'decimal', precision, scale }
}

function literalNumberText(literal: LiteralValue): string | undefined {
  if (typeof literal === 'number' || typeof literal === 'string') return String(literal)
  if (typeof literal !== 'object' || literal === null) return undefined
  if ('int64' in literal) return literal.int64
  return 'float64' in literal && literal.float64 === '-0' ? '0' : undefined
}

/**
 * The type of a column of numbers beside a literal: the column's, where the literal has room in it; a fraction takes a float's rounding. With `exact`
 * a whole number without room widens the type, else there is none; a bigint makes integers below 64 bits int64, but not with `exact`. `fits` says
 * whether a literal is exact in a type.
 */
export function numberBesideLiteral(type: DataType, literal: Exclude<LiteralValue, null>, own: DataType, exact: boolean, fits: (type: DataType) => boolean): DataType | undefined {
  if (type.kind === 'decimal') {
    const decimal = decimalOfLiteral(literal)
    return decimal ? widerDecimal(type, decimal) : typeof literal === 'string' ? undefined : float64
  }
  if (typeof literal === 'string') return undefined
  if (isInteger(type)) {
    if (own.kind === 'float64') return float64
    if (!exact && typeof literal === 'object' && bitsOf(type) < 64) return int64
    if (fits(type)) return plain(type)
    return exact ? widerNumber(type, own) : undefined
  }
  const value = Number(typeof literal === 'object' && 'int64' in literal ? literal.int64 : typeof literal === 'object' && 'float64' in literal ? literal.float64 : literal)
  const isLossy = exact && Number.isInteger(value) && type.kind !== 'float64' && Math.abs(value) > (type.kind === 'float32' ? 2 ** 24 : 2 ** 11)
  return fits(type) && !isLossy ? type : float64
}
