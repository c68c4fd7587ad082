// Decimals of up to 38 digits: exact arithmetic, rounding only where it is asked for (div, round, casts to fewer digits).
import { assert, DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, bool, type DataType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, andNotBits } from './bitmap.ts'
import { hasNarrow, narrowArithmetic, type NarrowSide } from './narrow.ts'
import { bothValid, isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'
import { type Rounding, roundingNumber } from './rounding.ts'
import { type RowCheck, valueIn } from './row-check.ts'

/** The type of decimals. */
export type Decimal = DataType & { readonly kind: 'decimal' }
/** Operations on decimals, by their names in expressions. */
export type DecimalOperation = 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod' | 'floorMod'

const symbols = { add: '+', sub: '-', mul: '*', div: '/', intDiv: 'intDiv', mod: 'mod', floorMod: 'mod' } as const
/** More digits than this a decimal never has. */
export const digitsMax = 38

/**
 * a `op` b of two decimals as the decimal `type`, null where either is; `exact`: every result has room in `type`. div rounds, halves away from zero.
 * Throws DataError DECIMAL_OVERFLOW or DIVIDE_BY_ZERO for the first active row that is not null. Cost: add, sub and mul of up to 18 digits 1–3 ns a row.
 */
export function decimalArithmetic(device: Device, arena: Arena, op: DecimalOperation, a: Operand, b: Operand, type: Decimal, exact: boolean, check: RowCheck): Column {
  const length = rowsOf(a, b)
  const validity = bothValid(device, arena, a, b)
  const small = op === 'add' || op === 'sub' || op === 'mul' ? narrowResult(device, arena, op, a, b, { type, length, validity }) : undefined
  if (small) return small
  const out = { ...allocateColumn(arena, type, length), validity }
  const active = andBits(device, arena, validity, check.active, length)
  const shape = shapeOf(a, b)
  const [scaleA, scaleB] = [scaleOf(a.type), scaleOf(b.type)]
  const isScaled = op !== 'mul' && op !== 'div'
  const [left, upA] = scaled(device, arena, a, isScaled ? Math.max(0, scaleB - scaleA) : 0)
  const [right, upB] = scaled(device, arena, b, isScaled ? Math.max(0, scaleA - scaleB) : 0)
  const { kernels } = device
  let bad: number
  if (op === 'add' || op === 'sub') bad = kernels.addDecimals(op === 'sub' ? 1 : 0, left, right, shape, upA, upB, exact ? 0 : type.precision, length, active, out.values)
  else if (op === 'mul') bad = kernels.mulDecimals(left, right, shape, exact ? 0 : type.precision, length, active, out.values)
  else if (op === 'div') bad = kernels.divDecimals(left, right, shape, type.scale - scaleA + scaleB, 0, type.precision, length, active, out.values)
  else bad = kernels.restDecimals({ intDiv: 0, mod: 1, floorMod: 2 }[op], left, right, shape, upA, upB, length, active, out.values)
  if (bad >= 0) throw decimalError(`${text(device, a, bad)} ${symbols[op]} ${text(device, b, bad)}`, type, isZeroIn(device, b, bad) && op !== 'add' && op !== 'sub' && op !== 'mul', bad, check)
  return out
}

// By narrow values, where both sides have them and every result has room in 64 bits, which no type of a result is smaller than.
function narrowResult(device: Device, arena: Arena, op: 'add' | 'sub' | 'mul', a: Operand, b: Operand, out: { type: DataType; length: number; validity: number }): Column | undefined {
  const scale = op === 'mul' ? 0 : Math.max(scaleOf(a.type), scaleOf(b.type))
  const [left, right] = [a, b].map(side => narrowSide(device, arena, side, op === 'mul' ? 0 : scale - scaleOf(side.type)))
  return left && right && narrowArithmetic(device, arena, op, left, right, out)
}

// A side's narrow values times 10^up.
function narrowSide(device: Device, arena: Arena, operand: Operand, up: number): NarrowSide | undefined {
  const power = 10n ** BigInt(up)
  if (!isColumn(operand)) return typeof operand.value === 'bigint' && BigInt.asIntN(64, operand.value * power) === operand.value * power ? { constant: operand.value * power } : undefined
  if (!hasNarrow(operand)) return undefined
  if (up === 0) return { column: operand }
  if (up > 18) return undefined
  const column = narrowArithmetic(device, arena, 'mul', { column: operand }, { constant: power }, operand)
  return column && hasNarrow(column) ? { column } : undefined
}

// Where the values of a side lie, and by which power of ten the kernel must multiply them; constants are multiplied here, where there is room.
function scaled(device: Device, arena: Arena, operand: Operand, up: number): [address: number, up: number] {
  if (up > 0 && !isColumn(operand) && typeof operand.value === 'bigint') {
    const value = operand.value * 10n ** BigInt(up)
    if (BigInt.asIntN(127, value) === value) return [valuesAt(device, arena, { type: operand.type, value }), 0]
  }
  return [valuesAt(device, arena, operand), up]
}

function scaleOf(type: DataType): number {
  assert(type.kind === 'decimal', `${type.kind} is no decimal`)
  return type.scale
}

function text(device: Device, operand: Operand, row: number): string {
  const value = valueIn(device, operand, row)
  return typeof value === 'bigint' ? decimalText(value, scaleOf(operand.type)) : String(value)
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`
}

function isZeroIn(device: Device, operand: Operand, row: number): boolean {
  return Number(valueIn(device, operand, row)) === 0
}

function decimalError(what: string, type: DataType, byZero: boolean, row: number, { where }: RowCheck): DataError {
  return byZero
    ? new DataError('DIVIDE_BY_ZERO', `${where}: ${what} divides by zero in row ${row} of a batch; guard it with when(...), or give divisionByZero: 'null'`)
    : new DataError('DECIMAL_OVERFLOW', `${where}: ${what} doesn't fit ${typeName(type)} in row ${row} of a batch; cast to fewer digits first, or to float64`)
}

const mappings = ['neg', 'abs', 'sign', 'factorial'] as const

/** −a, |a|, the sign or the factorial of a decimal as `type`. Throws DataError DECIMAL_OVERFLOW where a factorial has more than 38 digits or there is none. */
export function mapDecimal(device: Device, arena: Arena, op: (typeof mappings)[number], a: Column, type: DataType, check: RowCheck): Column {
  const out = { ...allocateColumn(arena, type, a.length), validity: a.validity }
  const active = andBits(device, arena, a.validity, check.active, a.length)
  const bad = device.kernels.mapDecimals(mappings.indexOf(op), a.values, a.length, active, out.values)
  if (bad >= 0) throw decimalError(`${op}(${text(device, a, bad)})`, type, false, bad, check)
  return out
}

/** What to do to the digits of a decimal: `down` of them are rounded away, then `up` are added. */
export interface Rescaling {
  readonly down: number
  readonly up: number
  readonly rounding: Rounding
}

/** A decimal with other digits, and a bitmap of the rows that have room in `type`. */
export function rescale(device: Device, arena: Arena, a: Column, type: Decimal, { down, up, rounding }: Rescaling): { out: Column; fits: number } {
  const out = { ...allocateColumn(arena, type, a.length), validity: a.validity }
  const fits = arena.allocate(bitmapBytes(a.length))
  // More digits than there are: all of them, and a half is never reached.
  device.kernels.rescaleDecimals(a.values, Math.min(down, digitsMax), up, roundingNumber(rounding), type.precision, a.length, fits, out.values)
  return { out, fits }
}

/** As `rescale`. Throws DataError DECIMAL_OVERFLOW for the first active row that has no room; `what` is how the computation is called. */
export function rescaleChecked(device: Device, arena: Arena, a: Column, type: Decimal, rescaling: Rescaling, what: string, check: RowCheck): Column {
  const { out, fits } = rescale(device, arena, a, type, rescaling)
  if (device.kernels.countBits(fits, a.length) === a.length) return out
  const active = andBits(device, arena, a.validity, check.active, a.length)
  const bad = firstMisfit(device, arena, fits, active, a.length)
  if (bad >= 0) throw decimalError(`${what}(${text(device, a, bad)})`, type, false, bad, check)
  return out
}

/** The first row that counts (`active`, 0 for all) and whose bit in `fits` is 0; -1 where there is none. */
export function firstMisfit(device: Device, arena: Arena, fits: number, active: number, rows: number): number {
  const misfits = active === 0 ? fits : andNotBits(device, arena, active, fits, rows)
  const bits = device.memory.bytes(misfits, bitmapBytes(rows))
  for (let row = 0; row < rows; row++) if ((((bits[row >>> 3]! >>> (row & 7)) & 1) === 1) === (active !== 0)) return row
  return -1
}

/** a `op` b of a decimal a and a float64 b, exactly; `op` as the kernel numbers it. */
export function compareDecimalFloat(device: Device, arena: Arena, op: number, a: Operand, b: Operand): Column {
  const length = rowsOf(a, b)
  const values = arena.allocate(bitmapBytes(length))
  device.kernels.compareDecimalF64(op, valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b), scaleOf(a.type), length, values)
  return { type: bool, length, values, validity: bothValid(device, arena, a, b) }
}

/** a `op` b of two decimals of any scales, exactly; `op` as the kernels number it. */
export function compareDecimals(device: Device, arena: Arena, op: number, a: Operand, b: Operand): Column {
  const length = rowsOf(a, b)
  const values = arena.allocate(bitmapBytes(length))
  const [scaleA, scaleB] = [scaleOf(a.type), scaleOf(b.type)]
  const [left, upA] = scaled(device, arena, a, Math.max(0, scaleB - scaleA))
  const [right, upB] = scaled(device, arena, b, Math.max(0, scaleA - scaleB))
  device.kernels.compareDecimals(op, left, right, shapeOf(a, b), upA, upB, length, values)
  return { type: bool, length, values, validity: bothValid(device, arena, a, b) }
}
