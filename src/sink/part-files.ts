// A directory with one part file an epoch, or with rolled ones: each is written as rows come, and visible with the checkpoint of the epoch in which it ends.
import { join } from 'node:path'
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { FileMoves } from './file-moves.ts'
import { FileOutput } from './file-output.ts'
import type { FileEncoder, FileSinkFormat, FileSinkOptions } from './files.ts'
import type { GrowingPart } from './growing-part.ts'
import { endingOf, type Part, PartDirectory } from './part-directory.ts'
import type { OutputCalls } from './output-calls.ts'
import { type RollRule, rollRule } from './roll.ts'
import type { EpochEnd, SinkContext, SinkWriter } from './sink.ts'

/** A file at work. */
interface OpenFile {
  readonly part: GrowingPart
  /** Its final name, of a file that ends with its epoch. */
  readonly final: string | undefined
  readonly output: FileOutput
  readonly encoder: FileEncoder
  /** A checkpoint counts on what it holds. */
  isCounted: boolean
}

/** The writer of a directory. */
export class PartFiles<O extends FileSinkOptions> implements SinkWriter {
  readonly #format: FileSinkFormat<O>
  readonly #context: SinkContext
  readonly #options: O
  readonly #calls: OutputCalls
  readonly #directory: PartDirectory
  readonly #rule: RollRule
  #file: OpenFile | undefined
  /** Files that have ended in this epoch. */
  #ended: (Part & { readonly isCounted: boolean })[] = []

  constructor(format: FileSinkFormat<O>, context: SinkContext, options: O, calls: OutputCalls) {
    this.#format = format
    this.#context = context
    this.#options = options
    this.#calls = calls
    this.#directory = new PartDirectory(context, options, endingOf(format, options), calls)
    this.#rule = rollRule(options.roll, context.where)
  }

  async begin(): Promise<void> {
    const { growing = [] } = await this.#directory.begin()
    const [part] = growing
    if (part) await this.#open(part, undefined, part.state)
  }

  async write(view: BatchView, { epoch }: { epoch: number }): Promise<void> {
    if (view.batch.rowCount === 0) return
    const { part, output, encoder } = this.#file ?? (await this.#begin(epoch))
    encoder.write(view.batch)
    if (this.#rule.isDue({ openedMs: part.openedMs, bytes: output.bytes }, this.#context.clock.now())) await this.#end(epoch)
  }

  async prepare(epoch: number, { last, finished }: EpochEnd = { last: false, finished: false }): Promise<Json> {
    if (this.#file && this.#endsWithEpoch(this.#file, last)) await this.#end(epoch)
    const growing = this.#file ? [await this.#freeze(this.#file)] : []
    const marked = finished && this.#directory.success?.ofAll ? [''] : []
    return this.#directory.handle(this.#ended.splice(0), { growing, marked })
  }

  commit(_epoch: number, handle: Json): Promise<void> {
    return this.#directory.commit(handle)
  }

  // What a checkpoint counts on stays for the next start.
  async close(): Promise<void> {
    const ended = this.#ended.splice(0)
    const file = this.#file
    this.#file = undefined
    file?.encoder.close()
    file?.output.abandon()
    const all = file ? [...ended, { temp: file.part.temp, isCounted: file.isCounted }] : ended
    const moves = new FileMoves(this.#calls, this.#context.where)
    for (const { temp, isCounted } of all) if (!isCounted || this.#context.keepsNothing) await moves.remove(join(this.#directory.path, temp))
    await this.#directory.leave()
  }

  #endsWithEpoch({ part, output }: OpenFile, isLast: boolean): boolean {
    return isLast || !this.#rule.spansEpochs || this.#rule.isDue({ openedMs: part.openedMs, bytes: output.bytes }, this.#context.clock.now())
  }

  #begin(epoch: number): Promise<OpenFile> {
    if (this.#rule.spansEpochs) return this.#open(this.#directory.growingPart(), undefined, undefined)
    const { temp, final } = this.#directory.part(epoch, 0)
    return this.#open({ temp, folder: '', number: 0, bytes: 0, state: null, openedMs: 0 }, final, undefined)
  }

  async #open(part: GrowingPart, final: string | undefined, state: Json | undefined): Promise<OpenFile> {
    const { device, fields, where } = this.#context
    const isCounted = state !== undefined
    const path = join(this.#directory.path, part.temp)
    const output = new FileOutput(path, isCounted ? 'a' : 'w', where, part.bytes, this.#calls)
    try {
      const encoder = this.#format.open(device, fields, this.#options, output, where, state)
      this.#file = { part, final, output, encoder, isCounted }
      return this.#file
    } catch (thrown) {
      output.abandon()
      if (!isCounted) await new FileMoves(this.#calls, where).remove(path)
      throw thrown
    }
  }

  async #end(epoch: number): Promise<void> {
    const { part, final, output, encoder, isCounted } = this.#file!
    encoder.finish()
    await output.sync()
    output.close()
    encoder.close()
    this.#file = undefined
    const names = final === undefined ? this.#directory.grownPart(epoch, part) : { temp: part.temp, final }
    this.#ended.push({ ...names, isCounted })
  }

  async #freeze(file: OpenFile): Promise<GrowingPart> {
    const state = file.encoder.checkpoint()
    await file.output.sync()
    file.isCounted = true
    return { ...file.part, bytes: file.output.bytes, state }
  }
}
