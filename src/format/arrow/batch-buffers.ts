// The metadata of one record batch, and its buffers on demand: checked, unpacked, copied into an arena. The bytes are hostile.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { bitmapBytes } from '../../batch/data-type.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { expandsTo, unpackBytes } from '../decompress.ts'
import { Scratch } from '../scratch.ts'
import { unpackZstd } from '../unpack-zstd.ts'
import { type ArrowBlock, type ArrowFile, headerOf, readMessage } from './read-arrow.ts'
import type { FlatTable } from './read-flat.ts'
import type { ArrowColumn } from './read-schema.ts'

/** What decoding may use. `bufferBytesMax`: an unpacked buffer at most; 512 MiB by default. */
export interface ArrowDecode {
  readonly device: Device
  readonly reader: ByteReader
  readonly file: ArrowFile
  readonly where: string
  readonly bufferBytesMax?: number
}

const bufferBytesMaxDefault = 512 * 1024 * 1024

/** Where a column or a part of one begins among nodes, buffers and counts of variadic buffers; reading moves it on. */
export interface Cursor {
  node: number
  buffer: number
  variadic: number
}

/** Bytes in the engine's memory. */
export interface BufferPlace {
  readonly address: number
  readonly bytes: number
}

/** One record batch, or the data of a dictionary. */
export class BatchBuffers {
  readonly rowCount: number
  readonly #decode: ArrowDecode
  readonly #where: string
  readonly #block: ArrowBlock
  readonly #nodes: number[]
  readonly #buffers: number[]
  readonly #variadic: number[]
  readonly #codec: number
  #unbacked = 0

  constructor(decode: ArrowDecode, block: ArrowBlock, where: string, header?: FlatTable) {
    this.#decode = decode
    this.#where = where
    this.#block = block
    const table = header ?? headerOf(readMessage(decode.reader, block, where), where)
    this.rowCount = table.i64(0)
    this.#nodes = table.longs(1, 2)
    this.#buffers = table.longs(2, 2)
    this.#variadic = table.longs(4, 1)
    const compression = table.table(3)
    this.#codec = compression ? compression.u8(0) : -1
    if (this.rowCount < 0 || this.rowCount > 0x7fffffff) throw this.fail('ARROW_MESSAGE', `it is said to have ${this.rowCount} rows`)
  }

  get device(): Device {
    return this.#decode.device
  }

  /** The error for what is wrong here. */
  fail(code: string, what: string, remedy = 'the file is cut or corrupt'): DataError {
    return new DataError(code, `${this.#where}, byte ${this.#block.bodyStart}: ${what}; ${remedy}`)
  }

  /** Where column `index` begins. */
  cursorOf(columns: readonly ArrowColumn[], index: number): Cursor {
    const cursor = { node: 0, buffer: 0, variadic: 0 }
    for (let i = 0; i < index; i++) {
      const column = columns[i]!
      let extra = 0
      for (let v = 0; v < column.variadic; v++) extra += this.#variadic[cursor.variadic + v] ?? 0
      cursor.node += column.nodes
      cursor.buffer += column.buffers + extra
      cursor.variadic += column.variadic
    }
    return cursor
  }

  /** The rows of the next node: `expected`, or where that isn't known at most 2^31 − 1. */
  rowsOf(cursor: Cursor, name: string, expected?: number): number {
    const rows = this.#nodes[2 * cursor.node]
    if (rows === undefined || rows < 0 || rows > 0x7fffffff || (expected !== undefined && rows !== expected))
      throw this.fail('ARROW_MESSAGE', `column "${name}" has ${rows} rows, ${expected === undefined ? 'which is no count' : `its batch ${expected}`}`)
    return rows
  }

  /** The validity of the next node of `rows` rows, whose buffer it is; moves on behind both. 0 where nothing is null. */
  validity(arena: Arena, cursor: Cursor, rows: number, name: string): number {
    const nulls = this.#nodes[2 * cursor.node + 1]
    cursor.node++
    const index = cursor.buffer++
    if (nulls === undefined) throw this.fail('ARROW_MESSAGE', `column "${name}" is not in its batch`)
    if (nulls === 0 || rows === 0) return 0
    const { address } = this.buffer(arena, index, bitmapBytes(rows), name)
    // Bits behind the last row may be anything in a file, and are zero in the engine.
    if (rows % 8 !== 0) this.device.memory.bytes(address + (rows >> 3), 1)[0]! &= (1 << (rows & 7)) - 1
    return address
  }

  /** The next node without buffers: nothing but nulls. */
  nulls(arena: Arena, cursor: Cursor, rows: number, name: string): number {
    cursor.node++
    this.#unbacked += bitmapBytes(rows)
    this.checkBytes(this.#unbacked, rows, name)
    return arena.allocateZeroed(bitmapBytes(rows))
  }

  /** The bytes that a views' column has behind its views. */
  variadic(arena: Arena, cursor: Cursor, name: string): BufferPlace[] {
    const count = this.#variadic[cursor.variadic++] ?? 0
    if (count < 0 || count > this.#buffers.length / 2) throw this.fail('ARROW_MESSAGE', `column "${name}" is said to have ${count} buffers of bytes`)
    return Array.from({ length: count }, () => this.buffer(arena, cursor.buffer++, 0, name))
  }

  /** The largest that anything made of one buffer may be. */
  get bytesMax(): number {
    return this.#decode.bufferBytesMax ?? bufferBytesMaxDefault
  }

  /** Throws where values take more room than a buffer may: they may take more than what they are made of. */
  checkBytes(bytes: number, rows: number, name: string): void {
    if (bytes > this.bytesMax)
      throw this.fail('ARROW_BUFFER', `the ${rows} values of column "${name}" take ${bytes} bytes, the limit is ${this.bytesMax}`, 'write smaller record batches')
  }

  /** Buffer `index`, of at least `least` bytes, in `arena`. */
  buffer(arena: Arena, index: number, least: number, name: string): BufferPlace {
    const { reader, device } = this.#decode
    const offset = this.#buffers[2 * index]
    const bytes = this.#buffers[2 * index + 1]
    const { bodyStart, bodyBytes } = this.#block
    if (offset === undefined || bytes === undefined || offset < 0 || bytes < 0 || offset + bytes > bodyBytes) {
      throw this.fail('ARROW_BUFFER', `buffer ${index} of column "${name}" is said to be ${bytes} bytes from ${offset} on, the body has ${bodyBytes}`)
    }
    if (this.#codec >= 0 && bytes > 0) return this.#unpack(arena, index, bodyStart + offset, bytes, least, name)
    if (bytes < least) throw this.fail('ARROW_BUFFER', `buffer ${index} of column "${name}" has ${bytes} bytes, its ${this.rowCount} rows need ${least}`)
    const address = arena.allocate(bytes)
    device.memory.write(address, reader.read(bodyStart + offset, bodyStart + offset + bytes))
    return { address, bytes }
  }

  // A packed buffer: [unpacked bytes i64, −1 for none][bytes].
  #unpack(arena: Arena, index: number, start: number, bytes: number, least: number, name: string): BufferPlace {
    const { reader, device } = this.#decode
    const max = this.bytesMax
    if (bytes < 8) throw this.fail('ARROW_BUFFER', `buffer ${index} of column "${name}" is packed in ${bytes} bytes, less than its length takes`)
    const stored = reader.read(start, start + bytes)
    const view = new DataView(stored.buffer, stored.byteOffset, 8)
    const promised = view.getInt32(4, true) * 2 ** 32 + view.getUint32(0, true)
    const size = promised === -1 ? bytes - 8 : promised
    if (size < least || size > max)
      throw this.fail('ARROW_BUFFER', `buffer ${index} of column "${name}" unpacks to ${size} bytes; at least ${least} are needed, at most ${max} allowed`)
    if (this.#codec > 1)
      throw this.fail('ARROW_CODEC', `buffers are packed with codec ${this.#codec}; lz4 (0) and zstd (1) can be read`, 'write the file with one of these')
    const packed = stored.subarray(8)
    const codec = this.#codec === 0 ? 'lz4_frame' : 'zstd'
    if (promised !== -1 && size > expandsTo(codec, packed.byteLength)) throw this.fail('ARROW_BUFFER', `buffer ${index} of column "${name}": ${packed.byteLength} ${codec} bytes can't hold the ${size} promised`)
    const address = arena.allocate(size)
    if (promised === -1) device.memory.write(address, packed)
    else this.#unpackInto(codec, packed, address, size, `buffer ${index} of column "${name}"`)
    return { address, bytes: size }
  }

  #unpackInto(codec: 'lz4_frame' | 'zstd', packed: Uint8Array, address: number, size: number, what: string): void {
    const { device } = this.#decode
    if (codec === 'zstd') {
      const scratch = new Scratch(device)
      try {
        const wrong = unpackZstd(device, scratch, packed, address, size)
        if (wrong) throw this.fail('ARROW_BUFFER', `${what}: the zstd data is broken: ${wrong}`)
      } finally {
        scratch.close()
      }
      return
    }
    const unpacked = unpackBytes(codec, packed, size)
    if (typeof unpacked === 'string') throw this.fail('ARROW_BUFFER', `${what}: ${unpacked}`)
    device.memory.write(address, unpacked)
  }
}
