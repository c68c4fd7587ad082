// Window functions as users write them, lowered: what they read becomes columns, and each division of the rows an operator of its own.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type DataType, isFloat, isInteger } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { fieldOf, type Fields, isHidden } from '../batch/schema.ts'
import { isWhole, type WindowFrame, windowOnly } from '../compute/over.ts'
import { reachBack } from '../compute/timed-windows.ts'
import { type AggregateCall, lowerAggregates } from '../expr/aggregate-calls.ts'
import { bindExpression } from '../expr/bind.ts'
import { callExpression, columnExpression, type Expression } from '../expr/expression.ts'
import type { OverFunction } from '../operators/over.ts'
import { placeField } from '../operators/row-places.ts'
import type { OrderParam } from '../operators/order-params.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { Edge, OperatorNode } from './plan.ts'

type Operand = string | Expression
type OrderKey = { readonly column?: string; readonly expression?: Expression; readonly descending: boolean; readonly nulls?: 'first' | 'last' }

/** A window function as the logical operator has it. */
interface Call extends AggregateCall {
  readonly fallback?: Expression
  readonly by: readonly Operand[]
  readonly orderBy: readonly OrderKey[]
  readonly frame?: WindowFrame
}

interface Division {
  readonly by: readonly string[]
  readonly keys: readonly OrderParam[]
  readonly functions: OverFunction[]
}

/** The operators of an `over`. Throws PlanError as its functions do. */
export function lowerOver(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  const { columns } = node.params as unknown as { columns: Readonly<Record<string, Call>> }
  const inputs = new Inputs(input!.fields, node.id)
  const aggregates = lowerAggregates(input!.fields, Object.fromEntries(Object.entries(columns).filter(([, call]) => !windowOnly.includes(call.fn))), node.id)
  for (const [name, expression] of Object.entries(aggregates.columns)) inputs.columns[name] = expression
  const divisions = new Map<string, Division>()
  for (const [name, call] of Object.entries(columns)) {
    const at = `${node.id}, "${name}"`
    const { keys, frame } = inputs.order(call, at)
    const by = call.by.map(key => inputs.named(key, at))
    const id = JSON.stringify([by, keys])
    const division = divisions.get(id) ?? { by, keys, functions: [] }
    divisions.set(id, division)
    const found = aggregates.aggregates.find(a => a.name === name)
    division.functions.push(found ? { ...found, ...inputs.wide(found, frame, keys.length > 0), ...(frame && { frame }) } : windowFunction(inputs, name, call, frame, at))
  }
  return chain(node, inputs.columns, [...divisions.values()], input!)
}

function windowFunction(inputs: Inputs, name: string, { fn, input, options, fallback }: Call, frame: WindowFrame | undefined, at: string): OverFunction {
  const column = input === undefined ? undefined : inputs.named(input, at)
  const value = fallback && inputs.constantFor(column!, fallback, at)
  return { name, fn, ...(column !== undefined && { input: column }), ...(options && { options }), ...(value !== undefined && { fallback: value }), ...(frame && { frame }) } as OverFunction
}

// Where rows to come can't change a result: in the order of event time, which the watermark completes, and of rows before. Then nothing is ever taken back.
function goesByTime(divisions: readonly Division[], { watermarked, time, changedBy }: EdgeFacts): boolean {
  if (!watermarked || time === undefined || changedBy !== undefined) return false
  return divisions.every(({ keys: [key], functions }) => key?.column === time && !key.descending && functions.every(f => reachBack(f) !== undefined))
}

// Results of several divisions get hidden names until all are there, so that none reads another's.
function chain(node: OperatorNode, columns: Readonly<Record<string, Expression>>, divisions: readonly Division[], input: EdgeFacts): OperatorNode[] {
  const hasHidden = input.fields.some(field => isHidden(field.name))
  const streamed = goesByTime(divisions, input) ? 'overByTime' : 'updatingOver'
  const steps: OperatorNode[] = []
  let source: Edge = node.inputs[0]!
  const add = (id: string, kind: string, params: object) => {
    steps.push({ node: 'operator', id, kind, params: params as Json, inputs: [source] })
    source = { node: id }
  }
  const computed = Object.keys(columns)
  if (computed.length > 0) add(`${node.id}:inputs`, 'with', { columns })
  // Without an order there is little to do for a row. Columns that nobody sees (times of watermarks) tell of the order in which rows come: then they stay in it.
  const { shared = false } = node.params as { shared?: boolean }
  const divide = (id: string, division: Division, more: object) => {
    if (!input.bounded) return add(id, streamed, { ...division, ...more })
    if (!shared || hasHidden || division.by.length === 0 || division.keys.length === 0) return add(id, 'over', { ...division, ...more })
    add(`${id}:places`, 'rowPlaces', {})
    add(`${id}:partitions`, 'over', { ...division, ...more, shared: true })
    add(id, 'sort', { keys: [{ column: placeField.name, descending: false }], sorted: true, back: true })
  }
  if (divisions.length === 1) {
    divide(node.id, divisions[0]!, computed.length > 0 ? { drop: computed } : {})
    return steps
  }
  const names: Record<string, Expression> = {}
  divisions.forEach(({ functions, ...division }, i) => {
    const hidden = functions.map((f, at) => {
      names[f.name] = columnExpression(`$over${i}.${at}`)
      return { ...f, name: `$over${i}.${at}` }
    })
    divide(`${node.id}:${i + 1}`, { ...division, functions: hidden }, {})
  })
  const order = Object.keys((node.params as { columns: object }).columns)
  add(`${node.id}:results`, 'with', { columns: Object.fromEntries(order.map(name => [name, names[name]])) })
  add(node.id, 'drop', { names: [...computed, ...Object.values(names).map(e => (e as { name: string }).name)] })
  return steps
}

const unitsPerMs = { s: 0.001, ms: 1, us: 1_000, ns: 1_000_000 } as const

class Inputs {
  readonly columns: Record<string, Expression> = {}
  readonly #fields: Fields
  readonly #where: string
  constructor(fields: Fields, where: string) {
    this.#fields = fields
    this.#where = where
  }

  /** The column of a name or of an expression, which is computed before. */
  named(key: Operand, at: string): string {
    const expression = typeof key === 'string' ? columnExpression(key) : key
    if (expression.kind === 'column') {
      if (!(expression.name in this.columns)) fieldOf(this.#fields, expression.name, at)
      return expression.name
    }
    const known = Object.entries(this.columns).find(([, other]) => JSON.stringify(other) === JSON.stringify(expression))
    const name = known?.[0] ?? `$arg${Object.keys(this.columns).length}`
    this.columns[name] = expression
    return name
  }

  /** Order keys by name. Where a range has distances, its key is one that they can be added to. */
  order({ orderBy, frame }: Call, at: string): { keys: OrderParam[]; frame: WindowFrame | undefined } {
    const keys = orderBy.map(({ column, expression, descending, nulls }): OrderParam => ({ column: this.named(expression ?? column!, at), descending, ...(nulls === 'first' && { nulls }) }))
    if (!frame || !('range' in frame) || frame.range.every(bound => bound === null || bound === 0)) return { keys, frame }
    const [key] = keys
    const type = this.#typeOf(key!.column)
    if (type.kind === 'timestamp' || type.kind === 'duration') {
      const scaled = frame.range.map(bound => (bound === null ? null : bound * unitsPerMs[type.unit])) as [number | null, number | null]
      return { keys, frame: { range: scaled } }
    }
    if (!isInteger(type) && !isFloat(type))
      throw new PlanError('OVER_RANGE', `${at}: "${key!.column}" is ${typeName(type)}; distances of a range go by numbers, timestamps and durations; use rows: [from, to], or order by one of these`)
    return { keys: [{ ...key!, column: this.#cast(key!.column, isFloat(type) || frame.range.some(bound => bound !== null && !Number.isInteger(bound)) ? 'float64' : 'int64', type) }], frame }
  }

  /** The input of a running sum or mean as int64 or float64. */
  wide({ fn, input }: { fn: string; input?: string }, frame: WindowFrame | undefined, hasOrder: boolean): { input?: string } {
    if ((fn !== 'sum' && fn !== 'mean') || input === undefined || isWhole(frame, hasOrder)) return {}
    const type = this.#typeOf(input)
    if (isFloat(type)) return { input: this.#cast(input, 'float64', type) }
    return isInteger(type) && type.kind !== 'uint64' ? { input: this.#cast(input, 'int64', type) } : {}
  }

  /** A constant as the value of a column's type. */
  constantFor(column: string, literal: Expression, at: string): unknown {
    const type = this.#typeOf(column)
    const bound = bindExpression(callExpression('coalesce', [columnExpression(column), literal]), [{ name: column, type, nullable: true }], at)
    const [, value] = bound.kind === 'call' ? bound.args : []
    if (typeName(bound.type) !== typeName(type) || value?.kind !== 'constant')
      throw new PlanError('TYPE_MISMATCH', `${at}: the default is no ${typeName(type)}, the type of "${column}"; give one that is`)
    const constant = value.constant.value
    return typeof constant === 'bigint' ? { int64: String(constant) } : constant
  }

  #cast(column: string, to: 'int64' | 'float64', type: DataType): string {
    return type.kind === to ? column : this.named(callExpression('cast', [this.columns[column] ?? columnExpression(column)], { to }), this.#where)
  }

  #typeOf(column: string): DataType {
    const expression = this.columns[column]
    return expression ? bindExpression(expression, this.#fields, this.#where).type : fieldOf(this.#fields, column, this.#where).type
  }
}
