// Steps of random plans that bring two tables together: joins of every kind by keys and conditions, the nearest row, each with each, unions.
import type { Random } from '../../src/base/random.ts'
import { sampleExpression } from './random-expressions.ts'
import { groupsOf } from './random-group-steps.ts'
import { change, exact, fresh, only, onlyColumns, source, type Step, type Table } from './random-plans.ts'
import { type Cell, type Columns, compareCells, isJoinKey, keyText, pick, type Row } from './random-types.ts'
import * as agg from '../../src/frame/agg.ts'

const rightPrefix = 'u_'
const hasRight = (table: Table) => Object.keys(table.columns).some(name => name.startsWith(rightPrefix))
const nulls = (names: readonly string[]): Row => Object.fromEntries(names.map(name => [name, null]))
const nullable = (columns: Columns, isOuter: boolean): Columns => Object.fromEntries(Object.entries(columns).map(([n, c]) => [n, { ...c, nullable: c.nullable || isOuter }]))
const isSame = (a: Cell, b: Cell) => a !== null && b !== null && keyText(a) === keyText(b)

// Pairs of columns of one type.
function keyPairs(r: Random, table: Table, other: Table): [string, string][] {
  const pairs: [string, string][] = []
  for (const left of exact(table.columns)) {
    for (const right of Object.keys(other.columns)) {
      const { kind } = table.columns[left]!
      if (kind === other.columns[right]!.kind && isJoinKey(kind) && r.int(kind === 'int32' ? 2 : 4) === 0 && !pairs.some(([a, b]) => a === left || b === right)) pairs.push([left, right])
    }
  }
  return pairs.slice(0, 3)
}

const hows = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const

const joinStep: Step = (r, table) => {
  if (hasRight(table)) return undefined
  const other = source(r, 'u', r.int(25))
  const pairs = keyPairs(r, table, other)
  const how = pick(r, hows)
  const condition = r.int(3) === 0 || pairs.length === 0 ? comparison(r, table, other) : undefined
  if (pairs.length === 0 && !condition) return undefined
  const meets = (l: Row, o: Row) => pairs.every(([a, b]) => isSame(l[a]!, o[b]!)) && (condition?.holds(l, o) ?? true)
  const frame = (table.frame as any).join(other.frame, { ...(pairs.length > 0 && { left: pairs.map(p => p[0]), right: pairs.map(p => p[1]) }), how, ...(condition && { where: condition.where }) })
  const text = `join(${other.text}, ${pairs.map(p => p.join(' = ')).join(', ')}${condition ? ` where ${condition.text}` : ''}, ${how})`
  return joined(table, other, pairs, how, meets, frame, text)
}

function joined(table: Table, other: Table, pairs: readonly (readonly [string, string])[], how: (typeof hows)[number], meets: (l: Row, o: Row) => boolean, frame: Table['frame'], text: string): Table {
  const rightNames = Object.keys(other.columns).filter(name => !pairs.some(([, right]) => right === name))
  const met = new Set<Row>()
  const rows = table.rows.flatMap((row): Row[] => {
    const found = other.rows.filter(o => meets(row, o))
    for (const o of found) met.add(o)
    if (how === 'semi' || how === 'anti') return found.length > 0 === (how === 'semi') ? [row] : []
    if (found.length === 0) return how === 'left' || how === 'full' ? [{ ...row, ...nulls(rightNames) }] : []
    return found.map(o => ({ ...row, ...only(o, rightNames) }))
  })
  if (how === 'right' || how === 'full') {
    const empty = nulls(Object.keys(table.columns))
    rows.push(...other.rows.filter(o => !met.has(o)).map(o => ({ ...empty, ...Object.fromEntries(pairs.map(([a, b]) => [a, o[b]!])), ...only(o, rightNames) })))
  }
  const added = how === 'semi' || how === 'anti' ? {} : nullable(onlyColumns(other.columns, rightNames), how === 'left' || how === 'full')
  // Where the right side doesn't fit into memory rows come in no order.
  return change(table, { frame, rows, columns: { ...nullable(table.columns, how === 'right' || how === 'full'), ...added }, isOrdered: false }, text)
}

// A condition over columns of one type of both sides.
function comparison(r: Random, table: Table, other: Table) {
  const fit = exact(table.columns).flatMap(left => Object.keys(other.columns).map(right => [left, right] as const)).filter(([a, b]) => table.columns[a]!.kind === other.columns[b]!.kind && ['int32', 'int64', 'timestamp[ms]', 'utf8'].includes(table.columns[a]!.kind))
  if (fit.length === 0) return undefined
  const some = Array.from({ length: 1 + r.int(2) }, () => ({ pair: pick(r, fit), method: pick(r, ['lt', 'le', 'gt', 'ge'] as const) }))
  const test = { lt: (n: number) => n < 0, le: (n: number) => n <= 0, gt: (n: number) => n > 0, ge: (n: number) => n >= 0 }
  const one = (row: Row, o: Row, { pair: [a, b], method }: (typeof some)[number]) => row[a] !== null && o[b] !== null && test[method](compareCells(table.columns[a]!.kind, row[a]!, o[b]!))
  return {
    text: some.map(({ pair, method }) => pair.join(` ${method} `)).join(' and '),
    holds: (row: Row, o: Row) => some.every(s => one(row, o, s)),
    where: (left: any, right: any) => some.map(({ pair: [a, b], method }) => left[a][method](right[b])).reduce((x, y) => x.and(y)),
  }
}

const crossStep: Step = (r, table) => {
  if (hasRight(table) || table.rows.length > 60) return undefined
  const other = source(r, 'u', r.int(7))
  return joined(table, other, [], 'inner', () => true, (table.frame as any).crossJoin(other.frame), `crossJoin(${other.text})`)
}

const asOfStep: Step = (r, table) => {
  if (hasRight(table)) return undefined
  const other = source(r, 'u', r.int(30))
  const times = exact(table.columns).flatMap(a => Object.keys(other.columns).filter(b => table.columns[a]!.kind === other.columns[b]!.kind && ['int32', 'int64', 'timestamp[ms]', 'date', 'timestamp[us]', 'decimal(9, 2)'].includes(table.columns[a]!.kind)).map(b => [a, b] as const))
  if (times.length === 0) return undefined
  const [left, right] = pick(r, times)
  const by = r.int(2) === 0 ? keyPairs(r, table, other).filter(([a, b]) => a !== left && b !== right).slice(0, 1) : []
  const direction = pick(r, ['backward', 'forward', 'nearest'] as const)
  const { kind } = table.columns[left]!
  const dropped = [right, ...by.map(p => p[1])]
  const rightNames = Object.keys(other.columns).filter(name => !dropped.includes(name))
  const rows = table.rows.map(row => {
    const at = row[left]!
    const near = at === null ? [] : other.rows.filter(o => o[right] !== null && by.every(([a, b]) => isSame(row[a]!, o[b]!)))
    const before = near.filter(o => compareCells(kind, o[right]!, at) <= 0).reduce<Row | undefined>((best, o) => (best && compareCells(kind, o[right]!, best[right]!) < 0 ? best : o), undefined)
    const behind = near.filter(o => compareCells(kind, o[right]!, at) >= 0).reduce<Row | undefined>((best, o) => (best && compareCells(kind, o[right]!, best[right]!) >= 0 ? best : o), undefined)
    const distance = (o: Row) => Math.abs(Number(o[right]) - Number(at))
    const found = direction === 'backward' ? before : direction === 'forward' ? behind : before && behind ? (distance(behind) < distance(before) ? behind : before) : (before ?? behind)
    return { ...row, ...(found ? only(found, rightNames) : nulls(rightNames)) }
  })
  const frame = (table.frame as any).asOf(other.frame, { left, right, direction, ...(by.length > 0 && { by: { left: by[0]![0], right: by[0]![1] } }) })
  return change(table, { frame, rows, columns: { ...table.columns, ...nullable(onlyColumns(other.columns, rightNames), true) }, isOrdered: false }, `asOf(${other.text}, ${left} ~ ${right} ${direction}, by ${by.map(p => p.join(' = '))})`)
}

// A table beside what it comes to: one scan, read twice.
const selfStep: Step = (r, table) => {
  const names = exact(table.columns).filter(name => isJoinKey(table.columns[name]!.kind))
  if (names.length === 0) return undefined
  const [key, result] = [pick(r, names), fresh(table, 'own')]
  const groups = new Map(groupsOf(table.rows, [key]).map(group => [keyText(group[0]![key]!), group.length]))
  const rows = table.rows.map(row => ({ ...row, [result]: row[key] === null ? null : groups.get(keyText(row[key]!))! }))
  const counted = table.frame.groupBy(key).agg({ [result]: agg.count() })
  const frame = (table.frame as any).join(counted, { on: key, how: 'left' })
  return change(table, { frame, rows, columns: { ...table.columns, [result]: { kind: 'count', nullable: true } }, isOrdered: false }, `join(itself.groupBy(${key}).agg({ ${result}: count() }), left)`)
}

const unionStep: Step = (r, table) => {
  const condition = sampleExpression(r, table.columns, 'bool', 2)
  const names = Object.keys(table.columns)
  const other = r.int(2) === 0 ? table.frame.filter(condition.expr) : table.frame.filter(condition.expr).select(...[...names].reverse())
  const rows = [...table.rows, ...table.rows.filter(row => condition.value(row) === true)]
  if (r.int(3) > 0) return change(table, { frame: table.frame.union(other), rows }, `union(itself.filter(${condition.text}))`)
  const few = table.rows.slice(0, 3)
  if (!table.isOrdered) return undefined
  return change(table, { frame: table.frame.union(other, table.frame.limit(3)), rows: [...rows, ...few] }, `union(itself.filter(${condition.text}), itself.limit(3))`)
}

/** These steps. */
export const joinSteps: readonly Step[] = [joinStep, joinStep, crossStep, asOfStep, selfStep, unionStep]
