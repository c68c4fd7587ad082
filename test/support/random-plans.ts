// Random plans, each with what it means: a frame, and the same steps over arrays of rows, one row after the other.
import { type Random, random } from '../../src/base/random.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { asc, desc } from '../../src/frame/orders.ts'
import { frame as frameOfRows } from './frames.ts'
import { sampleExpression } from './random-expressions.ts'
import { type Cell, type Columns, compareCells, isOrdered, type Kind, kinds, otherKinds, pick, type Row, sampleCell } from './random-types.ts'

/** A table that a plan has come to: the engine's frame, and the rows that it must give. `isOrdered`: in this order. */
export interface Table {
  readonly frame: FrameValue
  readonly rows: readonly Row[]
  readonly columns: Columns
  readonly isOrdered: boolean
  readonly text: string
  /** So many of the rows, whichever: the engine chooses by chance, and the same ones every time. No step goes on from here. */
  readonly sampled?: number
}

/** A plan by its seed: one or two tables, and up to seven steps, of these or of `more`. All that it came past, the end last. */
export function randomPlan(seed: number, more: readonly Step[] = []): Table[] {
  const r = random(seed)
  const tables = [source(r, 't', r.int(90))]
  for (let step = r.int(7) + 1; step > 0 && tables.at(-1)!.sampled === undefined; step--) {
    const next = pick(r, [...steps, ...more])(r, tables.at(-1)!)
    if (next && next !== tables.at(-1)) tables.push(next)
  }
  return tables
}

/** A table of `length` rows whose columns' names begin with `prefix`; one is `…_key`. */
export function source(r: Random, prefix: string, length: number): Table {
  const columns: Record<string, { kind: Kind; nullable: boolean }> = {}
  const others = r.int(2) === 0 ? [] : Array.from({ length: r.int(4) }, () => pick(r, otherKinds))
  const drawn = [...kinds.flatMap(kind => Array.from({ length: r.int(3) }, () => kind)), ...others]
  for (const [name, kind] of [...drawn.map((kind, i) => [`${prefix}_${/\w+/.exec(kind)}${i}`, kind] as const), [`${prefix}_key`, 'int32'] as const])
    columns[name] = { kind, nullable: kind === 'null' || r.int(2) === 0 }
  const rows = Array.from({ length }, () =>
    Object.fromEntries(Object.entries(columns).map(([name, { kind, nullable }]) => [name, nullable && r.int(5) === 0 ? null : sampleCell(r, kind)])),
  )
  const schema = schemaOf(columns)
  return { frame: frameOfRows(rows, schema), rows, columns, isOrdered: true, text: `${prefix}[${length}](${Object.entries(schema).map(([n, t]) => `${n}: ${t}`).join(', ')})` }
}

/** The columns as users write a schema. */
export const schemaOf = (columns: Columns): Record<string, string> => Object.fromEntries(Object.entries(columns).map(([name, { kind, nullable }]) => [name, kind + (nullable ? '?' : '')]))

/** A step that a plan may take; undefined where it can't from here. */
export type Step = (r: Random, table: Table) => Table | undefined

const steps: readonly Step[] = [filterStep, filterStep, withStep, withStep, selectStep, renameStep, dropStep, sortStep, expressionSortStep, limitStep]

/** The table after a step. */
export const change = (table: Table, parts: Partial<Table>, text: string): Table => ({ ...table, ...parts, text: `${table.text}\n  .${text}` })
/** Some of the names, at least one. */
export const subset = (r: Random, names: readonly string[]) => {
  const some = names.filter(() => r.int(2) === 0)
  return some.length > 0 ? some : [pick(r, names)]
}
/** Names that the table has not yet. */
export const fresh = (table: Table, prefix: string) => `${prefix}${table.text.split('\n').length}`
/** Columns that may be compared and computed with. */
export const exact = (columns: Columns) => Object.keys(columns).filter(name => !columns[name]!.isNear)

function filterStep(r: Random, table: Table): Table {
  const condition = sampleExpression(r, table.columns, 'bool', 3)
  return change(table, { frame: table.frame.filter(condition.expr), rows: table.rows.filter(row => condition.value(row) === true) }, `filter(${condition.text})`)
}

function withStep(r: Random, table: Table): Table {
  const names = Object.keys(table.columns)
  const drawn = [...kinds, ...exact(table.columns).map(name => table.columns[name]!.kind).filter(kind => kind !== 'count' && kind !== 'null')]
  const made = Array.from({ length: 1 + r.int(2) }, (_, i) => {
    const name = r.int(4) === 0 ? pick(r, names) : fresh(table, `made${i}_`)
    return [name, sampleExpression(r, table.columns, pick(r, drawn), 3)] as const
  })
  const samples = Object.fromEntries(made)
  const columns = Object.fromEntries(Object.entries(samples).map(([name, s]) => [name, { kind: s.kind, nullable: s.nullable }]))
  const exprs = Object.fromEntries(Object.entries(samples).map(([name, s]) => [name, s.expr]))
  const text = Object.entries(samples).map(([name, s]) => `${name}: ${s.text}`).join(', ')
  const computed = (row: Row) => Object.fromEntries(Object.entries(samples).map(([name, s]) => [name, s.value(row)]))
  if (r.int(4) === 0) return change(table, { frame: table.frame.select(exprs), rows: table.rows.map(computed), columns }, `select(${text})`)
  return change(table, { frame: table.frame.with(exprs), rows: table.rows.map(row => ({ ...row, ...computed(row) })), columns: { ...table.columns, ...columns } }, `with(${text})`)
}

/** Only these cells of a row. */
export const only = (row: Row, names: readonly string[]): Row => Object.fromEntries(names.map(name => [name, row[name]!]))
/** Only these columns. */
export const onlyColumns = (columns: Columns, names: readonly string[]): Columns => Object.fromEntries(names.map(name => [name, columns[name]!]))

function selectStep(r: Random, table: Table): Table {
  const names = subset(r, Object.keys(table.columns))
  return change(table, { frame: table.frame.select(...names), rows: table.rows.map(row => only(row, names)), columns: onlyColumns(table.columns, names) }, `select(${names.join(', ')})`)
}

function renameStep(r: Random, table: Table): Table {
  const all = Object.keys(table.columns)
  const to = Object.fromEntries(subset(r, all).slice(0, 2).map(name => [name, `${name}_r`]))
  if (Object.values(to).some(name => name in table.columns)) return table
  const renamed = (row: Readonly<Record<string, any>>) => Object.fromEntries(Object.entries(row).map(([n, v]) => [to[n] ?? n, v]))
  return change(table, { frame: table.frame.rename(to), rows: table.rows.map(renamed), columns: renamed(table.columns) }, `rename(${JSON.stringify(to)})`)
}

function dropStep(r: Random, table: Table): Table | undefined {
  const names = Object.keys(table.columns)
  if (names.length < 2) return undefined
  const dropped = pick(r, names)
  const left = names.filter(name => name !== dropped)
  return change(table, { frame: table.frame.drop(dropped), rows: table.rows.map(row => only(row, left)), columns: onlyColumns(table.columns, left) }, `drop(${dropped})`)
}

// −0 is 0 in an order of rows, and below it where the least value is looked for.
const compareOrders = (kind: Kind, a: Cell, b: Cell) => (a === 0 && b === 0 ? 0 : compareCells(kind, a, b))
const isNaNCell = (cell: Cell) => typeof cell === 'number' && Number.isNaN(cell)

/** A random order of rows: NaN comes after all numbers in either direction, −0 is 0. Undefined where no column has an order. */
export function sortOrder(r: Random, table: Table) {
  const names = exact(table.columns).filter(name => isOrdered(table.columns[name]!.kind))
  if (names.length === 0) return undefined
  const keys = subset(r, names).map(name => ({ name, descending: r.int(2) === 0, nulls: pick(r, ['first', 'last'] as const) }))
  const compare = (a: Row, b: Row) => {
    for (const { name, descending, nulls } of keys) {
      const [x, y] = [a[name]!, b[name]!]
      const order =
        x === null || y === null
          ? (Number(x === null) - Number(y === null)) * (nulls === 'first' ? -1 : 1)
          : compareOrders(table.columns[name]!.kind, x, y) * (descending && !isNaNCell(x) && !isNaNCell(y) ? -1 : 1)
      if (order !== 0) return order
    }
    return 0
  }
  const orders = keys.map(({ name, descending, nulls }) => (descending ? desc : asc)(name, { nulls })) as never[]
  return { orders, names: keys.map(k => k.name), compare, text: keys.map(k => `${k.name} ${k.descending ? 'desc' : 'asc'} nulls ${k.nulls}`).join(', ') }
}

function sortStep(r: Random, table: Table): Table | undefined {
  const order = sortOrder(r, table)
  // Rows in no order that are equal in their keys stay in none.
  return order && change(table, { frame: table.frame.sort(...order.orders), rows: [...table.rows].sort(order.compare) }, `sort(${order.text})`)
}

// By what is computed of rows, in rising order, nulls last.
function expressionSortStep(r: Random, table: Table): Table {
  const key = sampleExpression(r, table.columns, pick(r, ['int32', 'utf8', 'timestamp[ms]']), 2)
  const compare = (a: Row, b: Row) => {
    const [x, y] = [key.value(a), key.value(b)]
    return x === null || y === null ? Number(x === null) - Number(y === null) : compareCells(key.kind, x, y)
  }
  return change(table, { frame: table.frame.sort(key.expr), rows: [...table.rows].sort(compare) }, `sort(${key.text})`)
}

function limitStep(r: Random, table: Table): Table | undefined {
  if (!table.isOrdered) return undefined
  const [size, offset] = [r.int(40), r.int(3) === 0 ? r.int(10) : 0]
  if (r.int(4) === 0) return change(table, { frame: table.frame.offset(offset), rows: table.rows.slice(offset) }, `offset(${offset})`)
  return change(table, { frame: table.frame.limit(size, { offset }), rows: table.rows.slice(offset, offset + size) }, `limit(${size}, { offset: ${offset} })`)
}
