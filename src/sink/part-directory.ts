// A directory of part files: their names, their temporary names, what was there before, and how an epoch's files become visible together.
// Names in handles are relative to the directory, and temporary files lie in it, so that folders of partitions appear with their files.
import { dirname, join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { FileMoves, ownerName } from './file-moves.ts'
import type { FileSinkFormat, FileSinkOptions } from './files.ts'
import type { OutputCalls } from './output-calls.ts'
import type { SinkContext } from './sink.ts'

/** A finished file that waits for its name. */
export interface Part {
  readonly temp: string
  readonly final: string
}

/** What `prepare` gives. `base` is added to epochs to number files: where the numbers of those that were there before end. `replaced`: files that were there before and go now. */
interface PartHandle {
  readonly parts: readonly Part[]
  readonly replaced?: readonly string[]
  readonly base?: number
}

/** The directory of one sink. */
export class PartDirectory {
  readonly path: string
  readonly #context: SinkContext
  readonly #options: FileSinkOptions
  readonly #ending: string
  readonly #moves: FileMoves
  readonly #prefix: string
  #replaced: string[] = []
  /** Temporary names of finished files that no commit has shown. */
  readonly #waiting = new Set<string>()
  #base = 0

  constructor(context: SinkContext, options: FileSinkOptions, ending: string, calls: OutputCalls) {
    this.path = options.path
    this.#context = context
    this.#options = options
    this.#ending = ending
    this.#moves = new FileMoves(calls, context.where)
    this.#prefix = `.${ownerName(context)}.`
  }

  /** Commits again what a checkpoint counts on, removes what a dead process left, and looks at what is there. Throws ConnectorError FILE_EXISTS. */
  async begin(): Promise<void> {
    const { where, resumed, epoch } = this.#context
    await this.#moves.makeDirectory(this.path, !this.#context.keepsNothing)
    const handle = resumed?.handle as unknown as PartHandle | null | undefined
    this.#base = handle?.base ?? 0
    if (handle) await this.commit(handle as unknown as Json)
    const names = this.#moves.listParts(this.path)
    for (const name of names) if (name.startsWith(this.#prefix) && name.endsWith('.tmp')) await this.#moves.remove(join(this.path, name))
    const existing = names.filter(name => /(^|\/)part-[^/]*$/.test(name) && name.endsWith(`.${this.#ending}`))
    if (resumed?.rewind && !this.#options.append) await this.#undo(existing.filter(name => numberOf(name) > this.#base + resumed.epoch))
    if (resumed) return
    const { overwrite, append } = this.#options
    if (append) this.#base = Math.max(0, ...existing.map(numberOf)) + 1 - epoch
    else if (overwrite) this.#replaced = existing
    else if (existing.length > 0)
      throw new ConnectorError('FILE_EXISTS', `${where}: ${this.path} holds ${existing.length} part files already, such as ${existing[0]}; write elsewhere, or set overwrite: true, or append: true`)
  }

  /** The names of file `index` of an epoch; `folder` is '' or ends in /. */
  part(epoch: number, index: number, folder = ''): Part {
    const name = `part-${String(this.#base + epoch).padStart(5, '0')}-${index}.${this.#ending}`
    return { temp: `${this.#prefix}${name}.tmp`, final: `${folder}${name}` }
  }

  /** The handle of finished files, whose names are durable then. */
  async handle(parts: readonly Part[]): Promise<Json> {
    for (const { temp } of parts) this.#waiting.add(temp)
    if (parts.length > 0 && !this.#context.keepsNothing) await this.#moves.syncDirectory(this.path)
    return { parts: parts.map(part => ({ ...part })), ...(this.#replaced.length > 0 && { replaced: this.#replaced }), ...(this.#base !== 0 && { base: this.#base }) }
  }

  // A job that doesn't append has its directory for itself: what is numbered above the restored epoch is of epochs that are made again.
  async #undo(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#moves.remove(join(this.path, name))
    for (const folder of new Set(names.map(name => dirname(name)))) {
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

  /** Shows the files of a handle, in place of those that are to be replaced. */
  async commit(handle: Json): Promise<void> {
    const { parts, replaced: before = [] } = handle as unknown as PartHandle
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
  }
}

/** The ending of part files. */
export function endingOf<O extends FileSinkOptions>({ ending }: FileSinkFormat<O>, options: O): string {
  return typeof ending === 'string' ? ending : ending(options)
}

function numberOf(name: string): number {
  return Number(/part-(\d+)[^/]*$/.exec(name)?.[1] ?? 0)
}
