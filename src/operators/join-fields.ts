// What the operators of joins share: their parameters, the columns that come out, conditions over both sides, and which input columns are needed.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { DataType } from '../batch/data-type.ts'
import { int32, sameType } from '../batch/data-type.ts'
import { columnIndex, type Field, fieldOf, type Fields, isHidden, visible } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import { canCast } from '../compute/cast.ts'
import { canBeKey, type KeyForm, keyForm } from '../compute/join-keys.ts'
import { type Direction, type OrderForm, orderKey } from '../compute/join-order.ts'
import type { RangeForm } from '../compute/join-ranges.ts'
import type { JoinKind, ProbeKind } from '../compute/join-match.ts'
import { bindCondition } from '../expr/bind.ts'
import { describeExpression } from '../expr/describe.ts'
import { columnsOf, type Expression } from '../expr/expression.ts'
import type { Bound } from '../expr/function.ts'
import { widerType } from '../expr/unify.ts'
import { watermarkColumn } from './watermark.ts'

/**
 * Parameters of all joins: key columns pairwise, the kind, a suffix for right columns whose name the left has too, and a condition over columns
 * `left.name` and `right.name`.
 */
export type JoinParams = {
  readonly left: readonly string[]
  readonly right: readonly string[]
  /** What keys look like that are computed before: texts of expressions, for messages. */
  readonly texts?: { readonly left: readonly string[]; readonly right: readonly string[] }
  readonly how: JoinKind
  readonly suffix?: string
  readonly where?: Expression & Json
  /** Bounds among the conditions, set when the join is lowered: names of columns of the streaming and the stored side. `rest`: what else must hold beside them. */
  readonly range?: RangeForm<string>
  readonly rest?: Expression & Json
  /** Set by plan/rules/filter-in-joins.ts: rows of the streaming side for which it isn't true meet nothing. */
  readonly filter?: Expression & Json
  /** Set by plan/rules/choose-build-sides.ts: the left side is stored, the right one streams past it. */
  readonly turned?: TurnedJoin
  /** The left side may never end: its rows keep their watermark. */
  readonly lookup?: boolean
  /** The nearest right row only: values of both sides, and how they meet, which is known when the join is lowered. Then `how` is 'left' or 'inner'. */
  readonly asOf?: { readonly left: string; readonly right: string; readonly direction: Direction; readonly tolerance?: Json; readonly form?: OrderForm }
}

/**
 * A join whose left side becomes the table, so that input 0 of its operator is the right side. `ordered`: the rows carry the number of their left row, to be
 * sorted by. `rows`: what was estimated of the left and the right side.
 */
export type TurnedJoin = { readonly ordered: boolean; readonly rows: readonly [number, number] }

/** The hidden column of ordered turned joins. */
export const orderField: Field = { name: '$order', type: int32, nullable: true }

const turnedKinds = { inner: 'inner', left: 'right', right: 'left', full: 'full', semi: 'storedSemi', anti: 'storedAnti' } as const

/** The kind of a join as its operator sees it: of the streaming side and the stored one. */
export function probeKind({ how, turned }: Pick<JoinParams, 'how' | 'turned'>): ProbeKind {
  return turned ? turnedKinds[how] : how
}

/** Two things of the streaming and the stored side, as left and right, or the other way round. */
export function sidesOf<T>({ turned }: Pick<JoinParams, 'turned'>, [streaming, stored]: readonly [T, T]): readonly [left: T, right: T] {
  return turned ? [stored, streaming] : [streaming, stored]
}

/** A column that comes out: of one side (its position among the visible fields), or a key of both sides. */
export interface JoinedColumn {
  readonly field: Field
  readonly left?: number
  readonly right?: number
}

/** How the keys of both sides meet. Throws PlanError NO_COLUMN, JOIN_TYPE. */
export function keyForms(left: Fields, right: Fields, params: Pick<JoinParams, 'left' | 'right' | 'texts'>, where: string): KeyForm[] {
  return params.left.map((name, i) => {
    const [a, b] = [fieldOf(left, name, where), fieldOf(right, params.right[i]!, where)]
    const [textA, textB] = [params.texts?.left[i] ?? a.name, params.texts?.right[i] ?? b.name]
    for (const [key, text] of [[a, textA], [b, textB]] as const)
      if (!canBeKey(key.type)) throw new PlanError('JOIN_TYPE', `${where}: the key "${text}" is ${typeName(key.type)}, which can't be compared for equality here; take a field or an element of it as the key`)
    const form = keyForm(a.type, b.type)
    if (form) return form
    throw new PlanError('JOIN_TYPE', `${where}: left key "${textA}" is ${typeName(a.type)}, right key "${textB}" is ${typeName(b.type)}; cast one of them to the other's type`)
  })
}

/** The columns of a join's result: the left's, then the right's without its keys. Hidden columns end here. Throws PlanError JOIN_CLASH, JOIN_TYPE, NO_COLUMN. */
export function joinedColumns(leftInput: Fields, rightInput: Fields, params: JoinParams, where: string): JoinedColumn[] {
  const [left, right] = [visible(leftInput), visible(rightInput)]
  keyForms(leftInput, rightInput, params, where)
  if (params.asOf) orderForm(left, right, params.asOf, where)
  const { how } = params
  if (how === 'semi' || how === 'anti') return left.map((field, i) => ({ field, left: i }))
  const bothKeep = how === 'right' || how === 'full'
  const merged = params.left.map((name, i) => [name, params.right[i]!] as const).filter(names => !names.some(isHidden))
  const columns: JoinedColumn[] = left.map((field, i) => {
    const key = merged.find(([name]) => name === field.name)
    if (!bothKeep) return { field, left: i }
    if (!key) return { field: { ...field, nullable: true }, left: i }
    const other = columnIndex(right, key[1], where)
    return { field: { name: field.name, type: eitherType(field, right[other]!, how, where), nullable: field.nullable || right[other]!.nullable }, left: i, right: other }
  })
  const isTaken = (name: string) => columns.some(c => c.field.name === name)
  right.forEach((field, i) => {
    if (merged.some(([, name]) => name === field.name) || params.asOf?.right === field.name) return
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

/** The fields of `joinedColumns`, and of the order where it is asked for. */
export function joinedFields(left: Fields, right: Fields, params: JoinParams, where: string): Fields {
  if (params.where) boundCondition(pairFields(visible(left), visible(right)), params.where, where)
  const fields = joinedColumns(left, right, params, where).map(column => column.field)
  if (params.lookup) fields.push(...left.filter(field => field.name === watermarkColumn))
  return params.turned?.ordered ? [...fields, orderField] : fields
}

/** The visible fields, then the hidden ones among `names`: what a side's rows carry into a join. */
export function carriedFields(fields: Fields, names: readonly string[]): Fields {
  return [...visible(fields), ...fields.filter(field => isHidden(field.name) && names.includes(field.name))]
}

/** The columns of the streaming and of the stored side that have bounds or are bounds. */
export function rangeColumns(range: RangeForm<string> | undefined): { own: string[]; stored: string[] } {
  const bounds = [range?.first, range?.second].flatMap(of => of ?? [])
  return { own: bounds.flatMap(({ lower, upper }) => [lower, upper].flatMap(end => end?.own ?? [])), stored: bounds.map(of => of.stored) }
}

/** The fields that a condition is bound over: `left.…`, then `right.…`. */
export function pairFields(left: Fields, right: Fields): Fields {
  const named = (fields: Fields, side: string) => fields.map(field => ({ ...field, name: `${side}.${field.name}` }))
  return [...named(left, 'left'), ...named(right, 'right')]
}

/** A condition over pairs. Throws as `bindCondition`. */
export function boundCondition(pairs: Fields, condition: Expression, where: string): Bound {
  return bindCondition(condition, pairs, where)
}

/** The positions that a bound expression reads. */
export function positionsOf(bound: Bound, into: Set<number> = new Set()): Set<number> {
  if (bound.kind === 'column') into.add(bound.index)
  else if (bound.kind === 'call') for (const arg of bound.args) positionsOf(arg, into)
  return into
}

/** Which columns of input `port` a join needs so that its readers have theirs. */
export function neededOfJoin(inputs: readonly Fields[], params: JoinParams, port: number, readers: ReadonlySet<string> | 'all', where: string): ReadonlySet<string> {
  const { turned, range, filter, ...straight } = params
  const [leftInput, rightInput] = sidesOf(params, [inputs[0]!, inputs[1]!])
  if (turned || range || filter) {
    const bounds = rangeColumns(range)
    return new Set([...neededOfJoin([leftInput, rightInput], straight, turned ? 1 - port : port, readers, where), ...(port === 0 ? [...bounds.own, ...(filter ? columnsOf(filter) : [])] : bounds.stored)])
  }
  const [left, right] = [visible(leftInput), visible(rightInput)]
  const own = port === 0 ? left : right
  const needed = new Set(port === 0 ? params.left : params.right)
  if (params.lookup && port === 0) needed.add(watermarkColumn)
  if (params.asOf) needed.add(port === 0 ? params.asOf.left : params.asOf.right)
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

/** How the values of an asOf join meet. Throws PlanError NO_COLUMN, JOIN_TYPE, TOLERANCE. */
export function orderForm(left: Fields, right: Fields, asOf: NonNullable<JoinParams['asOf']>, where: string): OrderForm {
  const [a, b] = [fieldOf(left, asOf.left, where), fieldOf(right, asOf.right, where)]
  const met = orderKey(a.type, b.type)
  if (!met) throw new PlanError('JOIN_TYPE', `${where}: "${a.name}" is ${typeName(a.type)}, "${b.name}" is ${typeName(b.type)}; nearness needs whole numbers, floats, or times of one kind on both sides; cast one of them`)
  const form = { ...met, direction: asOf.direction }
  return asOf.tolerance === undefined ? form : { ...form, ...toleranceOf(asOf.tolerance, a.type, met, where) }
}

const perSecond = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const

// Durations for times, numbers for numbers; in units of the form.
function toleranceOf(given: Json, type: DataType, { key, floats }: { key: KeyForm; floats: boolean }, where: string): Pick<OrderForm, 'within' | 'withinFloat'> {
  const refuse = (what: string) => new PlanError('TOLERANCE', `${where}: the tolerance ${JSON.stringify(given)} ${what}; give ${key.unit || type.kind === 'date' ? "a duration such as '5s', or milliseconds" : 'a number from 0'}`)
  if (key.unit || type.kind === 'date') {
    const ms = parseDuration(given as Duration, where)
    if (type.kind === 'date') return { within: String(Math.floor(ms / 86_400_000)) }
    return { within: String((BigInt(Math.round(ms * 1000)) * perSecond[key.unit!]) / 1_000_000n) }
  }
  const number = typeof given === 'object' && given !== null && 'int64' in given ? Number(given.int64) : given
  if (typeof number !== 'number' || !(number >= 0)) throw refuse('is none')
  if (floats) return { withinFloat: number }
  if (typeof given === 'object') return { within: String((given as { int64: string }).int64) }
  return { within: String(Math.floor(Math.min(number, Number.MAX_SAFE_INTEGER))) }
}

/** `a = b and c = d where left.x > right.y`. */
export function describeJoin({ left: leftKeys, right: rightKeys, texts, how, where, asOf, filter, turned }: JoinParams): string {
  const [left, right] = [texts?.left ?? leftKeys, texts?.right ?? rightKeys]
  if (asOf) return (how === 'inner' ? 'inner ' : '') + [...left.map((name, i) => `${name} = ${right[i]}`), `${asOf.right} nearest to ${asOf.left}, ${asOf.direction}`].join(' and ')
  const keys = left.map((name, i) => `${name} = ${right[i]}`).join(' and ')
  return [how === 'inner' ? '' : how, keys || 'each with each', where ? `where ${describeExpression(where)}` : '', filter ? `of ${turned ? 'right' : 'left'} rows with ${describeExpression(filter)}` : ''].filter(Boolean).join(' ')
}
