// Rewrite rules of what orders, chooses and reshapes rows: their logical operators as physical ones.
import { PlanError } from '../base/errors.ts'
import type { FunctionReference, UserFunction } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { sameType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, type Field, fieldOf, type Fields, visible } from '../batch/schema.ts'
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import { bindExpression } from '../expr/bind.ts'
import { callExpression, columnExpression, type Expression, type LiteralExpression, type LiteralValue } from '../expr/expression.ts'
import { widerType } from '../expr/unify.ts'
import { selectParams } from '../operators/project.ts'
import type { EdgeFacts } from './edge-facts.ts'
import { lowerMapBatches } from './lower-batches.ts'
import { lowerOver } from './lower-over.ts'
import type { Edge, OperatorNode } from './plan.ts'

/** What a rule may ask about the plan around a node. */
export interface PlanAround {
  /** True where something beside this edge's reader reads what lies before the edge: then it can't wait for another input. */
  isShared(edge: Edge): boolean
  /** The user function behind a reference, where this thread has it. */
  functionBehind(reference: FunctionReference): UserFunction | undefined
}

type Rule = (node: OperatorNode, inputs: readonly EdgeFacts[], around: PlanAround) => OperatorNode[]

/** The rules by kind. */
export const rowRules: Readonly<Record<string, Rule>> = {
  sort: lowerSort,
  topK: lowerTopK,
  tail: lowerTail,
  reverse: lowerReverse,
  sampleRows: lowerSampleRows,
  distinct: lowerDistinct,
  dedup: lowerDedup,
  union: lowerUnion,
  pivot: lowerPivot,
  fillNull: lowerFillNull,
  mapBatches: lowerMapBatches,
  over: lowerOver,
  unpivot: lowerUnpivot,
  resample: lowerResample,
  match: lowerMatch,
  process: lowerProcess,
  processBroadcast: lowerProcess,
}

/** The error for an operator that needs an end where there is none. */
export function checkBounded(node: OperatorNode, input: EdgeFacts, instead: string): void {
  if (!input.bounded) throw new PlanError(`UNBOUNDED_${node.kind.toUpperCase()}`, `${node.id}: ${node.kind} needs input that ends; this stream doesn't; ${instead}, or read the source until its end`)
}

function step(node: OperatorNode, part: string, kind: string, params: object, input: Edge): OperatorNode {
  return { node: 'operator', id: part === '' ? node.id : `${node.id}:${part}`, kind, params: params as Json, inputs: [input] }
}

// Keys that are expressions become hidden columns; batches are sorted where they are made.
function lowerSort(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  checkBounded(node, input!, 'sort inside windows')
  const { steps, source, keys } = lowerOrder(node)
  const runs = step(node, 'runs', 'sortRuns', { ...(node.params as object), keys }, source)
  return [...steps, runs, step(node, '', 'sort', { ...(node.params as object), keys, sorted: true }, { node: runs.id })]
}

function lowerTopK(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  const { steps, source, keys } = lowerOrder(node)
  const params = { ...(node.params as { by?: readonly string[]; rank?: string }), keys }
  if (!input!.bounded) return [...steps, step(node, '', 'updatingTop', params, source)]
  const { rank: _, ...rest } = params
  const part = step(node, 'part', 'topK', { ...rest, part: true }, source)
  return [...steps, part, step(node, '', 'topK', params, { node: part.id })]
}

// The first or last row of each group; the first as they come is what distinct gives.
function lowerDedup(node: OperatorNode, inputs: readonly EdgeFacts[]): OperatorNode[] {
  const { by, keep, keys } = node.params as unknown as { by: readonly string[]; keep: 'first' | 'last'; keys: readonly { descending: boolean; nulls?: 'first' }[] }
  if (keep === 'first' && keys.length === 0) return lowerDistinct({ ...node, kind: 'distinct', params: { names: by } as unknown as Json }, inputs)
  // A null is neither the first nor the last.
  const turned = keys.map(({ nulls: _, ...key }) => (keep === 'first' ? key : { ...key, descending: !key.descending }))
  return lowerTopK({ ...node, kind: 'topK', params: { count: 1, keys: turned, by, ...(keep === 'last' && { latest: true }) } as unknown as Json }, inputs)
}

function lowerMatch(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  if (!input!.bounded && !input!.watermarked)
    throw new PlanError('NO_WATERMARK', `${node.id}: a pattern over a stream needs a watermark to know the order of rows; call .watermark("${(node.params as { time: string }).time}", { bound: '5s' }) before match`)
  return [node]
}

// Whether timers of event time can fire. What is broadcast comes before all rows where it ends, unless whatever makes it makes them, too.
function lowerProcess(node: OperatorNode, inputs: readonly EdgeFacts[], around: PlanAround): OperatorNode[] {
  const input = inputs.at(-1)!
  const mode = inputs.length === 2 && { mode: inputs[0]!.ends && !around.isShared(node.inputs[1]!) ? 'append' : 'mix' }
  return [{ ...node, params: { ...(node.params as object), isTimed: input.bounded || input.watermarked, ...mode } as Json }]
}

// The last rows are the first by their number, counted from the end.
function lowerTail(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  checkBounded(node, input!, 'use topK over a time inside windows')
  const numbers = step(node, 'numbers', 'rowIndex', { name: '$row', start: 0 }, node.inputs[0]!)
  const { count } = node.params as { count: number }
  return [numbers, step(node, '', 'topK', { count, keys: [{ column: '$row', descending: true }], asTheyCame: true }, { node: numbers.id })]
}

function lowerReverse(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  checkBounded(node, input!, 'reverse inside windows')
  const numbers = step(node, 'numbers', 'rowIndex', { name: '$row', start: 0 }, node.inputs[0]!)
  return [numbers, ...lowerSort({ ...node, kind: 'sort', params: { keys: [{ column: '$row', descending: true }] }, inputs: [{ node: numbers.id }] }, [input!])]
}

// Each row draws a number; the rows with the least are the sample.
function lowerSampleRows(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  checkBounded(node, input!, 'give a fraction')
  const { seed, rows } = node.params as { seed: number; rows: number }
  const draws = step(node, 'draws', 'sample', { seed, from: 0, to: 1, draw: '$draw' }, node.inputs[0]!)
  const params = { count: rows, keys: [{ column: '$draw', descending: false }], asTheyCame: true }
  const part = step(node, 'part', 'topK', { ...params, part: true }, { node: draws.id })
  return [draws, part, step(node, '', 'topK', params, { node: part.id })]
}

function lowerDistinct(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  const { names } = node.params as { names?: readonly string[] }
  // Rows without columns are all equal.
  if ((names ?? visible(input!.fields)).length === 0) return [step(node, '', 'limit', { offset: 0, count: 1 }, node.inputs[0]!)]
  if (!input!.bounded) return [lowerDistinctStream(node, input!, names)]
  const part = step(node, 'part', 'distinct', { ...(node.params as object), part: true }, node.inputs[0]!)
  return [part, step(node, '', 'distinct', node.params as object, { node: part.id })]
}

// Of rows that only add up each is new or isn't. Of others groups of equal rows may end, and the first row of a group be another.
function lowerDistinctStream(node: OperatorNode, { fields, changedBy }: EdgeFacts, names: readonly string[] | undefined): OperatorNode {
  if (changedBy === undefined) return step(node, '', 'distinct', { names: names ?? visible(fields).map(field => field.name), keyed: true }, node.inputs[0]!)
  if (names) return step(node, '', 'updatingTop', { count: 1, keys: [], by: names }, node.inputs[0]!)
  return step(node, '', 'updatingAggregate', { keys: visible(fields).map(field => field.name), aggregates: [] }, node.inputs[0]!)
}

/** The step that computes the expressions among sort keys, and the keys as columns. */
export function lowerOrder(node: OperatorNode): { steps: OperatorNode[]; source: Edge; keys: readonly { column: string }[] } {
  const given = (node.params as unknown as { keys: readonly { column?: string; expression?: Expression }[] }).keys
  const columns: Record<string, Expression> = {}
  const keys = given.map(({ expression, ...key }, i) => {
    if (!expression) return key as { column: string }
    columns[`$key${i}`] = expression
    return { ...key, column: `$key${i}` }
  })
  if (Object.keys(columns).length === 0) return { steps: [], source: node.inputs[0]!, keys }
  const computed = step(node, 'keys', 'with', { columns }, node.inputs[0]!)
  return { steps: [computed], source: { node: computed.id }, keys }
}

// Two by two. Each input is put into the order and the types of all.
function lowerUnion(node: OperatorNode, inputs: readonly EdgeFacts[], around: PlanAround): OperatorNode[] {
  if (node.inputs.length < 2) throw new PlanError('UNION', `${node.id}: nothing to unite with; give another frame`)
  const fields = unitedFields(node.id, inputs.map(input => visible(input.fields)))
  const steps: OperatorNode[] = []
  const sources = node.inputs.map((edge, i): Edge => {
    const own = visible(inputs[i]!.fields)
    if (own.every((field, at) => field.name === fields[at]!.name && sameType(field.type, fields[at]!.type))) return edge
    const columns = fields.map(({ name, type }) => {
      const column = columnExpression(name)
      return [name, sameType(fieldOf(own, name, node.id).type, type) ? column : callExpression('cast', [column], { to: typeName(type) })] as const
    })
    const aligned = step(node, `input${i + 1}`, 'select', selectParams(columns), edge)
    steps.push(aligned)
    return { node: aligned.id }
  })
  const isBounded = inputs.every(input => input.bounded)
  sources.slice(1).reduce((left: Edge, right, i) => {
    const mode = !isBounded ? 'mix' : around.isShared(node.inputs[i + 1]!) ? 'hold' : 'append'
    const united = { ...step(node, i === sources.length - 2 ? '' : `${i + 1}`, 'union', { mode }, left), inputs: [left, right] }
    steps.push(united)
    return { node: united.id }
  }, sources[0]!)
  return steps
}

function unitedFields(where: string, inputs: readonly Fields[]): readonly Field[] {
  const [first, ...others] = inputs
  return others.reduce((fields: Fields, other, i) => {
    const [have, has] = [fields, other].map(list => list.map(field => field.name))
    const missing = has!.length === have!.length && have!.every(name => has!.includes(name)) ? undefined : [have!.filter(n => !has!.includes(n)), has!.filter(n => !have!.includes(n))]
    if (missing) {
      const parts = [missing[0]!.length > 0 ? `it has no ${missing[0]!.join(', ')}` : '', missing[1]!.length > 0 ? `the first has no ${missing[1]!.join(', ')}` : ''].filter(part => part !== '')
      throw new PlanError('UNION_COLUMNS', `${where}: input ${i + 2} has other columns than the first: ${parts.join(', and ')}; select the same names on both sides`)
    }
    return fields.map((field): Field => {
      const twin = other[columnIndex(other, field.name, where)]!
      const type = widerType(field.type, twin.type)
      if (!type) throw new PlanError('TYPE_MISMATCH', `${where}: "${field.name}" is ${typeName(field.type)} in the first input but ${typeName(twin.type)} in input ${i + 2}; cast one of them`)
      return { name: field.name, type: sameType(type, field.type) ? field.type : type, nullable: field.nullable || twin.nullable }
    })
  }, first!)
}

// A group's row has an aggregate for each name, of the rows whose column has that name.
function lowerPivot(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  checkBounded(node, input!, 'pivot inside windows')
  const { index, columns, aggregate, names } = node.params as unknown as { index: readonly string[]; columns: string; aggregate: AggregateCall; names: readonly LiteralValue[] }
  for (const name of index) fieldOf(input!.fields, name, node.id)
  const field = fieldOf(input!.fields, columns, node.id)
  if (names.length === 0) throw new PlanError('PIVOT', `${node.id}: no names to make columns of; the column "${columns}" has no values, or names is empty`)
  const aggregates = names.map(value => {
    const literal: LiteralExpression = { kind: 'literal', value }
    const name = value === null ? 'null' : typeof value === 'object' ? String(Object.values(value)[0]) : String(value)
    if (value !== null) bindExpression(callExpression('eq', [columnExpression(columns), literal]), [field], node.id)
    const is = value === null ? callExpression('isNull', [columnExpression(columns)]) : callExpression('eq', [columnExpression(columns), literal])
    return [name, { ...aggregate, where: aggregate.where ? callExpression('and', [is, aggregate.where]) : is }] as const
  })
  const twice = [...index, ...aggregates.map(([name]) => name)].find((name, i, all) => all.indexOf(name) !== i)
  if (twice !== undefined) throw new PlanError('DUPLICATE_COLUMN', `${node.id}: two columns would be named "${twice}"; rename the index column or leave the value out`)
  return [{ ...node, kind: 'groupBy', params: { keys: index, aggregates: Object.fromEntries(aggregates) } as unknown as Json }]
}

// One value goes into every nullable column that it fits without changing its type; named ones must fit.
function lowerFillNull(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  const { direction, names, value, values } = node.params as unknown as { direction?: string; names?: readonly string[]; value?: Expression; values?: Readonly<Record<string, Expression>> }
  if (direction !== undefined) {
    if (direction === 'forward') return [step(node, '', 'fillForward', names ? { names } : {}, node.inputs[0]!)]
    checkBounded(node, input!, "fill 'forward'")
    return lowerFillBackward(node, input!, names)
  }
  const filled = (name: string, by: Expression) => callExpression('coalesce', [columnExpression(name), by])
  if (values) {
    for (const name of Object.keys(values)) fieldOf(input!.fields, name, node.id)
    return [step(node, '', 'with', { columns: Object.fromEntries(Object.entries(values).map(([name, by]) => [name, filled(name, by)])) }, node.inputs[0]!)]
  }
  const fits = (field: Field) => {
    try {
      return sameType(bindExpression(filled(field.name, value!), [field], node.id).type, field.type)
    } catch {
      return false
    }
  }
  const columns = visible(input!.fields).filter(field => field.nullable && fits(field))
  if (columns.length === 0 && !visible(input!.fields).some(fits))
    throw new PlanError('FILL_NULL', `${node.id}: the value fits none of the columns ${visible(input!.fields).map(f => `${f.name}: ${typeName(f.type)}`).join(', ')}; give { column: value }`)
  return [step(node, '', 'with', { columns: Object.fromEntries(columns.map(({ name }) => [name, filled(name, value!)])) }, node.inputs[0]!)]
}

// Turned around, backward is forward.
function lowerFillBackward(node: OperatorNode, input: EdgeFacts, names: readonly string[] | undefined): OperatorNode[] {
  const turned = lowerReverse({ ...node, id: `${node.id}:turned` }, [input])
  const filled = step(node, 'filled', 'fillForward', names ? { names } : {}, { node: turned.at(-1)!.id })
  return [...turned, filled, ...lowerReverse({ ...node, inputs: [{ node: filled.id }] }, [input])]
}

function lowerUnpivot(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  const params = node.params as { on: readonly string[]; index?: readonly string[] }
  const index = params.index ?? visible(input!.fields).map(field => field.name).filter(name => !params.on.includes(name))
  return [step(node, '', 'unpivot', { ...params, index }, node.inputs[0]!)]
}

function lowerResample(node: OperatorNode, [input]: readonly EdgeFacts[]): OperatorNode[] {
  checkBounded(node, input!, 'give a fraction')
  return [node]
}
