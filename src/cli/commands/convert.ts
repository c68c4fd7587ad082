// `millrace convert IN… OUT`: reads files of one format and writes another.
import type { Command } from 'commander'
import { asError, ConnectorError, DataError, PlanError } from '../../base/errors.ts'
import { formatCount, formatDuration } from '../../base/units.ts'
import type { FrameValue } from '../../frame/frame.ts'
import type { Run } from '../../frame/run.ts'
import type { StreamedSource } from '../../source/streamed-source.ts'
import { badLines, flagError, onErrorOf } from '../bad-lines.ts'
import { divideCasts, placedCastError, withCasts } from '../casts.ts'
import { fileFormat } from '../file-format.ts'
import { schemaOf } from '../frame-plan.ts'
import { encryptionFlag, encryptionKeys } from '../key-files.ts'
import { readingOf } from '../input-options.ts'
import { type InputOptions, inputFormat, library, openInputs } from '../inputs.ts'
import { addInputOptions, castList, type CastPair, formatOption, type InputFlags, nameList, namePairs, type RowSpan, rowSpan, wholeNumber, wordOption } from '../options.ts'
import { addParquetOptions } from '../parquet-options.ts'
import { checkOutput, codecNames, openOutput, type OutputOptions } from '../outputs.ts'
import { loadSchema } from '../schema-file.ts'
import { errorOfInput, spoolInput, streamInput } from '../standard-input.ts'
import { type CliContext, progressTarget, sendBytes } from '../context.ts'

interface ConvertOptions extends OutputOptions, InputFlags {
  schema?: string
  onError?: string
  cast?: CastPair[]
  rows?: RowSpan
  filter?: string
  select?: string[]
  rename?: Record<string, string>
  sort?: string[]
  limit?: number
  memory?: string
  workers: number
  encryptionKeys?: string
  dryRun?: boolean
  quiet?: boolean
}

const help = `
Steps are done in this order: --schema, --rows, --cast, --filter, --select, --rename, --sort, --limit.

Standard input (-) of csv, ndjson and json is read as it comes; what needs it twice (parquet, arrow, --cast, --dry-run) is put
into a temporary file first.

Exit codes: 0 done, 1 failed (files or data), 2 used wrongly, 130 cancelled by Ctrl-C, 143 by SIGTERM; no file is left half-written.

Examples:
  $ millrace convert trips.csv trips.parquet --compression zstd --row-group-rows 1000000
  $ millrace convert 'logs/*.ndjson.gz' out/ --to parquet --partition-by day --filter "status >= 500"
  $ millrace convert trips.csv trips.parquet --cast "zip:utf8,fare:decimal(12, 2),at:timestamp[ms, Europe/Berlin]"
  $ millrace schema trips.csv --json > trips.schema.json
  $ millrace convert 'trips-*.csv' trips.parquet --schema trips.schema.json --on-error bad/
  $ millrace convert logs.ndjson logs.arrow --on-error skip --select time,path --limit 1000000
  $ millrace convert trips.parquet part.parquet --rows 1000000:2000000
  $ millrace convert trips.parquet trips.csv.gz --dry-run
  $ millrace convert trips.parquet - --to ndjson -q | head -n 3
  $ curl https://example.com/trips.csv.gz | millrace convert - trips.parquet --from csv
  $ millrace convert https://example.com/trips.parquet trips.csv --select vendor,fare
  $ millrace convert trips.csv trips.parquet --bloom id,vendor:0.001 --sort day --sorted-by day --page-rows 10000
  $ millrace convert trips.csv trips.parquet --encoding "id:delta,fare:byte-stream-split" --compression zstd
  $ millrace convert trips.csv trips.parquet --encryption-keys keys.json
  $ millrace convert in.csv out.parquet --rename a=b --sort "-day,city" --overwrite`

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  addInputOptions(command, 'the format of the inputs, where the endings do not tell')
    .argument('<paths...>', 'files, quoted patterns or http(s) addresses to read, or - for standard input, then the file to write, or a folder, with a / at its end, or - for standard output')
    .addOption(formatOption('--to <format>', 'the format of the output, where the ending does not tell'))
    .option('--schema <file>', 'the columns and their types: JSON as of millrace schema --json, or a module as of millrace types')
    .option('--on-error <what>', 'lines of csv, ndjson and json that do not fit: error (the default), skip, or a folder that they are written to')
    .option('--cast <types>', 'columns as other types, as in "a:int32,b:decimal(12, 2)"; a value that does not fit is an error', castList)
    .option('--rows <from:to>', 'only these rows of the inputs, counted from 0 over all of them, as in 1000:2000; of parquet no others are read', rowSpan)
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
    .option('--rename <pairs>', 'columns by other names, as in a=b,c=d; --sort and --partition-by use the new ones', namePairs)
    .option('--sort <columns>', 'in this order, as in "-day,city": by day, the greatest first, then by city', nameList)
    .option('--limit <rows>', 'only the first rows', wholeNumber(0))
    .option('--partition-by <columns>', 'write a folder with folders for the values of these columns, as in out/day=2026-01-01/', nameList)
    .addOption(wordOption('--compression <codec>', "of parquet all of these, of text none, gzip or zstd, which a file's ending says by itself", codecNames))
    .option(...encryptionFlag)
  addParquetOptions(command)
    .option('--force', 'write parquet, arrow or packed text to a terminal all the same')
    .option('--overwrite', 'replace the output where it exists')
    .option('--memory <size>', 'the most memory, such as 512MiB')
    .option('--workers <count>', 'threads', wholeNumber(0, 128), 0)
    .option('--dry-run', 'show what would be read, done and written; write nothing')
    .option('-q, --quiet', 'no progress and no summary')
    .addHelpText('after', help)
    .action((paths: string[], options: ConvertOptions) => convert(paths, options, context))
}

// Standard input is read as it comes; where that can't be, it becomes a file, which is gone afterwards.
async function convert(paths: readonly string[], options: ConvertOptions, context: CliContext): Promise<void> {
  const inputs = paths.slice(0, -1)
  if (!inputs.includes('-')) return convertFiles(paths, options, context)
  if (inputs.length > 1) throw new PlanError('INPUT', `convert: - is standard input, and ${inputs.length - 1} more to read; give it alone, or name files`)
  const target = paths.at(-1)!
  const format = fileFormat('-', options.from, '--from')
  checkOutput([], target, fileFormat(target, options.to, '--to'), options, context.isTerminal)
  // Casts look for the row of a bad value, and a dry run tells sizes.
  if (format !== 'parquet' && format !== 'arrow' && !options.cast && !options.dryRun) {
    const stream = await streamInput(context.input(), context.signal)
    try {
      return await convertFiles(['-', target], options, context, stream)
    } catch (thrown) {
      throw errorOfInput(asError(thrown), stream.name)
    } finally {
      stream.close()
    }
  }
  const spooled = await spoolInput(context.input(), format, context.signal)
  try {
    await convertFiles([spooled.path, target], options, context)
  } catch (thrown) {
    throw errorOfInput(asError(thrown), spooled.path)
  } finally {
    await spooled.close()
  }
}

async function convertFiles(paths: readonly string[], options: ConvertOptions, context: CliContext, stream?: StreamedSource): Promise<void> {
  const inputs = paths.slice(0, -1)
  const target = paths.at(-1)!
  if (inputs.length === 0)
    throw new PlanError('OUTPUT', `convert: one path given (${target}); give what to read and then what to write, as in: millrace convert in.csv out.parquet`)
  const output = checkOutput(inputs, target, fileFormat(target, options.to, '--to'), options, context.isTerminal)
  const format = inputFormat(inputs, options.from)
  const bad = options.onError === undefined ? undefined : badLines(options.onError, format)
  const reading: InputOptions = { ...(options.schema !== undefined && { schema: await loadSchema(options.schema) }), onError: await onErrorOf(bad), ...readingOf(inputs, options), rows: options.rows, stream }
  const given = await openInputs(inputs, options.from, reading)
  const { schema, casts } = options.cast ? divideCasts(options.cast, await schemaOf(given, context.signal), format) : { schema: undefined, casts: [] }
  const open = (files: readonly string[]) => openInputs(files, options.from, schema ? { ...reading, schema } : reading)
  const rows = schema ? await open(inputs) : given
  const frame = await withSteps(await withCasts(rows, casts), options)
  const sink = await openOutput(output, { ...options, encryption: encryptionKeys(options.encryptionKeys, output.format) }, bytes => sendBytes(context, bytes))
  if (options.dryRun) {
    const { showDryRun } = await import('../dry-run.ts')
    return showDryRun({ format, rows, frame, output, sink, options, badLines: bad?.endsWith('/') ? `written to ${bad}` : bad }, context)
  }
  const progress = options.quiet ? undefined : progressTarget(context)
  const memory = options.memory === undefined ? {} : { memory: options.memory }
  // Started rather than run: SIGTERM is no wish for half of the rows.
  let run: Run
  try {
    run = await frame.to(sink).start({ name: 'convert', signal: context.signal, workers: options.workers, progress, ...memory })
    await run.done
  } catch (thrown) {
    const error = asError(thrown)
    if (error instanceof ConnectorError && error.code === 'PIPE_CLOSED') return
    throw error instanceof DataError && error.code === 'CAST' && casts.length > 0 ? await placedCastError(error, rows, path => open([path]), casts, context.signal, options.rows) : flagError(error)
  }
  if (!options.quiet) summarize(run, target === '-' ? 'standard output' : target, bad, context)
}

async function withSteps(rows: FrameValue, { filter, select, rename, sort, limit }: ConvertOptions): Promise<FrameValue> {
  let frame = rows
  if (filter !== undefined) frame = frame.filter(filter)
  if (select) frame = frame.select(...select)
  if (rename) frame = frame.rename(rename)
  if (sort) {
    const { desc } = await library()
    frame = frame.sort(...sort.map(key => (key.startsWith('-') ? desc(key.slice(1)) : key)))
  }
  return limit === undefined ? frame : frame.limit(limit)
}

function summarize(run: Run, target: string, bad: string | undefined, context: CliContext): void {
  const { rowsWritten, elapsedMs, counts } = run.metrics()
  const badCount = counts['badRecords'] ?? 0
  context.writeError(`${target}: ${formatCount(rowsWritten - (bad?.endsWith('/') ? badCount : 0))} rows in ${formatDuration(elapsedMs)}\n`)
  if (badCount > 0) context.writeError(`${formatCount(badCount)} bad line${badCount === 1 ? '' : 's'} ${bad === 'skip' ? 'skipped' : `written to ${bad}`}\n`)
}
