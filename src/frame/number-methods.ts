// Methods of numbers: arithmetic, functions, rounding, bits.
import type { ColumnExpr } from './expr-type.ts'
import type { AnyExpr, ArithNeeds, Calc, Made, Maybe, Needs, StrictOf, SumNeeds, SumSymbol, SymbolOf } from './resolve-types.ts'

type Number1 = number | bigint | AnyExpr
type Computed<T, N, V, F extends string, K = 'sum'> = ColumnExpr<Calc<K, T, SymbolOf<V>>, ArithNeeds<T, N, V, F>>
type Unary<K, T, N, F extends string, Wanted extends 'number'> = ColumnExpr<StrictOf<K, T>, N | Needs<T, Wanted, F>>

/** What becomes of an integer that doesn't fit its type: an error (the default), its lowest bits, or the nearest that fits. */
interface OverflowOptions {
  overflow?: 'error' | 'wrap' | 'saturate'
}
/** What becomes of a division by 0: an error (the default of integers and decimals), null, or what IEEE 754 says (the default of floats). */
interface DivisionOptions {
  divisionByZero?: 'error' | 'null' | 'ieee'
}
/** What becomes of a number for which a function has no value: NaN (the default), null or an error. */
interface DomainOptions {
  domainError?: 'nan' | 'null' | 'error'
}
/** And what the logarithm of 0 is: -Infinity by default. */
interface LogarithmOptions extends DomainOptions {
  logZero?: 'infinity' | 'nan' | 'null' | 'error'
}
/** Halves away from 0 (the default), to the even neighbour, towards 0, up or down; or always towards 0, away from it, up or down. */
interface RoundOptions {
  digits?: number
  rounding?: 'half-away' | 'half-even' | 'half-zero' | 'half-up' | 'half-down' | 'zero' | 'away' | 'up' | 'down'
}
type Fn<T, N, F extends string> = ColumnExpr<Calc<'float', T, 'int'>, N | Needs<T, 'number', F>>
type Fn2<T, N, V, F extends string> = Computed<T, N, V, F, 'float'>
/** Of the same type; of decimals with other digits. */
type Digits<T, N, F extends string> = ColumnExpr<Calc<'sum', T, 'int'>, N | Needs<T, 'number', F>>
type Own<T, N, F extends string> = ColumnExpr<Made<T>, N | Needs<T, 'number', F>>

/** Methods of numbers. */
export interface NumberMethods<in out T, out N> {
  /** Sum. A time and a span of time, as text 'P1M', 'PT5H' or '90s', give a time: months by the calendar, days by the clock of its zone. Integers never wrap unasked: a DataError INT_OVERFLOW instead; so with all arithmetic. Decimals are exact. */
  add<const V extends Number1 | string>(other: V, options?: OverflowOptions): ColumnExpr<SumSymbol<T, V, 'add'>, SumNeeds<T, N, V, 'add'>>
  /** Difference. A span less than a time is a time, and a time less than another a duration. */
  sub<const V extends Number1 | string | Date>(other: V, options?: OverflowOptions): ColumnExpr<SumSymbol<T, V, 'sub'>, SumNeeds<T, N, V, 'sub'>>
  /** Product. A fractional literal makes float64 of integers; beside a decimal it is one. */
  mul<const V extends Number1>(other: V, options?: OverflowOptions): Computed<T, N, V, 'mul'>
  /** Quotient, of integers float64: by 0 it is ±Infinity or NaN. Of decimals a decimal with at least 6 digits behind the point. */
  div<const V extends Number1>(other: V, options?: DivisionOptions): Computed<T, N, V, 'div', 'quotient'>
  /** Quotient of integers or decimals, towards 0; by 0 a DataError DIVIDE_BY_ZERO. */
  intDiv<const V extends Number1>(other: V, options?: OverflowOptions & DivisionOptions): Computed<T, N, V, 'intDiv'>
  /** Rest of a division, with the sign of the left (or, by 'floor', of the right); of integers by 0 a DataError DIVIDE_BY_ZERO. */
  mod<const V extends Number1>(other: V, options?: DivisionOptions & { division?: 'truncate' | 'floor' }): Computed<T, N, V, 'mod'>
  /** To a power; of integers an integer. */
  power<const V extends Number1>(other: V, options?: OverflowOptions & DomainOptions): Computed<T, N, V, 'power', 'power'>
  /** Greatest common divisor of integers. */
  gcd<const V extends Number1>(other: V): Computed<T, N, V, 'gcd'>
  /** The negative. */
  neg(options?: OverflowOptions): Own<T, N, 'neg'>
  /** The size without its sign. */
  abs(options?: OverflowOptions): Own<T, N, 'abs'>
  /** -1, 0 or 1. */
  sign(): Digits<T, N, 'sign'>
  /** The product of all whole numbers from 1. */
  factorial(): Digits<T, N, 'factorial'>
  /** The greatest whole number not above. */
  floor(): Digits<T, N, 'floor'>
  /** The least whole number not below. */
  ceil(): Digits<T, N, 'ceil'>
  /** The whole part. */
  trunc(): Digits<T, N, 'trunc'>
  /** Rounded to `digits` decimals (below 0: tens, hundreds …), halves away from 0 unless `rounding` says otherwise. */
  round(digits?: number | RoundOptions, options?: RoundOptions): Digits<T, N, 'round'>
  /** Square root; NaN below 0. */
  sqrt(options?: DomainOptions): Fn<T, N, 'sqrt'>
  /** Cube root. */
  cbrt(): Fn<T, N, 'cbrt'>
  /** e to the power of the value. */
  exp(): Fn<T, N, 'exp'>
  /** Natural logarithm. */
  ln(options?: LogarithmOptions): Fn<T, N, 'ln'>
  /** Binary logarithm. */
  log2(options?: LogarithmOptions): Fn<T, N, 'log2'>
  /** Decimal logarithm. */
  log10(options?: LogarithmOptions): Fn<T, N, 'log10'>
  /** Logarithm to a base. */
  log<const V extends Number1>(base: V, options?: LogarithmOptions): Fn2<T, N, V, 'log'>
  /** Sine of an angle in radians, as all of these. */
  sin(options?: DomainOptions): Fn<T, N, 'sin'>
  /** Cosine. */
  cos(options?: DomainOptions): Fn<T, N, 'cos'>
  /** Tangent. */
  tan(options?: DomainOptions): Fn<T, N, 'tan'>
  /** The angle whose sine this is, from -π/2 to π/2. */
  asin(options?: DomainOptions): Fn<T, N, 'asin'>
  /** The angle whose cosine this is, from 0 to π. */
  acos(options?: DomainOptions): Fn<T, N, 'acos'>
  /** The angle whose tangent this is, from -π/2 to π/2. */
  atan(): Fn<T, N, 'atan'>
  /** The angle of the point whose y this is and whose x the other, from -π to π. */
  atan2<const V extends Number1>(x: V): Fn2<T, N, V, 'atan2'>
  /** Hyperbolic sine. */
  sinh(): Fn<T, N, 'sinh'>
  /** Hyperbolic cosine. */
  cosh(): Fn<T, N, 'cosh'>
  /** Hyperbolic tangent. */
  tanh(): Fn<T, N, 'tanh'>
  /** Inverse hyperbolic sine. */
  asinh(): Fn<T, N, 'asinh'>
  /** Inverse hyperbolic cosine; NaN below 1. */
  acosh(options?: DomainOptions): Fn<T, N, 'acosh'>
  /** Inverse hyperbolic tangent; NaN beyond ±1. */
  atanh(options?: DomainOptions): Fn<T, N, 'atanh'>
  /** Degrees as radians. */
  radians(): Fn<T, N, 'radians'>
  /** Radians as degrees. */
  degrees(): Fn<T, N, 'degrees'>
  /** Bits that are 1 in both. */
  bitAnd<const V extends Number1>(other: V): Computed<T, N, V, 'bitAnd'>
  /** Bits that are 1 in either. */
  bitOr<const V extends Number1>(other: V): Computed<T, N, V, 'bitOr'>
  /** Bits that are 1 in one of them. */
  bitXor<const V extends Number1>(other: V): Computed<T, N, V, 'bitXor'>
  /** All bits turned over. */
  bitNot(): Own<T, N, 'bitNot'>
  /** Bits moved to the left; all may be moved out. */
  shiftLeft<const V extends Number1>(by: V): ColumnExpr<Made<T>, ArithNeeds<T, N, V, 'shiftLeft'>>
  /** Bits moved to the right, keeping the sign. */
  shiftRight<const V extends Number1>(by: V): ColumnExpr<Made<T>, ArithNeeds<T, N, V, 'shiftRight'>>
  /** Bits moved to the right, filled with zeros. */
  shiftRightUnsigned<const V extends Number1>(by: V): ColumnExpr<Made<T>, ArithNeeds<T, N, V, 'shiftRightUnsigned'>>
  /** The character of a code point; null where there is none. */
  chr(): ColumnExpr<Maybe<'utf8'>, N | Needs<T, 'number', 'chr'>>
  /** Whether a float is NaN. */
  isNaN(): Unary<'bool', T, N, 'isNaN', 'number'>
  /** Whether a number is neither NaN nor infinite. */
  isFinite(): Unary<'bool', T, N, 'isFinite', 'number'>
  /** Whether a number is infinite. */
  isInfinite(): Unary<'bool', T, N, 'isInfinite', 'number'>
}
