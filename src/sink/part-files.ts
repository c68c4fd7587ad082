// A directory with one part file an epoch: it is written as rows come, and visible with its checkpoint.
import { join } from 'node:path'
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { FileMoves } from './file-moves.ts'
import { FileOutput } from './file-output.ts'
import type { FileEncoder, FileSinkFormat, FileSinkOptions } from './files.ts'
import { endingOf, type Part, PartDirectory } from './part-directory.ts'
import type { OutputCalls } from './output-calls.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

/** The writer of a directory. */
export class PartFiles<O extends FileSinkOptions> implements SinkWriter {
  readonly #format: FileSinkFormat<O>
  readonly #context: SinkContext
  readonly #options: O
  readonly #calls: OutputCalls
  readonly #directory: PartDirectory
  #output: FileOutput | undefined
  #encoder: FileEncoder | undefined
  #part: Part | undefined

  constructor(format: FileSinkFormat<O>, context: SinkContext, options: O, calls: OutputCalls) {
    this.#format = format
    this.#context = context
    this.#options = options
    this.#calls = calls
    this.#directory = new PartDirectory(context, options, endingOf(format, options), calls)
  }

  begin(): Promise<void> {
    return this.#directory.begin()
  }

  async write(view: BatchView, at: { epoch: number }): Promise<void> {
    if (view.batch.rowCount === 0) return
    const { device, fields, where } = this.#context
    if (!this.#encoder) {
      this.#part = this.#directory.part(at.epoch, 0)
      this.#output = new FileOutput(join(this.#directory.path, this.#part.temp), 'w', where, 0, this.#calls)
      this.#encoder = this.#format.open(device, fields, this.#options, this.#output, where, undefined)
    }
    this.#encoder.write(view.batch)
  }

  async prepare(): Promise<Json> {
    const output = this.#output
    if (!output) return this.#directory.handle([])
    this.#encoder!.finish()
    await output.sync()
    output.close()
    this.#encoder!.close()
    this.#encoder = undefined
    this.#output = undefined
    return this.#directory.handle([this.#part!])
  }

  commit(_epoch: number, handle: Json): Promise<void> {
    return this.#directory.commit(handle)
  }

  async close(): Promise<void> {
    const output = this.#output
    this.#encoder?.close()
    this.#encoder = undefined
    this.#output = undefined
    output?.abandon()
    if (output) await new FileMoves(this.#calls, this.#context.where).remove(output.path)
    await this.#directory.leave()
  }
}
