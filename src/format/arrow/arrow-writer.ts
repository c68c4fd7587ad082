// Batches to an Arrow IPC file or stream: a record batch each, in the standard layouts (strings with 32-bit offsets), not compressed.
import type { ByteSink } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import { type Batch, type Column, sliceBatch } from '../../batch/batch.ts'
import { bitmapBytes, type DataType, type Kind, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { unsupportedType } from '../../batch/unsupported.ts'
import { type Field, type Fields, isHidden } from '../../batch/schema.ts'
import { dataOfViews, offsetsOfViews } from '../../compute/arrow-columns.ts'
import { countNulls } from '../../compute/bitmap.ts'
import { plainBytes } from '../../compute/parquet-encode.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import { type FlatField, FlatWriter } from './write-flat.ts'

/** What a writer must know to go on with a file after its last record batch, as plain data. */
export type ArrowWriterState = { readonly bytes: number; readonly blocks: Json }

const version = 4
const alignment = 64
const columnBytesMax = 2 ** 30
const magic = new TextEncoder().encode('ARROW1\0\0')
const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

/** Writes one file (with a footer) or stream. Memory: the strings of a batch. Close it in any case. */
export class ArrowWriter {
  readonly #device: Device
  readonly #sink: ByteSink
  readonly #isFile: boolean
  readonly #positions: number[]
  readonly #fields: Field[]
  readonly #blocks: number[] = []
  #bytes = 0

  /** `fields` are those of every batch; hidden ones are left out. `resume` is an earlier `checkpoint()`: the sink then holds exactly its bytes. */
  constructor(device: Device, fields: Fields, sink: ByteSink, format: 'file' | 'stream' = 'file', resume?: ArrowWriterState) {
    this.#device = device
    this.#sink = sink
    this.#isFile = format === 'file'
    this.#positions = fields.flatMap((f, i) => (isHidden(f.name) ? [] : [i]))
    this.#fields = this.#positions.map(i => fields[i]!)
    if (resume) {
      this.#bytes = resume.bytes
      this.#blocks.push(...(resume.blocks as number[]))
      return
    }
    if (this.#isFile) this.#append(magic)
    const flat = new FlatWriter()
    this.#message(flat, 1, schemaTable(flat, this.#fields), 0)
  }

  /** Takes a batch; nothing of it is kept. Batches of no rows are left out. */
  write(batch: Batch): void {
    if (batch.rowCount === 0) return
    const columns = this.#positions.map(i => batch.columns[i]!)
    // 32-bit offsets bound a column of strings: halves are written where one is larger.
    const tooLarge = columns.some(c => layoutOf(c.type) === 'view' && plainBytes(this.#device, c.values, c.length) > columnBytesMax)
    if (tooLarge && batch.rowCount > 64) {
      const middle = Math.ceil(batch.rowCount / 128) * 64
      this.write(sliceBatch(batch, 0, middle))
      this.write(sliceBatch(batch, middle, batch.rowCount))
      return
    }
    const scratch: Scratch[] = []
    try {
      this.#writeColumns(batch.rowCount, columns, scratch)
    } finally {
      for (const chunk of scratch) chunk.close()
    }
  }

  /** What `resume` needs to go on from here. */
  checkpoint(): ArrowWriterState {
    return { bytes: this.#bytes, blocks: [...this.#blocks] }
  }

  /** Ends the file or stream. */
  finish(): void {
    this.#append(endOfStream)
    if (!this.#isFile) return
    const flat = new FlatWriter()
    const batches = flat.longs(this.#blocks, 3)
    const dictionaries = flat.longs([], 3)
    const schema = schemaTable(flat, this.#fields)
    const footer = flat.finish(
      flat.table([
        [0, 'i16', version],
        [1, 'place', schema],
        [2, 'place', dictionaries],
        [3, 'place', batches],
      ]),
    )
    this.#append(footer)
    const length = new Uint8Array(4)
    new DataView(length.buffer).setInt32(0, footer.byteLength, true)
    this.#append(length)
    this.#append(magic.subarray(0, 6))
  }

  #writeColumns(rowCount: number, columns: readonly Column[], scratch: Scratch[]): void {
    const nodes: number[] = []
    const buffers: number[] = []
    const parts: { address: number; bytes: number }[] = []
    let offset = 0
    const add = (address: number, bytes: number) => {
      buffers.push(offset, bytes)
      parts.push({ address, bytes })
      offset += Math.ceil(bytes / alignment) * alignment
    }
    columns.forEach((column, i) => {
      const nulls = countNulls(this.#device, column)
      if (nulls > 0 && !this.#fields[i]!.nullable) {
        throw new DataError(
          'NULL_VALUE',
          `write.arrow, column "${this.#fields[i]!.name}": ${nulls} nulls in a column whose type allows none; declare it with ?`,
        )
      }
      nodes.push(rowCount, nulls)
      add(column.validity, nulls === 0 ? 0 : bitmapBytes(rowCount))
      if (layoutOf(column.type) === 'view') this.#addStrings(column, scratch, add)
      else add(column.values, valueBytes(column.type, rowCount))
    })
    const flat = new FlatWriter()
    const bufferList = flat.longs(buffers, 2)
    const nodeList = flat.longs(nodes, 2)
    const header = flat.table([
      [0, 'i64', rowCount],
      [1, 'place', nodeList],
      [2, 'place', bufferList],
    ])
    const start = this.#bytes
    const metadataBytes = this.#message(flat, 3, header, offset)
    for (const { address, bytes } of parts) {
      if (bytes === 0) continue
      this.#append(this.#device.memory.bytes(address, bytes))
      this.#append(padding.subarray(0, (alignment - (bytes % alignment)) % alignment))
    }
    // Block: [offset][metadata bytes, as i32 and padding][body bytes].
    this.#blocks.push(start, metadataBytes, offset)
  }

  #addStrings(column: Column, scratch: Scratch[], add: (address: number, bytes: number) => void): void {
    const device = this.#device
    const { values, length } = column
    const chunk = () => {
      scratch.push(new Scratch(device))
      return scratch.at(-1)!
    }
    const offsets = chunk().ensure(4 * (length + 1))
    const bytes = offsetsOfViews(device, values, length, offsets)
    if (bytes >= 2 ** 31)
      throw new DataError('ARROW_SIZE', `write.arrow: ${length} rows hold ${bytes} bytes of text, Arrow's utf8 at most 2^31 − 1; split the values`)
    const data = chunk().ensure(bytes)
    dataOfViews(device, values, length, data)
    add(offsets, 4 * (length + 1))
    add(data, bytes)
  }

  // [0xffffffff][metadata bytes][metadata], padded to 8; returns their size.
  #message(flat: FlatWriter, kind: number, header: number, bodyBytes: number): number {
    const metadata = flat.finish(
      flat.table([
        [0, 'i16', version],
        [1, 'u8', kind],
        [2, 'place', header],
        [3, 'i64', bodyBytes],
      ]),
    )
    const padded = Math.ceil((8 + metadata.byteLength) / alignment) * alignment - 8
    const prefix = new Uint8Array(8)
    new DataView(prefix.buffer).setInt32(0, -1, true)
    new DataView(prefix.buffer).setInt32(4, padded, true)
    this.#append(prefix)
    this.#append(metadata)
    this.#append(padding.subarray(0, padded - metadata.byteLength))
    return 8 + padded
  }

  #append(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return
    this.#sink.append(bytes)
    this.#bytes += bytes.byteLength
  }
}

const padding = new Uint8Array(alignment)
const unitNumbers = { s: 0, ms: 1, us: 2, ns: 3 } as const

function schemaTable(flat: FlatWriter, fields: readonly Field[]): number {
  const places = fields.map(field => {
    const children = flat.places([])
    const type = typeTable(flat, field.type)
    const name = flat.text(field.name)
    return flat.table([
      [0, 'place', name],
      [1, 'u8', field.nullable ? 1 : 0],
      [2, 'u8', typeNumberOf(field)],
      [3, 'place', type],
      [5, 'place', children],
    ])
  })
  const list = flat.places(places)
  return flat.table([
    [0, 'i16', 0],
    [1, 'place', list],
  ])
}

const typeNumber: Partial<Record<Kind, number>> = { bool: 6, int32: 2, int64: 2, float64: 3, utf8: 5, binary: 4, timestamp: 10 }

function typeNumberOf({ name, type }: Field): number {
  const number = typeNumber[type.kind]
  if (number === undefined) throw unsupportedType(`arrow, column "${name}"`, type)
  return number
}

function typeTable(flat: FlatWriter, type: DataType): number {
  switch (type.kind) {
    case 'int32':
    case 'int64':
      return flat.table([
        [0, 'i32', type.kind === 'int32' ? 32 : 64],
        [1, 'u8', 1],
      ])
    case 'float64':
      return flat.table([[0, 'i16', 2]])
    case 'timestamp': {
      const fields: FlatField[] = [
        [0, 'i16', unitNumbers[type.unit]],
        [1, 'place', flat.text('UTC')],
      ]
      return flat.table(fields)
    }
    default:
      return flat.table([])
  }
}
