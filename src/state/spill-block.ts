// Batches in spill files: columns as they lie in memory, written from there and read back to there without a copy between. What is written is read by
// the same process only, so the fields are not written. A block: a header of u32s ([rows], then for each column, children behind their parent,
// [length][has validity][bytes behind views][address of those]), then validity, values and bytes of each, every part at a multiple of 64.
import { assert } from '../base/errors.ts'
import type { SpillFile } from '../base/spill.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { compactViews } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

const unit = 64
const padding = new Uint8Array(unit)
const inlineBytesMax = 12

/** Appends a batch to `file` and gives the number of its block. Texts are compacted; codes of dictionaries are left out. Memory: long texts, for a moment. */
export function writeSpillBlock(device: Device, file: SpillFile, batch: Batch): number {
  const scratch = device.arena()
  try {
    const header: number[] = [batch.rowCount]
    const places: Place[] = []
    for (const column of batch.columns) layOut({ device, scratch, header, places }, column)
    const parts = [padded(new Uint8Array(Uint32Array.from(header).buffer)), ...places.map(({ address, bytes }) => padded(device.memory.bytes(address, bytes)))]
    return file.append(...parts.flat())
  } finally {
    scratch.release()
  }
}

/** The batch of a block, in `arena`, given its fields. */
export function readSpillBlock(device: Device, arena: Arena, file: SpillFile, block: number, fields: Fields): Batch {
  const bytes = file.lengthOf(block)
  const address = arena.allocate(bytes)
  file.readInto(block, device.memory.bytes(address, bytes))
  const reader: Reader = { device, header: address / 4, at: 0, part: address + ceilTo(4 * (1 + 4 * fields.reduce((sum, { type }) => sum + columnCount(type), 0))) }
  const rowCount = take(reader)
  const columns = fields.map(({ type }) => readColumn(reader, type))
  assert(reader.part - address === bytes, `${reader.part - address} bytes of a spilled block of ${bytes} were read`)
  return { fields, rowCount, columns, arena: arena.address }
}

interface Place {
  readonly address: number
  readonly bytes: number
}

interface Writer {
  readonly device: Device
  readonly scratch: Arena
  readonly header: number[]
  readonly places: Place[]
}

interface Reader {
  readonly device: Device
  /** The header's address in words, and the next of its words. */
  readonly header: number
  at: number
  /** Where the next part begins. */
  part: number
}

function layOut(writer: Writer, { type, length, values, validity, children }: Column): void {
  const { device, scratch, header, places } = writer
  const { views: from, bytes: heap, byteCount: heapBytes } = layoutOf(type) === 'view' ? compactViews(device, scratch, values, length) : { views: values, bytes: 0, byteCount: 0 }
  header.push(length, validity === 0 ? 0 : 1, heapBytes, heap)
  if (validity !== 0) places.push({ address: validity, bytes: bitmapBytes(length) })
  places.push({ address: from, bytes: storedBytes(type, length) })
  if (heapBytes > 0) places.push({ address: heap, bytes: heapBytes })
  for (const child of children ?? []) layOut(writer, child)
}

function readColumn(reader: Reader, type: DataType): Column {
  const [length, hasValidity, heapBytes, heap] = [take(reader), take(reader), take(reader), take(reader)]
  const validity = hasValidity ? part(reader, bitmapBytes(length)) : 0
  const bytes = storedBytes(type, length)
  const values = part(reader, bytes)
  if (heapBytes > 0) moveViews(reader.device.memory.uint32s(values, 4 * length), part(reader, heapBytes) - heap)
  const children = childrenOf(type).map(child => readColumn(reader, child.type))
  return { type, length, values: bytes === 0 && children.length > 0 ? 0 : values, validity, ...(children.length > 0 && { children }) }
}

function moveViews(views: Uint32Array, by: number): void {
  for (let i = 0; i < views.length; i += 4) if (views[i]! > inlineBytesMax) views[i + 3]! += by
}

// Structs and nulls have no values of their own.
function storedBytes(type: DataType, length: number): number {
  const layout = layoutOf(type)
  return layout === 'children' || layout === 'none' ? 0 : valueBytes(type, length)
}

function columnCount(type: DataType): number {
  return childrenOf(type).reduce((sum, child) => sum + columnCount(child.type), 1)
}

function take(reader: Reader): number {
  return reader.device.words()[reader.header + reader.at++]! >>> 0
}

function part(reader: Reader, bytes: number): number {
  const address = reader.part
  reader.part += ceilTo(bytes)
  return address
}

function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, padding.subarray(0, ceilTo(bytes.length) - bytes.length)]
}

function ceilTo(bytes: number): number {
  return Math.ceil(bytes / unit) * unit
}
