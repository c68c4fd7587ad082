// `millrace validate FILE…`: reads files to the end with every check there is, and tells all that is wrong with them.
import type { Command } from 'commander'
import { formatCount } from '../../base/units.ts'
import { asError } from '../../base/errors.ts'
import { parseSchema } from '../../batch/schema.ts'
import { createDevice, type Device } from '../../device/device.ts'
import { keySetOf, type ParquetDecryption } from '../../format/parquet/parquet-keys.ts'
import type { HttpOptions } from '../../source/http-ranges.ts'
import { listFiles } from '../../source/file-list.ts'
import { withFileSteps } from '../validate/steps.ts'
import type { CommandContext } from '../context.ts'
import { downloadFile } from '../download.ts'
import { fileEndings, fileFormat, isTabbed, isWebAddress } from '../file-format.ts'
import { httpOf, keysFor } from '../input-options.ts'
import { addInputOptions, type InputFlags, wholeNumber } from '../options.ts'
import { type FileSchema, loadSchema } from '../schema-file.ts'
import { validateArrow } from '../validate/arrow.ts'
import { validateParquet } from '../validate/parquet.ts'
import { renamedError } from '../standard-input.ts'
import { type FileReport, Problems } from '../validate/problems.ts'
import { validateText } from '../validate/text.ts'

interface ValidateOptions extends InputFlags {
  schema?: string
  limit: number
  workers: number
  json?: boolean
}

const exitInvalid = 1
const exitFailed = 2

const help = `
Parquet: footer, pages and their checksums, levels, values, UTF-8, row counts, statistics and page
indexes against the values. Arrow: messages, buffers, offsets, dictionaries, UTF-8. CSV: cells a row, quotes, UTF-8,
values. NDJSON and JSON: syntax, UTF-8, numbers, values. Without --schema, the types of text are
what its first MiB looks like. Encrypted columns without a key are told, and not checked. Reading goes on behind what is broken, as far as that can be told.

Exit codes: 0 all is well, 1 problems were found, 2 used wrongly or failed.

Examples:
  $ millrace validate trips.parquet
  $ millrace validate 'logs/*.ndjson.gz' --limit 100
  $ millrace schema good.csv --json > schema.json
  $ millrace validate new.csv --schema schema.json
  $ millrace validate data/ --json | jq 'select(.problems > 0).file'`

/** Adds arguments and options. */
export function define(command: Command, context: CommandContext): void {
  addInputOptions(command, 'the format, where the endings do not tell')
    .argument('<files...>', 'files, folders, quoted patterns or http(s) addresses, of any formats')
    .option('--schema <file>', 'the columns and their types: JSON as of millrace schema --json, or a module as of millrace types')
    .option('--limit <count>', 'problems to show of each file; all are counted', wholeNumber(0, 1_000_000), 20)
    .option('--workers <count>', 'threads for text; 0: the main one alone', wholeNumber(0, 128), 0)
    .option('--json', 'a JSON object a file and line: file, rows, problems (how many), first (where and what), unchecked')
    .addHelpText('after', help)
    .action((files: string[], options: ValidateOptions) => validate(files, options, context))
}

async function validate(patterns: readonly string[], options: ValidateOptions, context: CommandContext): Promise<void> {
  context.setFailureCode(exitFailed)
  const schema = options.schema === undefined ? undefined : await loadSchema(options.schema)
  const files = [...new Set(patterns.flatMap(pattern => (isWebAddress(pattern) ? [pattern] : listFiles([pattern], fileEndings, 'validate'))))]
  if (options.from === undefined) for (const file of files) fileFormat(file, undefined, '--from')
  const source = { keys: new Map(files.map(file => [file, keysFor(file, files, options)])), http: httpOf(files, options) }
  const device = await createDevice()
  let broken = 0
  for (const file of files) {
    const report = isWebAddress(file) ? await checkFetched(device, file, schema, source, options, context) : await check(device, file, schema, source.keys.get(file), options, context)
    if (report.count > 0) broken++
    if (options.json) context.write(`${JSON.stringify({ file, rows: report.rows, problems: report.count, first: report.problems, unchecked: report.unchecked })}\n`)
    else writeReport(report, context)
  }
  if (!options.json && files.length > 1) context.write(`${formatCount(files.length)} files: ${broken === 0 ? 'all are well' : `${formatCount(broken)} with problems`}\n`)
  if (broken > 0) context.setExitCode(exitInvalid)
}

interface Sources {
  readonly keys: ReadonlyMap<string, ParquetDecryption | undefined>
  readonly http: HttpOptions | undefined
}

// All of it is read, so all of it is fetched first.
async function checkFetched(device: Device, address: string, schema: FileSchema | undefined, { keys, http }: Sources, options: ValidateOptions, context: CommandContext): Promise<FileReport> {
  const local = await downloadFile(address, fileFormat(address, options.from, '--from'), http, 'validate', context.signal)
  try {
    const from = options.from ?? (isTabbed(address, undefined) ? 'tsv' : undefined)
    const report = await check(device, local.path, schema, keys.get(address), { ...options, ...(from !== undefined && { from }) }, context)
    return { ...report, file: address }
  } catch (thrown) {
    throw renamedError(asError(thrown), local.path, address)
  } finally {
    await local.close()
  }
}

async function check(device: Device, file: string, schema: FileSchema | undefined, keys: ParquetDecryption | undefined, options: ValidateOptions, context: CommandContext): Promise<FileReport> {
  const problems = new Problems(file, options.limit)
  const format = fileFormat(file, options.from, '--from')
  const fields = schema && parseSchema(schema, `--schema ${options.schema}`)
  if (format === 'parquet') await withFileSteps(file, reader => validateParquet(device, reader, problems, fields, keys && keySetOf(keys, '--decryption-keys')), context.signal)
  else if (format === 'arrow') await withFileSteps(file, reader => validateArrow(device, reader, problems, fields), context.signal)
  else await validateText(device, problems, { from: options.from, schema, limit: options.limit, workers: options.workers }, context)
  return problems.report()
}

function writeReport({ file, rows, count, problems, unchecked }: FileReport, context: CommandContext): void {
  for (const { message } of problems) context.write(`${file}: ${message}\n`)
  if (count > problems.length) context.write(`${file}: … ${formatCount(count - problems.length)} more problems; --limit shows more\n`)
  for (const what of unchecked) context.write(`${file}: not checked: ${what}\n`)
  context.write(`${file}: ${count === 0 ? 'ok' : `${formatCount(count)} ${count === 1 ? 'problem' : 'problems'}`}, ${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}\n`)
}
