// Columns copied out of the engine's memory into the program's: what a collected Table holds. Layouts are Arrow's (utf8 as offsets and
// bytes), so that apache-arrow can stand on them without a further copy.
import { DataError } from '../base/errors.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { layoutOf } from '../batch/data-type.ts'
import { type Value, viewBytes } from '../batch/read-values.ts'
import { isHidden } from '../batch/schema.ts'
import { dataOfViews, offsetsOfViews } from '../compute/arrow-columns.ts'
import type { Device } from '../device/device.ts'

/** A column in private memory. `values` is Arrow's buffer of the type; `offsets` are there for utf8 and binary; `validity` where a null is. */
export interface OwnedColumn {
  readonly kind: Column['type']['kind']
  readonly unit?: 's' | 'ms' | 'us' | 'ns'
  readonly length: number
  readonly values: Uint8Array | Int32Array | BigInt64Array | Float64Array
  readonly offsets?: Int32Array
  readonly validity?: Uint8Array
  get(row: number): Value
}

/** The visible columns of one batch. */
export interface OwnedChunk {
  readonly rowCount: number
  readonly columns: readonly OwnedColumn[]
}

/** Copies a batch out. Cost: one pass over its bytes. */
export function ownBatch(device: Device, batch: Batch): OwnedChunk {
  const columns = batch.columns.filter((_, i) => !isHidden(batch.fields[i]!.name)).map(c => ownColumn(device, c))
  return { rowCount: batch.rowCount, columns }
}

function ownColumn(device: Device, column: Column): OwnedColumn {
  const { memory } = device
  const { type, length } = column
  const bitmap = Math.ceil(length / 8)
  const validity = column.validity === 0 ? undefined : memory.bytes(column.validity, bitmap).slice()
  const isValid = (row: number) => validity === undefined || ((validity[row >>> 3]! >>> (row & 7)) & 1) === 1
  const base = { kind: type.kind, length, ...(validity && { validity }), ...(type.kind === 'timestamp' && { unit: type.unit }) }
  if (layoutOf(type) === 'view') {
    const { offsets, values } = ownViews(device, column)
    const text = type.kind === 'utf8'
    return {
      ...base,
      values,
      offsets,
      get: row => {
        if (!isValid(row)) return null
        const bytes = values.subarray(offsets[row]!, offsets[row + 1]!)
        return text ? decoder.decode(bytes) : bytes
      },
    }
  }
  switch (type.kind) {
    case 'bool': {
      const values = memory.bytes(column.values, bitmap).slice()
      return { ...base, values, get: row => (isValid(row) ? ((values[row >>> 3]! >>> (row & 7)) & 1) === 1 : null) }
    }
    case 'int32': {
      const values = memory.int32s(column.values, length).slice()
      return { ...base, values, get: row => (isValid(row) ? values[row]! : null) }
    }
    case 'float64': {
      const values = memory.float64s(column.values, length).slice()
      return { ...base, values, get: row => (isValid(row) ? values[row]! : null) }
    }
    default: {
      const values = memory.int64s(column.values, length).slice()
      const isMs = type.kind === 'int64' ? type.asNumber === true : type.kind === 'timestamp' && (type.unit === 'ms' || type.unit === 's')
      const scale = type.kind === 'timestamp' && type.unit === 's' ? 1000 : 1
      return { ...base, values, get: row => (isValid(row) ? (isMs ? Number(values[row]!) * scale : values[row]!) : null) }
    }
  }
}

/** Texts beyond this are copied one by one, so that a large result needs no second copy in the engine's memory. */
const scratchBytesMax = 1 << 26

function ownViews(device: Device, column: Column): { offsets: Int32Array; values: Uint8Array } {
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
      return { offsets, values: device.memory.bytes(data, bytes).slice() }
    }
    const values = new Uint8Array(bytes)
    for (let row = 0; row < length; row++) values.set(viewBytes(device.memory, column.values + 16 * row), offsets[row]!)
    return { offsets, values }
  } finally {
    scratch.release()
  }
}

const decoder = new TextDecoder()
