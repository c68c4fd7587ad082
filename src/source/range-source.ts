// Bytes that have to be waited for: web addresses, a page's files, readers that users bring. Each is a RangeSource; `fetched-file.ts` makes a file of it.
// Why they are read on the engine's thread, and not where local files are, in the workers: a user's reader is an object of this thread, and a page has only this one. So the
// bytes that a step needs (footers; then the chunks of a row group that were chosen; the next blocks of a text) are awaited here and then decoded synchronously, by the
// same code that decodes local files. Local files stay as they are: nothing of this is on their way. What comes over a network is slower than one thread decodes.
import { asError, ConnectorError, DataError, MillraceError } from '../base/errors.ts'

/** A part of a file, from byte `start` on. */
export interface FilePart {
  readonly start: number
  readonly bytes: Uint8Array
}

/** Where a file's bytes come from. */
export interface RangeSource {
  /** What messages call it: no credentials in it. */
  readonly name: string
  /** Learns the size. `first`: which bytes are likely to be wanted first, and how many; they may come with it. Throws ConnectorError, DataError. */
  open(first: { readonly at: 'start' | 'end'; readonly bytes: number }, signal: AbortSignal): Promise<OpenSource>
}

/** A source whose size is known, or becomes known (`streamed-source.ts`). */
export interface OpenSource {
  readonly size: number
  /** What came with the size. */
  readonly parts: readonly FilePart[]
  /** Exactly the bytes [start, end), which lie within `size`; where that wasn't known, those of them that there are. Throws ConnectorError, DataError. */
  read(start: number, end: number, signal: AbortSignal): Promise<Uint8Array>
}

/** A reader of the user's own. `read` gives exactly the `length` bytes from `offset` on, now or later; both lie within `size`. `name` is for messages, and its ending tells gzip (.gz) and zstd (.zst). */
export interface ByteReader {
  readonly size: number
  readonly name?: string
  read(offset: number, length: number): Promise<Uint8Array> | Uint8Array
}

/** Bytes in memory. Nothing is copied; they must not change while they are read. */
export function bytesSource(bytes: Uint8Array, name: string): RangeSource {
  return {
    name,
    open: async () => ({ size: bytes.byteLength, parts: [{ start: 0, bytes }], read: async (start, end) => bytes.subarray(start, end) }),
  }
}

/** A Blob, or a File of a page. A file that has changed since it was chosen can't be read: DataError FILE_CHANGED. */
export function blobSource(blob: Blob, name: string): RangeSource {
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    let buffer: ArrayBuffer
    try {
      buffer = await blob.slice(start, end).arrayBuffer()
    } catch (cause) {
      throw new DataError('FILE_CHANGED', `${name}, bytes ${start} to ${end}: they can't be read (${asError(cause).message}); the file was changed, moved or removed since it was chosen; choose it again`, { cause })
    }
    return exact(new Uint8Array(buffer), start, end, name, 'the Blob')
  }
  return { name, open: async () => ({ size: blob.size, parts: [], read }) }
}

/** A user's reader. Throws ConnectorError READER_SIZE, READER_LENGTH, USER_READER naming it. */
export function readerSource(reader: ByteReader, name: string): RangeSource {
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    let bytes: unknown
    try {
      bytes = await reader.read(start, end - start)
    } catch (thrown) {
      if (thrown instanceof MillraceError) throw thrown
      const cause = asError(thrown)
      throw new ConnectorError('USER_READER', `${name}, bytes ${start} to ${end}: read(${start}, ${end - start}) threw: ${cause.message}; catch what can be retried inside it`, { cause, retryable: true })
    }
    return exact(bytes, start, end, name, `read(${start}, ${end - start})`)
  }
  return {
    name,
    async open() {
      const { size } = reader
      if (!Number.isSafeInteger(size) || size < 0) throw new ConnectorError('READER_SIZE', `${name}: size is ${String(size)}; give the file's bytes as a whole number from 0`)
      return { size, parts: [], read }
    },
  }
}

function exact(bytes: unknown, start: number, end: number, name: string, what: string): Uint8Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new ConnectorError('READER_LENGTH', `${name}, bytes ${start} to ${end}: ${what} gave ${bytes === null ? 'null' : typeof bytes}; give a Uint8Array of ${end - start} bytes`)
  }
  if (bytes.byteLength === end - start) return bytes
  throw new ConnectorError('READER_LENGTH', `${name}, bytes ${start} to ${end}: ${what} gave ${bytes.byteLength} bytes instead of ${end - start}; give exactly as many, size says that they are there`)
}
