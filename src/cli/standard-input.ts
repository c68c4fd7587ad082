// Standard input as a file. Text is read as it comes. Parquet and Arrow are read from their end, and what is read twice isn't there any more: such input is first put into a
// temporary file, piece by piece. The file is gone when the command ends, however it does.
import { rmSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CancelledError, ConnectorError, DataError, DeviceError, MillraceError, PlanError } from '../base/errors.ts'
import { outputError } from '../sink/file-output.ts'
import { StreamedSource } from '../source/streamed-source.ts'
import type { FileFormat } from './file-format.ts'

/** What came, as a file. */
export interface SpooledInput {
  readonly path: string
  /** Removes the file. */
  close(): Promise<void>
}

/** Text that comes, as a source that is read once; gzip and zstd are known by its first bytes. Close it in any case. Throws CancelledError, ConnectorError INPUT. Memory: some MiB. */
export async function streamInput(input: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<StreamedSource> {
  const left = new AbortController()
  // Who writes into a pipe that nobody reads any more is told so.
  const release = () => {
    left.abort()
    ;(input as { destroy?(): void }).destroy?.()
  }
  const source = new StreamedSource(inputName, cancellable(input, AbortSignal.any([signal, left.signal])), release)
  try {
    source.name += packingEnding(await source.beginning(4))
    return source
  } catch (thrown) {
    source.close()
    throw thrown
  }
}

const inputName = 'standard input'

/**
 * Puts all of `input` into a temporary file; gzip and zstd of text are known by their first bytes. Throws CancelledError, ConnectorError (the disk, or the input).
 * Memory: a piece of the input.
 */
export async function spoolInput(input: AsyncIterable<Uint8Array>, format: FileFormat, signal: AbortSignal): Promise<SpooledInput> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-stdin-'))
  // Where the process ends without a word to its promises.
  const removeNow = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeNow)
  const close = async () => {
    process.removeListener('exit', removeNow)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return { path: await copy(input, join(folder, `stdin.${format}`), format, signal), close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

async function copy(input: AsyncIterable<Uint8Array>, plainPath: string, format: FileFormat, signal: AbortSignal): Promise<string> {
  const pieces = cancellable(input, signal)
  const start = await beginning(pieces)
  const path = plainPath + (format === 'parquet' || format === 'arrow' ? '' : packingEnding(start))
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      for (let piece: Uint8Array | undefined = start; piece; piece = await next(pieces)) await file.writeFile(piece)
    } finally {
      await file.close()
    }
  } catch (thrown) {
    throw thrown instanceof MillraceError ? thrown : outputError('standard input', 'write', path, thrown)
  }
  return path
}

async function* cancellable(input: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await unlessCancelled(iterator.next(), signal)
      if (done) return
      yield value
    }
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown
    throw new ConnectorError('INPUT', `standard input: it can't be read (${(thrown as Error).message}); look at the command that writes it`, { cause: thrown })
  }
}

// A race with one promise that lasts would keep all pieces for as long.
function unlessCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new CancelledError('standard input'))
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel))
  })
}

async function next(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array | undefined> {
  const { done, value } = await pieces.next()
  return done ? undefined : value
}

// As many bytes as tell how text is packed.
async function beginning(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0)
  while (start.length < 4) {
    const piece = await next(pieces)
    if (!piece) break
    start = Buffer.concat([start, piece])
  }
  return start
}

function packingEnding([a, b, c, d]: Uint8Array): string {
  if (a === 0x1f && b === 0x8b) return '.gz'
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? '.zst' : ''
}

/** An error that speaks of the temporary file, in the user's words. */
export function errorOfInput(error: Error, path: string): Error {
  return renamedError(error, path, inputName)
}

/** An error that calls the file at `path` by another name. */
export function renamedError(error: Error, path: string, name: string): Error {
  const text = error.message.replaceAll(path, name)
  if (text === error.message || !(error instanceof MillraceError)) return error
  const { code } = error
  const cause = { cause: error }
  if (error instanceof DataError) return new DataError(code, text, cause)
  if (error instanceof PlanError) return new PlanError(code, text, cause)
  if (error instanceof ConnectorError) return new ConnectorError(code, text, { ...cause, retryable: error.retryable })
  return error instanceof DeviceError ? new DeviceError(code, text, cause) : error
}
