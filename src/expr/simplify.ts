// Boolean algebra over conditions as plain data. Only steps that hold in Kleene's three-valued logic, and that leave out no error of a row that would
// have been computed: `x and false` stays, since x might fail; `false and x` doesn't, since x is never computed.
import { type Expression, literalExpression } from './expression.ts'

/** An equal expression with no more nodes; the same object where nothing can be simplified. */
export function simplify(expression: Expression): Expression {
  if (expression.kind !== 'call') return expression
  const args = expression.args.map(simplify)
  const same = args.every((arg, i) => arg === expression.args[i]) ? expression : { ...expression, args }
  const [left, right] = args
  switch (expression.fn) {
    case 'and':
    case 'or': {
      const neutral = expression.fn === 'and'
      if (isBoolean(left, neutral)) return right!
      if (isBoolean(right, neutral)) return left!
      return isBoolean(left, !neutral) ? literalExpression(!neutral) : same
    }
    case 'not':
      if (isBoolean(left, true) || isBoolean(left, false)) return literalExpression(isBoolean(left, false))
      return left?.kind === 'call' && left.fn === 'not' ? left.args[0]! : same
    default:
      return same
  }
}

function isBoolean(expression: Expression | undefined, value: boolean): boolean {
  return expression?.kind === 'literal' && expression.value === value
}
