// Text files that are followed as they grow: whole records are read as soon as they are there, of one file after the other. Each file is a split. A position says how far each
// file was read, and by its first bytes which file it was.
import { DataError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { nextTurn } from '../base/turn.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import { allocateColumn, type Batch } from '../batch/batch.ts'
import { int32 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { rowsBegin } from '../format/csv/csv-reader.ts'
import type { CsvScanOptions } from './csv.ts'
import { arranged, endingsOfFormat, fieldsOfFormat, type FormatOptions, resolveFile, scanOfFormat } from './file-formats.ts'
import { listFiles } from './file-list.ts'
import { type FileHead, GrowingFile } from './growing-file.ts'
import { withFile } from './open-file.ts'
import { PieceReader, type PieceRows } from './piece-reader.ts'
import type { FeedContext, FeedReader, FeedSourceType, SideBatch } from './source.ts'

/** Which files, of which format, and how often they are looked at. */
export interface FollowedFilesOptions {
  readonly format: 'ndjson' | 'csv'
  readonly paths: readonly string[]
  readonly every: Duration
  readonly options: FormatOptions
}

/** A file: all before `at` was read, and so many rows of the piece from there to `end`. */
interface FilePosition extends PieceRows {
  readonly path: string
  readonly at: number
  readonly end: number
  readonly head: FileHead
}

interface FollowedFile {
  readonly file: GrowingFile
  at: number
  /** The resolved options of its scan, once its rows have begun. */
  options: Json | undefined
  head: FileHead
}

const splitField = { name: '$split', type: int32, nullable: false } as const
const idleMs = 50
const turnMs = 8

/** The feed behind `read.ndjson(path, { follow })` and `read.csv`. */
export const followedFilesFeed: FeedSourceType<FollowedFilesOptions> = {
  kind: 'followedFiles',
  resolve({ every, options, paths }, where) {
    if (parseDuration(every, `${where}, follow`) <= 0) throw new PlanError('FOLLOW', `${where}: files can't be looked at every ${every}; give more than 0, as in follow: { every: '200ms' }`)
    if (paths.length === 0) throw new PlanError('PATHS', `${where}: no path is given; name a file`)
    const packed = paths.find(path => /\.(gz|zst)$/.test(path))
    if (packed !== undefined) throw new PlanError('FOLLOW', `${where}: ${packed} is packed, and can't be followed; watch a directory for whole files`)
    const strange = (['comment', 'encoding'] as const).find(name => options[name] !== undefined && options[name] !== 'utf-8')
    if (strange) throw new PlanError('FOLLOW', `${where}: a file with ${strange} ${JSON.stringify(options[strange])} can't be followed, since the ends of its rows aren't known; leave it out, or watch a directory for whole files`)
    const { fields, sidePorts } = fieldsOfFormat(options, where)
    return { fields: [...fields, splitField], bounded: false, ...(sidePorts && { sidePorts }) }
  },
  open: async (context, options, position) => new FollowReader(context, options, (position as { files: readonly FilePosition[] } | undefined)?.files ?? []),
  describe: ({ format, paths }) => `read.${format} ${paths.join(', ')}, followed`,
}

class FollowReader implements FeedReader {
  readonly #context: FeedContext
  readonly #options: FollowedFilesOptions
  readonly #fields: Fields
  readonly #everyMs: number
  readonly #pieces: PieceReader
  readonly #files: FollowedFile[] = []
  /** The file whose piece is at hand, and the end of that. */
  #index = 0
  #end: number | undefined
  #turn = 0
  #nextLook = 0

  constructor(context: FeedContext, options: FollowedFilesOptions, positions: readonly FilePosition[]) {
    this.#context = context
    this.#options = options
    this.#fields = fieldsOfFormat(options.options, context.where).fields
    this.#everyMs = parseDuration(options.every, context.where)
    this.#pieces = new PieceReader(context)
    try {
      this.#openAll(positions)
    } catch (thrown) {
      this.#closeAll()
      throw thrown
    }
  }

  async next(): Promise<Batch | SideBatch | 'idle' | undefined> {
    const { clock, signal } = this.#context
    if (clock.elapsed() > this.#turn) {
      await nextTurn()
      this.#turn = clock.elapsed() + turnMs
    }
    for (;;) {
      const got = this.#pieces.next()
      if (got) return 'port' in got ? got : this.#inSplit(got)
      this.#endPiece()
      if (clock.elapsed() < this.#nextLook) break
      if (!this.#nextPiece()) this.#nextLook = clock.elapsed() + this.#everyMs
    }
    await clock.sleep(Math.min(idleMs, this.#nextLook - clock.elapsed()), signal)
    return 'idle'
  }

  position(): Json {
    const files = this.#files.map((followed, i): FilePosition => {
      const { file, at } = followed
      if (followed.head.bytes < 1024) followed.head = file.head(at)
      const isAtHand = i === this.#index && this.#end !== undefined
      return { path: file.path, at, end: isAtHand ? this.#end! : at, head: followed.head, ...(isAtHand ? this.#pieces.given : { rows: 0, letters: 0 }) }
    })
    return { files } as unknown as Json
  }

  splitCount(): number {
    return this.#files.length
  }

  async close(): Promise<void> {
    this.#pieces.close()
    this.#closeAll()
  }

  // Files that a checkpoint knows come first, so that each keeps its number.
  #openAll(positions: readonly FilePosition[]): void {
    const { where } = this.#context
    const { format, paths } = this.#options
    const isPattern = (path: string) => /[*?[{]/.test(path) || path.endsWith('/')
    const listed = paths.flatMap(path => (isPattern(path) ? listFiles([path], endingsOfFormat[format].filter(ending => !/\.(gz|zst)$/.test(ending)), where) : [path]))
    const { delimiter = ',', quote = '"', escape } = this.#scanOptions() as unknown as CsvScanOptions
    const quoting = format === 'csv' ? { delimiter, quote, ...(escape !== undefined && { escape }) } : undefined
    for (const path of new Set([...positions.map(position => position.path), ...listed])) {
      const position = positions.find(other => other.path === path)
      const file = new GrowingFile(path, position?.end ?? 0, quoting, where)
      this.#files.push({ file, at: position?.at ?? 0, options: undefined, head: position?.head ?? { bytes: 0, crc: 0 } })
      if (!file.isThere() || !position) continue
      file.check(position.head)
      if (position.end > position.at) this.#goOn(this.#files.length - 1, position)
    }
  }

  #goOn(index: number, { at, end, rows, letters }: FilePosition): void {
    const followed = this.#files[index]!
    followed.options = resolveFile(this.#options.format, this.#scanOptions(), followed.file.path, this.#context.where)
    this.#begin(index, at, end, { rows, letters })
  }

  #endPiece(): void {
    if (this.#end !== undefined) this.#files[this.#index]!.at = this.#end
    this.#end = undefined
  }

  // The next file in turn that has whole records; false where none has.
  #nextPiece(): boolean {
    for (let turn = 1; turn <= this.#files.length; turn++) {
      const index = (this.#index + turn) % this.#files.length
      const followed = this.#files[index]!
      if (!followed.file.isThere() || !followed.file.grows(followed.at) || !this.#hasBegun(followed)) continue
      if (followed.file.end <= followed.at) continue
      this.#begin(index, followed.at, followed.file.end)
      return true
    }
    return false
  }

  #begin(index: number, start: number, end: number, given?: PieceRows): void {
    const { format } = this.#options
    const { options } = this.#files[index]!
    const split = format === 'csv' ? { file: 0, range: [start, end] } : { file: 0, start, end }
    this.#index = index
    this.#end = end
    this.#pieces.begin(context => scanOfFormat[format].read(context, options!, split, undefined), given)
  }

  // A file's rows begin behind its header, which must be there before anything can be told of them.
  #hasBegun(followed: FollowedFile): boolean {
    if (followed.options !== undefined) return true
    const { where } = this.#context
    const { format } = this.#options
    const { file } = followed
    const options = this.#scanOptions()
    if (format === 'csv' && followed.at === 0) {
      const { header = true, skipLines = 0, delimiter = ',', quote = '"' } = options as unknown as CsvScanOptions
      const whole = withFile(file.path, where, reader => reader.read(0, Math.min(file.end, headerBytesMax)))
      const { rows } = rowsBegin(whole, { delimiter, quote, nulls: [] }, { header, skipLines })
      if (rows === undefined) return false
      followed.at = rows
    }
    followed.options = resolveFile(format, options, file.path, where)
    const [{ form, encoding }] = (followed.options as unknown as { files: [{ form?: string; encoding: string }] }).files
    if (form === 'values') throw new DataError('FOLLOW', `${where}: ${file.path} is an array of JSON, whose end isn't known before it is whole; follow files with an object a line`)
    if (encoding !== 'utf-8') throw new DataError('ENCODING', `${where}: ${file.path} is ${encoding}; only UTF-8 files can be followed`)
    return true
  }

  // What is found out of whole files is given here: they aren't whole.
  #scanOptions(): FormatOptions {
    const { format, options, paths } = this.#options
    return format === 'csv' ? { ...options, delimiter: options['delimiter'] ?? (/\.tsv$/.test(paths[0]!) ? '\t' : ',') } : options
  }

  #inSplit(batch: Batch): Batch {
    const { device, where } = this.#context
    const { file } = this.#files[this.#index]!
    const rows = arranged(batch, this.#fields, file.path, where)
    const arena = device.arena()
    arena.hold(batch.arena)
    const split = allocateColumn(arena, int32, batch.rowCount)
    device.memory.int32s(split.values, batch.rowCount).fill(this.#index)
    return { ...rows, fields: [...this.#fields, splitField], columns: [...rows.columns, split], arena: arena.address }
  }

  #closeAll(): void {
    for (const { file } of this.#files) file.close()
  }
}

const headerBytesMax = 1 << 20
