// Where `convert` writes: the library's own writers, chosen by format, and what is refused before anything is read.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConnectorError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import { hideEncryption, type ParquetEncryption } from '../format/parquet/write-encryption.ts'
import type { SinkLike } from '../frame/node.ts'
import { FileMoves } from '../sink/file-moves.ts'
import { nodeOutputCalls } from '../sink/output-calls.ts'
import type { BoundPipe, PipeOptions } from '../sink/pipe.ts'
import { type FileFormat, isTabbed, isWebAddress } from './file-format.ts'
import { library } from './inputs.ts'
import { checkParquetFlags, type ParquetFlags, parquetStyle } from './parquet-options.ts'

/** What the command line says of its output. */
export interface OutputOptions extends ParquetFlags {
  readonly to?: string
  readonly compression?: string
  readonly partitionBy?: readonly string[]
  readonly overwrite?: boolean
  readonly encryption?: ParquetEncryption | undefined
  /** Bytes that are no text may go to a terminal. */
  readonly force?: boolean
}

/** An output that is fit to be written. A folder's `path` ends in /; - is standard output. */
export interface Output {
  readonly path: string
  readonly format: FileFormat
}

const textCodecs = ['none', 'gzip', 'zstd']
const codecs: Record<FileFormat, readonly string[]> = { parquet: ['none', 'snappy', 'gzip', 'zstd', 'lz4'], csv: textCodecs, ndjson: textCodecs, json: textCodecs, arrow: [] }
/** All that --compression takes. */
export const codecNames = codecs.parquet

/** Looks at options and path before anything is read. `isTerminal`: what standard output is. Throws PlanError COMPRESSION, PARQUET_OPTION, PARTITION_BY, TERMINAL, OUTPUT; ConnectorError EXISTS. */
export function checkOutput(inputs: readonly string[], output: string, format: FileFormat, options: OutputOptions, isTerminal: boolean): Output {
  const { compression, partitionBy, overwrite = false } = options
  checkCompression(format, compression)
  checkParquetFlags(options, format)
  if (isWebAddress(output)) throw new PlanError('OUTPUT', `convert: ${output} is an http(s) address, which is read and not written; write to a file, or pipe - into a program that sends it`)
  if (output === '-') return checkPipe(format, options, isTerminal)
  if (inputs.some(input => resolve(input) === resolve(output)))
    throw new PlanError('OUTPUT', `convert: ${output} is both input and output; write to another file`)
  const found = existsSync(output) ? (statSync(output).isDirectory() ? 'folder' : 'file') : undefined
  const isFolder = found === 'folder' || output.endsWith('/') || partitionBy !== undefined
  const path = isFolder && !output.endsWith('/') ? `${output}/` : output
  if (isFolder && found === 'file') throw new ConnectorError('EXISTS', `${output}: a file of that name is there, and --partition-by writes a folder; give another name`)
  const what = found === 'file' ? 'a file of that name is there' : found === 'folder' ? partsIn(path, format) : undefined
  if (what !== undefined && !overwrite) throw new ConnectorError('EXISTS', `${output}: ${what} already; give another name or --overwrite`)
  return { path, format }
}

/** The sink of an output. `send` takes what goes to standard output. */
export async function openOutput({ path, format }: Output, options: OutputOptions, send: BoundPipe['send']): Promise<SinkLike> {
  const { compression, encryption } = options
  if (path !== '-') return openFile({ path, format }, options)
  const style = {
    ...(compression !== undefined && { compression }),
    ...(parquetStyle(options) as Record<string, Json>),
    ...(encryption && { encryption: hideEncryption(encryption) as unknown as Json }),
    ...(format === 'csv' && isTabbed(path, options.to) && { delimiter: '\t' }),
    ...(format === 'arrow' && { form: 'stream' }),
  }
  const pipe: PipeOptions = { name: 'standard output', format, options: style }
  return { sink: 'pipe', options: pipe as unknown as Json, bound: { ...pipe, send } satisfies BoundPipe }
}

async function openFile({ path, format }: Output, options: OutputOptions): Promise<SinkLike> {
  const { to, compression, partitionBy, encryption, overwrite = false } = options
  const { write } = await library()
  const all = { overwrite, ...(partitionBy && { partitionBy }) }
  const text = { ...all, ...(compression !== undefined && { compression: compression as 'gzip' }) }
  switch (format) {
    case 'parquet':
      return write.parquet(path, { ...all, ...(compression !== undefined && { compression: compression as 'snappy' }), ...parquetStyle(options), ...(encryption && { encryption }) })
    case 'csv':
      return write.csv(path, { ...text, ...(isTabbed(path, to) && { delimiter: '\t' }) })
    case 'ndjson':
      return write.ndjson(path, text)
    case 'json':
      return write.json(path, text)
    case 'arrow':
      return write.arrow(path, all)
  }
}

// Standard output takes any format; a terminal shows text only.
function checkPipe(format: FileFormat, { partitionBy, compression, force = false }: OutputOptions, isTerminal: boolean): Output {
  if (partitionBy) throw new PlanError('PARTITION_BY', `--partition-by ${partitionBy.join(',')}: folders can't go to standard output; write to a folder, such as out/`)
  const isText = format !== 'parquet' && format !== 'arrow' && (compression ?? 'none') === 'none'
  if (isTerminal && !isText && !force)
    throw new PlanError('TERMINAL', `convert: ${format === 'parquet' || format === 'arrow' ? format : `${format} as ${compression}`} is no text that a terminal could show; write it to a file or into a pipe, or give --force`)
  return { path: '-', format }
}

function checkCompression(format: FileFormat, compression: string | undefined): void {
  if (compression === undefined) return
  const known = codecs[format]
  if (known.length === 0) throw new PlanError('COMPRESSION', `--compression ${compression}: ${format} is not compressed here; leave it out, or write parquet, csv, ndjson or json`)
  if (!known.includes(compression))
    throw new PlanError('COMPRESSION', `--compression ${compression}: no such codec of ${format}; give ${known.join(', ')}${didYouMean(compression, known)}`)
}

function partsIn(path: string, format: FileFormat): string | undefined {
  const parts = new FileMoves(nodeOutputCalls, 'convert').listParts(path).filter(name => /(^|\/)part-[^/]*$/.test(name) && new RegExp(`\\.${format}(\\.gz|\\.zst)?$`).test(name))
  return parts.length === 0 ? undefined : `${parts.length} part file${parts.length === 1 ? ' is' : 's are'} there, such as ${parts[0]},`
}
