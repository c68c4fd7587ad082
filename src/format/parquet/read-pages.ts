// The pages of one column chunk: headers read and checked, bodies unpacked into the shared memory. What is in them is decoded by
// `decode-column-chunk.ts`.
import { type ByteReader, readTo } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { copyStored } from '../../compute/parquet.ts'
import { decompressSnappy, snappyExpandsTo } from '../../compute/snappy.ts'
import type { Device } from '../../device/device.ts'
import { type ByteCodec, crc32, expandsTo, unpackBytes } from '../decompress.ts'
import { Scratch } from '../scratch.ts'
import { unpackZstdAt } from '../unpack-zstd.ts'
import { codecs, type ColumnChunk, type PageHeader, readPageHeader } from './metadata.ts'
import { closedRemedy } from './open-footer.ts'
import { PageModules } from './page-modules.ts'
import { ThriftCut, ThriftReader } from './read-thrift.ts'

/** What a reader may spend and must check. */
export interface ParquetLimits {
  /** Bytes of one unpacked page at most; 512 MiB by default. */
  readonly pageBytesMax?: number
  /** Values of one leaf of a nested column in a batch at most, nulls and empty lists included; 2^27 by default. A file of a few bytes can promise billions. */
  readonly leafValuesMax?: number
  /** Whether the checksums of pages, where there are some, are compared. */
  readonly verifyChecksums?: boolean
}

/** Where a chunk is, for messages and for reading. */
export interface ChunkPlace {
  readonly reader: ByteReader
  /** The file's name. */
  readonly where: string
  readonly rowGroup: number
  readonly columnName: string
  readonly chunk: ColumnChunk
}

/** A page in the shared memory: [start, end) holds its levels and values; `definitionBytes` of version 2 levels come first. */
export interface Page {
  readonly header: PageHeader
  readonly start: number
  readonly end: number
}

/** Bytes of an unpacked page where no limit is given. */
export const pageBytesMaxDefault = 512 * 1024 * 1024
const windowBytes = 256 * 1024
const windowBytesMax = 4 * 1024 * 1024
const headerBytesMax = 16 * 1024 * 1024

/** Reads a chunk's pages in order. It holds at most a window of the file (256 KiB or a page). Close it to give the memory back. */
export class PageReader {
  readonly #device: Device
  readonly #place: ChunkPlace
  readonly #limits: ParquetLimits
  readonly #compressed: Scratch
  #end: number
  #bytesEnd: number
  /** What opens headers and pages of an encrypted chunk, and where those are kept during a call. */
  readonly #modules: PageModules | undefined
  readonly #opened: Scratch
  #at: number
  readonly #window: Scratch
  #windowAddress = 0
  #windowStart = 0
  #windowEnd = 0
  #pageBytes = 0

  /** `compressed` is scratch that is used during a call only. Throws DataError CHUNK_RANGE, CODEC, ENCRYPTED, KEY_MISSING, DECRYPTION. */
  constructor(device: Device, place: ChunkPlace, compressed: Scratch, limits: ParquetLimits) {
    this.#device = device
    this.#place = place
    this.#compressed = compressed
    this.#window = new Scratch(device)
    this.#opened = new Scratch(device)
    this.#limits = limits
    const { chunk, reader } = place
    // An offset of 0 or one behind the data stands for "none" with some writers.
    const dictionary = chunk.dictionaryOffset ?? 0
    this.#at = dictionary > 0 && dictionary < chunk.dataOffset ? dictionary : chunk.dataOffset
    this.#end = this.#at + chunk.compressedBytes
    // parquet-mr before 1.2.9 forgot the dictionary page's header in the chunk's size.
    this.#bytesEnd = Math.min(this.#end + 100, reader.size - 8)
    if (chunk.refusal) throw this.fail(chunk.refusal.code, chunk.refusal.what, chunk.refusal.remedy)
    if (chunk.encrypted) throw this.fail('PARQUET_FOOTER', 'the column has no metadata')
    if (chunk.cipher) this.#modules = new PageModules(chunk.cipher, this.#at < chunk.dataOffset)
    if (chunk.filePath) throw this.fail('CHUNK_RANGE', `its pages are in another file, "${chunk.filePath}"`, 'read that file')
    if (this.#at < 4 || chunk.compressedBytes < 0 || this.#end > reader.size - 8) {
      throw this.fail('CHUNK_RANGE', `the pages are said to be the bytes ${this.#at} to ${this.#end} of a file of ${reader.size}`)
    }
    if (!['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW'].includes(codecs[chunk.codec] ?? '')) {
      throw this.fail(
        'CODEC',
        `the pages are packed with ${codecs[chunk.codec] ?? `codec ${chunk.codec}`}, which Millrace can't read`,
        'write the file with snappy, zstd or gzip',
      )
    }
  }

  /** The error for this chunk at the current byte. */
  fail(code: string, what: string, remedy = 'the file is cut or corrupt'): DataError {
    const { where, rowGroup, columnName } = this.#place
    const byte = this.#at < 0 ? '' : `, byte ${this.#at}`
    return new DataError(code, `${where}, row group ${rowGroup}, column "${columnName}"${byte}: ${what}; ${remedy}`)
  }

  /** The next page, with `allocate` giving the address for its body; undefined behind the last. Index pages are passed over. */
  next(allocate: (header: PageHeader) => number): Page | undefined {
    while (this.#at < this.#end) {
      const header = this.#readHeader()
      const max = this.#limits.pageBytesMax ?? pageBytesMaxDefault
      if (header.compressedBytes < 0 || header.compressedBytes > this.#bytesEnd - this.#at) {
        throw this.fail('PAGE_SIZE', `the page header promises ${header.compressedBytes} bytes, ${this.#bytesEnd - this.#at} are left in the column`)
      }
      if (header.bytes < 0 || header.bytes > max)
        throw this.fail(
          'PAGE_SIZE',
          `the page header promises ${header.bytes} unpacked bytes, the limit is ${max}`,
          'the file is corrupt, or written to exhaust memory',
        )
      const bodyStart = this.#at
      if (header.type !== 0 && header.type !== 2 && header.type !== 3) {
        this.#at += header.compressedBytes
        continue
      }
      if (header.valueCount < 0 || header.valueCount > 0x7fffffff) throw this.fail('PAGE_COUNT', `the page header promises ${header.valueCount} values`)
      const body = this.#bytes(bodyStart, header.compressedBytes)
      // Of an encrypted page it is the checksum of what lies in the file.
      this.#verify(header, body)
      const page = this.#modules ? this.#openPage(this.#modules, header, body, allocate) : this.#unpack(header, body, header.compressedBytes, allocate)
      this.#at = bodyStart + header.compressedBytes
      this.#pageBytes = header.compressedBytes
      return page
    }
    return undefined
  }

  /** Where the next page begins in the file. */
  get position(): number {
    return this.#at
  }

  /** Goes on at byte `start`, where a page begins, the `page`th of the data pages unless it is the one at hand; none is read at or behind `end`. Both lie within the chunk. */
  seek(start: number, end: number, page?: number): void {
    if (page !== undefined) this.#modules?.seek(page)
    this.#at = start
    this.#end = end
    this.#bytesEnd = end
  }

  /** Gives the window's memory back. */
  close(): void {
    this.#window.close()
    this.#opened.close()
  }

  #readHeader(): PageHeader {
    if (this.#modules) return this.#openHeader(this.#modules)
    const { where, rowGroup, columnName } = this.#place
    // Nothing of a header is kept, so that it is read where it lies; most have less than 100 bytes.
    for (let wanted = 4_096; ; wanted *= 64) {
      const left = this.#bytesEnd - this.#at
      const bytes = this.#device.memory.bytes(this.#bytes(this.#at, Math.min(left, wanted)), Math.min(left, wanted))
      const thrift = new ThriftReader(bytes, `${where}, row group ${rowGroup}, column "${columnName}"`, this.#at)
      try {
        const header = readPageHeader(thrift)
        this.#at += thrift.position
        return header
      } catch (thrown) {
        if (!(thrown instanceof ThriftCut) || bytes.byteLength >= left || wanted >= headerBytesMax) throw thrown
      }
    }
  }

  #openHeader(modules: PageModules): PageHeader {
    const { where, rowGroup, columnName } = this.#place
    const { memory } = this.#device
    const left = this.#bytesEnd - this.#at
    const length = left < 4 ? -1 : lengthOf(memory.bytes(this.#bytes(this.#at, 4), 4))
    if (length < 0 || length > Math.min(left - 4, headerBytesMax)) throw this.fail('PAGE_SIZE', `an encrypted page header is said to have ${length} bytes, ${left - 4} are left in the column`)
    const bytes = modules.header(memory.bytes(this.#bytes(this.#at, 4 + length) + 4, length).slice())
    if (!bytes) throw this.fail('DECRYPTION', `the ${modules.closedHeader} does not open`, closedRemedy)
    const header = readPageHeader(new ThriftReader(bytes, `${where}, row group ${rowGroup}, column "${columnName}", decrypted page header`))
    if (!modules.fits(header)) throw this.fail('PAGE_SIZE', `the header of the ${modules.page} says that it is of type ${header.type}`)
    this.#at += 4 + length
    return header
  }

  #openPage(modules: PageModules, header: PageHeader, body: number, allocate: (header: PageHeader) => number): Page {
    const { memory } = this.#device
    const { compressedBytes } = header
    const length = compressedBytes < 4 ? -1 : lengthOf(memory.bytes(body, 4))
    if (length !== compressedBytes - 4) throw this.fail('PAGE_SIZE', `the encrypted ${modules.page} is said to have ${length} bytes, its header promises ${compressedBytes - 4}`)
    const bytes = modules.body(memory.bytes(body + 4, length).slice())
    if (!bytes) throw this.fail('DECRYPTION', `the ${modules.page} does not open`, closedRemedy)
    const opened = this.#opened.ensure(bytes.byteLength)
    memory.write(opened, bytes)
    return this.#unpack(header, opened, bytes.byteLength, allocate)
  }

  // The address of `count` bytes of the file from `start` on, until the next call.
  #bytes(start: number, count: number): number {
    if (start < this.#windowStart || start + count > this.#windowEnd) {
      // As much as the next page has, where it is like the last one.
      const likely = Math.max(windowBytes, Math.min(windowBytesMax, this.#pageBytes + 4_096))
      const end = Math.min(this.#bytesEnd, start + Math.max(count, likely))
      this.#windowEnd = 0
      this.#windowAddress = this.#window.ensure(end - start)
      readTo(this.#place.reader, start, this.#device.memory.bytes(this.#windowAddress, end - start))
      this.#windowStart = start
      this.#windowEnd = end
    }
    return this.#windowAddress + start - this.#windowStart
  }

  #verify(header: PageHeader, body: number): void {
    if (!this.#limits.verifyChecksums || header.crc === undefined) return
    const found = crc32(this.#device.memory.bytes(body, header.compressedBytes).slice())
    if (found !== header.crc >>> 0) throw this.fail('CHECKSUM', `the page's checksum is ${header.crc >>> 0}, its bytes give ${found}`)
  }

  #unpack(header: PageHeader, body: number, bytes: number, allocate: (header: PageHeader) => number): Page {
    const { memory } = this.#device
    const levels = header.type === 3 ? header.definitionBytes + header.repetitionBytes : 0
    if (header.definitionBytes < 0 || header.repetitionBytes < 0 || levels > Math.min(bytes, header.bytes)) {
      throw this.fail('PAGE_LEVELS', `the levels are said to take ${levels} of ${Math.min(bytes, header.bytes)} bytes`)
    }
    const codec = header.type === 3 && !header.compressed ? 'UNCOMPRESSED' : codecs[this.#place.chunk.codec]!
    const outBytes = header.bytes - levels
    this.#checkExpansion(codec, bytes - levels, outBytes)
    const start = allocate(header)
    memory.write(start, memory.bytes(body, levels))
    if (outBytes > 0) this.#unpackInto(codec, body + levels, bytes - levels, start + levels, outBytes)
    return { header, start, end: start + header.bytes }
  }

  #checkExpansion(codec: string, packedBytes: number, outBytes: number): void {
    if (codec === 'UNCOMPRESSED' && outBytes !== packedBytes)
      throw this.fail('PAGE_SIZE', `an uncompressed page has ${packedBytes} bytes, its header says ${outBytes}`)
    const max =
      codec === 'UNCOMPRESSED' ? packedBytes : codec === 'SNAPPY' ? snappyExpandsTo(packedBytes) : expandsTo(codec.toLowerCase() as ByteCodec, packedBytes)
    if (outBytes > max) throw this.fail('PAGE_SIZE', `${packedBytes} ${codec.toLowerCase()} bytes can't hold the ${outBytes} promised`)
  }

  #unpackInto(codec: string, packed: number, packedBytes: number, out: number, outBytes: number): void {
    const { memory } = this.#device
    if (codec === 'UNCOMPRESSED') {
      copyStored(this.#device, packed, packedBytes, out)
    } else if (codec === 'SNAPPY') {
      const wrong = decompressSnappy(this.#device, packed, packedBytes, out, outBytes)
      if (wrong) throw this.fail('PAGE_BYTES', `the snappy data is broken: ${wrong}`)
    } else if (codec === 'ZSTD') {
      const wrong = unpackZstdAt(this.#device, this.#compressed, packed, packedBytes, out, outBytes)
      if (wrong) throw this.fail('PAGE_BYTES', `the zstd data is broken: ${wrong}`)
    } else {
      // Not every decoder takes shared memory.
      const unpacked = unpackBytes(codec.toLowerCase() as ByteCodec, memory.bytes(packed, packedBytes).slice(), outBytes)
      if (typeof unpacked === 'string') throw this.fail('PAGE_BYTES', unpacked)
      memory.write(out, unpacked)
    }
  }
}

// That in front of a module.
function lengthOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}
