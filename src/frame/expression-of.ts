// What users may write where a value per row is wanted, as plain data: an expression, a literal, or a callback over the columns.
import { PlanError } from '../base/errors.ts'
import { type Expression, isExpression, literalExpression } from '../expr/expression.ts'
import { col, ExprValue } from './expr.ts'

/** The expression behind `value`. Throws PlanError LITERAL where it is neither an expression nor a literal. */
export function expressionOf(value: unknown, where: string): Expression {
  if (value instanceof ExprValue) return value.expression
  if (isExpression(value)) return value
  if (typeof value === 'function') throw new PlanError('LITERAL', `${where}: a function given where a value per row is wanted; use map() for functions over rows`)
  return literalExpression(value)
}

/** Calls `given` with an object whose every property is the column of that name, if it is a function; else returns it. */
export function fromCallback(given: unknown): unknown {
  if (typeof given !== 'function') return given
  const columns = new Proxy({}, { get: (_, name) => (typeof name === 'string' ? col(name) : undefined) })
  return (given as (columns: object) => unknown)(columns)
}
