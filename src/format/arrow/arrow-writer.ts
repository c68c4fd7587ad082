// Batches to an Arrow IPC file or stream: a record batch each, in the standard layouts (strings with 32-bit offsets), not compressed.
import type { ByteSink } from '../../base/bytes.ts'
import type { Json } from '../../base/json.ts'
import { type Batch, type Column, sliceBatch } from '../../batch/batch.ts'
import { layoutOf } from '../../batch/data-type.ts'
import { type Field, type Fields, isHidden } from '../../batch/schema.ts'
import { rebased } from '../../compute/concat.ts'
import { plainBytes } from '../../compute/parquet-encode.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { alignment, Body } from './write-body.ts'
import { FlatWriter } from './write-flat.ts'
import { schemaTable } from './write-schema.ts'

/** What a writer must know to go on with a file after its last record batch, as plain data. */
export type ArrowWriterState = { readonly bytes: number; readonly blocks: Json }

const version = 4
const columnBytesMax = 2 ** 30
const magic = new TextEncoder().encode('ARROW1\0\0')
const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

// The bytes of the longest text column, at any depth.
function largestText(device: Device, { type, values, length, children }: Column): number {
  if (layoutOf(type) === 'view') return plainBytes(device, values, length)
  return (children ?? []).reduce((most, child) => Math.max(most, largestText(device, child)), 0)
}

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
    const scratch = this.#device.arena()
    try {
      const columns = this.#positions.map(i => rebased(this.#device, scratch, batch.columns[i]!))
      // 32-bit offsets bound a column of strings: halves are written where one is larger.
      if (batch.rowCount <= 64 || columns.every(column => largestText(this.#device, column) <= columnBytesMax)) return this.#writeColumns(batch.rowCount, columns, scratch)
    } finally {
      scratch.release()
    }
    const middle = Math.ceil(batch.rowCount / 128) * 64
    this.write(sliceBatch(batch, 0, middle))
    this.write(sliceBatch(batch, middle, batch.rowCount))
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

  #writeColumns(rowCount: number, columns: readonly Column[], scratch: Arena): void {
    const body = new Body(this.#device, scratch)
    columns.forEach((column, i) => body.add(column, this.#fields[i]!, this.#fields[i]!.name))
    const { nodes, buffers, parts, bytes: offset } = body
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
