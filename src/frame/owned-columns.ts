// Columns copied out of the engine's memory into the program's: what a collected Table holds. Layouts are Arrow's (utf8 as offsets and
// bytes), so that apache-arrow can stand on them without a further copy.
import { DataError } from '../base/errors.ts'
import type { Batch, Codes, Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import { nestedValues, type Value, valueReader, viewBytes } from '../batch/read-values.ts'
import { isHidden } from '../batch/schema.ts'
import { dataOfViews, offsetsOfViews } from '../compute/arrow-columns.ts'
import { columnRange } from '../compute/gather.ts'
import { releaseArena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { Memory } from '../device/memory.ts'
import { CodedColumn, type OwnedDictionary } from './coded-column.ts'

/**
 * A column in private memory. `bytes` are the values in Arrow's layout of the type, but for times of 64 bits; `offsets` are there for texts, bytes, lists
 * and maps, from 0 on; `children` as in `Column`; `validity` where a null is.
 */
export interface OwnedColumn {
  readonly type: DataType
  readonly length: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly offsets?: Int32Array
  readonly validity?: Uint8Array
  readonly children?: readonly OwnedColumn[]
  get(row: number): Value
}

/** The visible columns of one batch. */
export interface OwnedChunk {
  readonly rowCount: number
  readonly columns: readonly OwnedColumn[]
}

/** Dictionaries that are held at once: a file has one for each text column and row group. */
const heldMax = 64

/** The dictionaries of the batches of one result, by address: those used last. Close it when the last batch was copied. */
export class OwnedDictionaries {
  readonly #device: Device
  readonly #known = new Map<number, { rows: number; readonly arena: number; own?: OwnedDictionary }>()
  constructor(device: Device) {
    this.#device = device
  }

  /** The values of the dictionary of a column of `rows` rows; undefined while it is larger than the columns that had it. */
  of({ dictionary, arena, kept }: Codes, rows: number): OwnedDictionary | undefined {
    const address = dictionary.values
    let known = this.#known.get(address)
    this.#known.delete(address)
    if (!known) {
      // While it is held, nothing else comes to its address.
      known = { rows: 0, arena: kept ? 0 : arena! }
      retainArena(this.#device, known.arena)
      if (this.#known.size === heldMax) this.#forget([...this.#known.keys()][0]!)
    }
    this.#known.set(address, known)
    known.rows += rows
    if (dictionary.length <= known.rows) known.own ??= ownViews(this.#device, dictionary)
    return known.own
  }

  close(): void {
    for (const address of [...this.#known.keys()]) this.#forget(address)
  }

  #forget(address: number): void {
    releaseArena(this.#device, this.#known.get(address)!.arena)
    this.#known.delete(address)
  }
}

/** Copies a batch out. Cost: one pass over its bytes. */
export function ownBatch(device: Device, batch: Batch, dictionaries: OwnedDictionaries): OwnedChunk {
  const columns = batch.columns.filter((_, i) => !isHidden(batch.fields[i]!.name)).map(c => ownCoded(device, c, dictionaries) ?? ownColumn(device, c))
  return { rowCount: batch.rowCount, columns }
}

// A column of texts by codes of a dictionary that is kept or can be held, where that is not larger than the columns.
function ownCoded(device: Device, { type, length, validity, codes }: Column, dictionaries: OwnedDictionaries): OwnedColumn | undefined {
  if (!codes || (!codes.kept && codes.arena === undefined)) return undefined
  const own = dictionaries.of(codes, length)
  if (!own) return undefined
  const bits = validity === 0 ? undefined : device.memory.bytes(validity, bitmapBytes(length)).slice()
  return new CodedColumn(type, device.memory.uint32s(codes.values, length).slice(), own, bits)
}

function ownColumn(device: Device, column: Column): OwnedColumn {
  const { type, length } = column
  const validity = column.validity === 0 ? undefined : device.memory.bytes(column.validity, bitmapBytes(length)).slice()
  const { get, ...parts } = ownValues(device, column)
  return {
    type,
    length,
    ...parts,
    ...(validity && { validity }),
    get: validity ? row => (((validity[row >>> 3]! >>> (row & 7)) & 1) === 1 ? get(row) : null) : get,
  }
}

function ownValues(device: Device, column: Column): Pick<OwnedColumn, 'bytes' | 'offsets' | 'children' | 'get'> {
  const { type, length } = column
  const layout = layoutOf(type)
  if (layout === 'view') {
    const { offsets, bytes } = ownViews(device, column)
    const part = (row: number) => bytes.subarray(offsets[row]!, offsets[row + 1]!)
    return { bytes, offsets, get: type.kind === 'utf8' ? row => decoder.decode(part(row)) : part }
  }
  if (layout === 'list') return ownLists(device, column)
  if (layout === 'children') {
    const children = column.children!.map(child => ownColumn(device, child))
    return { bytes: new Uint8Array(0), children, get: nestedValues(type, children.map(child => child.get), undefined) }
  }
  const bytes = new Uint8Array(new ArrayBuffer(valueBytes(type, length)))
  bytes.set(device.memory.bytes(column.values, bytes.length))
  return { bytes, get: valueReader(Memory.over(bytes.buffer), { type, length, values: 0, validity: 0 }) }
}

// Of the items only those between the first and the last offset.
function ownLists(device: Device, column: Column): Pick<OwnedColumn, 'bytes' | 'offsets' | 'children' | 'get'> {
  const { type, length, values } = column
  const offsets = device.memory.int32s(values, length + 1).slice()
  const [start, end] = [offsets[0]!, offsets[length]!]
  if (start !== 0) for (let row = 0; row <= length; row++) offsets[row]! -= start
  const scratch = device.arena()
  try {
    const child = ownColumn(device, columnRange(device, scratch, column.children![0]!, start, end))
    const inside = type.kind === 'map' ? child.children! : [child]
    return { bytes: new Uint8Array(0), offsets, children: [child], get: nestedValues(type, inside.map(c => c.get), offsets) }
  } finally {
    scratch.release()
  }
}

/** Texts beyond this are copied one by one, so that a large result needs no second copy in the engine's memory. */
const scratchBytesMax = 1 << 26

function ownViews(device: Device, column: Column): { offsets: Int32Array; bytes: Uint8Array<ArrayBuffer> } {
  const { length } = column
  const scratch = device.arena()
  try {
    const address = scratch.allocate(4 * (length + 1))
    const bytes = offsetsOfViews(device, column.values, length, address)
    if (bytes >= 2 ** 31) throw new DataError('TABLE_SIZE', `collect: a batch of ${length} rows holds ${bytes} bytes of text, a table at most 2^31 − 1 a batch; give a smaller batchRows, or write a file`)
    const offsets = device.memory.int32s(address, length + 1).slice()
    if (bytes <= scratchBytesMax) {
      const data = scratch.allocate(bytes)
      dataOfViews(device, column.values, length, data)
      return { offsets, bytes: new Uint8Array(device.memory.bytes(data, bytes)) }
    }
    const values = new Uint8Array(bytes)
    for (let row = 0; row < length; row++) values.set(viewBytes(device.memory, column.values + 16 * row), offsets[row]!)
    return { offsets, bytes: values }
  } finally {
    scratch.release()
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
