// Steps of random plans that give rows another shape, keep them in memory, or run functions of JavaScript over them.
import { change, exact, fresh, only, schemaOf, type Step, subset } from './random-plans.ts'
import { literalSample } from './random-samples.ts'
import { type Cell, type Columns, pick, type Row } from './random-types.ts'

const explodeStep: Step = (r, table) => {
  const lists = exact(table.columns).filter(name => table.columns[name]!.kind.startsWith('list<') && !/list<float32, 2>|count/.test(table.columns[name]!.kind))
  if (lists.length === 0) return undefined
  const [name, keep, index] = [pick(r, lists), r.int(2) === 0, r.int(2) === 0 ? fresh(table, 'place') : undefined]
  const item = /^list<(.*)>$/.exec(table.columns[name]!.kind)![1]!
  const isNullable = item.endsWith('?')
  const columns = { ...table.columns, [name]: { kind: item.replace(/\?$/, ''), nullable: isNullable || keep }, ...(index !== undefined && { [index]: { kind: 'count', nullable: keep } }) }
  const rows = table.rows.flatMap((row): Row[] => {
    const items = (row[name] ?? []) as Cell[]
    const none = keep ? [{ ...row, [name]: null, ...(index !== undefined && { [index]: null }) }] : []
    return items.length === 0 ? none : items.map((value, at) => ({ ...row, [name]: value, ...(index !== undefined && { [index]: at }) }))
  })
  const frame = table.frame.explode(name, { ...(keep && { empty: 'keep' }), ...(index !== undefined && { index }) } as never)
  return change(table, { frame, rows, columns }, `explode(${name}, ${keep ? 'keep' : 'drop'}, ${index})`)
}

const unpivotStep: Step = (r, table) => {
  const { columns } = table
  const names = exact(columns)
  if (names.length === 0) return undefined
  const { kind } = columns[pick(r, names)]!
  const on = subset(r, names.filter(name => columns[name]!.kind === kind)).slice(0, 3)
  const index = Object.keys(columns).filter(name => !on.includes(name) && r.int(2) === 0)
  const [variable, value] = [fresh(table, 'variable'), fresh(table, 'value')]
  // Counts of several columns are int64.
  const isMade = kind === 'count' && on.length > 1
  const valueOf = (cell: Cell) => (isMade && cell !== null ? BigInt(cell as number) : cell)
  const rows = table.rows.flatMap(row => on.map(name => ({ ...only(row, index), [variable]: name, [value]: valueOf(row[name]!) })))
  const made: Columns = { ...Object.fromEntries(index.map(name => [name, columns[name]!])), [variable]: { kind: 'utf8', nullable: false }, [value]: { kind: isMade ? 'int64' : kind, nullable: on.some(name => columns[name]!.nullable) } }
  return change(table, { frame: table.frame.unpivot({ on, index, variable, value }), rows, columns: made }, `unpivot(${on.join(', ')} beside ${index.join(', ')})`)
}

const fillStep: Step = (r, table) => {
  const names = exact(table.columns).filter(name => ['int32', 'int64', 'float64', 'utf8', 'bool', 'decimal(9, 2)', 'date', 'int8'].includes(table.columns[name]!.kind))
  if (names.length === 0) return undefined
  const values = Object.fromEntries(subset(r, names).map(name => [name, literalSample(r, table.columns[name]!.kind)]))
  const filled = (row: Row) => ({ ...row, ...Object.fromEntries(Object.entries(values).map(([name, s]) => [name, row[name] ?? s.value({})])) })
  const columns = { ...table.columns, ...Object.fromEntries(Object.keys(values).map(name => [name, { ...table.columns[name]!, nullable: false }])) }
  const frame = table.frame.fillNull(Object.fromEntries(Object.entries(values).map(([name, s]) => [name, s.expr])) as never)
  return change(table, { frame, rows: table.rows.map(filled), columns }, `fillNull(${Object.entries(values).map(([name, s]) => `${name}: ${s.text}`).join(', ')})`)
}

const cacheStep: Step = (_, table) => change(table, { frame: table.frame.cache() as typeof table.frame }, 'cache()')

// Rows as JavaScript has them, in and out.
const mapStep: Step = (r, table) => {
  const name = pick(r, Object.keys(table.columns))
  const [copy, mark] = [fresh(table, 'copy'), fresh(table, 'mark')]
  if (table.columns[name]!.kind.includes('count')) return undefined
  const add = (row: Row) => ({ ...row, [copy]: row[name]!, [mark]: row[name] === null ? 'none' : 'some' })
  const columns = { ...table.columns, [copy]: table.columns[name]!, [mark]: { kind: 'utf8', nullable: false } }
  const adds = schemaOf({ [copy]: table.columns[name]!, [mark]: columns[mark]! })
  return change(table, { frame: table.frame.map(add as never, { adds }), rows: table.rows.map(add), columns }, `map(row => { ${copy}: row.${name}, ${mark} })`)
}

const flatMapStep: Step = (r, table) => {
  const names = subset(r, Object.keys(table.columns))
  if (names.some(name => table.columns[name]!.kind.includes('count'))) return undefined
  const times = fresh(table, 'times')
  const columns = { ...Object.fromEntries(names.map(name => [name, table.columns[name]!])), [times]: { kind: 'int32', nullable: false } }
  const several = (row: Row): Row[] => Array.from({ length: names.filter(name => row[name] === null).length % 3 }, (_, i) => ({ ...only(row, names), [times]: i }))
  return change(table, { frame: table.frame.flatMap(several as never, { schema: schemaOf(columns) }), rows: table.rows.flatMap(several), columns }, `flatMap(a row for each null of ${names.join(', ')})`)
}

const filterRowsStep: Step = (r, table) => {
  const name = pick(r, Object.keys(table.columns))
  const isKept = (row: Row) => row[name] !== null
  return change(table, { frame: table.frame.filterRows(isKept as never), rows: table.rows.filter(isKept) }, `filterRows(${name} is not null)`)
}

const mapBatchesStep: Step = (_, table) => {
  const name = Object.keys(table.columns).find(n => table.columns[n]!.kind === 'float64' && !table.columns[n]!.nullable)
  if (name === undefined) return undefined
  const made = fresh(table, 'half')
  const half = (batch: any) => batch.withColumn(made, batch.column(name).toFloat64Array().map((v: number) => v / 2))
  const columns = { ...table.columns, [made]: table.columns[name]! }
  return change(table, { frame: table.frame.mapBatches(half as never, { adds: { [made]: 'float64' } }), rows: table.rows.map(row => ({ ...row, [made]: (row[name] as number) / 2 })), columns }, `mapBatches(${made}: ${name} / 2)`)
}

/** These steps. */
export const shapeSteps: readonly Step[] = [explodeStep, explodeStep, unpivotStep, fillStep, cacheStep, mapStep, flatMapStep, filterRowsStep, mapBatchesStep]
