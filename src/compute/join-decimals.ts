// Keys of joins that are decimals on one side and something else on the other: both as 128-bit numbers at one scale, exact, value by value in JavaScript.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'

const limit = 10n ** 38n

/**
 * Decimals of any scale up to `scale`, whole numbers (int64, or uint64 where `unsigned`) and floats as decimals of `scale`. What has no such value has no bit
 * in `validity`: a float between two of them, what takes more than 38 digits. Cost: about 0.3 µs a row.
 */
export function decimalWords(device: Device, arena: Arena, column: Column, scale: number, unsigned: boolean): { values: number; validity: number } {
  const { type, length } = column
  const values = arena.allocate(16 * length)
  const fits = arena.allocateZeroed(bitmapBytes(length))
  const read = reader(device, column, scale, unsigned)
  const out = device.memory.int64s(values, 2 * length)
  const bits = device.memory.bytes(fits, bitmapBytes(length))
  const factor = 10n ** BigInt(scale - (type.kind === 'decimal' ? type.scale : 0))
  for (let row = 0; row < length; row++) {
    const whole = read(row)
    const value = whole === undefined ? limit : type.kind === 'float64' || type.kind === 'float32' || type.kind === 'float16' ? whole : whole * factor
    if (value >= limit || value <= -limit) continue
    out[2 * row] = BigInt.asIntN(64, value)
    out[2 * row + 1] = value >> 64n
    bits[row >>> 3]! |= 1 << (row & 7)
  }
  return { values, validity: andBits(device, arena, column.validity, fits, length) }
}

function reader(device: Device, column: Column, scale: number, unsigned: boolean): (row: number) => bigint | undefined {
  const { memory } = device
  const { type, values, length } = column
  if (type.kind === 'decimal') {
    const words = memory.int64s(values, 2 * length)
    return row => (words[2 * row + 1]! << 64n) | BigInt.asUintN(64, words[2 * row]!)
  }
  if (type.kind === 'float64' || type.kind === 'float32' || type.kind === 'float16') {
    const numbers = floats(device, column)
    return row => scaled(numbers[row]!, scale)
  }
  const words = memory.int64s(values, length)
  return row => (unsigned ? BigInt.asUintN(64, words[row]!) : words[row]!)
}

function floats(device: Device, { type, values, length }: Column): ArrayLike<number> {
  if (type.kind === 'float64') return device.memory.float64s(values, length)
  if (type.kind === 'float32') return device.memory.float32s(values, length)
  // The kernel's words of halves are float64 bits.
  const arena = device.arena()
  try {
    const words = arena.allocate(8 * length)
    device.kernels.keyWords(10, values, length, words)
    return device.memory.float64s(words, length).slice()
  } finally {
    arena.release()
  }
}

// value · 10^scale where that is whole: a double is a whole number times a power of two.
function scaled(value: number, scale: number): bigint | undefined {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e38) return undefined
  let exponent = 0n
  let mantissa = value
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2
    exponent++
  }
  const whole = BigInt(mantissa) * 10n ** BigInt(scale)
  const divisor = 1n << exponent
  return whole % divisor === 0n ? whole / divisor : undefined
}
