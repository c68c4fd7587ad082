// Steps of random plans that choose rows by their place or by what is equal, and what they mean.
import { asc, desc } from '../../src/frame/orders.ts'
import { change, keyText, type Step, sortOrder, subset } from './random-plans.ts'
import { type Row, sampleExpression } from './random-expressions.ts'

const distinctStep: Step = (r, table) => {
  const all = Object.keys(table.columns)
  const hasOthers = table.rows.some(row => Object.keys(row).length > all.length)
  // Of rows in no order, any may be the first.
  if (!table.isOrdered && hasOthers) return undefined
  const names = table.isOrdered ? subset(r, all) : all
  const seen = new Set<string>()
  const rows = table.rows.filter(row => {
    const key = names.map(n => keyText(row[n]!)).join('\u0000')
    if (seen.has(key)) return false
    return seen.add(key)
  })
  return change(table, { frame: table.frame.distinct(...names), rows, isOrdered: false }, `distinct(${names.join(', ')})`)
}

const topStep: Step = (r, table) => {
  if (!table.isOrdered) return undefined
  const { keys, compare, text } = sortOrder(r, table)
  const [count, by] = [r.int(20), r.int(2) === 0 ? subset(r, Object.keys(table.columns)).slice(0, 2) : []]
  const orders = keys.map(k => (k.descending ? desc : asc)(k.name, { nulls: k.nulls }))
  const sorted = [...table.rows].sort(compare)
  const taken = new Map<string, number>()
  const rows = sorted.filter(row => {
    const key = by.map(n => keyText(row[n]!)).join('\u0000')
    taken.set(key, (taken.get(key) ?? 0) + 1)
    return taken.get(key)! <= count
  })
  const frame = by.length > 0 ? table.frame.topK(count, ...orders, { by }) : table.frame.topK(count, ...orders)
  return change(table, { frame, rows, isOrdered: by.length === 0 }, `topK(${count}, ${text}, by ${by.join(', ')})`)
}

const unionStep: Step = (r, table) => {
  if (Object.keys(table.rows[0] ?? table.columns).length !== Object.keys(table.columns).length) return undefined
  const condition = sampleExpression(r, table.columns, 'bool', 2)
  const other = table.frame.filter(condition.expr)
  const rows = [...table.rows, ...table.rows.filter(row => condition.value(row) === true)]
  return change(table, { frame: table.frame.union(other), rows }, `union(itself.filter(${condition.text}))`)
}

const tailStep: Step = (r, table) => {
  if (!table.isOrdered) return undefined
  const count = r.int(30)
  if (r.int(2) === 0) return change(table, { frame: table.frame.reverse(), rows: [...table.rows].reverse() }, 'reverse()')
  return change(table, { frame: table.frame.tail(count), rows: count === 0 ? [] : table.rows.slice(-count) }, `tail(${count})`)
}

const dropNullStep: Step = (r, table) => {
  const names = subset(r, Object.keys(table.columns))
  const columns = Object.fromEntries(Object.entries(table.columns).map(([n, c]) => [n, names.includes(n) ? { ...c, nullable: false } : c]))
  return change(table, { frame: table.frame.dropNull(...names), rows: table.rows.filter(row => names.every(n => row[n] !== null)), columns }, `dropNull(${names.join(', ')})`)
}

const fillStep: Step = (r, table) => {
  if (!table.isOrdered) return undefined
  const names = subset(r, Object.keys(table.columns))
  const forward = r.int(2) === 0
  const filled = (rows: readonly Row[]): Row[] => {
    const last: Record<string, Row[string]> = {}
    return rows.map(row => {
      const copy = { ...row }
      for (const n of names) {
        if (copy[n] === null) copy[n] = last[n] ?? null
        else last[n] = copy[n]!
      }
      return copy
    })
  }
  const rows = forward ? filled(table.rows) : filled([...table.rows].reverse()).reverse()
  return change(table, { frame: table.frame.fillNull(forward ? 'forward' : 'backward', ...names), rows }, `fillNull(${forward ? 'forward' : 'backward'}, ${names.join(', ')})`)
}

const numberStep: Step = (_, table) => {
  const name = `row${table.text.split('\n').length}`
  if (!table.isOrdered) return undefined
  return change(table, { frame: table.frame.rowIndex(name, { start: 3 }), rows: table.rows.map((row, i) => ({ ...row, [name]: i + 3 })) }, `rowIndex(${name})`)
}

/** These steps. */
export const orderSteps: readonly Step[] = [distinctStep, topStep, unionStep, tailStep, dropNullStep, fillStep, numberStep]
