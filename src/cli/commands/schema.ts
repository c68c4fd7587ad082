// `millrace schema FILE`: the columns and their types, as a table or as the object that `read` takes.
import type { Command } from 'commander'
import { textTable } from '../../base/text-table.ts'
import { openFlagged } from '../input-options.ts'
import type { CliContext } from '../context.ts'
import { schemaOf } from '../frame-plan.ts'
import { addInputOptions, type InputFlags } from '../options.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  addInputOptions(command)
    .argument('<file>', 'a file or a quoted pattern')
    .option('--json', 'as a JSON object: what `schema` of read.… takes')
    .addHelpText('after', '\nExamples:\n  $ millrace schema trips.parquet\n  $ millrace schema trips.csv --json > trips.schema.json')
    .action(async (file: string, options: InputFlags & { json?: boolean }) => {
      const frame = await openFlagged([file], options)
      const schema = await schemaOf(frame, context.signal)
      if (options.json) context.write(`${JSON.stringify(schema, null, 2)}\n`)
      else context.write(`${textTable([{ name: 'column' }, { name: 'type' }], Object.entries(schema), { width: context.width(), color: context.color })}\n`)
    })
}
