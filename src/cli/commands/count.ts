// `millrace count FILE…`: the number of rows.
import type { Command } from 'commander'
import { library, openInputs } from '../inputs.ts'
import { wholeNumber } from '../options.ts'
import { progressTarget, type CliContext } from '../context.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<files...>', 'files or quoted patterns of one format')
    .option('--from <format>', 'the format, where the endings do not tell')
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--workers <count>', 'threads', wholeNumber(0, 128), 0)
    .addHelpText('after', "\nExample:\n  $ millrace count 'bids/*.ndjson'")
    .action(async (files: string[], options: { from?: string; filter?: string; workers: number }) => {
      const rows = await openInputs(files, options.from)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const { count } = await library()
      const table = await frame
        .groupBy()
        .agg({ rows: count() })
        .collect({ signal: context.signal, workers: options.workers, progress: progressTarget(context) })
      context.write(`${Number(table.toArray()[0]?.rows ?? 0)}\n`)
    })
}
