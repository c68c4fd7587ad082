// What makes values of several: make.list, make.struct, make.now.
import { callExpression } from '../expr/expression.ts'
import { type ColumnExpr, made } from './expr.ts'

export { list, struct } from './expr.ts'

/** The time at which the job starts, the same for all its rows, as timestamp[ms]. A job that is started again has another. */
export function now(): ColumnExpr<'timestamp[ms]', never> {
  return made(callExpression('now', []))
}
