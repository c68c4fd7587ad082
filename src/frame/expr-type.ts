// What an expression offers, with the type of every result: an interface per kind of values. expr.ts implements all of it from the catalogue
// of functions; this file says what the compiler knows.
import type { TypeName } from '../batch/type-name.ts'
import type { Expression } from '../expr/expression.ts'
import type {
  AnyExpr,
  Arith,
  ArithNeeds,
  CompareNeeds,
  Filled,
  Literal,
  Made,
  Maybe,
  Needs,
  NeedsOf,
  OperandFor,
  StrictOf,
  SumNeeds,
  SumSymbol,
  SymbolOf,
  Typed,
} from './resolve-types.ts'
import type { TextMethods } from './text-methods.ts'
import type { TimeMethods } from './time-methods.ts'

type Compared<T, N, V, F extends string> = ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, CompareNeeds<T, N, V, F>>
type Computed<T, N, V, F extends string> = ColumnExpr<Arith<T, SymbolOf<V>>, ArithNeeds<T, N, V, F>>
type Connected<T, N, V, F extends string> = ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, 'bool', F> | Needs<SymbolOf<V>, 'bool', F>>
type Unary<K, T, N, F extends string, Wanted extends 'number' | 'string' | 'time'> = ColumnExpr<StrictOf<K, T>, N | Needs<T, Wanted, F>>
type Number1 = number | bigint | AnyExpr
type Stripped<C> = C extends `${infer B}?` ? B : C

/** A value per row. `expression` is its plain data. Made by `col`, `lit`, `when` and their methods; immutable. */
export interface ColumnExpr<in out T, out N>
  extends Typed<T, N>,
    AnyMethods<T, N>,
    BoolMethods<T, N>,
    NumberMethods<T, N>,
    TextMethods<T, N>,
    TimeMethods<T, N> {
  readonly expression: Expression
}

/** Methods of every value: comparisons, nulls, casts. */
interface AnyMethods<in out T, out N> {
  /** Equal; null where either side is. NaN equals nothing. */
  eq<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'eq'>
  /** Not equal. */
  ne<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'ne'>
  /** Greater; strings by code points. */
  gt<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'gt'>
  /** Greater or equal. */
  ge<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'ge'>
  /** Less. */
  lt<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'lt'>
  /** Less or equal. */
  le<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'le'>
  /** From `low` to `high`, both included. */
  between<const V extends OperandFor<T>, const W extends OperandFor<T>>(
    low: V,
    high: W,
  ): ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, CompareNeeds<T, N, V, 'between'> | CompareNeeds<T, N, W, 'between'>>
  /** One of some literals; null where this is null. */
  isIn<const V extends Exclude<Literal, null>>(values: readonly V[]): ColumnExpr<StrictOf<'bool', T>, CompareNeeds<T, N, V, 'isIn'>>
  /** Whether the value is null; never null itself. */
  isNull(): ColumnExpr<'bool', N | Needs<T, 'any', 'isNull'>>
  /** Whether the value is not null. */
  isNotNull(): ColumnExpr<'bool', N | Needs<T, 'any', 'isNotNull'>>
  /** The value, or `other` where it is null. */
  fillNull<const V extends OperandFor<T>>(other: V): ColumnExpr<Filled<T, SymbolOf<V>>, CompareNeeds<T, N, V, 'fillNull'>>
  /** As another type; a DataError CAST where a value has no counterpart. A '?' says nothing: nulls stay nulls. */
  cast<const C extends TypeName>(type: C): ColumnExpr<StrictOf<Stripped<C>, T>, N | Needs<T, 'any', 'cast'>>
  /** As `cast`, with null where a value has no counterpart. */
  tryCast<const C extends TypeName>(type: C): ColumnExpr<Maybe<Stripped<C>>, N | Needs<T, 'any', 'tryCast'>>
}

/** Methods of conditions. */
interface BoolMethods<in out T, out N> {
  /** Both hold. False and null is false; the right side is evaluated only where the left leaves it open. */
  and<V extends AnyExpr>(other: V): Connected<T, N, V, 'and'>
  /** Either holds. True or null is true. */
  or<V extends AnyExpr>(other: V): Connected<T, N, V, 'or'>
  /** The opposite; null stays null. */
  not(): ColumnExpr<StrictOf<'bool', T>, N | Needs<T, 'bool', 'not'>>
}

/** Methods of numbers. */
interface NumberMethods<in out T, out N> {
  /** Sum. A time and a span of time, as text 'P1M', 'PT5H' or '90s', give a time: months by the calendar, days by the clock of its zone. Integers never wrap: a DataError INT_OVERFLOW instead; so with all arithmetic. */
  add<const V extends Number1 | string>(other: V): ColumnExpr<SumSymbol<T, V, 'add'>, SumNeeds<T, N, V, 'add'>>
  /** Difference. A span less than a time is a time, and a time less than another a duration. */
  sub<const V extends Number1 | string | Date>(other: V): ColumnExpr<SumSymbol<T, V, 'sub'>, SumNeeds<T, N, V, 'sub'>>
  /** Product. A fractional literal makes float64. */
  mul<const V extends Number1>(other: V): Computed<T, N, V, 'mul'>
  /** Quotient, always float64: by 0 it is ±Infinity or NaN. */
  div<const V extends Number1>(other: V): ColumnExpr<Arith<Arith<T, SymbolOf<V>>, 'float64'>, ArithNeeds<T, N, V, 'div'>>
  /** Quotient of integers, towards 0; by 0 a DataError DIVIDE_BY_ZERO. */
  intDiv<const V extends Number1>(other: V): Computed<T, N, V, 'intDiv'>
  /** Rest of a division, with the sign of the left; of integers by 0 a DataError DIVIDE_BY_ZERO. */
  mod<const V extends Number1>(other: V): Computed<T, N, V, 'mod'>
  /** The negative. */
  neg(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'neg'>>
  /** The size without its sign. */
  abs(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'abs'>>
  /** The greatest whole number not above. */
  floor(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'floor'>>
  /** The least whole number not below. */
  ceil(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'ceil'>>
  /** Rounded to `digits` decimals, halves away from 0. */
  round(digits?: number): ColumnExpr<Made<T>, N | Needs<T, 'number', 'round'>>
  /** Square root; NaN below 0. */
  sqrt(): Unary<'float64', T, N, 'sqrt', 'number'>
  /** Natural logarithm. */
  ln(): Unary<'float64', T, N, 'ln', 'number'>
  /** Decimal logarithm. */
  log10(): Unary<'float64', T, N, 'log10', 'number'>
  /** e to the power of the value. */
  exp(): Unary<'float64', T, N, 'exp', 'number'>
  /** The character of a code point; null where there is none. */
  chr(): ColumnExpr<Maybe<'utf8'>, N | Needs<T, 'number', 'chr'>>
  /** Whether a float64 is NaN. */
  isNaN(): Unary<'bool', T, N, 'isNaN', 'number'>
}
