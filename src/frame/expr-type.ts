// What an expression offers, with the type of every result: an interface per kind of values. expr.ts implements all of it from the catalogue
// of functions; this file says what the compiler knows.
import type { TypeName } from '../batch/type-name.ts'
import type { Expression } from '../expr/expression.ts'
import type {
  AnyExpr,
  CompareNeeds,
  Filled,
  Literal,
  Maybe,
  Needs,
  NeedsOf,
  OperandFor,
  StrictOf,
  SymbolOf,
  Typed,
} from './resolve-types.ts'
import type { ListMethods } from './list-methods.ts'
import type { NumberMethods } from './number-methods.ts'
import type { TextMethods } from './text-methods.ts'
import type { TimeMethods } from './time-methods.ts'

type Compared<T, N, V, F extends string> = ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, CompareNeeds<T, N, V, F>>
type Connected<T, N, V, F extends string> = ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, 'bool', F> | Needs<SymbolOf<V>, 'bool', F>>
type Stripped<C> = C extends `${infer B}?` ? B : C

/** A value per row. `expression` is its plain data. Made by `col`, `lit`, `when` and their methods; immutable. */
export interface ColumnExpr<in out T, out N>
  extends Typed<T, N>,
    AnyMethods<T, N>,
    BoolMethods<T, N>,
    NumberMethods<T, N>,
    TextMethods<T, N>,
    ListMethods<T, N>,
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
  /** Equal, or both null; never null itself. */
  eqNullSafe<const V extends OperandFor<T>>(other: V): ColumnExpr<'bool', CompareNeeds<T, N, V, 'eqNullSafe'>>
  /** Not equal, or one of them null; never null itself. */
  neNullSafe<const V extends OperandFor<T>>(other: V): ColumnExpr<'bool', CompareNeeds<T, N, V, 'neNullSafe'>>
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
  /** Null where it equals the other, else the value. */
  nullIf<const V extends OperandFor<T>>(other: V): ColumnExpr<Maybe<T>, CompareNeeds<T, N, V, 'nullIf'>>
  /** The first of this and some others that is not null. */
  coalesce<const V extends readonly OperandFor<T>[]>(...others: V): ColumnExpr<Filled<T, SymbolOf<V[number]>>, CompareNeeds<T, N, V[number], 'coalesce'>>
  /** The least of this and some others; nulls are passed over, NaN is above all numbers. */
  least<const V extends readonly OperandFor<T>[]>(...others: V): ColumnExpr<Filled<T, SymbolOf<V[number]>>, CompareNeeds<T, N, V[number], 'least'>>
  /** The greatest of this and some others. */
  greatest<const V extends readonly OperandFor<T>[]>(...others: V): ColumnExpr<Filled<T, SymbolOf<V[number]>>, CompareNeeds<T, N, V[number], 'greatest'>>

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
  /** One and not the other; null where either is. */
  xor<V extends AnyExpr>(other: V): Connected<T, N, V, 'xor'>
  /** This and not the other: false where either settles it. */
  andNot<V extends AnyExpr>(other: V): Connected<T, N, V, 'andNot'>
  /** Whether it is true: not false, not null. */
  isTrue(): ColumnExpr<'bool', N | Needs<T, 'bool', 'isTrue'>>
  /** Whether it is false or null. */
  isNotTrue(): ColumnExpr<'bool', N | Needs<T, 'bool', 'isNotTrue'>>
  /** Whether it is false. */
  isFalse(): ColumnExpr<'bool', N | Needs<T, 'bool', 'isFalse'>>
  /** Whether it is true or null. */
  isNotFalse(): ColumnExpr<'bool', N | Needs<T, 'bool', 'isNotFalse'>>
}
