// Taking expressions apart and putting them together again, for rewrite rules of plans. Everything here is total and gives new trees.
import { callExpression, columnExpression, type Expression, isVariable } from './expression.ts'

/** The columns that an expression reads. */
export function columnsOf(expression: Expression): Set<string> {
  const names = new Set<string>()
  const visit = (e: Expression): void => {
    if (e.kind === 'column') {
      if (!isVariable(e.name)) names.add(e.name)
    } else if (e.kind === 'call') for (const arg of e.args) visit(arg)
  }
  visit(expression)
  return names
}

/** The expression with columns replaced: by another name, or by what they were computed from. Names that the map doesn't have stay. */
export function substitute(expression: Expression, columns: ReadonlyMap<string, Expression>): Expression {
  switch (expression.kind) {
    case 'column':
      return columns.get(expression.name) ?? expression
    case 'call':
      return { ...expression, args: expression.args.map(arg => substitute(arg, columns)) }
    default:
      return expression
  }
}

/** The expression with columns renamed. */
export function renameIn(expression: Expression, names: ReadonlyMap<string, string>): Expression {
  return substitute(expression, new Map([...names].map(([from, to]) => [from, columnExpression(to)])))
}

/** The parts of a condition that must all be true, from left to right. */
export function conjunctsOf(condition: Expression): Expression[] {
  return condition.kind === 'call' && condition.fn === 'and' ? condition.args.flatMap(conjunctsOf) : [condition]
}

/** The condition that all parts are true. There must be a part. */
export function allOf(conditions: readonly Expression[]): Expression {
  return conditions.reduce((all, next) => callExpression('and', [all, next]))
}

const safeFunctions = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'not', 'isNull', 'isNotNull', 'isNaN', 'isFinite', 'isInfinite', 'isTrue', 'isNotTrue', 'isFalse', 'isNotFalse', 'eqNullSafe', 'neNullSafe', 'xor', 'andNot', 'isIn', 'between', 'contains', 'startsWith', 'endsWith', 'like'])

/** True for expressions that no row can make fail, so that they may be computed for rows that would have been left out before. */
export function isSafe(expression: Expression): boolean {
  if (expression.kind === 'call') return safeFunctions.has(expression.fn) && expression.args.every(isSafe)
  return expression.kind === 'column' || expression.kind === 'literal'
}
