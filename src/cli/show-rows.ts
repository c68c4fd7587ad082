// What `head`, `tail` and `sample` share: rows of a file, chosen, as a table or as NDJSON.
import type { Command } from 'commander'
import type { FrameValue } from '../frame/frame.ts'
import { openFlagged } from './input-options.ts'
import { writeJsonRows } from './json-rows.ts'
import { addInputOptions, type InputFlags, nameList, wholeNumber } from './options.ts'
import type { CliContext } from './context.ts'

/** The options of these commands. */
export interface ShowOptions extends InputFlags {
  rows: number
  filter?: string
  select?: string[]
  json?: boolean
}

/** Adds the arguments and options; `take` leaves at most `rows` rows of the frame, which are all held in memory. */
export function defineShow<O extends ShowOptions>(command: Command, context: CliContext, take: (frame: FrameValue, options: O) => FrameValue): Command {
  command
    .argument('<file>', 'a file or a quoted pattern')
    .option('-n, --rows <count>', 'rows to show', wholeNumber(0, 1_000_000), 10)
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
  return addInputOptions(command)
    .option('--json', 'one JSON object a line instead of a table, with all digits of 64-bit integers and decimals')
    .action(async (file: string, options: O) => {
      const rows = await openFlagged([file], options)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const picked = options.select ? frame.select(...options.select) : frame
      const table = await take(picked, options).collect({ signal: context.signal })
      if (options.json) writeJsonRows(table, context)
      else context.write(`${table.toString({ rows: options.rows, width: context.width(), color: context.color })}\n`)
    })
}
