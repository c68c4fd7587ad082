// `millrace convert IN… OUT`: reads files of one format and writes another.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ConnectorError, PlanError } from '../../base/errors.ts'
import { formatCount, formatDuration } from '../../base/units.ts'
import type { SinkLike } from '../../frame/node.ts'
import { type FileFormat, fileFormat } from '../file-format.ts'
import { library, openInputs } from '../inputs.ts'
import { nameList, namePairs, wholeNumber } from '../options.ts'
import { type CliContext, progressTarget } from '../context.ts'

interface ConvertOptions {
  from?: string
  to?: string
  filter?: string
  select?: string[]
  limit?: number
  rename?: Record<string, string>
  sort?: string[]
  rowGroupRows?: number
  memory?: string
  compression?: string
  overwrite?: boolean
  workers: number
  quiet?: boolean
}

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<paths...>', 'files or quoted patterns to read, then the file to write')
    .option('--from <format>', 'the format of the inputs, where the endings do not tell')
    .option('--to <format>', 'the format of the output, where the ending does not tell')
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
    .option('--limit <rows>', 'only the first rows', wholeNumber(0))
    .option('--rename <pairs>', 'columns by other names, as in a=b,c=d; the options below use the new ones', namePairs)
    .option('--sort <columns>', 'in this order, as in "-day,city": by day, the greatest first, then by city', nameList)
    .option('--row-group-rows <count>', 'of parquet: rows of a row group', wholeNumber(1))
    .option('--memory <size>', 'the most memory, such as 512MiB')
    .option('--compression <codec>', 'of parquet: none, snappy, gzip or zstd')
    .option('--overwrite', 'replace the output where it exists')
    .option('--workers <count>', 'threads', wholeNumber(0, 128), 0)
    .option('-q, --quiet', 'no progress and no summary')
    .addHelpText(
      'after',
      "\nExamples:\n  $ millrace convert trips.csv trips.parquet --compression snappy\n  $ millrace convert 'logs/*.ndjson.gz' logs.arrow --select time,path --limit 1000000",
    )
    .action((paths: string[], options: ConvertOptions) => convert(paths, options, context))
}

async function convert(paths: readonly string[], options: ConvertOptions, context: CliContext): Promise<void> {
  const inputs = paths.slice(0, -1)
  const output = paths.at(-1)!
  if (inputs.length === 0)
    throw new PlanError('OUTPUT', `convert: one path given (${output}); give what to read and then what to write, as in: millrace convert in.csv out.parquet`)
  const format = fileFormat(output, options.to, '--to')
  checkCompression(format, options.compression)
  if (options.rowGroupRows !== undefined && format !== 'parquet')
    throw new PlanError('ROW_GROUP', `--row-group-rows ${options.rowGroupRows}: only parquet has row groups, the output is ${format}; leave it out`)
  checkOutput(inputs, output, options.overwrite ?? false)
  let frame = await openInputs(inputs, options.from)
  if (options.filter !== undefined) frame = frame.filter(options.filter)
  if (options.select) frame = frame.select(...options.select)
  if (options.rename) frame = frame.rename(options.rename)
  if (options.sort) {
    const { desc } = await library()
    frame = frame.sort(...options.sort.map(key => (key.startsWith('-') ? desc(key.slice(1)) : key)))
  }
  if (options.limit !== undefined) frame = frame.limit(options.limit)
  const sink = await openOutput(output, format, options)
  const progress = options.quiet ? undefined : progressTarget(context)
  const run = await frame.to(sink).run({ name: 'convert', signal: context.signal, workers: options.workers, progress, ...(options.memory !== undefined && { memory: options.memory as `${number}MiB` }) })
  if (options.quiet) return
  const { rowsWritten, elapsedMs } = run.metrics()
  context.writeError(`${output}: ${formatCount(rowsWritten)} rows in ${formatDuration(elapsedMs)}\n`)
}

async function openOutput(path: string, format: FileFormat, { compression, rowGroupRows, overwrite = false }: ConvertOptions): Promise<SinkLike> {
  const { write } = await library()
  switch (format) {
    case 'parquet':
      return write.parquet(path, { overwrite, ...(compression !== undefined && { compression: compression as 'snappy' }), ...(rowGroupRows !== undefined && { rowGroupRows }) })
    case 'csv':
      return write.csv(path, { overwrite })
    case 'ndjson':
      return write.ndjson(path, { overwrite })
    case 'arrow':
      return write.arrow(path, { overwrite })
  }
}

const codecs = ['none', 'snappy', 'gzip', 'zstd']

function checkCompression(format: FileFormat, compression: string | undefined): void {
  if (compression === undefined) return
  if (format !== 'parquet')
    throw new PlanError('COMPRESSION', `--compression ${compression}: only parquet is compressed here, the output is ${format}; leave it out`)
  if (!codecs.includes(compression)) throw new PlanError('COMPRESSION', `--compression ${compression}: no such codec; give ${codecs.join(', ')}`)
}

function checkOutput(inputs: readonly string[], output: string, overwrite: boolean): void {
  if (inputs.some(input => resolve(input) === resolve(output)))
    throw new PlanError('OUTPUT', `convert: ${output} is both input and output; write to another file`)
  if (overwrite || !existsSync(output)) return
  const what = statSync(output).isDirectory() ? 'a folder' : 'a file'
  throw new ConnectorError('EXISTS', `${output}: ${what} of that name is there already; give another name or --overwrite`)
}
