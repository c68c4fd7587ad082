// Bytes as formats see them: read at any place, or appended. Formats do no IO; sources and sinks bring these.

/** Random access to a file's bytes, synchronous. Ranges are half-open and lie within `size`. */
export interface ByteReader {
  readonly size: number
  /** The bytes [start, end); the caller may keep them, and must not change them. Throws ConnectorError or DataError (cut meanwhile). */
  read(start: number, end: number): Uint8Array
  /** As `read`, into `target`, which may lie in shared memory: for those who can spare the copy. */
  readTo?(start: number, target: Uint8Array): void
}

/** The bytes from `start` on that `target` has room for, which must be there. */
export function readTo(reader: ByteReader, start: number, target: Uint8Array): void {
  if (reader.readTo) reader.readTo(start, target)
  else target.set(reader.read(start, start + target.byteLength))
}

/** Where encoders put their bytes. */
export interface ByteSink {
  /** Takes bytes that are valid during the call only, and may lie in shared memory. Throws ConnectorError. */
  append(bytes: Uint8Array): void
}

/** A reader over bytes in memory; nothing is copied. */
export function bytesReader(bytes: Uint8Array): ByteReader {
  return { size: bytes.byteLength, read: (start, end) => bytes.subarray(start, end) }
}

/** A sink that keeps everything in memory. */
export class BytesSink implements ByteSink {
  readonly #parts: Uint8Array[] = []
  #size = 0
  /** Bytes appended so far. */
  get size(): number {
    return this.#size
  }
  append(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice())
    this.#size += bytes.byteLength
  }
  /** All bytes, as one copy. */
  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#size)
    let at = 0
    for (const part of this.#parts) {
      all.set(part, at)
      at += part.byteLength
    }
    return all
  }
}
