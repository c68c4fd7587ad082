// Reading text strictly as other types, a row at a time. For whole files the formats' own kernels do this at memory speed.
import type { Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import { parseTimestamp } from '../batch/timestamp-text.ts'
import type { Device } from '../device/device.ts'

const intPattern = /^[+-]?\d+$/
const floatPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
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

/**
 * Reads the bytes that `bytesOf` gives for each row (undefined: skip the row) into `out`, calling `fits` for rows that are a `to`.
 * Other rows get 0. For `to` utf8 the input is binary: whole UTF-8 fits, and the views are shared.
 */
export function parseText(
  device: Device,
  out: Column,
  to: DataType,
  bytesOf: (row: number) => Uint8Array | undefined,
  fits: (row: number) => void,
  source: Column,
): void {
  const write = writerOf(device, out, to, source)
  for (let row = 0; row < out.length; row++) {
    const bytes = bytesOf(row)
    // Shared memory can't be decoded in place.
    if (write(row, bytes?.slice())) fits(row)
  }
}

function writerOf(device: Device, out: Column, to: DataType, source: Column): (row: number, bytes: Uint8Array | undefined) => boolean {
  const { memory } = device
  const decode = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : decoder.decode(bytes))
  const into =
    <T>(view: { [row: number]: T }, zero: T, parse: (text: string) => T | undefined) =>
    (row: number, bytes: Uint8Array | undefined) => {
      const text = decode(bytes)
      const value = text === undefined ? undefined : parse(text)
      view[row] = value ?? zero
      return value !== undefined
    }
  switch (to.kind) {
    case 'bool': {
      const bits = memory.bytes(out.values, Math.ceil(out.length / 8))
      return (row, bytes) => {
        const text = decode(bytes)?.toLowerCase()
        if (text === 'true') bits[row >>> 3]! |= 1 << (row & 7)
        return text === 'true' || text === 'false'
      }
    }
    case 'int32':
      return into(memory.int32s(out.values, out.length), 0, text => {
        const value = Number(text)
        return intPattern.test(text) && value === (value | 0) ? value : undefined
      })
    case 'int64':
      return into(memory.int64s(out.values, out.length), 0n, text => {
        if (!intPattern.test(text)) return undefined
        const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
        return value <= int64Max && value >= -int64Max - 1n ? value : undefined
      })
    case 'float64':
      return into(memory.float64s(out.values, out.length), 0, text => (floatPattern.test(text) ? Number(text) : namedFloats[text.toLowerCase()]))
    case 'timestamp':
      return into(memory.int64s(out.values, out.length), 0n, text => {
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
