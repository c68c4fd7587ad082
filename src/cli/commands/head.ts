// `millrace head FILE`: the first rows, as a table or as NDJSON.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { defineShow } from '../show-rows.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  defineShow(command, context, (frame, { rows }) => frame.limit(rows), true).addHelpText(
    'after',
    '\nExamples:\n  $ millrace head trips.parquet -n 5 --select vendor,distance\n  $ millrace head trips.parquet -n 1000000:1000010\n  $ millrace head trips.csv --filter "vendor = \'blue\' and distance > 10"\n  $ millrace head trips.csv --json | jq .distance',
  )
}
