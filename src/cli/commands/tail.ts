// `millrace tail FILE`: the last rows in the file's order, as a table or as NDJSON. All of the file is read.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { defineShow } from '../show-rows.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  defineShow(command, context, (frame, { rows }) => frame.tail(rows)).addHelpText(
    'after',
    '\nExamples:\n  $ millrace tail trips.parquet -n 5 --select vendor,distance\n  $ millrace tail server.ndjson --filter \'status >= 500\' --json',
  )
}
