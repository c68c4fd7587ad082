// What expressions of a pattern say of other rows: the row before, rows of a variable, and values over a variable. They are calls of their own in expressions, and
// columns of hidden names once the plan is resolved.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { int64, isFloat, isInteger, rowCount64 } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { aggregateType } from '../compute/accumulator.ts'
import { callExpression, columnExpression, type Expression } from '../expr/expression.ts'
import { describeExpression } from '../expr/describe.ts'

/** Functions over other rows of a match. */
export const matchFunctions = ['previous', 'last', 'first', 'sum', 'mean', 'min', 'max', 'count'] as const
/** One of them. */
export type MatchFunction = (typeof matchFunctions)[number]

/** A reference: `variable` −1 for any, `column` −1 for none, by their numbers. */
export interface MatchReference {
  readonly fn: MatchFunction
  readonly variable: number
  readonly column: number
  readonly offset: number
  readonly field: Field
}

/** A reference as plain data. */
export function matchCall(fn: MatchFunction, variable: string | undefined, column: string | undefined, offset: number): Expression {
  return callExpression(`match.${fn}`, column === undefined ? [] : [columnExpression(column)], { ...(variable !== undefined && { variable }), offset })
}

function functionOf(expression: Expression): MatchFunction | undefined {
  if (expression.kind !== 'call' || !expression.fn.startsWith('match.')) return undefined
  return matchFunctions.find(fn => expression.fn === `match.${fn}`)
}

/** The text of an expression with references. */
export function describeMatch(expression: Expression): string {
  const plain = (e: Expression): Expression => {
    if (e.kind !== 'call') return e
    const fn = functionOf(e)
    if (!fn) return { ...e, args: e.args.map(plain) }
    const { variable, offset } = e.options as { variable?: string; offset: number }
    return callExpression(fn, [...(variable === undefined ? [] : [columnExpression(variable)]), ...e.args, ...(offset === (fn === 'previous' ? 1 : 0) ? [] : [{ kind: 'literal' as const, value: offset }])])
  }
  return describeExpression(plain(expression))
}

const comparable = ['timestamp', 'date', 'duration', 'time']

/** References that expressions share, as they are found. */
export class References {
  readonly found: MatchReference[] = []
  readonly #keys: string[] = []
  readonly #fields: Fields
  readonly #variables: readonly string[]
  constructor(fields: Fields, variables: readonly string[]) {
    this.#fields = fields
    this.#variables = variables
  }

  /** The expression with columns `$match0`, … in the place of references. Throws PlanError MATCH_VARIABLE, NO_COLUMN or AGGREGATE_TYPE. */
  replace(expression: Expression, where: string): Expression {
    if (expression.kind !== 'call') return expression
    const fn = functionOf(expression)
    if (!fn) return { ...expression, args: expression.args.map(arg => this.replace(arg, where)) }
    const key = JSON.stringify(expression)
    let index = this.#keys.indexOf(key)
    if (index < 0) {
      index = this.#keys.push(key) - 1
      const { variable, offset } = expression.options as { variable?: string; offset: number }
      const [column] = expression.args
      const made = { fn, variable: variable === undefined ? -1 : this.variable(variable, where), column: column?.kind === 'column' ? columnIndex(this.#fields, column.name, where) : -1, offset }
      this.found.push({ ...made, field: this.#fieldOf(made, index, where) })
    }
    return columnExpression(this.found[index]!.field.name)
  }

  /** The number of a variable. Throws PlanError MATCH_VARIABLE. */
  variable(name: string, where: string): number {
    const index = this.#variables.indexOf(name)
    if (index >= 0) return index
    throw new PlanError('MATCH_VARIABLE', `${where}: the pattern has no variable "${name}"; it has ${this.#variables.join(', ')}${didYouMean(name, this.#variables)}`)
  }

  #fieldOf({ fn, column }: { fn: MatchFunction; column: number }, index: number, where: string): Field {
    const name = `$match${index}`
    if (fn === 'count') return { name, type: rowCount64, nullable: false }
    const source = this.#fields[column]
    if (!source) throw new PlanError('LITERAL', `${where}: ${fn}() needs the name of a column`)
    if (fn === 'previous' || fn === 'last' || fn === 'first') return { name, type: source.type, nullable: true }
    const isNumber = isInteger(source.type) || (isFloat(source.type) && source.type.kind !== 'float16')
    if (!isNumber && (fn === 'sum' || fn === 'mean' || !comparable.includes(source.type.kind)))
      throw new PlanError('AGGREGATE_TYPE', `${where}: "${source.name}" is ${typeName(source.type)}; ${fn}() over a variable takes integers and floats${fn === 'min' || fn === 'max' ? ' and times' : ''}; cast it before match`)
    if (fn === 'min' || fn === 'max') return { name, type: source.type, nullable: true }
    const type = aggregateType({ fn, where, inputType: source.type })
    return { name, type: type.kind === 'int64' ? int64 : type, nullable: true }
  }
}
