// How Millrace says what Substrait's functions of lists say: list values, and lambdas such as (x -> gt(x, 2::i32)).
import { callExpression, columnExpression, type Expression, literalExpression } from '../../src/expr/expression.ts'
import type { Build } from './substrait-cases.ts'

const items: Record<string, string> = { i32: 'int32', str: 'utf8', string: 'utf8' }

/** The type of Substrait's list<i32>; items may always be null. */
export function listType(substraitType: string): string | undefined {
  const item = items[/^list<(\w+)\??>$/.exec(substraitType)?.[1] ?? '']
  return item && `list<${item}?>`
}

/** The items of [1, Null, 3] or ['a', 'b']. */
export function listValue(text: string, type: string): unknown {
  if (text.toLowerCase() === 'null') return null
  const parts = text.slice(1, -1).split(',').map(part => part.trim()).filter(part => part !== '')
  return parts.map(part => (part.toLowerCase() === 'null' ? null : type.includes('utf8') ? part.slice(1, -1) : Number(part)))
}

/** A list as an expression. An empty one is a list of which nothing is taken. */
export function listExpression(value: unknown, type: string): Expression {
  if (value === null) return callExpression('cast', [literalExpression(null)], { to: type })
  const item = /<(\w+)/.exec(type)![1]!
  const of = (v: unknown) => callExpression('cast', [literalExpression(v)], { to: item })
  const given = value as readonly unknown[]
  if (given.length > 0) return callExpression('list', given.map(of))
  return callExpression('slice', [callExpression('list', [of(null)]), literalExpression(0), literalExpression(0)])
}

const inner: Record<string, string> = { gt: 'gt', lt: 'lt', multiply: 'mul', add: 'add', is_null: 'isNull' }

/** The body of a lambda, whose variable is a column that no table has. */
export function lambdaBody(text: string): Expression {
  if (text.toLowerCase() === 'null') return callExpression('cast', [literalExpression(null)], { to: 'bool' })
  const match = /^\((\w+) -> (\w+)\((.*)\)\)$/.exec(text)!
  const args = match[3]!.split(',').map(arg => {
    const part = arg.trim()
    return part === match[1] ? columnExpression('$$x') : callExpression('cast', [literalExpression(Number.parseInt(part, 10))], { to: 'int32' })
  })
  return callExpression(inner[match[2]!]!, args)
}

const withLambda =
  (fn: string): Build =>
  args =>
    callExpression(fn, args, { variables: ['$$x', '$$xx'] })

/** Substrait's functions of lists, by name. */
export const listFunctions: Record<string, Build> = {
  cardinality: args => callExpression('length', args),
  transform: withLambda('transform'),
  filter: withLambda('filter'),
  any_match: withLambda('anyMatch'),
  all_match: withLambda('allMatch'),
  sort(args, c) {
    const direction = c.options[0]?.split(':')[1] ?? ''
    return callExpression('sort', args, { descending: direction.startsWith('DESC'), nullsFirst: direction.endsWith('NULLS_FIRST') })
  },
}
