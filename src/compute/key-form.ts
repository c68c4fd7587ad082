// Columns of any type as columns of few: what keys are hashed, grouped and compared as. Kernels know bool, int32, int64, float64 and views; every other
// type has a form among them that is equal, or in order, where its values are.
import { PlanError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { binary, bitmapBytes, type DataType, float64, int32, int64, isNested } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { encodeKeys } from './key-bytes.ts'
import { isOrdered } from './sort.ts'

/** Decimals of at most so many digits fit an int64. */
const wordDigitsMax = 18

/** The type of `equalForm` of a column. */
export function equalType(type: DataType): DataType {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
    case 'date':
    case 'null':
      return int32
    case 'uint32':
    case 'uint64':
    case 'time':
    case 'timestamp':
    case 'duration':
      return int64
    case 'float16':
    case 'float32':
      return float64
    case 'decimal':
      return type.precision <= wordDigitsMax ? int64 : binary
    case 'bool':
    case 'int32':
    case 'int64':
    case 'float64':
    case 'utf8':
    case 'binary':
      return type
    default:
      return binary
  }
}

/**
 * The column as one of bool, int32, int64, float64, utf8 or binary, whose values are equal where the column's are (as keys: NaN equals NaN, −0 equals 0) and null
 * where they are. Nothing is copied where the type is one of these, or a time. Views point into `arena` or at the column's own bytes.
 */
export function equalForm(device: Device, arena: Arena, column: Column): Column {
  const form = equalType(column.type)
  if (form === column.type) return column
  const { type, length, validity, values } = column
  const { kernels } = device
  const as = (address: number, codes?: Column['codes']): Column => ({ type: form, length, values: address, validity, ...(codes && { codes }) })
  const made = () => allocateColumn(arena, form, length).values
  switch (type.kind) {
    case 'date':
    case 'time':
    case 'timestamp':
    case 'duration':
    case 'uint64':
      return as(values)
    case 'null':
      return as(arena.allocateZeroed(4 * length))
    case 'decimal':
      return form.kind === 'int64' ? as(into(made(), out => kernels.narrowI128(values, length, out))) : as(into(made(), out => kernels.fixedToNullableViews(values, length, 16, validity, out)))
    case 'interval':
      return as(into(made(), out => kernels.fixedToNullableViews(values, length, 16, validity, out)))
    case 'fixedBinary':
      return as(into(made(), out => kernels.fixedToNullableViews(values, length, type.size, validity, out)))
    default:
      return isNested(type) ? as(encodeKeys(device, arena, column)) : as(into(made(), out => widen(device, column, out)))
  }
}

function into(address: number, fill: (out: number) => void): number {
  fill(address)
  return address
}

function widen(device: Device, { type, values, length }: Column, out: number): void {
  const { kernels } = device
  switch (type.kind) {
    case 'int8':
      return kernels.widenNarrow(values, length, -8, out)
    case 'int16':
      return kernels.widenNarrow(values, length, -16, out)
    case 'uint8':
      return kernels.widenNarrow(values, length, 8, out)
    case 'uint16':
      return kernels.widenNarrow(values, length, 16, out)
    case 'uint32':
      return kernels.widenU32(values, length, out)
    case 'float16':
      return kernels.widenF16(values, length, out)
    default:
      return kernels.widenF32(values, length, out)
  }
}

/** As `equalForm`, in the column's order, too: signed, or bytewise. Throws PlanError NO_ORDER naming `where` for types that have none. */
export function orderForm(device: Device, arena: Arena, column: Column, where: string): Column {
  const { type, length, values, validity } = column
  if (!isOrdered(type)) throw new PlanError('NO_ORDER', `${where}: values of type ${typeName(type)} have no order; compare them by eq and ne, or take a part of them that has one`)
  if (type.kind === 'uint64') {
    const out = allocateColumn(arena, int64, length)
    device.kernels.flipI64(values, length, out.values)
    return { ...out, validity }
  }
  if (type.kind === 'decimal' && type.precision > wordDigitsMax) {
    const bytes = arena.allocate(16 * length)
    device.kernels.orderI128(values, length, 0, bytes)
    const out = allocateColumn(arena, binary, length)
    device.kernels.fixedToNullableViews(bytes, length, 16, validity, out.values)
    return { ...out, validity }
  }
  return equalForm(device, arena, column)
}

/** The column of a flat type that `equalForm` made `form` of, or with `ordered` `orderForm`, in `arena`; what lies behind nulls is lost. */
export function fromForm(device: Device, arena: Arena, form: Column, type: DataType, ordered = false): Column {
  const { length, validity, values } = form
  const { kernels } = device
  const as = (address: number): Column => ({ type, length, values: address, validity })
  const made = (fill: (out: number) => void): Column => {
    const out = allocateColumn(arena, type, length).values
    fill(out)
    return as(out)
  }
  switch (type.kind) {
    case 'int8':
    case 'uint8':
      return made(out => kernels.narrowI32(values, length, 1, out))
    case 'int16':
    case 'uint16':
      return made(out => kernels.narrowI32(values, length, 2, out))
    case 'uint32':
      return made(out => kernels.narrowI64(values, length, out))
    case 'uint64':
      return ordered ? made(out => kernels.flipI64(values, length, out)) : as(values)
    case 'float16':
      return made(out => kernels.narrowF16(values, length, out))
    case 'float32':
      return made(out => kernels.narrowF32(values, length, out))
    case 'decimal':
      if (type.precision <= wordDigitsMax) return made(out => kernels.widenI64(values, length, out))
      return made(out => {
        kernels.viewsToFixed(values, length, 16, out)
        if (ordered) kernels.orderI128(out, length, 1, out)
      })
    case 'interval':
    case 'fixedBinary':
      return made(out => kernels.viewsToFixed(values, length, type.kind === 'fixedBinary' ? type.size : 16, out))
    case 'null':
      return { type, length, values: 0, validity: arena.allocateZeroed(bitmapBytes(length)) }
    default:
      return as(values)
  }
}
