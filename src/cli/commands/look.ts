// `millrace FILE`: the schema and the first rows, for a first look.
import { openFlagged } from '../input-options.ts'
import { jsonColumns } from '../json-rows.ts'
import type { CliContext } from '../context.ts'
import type { InputFlags } from '../options.ts'

/** The options of the program itself. */
export interface LookOptions extends InputFlags {
  readonly rows: number
  readonly json?: boolean
}

/** Prints name, column count and first rows of a file. */
export async function look(file: string, options: LookOptions, context: CliContext): Promise<void> {
  const frame = await openFlagged([file], options)
  const table = await frame.limit(options.rows).collect({ signal: context.signal })
  if (options.json) {
    const rowText = jsonColumns(table)
    const rows = Array.from({ length: table.numRows }, (_, row) => rowText(row))
    context.write(`{"file":${JSON.stringify(file)},"schema":${JSON.stringify(table.schema)},"rows":[${rows.join(',')}]}\n`)
    return
  }
  const columns = table.columnNames.length
  context.write(`${file}: ${columns} column${columns === 1 ? '' : 's'}; ${table.numRows < options.rows ? `all ${table.numRows}` : `the first ${table.numRows}`} rows\n`)
  context.write(`${table.toString({ rows: options.rows, width: context.width(), color: context.color })}\n`)
}
