// Expressions as users write them: col('price').gt(100). Each method wraps the plain data of expr/expression.ts; there is one for every function
// of the catalogue. expr-type.ts says what the compiler knows. Nothing is checked here but literals; plans are checked at run time.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { parseType, type TypeName, typeName } from '../batch/type-name.ts'
import { callExpression, columnExpression, type Expression, isExpression, literalExpression, typedLiteral } from '../expr/expression.ts'
import type { ExpressionFunction } from '../expr/function.ts'
import { expressionFunctions } from '../expr/functions/catalogue.ts'
import { parseExpression } from '../expr/parse.ts'
import { decimalOfLiteral } from '../expr/unify-numbers.ts'
import type { ColumnExpr } from './expr-type.ts'
import type { ListOf, StructOf } from './list-types.ts'
import * as selectors from './selectors.ts'
import type { AnyExpr, Arith, brand, Literal, LiteralType, Made, Maybe, Needs, NeedsOf, Of, Operand, SymbolOf } from './resolve-types.ts'

export type { ColumnExpr } from './expr-type.ts'

/** The run time of `ColumnExpr`: its methods are added below. */
export class ExprValue {
  readonly expression: Expression
  constructor(expression: Expression) {
    this.expression = expression
  }
}

// Functions that users call by themselves.
const madeBySelf = ['when', 'list', 'struct', 'now']
// Methods whose names or arguments differ from those of their functions.
const ownNames: Record<string, readonly string[]> = { coalesce: ['coalesce', 'fillNull'] }

for (const fn of expressionFunctions) {
  if (madeBySelf.includes(fn.name)) continue
  for (const name of ownNames[fn.name] ?? [fn.name]) {
    Object.defineProperty(ExprValue.prototype, name, {
      value(this: ExprValue, ...given: readonly unknown[]): ExprValue {
        return new ExprValue(callOf(fn, this.expression, fn.name === 'isIn' && Array.isArray(given[0]) ? given[0] : given))
      },
      configurable: true,
      writable: true,
    })
  }
}

// Operands first, then the options that go by position, then all others as one object.
function callOf({ name, byPosition, lambda }: ExpressionFunction, self: Expression, given: readonly unknown[]): Expression {
  const count = byPosition ? byPosition.operands - 1 : given.length
  const last = given.length > 0 ? given[given.length - 1] : undefined
  const named = isOptions(last) ? last : {}
  const positions = given.slice(0, named === last ? -1 : given.length)
  const options: Record<string, Json> = {}
  byPosition?.options.forEach((option, i) => {
    if (positions[count + i] !== undefined) options[option] = positions[count + i] as Json
  })
  for (const [option, value] of Object.entries(named)) if (value !== undefined) options[option] = value
  const operands = positions.slice(0, count).map(operand => {
    if (!lambda || typeof operand !== 'function') return expressionOf(operand)
    const { body, variables } = trace(operand as (...items: object[]) => unknown)
    options['variables'] = variables
    return body
  })
  return callExpression(name, [self, ...operands], Object.keys(options).length > 0 ? options : undefined)
}

let lambdaDepth = 0

// Calls a function of items once, with variables that no column and no lambda around this one has.
function trace(f: (...items: object[]) => unknown): { body: Expression; variables: string[] } {
  const letter = 'xyzuvw'[lambdaDepth] ?? `x${lambdaDepth}`
  const variables = [`$$${letter}`, `$$${letter}${letter}`]
  lambdaDepth++
  try {
    return { body: expressionOf(f(...variables.map(name => made(columnExpression(name))))), variables }
  } finally {
    lambdaDepth--
  }
}

function isOptions(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length > 0 && !isExpression(value)
}

/** An expression of plain data. */
export function made<T, N>(expression: Expression): ColumnExpr<T, N> {
  return new ExprValue(expression) as unknown as ColumnExpr<T, N>
}

/** A column by name. Whether it exists is checked by the frame that uses it. Several at once, for select, drop, mapColumns and others: col.numeric(), col.matching(/^price/). */
export function col<const C extends string>(name: C): ColumnExpr<Of<C>, never> {
  return made(columnExpression(name))
}

/** All columns. */
col.all = selectors.all
/** All columns but some, by name or selector. */
col.except = selectors.except
/** The columns of some types, by a type's name or that of a family: 'decimal', 'timestamp', 'time', 'duration', 'list', 'struct', 'map', 'integer', 'float', 'nested'. Throws PlanError TYPE. */
col.ofType = selectors.ofType
/** The columns of numbers. */
col.numeric = selectors.numeric
/** The columns of text. */
col.text = selectors.text
/** The columns of dates, times, timestamps, durations and intervals. */
col.temporal = selectors.temporal
/** The columns in whose name a regular expression finds something; which these are is known at run time only. Throws PlanError SELECTOR. */
col.matching = selectors.matching

/**
 * A constant. A whole number fits itself to what stands beside it, and is int64 alone. With a type, the value that a text names in it: lit('12.50',
 * 'decimal(4, 2)'). Throws PlanError LITERAL.
 */
export function lit<const V extends Literal>(value: V): ColumnExpr<LiteralType<V>, never>
export function lit<const C extends TypeName>(text: string, type: C): ColumnExpr<C, never>
export function lit(value: Literal, type?: TypeName): ColumnExpr<any, never> {
  return made(type === undefined ? literalExpression(value) : typedLiteral(typeName(parseType(type, 'lit').type), String(value)))
}

/** The expression that a text says, as in expr("price * 2 > 10 and state = 'CA'"). Its columns are known at run time only. Throws PlanError EXPRESSION. */
export function expr(text: string): ColumnExpr<any, any> {
  return made(parseExpression(text, 'expr'))
}

/** An exact decimal, with the digits that the text has: lit.decimal('0.908'). Throws PlanError LITERAL where it is none, or has more than 38. */
lit.decimal = (text: string): ColumnExpr<`decimal(${string})`, never> => {
  const type = decimalOfLiteral(text)
  if (!type) throw new PlanError('LITERAL', `decimal: '${text}' is no number of up to 38 digits; write it as '12.50'`)
  return made(typedLiteral(typeName(type), text))
}

/** A list of values of one row, which get a common type. There must be one. */
export function list<const V extends readonly Operand[]>(...values: V): ColumnExpr<ListOf<V>, NeedsOf<V[number]>> {
  return made(callExpression('list', values.map(expressionOf)))
}

/** A struct of values of one row, by their names. */
export function struct<const V extends { readonly [name: string]: Operand }>(values: V): ColumnExpr<StructOf<V>, NeedsOf<V[keyof V]>> {
  return made(callExpression('struct', Object.values(values).map(expressionOf), { names: Object.keys(values) }))
}

/** The plain data of an expression or literal. Throws PlanError LITERAL for anything else. */
export function expressionOf(value: unknown): Expression {
  return value instanceof ExprValue ? value.expression : literalExpression(value)
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
    return new WhenExpr([...this.#args, expressionOf(value)]) as unknown as When<any, any>
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

class WhenExpr extends ExprValue {
  readonly #args: readonly Expression[]
  constructor(args: readonly Expression[]) {
    super(callExpression('when', [...args, literalExpression(null)]))
    this.#args = args
  }
  when(condition: unknown): Then<any, any> {
    return new Then([...this.#args, expressionOf(condition)])
  }
  otherwise(value: unknown): ColumnExpr<any, any> {
    return made(callExpression('when', [...this.#args, expressionOf(value)]))
  }
}
