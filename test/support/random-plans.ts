// Random plans, each with what it means: a frame, and the same steps over arrays of rows, one row after the other.
import { type Random, random } from '../../src/base/random.ts'
import { count, max, mean, min, sum } from '../../src/frame/aggregates.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { asc, desc } from '../../src/frame/orders.ts'
import { frame as frameOfRows } from './frames.ts'
import { byCodePoints, type Cell, type Columns, type Kind, kinds, pick, type Row, sampleCell, sampleExpression } from './random-expressions.ts'

/** A table that a plan has come to: the engine's frame, and the rows that it must give. `isOrdered`: in this order. */
export interface Table {
  readonly frame: FrameValue
  readonly rows: readonly Row[]
  readonly columns: Columns
  readonly isOrdered: boolean
  readonly text: string
}

/** A plan by its seed: one or two tables, and up to seven steps, of these or of `more`. */
export function randomPlan(seed: number, more: readonly Step[] = []): Table {
  const r = random(seed)
  let table = source(r, 't', r.int(90))
  for (let step = r.int(7) + 1; step > 0 && Object.keys(table.columns).length > 0; step--) table = pick(r, [...steps, ...more])(r, table) ?? table
  return table
}

function source(r: Random, prefix: string, length: number): Table {
  const columns: Record<string, { kind: Kind; nullable: boolean }> = {}
  const names = kinds.flatMap(kind => Array.from({ length: r.int(3) }, (_, i) => [`${prefix}_${kind.replace(/\W.*/, '')}${i}`, kind] as const))
  for (const [name, kind] of [...names, [`${prefix}_key`, 'int32'] as const]) columns[name] = { kind, nullable: r.int(2) === 0 }
  const rows = Array.from({ length }, () =>
    Object.fromEntries(Object.entries(columns).map(([name, { kind, nullable }]) => [name, nullable && r.int(5) === 0 ? null : sampleCell(r, kind)])),
  )
  const schema = Object.fromEntries(Object.entries(columns).map(([name, { kind, nullable }]) => [name, kind + (nullable ? '?' : '')]))
  return { frame: frameOfRows(rows, schema), rows, columns, isOrdered: true, text: `${prefix}[${length}](${Object.entries(schema).map(([n, t]) => `${n}: ${t}`).join(', ')})` }
}

/** A step that a plan may take; undefined where it can't from here. */
export type Step = (r: Random, table: Table) => Table | undefined

const steps: readonly Step[] = [filterStep, filterStep, withStep, withStep, selectStep, renameStep, dropStep, sortStep, limitStep, groupStep, joinStep]

/** The table after a step. */
export const change = (table: Table, parts: Partial<Table>, text: string): Table => ({ ...table, ...parts, text: `${table.text}\n  .${text}` })
/** Some of the names, at least one. */
export const subset = (r: Random, names: readonly string[]) => {
  const some = names.filter(() => r.int(2) === 0)
  return some.length > 0 ? some : [pick(r, names)]
}

function filterStep(r: Random, table: Table): Table {
  const condition = sampleExpression(r, table.columns, 'bool', 3)
  return change(table, { frame: table.frame.filter(condition.expr), rows: table.rows.filter(row => condition.value(row) === true) }, `filter(${condition.text})`)
}

function withStep(r: Random, table: Table): Table {
  const names = Object.keys(table.columns)
  const made = Array.from({ length: 1 + r.int(2) }, (_, i) => {
    const name = r.int(4) === 0 ? pick(r, names) : `made${names.length + i}`
    return [name, sampleExpression(r, table.columns, pick(r, kinds), 3)] as const
  })
  const samples = Object.fromEntries(made)
  const rows = table.rows.map(row => ({ ...row, ...Object.fromEntries(Object.entries(samples).map(([name, s]) => [name, s.value(row)])) }))
  const columns = { ...table.columns, ...Object.fromEntries(Object.entries(samples).map(([name, s]) => [name, { kind: s.kind, nullable: s.nullable }])) }
  const exprs = Object.fromEntries(Object.entries(samples).map(([name, s]) => [name, s.expr]))
  return change(table, { frame: table.frame.with(exprs), rows, columns }, `with(${Object.entries(samples).map(([name, s]) => `${name}: ${s.text}`).join(', ')})`)
}

const only = (row: Row, names: readonly string[]): Row => Object.fromEntries(names.map(name => [name, row[name]!]))
const onlyColumns = (columns: Columns, names: readonly string[]): Columns => Object.fromEntries(names.map(name => [name, columns[name]!]))

function selectStep(r: Random, table: Table): Table {
  const names = subset(r, Object.keys(table.columns))
  return change(table, { frame: table.frame.select(...names), rows: table.rows.map(row => only(row, names)), columns: onlyColumns(table.columns, names) }, `select(${names.join(', ')})`)
}

function renameStep(r: Random, table: Table): Table {
  const [name] = [pick(r, Object.keys(table.columns))]
  const to = `${name}_r`
  if (to in table.columns) return table
  const renamed = (row: Readonly<Record<string, any>>) => Object.fromEntries(Object.entries(row).map(([n, v]) => [n === name ? to : n, v]))
  return change(table, { frame: table.frame.rename({ [name]: to }), rows: table.rows.map(renamed), columns: renamed(table.columns) }, `rename(${name} → ${to})`)
}

function dropStep(r: Random, table: Table): Table | undefined {
  const names = Object.keys(table.columns)
  if (names.length < 2) return undefined
  const dropped = pick(r, names)
  const left = names.filter(name => name !== dropped)
  return change(table, { frame: table.frame.drop(dropped), rows: table.rows.map(row => only(row, left)), columns: onlyColumns(table.columns, left) }, `drop(${dropped})`)
}

/** The order of values: NaN greater than all numbers, strings by code points. */
export function compareCells(a: Cell, b: Cell): number {
  if (typeof a === 'string') return byCodePoints(a, b as string)
  const [x, y] = [a as number, b as number]
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
  return x < y ? -1 : x > y ? 1 : 0
}

const isNaNCell = (cell: Cell) => typeof cell === 'number' && Number.isNaN(cell)

/** A random order of rows: NaN comes after all numbers in either direction. */
export function sortOrder(r: Random, table: Table) {
  const keys = subset(r, Object.keys(table.columns)).map(name => ({ name, descending: r.int(2) === 0, nulls: pick(r, ['first', 'last'] as const) }))
  const compare = (a: Row, b: Row) => {
    for (const { name, descending, nulls } of keys) {
      const [x, y] = [a[name]!, b[name]!]
      const order =
        x === null || y === null
          ? (Number(x === null) - Number(y === null)) * (nulls === 'first' ? -1 : 1)
          : compareCells(x, y) * (descending && !isNaNCell(x) && !isNaNCell(y) ? -1 : 1)
      if (order !== 0) return order
    }
    return 0
  }
  return { keys, compare, text: keys.map(k => `${k.name} ${k.descending ? 'desc' : 'asc'} nulls ${k.nulls}`).join(', ') }
}

function sortStep(r: Random, table: Table): Table {
  const { keys, compare, text } = sortOrder(r, table)
  const orders = keys.map(({ name, descending, nulls }) => (descending ? desc : asc)(name, { nulls }))
  // Rows in no order that are equal in their keys stay in none.
  return change(table, { frame: table.frame.sort(...(orders as never[])), rows: [...table.rows].sort(compare), isOrdered: table.isOrdered }, `sort(${text})`)
}

function limitStep(r: Random, table: Table): Table | undefined {
  if (!table.isOrdered) return undefined
  const [size, offset] = [r.int(40), r.int(3) === 0 ? r.int(10) : 0]
  return change(table, { frame: table.frame.limit(size, { offset }), rows: table.rows.slice(offset, offset + size) }, `limit(${size}, { offset: ${offset} })`)
}

/** What makes values equal as keys. */
export const keyText = (cell: Cell) => (typeof cell === 'bigint' ? `${cell}n` : typeof cell === 'number' ? String(cell === 0 ? 0 : cell) : JSON.stringify(cell))

const isNumber = (kind: Kind) => kind === 'int32' || kind === 'int64' || kind === 'float64'

function aggregateOf(r: Random, name: string, kind: Kind): { fn: string; kind: Kind; apply: any; value(cells: Cell[]): Cell } {
  const present = (cells: Cell[]) => cells.filter(c => c !== null)
  const total = (cells: Cell[]) => present(cells).reduce((a: any, c) => a + (kind === 'float64' ? c : BigInt(c as number)), kind === 'float64' ? 0 : 0n) as Cell
  const known = (cells: Cell[], value: (some: Cell[]) => Cell) => (present(cells).length === 0 ? null : value(present(cells)))
  const choice = r.int(isNumber(kind) ? 5 : 3)
  if (choice === 0) return { fn: `count(${name})`, kind: 'int64', apply: count(name), value: cells => present(cells).length }
  if (choice === 1) return { fn: `min(${name})`, kind, apply: min(name), value: cells => known(cells, some => some.reduce((a, b) => (compareCells(b, a) < 0 ? b : a))) }
  if (choice === 2) return { fn: `max(${name})`, kind, apply: max(name), value: cells => known(cells, some => some.reduce((a, b) => (compareCells(b, a) > 0 ? b : a))) }
  if (choice === 3) return { fn: `sum(${name})`, kind: kind === 'float64' ? kind : 'int64', apply: sum(name), value: cells => known(cells, total) }
  return { fn: `mean(${name})`, kind: 'float64', apply: mean(name), value: cells => known(cells, some => Number(total(some)) / some.length) }
}

function groupStep(r: Random, table: Table): Table {
  const names = Object.keys(table.columns)
  const keys = r.int(5) === 0 ? [] : subset(r, names).slice(0, 3)
  const aggregates = Array.from({ length: 1 + r.int(3) }, (_, i) => {
    const name = pick(r, names)
    return { result: `a${table.text.split('\n').length}${'abc'[i]}`, name, ...aggregateOf(r, name, table.columns[name]!.kind) }
  })
  const groups = new Map<string, Row[]>()
  if (keys.length === 0) groups.set('', [])
  for (const row of table.rows) {
    const key = keys.map(k => keyText(row[k]!)).join('\u0000')
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const rows = [...groups.values()].map(group => ({
    ...Object.fromEntries(keys.map(k => [k, group[0]![k]!])),
    ...Object.fromEntries(aggregates.map(a => [a.result, a.value(group.map(row => row[a.name]!))])),
  }))
  const calls = Object.fromEntries(aggregates.map(a => [a.result, a.apply]))
  const text = `groupBy(${keys.join(', ')}).agg(${aggregates.map(a => `${a.result}: ${a.fn}`).join(', ')})`
  const grouped = change(table, { frame: table.frame.groupBy(...keys).agg(calls), rows, columns: { ...onlyColumns(table.columns, keys) }, isOrdered: false }, text)
  // Counts are numbers of a type of their own, and means need not be exact: later steps leave them alone.
  const kept = [...keys, ...aggregates.filter(a => !/^(count|mean)/.test(a.fn)).map(a => a.result)]
  if (kept.length === 0) return grouped
  const columns = { ...grouped.columns, ...Object.fromEntries(aggregates.filter(a => kept.includes(a.result)).map(a => [a.result, { kind: a.kind, nullable: true }])) }
  return { ...grouped, columns }
}

function joinStep(r: Random, table: Table): Table | undefined {
  const keys = Object.keys(table.columns).filter(name => table.columns[name]!.kind === 'int32')
  if (keys.length === 0 || Object.keys(table.columns).some(name => name.startsWith('u_'))) return undefined
  const key = pick(r, keys)
  const other = source(r, 'u', r.int(25))
  const how = pick(r, ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)
  const partners = (row: Row) => other.rows.filter(o => o['u_key'] !== null && o['u_key'] === row[key])
  const rightNames = Object.keys(other.columns).filter(name => name !== 'u_key')
  const empty: Row = Object.fromEntries(rightNames.map(name => [name, null]))
  const rows = table.rows.flatMap((row): Row[] => {
    const found = partners(row)
    if (how === 'semi') return found.length > 0 ? [row] : []
    if (how === 'anti') return found.length > 0 ? [] : [row]
    if (found.length === 0) return how === 'left' || how === 'full' ? [{ ...row, ...empty }] : []
    return found.map(o => ({ ...row, ...only(o, rightNames) }))
  })
  if (how === 'right' || how === 'full') {
    const lone = other.rows.filter(o => !table.rows.some(row => row[key] !== null && row[key] === o['u_key']))
    const nulls: Row = Object.fromEntries(Object.keys(table.rows[0] ?? table.columns).map(name => [name, null]))
    rows.push(...lone.map(o => ({ ...nulls, [key]: o['u_key']!, ...only(o, rightNames) })))
  }
  const nullable = (columns: Columns, isOuter: boolean): Columns => Object.fromEntries(Object.entries(columns).map(([n, c]) => [n, { ...c, nullable: c.nullable || isOuter }]))
  const added = how === 'semi' || how === 'anti' ? {} : nullable(onlyColumns(other.columns, rightNames), how === 'left' || how === 'full')
  const left = nullable(table.columns, how === 'right' || how === 'full')
  const joined = (table.frame as any).join(other.frame, { left: key, right: 'u_key', how })
  // Where the right side doesn't fit into memory rows come in no order.
  return change(table, { frame: joined, rows, columns: { ...left, ...added }, isOrdered: false }, `join(${other.text}, ${key} = u_key, ${how})`)
}
