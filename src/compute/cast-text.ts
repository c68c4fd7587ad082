// Text as other types, strictly and a row at a time (for whole files the formats' own kernels do this at memory speed), and numbers as text.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { type DataType, isFloat, isNumeric, utf8 } from '../batch/data-type.ts'
import { float16Bits } from '../batch/float16.ts'
import { numberView } from '../batch/number-views.ts'
import { unsupportedType } from '../batch/unsupported.ts'
import { parseTimestamp } from '../batch/timestamp-text.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { asWord } from './cast-number.ts'
import { asFloat64 } from './floats.ts'

const intPattern = /^[+-]?\d+$/
const floatPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i
const namedFloats: Record<string, number> = {
  nan: Number.NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
  infinity: Infinity,
  '+infinity': Infinity,
  '-infinity': -Infinity,
}
const int64Max = 2n ** 63n - 1n

/** The rows of a text column, one by one. */
export interface TextRows {
  /** The bytes of a row; undefined where it is null. */
  bytesOf(row: number): Uint8Array | undefined
  /** Is told of a row that is a value. */
  fits(row: number): void
  /** Whether a row lies in `out` already. */
  fitsAlready(row: number): boolean
}

/** Reads rows into `out`; those that are no `to` get 0. For `to` utf8 the input is binary: whole UTF-8 fits, and the views are shared. */
export function parseText(device: Device, out: Column, to: DataType, { bytesOf, fits, fitsAlready }: TextRows, source: Column): void {
  const write = writerOf(device, out, to, source)
  for (let row = 0; row < out.length; row++) {
    if (fitsAlready(row)) continue
    const bytes = bytesOf(row)
    // Shared memory can't be decoded in place.
    if (write(row, bytes?.slice())) fits(row)
  }
}

type RowWriter = (row: number, bytes: Uint8Array | undefined) => boolean

// Parses the text of a row into a view; a row that doesn't fit gets `zero`.
function writeParsed<T>(view: { [row: number]: T }, zero: T, parse: (text: string) => T | undefined): RowWriter {
  return (row, bytes) => {
    const value = bytes === undefined ? undefined : parse(decoder.decode(bytes))
    view[row] = value ?? zero
    return value !== undefined
  }
}

function numberWriter(device: Device, out: Column, to: DataType): RowWriter {
  const { memory } = device
  switch (to.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32': {
      const [least, most] = rangeOf(to)
      return writeParsed(numberView(memory, to, out.values, out.length)!, 0, text => {
        const value = Number(text)
        return intPattern.test(text) && value >= least && value <= most ? value : undefined
      })
    }
    case 'int64':
    case 'uint64': {
      const [least, most] = to.kind === 'int64' ? [-int64Max - 1n, int64Max] : [0n, 2n * int64Max + 1n]
      const parse = (text: string) => {
        if (!intPattern.test(text)) return undefined
        const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
        return value <= most && value >= least ? value : undefined
      }
      return to.kind === 'int64' ? writeParsed(memory.int64s(out.values, out.length), 0n, parse) : writeParsed(memory.uint64s(out.values, out.length), 0n, parse)
    }
    case 'float64':
      return writeParsed(memory.float64s(out.values, out.length), 0, parseFloat64)
    case 'float32':
      return writeParsed(memory.float32s(out.values, out.length), 0, text => {
        const value = parseFloat64(text)
        return value !== undefined && (Number.isFinite(Math.fround(value)) || !Number.isFinite(value)) ? value : undefined
      })
    case 'float16':
      return writeParsed(memory.uint16s(out.values, out.length), 0, text => {
        const value = parseFloat64(text)
        return value !== undefined && (Math.abs(value) < 65_520 || !Number.isFinite(value)) ? float16Bits(value) : undefined
      })
    case 'decimal': {
      const words = memory.uint64s(out.values, 2 * out.length)
      const limit = 10n ** BigInt(to.precision)
      return (row, bytes) => {
        const unscaled = bytes === undefined ? undefined : roundedDecimal(decoder.decode(bytes), to.scale)
        const fits = unscaled !== undefined && unscaled < limit && unscaled > -limit
        words[2 * row] = fits ? BigInt.asUintN(64, unscaled) : 0n
        words[2 * row + 1] = fits ? BigInt.asUintN(64, unscaled >> 64n) : 0n
        return fits
      }
    }
    default:
      throw unsupportedType('cast', to)
  }
}

function writerOf(device: Device, out: Column, to: DataType, source: Column): (row: number, bytes: Uint8Array | undefined) => boolean {
  if (isNumeric(to)) return numberWriter(device, out, to)
  const { memory } = device
  const decode = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : decoder.decode(bytes))
  switch (to.kind) {
    case 'bool': {
      const bits = memory.bytes(out.values, Math.ceil(out.length / 8))
      return (row, bytes) => {
        const text = decode(bytes)?.toLowerCase()
        if (text === 'true') bits[row >>> 3]! |= 1 << (row & 7)
        return text === 'true' || text === 'false'
      }
    }
    case 'timestamp':
      return writeParsed(memory.int64s(out.values, out.length), 0n, text => {
        const value = parseTimestamp(text, to.unit)
        return value !== undefined && BigInt.asIntN(64, value) === value ? value : undefined
      })
    default: {
      const from = memory.bytes(source.values, 16 * out.length)
      const target = memory.bytes(out.values, 16 * out.length)
      return (row, bytes) => {
        const whole = bytes !== undefined && isUtf8(bytes)
        if (whole) target.set(from.subarray(16 * row, 16 * row + 16), 16 * row)
        else target.fill(0, 16 * row, 16 * row + 16)
        return whole
      }
    }
  }
}

function parseFloat64(text: string): number | undefined {
  return floatPattern.test(text) ? Number(text) : namedFloats[text.toLowerCase()]
}

function rangeOf({ kind }: DataType): [least: number, most: number] {
  const bits = Number(/\d+/.exec(kind)![0])
  return kind.startsWith('uint') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}

// In units of 10^-scale, halves away from zero; undefined for what is no number or has too many digits to be a decimal.
function roundedDecimal(text: string, scale: number): bigint | undefined {
  const match = decimalPattern.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = scale - fraction.length + Number(exponent)
  if (whole.length + fraction.length === 0 || whole.length + fraction.length > 1_000 || Math.abs(shift) > 1_100) return undefined
  const digits = BigInt(whole + fraction)
  const unit = 10n ** BigInt(Math.abs(shift))
  const size = shift >= 0 ? digits * unit : digits / unit + (2n * (digits % unit) >= unit ? 1n : 0n)
  return sign === '-' ? -size : size
}

/** Numbers as text: the shortest that reads back as the same value, decimals with all their digits. Cost: 20–40 ns a row. */
export function numbersToText(device: Device, arena: Arena, column: Column): Column {
  const { kernels } = device
  const { length, type } = column
  const out = { ...allocateColumn(arena, utf8, length), validity: column.validity }
  if (type.kind === 'decimal') kernels.viewDecimals(type.scale, column.values, length, arena.allocate(48 * length), out.values)
  else if (type.kind === 'float32') kernels.viewF32(column.values, length, arena.allocate(32 * length), out.values)
  else if (isFloat(type)) kernels.viewF64(asFloat64(device, arena, column).values, length, arena.allocate(32 * length), out.values)
  else kernels.viewWords(type.kind === 'uint64' ? 0 : 1, asWord(device, arena, column).values, length, arena.allocate(24 * length), out.values)
  return out
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes)
    return true
  } catch {
    return false
  }
}
