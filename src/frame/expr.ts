// Expressions as users write them: col('price').gt(100). Each method wraps the plain data of expr/expression.ts and carries the type that
// the result will have. Nothing is checked here but literals; frames check types at compile time, plans at run time.
import type { TypeName } from '../batch/type-name.ts'
import { callExpression, columnExpression, type Expression, literalExpression } from '../expr/expression.ts'
import type {
  AnyExpr,
  Arith,
  ArithNeeds,
  brand,
  CompareNeeds,
  Filled,
  Literal,
  LiteralType,
  Made,
  Maybe,
  Needs,
  NeedsOf,
  Of,
  Operand,
  OperandFor,
  StrictOf,
  SymbolOf,
} from './resolve-types.ts'

type Compared<T, N, V, F extends string> = ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, CompareNeeds<T, N, V, F>>
type Computed<T, N, V, F extends string> = ColumnExpr<Arith<T, SymbolOf<V>>, ArithNeeds<T, N, V, F>>
type Connected<T, N, V, F extends string> = ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, 'bool', F> | Needs<SymbolOf<V>, 'bool', F>>
type TextTested<T, N, V, F extends string> = ColumnExpr<
  StrictOf<'bool', T, SymbolOf<V>>,
  N | NeedsOf<V> | Needs<T, 'string', F> | Needs<SymbolOf<V>, 'string', F>
>
type Unary<K, T, N, F extends string, Wanted extends 'number' | 'string' | 'time'> = ColumnExpr<StrictOf<K, T>, N | Needs<T, Wanted, F>>
type Number1 = number | bigint | AnyExpr
type Text1 = string | AnyExpr

/** A value per row. `expression` is its plain data. Made by `col`, `lit`, `when` and their methods; immutable. */
export class ColumnExpr<in out T, out N> {
  declare readonly [brand]: [T, N]
  readonly expression: Expression
  constructor(expression: Expression) {
    this.expression = expression
  }

  /** Equal; null where either side is. NaN equals nothing. */
  eq<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'eq'> {
    return this.#call('eq', other)
  }
  /** Not equal. */
  ne<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'ne'> {
    return this.#call('ne', other)
  }
  /** Greater; strings by code points. */
  gt<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'gt'> {
    return this.#call('gt', other)
  }
  /** Greater or equal. */
  ge<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'ge'> {
    return this.#call('ge', other)
  }
  /** Less. */
  lt<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'lt'> {
    return this.#call('lt', other)
  }
  /** Less or equal. */
  le<const V extends OperandFor<T>>(other: V): Compared<T, N, V, 'le'> {
    return this.#call('le', other)
  }
  /** From `low` to `high`, both included. */
  between<const V extends OperandFor<T>, const W extends OperandFor<T>>(
    low: V,
    high: W,
  ): ColumnExpr<StrictOf<'bool', T, SymbolOf<V>>, CompareNeeds<T, N, V, 'between'> | CompareNeeds<T, N, W, 'between'>> {
    return this.#call('between', low, high)
  }
  /** One of some literals; null where this is null. */
  isIn<const V extends Exclude<Literal, null>>(values: readonly V[]): ColumnExpr<StrictOf<'bool', T>, CompareNeeds<T, N, V, 'isIn'>> {
    return this.#call('isIn', ...values)
  }

  /** Both hold. False and null is false; the right side is evaluated only where the left leaves it open. */
  and<V extends AnyExpr>(other: V): Connected<T, N, V, 'and'> {
    return this.#call('and', other)
  }
  /** Either holds. True or null is true. */
  or<V extends AnyExpr>(other: V): Connected<T, N, V, 'or'> {
    return this.#call('or', other)
  }
  /** The opposite; null stays null. */
  not(): ColumnExpr<StrictOf<'bool', T>, N | Needs<T, 'bool', 'not'>> {
    return this.#call('not')
  }
  /** Whether the value is null; never null itself. */
  isNull(): ColumnExpr<'bool', N | Needs<T, 'any', 'isNull'>> {
    return this.#call('isNull')
  }
  /** Whether the value is not null. */
  isNotNull(): ColumnExpr<'bool', N | Needs<T, 'any', 'isNotNull'>> {
    return this.#call('isNotNull')
  }
  /** Whether a float64 is NaN. */
  isNaN(): Unary<'bool', T, N, 'isNaN', 'number'> {
    return this.#call('isNaN')
  }
  /** The value, or `other` where it is null. */
  fillNull<const V extends OperandFor<T>>(other: V): ColumnExpr<Filled<T, SymbolOf<V>>, CompareNeeds<T, N, V, 'fillNull'>> {
    return this.#call('coalesce', other)
  }

  /** Sum. Integers never wrap: a DataError INT_OVERFLOW instead; so with all arithmetic. */
  add<const V extends Number1>(other: V): Computed<T, N, V, 'add'> {
    return this.#call('add', other)
  }
  /** Difference. */
  sub<const V extends Number1>(other: V): Computed<T, N, V, 'sub'> {
    return this.#call('sub', other)
  }
  /** Product. A fractional literal makes float64. */
  mul<const V extends Number1>(other: V): Computed<T, N, V, 'mul'> {
    return this.#call('mul', other)
  }
  /** Quotient, always float64: by 0 it is ±Infinity or NaN. */
  div<const V extends Number1>(other: V): ColumnExpr<Arith<Arith<T, SymbolOf<V>>, 'float64'>, ArithNeeds<T, N, V, 'div'>> {
    return this.#call('div', other)
  }
  /** Quotient of integers, towards 0; by 0 a DataError DIVIDE_BY_ZERO. */
  intDiv<const V extends Number1>(other: V): Computed<T, N, V, 'intDiv'> {
    return this.#call('intDiv', other)
  }
  /** Rest of a division, with the sign of the left; of integers by 0 a DataError DIVIDE_BY_ZERO. */
  mod<const V extends Number1>(other: V): Computed<T, N, V, 'mod'> {
    return this.#call('mod', other)
  }
  /** The negative. */
  neg(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'neg'>> {
    return this.#call('neg')
  }
  /** The size without its sign. */
  abs(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'abs'>> {
    return this.#call('abs')
  }
  /** The greatest whole number not above. */
  floor(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'floor'>> {
    return this.#call('floor')
  }
  /** The least whole number not below. */
  ceil(): ColumnExpr<Made<T>, N | Needs<T, 'number', 'ceil'>> {
    return this.#call('ceil')
  }
  /** Rounded to `digits` decimals, halves away from 0. */
  round(digits = 0): ColumnExpr<Made<T>, N | Needs<T, 'number', 'round'>> {
    return new ColumnExpr(callExpression('round', [this.expression], { digits }))
  }
  /** Square root; NaN below 0. */
  sqrt(): Unary<'float64', T, N, 'sqrt', 'number'> {
    return this.#call('sqrt')
  }
  /** Natural logarithm. */
  ln(): Unary<'float64', T, N, 'ln', 'number'> {
    return this.#call('ln')
  }
  /** Decimal logarithm. */
  log10(): Unary<'float64', T, N, 'log10', 'number'> {
    return this.#call('log10')
  }
  /** e to the power of the value. */
  exp(): Unary<'float64', T, N, 'exp', 'number'> {
    return this.#call('exp')
  }

  /** As another type; a DataError CAST where a value has no counterpart. A '?' says nothing: nulls stay nulls. */
  cast<const C extends TypeName>(type: C): ColumnExpr<StrictOf<Stripped<C>, T>, N | Needs<T, 'any', 'cast'>> {
    return this.#cast('cast', type)
  }
  /** As `cast`, with null where a value has no counterpart. */
  tryCast<const C extends TypeName>(type: C): ColumnExpr<Maybe<Stripped<C>>, N | Needs<T, 'any', 'tryCast'>> {
    return this.#cast('tryCast', type)
  }

  /** In lower case, by Unicode's rules. */
  lower(): Unary<'utf8', T, N, 'lower', 'string'> {
    return this.#call('lower')
  }
  /** In upper case. */
  upper(): Unary<'utf8', T, N, 'upper', 'string'> {
    return this.#call('upper')
  }
  /** Characters (code points), as int32. */
  length(): Unary<'int32', T, N, 'length', 'string'> {
    return this.#call('length')
  }
  /** Whether a part occurs. */
  contains<const V extends Text1>(part: V): TextTested<T, N, V, 'contains'> {
    return this.#call('contains', part)
  }
  /** Whether the string begins so. */
  startsWith<const V extends Text1>(part: V): TextTested<T, N, V, 'startsWith'> {
    return this.#call('startsWith', part)
  }
  /** Whether the string ends so. */
  endsWith<const V extends Text1>(part: V): TextTested<T, N, V, 'endsWith'> {
    return this.#call('endsWith', part)
  }
  /** Whether the string matches: % is any run of characters, _ one, \ takes the next as it is. */
  like<const V extends Text1>(pattern: V): TextTested<T, N, V, 'like'> {
    return this.#call('like', pattern)
  }
  /** This string and then another. */
  concat<const V extends Text1>(
    other: V,
  ): ColumnExpr<StrictOf<'utf8', T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, 'string', 'concat'> | Needs<SymbolOf<V>, 'string', 'concat'>> {
    return this.#call('concat', other)
  }
  /** Characters [start, end), counted from 0; to the end of the string without `end`. */
  substring(start: number, end?: number): Unary<'utf8', T, N, 'substring', 'string'> {
    return new ColumnExpr(callExpression('substring', [this.expression], { start, ...(end !== undefined && { end }) }))
  }

  /** The start of the second, minute, hour or day in UTC. */
  truncate(unit: 'second' | 'minute' | 'hour' | 'day'): ColumnExpr<T, N | Needs<T, 'time', 'truncate'>> {
    return new ColumnExpr(callExpression('truncate', [this.expression], { unit }))
  }
  /** The year in UTC, as int32. */
  year(): Unary<'int32', T, N, 'year', 'time'> {
    return this.#call('year')
  }
  /** The month, 1 to 12. */
  month(): Unary<'int32', T, N, 'month', 'time'> {
    return this.#call('month')
  }
  /** The day of the month, 1 to 31. */
  day(): Unary<'int32', T, N, 'day', 'time'> {
    return this.#call('day')
  }
  /** The hour, 0 to 23. */
  hour(): Unary<'int32', T, N, 'hour', 'time'> {
    return this.#call('hour')
  }
  /** The minute, 0 to 59. */
  minute(): Unary<'int32', T, N, 'minute', 'time'> {
    return this.#call('minute')
  }
  /** The second, 0 to 59. */
  second(): Unary<'int32', T, N, 'second', 'time'> {
    return this.#call('second')
  }
  /** The day of the week, 1 (Monday) to 7. */
  dayOfWeek(): Unary<'int32', T, N, 'dayOfWeek', 'time'> {
    return this.#call('dayOfWeek')
  }

  #call<E>(fn: string, ...others: readonly unknown[]): E {
    return new ColumnExpr(callExpression(fn, [this.expression, ...others.map(expressionOf)])) as E
  }
  #cast<E>(fn: string, type: string): E {
    return new ColumnExpr(callExpression(fn, [this.expression], { to: type })) as E
  }
}

type Stripped<C> = C extends `${infer B}?` ? B : C

/** A column by name. Whether it exists is checked by the frame that uses it. */
export function col<const C extends string>(name: C): ColumnExpr<Of<C>, never> {
  return new ColumnExpr(columnExpression(name))
}

/** A constant. A whole number fits itself to what stands beside it, and is int64 alone. Throws PlanError LITERAL. */
export function lit<const V extends Literal>(value: V): ColumnExpr<LiteralType<V>, never> {
  return new ColumnExpr(literalExpression(value))
}

/** The plain data of an expression or literal. Throws PlanError LITERAL for anything else. */
export function expressionOf(value: unknown): Expression {
  return value instanceof ColumnExpr ? value.expression : literalExpression(value)
}

/** `when(condition).then(value)`, with further `.when(…).then(…)`, then `.otherwise(value)`; without it the rest is null. */
export function when<E extends AnyExpr>(condition: E): Then<never, NeedsOf<E> | Needs<SymbolOf<E>, 'bool', 'when'>> {
  return new Then([expressionOf(condition)])
}

/** A condition that waits for its value. */
export class Then<T, N> {
  declare readonly [brand]: [T, N]
  readonly #args: readonly Expression[]
  constructor(args: readonly Expression[]) {
    this.#args = args
  }
  /** The value where the last condition holds and none before it. */
  then<const V extends Operand>(value: V): When<[T] extends [never] ? Made<SymbolOf<V>> : Arith<T, SymbolOf<V>>, N | NeedsOf<V>> {
    return new WhenExpr([...this.#args, expressionOf(value)])
  }
}

/** What conditions and their values offer beside an expression's methods. */
export interface Branches<in out T, out N> {
  /** A further condition. */
  when<E extends AnyExpr>(condition: E): Then<T, N | NeedsOf<E> | Needs<SymbolOf<E>, 'bool', 'when'>>
  /** The value where no condition holds. */
  otherwise<const V extends Operand>(value: V): ColumnExpr<Arith<T, SymbolOf<V>>, N | NeedsOf<V>>
}

/** Conditions and their values. As an expression it is null where no condition holds. */
export type When<T, N> = ColumnExpr<Maybe<T>, N> & Branches<T, N>

class WhenExpr<in out T, out N> extends ColumnExpr<Maybe<T>, N> implements Branches<T, N> {
  readonly #args: readonly Expression[]
  constructor(args: readonly Expression[]) {
    super(callExpression('when', [...args, literalExpression(null)]))
    this.#args = args
  }
  when<E extends AnyExpr>(condition: E): Then<T, N | NeedsOf<E> | Needs<SymbolOf<E>, 'bool', 'when'>> {
    return new Then([...this.#args, expressionOf(condition)])
  }
  otherwise<const V extends Operand>(value: V): ColumnExpr<Arith<T, SymbolOf<V>>, N | NeedsOf<V>> {
    return new ColumnExpr(callExpression('when', [...this.#args, expressionOf(value)]))
  }
}
