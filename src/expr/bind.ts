// Types an expression over fields: names become column numbers, literals constants, and conversions are written out, so that evaluation
// decides nothing. What doesn't fit is a PlanError that quotes the user's own names.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { type DataType, sameType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import { describeExpression } from './describe.ts'
import type { CallExpression, Expression, LiteralExpression, LiteralValue } from './expression.ts'
import type { Argument, Bound, CallOptions, ExpressionFunction, Lambda, Signature } from './function.ts'
import { castFunction } from './functions/cast.ts'
import { expressionFunctions } from './functions/catalogue.ts'
import { constantOf, literalType } from './unify.ts'

const functions = new Map(expressionFunctions.map(f => [f.name, f]))
const noOptions: CallOptions = {}

/** Types `expression` over `fields`. Throws PlanError NO_COLUMN, TYPE_MISMATCH, NO_FUNCTION or LITERAL, beginning with `where`. */
export function bindExpression(expression: Expression, fields: Fields, where: string): Bound {
  switch (expression.kind) {
    case 'column': {
      const index = columnIndex(fields, expression.name, where)
      return { kind: 'column', index, type: fields[index]!.type, nullable: fields[index]!.nullable }
    }
    case 'literal':
      return constant(expression.value, literalType(expression.value), where)
    case 'call':
      return bindCall(expression, fields, where)
  }
}

/** As `bindExpression`, and it must be a condition. Throws PlanError CONDITION otherwise. */
export function bindCondition(expression: Expression, fields: Fields, where: string): Bound {
  const bound = bindExpression(expression, fields, where)
  if (bound.type.kind === 'bool') return bound
  throw new PlanError(
    'CONDITION',
    `${where}: ${label(expression)} is ${typeName(bound.type, bound.nullable)}, and a condition must be bool; compare it, as in .gt(0) or .eq('…')`,
  )
}

function bindCall(call: CallExpression, fields: Fields, where: string): Bound {
  const fn = functions.get(call.fn)
  if (!fn) throw new PlanError('NO_FUNCTION', `${where}: no function "${call.fn}" in expressions${didYouMean(call.fn, functions.keys())}`)
  const options = call.options ?? noOptions
  if (fn.lambda) return bindLambda(call, { ...fn, lambda: fn.lambda }, fields, where)
  const bound = call.args.map(arg => (isLoose(arg) ? undefined : bindExpression(arg, fields, where)))
  const args: Argument[] = call.args.map((arg, i) =>
    isLoose(arg) ? { type: undefined, nullable: arg.value === null, literal: arg.value } : { type: bound[i]!.type, nullable: bound[i]!.nullable },
  )
  const signature = fn.type(args, options)
  if (signature === undefined || typeof signature === 'string') throw mismatch(call, args, where, signature)
  const converted = call.args.map((arg, i) =>
    isLoose(arg) ? (fits(arg.value, signature, i) ?? refuse(call, args, where)) : convert(bound[i]!, signature.args[i]!),
  )
  return { kind: 'call', fn, args: converted, options, type: signature.type, nullable: signature.nullable }
}

// A literal that fits itself to what stands beside it: all but those that say their type.
function isLoose(arg: Expression): arg is LiteralExpression {
  return arg.kind === 'literal' && !(typeof arg.value === 'object' && arg.value !== null && 'as' in arg.value)
}

// The last argument is an expression over the row's columns and variables, whose types the arguments before decide.
function bindLambda(call: CallExpression, fn: ExpressionFunction & { readonly lambda: Lambda }, fields: Fields, where: string): Bound {
  const bound = call.args.slice(0, -1).map(arg => bindExpression(arg, fields, where))
  const args: Argument[] = bound.map(({ type, nullable }) => ({ type, nullable }))
  const body = call.args[bound.length]
  const variables = fn.lambda.variables(args)
  if (!variables || !body) throw mismatch(call, args, where, undefined)
  const names = (call.options?.['variables'] ?? []) as readonly string[]
  const inner = [...fields, ...variables.map((variable, i) => ({ ...variable, name: names[i] ?? `$$unnamed${i}` }))]
  const last = bindExpression(body, inner, `${where}, ${call.fn}`)
  const all = [...args, { type: last.type, nullable: last.nullable }]
  const signature = fn.type(all, call.options ?? noOptions)
  if (signature === undefined || typeof signature === 'string') throw mismatch(call, all, where, signature)
  const converted = [...bound, last].map((arg, i) => convert(arg, signature.args[i]!))
  return { kind: 'call', fn, args: converted, options: call.options ?? noOptions, type: signature.type, nullable: signature.nullable, variablesAt: fields.length }
}

function fits(value: LiteralValue, signature: Signature, index: number): Bound | undefined {
  const type = signature.args[index]!
  const found = constantOf(value, type)
  return found && { kind: 'constant', constant: found, type, nullable: value === null }
}

function refuse(call: CallExpression, args: readonly Argument[], where: string): never {
  throw mismatch(call, args, where, undefined)
}

/** A typed expression as another type; the conversion must exist. */
export function convert(bound: Bound, type: DataType): Bound {
  if (sameType(bound.type, type)) return bound
  return { kind: 'call', fn: castFunction, args: [bound], options: { to: typeName(type) }, type, nullable: bound.nullable }
}

function constant(value: LiteralValue, type: DataType, where: string): Bound {
  const found = constantOf(value, type)
  if (!found) throw new PlanError('LITERAL', `${where}: ${describeExpression({ kind: 'literal', value })} is no ${typeName(type)}`)
  return { kind: 'constant', constant: found, type, nullable: value === null }
}

// `"channel" is utf8: gt(number) does not apply`. The blame is the first argument's, unless that one is a literal.
function mismatch(call: CallExpression, args: readonly Argument[], where: string, reason: string | undefined): PlanError {
  const subject = Math.max(
    0,
    args.findIndex(arg => arg.type !== undefined),
  )
  const others = args.filter((_, i) => i !== subject).map(kindOf)
  const expression = call.args[subject]
  const what = expression ? `${label(expression)} is ${kindOf(args[subject]!)}: ` : ''
  const called = `${call.fn}(${others.join(', ')})`
  return new PlanError('TYPE_MISMATCH', `${where}: ${what}${reason ? `${called}: ${reason}` : `${called} does not apply`}`)
}

function kindOf({ type, nullable, literal }: Argument): string {
  if (type) return typeName(type, nullable)
  if (literal === null || literal === undefined) return 'null'
  if (typeof literal === 'boolean') return 'bool'
  if (typeof literal !== 'object') return typeof literal
  return 'as' in literal ? literal.as : 'int64' in literal ? 'bigint' : 'float64' in literal ? 'number' : 'time'
}

function label(expression: Expression): string {
  return expression.kind === 'column' ? `"${expression.name}"` : describeExpression(expression)
}
