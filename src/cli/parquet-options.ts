// The flags that say how Parquet is written: what `write.parquet` takes, by names of columns and words.
import type { Command } from 'commander'
import { PlanError } from '../base/errors.ts'
import { formatCount } from '../base/units.ts'
import type { ParquetEncoding, ParquetWriteOptions } from '../format/parquet/write-options.ts'
import type { FileFormat } from './file-format.ts'
import { nameList, namedWords, wholeNumber, type WordPair } from './options.ts'

/** The flags' values. */
export interface ParquetFlags {
  readonly rowGroupRows?: number
  readonly rowGroupBytes?: string
  readonly pageRows?: number
  readonly pageBytes?: string
  /** False: no indexes. */
  readonly pageIndex?: boolean
  readonly bloom?: readonly WordPair[]
  readonly encoding?: readonly WordPair[]
  /** False: no dictionaries. */
  readonly dictionary?: boolean
  readonly sortedBy?: readonly string[]
}

/** Adds the flags. */
export function addParquetOptions(command: Command): Command {
  return command
    .option('--row-group-rows <count>', 'of parquet: rows of a row group', wholeNumber(1, 2 ** 31 - 1))
    .option('--row-group-bytes <size>', 'of parquet: packed bytes at which a row group ends earlier, such as 64MiB')
    .option('--page-rows <count>', 'of parquet: rows of a page at most', wholeNumber(1, 2 ** 20))
    .option('--page-bytes <size>', 'of parquet: bytes of a page at most, before they are packed, such as 64KiB')
    .option('--no-page-index', 'of parquet: no index of pages and their bounds, by which readers leave pages out')
    .option('--bloom <columns>', 'of parquet: Bloom filters of these columns, by which readers leave row groups out; as in "id,city:0.001" with the share of other values that pass', namedWords)
    .option('--encoding <encodings>', 'of parquet: auto, plain, dictionary, delta or byte-stream-split, for all columns or as in "id:delta,price:byte-stream-split"', namedWords)
    .option('--no-dictionary', 'of parquet: no dictionaries')
    .option('--sorted-by <columns>', 'of parquet: say that rows are in this order, as in "-day,city"; --sort puts them in it', nameList)
}

/** Refuses flags that say nothing about `format`. Throws PlanError PARQUET_OPTION. */
export function checkParquetFlags(flags: ParquetFlags, format: FileFormat): void {
  if (format === 'parquet') return
  const given = Object.entries(said(flags)).find(([, [, value]]) => value !== undefined)
  if (given) throw new PlanError('PARQUET_OPTION', `${given[0]}: only parquet has ${given[1][0]}, the output is ${format}; leave it out`)
}

// Each flag: what it is of, and its value; undefined where it isn't given.
function said(flags: ParquetFlags): Record<string, readonly [what: string, value: unknown]> {
  return {
    '--row-group-rows': ['row groups', flags.rowGroupRows],
    '--row-group-bytes': ['row groups', flags.rowGroupBytes],
    '--page-rows': ['pages', flags.pageRows],
    '--page-bytes': ['pages', flags.pageBytes],
    '--no-page-index': ['page indexes', flags.pageIndex === false ? false : undefined],
    '--bloom': ['Bloom filters', flags.bloom],
    '--encoding': ['encodings of columns', flags.encoding],
    '--no-dictionary': ['dictionaries', flags.dictionary === false ? false : undefined],
    '--sorted-by': ['a note of its order', flags.sortedBy],
  }
}

/** What the writer is told. Throws PlanError ENCODING. */
export function parquetStyle(flags: ParquetFlags): Omit<ParquetWriteOptions, 'encryption' | 'chunkPagesMax' | 'compression'> {
  const { rowGroupRows, rowGroupBytes, pageRows, pageBytes, pageIndex, bloom, encoding, dictionary, sortedBy } = flags
  return {
    ...(rowGroupRows !== undefined && { rowGroupRows }),
    ...(rowGroupBytes !== undefined && { rowGroupBytes }),
    ...(pageRows !== undefined && { pageRows }),
    ...(pageBytes !== undefined && { pageBytes }),
    ...(pageIndex === false && { pageIndex }),
    ...(bloom && { bloomFilters: bloomFilters(bloom) }),
    ...(encoding && { encoding: encodingOf(encoding) }),
    ...(dictionary === false && { dictionary }),
    ...(sortedBy && { sortingColumns: sortedBy.map(key => (key.startsWith('-') ? { column: key.slice(1), descending: true } : { column: key })) }),
  }
}

function bloomFilters(pairs: readonly WordPair[]): Record<string, { falsePositive?: number }> {
  return Object.fromEntries(pairs.map(({ name, word }) => [name, word === undefined ? {} : { falsePositive: Number(word) }]))
}

// One word alone is for all columns.
function encodingOf(pairs: readonly WordPair[]): ParquetEncoding | Record<string, ParquetEncoding> {
  const [only] = pairs
  if (pairs.length === 1 && only!.word === undefined) return only!.name as ParquetEncoding
  const bare = pairs.find(({ word }) => word === undefined)
  if (bare) throw new PlanError('ENCODING', `--encoding: "${bare.name}" has no encoding; give one word for all columns, or pairs as in id:delta,price:plain`)
  return Object.fromEntries(pairs.map(({ name, word }) => [name, word as ParquetEncoding]))
}

/** The flags in words, for --dry-run. */
export function styleWords(flags: ParquetFlags): string[] {
  const { rowGroupRows, rowGroupBytes, pageRows, pageBytes, pageIndex, bloom, encoding, dictionary, sortedBy } = flags
  const listed = (pairs: readonly WordPair[]) => pairs.map(({ name, word }) => (word === undefined ? name : `${name}:${word}`)).join(', ')
  return [
    ...(rowGroupRows === undefined ? [] : [`row groups of ${formatCount(rowGroupRows)} rows`]),
    ...(rowGroupBytes === undefined ? [] : [`row groups of ${rowGroupBytes} at most`]),
    ...(pageRows === undefined ? [] : [`pages of ${formatCount(pageRows)} rows`]),
    ...(pageBytes === undefined ? [] : [`pages of ${pageBytes} at most`]),
    ...(pageIndex === false ? ['no page index'] : []),
    ...(bloom ? [`Bloom filters of ${listed(bloom)}`] : []),
    ...(encoding ? [`encoding ${listed(encoding)}`] : []),
    ...(dictionary === false ? ['no dictionaries'] : []),
    ...(sortedBy ? [`said to be sorted by ${sortedBy.join(', ')}`] : []),
  ]
}
