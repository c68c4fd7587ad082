// A single file: written under a temporary name and renamed at the end. A checkpoint notes its length, and a restart cuts it there.
import { closeSync, copyFileSync, existsSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { makeDirectory, ownerName, remove, show, syncDirectory } from './file-moves.ts'
import { FileOutput, type OutputCalls, outputError } from './file-output.ts'
import type { FileEncoder, FileSinkFormat, FileSinkOptions } from './files.ts'
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
  readonly #final: string
  readonly #temp: string
  #output: FileOutput | undefined
  #encoder: FileEncoder | undefined
  #prepared = false

  constructor(format: FileSinkFormat<O>, context: SinkContext, options: O, calls: OutputCalls) {
    this.#format = format
    this.#context = context
    this.#options = options
    this.#calls = calls
    this.#final = options.path
    this.#temp = join(dirname(options.path), `.${basename(options.path)}.${ownerName(context)}.tmp`)
  }

  async begin(): Promise<void> {
    const { where, resumed, device, fields } = this.#context
    makeDirectory(dirname(this.#final), where)
    const handle = resumed?.handle as unknown as SingleHandle | null | undefined
    if (handle) this.#recover(handle)
    else if (existsSync(this.#final)) this.#checkExisting()
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
    this.#prepared = true
    return { bytes: this.#output!.bytes, state }
  }

  // Nothing is visible before the end, so that a reader never sees a part of it.
  async commit(): Promise<void> {}

  async close(failed: boolean): Promise<void> {
    const { where, keepsNothing } = this.#context
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
      if (failed && (keepsNothing || !this.#prepared)) await remove(this.#temp, where)
    }
    await show(this.#temp, this.#final, where)
    await syncDirectory(dirname(this.#final), where)
  }

  #checkExisting(): void {
    const { where } = this.#context
    if (statSync(this.#final).isDirectory()) throw outputError(where, 'write', this.#final, { code: 'EISDIR' })
    const { overwrite, append } = this.#options
    if (!overwrite && !append) throw new ConnectorError('FILE_EXISTS', `${where}: ${this.#final} is there already; write elsewhere, or set overwrite: true`)
  }

  // The lines that are there, ended, as the beginning of the new file. Their bytes; undefined where there are none.
  #copyExisting(): number | undefined {
    const { where } = this.#context
    try {
      if (!existsSync(this.#final) || statSync(this.#final).size === 0) return undefined
      copyFileSync(this.#final, this.#temp)
      const { size } = statSync(this.#temp)
      const descriptor = openSync(this.#temp, 'r+')
      try {
        const last = Buffer.alloc(1)
        readSync(descriptor, last, 0, 1, size - 1)
        if (last[0] === 10) return size
        writeSync(descriptor, '\n', size)
        return size + 1
      } finally {
        closeSync(descriptor)
      }
    } catch (thrown) {
      throw outputError(where, 'go on with', this.#final, thrown)
    }
  }

  // The temporary file is cut to what the checkpoint holds. Where a clean end has renamed it already, the work goes on with a copy.
  #recover(handle: SingleHandle): void {
    const { where } = this.#context
    try {
      if (!existsSync(this.#temp) && existsSync(this.#final)) copyFileSync(this.#final, this.#temp)
      const bytes = existsSync(this.#temp) ? statSync(this.#temp).size : -1
      if (bytes < handle.bytes) {
        throw new ConnectorError(
          'FILE_LOST',
          `${where}: the checkpoint counts on ${handle.bytes} bytes in ${this.#temp}, ${Math.max(0, bytes)} are there; restore an older checkpoint, or start anew with restore: 'none'`,
        )
      }
      truncateSync(this.#temp, handle.bytes)
    } catch (thrown) {
      throw outputError(where, 'resume', this.#temp, thrown)
    }
  }
}
