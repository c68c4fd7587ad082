// --dry-run: what would be read, done and written, told from the files' heads.
import { textTable } from '../base/text-table.ts'
import { formatBytes, formatCount } from '../base/units.ts'
import type { FrameValue } from '../frame/frame.ts'
import { type SinkLike, sinkNode } from '../frame/node.ts'
import { explainFetched } from '../frame/run.ts'
import type { CliContext } from './context.ts'
import type { FileFormat } from './file-format.ts'
import { styleWords } from './parquet-options.ts'
import { filesOf, schemaOf } from './frame-plan.ts'
import type { Output, OutputOptions } from './outputs.ts'

const filesMax = 100

/** What is told: the inputs as they are read, the frame that is written, and to where. */
export interface DryRun {
  readonly format: FileFormat
  readonly rows: FrameValue
  readonly frame: FrameValue
  readonly output: Output
  readonly sink: SinkLike
  readonly options: OutputOptions
  /** Where bad lines go, in words. */
  readonly badLines: string | undefined
}

/** Prints it. Reads heads of files only; throws what the job would throw before it begins. */
export async function showDryRun({ format, rows, frame, output, sink, options, badLines }: DryRun, context: CliContext): Promise<void> {
  const { signal } = context
  const files = await filesOf(rows, signal)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const table = (columns: Parameters<typeof textTable>[0], lines: readonly (readonly (string | null)[])[], moreRows = 0) =>
    `${textTable(columns, lines, { width: context.width(), color: context.color, moreRows })}\n`
  const schema = async (of: FrameValue) => table([{ name: 'column' }, { name: 'type' }], Object.entries(await schemaOf(of, signal)))
  const parts = format === 'parquet' ? 'row groups' : format === 'arrow' ? 'batches' : undefined
  const right = (name: string) => ({ name, numeric: true })
  const lines = files.slice(0, filesMax).map(file => [
    file.path,
    formatBytes(file.bytes),
    ...(parts ? [file.rows === undefined ? null : formatCount(file.rows), file.parts === undefined ? null : formatCount(file.parts)] : []),
  ])
  context.write(`reads ${count(files.length, 'file')} of ${format}, ${formatBytes(bytes)}\n`)
  context.write(table([{ name: 'file' }, right('size'), ...(parts ? [right('rows'), right(parts)] : [])], lines, files.length - lines.length))
  context.write(`columns\n${await schema(rows)}`)
  const plan = await explainFetched(sinkNode(frame.edge, sink), signal)
  context.write(`plan\n${plan}\n\n`)
  context.write(`writes ${output.path}: ${styleOf(output, options)}\n${await schema(frame)}`)
  if (badLines !== undefined) context.write(`bad lines: ${badLines}\n`)
  context.write('nothing was written (--dry-run)\n')
}

function styleOf({ path, format }: Output, options: OutputOptions): string {
  const { compression, partitionBy, overwrite } = options
  const parts = [
    path.endsWith('/') ? `${format} part files` : format,
    ...(compression === undefined ? [] : [`compression ${compression}`]),
    ...styleWords(options),
    ...(partitionBy ? [`folders by ${partitionBy.join(', ')}`] : []),
    ...(overwrite ? ['in place of what is there'] : []),
  ]
  return parts.join(', ')
}

function count(number: number, what: string): string {
  return `${formatCount(number)} ${what}${number === 1 ? '' : 's'}`
}
