// A chunk's Bloom filter, asked (apache/parquet-format, BloomFilter.md): a value that it doesn't know is none of the chunk's. One that is broken is taken for none.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { xxhash64 } from '../../base/xxhash64.ts'
import type { DataType } from '../../batch/data-type.ts'
import type { Stored } from '../../batch/stored-value.ts'
import { unitsPerSecond } from '../../batch/time-text.ts'
import { chunkBounds } from './chunk-bounds.ts'
import { openWhole } from './chunk-cipher.ts'
import type { ColumnChunk, IndexPlace } from './metadata.ts'
import { moduleExtraBytes } from './module-cipher.ts'
import { ThriftReader, thriftType } from './read-thrift.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** Where a filter's blocks lie, and of an encrypted chunk the blocks themselves. */
export interface BloomFilter {
  readonly start: number
  readonly blocks: number
  readonly opened?: Uint8Array
}

const headerBytesMax = 256
const filterBytesMax = 128 * 1024 * 1024
const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31]

/** The filter of a chunk; undefined where it has none that can be asked. Cost: one read, of an encrypted one of all its bytes. */
export function readBloomFilter(reader: ByteReader, chunk: ColumnChunk): BloomFilter | undefined {
  const { bloomFilter: place, encrypted, cipher } = chunk
  const end = reader.size - 8
  if (!place || encrypted || place.offset < 4 || place.offset >= end) return undefined
  const head = reader.read(place.offset, Math.min(end, place.offset + headerBytesMax))
  if (!cipher) {
    const header = readHeader(head, place.offset)
    return header && isWithin(place, place.offset + header.bytes, header.filterBytes, end) ? { start: place.offset + header.bytes, blocks: header.filterBytes / 32 } : undefined
  }
  const headerBytes = moduleBytes(head, 0)
  const plain = headerBytes <= head.byteLength ? openWhole(cipher, 'bloom filter header', head.subarray(0, headerBytes)) : undefined
  const header = plain && readHeader(plain, place.offset)
  const start = place.offset + headerBytes
  if (!header || !isWithin(place, start, header.filterBytes + moduleExtraBytes, end)) return undefined
  const opened = openWhole(cipher, 'bloom filter', reader.read(start, start + header.filterBytes + moduleExtraBytes))
  return opened?.byteLength === header.filterBytes ? { start, blocks: header.filterBytes / 32, opened } : undefined
}

// A filter ends before the footer, and where the chunk says, if it does.
function isWithin({ offset, bytes }: IndexPlace, start: number, count: number, end: number): boolean {
  return start + count <= end && (bytes === 0 || offset + bytes === start + count)
}

function moduleBytes(bytes: Uint8Array, at: number): number {
  return bytes.byteLength < at + 4 ? Infinity : 4 + new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
}

function readHeader(bytes: Uint8Array, offset: number): { bytes: number; filterBytes: number } | undefined {
  try {
    const thrift = new ThriftReader(bytes, 'Bloom filter', offset)
    let filterBytes = 0
    // Of blocks, XXH64, uncompressed: all that there is.
    const isKnown = [false, false, false]
    thrift.struct((id, type) => {
      if (id === 1 && type === thriftType.i32) filterBytes = thrift.int()
      else if (id >= 2 && id <= 4 && type === thriftType.struct) {
        thrift.struct(kind => {
          isKnown[id - 2] = kind === 1
          return false
        })
      } else return false
      return true
    })
    const isSize = filterBytes > 0 && filterBytes % 32 === 0 && filterBytes <= filterBytesMax
    return isSize && isKnown.every(Boolean) ? { bytes: thrift.position, filterBytes } : undefined
  } catch (thrown) {
    if (thrown instanceof DataError) return undefined
    throw thrown
  }
}

/** False where the filter knows no value of these PLAIN bytes (byte arrays without their length). Cost: a read of 32 bytes. */
export function bloomHas(reader: ByteReader, { start, blocks, opened }: BloomFilter, bytes: Uint8Array): boolean {
  const hash = xxhash64(bytes)
  const at = 32 * Number(((hash >> 32n) * BigInt(blocks)) >> 32n)
  const block = opened ? opened.subarray(at, at + 32) : reader.read(start + at, start + at + 32)
  const view = new DataView(block.buffer, block.byteOffset, 32)
  const key = Number(hash & 0xffffffffn)
  return salts.every((salt, i) => (view.getUint32(4 * i, true) >>> (Math.imul(key, salt) >>> 27)) & 1)
}

/**
 * True where a chunk has no value that equals `value`, a constant of type `type` as it is stored: its filter knows none. False where that isn't known. A filter that doesn't
 * know the chunk's least and greatest number isn't believed.
 */
export function lacksValue(reader: ByteReader, leaf: ParquetLeaf, chunk: ColumnChunk, value: Stored, type: DataType): boolean {
  if (!chunk.bloomFilter) return false
  const forms = plainForms(leaf, value, type)
  const filter = forms && readBloomFilter(reader, chunk)
  if (!filter || forms.some(bytes => bloomHas(reader, filter, bytes))) return false
  const { least, greatest } = chunkBounds(leaf, chunk)
  return [least, greatest].every(bound => {
    if ((leaf.physical !== 'INT32' && leaf.physical !== 'INT64') || bound === undefined) return true
    return plainForms(leaf, bound, leaf.field.type)?.some(bytes => bloomHas(reader, filter, bytes)) ?? true
  })
}

/** The PLAIN bytes of all values of a leaf that equal a constant; undefined where they aren't known. */
export function plainForms({ physical, typeLength, field }: ParquetLeaf, value: Stored, type: DataType): Uint8Array[] | undefined {
  const own = field.type
  if (physical === 'BYTE_ARRAY') return own.kind === 'utf8' || own.kind === 'binary' ? one(asBytes(value)) : undefined
  if (physical === 'FLOAT' || physical === 'DOUBLE') return typeof value === 'number' ? floatForms(physical, value) : undefined
  if (physical === 'FIXED_LEN_BYTE_ARRAY' && own.kind === 'fixedBinary') return one(asBytes(value))
  const whole = wholeNumber(own, value, type)
  if (whole === undefined) return undefined
  if (physical === 'INT32' || physical === 'INT64') {
    const bytes = physical === 'INT32' ? 4 : 8
    // Unsigned ones are stored by their bits.
    const fits = own.kind.startsWith('u') ? whole >= 0n && BigInt.asUintN(8 * bytes, whole) === whole : BigInt.asIntN(8 * bytes, whole) === whole
    return fits ? [littleEndian(whole, bytes)] : undefined
  }
  if (physical !== 'FIXED_LEN_BYTE_ARRAY' || own.kind !== 'decimal' || BigInt.asIntN(8 * typeLength, whole) !== whole) return undefined
  return [littleEndian(whole, typeLength).reverse()]
}

function one(bytes: Uint8Array | undefined): Uint8Array[] | undefined {
  return bytes && [bytes]
}

function asBytes(value: Stored): Uint8Array | undefined {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : undefined
}

// −0 and 0 equal each other; of NaN nothing is said.
function floatForms(physical: 'FLOAT' | 'DOUBLE', value: number): Uint8Array[] | undefined {
  if (Number.isNaN(value) || (physical === 'FLOAT' && Math.fround(value) !== value)) return undefined
  return (value === 0 ? [0, -0] : [value]).map(number => new Uint8Array((physical === 'FLOAT' ? Float32Array.of(number) : Float64Array.of(number)).buffer))
}

// The number that a column of type `own` stores for a constant that it can equal exactly.
function wholeNumber(own: DataType, value: Stored, type: DataType): bigint | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  if (own.kind === 'decimal' || type.kind === 'decimal') {
    if (own.kind !== 'decimal' || type.kind !== 'decimal' || typeof value !== 'bigint' || own.scale < type.scale) return undefined
    return value * 10n ** BigInt(own.scale - type.scale)
  }
  if ('unit' in own || 'unit' in type) {
    if (own.kind !== type.kind || !('unit' in own) || !('unit' in type) || typeof value !== 'bigint') return undefined
    const scaled = value * unitsPerSecond[own.unit]
    return scaled % unitsPerSecond[type.unit] === 0n ? scaled / unitsPerSecond[type.unit] : undefined
  }
  if ((own.kind === 'date') !== (type.kind === 'date') || own.kind === 'bool') return undefined
  // Beyond 2^53 a float equals several integers.
  return typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function littleEndian(value: bigint, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => Number(BigInt.asUintN(8, value >> BigInt(8 * i))))
}
