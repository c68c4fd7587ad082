// Steps of random plans that make one row of many: groups, subtotals, pivots.
import type { Random } from '../../src/base/random.ts'
import * as agg from '../../src/frame/agg.ts'
import { plainAggregate } from './plain-aggregates.ts'
import { sampleExpression } from './random-expressions.ts'
import { change, exact, fresh, onlyColumns, type Step, subset, type Table } from './random-plans.ts'
import type { Sample } from './random-samples.ts'
import { type Cell, type Columns, isNumber, isOrdered, isSummed, keyText, type Kind, pick, type Row, typeOf } from './random-types.ts'

/** An aggregate of rows of a group, and what it means. */
interface Aggregate {
  readonly text: string
  readonly kind: Kind
  readonly isNear: boolean
  readonly nullable: boolean
  readonly call: any
  value(rows: readonly Row[]): Cell
}

const isWhole = (kind: Kind) => /^u?int\d/.test(kind)
const isTime = (kind: Kind) => /^(timestamp|duration)/.test(kind)
const listOf = (kind: Kind) => `list<${kind}>`
const summed = (kind: Kind) => (kind.startsWith('u') ? 'uint64' : isWhole(kind) ? 'int64' : kind.startsWith('float') ? 'float64' : kind.startsWith('decimal') ? kind.replace(/\d+/, '38') : kind)
const middle = (kind: Kind) => (isTime(kind) ? kind : 'float64')

interface Choice {
  readonly fn: string
  /** Kinds that it takes; all unless said. */
  readonly takes?: (kind: Kind) => boolean
  readonly gives: (kind: Kind) => Kind
  readonly options?: Record<string, unknown>
  readonly isNear?: boolean
  /** Depends on the order of rows. */
  readonly goesByOrder?: boolean
  readonly neverNull?: boolean
  readonly call: (name: string) => any
}

const same = (kind: Kind) => kind
// Items of lists are no counts: they would be bigints.
const isListed = (kind: Kind) => isOrdered(kind) && kind !== 'count'
const choices: readonly Choice[] = [
  { fn: 'count', gives: () => 'count', neverNull: true, call: name => agg.count(name) },
  { fn: 'countDistinct', gives: () => 'count', neverNull: true, call: name => agg.countDistinct(name) },
  { fn: 'min', takes: isOrdered, gives: same, call: name => agg.min(name) },
  { fn: 'max', takes: isOrdered, gives: same, call: name => agg.max(name) },
  { fn: 'sum', takes: isSummed, gives: summed, call: name => agg.sum(name) },
  { fn: 'mean', takes: kind => isNumber(kind) || isTime(kind), gives: middle, isNear: true, call: name => agg.mean(name) },
  { fn: 'variance', takes: isNumber, gives: () => 'float64', isNear: true, call: name => agg.variance(name) },
  { fn: 'stddev', takes: isNumber, gives: () => 'float64', options: { population: true }, isNear: true, call: name => agg.stddev(name, { population: true }) },
  { fn: 'median', takes: kind => isNumber(kind) || isTime(kind), gives: middle, isNear: true, call: name => agg.median(name) },
  { fn: 'quantile', takes: kind => isNumber(kind) || isTime(kind), gives: middle, options: { q: 0.25 }, isNear: true, call: name => agg.quantile(name, 0.25) },
  { fn: 'mode', takes: isOrdered, gives: same, call: name => agg.mode(name) },
  { fn: 'product', takes: kind => kind === 'float64' || kind === 'int32', gives: () => 'float64', isNear: true, call: name => agg.product(name) },
  { fn: 'bitAnd', takes: isWhole, gives: same, call: name => agg.bitAnd(name) },
  { fn: 'bitOr', takes: isWhole, gives: same, call: name => agg.bitOr(name) },
  { fn: 'bitXor', takes: isWhole, gives: same, call: name => agg.bitXor(name) },
  { fn: 'any', takes: kind => kind === 'bool', gives: same, call: name => agg.any(name) },
  { fn: 'every', takes: kind => kind === 'bool', gives: same, call: name => agg.every(name) },
  { fn: 'first', gives: same, goesByOrder: true, call: name => agg.first(name) },
  { fn: 'last', gives: same, goesByOrder: true, call: name => agg.last(name) },
  { fn: 'list', takes: kind => kind !== 'count', gives: listOf, goesByOrder: true, call: name => agg.list(name) },
  { fn: 'topK', takes: isListed, gives: listOf, options: { k: 3 }, call: name => agg.topK(name, 3) },
  { fn: 'topK', takes: isListed, gives: listOf, options: { k: 2, least: true }, call: name => agg.topK(name, 2, { least: true }) },
]
const pairs: readonly (Omit<Choice, 'call'> & { readonly call: (name: string, other: string) => any })[] = [
  { fn: 'argMin', takes: isOrdered, gives: same, goesByOrder: true, call: (by, of) => agg.argMin(of, by) },
  { fn: 'argMax', takes: isOrdered, gives: same, goesByOrder: true, call: (by, of) => agg.argMax(of, by) },
  { fn: 'topKBy', takes: isListed, gives: kind => `list<${kind}?>`, options: { k: 2 }, goesByOrder: true, call: (by, of) => agg.topK(of, 2, { by }) },
  { fn: 'covariance', takes: isNumber, gives: () => 'float64', isNear: true, call: (x, y) => agg.covariance(x, y) },
  { fn: 'corr', takes: isNumber, gives: () => 'float64', isNear: true, call: (x, y) => agg.corr(x, y) },
]

/** An aggregate over columns of the table. */
export function sampleAggregate(r: Random, table: Table): Aggregate {
  const { columns } = table
  const names = exact(columns)
  const made = r.int(8) === 0 || names.length === 0 ? rowCount : (r.int(5) === 0 && pairOf(r, table, names)) || singleOf(r, table, pick(r, names))
  return r.int(4) === 0 ? filtered(made, sampleExpression(r, columns, 'bool', 2)) : made
}

const rowCount: Aggregate = { text: 'count()', kind: 'count', isNear: false, nullable: false, call: agg.count(), value: rows => rows.length }

function singleOf(r: Random, table: Table, name: string): Aggregate {
  const { kind, nullable } = table.columns[name]!
  const { fn, gives, options, isNear = false, neverNull = false, call } = pick(r, choices.filter(c => (!c.takes || c.takes(kind)) && (table.isOrdered || !c.goesByOrder)))
  const spec = { fn, inputType: typeOf(kind), ...(options && { options }) } as never
  const value = (rows: readonly Row[]) => plainAggregate(spec, [rows.map(row => row[name]!)])
  return { text: `${fn}(${name}${options ? `, ${JSON.stringify(options)}` : ''})`, kind: gives(kind), isNear, nullable: nullable || !neverNull, call: call(name), value }
}

function pairOf(r: Random, table: Table, names: readonly string[]): Aggregate | undefined {
  const choice = pick(r, pairs)
  const fit = names.filter(name => choice.takes!(table.columns[name]!.kind))
  if (fit.length === 0 || (choice.goesByOrder && !table.isOrdered)) return undefined
  const [x, y] = [pick(r, fit), pick(r, choice.goesByOrder ? names : fit)]
  const [xType, yType] = [typeOf(table.columns[x]!.kind), typeOf(table.columns[y]!.kind)]
  const { fn, gives, options, isNear = false, call } = choice
  const spec = { fn, inputType: xType, argTypes: [yType], ...(options && { options }) } as never
  const value = (rows: readonly Row[]) => plainAggregate(spec, [rows.map(row => row[x]!), rows.map(row => row[y]!)])
  return { text: `${fn}(${x}, ${y})`, kind: gives(table.columns[y]!.kind), isNear, nullable: true, call: call(x, y), value }
}

// What a condition chooses of counts are int64, but for counts themselves.
function chosen(a: Aggregate): Aggregate {
  if (a.kind !== 'count' || a.text.startsWith('count')) return a
  const asWord = (cell: Cell) => (cell === null ? null : BigInt(cell as number))
  return { ...a, kind: 'int64', value: rows => asWord(a.value(rows)) }
}

function filtered(given: Aggregate, condition: Sample): Aggregate {
  const a = chosen(given)
  return { ...a, text: `${a.text}.where(${condition.text})`, nullable: a.kind !== 'count', call: a.call.where(condition.expr), value: rows => a.value(rows.filter(row => condition.value(row) === true)) }
}

const calls = (aggregates: Readonly<Record<string, Aggregate>>) => Object.fromEntries(Object.entries(aggregates).map(([name, a]) => [name, a.call]))
const values = (aggregates: Readonly<Record<string, Aggregate>>, rows: readonly Row[]) => Object.fromEntries(Object.entries(aggregates).map(([name, a]) => [name, a.value(rows)]))
const textOf = (aggregates: Readonly<Record<string, Aggregate>>) => Object.entries(aggregates).map(([name, a]) => `${name}: ${a.text}`).join(', ')
const columnsOf = (aggregates: Readonly<Record<string, Aggregate>>): Columns =>
  Object.fromEntries(Object.entries(aggregates).map(([name, { kind, nullable, isNear }]) => [name, { kind, nullable, isNear }]))
const drawn = (r: Random, table: Table) => Object.fromEntries(Array.from({ length: 1 + r.int(3) }, (_, i) => [`${fresh(table, 'a')}${'xyz'[i]}`, sampleAggregate(r, table)]))

/** Rows by what is equal in these columns, in the order of their first ones. */
export function groupsOf(rows: readonly Row[], keys: readonly string[]): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keys.map(k => keyText(row[k]!)).join('\u0000')
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return [...groups.values()]
}

const groupStep: Step = (r, table) => {
  const names = exact(table.columns)
  const keys = r.int(5) === 0 || names.length === 0 ? [] : subset(r, names).slice(0, 3)
  const aggregates = drawn(r, table)
  const groups = keys.length === 0 ? [[...table.rows]] : groupsOf(table.rows, keys)
  const rows = groups.map(group => ({ ...Object.fromEntries(keys.map(k => [k, group[0]![k]!])), ...values(aggregates, group) }))
  const frame = table.frame.groupBy(...keys).agg(calls(aggregates))
  return change(table, { frame, rows, columns: { ...onlyColumns(table.columns, keys), ...columnsOf(aggregates) }, isOrdered: false }, `groupBy(${keys.join(', ')}).agg(${textOf(aggregates)})`)
}

const rollupStep: Step = (r, table) => {
  const names = exact(table.columns)
  if (names.length === 0) return undefined
  const how = pick(r, ['rollup', 'cube', 'groupingSets'] as const)
  const given = subset(r, names).slice(0, 3)
  const every = Array.from({ length: 2 ** given.length }, (_, mask) => given.filter((_, i) => ((mask >>> i) & 1) === 0))
  const sets = how === 'cube' ? every : how === 'rollup' ? [given, ...given.map((_, i) => given.slice(0, -1 - i))] : every.filter(() => r.int(2) === 0)
  const keys = how === 'groupingSets' ? [...new Set(sets.flat())] : given
  if (keys.length === 0) return undefined
  const aggregates = drawn(r, table)
  const id = fresh(table, 'set')
  // A bit for each key that a set lacks, the last one lowest.
  const numberOf = (set: readonly string[]) => keys.reduce((sum, key) => 2 * sum + (set.includes(key) ? 0 : 1), 0)
  const rows = sets.flatMap(set =>
    groupsOf(table.rows, set).map(group => ({ ...Object.fromEntries(keys.map(k => [k, set.includes(k) ? group[0]![k]! : null])), [id]: numberOf(set), ...values(aggregates, group) })),
  )
  const nullable = Object.fromEntries(keys.map(k => [k, { ...table.columns[k]!, nullable: true }]))
  const columns = { ...nullable, [id]: { kind: 'int32', nullable: false }, ...columnsOf(aggregates) }
  const grouped = how === 'groupingSets' ? table.frame.groupingSets(...sets) : table.frame[how](...keys)
  return change(table, { frame: grouped.agg(calls(aggregates), { id }), rows, columns, isOrdered: false }, `${how}(${how === 'groupingSets' ? sets.map(set => `(${set})`) : keys.join(', ')}).agg(${textOf(aggregates)})`)
}

const pivotStep: Step = (r, table) => {
  const on = exact(table.columns).filter(name => ['int32', 'utf8', 'bool'].includes(table.columns[name]!.kind))
  const by = exact(table.columns)
  if (on.length === 0) return undefined
  const column = pick(r, on)
  const index = subset(r, by).slice(0, 2)
  const found = [...new Map(table.rows.map(row => [keyText(row[column]!), row[column]!])).values()].filter(value => value !== '')
  const names = found.filter(() => r.int(2) === 0).slice(0, 4)
  if (names.length === 0 || names.some(name => index.includes(String(name)))) return undefined
  const aggregate = chosen(sampleAggregate(r, table))
  const ofName = (rows: readonly Row[], name: Cell) => aggregate.value(rows.filter(row => keyText(row[column]!) === keyText(name)))
  const groups = groupsOf(table.rows, index)
  const rows = groups.map(group => ({ ...Object.fromEntries(index.map(k => [k, group[0]![k]!])), ...Object.fromEntries(names.map(name => [String(name), ofName(group, name)])) }))
  const made = columnsOf(Object.fromEntries(names.map(name => [String(name), { ...aggregate, nullable: aggregate.kind !== 'count' }])))
  const frame = table.frame.pivot({ index, columns: column, aggregate: aggregate.call, names }) as typeof table.frame
  return change(table, { frame, rows, columns: { ...onlyColumns(table.columns, index), ...made }, isOrdered: false }, `pivot(${index.join(', ')}; ${column}: ${names.join(', ')}; ${aggregate.text})`)
}

/** These steps. */
export const groupSteps: readonly Step[] = [groupStep, groupStep, rollupStep, pivotStep]
