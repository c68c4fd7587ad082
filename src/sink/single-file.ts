// A single file: written under a temporary name and renamed at the end. A checkpoint notes its length, and a restart cuts it there.
import { basename, dirname, join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { FileMoves, ownerName } from './file-moves.ts'
import { FileOutput, outputError } from './file-output.ts'
import type { FileEncoder, FileSinkFormat, FileSinkOptions } from './files.ts'
import { copyDurably } from './growing-part.ts'
import type { OutputCalls } from './output-calls.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

interface SingleHandle {
  readonly bytes: number
  readonly state: Json
}

/** The writer of one file. */
export class SingleFile<O extends FileSinkOptions> implements SinkWriter {
  readonly #format: FileSinkFormat<O>
  readonly #context: SinkContext
  readonly #options: O
  readonly #calls: OutputCalls
  readonly #moves: FileMoves
  readonly #final: string
  readonly #temp: string
  #output: FileOutput | undefined
  #encoder: FileEncoder | undefined
  #prepared = false
  /** The temporary file's name is durable. */
  #named = false

  constructor(format: FileSinkFormat<O>, context: SinkContext, options: O, calls: OutputCalls) {
    this.#format = format
    this.#context = context
    this.#options = options
    this.#calls = calls
    this.#moves = new FileMoves(calls, context.where)
    this.#final = options.path
    this.#temp = join(dirname(options.path), `.${basename(options.path)}.${ownerName(context)}.tmp`)
  }

  async begin(): Promise<void> {
    const { where, resumed, device, fields } = this.#context
    await this.#moves.makeDirectory(dirname(this.#final), !this.#context.keepsNothing)
    const handle = resumed?.handle as unknown as SingleHandle | null | undefined
    if (handle) await this.#recover(handle)
    else if (this.#moves.find(this.#final)) this.#checkExisting()
    const added = handle || !this.#options.append ? undefined : this.#copyExisting()
    this.#output = new FileOutput(this.#temp, handle || added ? 'a' : 'w', where, handle?.bytes ?? added ?? 0, this.#calls)
    this.#prepared = handle !== null && handle !== undefined
    try {
      // What is there has its header already.
      this.#encoder = this.#format.open(device, fields, this.#options, this.#output, where, added ? null : handle?.state)
    } catch (thrown) {
      await this.close(true)
      throw thrown
    }
  }

  async write(view: BatchView): Promise<void> {
    this.#encoder!.write(view.batch)
  }

  async prepare(): Promise<Json> {
    const state = this.#encoder!.checkpoint()
    await this.#output!.sync()
    if (!this.#named && !this.#context.keepsNothing) await this.#moves.syncDirectory(dirname(this.#temp))
    this.#named = true
    this.#prepared = true
    return { bytes: this.#output!.bytes, state }
  }

  // Nothing is visible before the end, so that a reader never sees a part of it.
  async commit(): Promise<void> {}

  async close(failed: boolean): Promise<void> {
    const { keepsNothing } = this.#context
    const output = this.#output
    const encoder = this.#encoder
    this.#output = undefined
    this.#encoder = undefined
    if (!output) return
    try {
      if (failed) return
      encoder!.finish()
      await output.sync()
      output.close()
    } catch (thrown) {
      failed = true
      throw thrown
    } finally {
      encoder?.close()
      output.abandon()
      if (failed && (keepsNothing || !this.#prepared)) await this.#moves.remove(this.#temp)
    }
    await this.#moves.show(this.#temp, this.#final)
    await this.#moves.syncDirectory(dirname(this.#final))
  }

  #checkExisting(): void {
    const { where } = this.#context
    if (this.#moves.find(this.#final)!.kind === 'directory') throw outputError(where, 'write', this.#final, { code: 'EISDIR' })
    const { overwrite, append } = this.#options
    if (!overwrite && !append) throw new ConnectorError('FILE_EXISTS', `${where}: ${this.#final} is there already; write elsewhere, or set overwrite: true`)
  }

  // The lines that are there, ended, as the beginning of the new file. Their bytes; undefined where there are none.
  #copyExisting(): number | undefined {
    const { where } = this.#context
    try {
      if (!this.#moves.find(this.#final) || this.#moves.find(this.#final)!.bytes === 0) return undefined
      this.#calls.copy(this.#final, this.#temp)
      const { bytes } = this.#moves.find(this.#temp)!
      if (this.#calls.read(this.#temp, bytes - 1, 1)[0] === 10) return bytes
      const descriptor = this.#calls.open(this.#temp, 'a')
      try {
        this.#calls.write(descriptor, new Uint8Array([10]), 0)
      } finally {
        this.#calls.close(descriptor)
      }
      return bytes + 1
    } catch (thrown) {
      throw outputError(where, 'go on with', this.#final, thrown)
    }
  }

  // What lies under the temporary name is durable up to what a checkpoint counts on. It is cut to what the checkpoint holds. Where a clean end has renamed it already, the work goes on with a copy.
  async #recover(handle: SingleHandle): Promise<void> {
    const { where } = this.#context
    try {
      if (!this.#moves.find(this.#temp) && this.#moves.find(this.#final)) await copyDurably(this.#calls, this.#final, this.#temp)
      const bytes = this.#moves.find(this.#temp)?.bytes ?? -1
      if (bytes < handle.bytes) {
        throw new ConnectorError(
          'FILE_LOST',
          `${where}: the checkpoint counts on ${handle.bytes} bytes in ${this.#temp}, ${Math.max(0, bytes)} are there; restore an older checkpoint, or start anew with restore: 'none'`,
        )
      }
      this.#calls.truncate(this.#temp, handle.bytes)
    } catch (thrown) {
      throw outputError(where, 'resume', this.#temp, thrown)
    }
  }
}
