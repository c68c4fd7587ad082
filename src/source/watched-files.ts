// A directory, or what a pattern names, watched for files: each is read once, whole, when it has not changed between two looks. A position names the files that have been
// read, and how far the one at hand was.
import { statSync } from 'node:fs'
import { ConnectorError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { nextTurn } from '../base/turn.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import { arranged, endingsOfFormat, type FeedFormat, fieldsOfFormat, type FormatOptions, resolveFile, scanOfFormat } from './file-formats.ts'
import { fileError, listFiles } from './file-list.ts'
import { PieceReader, type PieceRows } from './piece-reader.ts'
import type { FeedContext, FeedReader, FeedSourceType, ScanSplit, SideBatch } from './source.ts'

/** Which files, of which format, and how often it is looked for new ones. */
export interface WatchedFilesOptions {
  readonly format: FeedFormat
  readonly paths: readonly string[]
  readonly every: Duration
  readonly options: FormatOptions
}

/** A file as it was found. */
interface FoundFile {
  readonly path: string
  readonly bytes: number
  readonly changedMs: number
}

/** The file at hand: pieces before `piece` have been read, and so many rows of that one. */
interface FileAtHand extends FoundFile, PieceRows {
  readonly piece: number
}

/** A file, its pieces and the number of the next one. `shared`: an arena, and in it the address of what its readers share. */
interface FileBeingRead extends FoundFile {
  readonly options: Json
  readonly splits: readonly ScanSplit[]
  readonly shared: { readonly arena: Arena; readonly address: number } | undefined
  next: number
}

interface WatchPosition {
  readonly done: readonly FoundFile[]
  readonly file?: FileAtHand
}

/** The longest wait without a word. */
const idleMs = 50
/** After so long others have their turn. */
const turnMs = 8

/** The feed behind `read.…(path, { watch })`. */
export const watchedFilesFeed: FeedSourceType<WatchedFilesOptions> = {
  kind: 'watchedFiles',
  resolve({ every, options, paths }, where) {
    if (paths.length === 0) throw new PlanError('PATHS', `${where}: no path is given; name a directory or a pattern such as 'in/*.csv'`)
    if (parseDuration(every, `${where}, watch`) <= 0) throw new PlanError('WATCH', `${where}: files can't be looked for every ${every}; give more than 0, as in watch: '1s'`)
    return { ...fieldsOfFormat(options, where), bounded: false }
  },
  open: async (context, options, position) => new WatchReader(context, options, position as WatchPosition | undefined),
  describe: ({ format, paths, every }) => `read.${format} ${paths.join(', ')}, watched every ${every}${typeof every === 'number' ? ' ms' : ''}`,
}

class WatchReader implements FeedReader {
  readonly #context: FeedContext
  readonly #options: WatchedFilesOptions
  readonly #fields: Fields
  readonly #everyMs: number
  readonly #pieces: PieceReader
  /** What has been read, by path. */
  readonly #done: Map<string, FoundFile>
  /** As they were when it was last looked, of those that have not been read. */
  #seen = new Map<string, FoundFile>()
  readonly #waiting: FoundFile[] = []
  /** The file at hand, its pieces, and the next of them. */
  #file: FileBeingRead | undefined
  #nextLook = 0
  #turn = 0

  constructor(context: FeedContext, options: WatchedFilesOptions, position: WatchPosition | undefined) {
    this.#context = context
    this.#options = options
    this.#fields = fieldsOfFormat(options.options, context.where).fields
    this.#everyMs = parseDuration(options.every, context.where)
    this.#pieces = new PieceReader(context)
    this.#done = new Map(position?.done.map(file => [file.path, file]))
    if (position?.file) this.#goOn(position.file)
  }

  async next(): Promise<Batch | SideBatch | 'idle' | undefined> {
    const { clock, where, signal } = this.#context
    if (clock.elapsed() > this.#turn) {
      await nextTurn()
      this.#turn = clock.elapsed() + turnMs
    }
    for (;;) {
      const got = this.#pieces.next()
      if (got) return 'port' in got ? got : arranged(got, this.#fields, this.#file!.path, where)
      if (this.#nextPiece()) continue
      const file = this.#waiting.shift()
      if (file) this.#begin(file)
      else if (clock.elapsed() < this.#nextLook) {
        await clock.sleep(Math.min(idleMs, this.#nextLook - clock.elapsed()), signal)
        return 'idle'
      } else this.#look()
    }
  }

  position(): Json {
    const { path, bytes, changedMs, next } = this.#file ?? {}
    const file = path === undefined ? undefined : { path, bytes, changedMs, piece: Math.max(0, next! - 1), ...this.#pieces.given }
    return { done: [...this.#done.values()], ...(file && { file }) } as unknown as Json
  }

  async close(): Promise<void> {
    this.#pieces.close()
    this.#file?.shared?.arena.release()
    this.#file = undefined
  }

  // New files wait for a second look; those that are as they were then are read, in order of their names.
  #look(): void {
    this.#nextLook = this.#context.clock.elapsed() + this.#everyMs
    const found = new Map(this.#list().map(file => [file.path, file]))
    for (const [path, before] of this.#done) {
      const file = found.get(path)
      if (!file) this.#done.delete(path)
      else if (!isSame(file, before)) throw this.#changed(before, file)
      found.delete(path)
    }
    for (const [path, file] of found) {
      const before = this.#seen.get(path)
      if (!before || !isSame(file, before)) continue
      this.#waiting.push(file)
      found.delete(path)
    }
    this.#seen = found
  }

  // A directory that isn't there yet, or has no such file, is one without files. A file that is taken away between two calls is none.
  #list(): FoundFile[] {
    const { where } = this.#context
    const { paths, format } = this.#options
    const listed = paths.flatMap(path => {
      try {
        return listFiles([path], endingsOfFormat[format], where)
      } catch (thrown) {
        if (thrown instanceof ConnectorError && thrown.code === 'FILE_MISSING') return []
        throw thrown
      }
    })
    return [...new Set(listed)].flatMap(path => this.#stat(path) ?? [])
  }

  #stat(path: string): FoundFile | undefined {
    try {
      const found = statSync(path, { throwIfNoEntry: false })
      return found && { path, bytes: found.size, changedMs: found.mtimeMs }
    } catch (thrown) {
      throw fileError(this.#context.where, 'look at', path, thrown)
    }
  }

  #goOn({ piece, rows, letters, ...file }: FileAtHand): void {
    const now = this.#stat(file.path)
    if (!now || !isSame(now, file)) throw this.#changed(file, now)
    this.#begin(file, piece, { rows, letters })
  }

  #begin(file: FoundFile, piece = 0, given?: PieceRows): void {
    const { device, where } = this.#context
    const { format, options } = this.#options
    const resolved = resolveFile(format, options, file.path, where)
    const scan = scanOfFormat[format]
    const splits = scan.splits(resolved)
    const sharedBytes = scan.sharedBytes?.(resolved) ?? 0
    const arena = sharedBytes > 0 ? device.arena() : undefined
    this.#file = { ...file, options: resolved, splits, shared: arena && { arena, address: arena.allocateZeroed(sharedBytes) }, next: piece }
    if (piece < splits.length) this.#nextPiece(given)
  }

  // False where no file is at hand any more.
  #nextPiece(given?: PieceRows): boolean {
    const file = this.#file
    if (!file) return false
    const { path, bytes, changedMs, options, splits, shared } = file
    const split = splits[file.next]
    if (split) {
      file.next++
      this.#pieces.begin(context => scanOfFormat[this.#options.format].read(context, options, split, undefined), given, shared?.address)
      return true
    }
    shared?.arena.release()
    this.#file = undefined
    this.#done.set(path, { path, bytes, changedMs })
    return false
  }

  #changed(before: FoundFile, now: FoundFile | undefined): ConnectorError {
    const { where } = this.#context
    const found = now ? `it has ${now.bytes} bytes now, and had ${before.bytes}; it was changed ${new Date(now.changedMs).toISOString()}` : 'it is gone'
    return new ConnectorError('FILE_CHANGED', `${where}: ${before.path} was read as it was ${new Date(before.changedMs).toISOString()}, and ${found}; let new rows come in new files, which get their names when they are whole`)
  }
}

function isSame(a: FoundFile, b: FoundFile): boolean {
  return a.bytes === b.bytes && a.changedMs === b.changedMs
}
