// What the operators of joins share: their parameters, the columns that come out, conditions over both sides, and which input columns are needed.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { DataType } from '../batch/data-type.ts'
import { sameType } from '../batch/data-type.ts'
import { columnIndex, type Field, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { canCast } from '../compute/cast.ts'
import { canBeKey, type KeyForm, keyForm } from '../compute/join-keys.ts'
import type { JoinKind } from '../compute/join-match.ts'
import { bindCondition } from '../expr/bind.ts'
import { describeExpression } from '../expr/describe.ts'
import { columnsOf, type Expression } from '../expr/expression.ts'
import type { Bound } from '../expr/function.ts'
import { widerType } from '../expr/unify.ts'

/**
 * Parameters of all joins: key columns pairwise, the kind, a suffix for right columns whose name the left has too, and a condition over columns
 * `left.name` and `right.name`.
 */
export type JoinParams = {
  readonly left: readonly string[]
  readonly right: readonly string[]
  readonly how: JoinKind
  readonly suffix?: string
  readonly where?: Expression & Json
}

/** A column that comes out: of one side (its position among the visible fields), or a key of both sides. */
export interface JoinedColumn {
  readonly field: Field
  readonly left?: number
  readonly right?: number
}

/** How the keys of both sides meet. Throws PlanError NO_COLUMN, JOIN_TYPE. */
export function keyForms(left: Fields, right: Fields, params: Pick<JoinParams, 'left' | 'right'>, where: string): KeyForm[] {
  return params.left.map((name, i) => {
    const [a, b] = [fieldOf(left, name, where), fieldOf(right, params.right[i]!, where)]
    for (const key of [a, b])
      if (!canBeKey(key.type)) throw new PlanError('JOIN_TYPE', `${where}: the key "${key.name}" is ${typeName(key.type)}, which can't be compared for equality here; take a field or an element of it as the key`)
    const form = keyForm(a.type, b.type)
    if (form) return form
    throw new PlanError('JOIN_TYPE', `${where}: left key "${a.name}" is ${typeName(a.type)}, right key "${b.name}" is ${typeName(b.type)}; cast one of them to the other's type`)
  })
}

/** The columns of a join's result: the left's, then the right's without its keys. Hidden columns end here. Throws PlanError JOIN_CLASH, JOIN_TYPE, NO_COLUMN. */
export function joinedColumns(leftInput: Fields, rightInput: Fields, params: JoinParams, where: string): JoinedColumn[] {
  const [left, right] = [visible(leftInput), visible(rightInput)]
  keyForms(left, right, params, where)
  const { how } = params
  if (how === 'semi' || how === 'anti') return left.map((field, i) => ({ field, left: i }))
  const bothKeep = how === 'right' || how === 'full'
  const columns: JoinedColumn[] = left.map((field, i) => {
    const key = params.left.indexOf(field.name)
    if (!bothKeep) return { field, left: i }
    if (key < 0) return { field: { ...field, nullable: true }, left: i }
    const other = columnIndex(right, params.right[key]!, where)
    return { field: { name: field.name, type: eitherType(field, right[other]!, how, where), nullable: field.nullable || right[other]!.nullable }, left: i, right: other }
  })
  const isTaken = (name: string) => columns.some(c => c.field.name === name)
  right.forEach((field, i) => {
    if (params.right.includes(field.name)) return
    const name = isTaken(field.name) ? suffixed(field.name, params.suffix, isTaken, where) : field.name
    columns.push({ field: { ...field, name, nullable: field.nullable || how === 'left' || how === 'full' }, right: i })
  })
  return columns
}

function suffixed(name: string, suffix: string | undefined, isTaken: (name: string) => boolean, where: string): string {
  if (suffix === undefined) throw new PlanError('JOIN_CLASH', `${where}: both sides have a column "${name}"; rename one, or give a suffix for the right one, such as suffix: '_right'`)
  const result = name + suffix
  if (isTaken(result)) throw new PlanError('JOIN_CLASH', `${where}: the right column "${name}" with its suffix becomes "${result}", which is there already; give another suffix`)
  return result
}

// A key column of a right or full join holds values of both sides, so one type must hold both exactly.
function eitherType(left: Field, right: Field, how: JoinKind, where: string): DataType {
  if (sameType(left.type, right.type)) return left.type
  const wider = widerType(left.type, right.type)
  const isExact = wider && canCast(left.type, wider) && canCast(right.type, wider) && (sameType(wider, left.type) || sameType(wider, right.type)) && !(wider.kind === 'float64' && [left, right].some(f => f.type.kind === 'int64' || f.type.kind === 'uint64'))
  if (isExact) return wider
  throw new PlanError('JOIN_TYPE', `${where}: the key of a ${how} join holds values of both sides, and no type holds ${typeName(left.type)} and ${typeName(right.type)} exactly; cast "${left.name}" or "${right.name}"`)
}

/** The fields of `joinedColumns`. */
export function joinedFields(left: Fields, right: Fields, params: JoinParams, where: string): Fields {
  if (params.where) boundCondition(left, right, params.where, where)
  return joinedColumns(left, right, params, where).map(column => column.field)
}

/** The fields that a condition is bound over: `left.…`, then `right.…`. */
export function pairFields(left: Fields, right: Fields): Fields {
  const named = (fields: Fields, side: string) => visible(fields).map(field => ({ ...field, name: `${side}.${field.name}` }))
  return [...named(left, 'left'), ...named(right, 'right')]
}

/** A condition over pairs. Throws as `bindCondition`. */
export function boundCondition(left: Fields, right: Fields, condition: Expression, where: string): Bound {
  return bindCondition(condition, pairFields(left, right), where)
}

/** The positions that a bound expression reads. */
export function positionsOf(bound: Bound, into: Set<number> = new Set()): Set<number> {
  if (bound.kind === 'column') into.add(bound.index)
  else if (bound.kind === 'call') for (const arg of bound.args) positionsOf(arg, into)
  return into
}

/** Which columns of input `port` a join needs so that its readers have theirs. */
export function neededOfJoin(inputs: readonly Fields[], params: JoinParams, port: number, readers: ReadonlySet<string> | 'all', where: string): ReadonlySet<string> {
  const [left, right] = [visible(inputs[0]!), visible(inputs[1]!)]
  const own = port === 0 ? left : right
  const needed = new Set(port === 0 ? params.left : params.right)
  const side = port === 0 ? 'left.' : 'right.'
  if (params.where) for (const name of columnsOf(params.where)) if (name.startsWith(side)) needed.add(name.slice(side.length))
  for (const column of joinedColumns(inputs[0]!, inputs[1]!, params, where)) {
    if (readers !== 'all' && !readers.has(column.field.name)) continue
    const position = port === 0 ? column.left : column.right
    if (position !== undefined) needed.add(own[position]!.name)
    // A right column has its suffix for as long as the left one is there.
    if (port === 0 && column.left === undefined && column.field.name !== right[column.right!]!.name) needed.add(right[column.right!]!.name)
  }
  return needed
}

/** `a = b and c = d where left.x > right.y`. */
export function describeJoin({ left, right, how, where }: JoinParams): string {
  const keys = left.map((name, i) => `${name} = ${right[i]}`).join(' and ')
  return [how === 'inner' ? '' : how, keys || 'each with each', where ? `where ${describeExpression(where)}` : ''].filter(Boolean).join(' ')
}
