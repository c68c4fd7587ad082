// `millrace diff A B`: whether two files of any formats hold the same rows, and what differs.
import type { Command } from 'commander'
import { parseSchema } from '../../batch/schema.ts'
import { type CommandContext, progressTarget } from '../context.ts'
import { pairColumns } from '../diff/column-pairs.ts'
import { comparePositions } from '../diff/compare-positions.ts'
import { compareByKey } from '../diff/compare-by-key.ts'
import { isEqual, jsonReport, writeText } from '../diff/report.ts'
import { isWebAddress } from '../file-format.ts'
import { schemaOf } from '../frame-plan.ts'
import { openFlagged } from '../input-options.ts'
import { inputFormat } from '../inputs.ts'
import { addInputOptions, type InputFlags, nameList, numberFromZero, wholeNumber } from '../options.ts'

interface DiffOptions extends InputFlags {
  otherDecryptionKeys?: string
  key?: string[]
  tolerance?: number
  ignore?: string[]
  select?: string[]
  limit: number
  memory?: string
  workers: number
  json?: boolean
}

const exitDifferent = 1
const exitFailed = 2

const help = `
Without --key rows are compared by their position. With it they may stand in any order; where a
key repeats, its rows are compared as often as they are there. Nulls equal nulls, NaN equals NaN.
Other types are no difference where the values are equal: int32 and int64, text in CSV and decimals
in Parquet. Nested columns of different types are compared as JSON, which has no NaN.

Exit codes: 0 equal, 1 different, 2 used wrongly or failed.

Examples:
  $ millrace diff before.parquet after.parquet --key id
  $ millrace diff trips.csv trips.parquet --tolerance 1e-9 --ignore loaded_at
  $ millrace diff 'out/*.parquet' expected.ndjson --key day,city --select day,city,total --limit 50
  $ millrace diff a.parquet b.parquet --key id --json | jq .changed.columns`

/** Adds arguments and options. */
export function define(command: Command, context: CommandContext): void {
  addInputOptions(command, 'the format of both, where the endings do not tell')
    .option('--other-decryption-keys <file>', 'the keys of the other file, where it has its own')
    .argument('<file>', 'a file or a quoted pattern')
    .argument('<other-file>', 'what it is compared with; the formats may differ')
    .option('--key <columns>', 'the columns that say which row is which, separated by commas', nameList)
    .option('--tolerance <number>', 'numbers that differ by no more than this are equal', numberFromZero)
    .option('--ignore <columns>', 'not these columns', nameList)
    .option('--select <columns>', 'only these columns', nameList)
    .option('--limit <rows>', 'rows to show of each kind of difference', wholeNumber(0, 1_000_000), 10)
    .option('--memory <size>', 'the most memory, such as 512MiB')
    .option('--workers <count>', 'threads; 0: the main one alone', wholeNumber(0, 128), 0)
    .option('--json', 'as a JSON object: equal, columns, onlyA, onlyB and changed, each with its count and first rows')
    .addHelpText('after', help)
    .action((fileA: string, fileB: string, options: DiffOptions) => diff(fileA, fileB, options, context))
}

async function diff(fileA: string, fileB: string, options: DiffOptions, context: CommandContext): Promise<void> {
  context.setFailureCode(exitFailed)
  const [flagsA, flagsB] = flagsOf(fileA, fileB, options)
  const [a, b] = [await openFlagged([fileA], flagsA), await openFlagged([fileB], flagsB)]
  const isText = (file: string) => ['csv', 'ndjson', 'json'].includes(inputFormat([file], options.from))
  const [fieldsA, fieldsB] = [parseSchema(await schemaOf(a, context.signal), fileA), parseSchema(await schemaOf(b, context.signal), fileB)]
  const columns = pairColumns(fieldsA, fieldsB, { ...options, isText: { a: isText(fileA), b: isText(fileB) } }, fileA, fileB)
  // Several passes, each with a progress of its own: lines of it would say little where they stay.
  const { tolerance, limit, workers, memory } = options
  const run = { signal: context.signal, workers, ...(context.isErrorTerminal && { progress: progressTarget(context) }), ...(memory !== undefined && { memory: memory as `${number}MiB` }) }
  const compare = columns.keys.length === 0 ? comparePositions : compareByKey
  const report = { fileA, fileB, columns, found: await compare(a, b, { keys: columns.keys, pairs: columns.pairs, tolerance, limit }, run) }
  if (options.json) context.write(`${jsonReport(report)}\n`)
  else writeText(report, context)
  if (!isEqual(report)) context.setExitCode(exitDifferent)
}

// Keys and headers that are given once are those of each file that can have them.
function flagsOf(fileA: string, fileB: string, options: DiffOptions): readonly [InputFlags, InputFlags] {
  const { from, decryptionKeys, otherDecryptionKeys, httpHeaders } = options
  const files = [fileA, fileB]
  const isParquet = (file: string) => inputFormat([file], from) === 'parquet'
  const flags = (file: string, own: string | undefined): InputFlags => ({
    ...(from !== undefined && { from }),
    ...(own !== undefined && (isParquet(file) || !files.some(isParquet)) && { decryptionKeys: own }),
    ...(httpHeaders !== undefined && (isWebAddress(file) || !files.some(isWebAddress)) && { httpHeaders }),
  })
  const other = flags(fileB, otherDecryptionKeys ?? decryptionKeys)
  return [flags(fileA, decryptionKeys), otherDecryptionKeys === undefined ? other : { ...other, decryptionKeys: otherDecryptionKeys }]
}
