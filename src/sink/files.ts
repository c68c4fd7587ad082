// What all file sinks share: rows go to hidden temporary files in the target directory, and appear by renaming, exactly once.
// A path that ends in / is a directory: each epoch makes a part file, visible with its checkpoint. Any other path is one file, visible at the job's end.
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ByteSink } from '../base/bytes.ts'
import { ConnectorError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { Fields } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import { FileOutput, nodeOutputCalls, type OutputCalls, outputError } from './file-output.ts'
import type { SinkContext, SinkType, SinkWriter } from './sink.ts'

/** Options of every file sink. */
export interface FileSinkOptions {
  readonly path: string
  /** A single file, or part files, that are there already are replaced; otherwise they are an error. */
  readonly overwrite?: boolean
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
  readonly ending: string
  /** Throws PlanError where the options or columns don't fit. */
  check?(options: O, fields: Fields, where: string): void
  open(device: Device, fields: Fields, options: O, sink: ByteSink, where: string, resume: Json | undefined): FileEncoder
}

/** The sink of a format: transactional. `calls` are for tests that fail them. */
export function fileSink<O extends FileSinkOptions>(format: FileSinkFormat<O>, calls: OutputCalls = nodeOutputCalls): SinkType<O> {
  return {
    kind: format.kind,
    delivery: () => 'transactional',
    check(options, fields, where) {
      if (typeof options.path !== 'string' || options.path === '')
        throw new PlanError('PATHS', `${where}: no path is given; name a file, or a directory with a / at its end`)
      format.check?.(options, fields, where)
    },
    async open(context, options) {
      const writer = options.path.endsWith('/') ? new PartFiles(format, context, options, calls) : new SingleFile(format, context, options, calls)
      await writer.begin()
      return writer
    },
    describe: options => `write.${format.kind} ${options.path}`,
  }
}

interface PartHandle {
  readonly parts: readonly { readonly temp: string; readonly final: string }[]
}

/** A directory of part files, one an epoch. Names in handles are relative to it. */
class PartFiles<O extends FileSinkOptions> implements SinkWriter {
  readonly #format: FileSinkFormat<O>
  readonly #context: SinkContext
  readonly #options: O
  readonly #calls: OutputCalls
  readonly #directory: string
  readonly #prefix: string
  #replaced: string[] = []
  #output: FileOutput | undefined
  #encoder: FileEncoder | undefined
  #epoch = 0

  constructor(format: FileSinkFormat<O>, context: SinkContext, options: O, calls: OutputCalls) {
    this.#format = format
    this.#context = context
    this.#options = options
    this.#calls = calls
    this.#directory = options.path
    this.#prefix = `.${ownerName(context)}.`
  }

  async begin(): Promise<void> {
    const { where, resumed } = this.#context
    makeDirectory(this.#directory, where)
    const handle = resumed?.handle as unknown as PartHandle | null | undefined
    if (handle) await this.commit(resumed!.epoch, handle as unknown as Json)
    const names = listDirectory(this.#directory, where)
    for (const name of names) if (name.startsWith(this.#prefix) && name.endsWith('.tmp')) await remove(join(this.#directory, name), where)
    if (resumed) return
    this.#replaced = names.filter(name => name.startsWith('part-') && name.endsWith(`.${this.#format.ending}`))
    if (this.#replaced.length > 0 && !this.#options.overwrite) {
      throw new ConnectorError(
        'FILE_EXISTS',
        `${where}: ${this.#directory} holds ${this.#replaced.length} part files already, such as ${this.#replaced[0]}; write elsewhere, or set overwrite: true`,
      )
    }
  }

  async write(view: BatchView, at: { epoch: number }): Promise<void> {
    if (view.batch.rowCount === 0) return
    const { device, fields, where } = this.#context
    if (!this.#encoder) {
      this.#epoch = at.epoch
      this.#output = new FileOutput(join(this.#directory, this.#tempName()), 'w', where, 0, this.#calls)
      this.#encoder = this.#format.open(device, fields, this.#options, this.#output, where, undefined)
    }
    this.#encoder.write(view.batch)
  }

  async prepare(): Promise<Json> {
    const output = this.#output
    if (!output) return { parts: [] }
    this.#encoder!.finish()
    await output.sync()
    const handle = { parts: [{ temp: this.#tempName(), final: this.#finalName() }] }
    this.#closeOutput()
    return handle
  }

  async commit(_epoch: number, handle: Json): Promise<void> {
    const { where } = this.#context
    const { parts } = handle as unknown as PartHandle
    for (const name of this.#replaced.splice(0)) await remove(join(this.#directory, name), where)
    for (const { temp, final } of parts) await show(join(this.#directory, temp), join(this.#directory, final), where)
    if (parts.length > 0) await syncDirectory(this.#directory, where)
  }

  // A prepared part stays: its checkpoint may be durable, and the next start commits or removes it.
  async close(): Promise<void> {
    const output = this.#output
    this.#closeOutput()
    if (output) await remove(output.path, this.#context.where)
  }

  #tempName(): string {
    return `${this.#prefix}${this.#finalName()}.tmp`
  }

  #finalName(): string {
    return `part-${String(this.#epoch).padStart(5, '0')}-0.${this.#format.ending}`
  }

  #closeOutput(): void {
    this.#encoder?.close()
    this.#output?.close()
    this.#encoder = undefined
    this.#output = undefined
  }
}

interface SingleHandle {
  readonly bytes: number
  readonly state: Json
}

/** One file, written under a temporary name and renamed at the end. A checkpoint notes its length, and a restart cuts it there. */
class SingleFile<O extends FileSinkOptions> implements SinkWriter {
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
    this.#output = new FileOutput(this.#temp, handle ? 'a' : 'w', where, handle?.bytes ?? 0, this.#calls)
    this.#prepared = handle !== null && handle !== undefined
    try {
      this.#encoder = this.#format.open(device, fields, this.#options, this.#output, where, handle?.state)
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
    const { where } = this.#context
    const output = this.#output
    const encoder = this.#encoder
    this.#output = undefined
    this.#encoder = undefined
    if (!output) return
    try {
      if (failed) return
      encoder!.finish()
      await output.sync()
    } catch (thrown) {
      failed = true
      throw thrown
    } finally {
      encoder?.close()
      output.close()
      if (failed && !this.#prepared) await remove(this.#temp, where)
    }
    await show(this.#temp, this.#final, where)
    await syncDirectory(dirname(this.#final), where)
  }

  #checkExisting(): void {
    const { where } = this.#context
    if (statSync(this.#final).isDirectory()) throw outputError(where, 'write', this.#final, { code: 'EISDIR' })
    if (!this.#options.overwrite) throw new ConnectorError('FILE_EXISTS', `${where}: ${this.#final} is there already; write elsewhere, or set overwrite: true`)
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

// Temporary files are marked with the job and sink they belong to: others' are left alone.
function ownerName(context: SinkContext): string {
  return `${context.job}-${context.sink}`.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 80)
}

function makeDirectory(path: string, where: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (thrown) {
    throw outputError(where, 'make the directory', path, thrown)
  }
}

function listDirectory(path: string, where: string): string[] {
  try {
    return readdirSync(path).sort()
  } catch (thrown) {
    throw outputError(where, 'list', path, thrown)
  }
}

async function remove(path: string, where: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (thrown) {
    throw outputError(where, 'remove', path, thrown)
  }
}

// Renames, or finds that it was done before.
async function show(temp: string, final: string, where: string): Promise<void> {
  try {
    await rename(temp, final)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw outputError(where, 'rename to', final, thrown)
    if (!existsSync(final))
      throw new ConnectorError(
        'FILE_LOST',
        `${where}: neither ${temp} nor ${final} is there, one of which the checkpoint counts on; restore an older checkpoint`,
        { cause: thrown },
      )
  }
}

async function syncDirectory(path: string, where: string): Promise<void> {
  // Windows can't open directories; its file system orders renames by itself.
  if (process.platform === 'win32') return
  try {
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (thrown) {
    throw outputError(where, 'sync', path, thrown)
  }
}
