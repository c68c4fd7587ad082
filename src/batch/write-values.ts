// Stored values of flat types into the memory of a column.
import { assert } from '../base/errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Column } from './batch.ts'
import { bitmapBytes, layoutOf } from './data-type.ts'
import { float16Bits } from './float16.ts'
import { numberView } from './number-views.ts'
import type { Stored } from './stored-value.ts'
import type { Interval } from './value.ts'

/** The function that writes what `storedBy(column.type)` gave at row `row` of a flat column, whose bits must be zero. Bytes of long texts go into `arena`. */
export function storedWriter(device: Device, arena: Arena, column: Column): (row: number, value: Stored) => void {
  const { memory } = device
  const { type, values, length } = column
  const numbers = numberView(memory, type, values, length)
  if (numbers) {
    if (type.kind === 'float16') return (row, value) => void (numbers[row] = float16Bits(value as number))
    return (row, value) => void (numbers[row] = value as number)
  }
  switch (layoutOf(type)) {
    case 'bit': {
      const bits = memory.bytes(values, bitmapBytes(length))
      return (row, value) => {
        if (value) bits[row >>> 3]! |= 1 << (row & 7)
      }
    }
    case 'word8': {
      const view = memory.int64s(values, length)
      return (row, value) => void (view[row] = value as bigint)
    }
    case 'word16': {
      const halves = memory.int64s(values, 2 * length)
      if (type.kind === 'interval') return (row, value) => writeInterval(halves, row, value as Interval)
      return (row, value) => {
        halves[2 * row] = value as bigint
        halves[2 * row + 1] = (value as bigint) >> 64n
      }
    }
    case 'fixed': {
      const size = type.kind === 'fixedBinary' ? type.size : 0
      return (row, value) => memory.write(values + row * size, value as Uint8Array)
    }
    case 'view':
      if (type.kind === 'utf8') return (row, value) => writeText(device, arena, values + 16 * row, value as string)
      return (row, value) => writeView(device, arena, values + 16 * row, value as Uint8Array)
    default:
      return () => assert(false, `a column of ${type.kind} has no values of its own`)
  }
}

/** Writes the 16-byte view of `bytes` at `address`; more than 12 bytes are copied into `arena`. */
export function writeView(device: Device, arena: Arena, address: number, bytes: Uint8Array): void {
  const count = bytes.byteLength
  const outside = count > 12 ? arena.allocate(count) : 0
  const words = device.memory.words()
  words.fill(0, address / 4, address / 4 + 4)
  words[address / 4] = count
  device.memory.bytes(address + 4, 12).set(count > 12 ? bytes.subarray(0, 4) : bytes)
  if (outside !== 0) {
    device.memory.write(outside, bytes)
    words[address / 4 + 3] = outside
  }
}

const encoder = new TextEncoder()

// As `writeView`. Encoding costs more than all else of a short text, and ASCII needs none: its characters are put into the view's words as they are.
function writeText(device: Device, arena: Arena, address: number, text: string): void {
  const { length } = text
  if (length > 12) return writeView(device, arena, address, encoder.encode(text))
  let [first, second, third, all] = [0, 0, 0, 0]
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    all |= code
    const placed = code << (8 * (i & 3))
    if (i < 4) first |= placed
    else if (i < 8) second |= placed
    else third |= placed
  }
  if (all > 127) return writeView(device, arena, address, encoder.encode(text))
  const words = device.memory.words()
  const at = address / 4
  words[at] = length
  words[at + 1] = first
  words[at + 2] = second
  words[at + 3] = third
}

function writeInterval(halves: BigInt64Array, row: number, { months, days, nanoseconds }: Interval): void {
  halves[2 * row] = (BigInt(days) << 32n) | BigInt.asUintN(32, BigInt(months))
  halves[2 * row + 1] = nanoseconds
}
