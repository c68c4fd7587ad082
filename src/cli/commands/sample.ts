// `millrace sample FILE`: rows by chance in the file's order, the same ones for the same seed. All of the file is read.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../options.ts'
import { defineShow, type ShowOptions } from '../show-rows.ts'

interface SampleOptions extends ShowOptions {
  seed: number
}

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  defineShow<SampleOptions>(command, context, (frame, { rows, seed }) => frame.sample({ rows, seed }))
    .option('--seed <number>', 'another number chooses other rows', wholeNumber(0, 0xffff_ffff), 0)
    .addHelpText('after', '\nExamples:\n  $ millrace sample trips.parquet -n 5 --select vendor,distance\n  $ millrace sample trips.csv -n 1000 --seed 7 --json > some.ndjson')
}
