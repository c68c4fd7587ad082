// What all file sinks share: rows go to hidden temporary files in the target directory, and appear by renaming, exactly once.
// A path that ends in / is a directory: each epoch makes a part file, or one for each partition, visible with its checkpoint; rolled files go on over
// epochs. Any other path is one file, visible at the job's end.
import type { ByteSink } from '../base/bytes.ts'
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import type { PackedBatch } from '../batch/pack-batch.ts'
import { type Fields, fieldOf, visible } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { isPartitionType } from '../format/partition-path.ts'
import { encodedBatch, type EncodedPart, type RowsEncoder } from './encoded-rows.ts'
import { nodeOutputCalls, type OutputCalls } from './output-calls.ts'
import { endingOf } from './part-directory.ts'
import { PartFiles } from './part-files.ts'
import { PartitionedFiles } from './partitioned-files.ts'
import { type Roll, rolledText, rollRule } from './roll.ts'
import type { SinkType } from './sink.ts'
import { SingleFile } from './single-file.ts'
import { type Success, successRule } from './success-markers.ts'

/** Options of every file sink. */
export interface FileSinkOptions {
  readonly path: string
  /** A single file, or part files, that are there already are replaced; otherwise they are an error, but with `append`. */
  readonly overwrite?: boolean
  /** What is there stays, and rows come behind it: as part files with numbers of their own, or in a single text file. */
  readonly append?: boolean
  /** Columns whose values are the names of folders below the directory, as Hive has them; they are not in the files. */
  readonly partitionBy?: readonly string[]
  /** When part files end, where they go on from epoch to epoch. */
  readonly roll?: Roll
  /** Which files tell that the directory, or a partition, is complete. */
  readonly success?: Success
}

/** Encodes rows into one file. */
export interface FileEncoder {
  write(batch: Batch): void
  /** Puts all rows so far into the sink; the result lets `open` go on from here. */
  checkpoint(): Json
  /** Puts everything into the sink: the file is whole then. */
  finish(): void
  close(): void
}

/** A format as files need it. */
export interface FileSinkFormat<O extends FileSinkOptions> {
  readonly kind: string
  /** Ending of part files, such as 'parquet'. */
  readonly ending: string | ((options: O) => string)
  /** True where rows may be put behind a file that is there. */
  isText?(options: O): boolean
  /** Throws PlanError where the options or columns don't fit. */
  check?(options: O, fields: Fields, where: string): void
  open(device: Device, fields: Fields, options: O, sink: ByteSink, where: string, resume: Json | undefined): FileEncoder
  /** For formats whose files are batches one behind the other, whatever is before them: the bytes of a batch, those in the engine's memory in `arena`. The encoder then takes encoded batches too. */
  rows?(device: Device, arena: Arena, batch: Batch, options: O): readonly EncodedPart[]
  /** For others whose rows may be encoded in pieces: how. Undefined where these options don't allow it. */
  pieces?(options: O): ((device: Device, fields: Fields) => RowsEncoder) | undefined
}

/** The sink of a format: transactional. `calls` are for tests that fail them. */
export function fileSink<O extends FileSinkOptions>(format: FileSinkFormat<O>, calls: OutputCalls = nodeOutputCalls): SinkType<O> {
  return {
    kind: format.kind,
    delivery: () => 'transactional',
    check(options, fields, where) {
      if (typeof options.path !== 'string' || options.path === '')
        throw new PlanError('PATHS', `${where}: no path is given; name a file, or a directory with a / at its end`)
      checkAppend(format, options, where)
      checkDirectory(options, where)
      const written = checkPartitions(options, fields, where)
      format.check?.(options, written, where)
    },
    async open(context, options) {
      const Files = options.partitionBy ? PartitionedFiles : options.path.endsWith('/') ? PartFiles : SingleFile
      const writer = new Files(format, context, options, context.files ?? calls)
      await writer.begin()
      return writer
    },
    encoder(options) {
      const { rows } = format
      if (options.partitionBy) return undefined
      return rows ? device => ({ encode: batch => [encodedRows(device, batch, arena => rows(device, arena, batch, options))] }) : format.pieces?.(options)
    },
    describe: ({ path, partitionBy, roll }) => `write.${format.kind} ${path}${partitionBy ? ` by ${partitionBy.join(', ')}` : ''}${roll === undefined ? '' : `, rolled ${rolledText(roll)}`}`,
  }
}

function encodedRows(device: Device, { rowCount }: Batch, rows: (arena: Arena) => readonly EncodedPart[]): PackedBatch {
  return encodedBatch(device, rowCount, arena => {
    const parts = rows(arena)
    for (const part of parts) if (!(part instanceof Uint8Array)) arena.shrink(part.address, part.bytes)
    return parts
  })
}

function checkAppend<O extends FileSinkOptions>(format: FileSinkFormat<O>, options: O, where: string): void {
  const { path, append, overwrite } = options
  if (!append) return
  if (overwrite) throw new PlanError('APPEND', `${where}: append keeps what is there, and overwrite replaces it; give one of them`)
  if (!path.endsWith('/') && !format.isText?.(options))
    throw new PlanError('APPEND', `${where}: rows can't be put behind a ${endingOf(format, options)} file; write part files into a directory, with a / at the end of the path`)
}

function checkDirectory({ path, partitionBy, roll, success }: FileSinkOptions, where: string): void {
  rollRule(roll, where)
  successRule(success, partitionBy, where)
  if (path.endsWith('/')) return
  if (roll !== undefined) throw new PlanError('ROLL', `${where}: rolled files are many, and ${path} is one; end the path with / to write part files into it`)
  if (success) throw new PlanError('SUCCESS', `${where}: ${path} is there when it is complete; success is for directories, whose paths end with /`)
}

// The columns that go into the files.
function checkPartitions({ path, partitionBy }: FileSinkOptions, fields: Fields, where: string): Fields {
  if (partitionBy === undefined) return fields
  const refused = (what: string) => new PlanError('PARTITION_BY', `${where}: ${what}`)
  if (!Array.isArray(partitionBy) || partitionBy.length === 0) throw refused("partitionBy names no column; give names, as in partitionBy: ['day']")
  if (!path.endsWith('/')) throw refused(`partitions are folders, and ${path} is a file; end the path with /`)
  const twice = partitionBy.find((name, i) => partitionBy.indexOf(name) !== i)
  if (twice !== undefined) throw refused(`partitionBy names "${twice}" twice; name it once`)
  for (const name of partitionBy as readonly string[]) {
    const { type } = fieldOf(fields, name, `${where}, partitionBy`)
    if (!isPartitionType(type)) throw refused(`"${name}" is ${typeName(type)}, and its values have no text that could name a folder; partition by another column`)
  }
  const rest = fields.filter(field => !partitionBy.includes(field.name))
  if (visible(rest).length === 0) throw refused('partitionBy names all columns, and none is left for the files; leave one out')
  return rest
}
