// Aggregates as users write them, over names or expressions and with conditions, and as operators compute them: over column names only.
import { PlanError } from '../base/errors.ts'
import { typeName } from '../batch/type-name.ts'
import { type Fields, fieldOf } from '../batch/schema.ts'
import { type AggregateOptions, aggregateOf, aggregateType } from '../compute/accumulator.ts'
import { bindCondition, bindExpression } from './bind.ts'
import { callExpression, columnExpression, type Expression, literalExpression } from './expression.ts'

/**
 * An aggregate as plain data. `count` without `input` counts rows, with it values that are not null; `args` are further columns; `where` leaves rows
 * out; `options` are the function's own.
 */
export interface AggregateCall {
  readonly fn: string
  readonly input?: string | Expression
  readonly args?: readonly (string | Expression)[]
  readonly options?: AggregateOptions
  readonly where?: Expression
}

/** The name of aggregates that users wrote: they have functions of their own, and steps that know how to call them. */
export const customFn = 'custom'

/** An aggregate as operators take it: `input` and `args` are columns; absent, it counts rows. */
export interface AggregateSpec {
  readonly name: string
  readonly fn: string
  readonly input?: string
  readonly args?: readonly string[]
  readonly options?: AggregateOptions
}

/** What `lowerAggregates` gives: columns to compute first (names begin with $, so nobody sees them), and aggregates of columns. */
export interface LoweredAggregates {
  readonly columns: { readonly [name: string]: Expression }
  readonly aggregates: readonly AggregateSpec[]
}

/**
 * Turns expressions and conditions into columns. A condition becomes null where it isn't true, which every aggregate passes over. The same
 * expression twice is one column. Throws PlanError NO_COLUMN, TYPE_MISMATCH, CONDITION or AGGREGATE naming `where` and the result.
 */
export function lowerAggregates(fields: Fields, aggregates: Readonly<Record<string, AggregateCall>>, where: string): LoweredAggregates {
  const columns: Record<string, Expression> = {}
  const nameByText = new Map<string, string>()
  const columnFor = (expression: Expression): string => {
    if (expression.kind === 'column') return expression.name
    const text = JSON.stringify(expression)
    let name = nameByText.get(text)
    if (name === undefined) {
      name = `$in${nameByText.size}`
      nameByText.set(text, name)
      columns[name] = expression
    }
    return name
  }
  const lowered = Object.entries(aggregates).map(([name, call]): AggregateSpec => {
    const [input, ...args] = checkCall(fields, name, call, where)
    const kept = call.where ? callExpression('when', [call.where, input ?? literalExpression(true), literalExpression(null)]) : input
    return {
      name,
      fn: call.fn,
      ...(kept && { input: columnFor(kept) }),
      ...(args.length > 0 && { args: args.map(columnFor) }),
      ...(call.options && Object.keys(call.options).length > 0 && { options: call.options }),
    }
  })
  return { columns, aggregates: lowered }
}

// The expressions that a call reads, in order.
function checkCall(fields: Fields, name: string, call: AggregateCall, where: string): Expression[] {
  const at = `${where}, "${name}"`
  if (call.fn === customFn)
    throw new PlanError('CUSTOM_AGGREGATE', `${at}: custom() works in groupBy(…).agg() and frame.agg(), not in windows, grouping sets, pivot or over; use a built-in aggregate here, or list() and a function of its rows`)
  const type = aggregateOf(call.fn, at)
  if (call.where) bindCondition(call.where, fields, at)
  if (call.input === undefined && call.fn !== 'count') throw new PlanError('AGGREGATE', `${at}: ${call.fn}() has no column; give it a name or an expression`)
  const inputs = call.input === undefined ? [] : [call.input, ...(call.args ?? [])].map(input => (typeof input === 'string' ? columnExpression(input) : input))
  const types = inputs.map((input, i) => {
    if (input.kind === 'column') fieldOf(fields, input.name, at)
    const bound = bindExpression(input, fields, at)
    const rule = type.inputs[i]
    if (rule && !rule.fits(bound.type)) {
      const what = input.kind === 'column' ? `"${input.name}"` : 'its input'
      throw new PlanError('TYPE_MISMATCH', `${at}: ${what} is ${typeName(bound.type)}: ${call.fn}() does not apply; it takes ${rule.takes}`)
    }
    return bound.type
  })
  const [inputType, ...argTypes] = types
  aggregateType({ fn: call.fn, where: at, ...(inputType && { inputType, argTypes }), ...(call.options && { options: call.options }) })
  return inputs
}
