// `millrace head FILE`: the first rows, as a table or as NDJSON.
import type { Command } from 'commander'
import { openInputs } from '../inputs.ts'
import { nameList, wholeNumber } from '../options.ts'
import type { CliContext } from '../context.ts'

interface HeadOptions {
  rows: number
  filter?: string
  select?: string[]
  from?: string
  json?: boolean
}

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'a file or a quoted pattern')
    .option('-n, --rows <count>', 'rows to show', wholeNumber(0, 1_000_000), 10)
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
    .option('--from <format>', 'the format, where the ending does not tell')
    .option('--json', 'one JSON object a line instead of a table')
    .addHelpText('after', '\nExamples:\n  $ millrace head trips.parquet -n 5 --select vendor,distance\n  $ millrace head trips.csv --json | jq .distance')
    .action(async (file: string, options: HeadOptions) => {
      const rows = await openInputs([file], options.from)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const picked = options.select ? frame.select(...options.select) : frame
      const table = await picked.limit(options.rows).collect({ signal: context.signal })
      if (options.json) for (const row of table.toJSON()) context.write(`${JSON.stringify(row)}\n`)
      else context.write(`${table.toString({ rows: options.rows, width: context.width() })}\n`)
    })
}
