// Expressions as plain data: a column, a literal, or a named function of expressions. They survive JSON, so plans hold them as they are.
import type { Json } from '../base/json.ts'
import { PlanError } from '../base/errors.ts'

/**
 * A literal that survives JSON. A whole number fits itself to the integer or float beside it and is int64 alone; a fractional one is float64.
 * `int64` holds decimal digits, of uint64 or a decimal where they are too many, `float64` what JSON has no number for, `timestamp` epoch milliseconds; `as`
 * is a type by its name, of which `text` names a value. A string beside a time is an ISO time, beside a decimal its digits.
 */
export type LiteralValue =
  | null
  | boolean
  | number
  | string
  | { readonly int64: string }
  | { readonly float64: 'NaN' | 'Infinity' | '-Infinity' | '-0' }
  | { readonly timestamp: number }
  | { readonly as: string; readonly text: string }

/** A column of the input, by name. */
export interface ColumnExpression {
  readonly kind: 'column'
  readonly name: string
}

/** A constant. */
export interface LiteralExpression {
  readonly kind: 'literal'
  readonly value: LiteralValue
}

/** A function of `functions/catalogue.ts`. `options` are the parts that are not expressions, such as the type of a cast. */
export interface CallExpression {
  readonly kind: 'call'
  readonly fn: string
  readonly args: readonly Expression[]
  readonly options?: { readonly [key: string]: Json }
}

/** A value per row, computed from a batch. */
export type Expression = ColumnExpression | LiteralExpression | CallExpression

/** What users write as a literal. */
export type Literal = number | bigint | string | boolean | Date | null

/** A column by name. */
export function columnExpression(name: string): ColumnExpression {
  return { kind: 'column', name }
}

/** A call of a function. */
export function callExpression(fn: string, args: readonly Expression[], options?: { readonly [key: string]: Json }): CallExpression {
  return { kind: 'call', fn, args, ...(options && { options }) }
}

/** A literal of a type by its name: what `text` says in it. Checked when it is bound. */
export function typedLiteral(type: string, text: string): LiteralExpression {
  return { kind: 'literal', value: { as: type, text } }
}

/** A literal as plain data. Throws PlanError LITERAL where the value is none, or a whole number that float64 doesn't hold exactly. */
export function literalExpression(value: unknown): LiteralExpression {
  return { kind: 'literal', value: literalValue(value) }
}

function literalValue(value: unknown): LiteralValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') {
    if (value >= 10n ** 38n || value <= -(10n ** 38n)) throw new PlanError('LITERAL', `literal: ${value}n has more than 38 digits, so it fits no type; write it as a float64, without the n`)
    return { int64: String(value) }
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new PlanError('LITERAL', 'literal: the Date is invalid; check the text that it was made from')
    return { timestamp: value.getTime() }
  }
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { float64: '-0' }
    if (!Number.isFinite(value)) return { float64: String(value) as 'NaN' }
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21)
      throw new PlanError('LITERAL', `literal: ${value} is beyond 2^53, where numbers are no longer exact; write it as a bigint: ${BigInt(value)}n`)
    return value
  }
  throw new PlanError('LITERAL', `literal: ${typeof value} is no literal; give a number, bigint, string, boolean, Date or null, or an expression`)
}

/** True for expressions as plain data. */
export function isExpression(value: unknown): value is Expression {
  return typeof value === 'object' && value !== null && 'kind' in value && ['column', 'literal', 'call'].includes((value as { kind: string }).kind)
}

/** True for names of a lambda's variables, which read no column. No column of a user's begins with $. */
export function isVariable(name: string): boolean {
  return name.startsWith('$$')
}

/** The names of the columns that an expression reads, each once. */
export function columnsOf(expression: Expression, into: Set<string> = new Set()): Set<string> {
  if (expression.kind === 'column') {
    if (!isVariable(expression.name)) into.add(expression.name)
  }
  else if (expression.kind === 'call') for (const arg of expression.args) columnsOf(arg, into)
  return into
}
