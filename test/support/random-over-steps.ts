// Steps of random plans with functions over the rows around a row.
import type { Random } from '../../src/base/random.ts'
import * as agg from '../../src/frame/agg.ts'
import { denseRank, lag, lead, rank, rowNumber } from '../../src/frame/window-functions.ts'
import { plainAggregate } from './plain-aggregates.ts'
import { groupsOf } from './random-group-steps.ts'
import { change, exact, fresh, type Step, sortOrder, subset, type Table } from './random-plans.ts'
import { type Cell, isOrdered, isSummed, type Kind, pick, type Row, typeOf } from './random-types.ts'

/** A row with the rows of its partition, in their order. */
interface Around {
  readonly rows: readonly Row[]
  readonly at: number
  readonly isPeer: (a: Row, b: Row) => boolean
}
interface Over {
  readonly text: string
  readonly kind: Kind
  readonly nullable: boolean
  readonly fn: any
  readonly frame?: { readonly rows: readonly (number | 'unbounded')[] } | { readonly range: readonly (number | 'unbounded')[] }
  value(around: Around): Cell
}

const peersBefore = ({ rows, at, isPeer }: Around) => rows.findIndex(row => isPeer(row, rows[at]!))
const peersEnd = ({ rows, at, isPeer }: Around) => rows.findLastIndex(row => isPeer(row, rows[at]!)) + 1

// The first `rows % buckets` buckets have one more.
const bucketOf = (at: number, rows: number, buckets: number) => {
  const [size, larger] = [Math.floor(rows / buckets), rows % buckets]
  return at < larger * (size + 1) ? Math.floor(at / (size + 1)) + 1 : larger + Math.floor((at - larger * (size + 1)) / size) + 1
}

const ranks: readonly Over[] = [
  { text: 'rowNumber', kind: 'count', nullable: false, fn: rowNumber(), value: ({ at }) => at + 1 },
  { text: 'rank', kind: 'count', nullable: false, fn: rank(), value: around => peersBefore(around) + 1 },
  { text: 'denseRank', kind: 'count', nullable: false, fn: denseRank(), value: ({ rows, at, isPeer }) => rows.slice(0, at + 1).filter((row, i) => i === 0 || !isPeer(row, rows[i - 1]!)).length },
  { text: 'cumeDist', kind: 'float64', nullable: false, fn: agg.cumeDist(), value: around => peersEnd(around) / around.rows.length },
  { text: 'ntile(3)', kind: 'count', nullable: false, fn: agg.ntile(3), value: ({ rows, at }) => bucketOf(at, rows.length, 3) },
  { text: 'percentRank', kind: 'float64', nullable: false, fn: agg.percentRank(), value: around => (around.rows.length === 1 ? 0 : peersBefore(around) / (around.rows.length - 1)) },
]

function neighbour(r: Random, table: Table, name: string): Over {
  const offset = r.int(3) + 1
  const isLag = r.int(2) === 0
  const { kind } = table.columns[name]!
  return { text: `${isLag ? 'lag' : 'lead'}(${name}, ${offset})`, kind, nullable: true, fn: (isLag ? lag : lead)(name, offset), value: ({ rows, at }) => rows[at + (isLag ? -offset : offset)]?.[name] ?? null }
}

const bounds = (r: Random) => [r.int(3) === 0 ? 'unbounded' : r.int(4) - 3, r.int(3) === 0 ? 'unbounded' : r.int(4) - 1] as const

function aggregate(r: Random, table: Table, name: string): Over | undefined {
  const { kind } = table.columns[name]!
  const fit = (['count', 'sum', 'min', 'max', 'first', 'last'] as const).filter(fn => (fn === 'sum' ? isSummed(kind) && kind !== 'uint64' : fn === 'min' || fn === 'max' ? isOrdered(kind) : true))
  const fn = pick(r, fit)
  const [from, to] = bounds(r)
  const frame = r.int(2) === 0 || (typeof from === 'number' && typeof to === 'number' && from > to) ? undefined : ([from, to] as const)
  const gives: Kind = fn === 'count' ? 'count' : fn !== 'sum' ? kind : kind.startsWith('u') ? 'uint64' : /^int/.test(kind) ? 'int64' : kind.startsWith('float') ? 'float64' : kind.replace(/(?<=decimal\()\d+/, '38')
  const within = (around: Around) => {
    const start = !frame || from === 'unbounded' ? 0 : Math.max(0, around.at + from)
    const end = !frame ? peersEnd(around) : to === 'unbounded' ? around.rows.length : Math.max(start, around.at + to + 1)
    return around.rows.slice(start, end)
  }
  const value = (around: Around) => plainAggregate({ fn, inputType: typeOf(kind) } as never, [within(around).map(row => row[name]!)])
  return { text: `${fn}(${name}) rows ${frame ?? 'default'}`, kind: gives, nullable: fn !== 'count', fn: agg[fn](name), value, ...(frame && { frame: { rows: frame } }) }
}

// Rows whose key is near: so far before, so far behind in the order. A null is near to nulls only.
function distances(r: Random, table: Table, order: NonNullable<ReturnType<typeof sortOrder>>): Over | undefined {
  const [name, ...more] = order.names
  if (more.length > 0 || !['int32', 'int64'].includes(table.columns[name!]!.kind)) return undefined
  const [before, behind] = [r.int(4), r.int(3)]
  const isFalling = order.text.includes(' desc')
  const value = ({ rows, at, isPeer }: Around) => {
    const own = rows[at]![name!]!
    if (own === null) return rows.filter(row => isPeer(row, rows[at]!)).length
    const distance = (row: Row) => (Number(row[name!]) - Number(own)) * (isFalling ? -1 : 1)
    return rows.filter(row => row[name!] !== null && distance(row) >= -before && distance(row) <= behind).length
  }
  return { text: `count() range ${-before},${behind}`, kind: 'count', nullable: false, fn: agg.count(), frame: { range: [-before, behind] }, value }
}

const overStep: Step = (r, table) => {
  const order = table.isOrdered ? sortOrder(r, table) : undefined
  if (!order) return undefined
  const names = exact(table.columns)
  const by = r.int(3) === 0 ? [] : subset(r, names).slice(0, 2)
  const near = distances(r, table, order)
  const drawn = Array.from({ length: 1 + r.int(3) }, (_, i) => [`${fresh(table, 'over')}${'xyz'[i]}`, near && r.int(2) === 0 ? near : r.int(3) === 0 ? pick(r, ranks) : r.int(2) === 0 ? neighbour(r, table, pick(r, names)) : aggregate(r, table, pick(r, names))] as const)
  const functions = Object.fromEntries(drawn.filter((d): d is readonly [string, Over] => d[1] !== undefined))
  const isPeer = (a: Row, b: Row) => order.compare(a, b) === 0
  // A row may be there twice, and has a place of its own each time.
  const own = table.rows.map(row => ({ ...row }))
  const results = new Map<Row, Row>()
  for (const group of by.length === 0 ? [own] : groupsOf(own, by)) {
    const rows = [...group].sort(order.compare)
    rows.forEach((row, at) => results.set(row, Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, f.value({ rows, at, isPeer })]))))
  }
  const exprs = Object.fromEntries(Object.entries(functions).map(([name, { fn, frame }]) => [name, fn.over({ by, orderBy: order.orders, ...(frame && { frame }) })]))
  const columns = { ...table.columns, ...Object.fromEntries(Object.entries(functions).map(([name, { kind, nullable }]) => [name, { kind, nullable, isNear: false }])) }
  const text = `with(${Object.entries(functions).map(([name, f]) => `${name}: ${f.text}`).join(', ')} over by ${by.join(', ')} order ${order.text})`
  return change(table, { frame: table.frame.with(exprs as never), rows: own.map(row => ({ ...row, ...results.get(row)! })), columns }, text)
}

/** These steps. */
export const overSteps: readonly Step[] = [overStep, overStep]
