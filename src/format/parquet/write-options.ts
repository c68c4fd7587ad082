// How a Parquet file is written: what users may ask for, looked at before anything is written, and what it means for each leaf.
import { PlanError } from '../../base/errors.ts'
import type { HiddenReference } from '../../base/hidden.ts'
import { parseBytes } from '../../base/units.ts'
import { type Fields, isHidden } from '../../batch/schema.ts'
import { typeName } from '../../batch/type-name.ts'
import { canPack } from '../decompress.ts'
import { leavesNamed, namedFor } from './named-leaves.ts'
import { type BloomFilters, checkBloomFilters, falsePositiveOf } from './bloom-options.ts'
import { codecNumber, type ParquetCodec } from './pack-page.ts'
import { type SortingColumns, sortingColumns } from './sorting-columns.ts'
import { sealPlan } from './write-encryption.ts'
import { type WrittenLeaf, writtenLeaves, writtenTree } from './write-tree.ts'

/** How values are encoded: see `ParquetWriteOptions.encoding`. */
export type ParquetEncoding = 'auto' | 'plain' | 'dictionary' | 'delta' | 'byte-stream-split'

/** How a file is written. */
export interface ParquetWriteOptions {
  /** 'snappy' by default. */
  readonly compression?: ParquetCodec
  /** Rows of a row group; 262,144 by default. It bounds the writer's memory and is the unit of parallel reading. */
  readonly rowGroupRows?: number
  /** Packed bytes at which a row group ends earlier, such as '64MiB'; 128 MiB by default. They are held until then. */
  readonly rowGroupBytes?: number | string
  /** Rows of a page at most, or values inside lists where a row has not more; 16,384 by default. */
  readonly pageRows?: number
  /** Bytes of a page at most, such as '64KiB', but for one value that has more; 1 MiB by default. Counted before values are packed, and not of those with a dictionary. */
  readonly pageBytes?: number | string
  /**
   * Whether pages are indexed: where they lie, and the bounds of their values, so that readers leave out those that a filter wants nothing of. By default where a row group has more
   * than one page a column.
   */
  readonly pageIndex?: boolean
  /** Encrypts the file: keys and how, out of sight (`write-encryption.ts › hideEncryption`). */
  readonly encryption?: HiddenReference
  /** Pages of a chunk at which a row group ends earlier: encrypted files number them. */
  readonly chunkPagesMax?: number
  /**
   * Columns that get a Bloom filter in each row group, by which readers leave those out that don't have a value; a column of structs gives one to all inside, and 'a.b' means one.
   * `falsePositive`: the share of other values that may pass, 0.01 by default; about 10 bits a different value then. Not for booleans. Memory: 8 bytes a value of a row group, and
   * the filter.
   */
  readonly bloomFilters?: BloomFilters
  /** By which columns rows are written in order, for readers that can use it; nothing looks whether they are. A member of a struct is named as in 'a.b'. */
  readonly sortingColumns?: SortingColumns
  /** False writes no dictionaries, and delta-packed integers only where `encoding` says so, for readers that know neither. */
  readonly dictionary?: boolean
  /**
   * How values are encoded, of all columns or by name; a column of lists or structs gives it to all inside, and 'a.b' means one of them. 'auto', the default: a dictionary where a
   * chunk gets smaller by it, 'delta' for integers, dates and times where that is clearly smaller still, as it is for sorted ones, else 'plain'. 'dictionary': one until it is full.
   * 'delta': differences of integers, lengths or prefixes of texts and bytes. 'byte-stream-split': the first bytes of all numbers, then the second ones, which packs floats better.
   * Given for all columns, types that don't have it are 'auto'; by name that is a PlanError.
   */
  readonly encoding?: ParquetEncoding | Readonly<Record<string, ParquetEncoding>>
}

/** What a leaf's chunks are written with. */
export interface LeafOptions {
  readonly codec: ParquetCodec
  readonly dictionary: boolean
  readonly encoding: ParquetEncoding
  /** The share of other values that its Bloom filter may let pass; undefined without one. */
  readonly falsePositive: number | undefined
  readonly pageRows: number
  readonly pageBytes: number
}

const rowGroupRowsDefault = 262_144
const rowGroupBytesDefault = '128MiB'
const pageRowsDefault = 16_384
const pageRowsMax = 1_048_576
const pageBytesDefault = '1MiB'
const encodings: readonly string[] = ['auto', 'plain', 'dictionary', 'delta', 'byte-stream-split'] satisfies ParquetEncoding[]

/** Throws PlanError where the options or types can't be written as Parquet: COMPRESSION, ROW_GROUP_ROWS, PAGE_ROWS, BYTES, ENCODING, BLOOM_FILTER, SORTING_COLUMNS, NO_COLUMN, TYPE, NO_COLUMNS, and of `sealPlan`. */
export function checkParquetWrite(options: ParquetWriteOptions, fields: Fields, where: string): void {
  const codec = options.compression ?? 'snappy'
  if (!Object.hasOwn(codecNumber, codec)) throw new PlanError('COMPRESSION', `${where}: no compression "${codec}"; there are ${Object.keys(codecNumber).join(', ')}`)
  if (codec === 'gzip' && !canPack()) throw new PlanError('COMPRESSION', `${where}: this JavaScript engine can't write gzip; use snappy or zstd`)
  rowGroupLimits(options, where)
  pageLimits(options, where)
  const shown = fields.filter(f => !isHidden(f.name))
  if (shown.length === 0) throw new PlanError('NO_COLUMNS', `${where}: there are no columns to write`)
  const leaves = shown.flatMap(field => writtenLeaves(writtenTree(field, where)))
  checkEncoding(options, shown, leaves, where)
  checkBloomFilters(options.bloomFilters, shown, leaves, where)
  sortingColumns(options.sortingColumns ?? [], shown, leaves, where)
  if (options.encryption) sealPlan(options.encryption, shown, leaves, where)
}

/** Where row groups end. */
export function rowGroupLimits({ rowGroupRows: rows = rowGroupRowsDefault, rowGroupBytes = rowGroupBytesDefault }: ParquetWriteOptions, where: string): { rows: number; bytes: number } {
  if (!Number.isSafeInteger(rows) || rows < 1 || rows > 2 ** 31 - 1)
    throw new PlanError('ROW_GROUP_ROWS', `${where}: rowGroupRows is ${rows}; give a whole number from 1 on`)
  return { rows, bytes: parseBytes(rowGroupBytes, `${where}, rowGroupBytes`) }
}

function pageLimits({ pageRows = pageRowsDefault, pageBytes = pageBytesDefault }: ParquetWriteOptions, where: string): { pageRows: number; pageBytes: number } {
  if (!Number.isSafeInteger(pageRows) || pageRows < 1 || pageRows > pageRowsMax)
    throw new PlanError('PAGE_ROWS', `${where}: pageRows is ${pageRows}; give a whole number from 1 to ${pageRowsMax}`)
  return { pageRows, pageBytes: Math.max(1, parseBytes(pageBytes, `${where}, pageBytes`)) }
}

/** What a leaf is written with. The options have been checked. */
export function leafOptions(options: ParquetWriteOptions, leaf: WrittenLeaf, where: string): LeafOptions {
  const { compression: codec = 'snappy', dictionary = true } = options
  const { pageRows, pageBytes } = pageLimits(options, where)
  const { width, physical } = leaf.stored
  const bytes = width ?? (physical === 'BOOLEAN' || physical === 'BYTE_ARRAY' ? 1 : physical === 'INT32' || physical === 'FLOAT' ? 4 : 8)
  return { codec, dictionary, encoding: encodingOf(options, leaf), falsePositive: falsePositiveOf(options.bloomFilters, leaf), pageRows: Math.max(1, Math.min(pageRows, Math.floor(pageBytes / bytes))), pageBytes }
}

function encodingOf({ encoding = 'auto' }: ParquetWriteOptions, leaf: WrittenLeaf): ParquetEncoding {
  const asked = typeof encoding === 'string' ? encoding : (namedFor(encoding, leaf) ?? 'auto')
  const isUsual = typeof encoding !== 'string' || isUsually(leaf, asked)
  return isUsual && canEncode(leaf, asked) ? asked : 'auto'
}

// Of all columns, only floats are split, which other numbers don't gain by; and not every reader knows differences of fixed binaries.
function isUsually({ stored: { physical } }: WrittenLeaf, encoding: ParquetEncoding): boolean {
  return encoding === 'byte-stream-split' ? physical === 'FLOAT' || physical === 'DOUBLE' : encoding !== 'delta' || physical !== 'FIXED_LEN_BYTE_ARRAY'
}

function canEncode({ stored: { physical, width } }: WrittenLeaf, encoding: ParquetEncoding): boolean {
  switch (encoding) {
    case 'auto':
    case 'plain':
      return true
    case 'dictionary':
      return physical !== 'BOOLEAN' && width === undefined
    case 'delta':
      return ['INT32', 'INT64', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'].includes(physical)
    case 'byte-stream-split':
      return physical !== 'BOOLEAN' && physical !== 'BYTE_ARRAY'
  }
}

function checkEncoding({ encoding = 'auto' }: ParquetWriteOptions, shown: Fields, leaves: readonly WrittenLeaf[], where: string): void {
  const asked = typeof encoding === 'string' ? [['', encoding] as const] : Object.entries(encoding)
  for (const [name, one] of asked) {
    if (!encodings.includes(one)) throw new PlanError('ENCODING', `${where}${name && `, column "${name}"`}: no encoding "${one}"; there are ${encodings.join(', ')}`)
    if (name === '') continue
    const meant = leavesNamed(name, shown, leaves, where)
    // A column of several leaves has it wherever it can.
    const odd = meant.every(leaf => !canEncode(leaf, one)) && meant[0]
    if (odd) throw new PlanError('ENCODING', `${where}, column "${name}": values of type ${typeName(odd.type)} have no encoding "${one}"; leave it to 'auto'`)
  }
}
