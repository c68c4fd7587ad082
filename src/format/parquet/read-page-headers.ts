// The headers of a chunk's pages, one after the other, for those who look at a file: bodies are passed over. Decoding reads pages by `read-pages.ts`.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { type ColumnChunk, type PageHeader, readPageHeader } from './metadata.ts'
import { closedRemedy } from './open-footer.ts'
import { PageModules } from './page-modules.ts'
import { ThriftCut, ThriftReader } from './read-thrift.ts'

/** A page's header, where it stands in the file, and how many bytes it has there. */
export interface PlacedHeader {
  readonly offset: number
  readonly headerBytes: number
  readonly header: PageHeader
}

const firstBytes = 512
const headerBytesMax = 16 * 1024 * 1024

/**
 * The headers of all pages of a chunk, in order, dictionary and index pages too. `where` names the chunk for messages. Of an encrypted chunk its key is known. Throws DataError
 * CHUNK_RANGE, PAGE_SIZE, DECRYPTION, THRIFT. Cost: a read or two a page.
 */
export function* readPageHeaders(reader: ByteReader, chunk: ColumnChunk, where: string): Generator<PlacedHeader> {
  const { dictionaryOffset = 0, dataOffset, compressedBytes } = chunk
  const hasDictionary = dictionaryOffset > 0 && dictionaryOffset < dataOffset
  const start = hasDictionary ? dictionaryOffset : dataOffset
  const end = start + compressedBytes
  if (start < 4 || compressedBytes < 0 || end > reader.size - 8)
    throw new DataError('CHUNK_RANGE', `${where}: the pages are said to be the bytes ${start} to ${end} of a file of ${reader.size}; the file is cut or corrupt`)
  const modules = chunk.cipher && new PageModules(chunk.cipher, hasDictionary)
  for (let offset = start; offset < end; ) {
    const { header, headerBytes } = modules ? openHeader(reader, modules, offset, end, where) : plainHeader(reader, offset, end, where)
    const next = offset + headerBytes + header.compressedBytes
    if (header.compressedBytes < 0 || next > end)
      throw new DataError('PAGE_SIZE', `${where}, byte ${offset}: the page header promises ${header.compressedBytes} bytes, ${end - offset - headerBytes} are left in the column; the file is cut or corrupt`)
    yield { offset, headerBytes, header }
    offset = next
  }
}

type Header = Omit<PlacedHeader, 'offset'>

function plainHeader(reader: ByteReader, offset: number, end: number, where: string): Header {
  for (let wanted = firstBytes; ; wanted *= 64) {
    const thrift = new ThriftReader(reader.read(offset, Math.min(end, offset + wanted)), where, offset)
    try {
      return { header: readPageHeader(thrift), headerBytes: thrift.position }
    } catch (thrown) {
      if (!(thrown instanceof ThriftCut) || offset + wanted >= end || wanted >= headerBytesMax) throw thrown
    }
  }
}

function openHeader(reader: ByteReader, modules: PageModules, offset: number, end: number, where: string): Header {
  const head = reader.read(offset, Math.min(end, offset + 4))
  const length = head.byteLength < 4 ? -1 : new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true)
  if (length < 0 || length > Math.min(end - offset - 4, headerBytesMax))
    throw new DataError('PAGE_SIZE', `${where}, byte ${offset}: an encrypted page header is said to have ${length} bytes, ${end - offset - 4} are left in the column; the file is cut or corrupt`)
  const bytes = modules.header(reader.read(offset + 4, offset + 4 + length))
  if (!bytes) throw new DataError('DECRYPTION', `${where}, byte ${offset}: the ${modules.closedHeader} does not open; ${closedRemedy}`)
  return { header: readPageHeader(new ThriftReader(bytes, `${where}, decrypted page header`)), headerBytes: 4 + length }
}
