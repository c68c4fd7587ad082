// Steps of random plans that choose rows by their place or by what is equal, and what they mean.
import { change, exact, fresh, type Step, sortOrder, subset } from './random-plans.ts'
import { type Cell, keyText, type Row } from './random-types.ts'

const distinctStep: Step = (r, table) => {
  const all = exact(table.columns)
  // Of rows in no order, any may be the first.
  if (all.length === 0 || (!table.isOrdered && all.length < Object.keys(table.columns).length)) return undefined
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
  const order = table.isOrdered ? sortOrder(r, table) : undefined
  if (!order) return undefined
  const [count, by] = [r.int(20), r.int(2) === 0 ? subset(r, exact(table.columns)).slice(0, 2) : []]
  const sorted = [...table.rows].sort(order.compare)
  const taken = new Map<string, number>()
  const rows = sorted.filter(row => {
    const key = by.map(n => keyText(row[n]!)).join('\u0000')
    taken.set(key, (taken.get(key) ?? 0) + 1)
    return taken.get(key)! <= count
  })
  const frame = by.length > 0 ? table.frame.topK(count, ...order.orders, { by }) : table.frame.topK(count, ...order.orders)
  return change(table, { frame, rows, isOrdered: by.length === 0 }, `topK(${count}, ${order.text}, by ${by.join(', ')})`)
}

const tailStep: Step = (r, table) => {
  if (!table.isOrdered) return undefined
  const count = r.int(30)
  if (r.int(2) === 0) return change(table, { frame: table.frame.reverse(), rows: [...table.rows].reverse() }, 'reverse()')
  return change(table, { frame: table.frame.tail(count), rows: count === 0 ? [] : table.rows.slice(-count) }, `tail(${count})`)
}

const dropNullStep: Step = (r, table) => {
  const names = subset(r, Object.keys(table.columns))
  const columns = Object.fromEntries(Object.entries(table.columns).map(([n, c]) => [n, names.includes(n) ? { ...c, nullable: c.kind === 'null' } : c]))
  return change(table, { frame: table.frame.dropNull(...names), rows: table.rows.filter(row => names.every(n => row[n] !== null)), columns }, `dropNull(${names.join(', ')})`)
}

const fillStep: Step = (r, table) => {
  if (!table.isOrdered) return undefined
  const names = subset(r, Object.keys(table.columns))
  const forward = r.int(2) === 0
  const filled = (rows: readonly Row[]): Row[] => {
    const last: Record<string, Cell> = {}
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
  const name = fresh(table, 'row')
  if (!table.isOrdered) return undefined
  const columns = { ...table.columns, [name]: { kind: 'count', nullable: false } }
  return change(table, { frame: table.frame.rowIndex(name, { start: 3 }), rows: table.rows.map((row, i) => ({ ...row, [name]: i + 3 })), columns }, `rowIndex(${name})`)
}

const sampleStep: Step = (r, table) => {
  if (!table.isOrdered || r.int(2) === 0) return undefined
  const [seed, rows] = [r.int(100), r.int(40)]
  if (r.int(3) === 0) return change(table, { frame: table.frame.sample({ fraction: 1, seed }) }, `sample({ fraction: 1, seed: ${seed} })`)
  return change(table, { frame: table.frame.sample({ rows, seed }), sampled: Math.min(rows, table.rows.length) }, `sample({ rows: ${rows}, seed: ${seed} })`)
}

/** These steps. */
export const orderSteps: readonly Step[] = [distinctStep, topStep, tailStep, dropNullStep, fillStep, numberStep, sampleStep]
