// What `head`, `tail` and `sample` share: rows of a file, chosen, as a table or as NDJSON.
import type { Command } from 'commander'
import type { FrameValue } from '../frame/frame.ts'
import { openFlagged } from './input-options.ts'
import { writeJsonRows } from './json-rows.ts'
import { addInputOptions, countOrSpan, type InputFlags, nameList, type RowSpan, wholeNumber } from './options.ts'
import type { CliContext } from './context.ts'

/** The options of these commands. */
export interface ShowOptions extends InputFlags {
  /** How many; of `head` also which ones. */
  rows: number | RowSpan
  filter?: string
  select?: string[]
  json?: boolean
}

const rowsMax = 1_000_000

/** Adds the arguments and options; `take` leaves at most `rows` rows of the frame, which are all held in memory. `spans`: whether these may be a span of rows, which are then all that are read. */
export function defineShow<O extends ShowOptions>(command: Command, context: CliContext, take: (frame: FrameValue, options: O & { readonly rows: number }) => FrameValue, spans = false): Command {
  command
    .argument('<file>', 'a file or a quoted pattern')
    .option('-n, --rows <count>', spans ? 'rows to show, or which ones, counted from 0 and before any filter, as in 1000:1010' : 'rows to show', spans ? countOrSpan(rowsMax) : wholeNumber(0, rowsMax), 10)
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
  return addInputOptions(command)
    .option('--json', 'one JSON object a line instead of a table, with all digits of 64-bit integers and decimals')
    .action(async (file: string, options: O) => {
      const span = typeof options.rows === 'number' ? undefined : options.rows
      const count = span ? Math.min(rowsMax, span[1] - span[0]) : (options.rows as number)
      const rows = await openFlagged([file], options, { rows: span })
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const picked = options.select ? frame.select(...options.select) : frame
      const table = await take(picked, { ...options, rows: count }).collect({ signal: context.signal })
      if (options.json) writeJsonRows(table, context)
      else context.write(`${table.toString({ rows: count, width: context.width(), color: context.color })}\n`)
    })
}
