// Rows as NDJSON, as `write.ndjson` writes them: 64-bit integers and decimals as numbers with all their digits.
import { parseType } from '../batch/type-name.ts'
import { jsonText } from '../batch/value-text.ts'
import type { Table } from '../frame/table.ts'
import type { CliContext } from './context.ts'

/** Writes a line a row. JSON.parse gives numbers, so what is beyond 2^53 is exact in the text only. */
export function writeJsonRows(table: Table, context: CliContext): void {
  const columns = jsonColumns(table)
  for (let row = 0; row < table.numRows; row++) context.write(`${columns(row)}\n`)
}

/** A row's text by its number. */
export function jsonColumns(table: Table): (row: number) => string {
  const columns = Object.entries(table.schema).map(([name, text]) => ({ key: JSON.stringify(name), type: parseType(text, name).type, values: table.column(name).toArray() }))
  return row => `{${columns.map(({ key, type, values }) => `${key}:${jsonText(values[row]!, type)}`).join(',')}}`
}
