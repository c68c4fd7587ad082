// A directory of part files: their names, their temporary names, what was there before, and how an epoch's files become visible together.
// Names in handles are relative to the directory, and temporary files lie in it, so that folders of partitions appear with their files.
import { basename, dirname, join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { FileMoves, ownerName } from './file-moves.ts'
import type { FileSinkFormat, FileSinkOptions } from './files.ts'
import { type GrowingPart, recoverGrowing } from './growing-part.ts'
import type { OutputCalls } from './output-calls.ts'
import type { SinkContext } from './sink.ts'
import { type SuccessRule, successRule } from './success-markers.ts'

/** A finished file that waits for its name. */
export interface Part {
  readonly temp: string
  readonly final: string
}

/** What an epoch leaves to later ones. */
export interface EpochRest {
  /** Files that go on. */
  readonly growing?: readonly GrowingPart[]
  /** Folders that are complete with this epoch, '' for the directory. */
  readonly marked?: readonly string[]
  /** Folders that will be, with the time after which; null where the input has to end. */
  readonly unmarked?: Readonly<Record<string, number | null>>
}

/** What `prepare` gives. `base` is added to epochs to number files: where the numbers of those that were there before end. `replaced`: files that were there before and go now. */
interface PartHandle extends EpochRest {
  readonly parts: readonly Part[]
  readonly replaced?: readonly string[]
  readonly base?: number
  /** The number of the next file that may go on in other epochs. */
  readonly next?: number
}

/** The directory of one sink. */
export class PartDirectory {
  readonly path: string
  readonly success: SuccessRule | undefined
  readonly #context: SinkContext
  readonly #options: FileSinkOptions
  readonly #ending: string
  readonly #moves: FileMoves
  readonly #calls: OutputCalls
  readonly #prefix: string
  #replaced: string[] = []
  /** Temporary names of finished files that no commit has shown. */
  readonly #waiting = new Set<string>()
  #base = 0
  #next = 0

  constructor(context: SinkContext, options: FileSinkOptions, ending: string, calls: OutputCalls) {
    this.path = options.path
    this.success = successRule(options.success, options.partitionBy, context.where)
    this.#context = context
    this.#options = options
    this.#ending = ending
    this.#calls = calls
    this.#moves = new FileMoves(calls, context.where)
    this.#prefix = `.${ownerName(context)}.`
  }

  /**
   * Commits again what a checkpoint counts on, removes what a dead process left, and looks at what is there. Gives what the checkpoint leaves to this run, its growing files cut
   * to what counts of them. Throws ConnectorError FILE_EXISTS, FILE_LOST.
   */
  async begin(): Promise<EpochRest> {
    const { where, resumed, epoch } = this.#context
    await this.#moves.makeDirectory(this.path, !this.#context.keepsNothing)
    const handle = resumed?.handle as unknown as PartHandle | null | undefined
    this.#base = handle?.base ?? 0
    this.#next = handle?.next ?? 0
    const growing = handle?.growing ?? []
    this.#checkLayout(growing)
    if (handle) await this.commit(handle as unknown as Json)
    const names = this.#moves.listParts(this.path)
    const goesOn = new Set(growing.map(({ temp }) => temp))
    for (const name of names) if (name.startsWith(this.#prefix) && name.endsWith('.tmp') && !goesOn.has(name)) await this.#moves.remove(join(this.path, name))
    const existing = names.filter(name => /(^|\/)part-[^/]*$/.test(name) && name.endsWith(`.${this.#ending}`))
    const later = resumed?.rewind && !this.#options.append ? existing.filter(name => numberOf(name) > this.#base + resumed.epoch) : []
    for (const part of growing) await recoverGrowing(this.#calls, this.#moves, this.path, part, later, where)
    if (resumed?.rewind && !this.#options.append) await this.#undo(later, Object.keys(handle?.unmarked ?? {}))
    if (resumed) return handle ?? {}
    const { overwrite, append } = this.#options
    if (append) this.#base = Math.max(0, ...existing.map(numberOf)) + 1 - epoch
    else if (overwrite) this.#replaced = [...existing, ...names.filter(name => basename(name) === this.success?.name)]
    else if (existing.length > 0)
      throw new ConnectorError('FILE_EXISTS', `${where}: ${this.path} holds ${existing.length} part files already, such as ${existing[0]}; write elsewhere, or set overwrite: true, or append: true`)
    return {}
  }

  // Rows of a file that goes on have one layout.
  #checkLayout(growing: readonly GrowingPart[]): void {
    const isPartitioned = this.#options.partitionBy !== undefined
    const other = growing.find(({ temp, folder }) => (folder !== '') !== isPartitioned || !temp.endsWith(`.${this.#ending}.tmp`))
    if (other)
      throw new ConnectorError('FILE_LAYOUT', `${this.#context.where}: the checkpoint leaves ${other.temp}, ${other.folder === '' ? 'in no folder' : `of ${other.folder}`}, to be gone on with, and partitionBy or compression is another now; give them as they were, or start anew with restore: 'none'`)
  }

  /** The names of file `index` of an epoch; `folder` is '' or ends in /. */
  part(epoch: number, index: number, folder = ''): Part {
    return { temp: `${this.#prefix}${this.#name(epoch, index)}.tmp`, final: `${folder}${this.#name(epoch, index)}` }
  }

  /** A file that may go on in other epochs, and is numbered for that. */
  growingPart(folder = ''): GrowingPart {
    const number = this.#next++
    return { temp: `${this.#prefix}part-${number}.${this.#ending}.tmp`, folder, number, bytes: 0, state: null, openedMs: this.#context.clock.now() }
  }

  /** The names of a file that went on until this epoch. */
  grownPart(epoch: number, { temp, folder, number }: GrowingPart): Part {
    return { temp, final: `${folder}${this.#name(epoch, number)}` }
  }

  /** The handle of finished files, whose names are durable then, and of what is left to later epochs. */
  async handle(parts: readonly Part[], { growing = [], marked = [], unmarked = {} }: EpochRest = {}): Promise<Json> {
    for (const { temp } of parts) this.#waiting.add(temp)
    if (parts.length + growing.length > 0 && !this.#context.keepsNothing) await this.#moves.syncDirectory(this.path)
    const handle: PartHandle = {
      parts: parts.map(({ temp, final }) => ({ temp, final })),
      ...(this.#replaced.length > 0 && { replaced: this.#replaced }),
      ...(this.#base !== 0 && { base: this.#base }),
      ...(this.#next !== 0 && { next: this.#next }),
      ...(growing.length > 0 && { growing }),
      ...(marked.length > 0 && { marked }),
      ...(Object.keys(unmarked).length > 0 && { unmarked }),
    }
    return handle as unknown as Json
  }

  #name(epoch: number, index: number): string {
    return `part-${String(this.#base + epoch).padStart(5, '0')}-${index}.${this.#ending}`
  }

  // A job that doesn't append has its directory for itself: what is numbered above the restored epoch is of epochs that are made again. Markers tell of them, too.
  async #undo(names: readonly string[], unmarked: readonly string[]): Promise<void> {
    for (const name of names) await this.#moves.remove(join(this.path, name))
    const folders = new Set(names.map(name => dirname(name)))
    if (this.success) for (const folder of new Set(['.', ...folders, ...unmarked])) await this.#moves.remove(join(this.path, folder, this.success.name))
    for (const folder of folders) {
      await this.#moves.removeEmpty(this.path, folder)
      await this.#moves.syncDirectory(this.#moves.find(join(this.path, folder)) ? join(this.path, folder) : this.path)
    }
  }

  /** At the end: finished files that were not shown stay, since their checkpoint may be durable and the next start shows or removes them; unless there is none. */
  async leave(): Promise<void> {
    if (!this.#context.keepsNothing) return
    for (const temp of this.#waiting) await this.#moves.remove(join(this.path, temp))
    this.#waiting.clear()
  }

  /** Shows the files of a handle, in place of those that are to be replaced, and then marks what is complete with them. */
  async commit(handle: Json): Promise<void> {
    const { parts, replaced: before = [], marked = [] } = handle as unknown as PartHandle
    this.#replaced = []
    const shown = new Set(parts.map(({ final }) => final))
    const replaced = before.filter(name => !shown.has(name))
    for (const name of replaced) await this.#moves.remove(join(this.path, name))
    const folders = new Set<string>()
    for (const { temp, final } of parts) {
      const target = join(this.path, final)
      if (final.includes('/')) await this.#moves.makeDirectory(dirname(target), !this.#context.keepsNothing)
      if (this.#options.append) await this.#moves.showBeside(join(this.path, temp), target)
      else await this.#moves.show(join(this.path, temp), target)
      folders.add(dirname(final))
    }
    for (const folder of new Set(replaced.map(name => dirname(name)))) if (!folders.has(folder)) await this.#moves.removeEmpty(this.path, folder)
    for (const folder of folders) await this.#moves.syncDirectory(join(this.path, folder))
    if (folders.size + replaced.length > 0 && !folders.has('.')) await this.#moves.syncDirectory(this.path)
    for (const { temp } of parts) {
      if (this.#options.append) await this.#moves.remove(join(this.path, temp))
      this.#waiting.delete(temp)
    }
    for (const folder of marked) await this.#moves.makeEmpty(join(this.path, folder), this.success?.name ?? '_SUCCESS')
  }
}

/** The ending of part files. */
export function endingOf<O extends FileSinkOptions>({ ending }: FileSinkFormat<O>, options: O): string {
  return typeof ending === 'string' ? ending : ending(options)
}

function numberOf(name: string): number {
  return Number(/part-(\d+)[^/]*$/.exec(name)?.[1] ?? 0)
}
