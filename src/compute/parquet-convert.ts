// Between the engine's types and what Parquet stores: columns of stored types (int32, int64, float32, float64, bool, views) to and from all flat types.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { binary, bitmapBytes, type DataType, int32, int64, layoutOf } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { equalForm, fromForm } from './key-form.ts'
import { hasNarrow, type NarrowColumn, narrowOfWords, wordsOfNarrow } from './narrow.ts'

const nanosPer = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 } as const

/** The column of `type` that a column of stored values means, in `arena`; or the first row whose value is beyond the type. Layouts that agree are shared. */
export function fromStored(device: Device, arena: Arena, stored: Column, type: DataType): Column | { readonly beyond: number } {
  const { length, validity, values } = stored
  const { kernels } = device
  const as = (address: number): Column => ({ type, length, values: address, validity })
  const make = (fill: (out: number) => number | void): Column | { readonly beyond: number } => {
    const out = allocateColumn(arena, type, length).values
    const beyond = fill(out) ?? -1
    return beyond < 0 ? as(out) : { beyond }
  }
  const from = stored.type.kind
  const isView = layoutOf(stored.type) === 'view'
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
      return fromForm(device, arena, stored, type)
    case 'time':
      return from === 'int32' ? make(out => kernels.castI32ToI64(values, length, out)) : as(values)
    case 'timestamp':
      return isView ? make(out => kernels.viewsToTimes(values, length, nanosPer[type.unit], out)) : as(values)
    case 'decimal':
      if (isView) return make(out => kernels.viewsToI128(values, length, out))
      return narrowOfWords(device, arena, { values, bits: from === 'int64' ? 64 : 32 }, { type, length, validity })
    case 'interval':
      return make(out => kernels.viewsToIntervals(values, length, out))
    case 'float16':
      return make(out => kernels.viewsToFixed(values, length, 2, out))
    case 'fixedBinary':
      return make(out => kernels.viewsToFixed(values, length, type.size, out))
    case 'null':
      return { type, length, values: 0, validity: arena.allocateZeroed(bitmapBytes(length)) }
    default:
      return as(values)
  }
}

/** A column as `stored`, which `storedAs` of its type says, in `arena`; views may point at the column's own bytes. Layouts that agree are shared. */
export function toStored(device: Device, arena: Arena, column: Column, stored: DataType): Column {
  if (hasNarrow(column) && stored.kind !== 'binary') return storedWords(device, arena, column, stored)
  const { type, length, validity, values } = column
  const { kernels } = device
  const as = (address: number, bits = validity): Column => ({ type: stored, length, values: address, validity: bits })
  const fixed = (source: number, size: number): Column => {
    const out = allocateColumn(arena, binary, length).values
    kernels.fixedToNullableViews(source, length, size, validity, out)
    return as(out)
  }
  const into = (of: DataType, fill: (out: number) => void): number => {
    const out = allocateColumn(arena, of, length).values
    fill(out)
    return out
  }
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
      return { ...equalForm(device, arena, column), type: stored }
    case 'time':
      return stored.kind === 'int32' ? as(into(int32, out => kernels.narrowI64(values, length, out))) : as(values)
    case 'decimal': {
      if (stored.kind === 'binary') return fixed(into(type, out => kernels.swapI128(values, length, out)), 16)
      const longs = into(int64, out => kernels.narrowI128(values, length, out))
      return stored.kind === 'int64' ? as(longs) : as(into(int32, out => kernels.narrowI64(longs, length, out)))
    }
    case 'float16':
      return fixed(values, 2)
    case 'fixedBinary':
      return fixed(values, type.size)
    case 'null':
      return as(arena.allocateZeroed(4 * length), arena.allocateZeroed(bitmapBytes(length)))
    default:
      return as(values)
  }
}

// A decimal of up to 18 digits.
function storedWords(device: Device, arena: Arena, column: NarrowColumn, stored: DataType): Column {
  const { length, validity } = column
  const longs = wordsOfNarrow(device, arena, column)
  if (stored.kind === 'int64') return { type: stored, length, validity, values: longs }
  const out = allocateColumn(arena, int32, length).values
  device.kernels.narrowI64(longs, length, out)
  return { type: stored, length, validity, values: out }
}
