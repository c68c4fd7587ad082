// `millrace FILE`: the schema and the first rows, for a first look.
import { openInputs } from '../inputs.ts'
import type { CliContext } from '../context.ts'

const rowsShown = 10

/** Prints name, column count and first rows of a file. */
export async function look(file: string, context: CliContext): Promise<void> {
  const frame = await openInputs([file])
  const table = await frame.limit(rowsShown).collect({ signal: context.signal })
  const columns = table.columnNames.length
  context.write(`${file}: ${columns} column${columns === 1 ? '' : 's'}; the first ${table.numRows} rows\n`)
  context.write(`${table.toString({ rows: rowsShown, width: context.width() })}\n`)
}
