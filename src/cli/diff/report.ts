// What a comparison found, as text for people and as a JSON document.
import { textTable } from '../../base/text-table.ts'
import { formatCount } from '../../base/units.ts'
import { type Field, schemaText } from '../../batch/schema.ts'
import { nameOfType, typeName } from '../../batch/type-name.ts'
import type { Value } from '../../batch/value.ts'
import { jsonText } from '../../batch/value-text.ts'
import { cellText } from '../../frame/cell-text.ts'
import type { CliContext } from '../context.ts'
import type { ColumnPair, ColumnPairs } from './column-pairs.ts'
import type { Comparison, ShownRows } from './compare-by-key.ts'

/** All that is told. */
export interface DiffReport {
  readonly fileA: string
  readonly fileB: string
  readonly columns: ColumnPairs
  readonly found: Comparison
}

/** Whether the files hold the same: no column or row that the other lacks, no type without common values, no value that differs. */
export function isEqual({ columns, found }: DiffReport): boolean {
  return columns.onlyA.length + columns.onlyB.length + columns.unlike.length + found.onlyA.count + found.onlyB.count + found.changed.count === 0
}

const counted = (count: number, noun: string) => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`

/** Writes the report for people. */
export function writeText(report: DiffReport, context: CliContext): void {
  const { fileA, fileB, columns, found } = report
  const line = (text: string) => context.write(`${text}\n`)
  for (const text of columnLines(report)) line(text)
  for (const [file, { keys, rows }] of [[fileA, found.repeats.a], [fileB, found.repeats.b]] as const)
    if (keys > 0) line(`keys that repeat in ${file}: ${formatCount(keys)}, in ${counted(rows, 'row')}; rows of a key are compared as often as they are there`)
  if (isEqual(report)) return line(`equal: ${counted(found.rows.a, 'row')}, ${counted(columns.keys.length + columns.pairs.length, 'column')}${columns.keys.length === 0 ? ', row by row' : ''}`)
  const width = { width: context.width(), color: context.color }
  for (const [file, side, { count, first }] of [[fileA, 'a', found.onlyA], [fileB, 'b', found.onlyB]] as const) {
    if (count === 0) continue
    line(`rows only in ${file}: ${formatCount(count)}`)
    const fields = [...keyFields(columns), ...columns.pairs.map(pair => pair[side])]
    const header = fields.map((field, i) => ({ name: field.name, type: typeName(first.fields[i]?.type ?? field.type) }))
    if (first.rows.length > 0) line(textTable(header, first.rows.map(row => cells(first, row)), { ...width, moreRows: Math.max(0, count - first.rows.length) }))
  }
  if (found.changed.count > 0) {
    const of = columns.pairs.flatMap(({ name }, i) => (found.changed.columns[i]! > 0 ? [`${name} ${formatCount(found.changed.columns[i]!)}`] : []))
    line(`rows that differ: ${formatCount(found.changed.count)}; by column: ${of.join(', ')}`)
    const header = [...keyFields(columns), { name: 'column' }, { name: fileA }, { name: fileB }].map(({ name }) => ({ name }))
    const shown = found.changed.first
    if (shown.rows.length > 0) line(textTable(header, changedCells(columns, shown), { ...width, moreRows: Math.max(0, found.changed.count - shown.rows.length) }))
  }
  const same = found.rows.a - found.onlyA.count - found.changed.count
  line(`${formatCount(same)} of ${counted(found.rows.a, 'row')} in ${fileA} and ${formatCount(found.rows.b)} in ${fileB} are the same`)
  if (columns.keys.length === 0) line('compared row by row, in the order of the files; --key finds rows that moved')
}

function columnLines({ fileA, fileB, columns }: DiffReport): string[] {
  const list = (fields: readonly Field[]) => fields.map(({ name, type }) => `${name} (${nameOfType(type)})`).join(', ')
  const compared = [...columns.keys, ...columns.pairs].filter(({ a, b }) => nameOfType(a.type) !== nameOfType(b.type))
  const how = (pair: ColumnPair) => (pair.by === 'json' ? 'as JSON' : pair.by === 'value' ? 'by value' : `as ${nameOfType(pair.type)}`)
  return [
    ...(columns.onlyA.length > 0 ? [`columns only in ${fileA}: ${list(columns.onlyA)}`] : []),
    ...(columns.onlyB.length > 0 ? [`columns only in ${fileB}: ${list(columns.onlyB)}`] : []),
    ...columns.unlike.map(({ a, b }) => `column ${a.name}: ${nameOfType(a.type)} in ${fileA}, ${nameOfType(b.type)} in ${fileB}, which have no values in common`),
    ...compared.map(pair => `column ${pair.name}: ${nameOfType(pair.a.type)} and ${nameOfType(pair.b.type)}, compared ${how(pair)}`),
    ...(columns.reordered ? ['the columns stand in another order, which is no difference'] : []),
  ]
}

const keyFields = ({ keys }: ColumnPairs): readonly { name: string; type: Field['type'] }[] => (keys.length === 0 ? [{ name: 'row', type: { kind: 'int64' } }] : keys.map(({ name, type }) => ({ name, type })))

function cells({ fields }: ShownRows, row: readonly Value[]): (string | null)[] {
  return row.map((value, i) => (value === null ? null : cellText(fields[i]!.type)(value)))
}

// A line a value that differs.
function changedCells({ keys, pairs }: ColumnPairs, shown: ShownRows): (string | null)[][] {
  const first = Math.max(1, keys.length)
  return shown.rows.flatMap(row => {
    const texts = cells(shown, row)
    return pairs.flatMap(({ name }, i) => (row[first + 2 * pairs.length + i] === true ? [[...texts.slice(0, first), name, texts[first + i]!, texts[first + pairs.length + i]!]] : []))
  })
}

/** The report as one JSON document, with all digits of 64-bit integers and decimals. */
export function jsonReport(report: DiffReport): string {
  const { fileA, fileB, columns, found } = report
  const keys = keyFields(columns)
  const first = keys.length
  const object = (entries: readonly (readonly [string, string])[]) => `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
  const values = ({ fields }: ShownRows, row: readonly Value[], names: readonly string[], from: number) => names.map((name, i) => [name, jsonText(row[from + i]!, fields[from + i]!.type)] as const)
  const names = keys.map(({ name }) => name)
  const only = (side: 'a' | 'b', { count, first: shown }: Comparison['onlyA']) => {
    const all = [...names, ...columns.pairs.map(pair => pair[side].name)]
    return object([['rows', `${count}`], ['first', `[${shown.rows.map(row => object(values(shown, row, all, 0))).join(',')}]`]])
  }
  const shown = found.changed.first
  const changed = shown.rows.map(row => {
    const different = columns.pairs.flatMap(({ name }, i) => {
      if (row[first + 2 * columns.pairs.length + i] !== true) return []
      const [a, b] = [first + i, first + columns.pairs.length + i].map(at => jsonText(row[at]!, shown.fields[at]!.type))
      return [[name, object([['a', a!], ['b', b!]])] as const]
    })
    return object([['key', object(values(shown, row, names, 0))], ['columns', object(different)]])
  })
  const types = [...columns.keys, ...columns.pairs].filter(({ a, b }) => nameOfType(a.type) !== nameOfType(b.type)).map(pair => ({ column: pair.name, a: nameOfType(pair.a.type), b: nameOfType(pair.b.type), compared: pair.by }))
  const unlike = columns.unlike.map(({ a, b }) => ({ column: a.name, a: nameOfType(a.type), b: nameOfType(b.type), compared: null }))
  return object([
    ['equal', `${isEqual(report)}`],
    ['a', JSON.stringify({ file: fileA, rows: found.rows.a, repeats: found.repeats.a })],
    ['b', JSON.stringify({ file: fileB, rows: found.rows.b, repeats: found.repeats.b })],
    ['key', JSON.stringify(columns.keys.length === 0 ? null : names)],
    ['columns', JSON.stringify({ onlyA: schemaText(columns.onlyA), onlyB: schemaText(columns.onlyB), types: [...types, ...unlike], reordered: columns.reordered })],
    ['onlyA', only('a', found.onlyA)],
    ['onlyB', only('b', found.onlyB)],
    ['changed', object([['rows', `${found.changed.count}`], ['columns', object(columns.pairs.flatMap(({ name }, i) => (found.changed.columns[i]! > 0 ? [[name, `${found.changed.columns[i]}`] as const] : [])))], ['first', `[${changed.join(',')}]`]])],
  ])
}
