// `millrace types FILE`: a TypeScript module with the schema of a file, so that the compiler knows its columns.
import { basename } from 'node:path'
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { openFlagged } from '../input-options.ts'
import { schemaOf } from '../frame-plan.ts'
import { addInputOptions, type InputFlags } from '../options.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  addInputOptions(command)
    .argument('<file>', 'a file or a quoted pattern')
    .option('--name <name>', 'the name of the schema in the module (the file\'s, in camel case)')
    .addHelpText('after', '\nExamples:\n  $ millrace types trips.parquet > trips.schema.ts\n  $ millrace types logs.ndjson --name logSchema > log.schema.ts')
    .action(async (file: string, options: InputFlags & { name?: string }) => {
      const frame = await openFlagged([file], options)
      const schema = await schemaOf(frame, context.signal)
      context.write(schemaModule(schema, options.name ?? schemaName(file), file))
    })
}

/** The text of a module that exports `schema` as `name`, and the type of its rows. */
export function schemaModule(schema: Readonly<Record<string, string>>, name: string, file: string): string {
  const type = `${name[0]!.toUpperCase()}${name.slice(1).replace(/Schema$/, '')}Row`
  const entries = Object.entries(schema).map(([column, text]) => `  ${propertyName(column)}: ${quoted(text)},\n`)
  return `// The columns of ${file.replace(/[\r\n\u2028\u2029]/g, ' ')}, written by \`millrace types\`.
import type { Row, Schema } from 'millrace'

export const ${name} = {
${entries.join('')}} as const satisfies Schema

export type ${type} = Row<typeof ${name}>
`
}

/** A name for the schema of a file: of trips-2024.parquet trips2024Schema. */
export function schemaName(file: string): string {
  const words = basename(file).replace(/\..*$/, '').split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  const name = words.map((word, i) => (i === 0 ? word[0]!.toLowerCase() + word.slice(1) : word[0]!.toUpperCase() + word.slice(1))).join('')
  return `${/^[A-Za-z]/.test(name) ? name : `file${name}`}Schema`
}

function propertyName(column: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(column) && column !== '__proto__' ? column : column === '__proto__' ? "['__proto__']" : quoted(column)
}

// JSON's escapes are JavaScript's; the quotes are the project's.
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
