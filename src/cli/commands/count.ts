// `millrace count FILE…`: the number of rows.
import type { Command } from 'commander'
import { openFlagged } from '../input-options.ts'
import { library } from '../inputs.ts'
import { addInputOptions, type InputFlags, wholeNumber } from '../options.ts'
import { progressTarget, type CliContext } from '../context.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  addInputOptions(command, 'the format, where the endings do not tell')
    .argument('<files...>', 'files or quoted patterns of one format')
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--workers <count>', 'threads; 0: the main one alone', wholeNumber(0, 128), 0)
    .option('--json', 'as a JSON object: {"rows": 3}')
    .addHelpText('after', "\nExamples:\n  $ millrace count 'bids/*.ndjson'\n  $ millrace count trips.parquet --filter 'distance > 10 and vendor is not null'")
    .action(async (files: string[], options: InputFlags & { filter?: string; workers: number; json?: boolean }) => {
      const rows = await openFlagged(files, options)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const { count } = await library()
      const table = await frame
        .groupBy()
        .agg({ rows: count() })
        .collect({ signal: context.signal, workers: options.workers, progress: progressTarget(context) })
      const found = Number(table.toArray()[0]?.rows ?? 0)
      context.write(options.json ? `${JSON.stringify({ rows: found })}\n` : `${found}\n`)
    })
}
