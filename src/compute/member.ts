// Whether values are among some constants: a hash set in the kernels for numbers, a binary search for what has no 64 bits.
import { writeView } from '../batch/build-columns.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, bool, float64, int64, isFloat, isNumeric, layoutOf } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { filledBits, notBits, orBits } from './bitmap.ts'
import { compare, constantForm } from './compare.ts'
import { asFloat64 } from './floats.ts'
import { kindNumber } from './integers.ts'
import { equalForm, equalType } from './key-form.ts'
import type { ConstantValue } from './operand.ts'

/**
 * A bool column: the value is one of `members`, which are constants of the column's type without nulls; null where the column is. NaN is no member.
 * Cost: numbers about 2 ns a row whatever the number of members; strings and decimals a binary search a row.
 */
export function isMember(device: Device, arena: Arena, column: Column, members: readonly ConstantValue[]): Column {
  const { length, type, validity } = column
  const { kernels, memory } = device
  if (type.kind === 'bool') return memberOfBools(device, arena, column, members)
  if (type.kind === 'decimal') return equalToAny(device, arena, column, members)
  if (!isNumeric(type) && equalType(type) !== type) {
    const forms = members.map(value => constantForm(device, arena, { type, value }, false, 'isIn').value)
    return isMember(device, arena, equalForm(device, arena, column), forms)
  }
  const values = arena.allocate(bitmapBytes(length))
  const out = { type: bool, length, values, validity }
  if (layoutOf(type) === 'view') {
    const encoded = members.map(m => (typeof m === 'string' ? encoder.encode(m) : (m as Uint8Array))).sort(compareBytes)
    const set = arena.allocate(16 * members.length)
    encoded.forEach((bytes, i) => writeView(device, arena, set + 16 * i, bytes))
    kernels.memberViews(column.values, length, set, members.length, values)
    return out
  }
  if (type.kind === 'int32' && members.length <= fewMembers) {
    const set = arena.allocate(4 * members.length)
    memory.int32s(set, members.length).set(Int32Array.from(members as number[]).sort())
    kernels.memberI32(column.values, length, set, members.length, values)
    return out
  }
  const [wide, keys] = isFloat(type) ? floatKeys(device, arena, column, members) : [asWords(device, arena, column), BigInt64Array.from(members.map(m => BigInt.asIntN(64, BigInt(m as bigint))))]
  const isFloat64 = wide.type.kind === 'float64'
  if (keys.length <= fewMembers) {
    const set = arena.allocate(8 * keys.length)
    if (isFloat64) memory.float64s(set, keys.length).set(new Float64Array(keys.buffer).slice().sort())
    else memory.int64s(set, keys.length).set(keys.slice().sort())
    kernels[isFloat64 ? 'memberF64' : 'memberI64'](wide.values, length, set, keys.length, values)
    return out
  }
  let slotBits = 4
  while (2 ** slotBits < 2 * keys.length) slotBits++
  const source = arena.allocate(8 * keys.length)
  memory.int64s(source, keys.length).set(keys)
  const table = arena.allocateZeroed(8 * 2 ** slotBits)
  const hasZero = kernels.fillWordSet(source, keys.length, table, slotBits)
  kernels.memberWordSet(wide.values, isFloat64 ? 1 : 0, length, table, slotBits, hasZero, values)
  return out
}

// Up to here a binary search is as fast.
const fewMembers = 8

function memberOfBools(device: Device, arena: Arena, column: Column, members: readonly ConstantValue[]): Column {
  const [hasTrue, hasFalse] = [members.includes(true), members.includes(false)]
  const { length, values, validity } = column
  if (hasTrue === hasFalse) return { type: bool, length, values: filledBits(device, arena, length, hasTrue), validity }
  return hasTrue ? column : { type: bool, length, values: notBits(device, arena, values, length), validity }
}

// Two decimals are equal or not whatever their numbers; lists of them are short.
function equalToAny(device: Device, arena: Arena, column: Column, members: readonly ConstantValue[]): Column {
  const { length, type, validity } = column
  let values = filledBits(device, arena, length, false)
  for (const value of members) values = orBits(device, arena, values, compare(device, arena, 'eq', column, { type, value }).values, length)
  return { type: bool, length, values, validity }
}

function floatKeys(device: Device, arena: Arena, column: Column, members: readonly ConstantValue[]): [Column, BigInt64Array] {
  // -0 and 0 are one number and one key.
  const numbers = Float64Array.from((members as number[]).filter(m => !Number.isNaN(m)).map(m => m + 0))
  return [{ ...asFloat64(device, arena, column), type: float64 }, new BigInt64Array(numbers.buffer)]
}

function asWords(device: Device, arena: Arena, column: Column): Column {
  if (layoutOf(column.type) === 'word8') return column
  const out = { ...allocateColumn(arena, int64, column.length), validity: column.validity }
  device.kernels.widenInt(kindNumber(column.type), column.values, column.length, out.values)
  return out
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

const encoder = new TextEncoder()
