// Arrow IPC files and streams: where their record batches and dictionaries lie. A file has a footer that lists them; a stream is walked message
// by message (only the metadata is read). Both come out the same, so that one decoder serves them.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { FlatTable } from './read-flat.ts'
import { type ArrowColumn, readArrowSchema } from './read-schema.ts'

/** A message: its metadata at [metadataStart, bodyStart), its body at [bodyStart, bodyStart + bodyBytes). */
export type ArrowBlock = { readonly metadataStart: number; readonly metadataBytes: number; readonly bodyStart: number; readonly bodyBytes: number }

/** An opened file or stream. */
export interface ArrowFile {
  readonly columns: readonly ArrowColumn[]
  readonly batches: readonly ArrowBlock[]
  readonly dictionaries: readonly ArrowBlock[]
}

const metadataBytesMax = 256 * 1024 * 1024

/**
 * Opens a file ("ARROW1" at both ends) or a stream. `where` is its name for messages.
 * Throws DataError ARROW_MAGIC, ARROW_FOOTER, ARROW_MESSAGE, ARROW_SCHEMA, ARROW_ENDIAN, FLATBUFFER.
 */
export function readArrow(reader: ByteReader, where: string): ArrowFile {
  const { size } = reader
  if (size < 8) throw new DataError('ARROW_MAGIC', `${where}: ${size} bytes are no Arrow file; it is cut or of another format`)
  return isMagic(reader.read(0, 6)) ? readFile(reader, where) : readStream(reader, where)
}

function isMagic(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes) === 'ARROW1'
}

function readFile(reader: ByteReader, where: string): ArrowFile {
  const { size } = reader
  const tail = size < 20 ? new Uint8Array(10) : reader.read(size - 10, size)
  if (!isMagic(tail.subarray(4))) throw new DataError('ARROW_MAGIC', `${where}, byte ${size - 6}: an Arrow file ends in "ARROW1", this one does not; it is cut`)
  const bytes = new DataView(tail.buffer, tail.byteOffset, 4).getInt32(0, true)
  if (bytes < 8 || bytes > size - 18)
    throw new DataError('ARROW_FOOTER', `${where}, byte ${size - 10}: the footer is said to have ${bytes} bytes in a file of ${size}; the file is corrupt`)
  const footer = FlatTable.root(reader.read(size - 10 - bytes, size - 10), `${where}, footer`)
  const schema = footer.table(1)
  if (!schema) throw new DataError('ARROW_FOOTER', `${where}: the footer has no schema; the file is corrupt`)
  const dataEnd = size - 10 - bytes
  return {
    columns: readArrowSchema(schema, footer.i16(0), where),
    dictionaries: blocksOf(footer.longs(2, 3), dataEnd, `${where}, dictionary block`),
    batches: blocksOf(footer.longs(3, 3), dataEnd, `${where}, record batch`),
  }
}

// Block structs: [offset i64][metadata bytes i32, padding][body bytes i64].
function blocksOf(longs: number[], dataEnd: number, where: string): ArrowBlock[] {
  return Array.from({ length: longs.length / 3 }, (_, i) => {
    const metadataStart = longs[3 * i]!
    const metadataBytes = longs[3 * i + 1]! % 2 ** 32
    const bodyBytes = longs[3 * i + 2]!
    if (metadataStart < 8 || metadataBytes < 8 || bodyBytes < 0 || metadataBytes > metadataBytesMax || metadataStart + metadataBytes + bodyBytes > dataEnd) {
      throw new DataError(
        'ARROW_FOOTER',
        `${where} ${i}: it is said to have ${metadataBytes} and ${bodyBytes} bytes from byte ${metadataStart} on, the data ends at ${dataEnd}; the file is cut or corrupt`,
      )
    }
    return { metadataStart, metadataBytes, bodyStart: metadataStart + metadataBytes, bodyBytes }
  })
}

function readStream(reader: ByteReader, where: string): ArrowFile {
  let columns: ArrowColumn[] | undefined
  const batches: ArrowBlock[] = []
  const dictionaries: ArrowBlock[] = []
  for (let at = 0; at < reader.size; ) {
    const prefix = messagePrefix(reader, at, where)
    if (prefix.bytes === 0) break
    const metadataBytes = prefix.prefixBytes + prefix.bytes
    const message = FlatTable.root(reader.read(at + prefix.prefixBytes, at + metadataBytes), `${where}, byte ${at}`)
    const bodyBytes = message.i64(3)
    const block = { metadataStart: at, metadataBytes, bodyStart: at + metadataBytes, bodyBytes }
    if (bodyBytes < 0 || block.bodyStart + bodyBytes > reader.size) {
      throw new DataError(
        'ARROW_MESSAGE',
        `${where}, byte ${at}: the message is said to have a body of ${bodyBytes} bytes, ${reader.size - block.bodyStart} are left; the stream is cut or corrupt`,
      )
    }
    const kind = message.u8(1)
    if (kind === 1 && !columns) columns = readArrowSchema(headerOf(message, where), message.i16(0), where)
    else if (kind === 2) dictionaries.push(block)
    else if (kind === 3) batches.push(block)
    at = block.bodyStart + bodyBytes
  }
  if (!columns) throw new DataError('ARROW_MAGIC', `${where}: it begins with no Arrow schema; it is of another format or cut`)
  return { columns, batches, dictionaries }
}

// [0xffffffff][metadata bytes i32], or before version 0.15 the bytes alone.
function messagePrefix(reader: ByteReader, at: number, where: string): { prefixBytes: number; bytes: number } {
  const left = reader.size - at
  const head = reader.read(at, Math.min(reader.size, at + 8))
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const continued = left >= 4 && view.getUint32(0, true) === 0xffffffff
  const prefixBytes = continued ? 8 : 4
  if (left < prefixBytes) throw new DataError('ARROW_MESSAGE', `${where}, byte ${at}: ${left} bytes are no message; the stream is cut`)
  const bytes = view.getInt32(continued ? 4 : 0, true)
  if (bytes < 0 || bytes > metadataBytesMax || bytes > left - prefixBytes) {
    throw new DataError(
      at === 0 ? 'ARROW_MAGIC' : 'ARROW_MESSAGE',
      `${where}, byte ${at}: a message's metadata is said to have ${bytes} bytes, ${left - prefixBytes} are left; this is no Arrow data, or it is cut`,
    )
  }
  return { prefixBytes, bytes }
}

/** The union's table of a message. Throws DataError ARROW_MESSAGE where there is none. */
export function headerOf(message: FlatTable, where: string): FlatTable {
  const header = message.table(2)
  if (!header) throw new DataError('ARROW_MESSAGE', `${where}: a message has no header; the file is corrupt`)
  return header
}

/** The metadata of a block, as its message. Throws DataError. */
export function readMessage(reader: ByteReader, block: ArrowBlock, where: string): FlatTable {
  const prefix = messagePrefix(reader, block.metadataStart, where)
  if (prefix.prefixBytes + prefix.bytes > block.metadataBytes || prefix.bytes < 8) {
    throw new DataError(
      'ARROW_MESSAGE',
      `${where}, byte ${block.metadataStart}: the message has ${prefix.bytes} bytes of metadata, its block ${block.metadataBytes}; the file is corrupt`,
    )
  }
  const start = block.metadataStart + prefix.prefixBytes
  return FlatTable.root(reader.read(start, start + prefix.bytes), `${where}, byte ${block.metadataStart}`)
}
