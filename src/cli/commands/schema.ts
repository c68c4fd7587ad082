// `millrace schema FILE`: the columns and their types, as a table or as the object that `read` takes.
import type { Command } from 'commander'
import { textTable } from '../../base/text-table.ts'
import { decryptionFlag, decryptionKeys } from '../key-files.ts'
import { inputFormat, openInputs } from '../inputs.ts'
import { formatOption } from '../options.ts'
import type { CliContext } from '../context.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'a file or a quoted pattern')
    .addOption(formatOption('--from <format>', 'the format, where the ending does not tell'))
    .option(...decryptionFlag)
    .option('--json', 'as a JSON object: what `schema` of read.… takes')
    .addHelpText('after', '\nExamples:\n  $ millrace schema trips.parquet\n  $ millrace schema trips.csv --json > trips.schema.json')
    .action(async (file: string, options: { from?: string; decryptionKeys?: string; json?: boolean }) => {
      const frame = await openInputs([file], options.from, { decryption: decryptionKeys(options.decryptionKeys, inputFormat([file], options.from)) })
      const { schema } = await frame.limit(0).collect({ signal: context.signal })
      if (options.json) context.write(`${JSON.stringify(schema, null, 2)}\n`)
      else context.write(`${textTable([{ name: 'column' }, { name: 'type' }], Object.entries(schema), { width: context.width(), color: context.color })}\n`)
    })
}
